# Every signal, once and twice, in every phase of a run. A library that is preloaded raises it at a
# chosen reading of the clock (one at each batch) or fsync of a file, so that each run meets it at the
# same place: see signal_at.c.
load helpers

setup_file() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache OMP_WAIT_POLICY=passive
    cd "$BATS_FILE_TMPDIR"
    write_config tiny.yaml
    "$GNET" run tiny.yaml -q --name warm train.epochs=1 > /dev/null # times the algorithms
    "$GNET" run tiny.yaml -q --name whole train.epochs=1 train.log_every=1 > /dev/null
    with_signals 0 "" "$GNET" run tiny.yaml -q --name counted train.epochs=1 train.log_every=1 \
        > /dev/null
}

# Runs the command with the signals raised at that reading of the clock.
with_signals() { # READING "NUMBER..." COMMAND...
    GNET_SIGNAL_AT=$1 GNET_SIGNALS=$2 GNET_CLOCK_COUNT=$BATS_FILE_TMPDIR/count \
        ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD=$GNET_SIGNAL_AT_SO \
        "${@:3}"
}

# What was trained is recorded, in a checkpoint that goes on to the bytes of a run that never stopped.
goes_on_to_the_same_end() { # RUN
    run -0 python3 - "$1" <<'END'
import json, os, struct, sys
run = sys.argv[1]
with open(run + "/checkpoints/last.safetensors", "rb") as file:
    n_header, = struct.unpack("<Q", file.read(8))
    position = json.loads(json.loads(file.read(n_header))["__metadata__"]["position"])
path = run + "/metrics.jsonl"
n_lines = len(open(path).readlines()) if os.path.exists(path) else 0
assert position["step"] == n_lines, (position, n_lines)
END
    run -0 "$GNET" run -q --resume "$1"
    cmp "$BATS_FILE_TMPDIR/runs/whole/checkpoints/last.safetensors" "$1/checkpoints/last.safetensors"
    cmp "$BATS_FILE_TMPDIR/runs/whole/checkpoints/best.safetensors" "$1/checkpoints/best.safetensors"
}

# Runs into the signal at points spread over all readings, in start, training, scoring and test.
stops_everywhere() { # NUMBER CODE FIRST_POINT
    local n code point at n_stopped=0
    n=$(cat "$BATS_FILE_TMPDIR/count")
    for ((point = $3; point < 24; point += 4)); do
        at=$((1 + point * (n - 1) / 24))
        code=0
        with_signals "$at" "$1" "$GNET" run tiny.yaml -q --name "at-$at" train.epochs=1 \
            train.log_every=1 > out 2> err || code=$?
        echo "signal $1 at reading $at of $n: exit $code"
        if [ "$code" -eq 0 ]; then
            [ "$point" -eq 23 ] # too late to stop anything
            continue
        fi
        [ "$code" -eq "$2" ]
        grep -q '"status": "stopped"' "runs/at-$at/result.json"
        goes_on_to_the_same_end "runs/at-$at"
        n_stopped=$((n_stopped + 1))
    done
    [ "$n_stopped" -ge 5 ]
}

@test "INT stops a run wherever it is" {
    stops_everywhere 2 130 0
}

@test "TERM stops a run wherever it is" {
    stops_everywhere 15 143 1
}

@test "HUP stops a run wherever it is" {
    stops_everywhere 1 129 2
}

@test "USR1, as often as it comes, stops a run wherever it is" {
    stops_everywhere "10 10" 75 3
}

@test "a second signal quits at once, wherever the run is, and nothing is damaged" {
    local n point at code pair
    n=$(cat "$BATS_FILE_TMPDIR/count")
    for point in 6 12 18; do
        at=$((1 + point * (n - 1) / 24))
        for pair in "2 15" "15 1" "1 2"; do
            code=0
            with_signals "$at" "$pair" "$GNET" run tiny.yaml -q --name "x-$at-${pair/ /-}" \
                train.epochs=1 > out 2> err || code=$?
            [ "$code" -eq $((128 + ${pair#* })) ]
            grep -q '"status": "running"' "runs/x-$at-${pair/ /-}/result.json"
        done
        run -0 "$GNET" run -q --resume "runs/x-$at-2-15"
    done
}

@test "once within a save, it is finished; twice, the one before stays" {
    local code=0
    GNET_SIGNAL_PATH=last.safetensors with_signals 30 15 "$GNET" run tiny.yaml -q --name once \
        train.epochs=1 train.log_every=1 > out 2> err || code=$?
    [ "$code" -eq 143 ]
    goes_on_to_the_same_end runs/once
    code=0
    GNET_SIGNAL_PATH=last.safetensors with_signals 30 "15 2" "$GNET" run tiny.yaml -q --name twice \
        train.epochs=1 train.log_every=1 > out 2> err || code=$?
    [ "$code" -eq 130 ]
    grep -q '"status": "running"' runs/twice/result.json
    run -0 "$GNET" run -q --resume runs/twice
    cmp "$BATS_FILE_TMPDIR/runs/whole/checkpoints/last.safetensors" \
        runs/twice/checkpoints/last.safetensors
}
