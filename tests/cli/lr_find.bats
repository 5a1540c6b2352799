# gnet lr-find: the learning-rate range test.
load helpers

@test "rates rise evenly in their logarithm, and one is suggested" {
    run -0 --separate-stderr "$GNET" lr-find tiny.yaml --from 1e-5 --to 1 --steps 60 --json
    python3 - "$output" <<'PYTHON'
import json, math, sys
found = json.loads(sys.argv[1])
points = found["points"]
assert 20 <= len(points) <= 60, len(points)
growth = (1 / 1e-5) ** (1 / 59)
for i, point in enumerate(points):
    assert math.isclose(point["lr"], 1e-5 * growth ** i, rel_tol=1e-9)
assert points[0]["smoothed"] == points[0]["loss"]
assert abs(points[0]["loss"] - math.log(10)) < 1
least = min(points, key=lambda point: point["smoothed"])
assert found["least"] == least["lr"]
assert 1e-5 < found["steepest"] <= found["least"]
PYTHON
    [ ! -e runs ]
}

@test "the same twice, whatever the threads" {
    run -0 --separate-stderr "$GNET" lr-find tiny.yaml --steps 30 --json train.algorithms=own
    local first=$output
    run -0 --separate-stderr "$GNET" lr-find tiny.yaml --steps 30 --json train.algorithms=own --threads 1
    [ "$output" = "$first" ]
}

@test "a table for people, and a plot" {
    run -0 --separate-stderr "$GNET" lr-find tiny.yaml --from 1e-5 --steps 40 --plot lr.svg
    [[ ${lines[0]} =~ ^\ *lr\ +loss ]]
    [[ $output == *"####"* ]]
    [[ $output =~ Try\ train\.lr=[0-9.]+e-[0-9]+\. ]]
    grep -q '<svg' lr.svg
    grep -q 'learning rate' lr.svg
}

@test "a plot that cannot be drawn does not take the result with it" {
    run -1 --separate-stderr "$GNET" lr-find tiny.yaml --steps 30 --plot nowhere/lr.svg
    [[ $output == *"####"* ]]
    [[ $stderr == *"nowhere/lr.svg"* ]]
    ln -s target link.svg
    run -1 --separate-stderr "$GNET" lr-find tiny.yaml --steps 30 --plot link.svg
    [ -L link.svg ]
}

@test "it ends where the loss runs away" {
    run -0 --separate-stderr "$GNET" lr-find tiny.yaml train.optimizer=sgd --from 1e-3 --to 1e9 \
        --steps 100 --json
    [ "$(json 'len(rows[0]["points"]) < 100' <<< "$output")" = True ]
}

@test "what makes no sense is refused" {
    run -2 --separate-stderr "$GNET" lr-find
    run -2 --separate-stderr "$GNET" lr-find tiny.yaml --from 0
    [[ $stderr == *"--from must be a number above 0, not '0'"* ]]
    run -2 --separate-stderr "$GNET" lr-find tiny.yaml --from 1 --to 0.1
    [[ $stderr == *"must rise from above 0, not from 1 to 0.1"* ]]
    run -2 --separate-stderr "$GNET" lr-find tiny.yaml --steps 3
    [[ $stderr == *"30 to 100000 steps, not 3"* ]]
    run -2 --separate-stderr "$GNET" lr-find tiny.yaml train.lr=none
}
