# Signals, and going on where they stopped a run.
load helpers

teardown() {
    if [ -n "${pid:-}" ]; then
        kill -KILL "$pid" 2> /dev/null || true
    fi
}

# Stops a long run by the signal and checks its exit code.
stops_by() { # SIGNAL CODE
    start_long_run train.epochs=100000
    kill "-$1" "$pid"
    wait_for_run
    [ "$code" -eq "$2" ]
    [ -s runs/tiny-1/checkpoints/last.safetensors ]
    grep -q 'gnet run --resume runs/tiny-1' err
}

@test "SIGINT ends a run with 130 and a checkpoint" {
    stops_by INT 130
}

@test "SIGTERM ends a run with 143 and a checkpoint" {
    stops_by TERM 143
}

@test "SIGHUP ends a run with 129 and a checkpoint" {
    stops_by HUP 129
}

@test "SIGUSR1 ends a run with 75 and a checkpoint" {
    stops_by USR1 75
}

@test "a second signal quits at once" {
    start_long_run train.epochs=100000
    # Both wait for it when it goes on.
    kill -STOP "$pid"
    kill -INT "$pid"
    kill -TERM "$pid"
    kill -CONT "$pid"
    wait_for_run
    # Which of the two is the second is the kernel's choice; the run had no time to write a stop.
    [ "$code" -eq 143 ] || [ "$code" -eq 130 ]
    grep -q '"status": "running"' runs/tiny-1/result.json
}

@test "a run under nohup ignores SIGHUP" {
    trap '' HUP
    start_long_run train.epochs=6
    trap - HUP
    kill -HUP "$pid"
    wait_for_run
    [ "$code" -eq 0 ]
}

# Returns once the run has trained so many steps (or is over).
wait_for_steps() { # RUN STEPS
    while kill -0 "$pid" 2> /dev/null && [ "$(wc -l < "$1/metrics.jsonl")" -lt "$2" ]; do
        sleep 0.02
    done
}

@test "a run that was stopped and resumed ends in the same bytes" {
    run -0 "$GNET" run tiny.yaml -q --out whole --name x train.epochs=8 train.log_every=1
    start_long_run --out parts --name x train.epochs=8 train.log_every=1
    kill -INT "$pid"
    wait_for_run
    [ "$code" -eq 130 ] || [ "$code" -eq 0 ]
    # Again and again, in the middle of an epoch and where it is scored; 3 threads, 1 and 2.
    local steps threads=3
    for steps in 60 100 144; do
        "$GNET" run --resume parts/x -q --threads "$threads" > out 3>&- &
        pid=$!
        wait_for_steps parts/x "$steps"
        kill -INT "$pid" 2> /dev/null || true
        wait_for_run
        [ "$code" -eq 130 ] || [ "$code" -eq 0 ]
        threads=$((threads % 3 + 1))
    done
    run -0 "$GNET" run --resume parts/x -q
    cmp whole/x/checkpoints/last.safetensors parts/x/checkpoints/last.safetensors
    cmp whole/x/checkpoints/best.safetensors parts/x/checkpoints/best.safetensors
    cmp <(cut -d, -f1-6 whole/x/history.csv) <(cut -d, -f1-6 parts/x/history.csv)
}

@test "a run that was killed goes on from its last checkpoint" {
    run -0 "$GNET" run tiny.yaml -q --out whole --name x train.epochs=6
    start_long_run --out parts --name x train.epochs=6
    kill -KILL "$pid"
    wait_for_run
    [ "$code" -eq 137 ] || [ "$code" -eq 0 ]
    run -0 "$GNET" run --resume parts/x -q --threads 1
    tensor_digests whole/x/checkpoints/last.safetensors > whole.txt
    tensor_digests parts/x/checkpoints/last.safetensors > parts.txt
    cmp whole.txt parts.txt
    cmp <(cut -d, -f1-6 whole/x/history.csv) <(cut -d, -f1-6 parts/x/history.csv)
}

@test "a run that is done stays as it is" {
    run -0 "$GNET" run tiny.yaml -q
    cp runs/tiny-1/checkpoints/last.safetensors before
    run -0 "$GNET" run --resume runs/tiny-1
    [[ $output == *"test "* ]]
    cmp before runs/tiny-1/checkpoints/last.safetensors
}

@test "a run that another process has is refused" {
    start_long_run train.epochs=100000
    run -1 --separate-stderr "$GNET" run --resume runs/tiny-1
    [[ $stderr == *"runs/tiny-1"*"is in use by process $pid"* ]]
}

@test "what is no run, and damaged checkpoints, cannot be resumed" {
    run -1 --separate-stderr "$GNET" run --resume nowhere
    [[ $stderr == *"nowhere"* ]]
    run -75 "$GNET" run tiny.yaml -q train.max_steps=10
    truncate -s -1 runs/tiny-1/checkpoints/{last,prev}.safetensors
    run -1 --separate-stderr "$GNET" run --resume runs/tiny-1
    [[ $stderr == *"last.safetensors"* ]]
}

@test "a damaged checkpoint gives way to the one before" {
    run -75 "$GNET" run tiny.yaml -q train.max_steps=10
    run -75 "$GNET" run --resume runs/tiny-1 -q
    truncate -s -1 runs/tiny-1/checkpoints/last.safetensors
    run -75 --separate-stderr "$GNET" run --resume runs/tiny-1
    [[ $stderr == *"warning: "*"last.safetensors: "*"goes on from the checkpoint before"* ]]
    [[ $stderr == *"resumed in epoch 1 after 10 steps"* ]]
}

@test "a run goes on from another directory, though its data.path is relative" {
    cp -r "$GNET_SOURCE_ROOT/data/fashion-sample" images
    run -75 "$GNET" run tiny.yaml -q data.path=./images train.max_steps=10
    mkdir elsewhere
    cd elsewhere
    run -75 "$GNET" run --resume ../runs/tiny-1 -q
}

@test "another instruction set is refused, but for --force" {
    run -75 "$GNET" run tiny.yaml -q train.max_steps=10
    sed -i 's/"isa": "[^"]*"/"isa": "another"/' runs/tiny-1/env.json
    run -2 --separate-stderr "$GNET" run --resume runs/tiny-1
    [[ $stderr == *"error: "*"the instruction set was 'another'"*"with --force"* ]]
    run -75 --separate-stderr "$GNET" run --resume runs/tiny-1 --force
    [[ $stderr == *"warning: the instruction set was 'another'"*"last bits may differ"* ]]
    run -75 "$GNET" run --resume runs/tiny-1
}

@test "a config.yaml that was edited where it counts is refused, by its keys" {
    run -75 "$GNET" run tiny.yaml -q train.max_steps=10
    sed -i 's/batch_size: 32/batch_size: 16/; s/lr: 0.001/lr: 0.1/; s/epochs: 2/epochs: 3/' \
        runs/tiny-1/config.yaml
    run -2 --separate-stderr "$GNET" run --resume runs/tiny-1
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ $stderr == *"data.batch_size was 32 and is 16 now; a run can only go on"* ]]
    [[ $stderr == *"train.lr was 0.001 and is 0.1 now; with --force"* ]]
    sed -i 's/batch_size: 16/batch_size: 32/' runs/tiny-1/config.yaml
    run -75 --separate-stderr "$GNET" run --resume runs/tiny-1 --force
    [[ $stderr == *"warning: train.lr was 0.001 and is 0.1 from here on"* ]]
    run -75 "$GNET" run --resume runs/tiny-1
}

@test "a run that is done is trained on, as if it had been meant so from the start" {
    run -0 "$GNET" run tiny.yaml -q --name long train.epochs=3
    run -0 "$GNET" run tiny.yaml -q --name short train.epochs=2
    run -0 --separate-stderr "$GNET" run --resume runs/short train.epochs=3
    [[ $stderr == *"train.epochs was 2 and is 3 from here on"* ]]
    cmp runs/{long,short}/checkpoints/last.safetensors
    cmp runs/{long,short}/config.yaml
    cmp <(cut -d, -f1-6 runs/long/history.csv) <(cut -d, -f1-6 runs/short/history.csv)
}

@test "a stop is seen with -q, and the way on is fit for a shell" {
    run -75 --separate-stderr "$GNET" run tiny.yaml -q --name "my run" train.max_steps=5
    [[ $output == *"status     stopped"* ]]
    [ -z "$stderr" ]
    run -75 --separate-stderr "$GNET" run --resume "runs/my run"
    [[ $stderr == *"gnet run --resume 'runs/my run'"* ]]
}

@test "Ctrl-C is answered at once" {
    start_long_run train.epochs=100000
    kill -INT "$pid"
    wait_for_run
    grep -q 'stopping after this batch; once more stops at once' err
}

@test "a run that was killed before its first checkpoint says so" {
    run -75 "$GNET" run tiny.yaml -q train.max_steps=1
    rm runs/tiny-1/checkpoints/{last,prev}.safetensors
    run -1 --separate-stderr "$GNET" run --resume runs/tiny-1
    [[ $stderr == *"runs/tiny-1: error: has no checkpoint"*"start the run anew"* ]]
}

@test "a run that was killed before its last plots draws them" {
    command -v gnuplot > /dev/null || skip 'no gnuplot'
    run -0 "$GNET" run tiny.yaml -q train.epochs=1
    rm runs/tiny-1/plots/loss.svg
    touch runs/tiny-1/plots/accuracy.svg.tmp
    sed -i 's/"done"/"running"/' runs/tiny-1/result.json
    run -0 "$GNET" run --resume runs/tiny-1 -q
    [ -s runs/tiny-1/plots/loss.svg ]
    [ ! -e runs/tiny-1/plots/accuracy.svg.tmp ]
}
