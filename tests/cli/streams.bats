# Which stream holds what, and what becomes of one that cannot be written.
load helpers

@test "-q leaves stderr to errors" {
    run -0 --separate-stderr "$GNET" run tiny.yaml -q
    [ -z "$stderr" ]
    [[ $output == *"best epoch"* ]]
    run -2 --separate-stderr "$GNET" run tiny.yaml -q train.epochs=none
    [ -n "$stderr" ]
}

@test "where stderr is no terminal, it has whole plain lines" {
    run -0 --separate-stderr "$GNET" run tiny.yaml
    [[ $stderr == *"runs/tiny-1"* ]]
    [[ $stderr != *$'\r'* && $stderr != *$'\033'* ]]
}

@test "a full disk under stdout is an error" {
    [ -c /dev/full ] || skip "no /dev/full"
    run -1 --separate-stderr bash -c '"$GNET" help > /dev/full'
    [[ $stderr == "gnet: error: cannot write to standard output: No space left"* ]]
}

@test "a closed stdout is an error, and no file is opened in its place" {
    run -1 --separate-stderr bash -c '"$GNET" run tiny.yaml -q >&-'
    [[ $stderr == "gnet: error: cannot write to standard output"* ]]
    [ "$(wc -l < runs/tiny-1/history.csv)" -eq 3 ]
    run ! grep -rq 'best epoch' runs/tiny-1
}

@test "a reader that leaves does not end the run, but its exit code tells" {
    run -1 --separate-stderr bash -c \
        'set -o pipefail; "$GNET" run tiny.yaml train.epochs=4 | head -n 1 > /dev/null'
    [[ $stderr == *"gnet: error: cannot write to standard output: Broken pipe"* ]]
    [ "$(wc -l < runs/tiny-1/history.csv)" -eq 5 ]
}
