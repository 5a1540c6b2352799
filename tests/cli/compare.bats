# gnet compare: runs side by side.
load helpers

# Runs a (lr 0.001) and b (lr 0.01) that are done, c that was stopped, d that diverged.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    write_config tiny.yaml
    "$GNET" run -q tiny.yaml --name a train.lr=0.001 > /dev/null 3>&-
    "$GNET" run -q tiny.yaml --name b train.lr=0.01 'model.stages.b2.0.inception=[4, 9, 16, 8, 4, 5]' \
        > /dev/null 3>&-
    "$GNET" run -q tiny.yaml --name c train.max_steps=3 > /dev/null 3>&- || true
    "$GNET" run -q tiny.yaml --name d train.optimizer=sgd train.lr=1e30 > /dev/null 2>&1 3>&- || true
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "the keys in which runs differ, and how each stands" {
    run -0 --separate-stderr "$GNET" compare runs/a runs/b runs/c runs/d
    [[ ${lines[0]} =~ ^run\ +inception\ +max_steps\ +optimizer\ +lr\ +status\ +epochs ]]
    [[ ${lines[1]} =~ ^runs/a\ .*\ 0\.001\ +done\ +2\  ]]
    [[ ${lines[2]} =~ ^runs/b\ +\[4,\ 9,\ 16,\ 8,\ 4,\ 5\]\ .*\ 0\.01\ +done\ +2\  ]]
    [[ ${lines[3]} == runs/c*" stopped "* ]]
    [[ ${lines[4]} == runs/d*" diverged "* ]]
    [ "${#lines[@]}" -eq 5 ]
    [[ $output != *algorithms* ]]
}

@test "figures are those of the runs" {
    run -0 --separate-stderr "$GNET" compare runs/a --json
    [ "$(json 'rows[0]["differs"]' <<< "$output")" = "{}" ]
    [ "$(json '(rows[0]["epochs"], rows[0]["best_epoch"] in (1, 2))' <<< "$output")" = "(2, True)" ]
    got=$(json '[rows[0][key] for key in ("val_acc", "test_acc", "val_loss", "test_loss", "seconds")]' \
        <<< "$output")
    [ "$got" = "$(python3 -c 'import json
result = json.load(open("runs/a/result.json"))
print([result[key] for key in ("val_acc", "test_acc", "val_loss", "test_loss", "seconds")])')" ]
}

@test "--sort: by size, the best first, what is not known last" {
    run -0 --separate-stderr "$GNET" compare runs/d runs/b runs/a --sort train.lr --csv
    [ "$(cut -d , -f 1 <<< "$output" | xargs)" = "run runs/a runs/b runs/d" ]
    run -0 --separate-stderr "$GNET" compare runs/d runs/b runs/a --sort lr --json
    [ "$(json '[row["run"] for row in rows]' <<< "$output")" = "['runs/a', 'runs/b', 'runs/d']" ]
    run -0 --separate-stderr "$GNET" compare runs/d runs/a runs/b --sort test_acc --json
    [ "$(json '[row["test_acc"] for row in rows[:2]] == sorted((row["test_acc"] for row in rows[:2]),
        reverse=True), rows[2]["run"]' <<< "$output")" = "(True, 'runs/d')" ]
    run -2 --separate-stderr "$GNET" compare runs/a runs/b --sort val_ac
    [[ $stderr == *"'val_ac' is no column"*"did you mean 'val_acc'"* ]]
}

@test "--csv is read back as it is" {
    run -0 --separate-stderr "$GNET" compare runs/a runs/b --csv
    [ "$(python3 -c 'import csv, sys
rows = list(csv.DictReader(sys.stdin))
print(rows[1]["model.stages.b2.0.inception"], rows[0]["train.lr"], rows[0]["status"])' <<< "$output")" = \
        "[4, 9, 16, 8, 4, 5] 0.001 done" ]
}

@test "a run that was killed, and one that runs" {
    start_long_run --name killed train.epochs=100000
    run -0 --separate-stderr "$GNET" compare runs/killed
    [[ ${lines[1]} == *" running "* ]]
    kill -KILL "$pid"
    wait_for_run
    run -0 --separate-stderr "$GNET" compare runs/killed
    [[ ${lines[1]} == *" killed "* ]]
}

@test "what is no run is named, all of them, beside the others" {
    run -1 --separate-stderr "$GNET" compare runs/a runs/none "$PWD"
    [[ $stderr == *"runs/none/config.yaml"* ]]
    [[ $stderr == *"$PWD/config.yaml"* ]]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[1]} == runs/a* ]]
    run -1 --separate-stderr "$GNET" compare runs/none
    [ -z "$output" ]
    run -2 --separate-stderr "$GNET" compare
}
