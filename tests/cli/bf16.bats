# train.precision: bf16, where the CPU has it and where it has not.
load helpers

# Without bf16, whatever the CPU.
without_bf16() {
    ONEDNN_MAX_CPU_ISA=AVX2 "$@"
}

needs_bf16() {
    grep -qE '\b(avx512_bf16|amx_bf16)\b' /proc/cpuinfo || skip 'this CPU has no bf16'
}

@test "a run in bf16 is refused in one line where the CPU has none" {
    run -2 --separate-stderr without_bf16 "$GNET" run tiny.yaml train.precision=bf16
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"train.precision: error: bf16 needs a CPU with its instructions"*"use f32"* ]]
    [ ! -e runs ]
    run -2 without_bf16 "$GNET" bench tiny.yaml train.precision=bf16
    run -2 without_bf16 "$GNET" summary tiny.yaml train.precision=bf16
}

@test "what was trained in bf16 is scored in f32 where the CPU has none" {
    without_bf16 "$GNET" run tiny.yaml -q train.algorithms=direct > /dev/null
    run -0 --separate-stderr without_bf16 "$GNET" eval runs/tiny-1 --json train.precision=bf16
    [[ $stderr == *"warning: trained in bf16, which this CPU has not: scoring in f32"* ]]
    without_bf16 "$GNET" eval runs/tiny-1 --json > f32
    [ "$(json "rows[0]['loss']" <<< "$output")" = "$(json "rows[0]['loss']" < f32)" ]
}

@test "algorithms of gnet's own are for f32" {
    run -2 --separate-stderr "$GNET" check tiny.yaml train.precision=bf16 train.algorithms=own
    [[ $stderr == *"train.algorithms must be auto or direct where train.precision is bf16"* ]]
    run -2 --separate-stderr "$GNET" check tiny.yaml train.precision=bf16 \
        'train.algorithms={b2.0.branch3x3.2: [winograd, direct, direct]}'
    [[ $stderr == *"train.algorithms must be auto or direct where train.precision is bf16"* ]]
    "$GNET" check tiny.yaml train.precision=bf16 train.algorithms=direct
}

@test "a run in bf16 learns, whatever the threads, and resumes to the same bits" {
    needs_bf16
    local settings=(-q train.epochs=4 train.lr=0.01)
    "$GNET" run tiny.yaml "${settings[@]}" train.precision=bf16 --name whole > /dev/null
    "$GNET" run tiny.yaml "${settings[@]}" train.precision=bf16 --name alone --threads 1 > /dev/null
    run -75 "$GNET" run tiny.yaml "${settings[@]}" train.precision=bf16 train.max_steps=37 --name cut
    run -75 "$GNET" run --resume runs/cut -q
    "$GNET" run --resume runs/cut -q
    for run in alone cut; do
        diff <(tensor_digests runs/whole/checkpoints/best.safetensors) \
            <(tensor_digests "runs/$run/checkpoints/best.safetensors")
    done
    "$GNET" run tiny.yaml "${settings[@]}" --name f32 > /dev/null
    [ "$(cut -d, -f3 runs/whole/history.csv)" != "$(cut -d, -f3 runs/f32/history.csv)" ]
    [ "$(tr -d '\n' < runs/whole/result.json | json "rows[0]['test_acc'] > 0.4")" = True ]
}
