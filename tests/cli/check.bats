# gnet check: every error that can be found without training, all at once.
load helpers

@test "a good config is ok, in one line" {
    run -0 --separate-stderr "$GNET" check tiny.yaml
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "tiny.yaml: ok"* ]]
    [ -z "$stderr" ]
    [ ! -e runs ]
}

@test "the project's own configs are good" {
    for config in "$GNET_SOURCE_ROOT"/configs/*.yaml; do
        run -0 "$GNET" check "$config" "data.path=$GNET_SOURCE_ROOT/data/fashion-sample"
    done
}

@test "-- ends the options" {
    mv tiny.yaml ./--odd.yaml
    run -0 "$GNET" check -- --odd.yaml
}

@test "all errors of a config and of its overrides are told, each at its place" {
    cat > bad.yaml <<'END'
data:
  path: fashion-mnist
  classes: [a, b]
  batch_size: many
model:
  input: [1, 28, 28]
  stages:
    b1:
      - conv: {out: 0, kernel: 3}
      - inception: [1, 2, 3, 4, 5]
      - flatten
      - linear: {out: 2}
train:
  lerning_rate: 0.1
END
    run -2 --separate-stderr "$GNET" check bad.yaml train.epochs=none
    [ -z "$output" ]
    [[ $stderr == *"bad.yaml:4:15: error: "* ]]
    [[ $stderr == *"bad.yaml:9:"*": error: "* ]]
    [[ $stderr == *"bad.yaml:10:"*": error: "* ]]
    [[ $stderr == *"bad.yaml:14:3: error: unknown key 'lerning_rate' in 'train'"* ]]
    [[ $stderr == *"override 1: error: "* || $stderr == *"override 1:"*": error: "* ]]
}

@test "a key that stands twice, beside the other errors" {
    sed -i 's/^  epochs: 2/  epochs: 2\n  epochs: 3\n  log_every: none/' tiny.yaml
    run -2 --separate-stderr "$GNET" check tiny.yaml
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ $stderr == *"tiny.yaml:23:3: error: "*"'epochs'"* ]]
    [[ $stderr == *"tiny.yaml:24:14: error: "*"log_every"* ]]
}

@test "overrides reach into lists, and what they break has their number" {
    run -0 "$GNET" check tiny.yaml model.stages.b2.0.inception.2=9
    run -2 --separate-stderr "$GNET" check tiny.yaml model.stages.b2.0.inception.2=9 \
        model.stages.b2.0.inception.5=0 model.stages.b1.7.conv.out=3
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ $stderr == *"override 2: error: "* && $stderr == *"override 3: error: "* ]]
}

@test "run refuses what check refuses, before it makes a directory" {
    run -2 --separate-stderr "$GNET" run tiny.yaml train.lerning_rate=1
    [[ $stderr == *"unknown key 'lerning_rate' in 'train'"* ]]
    [ ! -e runs ]
}

@test "a pool larger than its input, and a last layer that does not fit the classes" {
    sed -i 's/max_pool: {kernel: 2/max_pool: {kernel: 20/; s/out: 10/out: 9/' tiny.yaml
    run -2 --separate-stderr "$GNET" check tiny.yaml
    [[ $stderr == *"tiny.yaml:14:"*": error: "* ]]
}

@test "keys that do not go together are told at one of them" {
    sed -i 's/^  epochs: 2/  epochs: 2\n  nesterov: true/; s/^  shards: 2/  shards: 40/' tiny.yaml
    run -2 --separate-stderr "$GNET" check tiny.yaml
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ $stderr == *"tiny.yaml:23:13: error: train.nesterov"* ]]
    [[ $stderr == *"tiny.yaml:24:11: error: train.shards"* ]]
}

@test "an input that does not fit the data" {
    run -2 --separate-stderr "$GNET" check tiny.yaml data.resize=32
    [[ $stderr == *"error: "* ]]
    run -2 "$GNET" check tiny.yaml 'model.input=[3, 28, 28]'
}

@test "--json says the same as one object" {
    run -0 --separate-stderr "$GNET" check tiny.yaml --json
    [ "$(json '(len(rows), rows[0]["ok"], rows[0]["errors"])' <<< "$output")" = "(1, True, [])" ]
    run -2 --separate-stderr "$GNET" check tiny.yaml train.lerning_rate=1 --json
    [ "$(json '(len(rows), rows[0]["ok"], len(rows[0]["errors"]))' <<< "$output")" = \
        "(1, False, 1)" ]
}

@test "a data set that is not there" {
    run -1 --separate-stderr "$GNET" check tiny.yaml data.path=/nowhere/at/all
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"/nowhere/at/all"* ]]
    if [ ! -d /usr/share/datasets/fashion-mnist ]; then
        run -1 --separate-stderr "$GNET" check tiny.yaml data.path=fashion-mnist
        [[ $stderr == *"apt-get install dataset-fashion-mnist"* ]]
    fi
}

@test "a split that leaves a share without images" {
    run -2 --separate-stderr "$GNET" check tiny.yaml data.split.val=0.0001
    [[ $stderr == *"data.split.val"* ]]
}

@test "keys of the other optimizer" {
    run -2 --separate-stderr "$GNET" check tiny.yaml train.momentum=0.9
    [[ $stderr == *"override 1: error: train.momentum is for sgd, but train.optimizer is adam"* ]]
}

# check and run both name the file in one line, and end with 1.
refuses_data() { # FILE
    run -1 --separate-stderr "$GNET" check tiny.yaml data.path="$PWD/bad"
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"/bad"*"$1"* ]]
    run -1 --separate-stderr "$GNET" run tiny.yaml data.path="$PWD/bad" -q
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"/bad"*"$1"* ]]
    [ ! -e runs ]
}

@test "a data file that is cut short" {
    copy_data bad
    truncate -s 1000 bad/train-images-idx3-ubyte.gz
    refuses_data train-images-idx3-ubyte.gz
}

@test "a data file whose gzip checksum is wrong" {
    copy_data bad
    printf '\0\0\0\0' | dd of=bad/t10k-labels-idx1-ubyte.gz bs=1 conv=notrunc status=none \
        seek=$(($(stat -c %s bad/t10k-labels-idx1-ubyte.gz) - 8))
    refuses_data t10k-labels-idx1-ubyte.gz
}

@test "a data file that is none" {
    copy_data bad
    head -c 5000 /dev/zero | gzip > bad/train-labels-idx1-ubyte.gz
    refuses_data train-labels-idx1-ubyte.gz
}

@test "images and labels whose counts disagree" {
    copy_data bad
    cp bad/t10k-labels-idx1-ubyte.gz bad/train-labels-idx1-ubyte.gz
    refuses_data train-labels-idx1-ubyte.gz
}

@test "a data file that is missing" {
    copy_data bad
    rm bad/t10k-images-idx3-ubyte.gz
    refuses_data t10k-images-idx3-ubyte
}

@test "defects of several data files are told at once" {
    copy_data bad
    truncate -s 1000 bad/train-images-idx3-ubyte.gz
    truncate -s 1000 bad/t10k-images-idx3-ubyte.gz
    run -1 --separate-stderr "$GNET" check tiny.yaml data.path="$PWD/bad"
    [[ $stderr == *"bad/train-images"*"bad/t10k-images"* ]]
}

@test "a label that is none of the classes" {
    run -1 --separate-stderr "$GNET" check tiny.yaml 'data.classes=[a, b, c, d, e, f, g, h, i]' \
        model.stages.b3.2.linear.out=9
    [[ $stderr == *"-labels-idx1-ubyte"* ]]
}

refuses_algorithms() { # VALUE MESSAGE
    run -2 --separate-stderr "$GNET" check tiny.yaml "train.algorithms=$1"
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"error: "*"$2"* ]] || {
        echo "$stderr"
        return 1
    }
}

@test "algorithms that the network's convolutions do not have" {
    local layer=b2.0.branch3x3.2
    run -0 "$GNET" check tiny.yaml "train.algorithms={$layer: [winograd, direct, winograd]}"
    run -0 "$GNET" check tiny.yaml "train.algorithms={b2.0.branch1x1: [direct, direct, gemm]}"
    refuses_algorithms fast "must be auto, direct, own or a mapping of layers, not 'fast'"
    refuses_algorithms '[own]' "must be auto, direct, own or a mapping of layers, not a list"
    refuses_algorithms "{$layer: winograd}" "of '$layer' must be a list of 3"
    refuses_algorithms "{$layer: [winograd, winograd]}" "of '$layer' must be a list of 3"
    refuses_algorithms "{$layer: [winograd, fast, direct]}" "each direct, winograd or gemm"
    refuses_algorithms "{$layer: [direct, direct, gemm]}" \
        "'$layer' cannot be gemm in the backward weights direction, only direct or winograd"
    refuses_algorithms '{b2.0.branch1x1: [winograd, direct, direct]}' \
        "'b2.0.branch1x1' cannot be winograd in the forward direction, only direct"
    refuses_algorithms '{b9: [direct, direct, direct]}' "the network has no convolution 'b9'"
}

@test "a precision that there is not" {
    run -2 --separate-stderr "$GNET" check tiny.yaml train.precision=f16
    [[ $stderr == *"train.precision must be f32 or bf16, not 'f16'"* ]]
}

@test "a key without its section is told where it belongs" {
    run -2 --separate-stderr "$GNET" check tiny.yaml lr=3 learning_rate=3 epoch=2 batch_size=4 \
        data.val=0.1
    [ "${#stderr_lines[@]}" -eq 5 ]
    [[ $stderr == *"unknown key 'lr' (did you mean 'train.lr'?)"* ]]
    [[ $stderr == *"unknown key 'learning_rate' (did you mean 'train.lr'?)"* ]]
    [[ $stderr == *"unknown key 'epoch' (did you mean 'train.epochs'?)"* ]]
    [[ $stderr == *"unknown key 'batch_size' (did you mean 'data.batch_size'?)"* ]]
    [[ $stderr == *"unknown key 'val' in 'data' (did you mean 'data.split.val'?)"* ]]
    echo 'epochs: 3' >> tiny.yaml
    run -2 --separate-stderr "$GNET" check tiny.yaml
    [[ $stderr == *"tiny.yaml:25:1: error: unknown key 'epochs' (did you mean 'train.epochs'?)"* ]]
}

@test "an override of a wrong type or out of bounds is named as it was written" {
    run -2 --separate-stderr "$GNET" check tiny.yaml seed=1 train.epochs=many train.lr=-1
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ $stderr == *"override 2: error: train.epochs must be an integer, not 'many'"* ]]
    [[ $stderr == *"override 3: error: train.lr must be at least 0, not -1"* ]]
}

@test "a key that stands twice alone is refused too" {
    sed -i 's/^seed: 7/seed: 7\nseed: 8/' tiny.yaml
    run -2 --separate-stderr "$GNET" check tiny.yaml
    [ "$stderr" = "tiny.yaml:3:1: error: key 'seed' stands twice in this mapping (first at line 2)" ]
    run -2 --separate-stderr "$GNET" run tiny.yaml
    [ ! -e runs ]
}

# A file as whole as its header says, with 256 MiB of zeros behind it, which gzip makes 255 KiB.
@test "a gzip bomb is refused in the memory of a good file" {
    copy_data bad
    (zcat "$GNET_SOURCE_ROOT/data/fashion-sample/train-images-idx3-ubyte.gz"
        head -c 268435456 /dev/zero) | gzip > bad/train-images-idx3-ubyte.gz
    python3 - "$GNET" "$GNET_SOURCE_ROOT/data/fashion-sample" > peaks <<'END'
import resource, subprocess, sys
for path, code in ((sys.argv[2], 0), ("bad", 1)):
    done = subprocess.run([sys.argv[1], "check", "tiny.yaml", f"data.path={path}"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == code, done.stderr
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
assert b"train-images-idx3-ubyte.gz" in done.stderr, done.stderr
END
    { read -r good; read -r bomb; } < peaks # KiB; the second is the larger of the two
    [ "$((bomb - good))" -lt 16384 ]
}
