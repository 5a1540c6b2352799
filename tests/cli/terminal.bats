# The progress bar and colours, on a pseudo-terminal.
load helpers

in_terminal() { # COLUMNS COMMAND...
    TERM=xterm python3 "$BATS_TEST_DIRNAME/in_terminal.py" "$@"
}

@test "a bar with epoch, step, loss, accuracy, speed, and time left of the epoch and of the run" {
    in_terminal 120 "$GNET" run tiny.yaml > shown
    grep -qE 'epoch 1/2  [0-9]+/25  \[=*>? *\]  loss [0-9.]+  acc [0-9.]+%  [0-9.]+ images/s  epoch ETA [0-9]+:[0-9]+  run [0-9]+:[0-9]+' shown
    grep -qE 'epoch 2/2 val ' shown
    grep -q $'\r\033\\[K' shown
}

@test "the bar is gone where a line is printed" {
    in_terminal 120 "$GNET" run tiny.yaml > shown
    python3 - <<'END'
import re
for line in open("shown", newline="", encoding="utf-8").read().split("\r\n"):
    seen = line.rsplit("\r\x1b[K", 1)[-1]
    assert not re.search(r"images/s", seen), repr(seen)
END
}

@test "a narrow terminal has a shorter bar, or none" {
    local columns
    for columns in 1 2 10 40 79 500; do
        rm -rf runs
        in_terminal "$columns" "$GNET" run tiny.yaml train.epochs=1 > shown
        python3 - "$columns" <<'END'
import re, sys
states = re.findall(r"(epoch \d+/\d+[^\r\n\x1b]*)", open("shown", newline="").read())
states = [state for state in states if "train loss" not in state]
assert all(len(state) < int(sys.argv[1]) for state in states), states
END
    done
}

@test "no bar with -q, nor on a terminal that cannot redraw a line" {
    in_terminal 120 "$GNET" run tiny.yaml -q > shown
    run ! grep -q $'\033' shown
    TERM=dumb python3 "$BATS_TEST_DIRNAME/in_terminal.py" 120 "$GNET" run tiny.yaml > shown
    run ! grep -q $'\033' shown
}

@test "errors are coloured, unless colours are not wanted" {
    in_terminal 80 "$GNET" check nowhere.yaml > shown || [ $? -eq 1 ]
    grep -q $'\033\\[1;31merror: \033\\[0m' shown
    in_terminal 80 "$GNET" check nowhere.yaml --no-color > shown || [ $? -eq 1 ]
    run ! grep -q $'\033' shown
    NO_COLOR=1 in_terminal 80 "$GNET" check nowhere.yaml > shown || [ $? -eq 1 ]
    run ! grep -q $'\033' shown
}
