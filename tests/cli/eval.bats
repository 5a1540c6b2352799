# gnet eval: scoring what a run has learned.
load helpers

# One run serves every test.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    write_config tiny.yaml
    "$GNET" run tiny.yaml -q > /dev/null
    export TRAINED=$BATS_FILE_TMPDIR/runs/tiny-1
}

@test "the scores are those of the run's own test" {
    run -0 --separate-stderr "$GNET" eval "$TRAINED" --json
    python3 - "$TRAINED/result.json" "$output" <<'END'
import json, math, sys
result, scores = json.load(open(sys.argv[1])), json.loads(sys.argv[2])
assert math.isclose(scores["loss"], result["test_loss"], rel_tol=1e-6), (scores, result)
assert math.isclose(scores["accuracy"], result["test_acc"], rel_tol=1e-9), (scores, result)
END
}

@test "a run and its best checkpoint score the same" {
    run -0 "$GNET" eval "$TRAINED" --json -q
    local of_run
    of_run=$(json '(rows[0]["loss"], rows[0]["confusion"])' <<< "$output")
    run -0 "$GNET" eval "$TRAINED/checkpoints/best.safetensors" --json -q --threads 1
    [ "$(json '(rows[0]["loss"], rows[0]["confusion"])' <<< "$output")" = "$of_run" ]
}

@test "--json: one object whose parts agree" {
    run -0 --separate-stderr "$GNET" eval "$TRAINED" --json
    [ "$(json 'len(rows)' <<< "$output")" = 1 ]
    [ "$(json 'rows[0]["images"]' <<< "$output")" = 500 ]
    [ "$(json 'sum(map(sum, rows[0]["confusion"]))' <<< "$output")" = 500 ]
    [ "$(json '[c["support"] for c in rows[0]["classes"]] == [sum(r) for r in rows[0]["confusion"]]' \
        <<< "$output")" = True ]
    [ "$(json 'abs(sum(r[i] for i, r in enumerate(rows[0]["confusion"])) / 500
               - rows[0]["accuracy"]) < 1e-9' <<< "$output")" = True ]
}

@test "the tables are aligned, whatever the names" {
    run -0 --separate-stderr "$GNET" eval "$TRAINED" 'data.classes=[T-shirt/top, Größe, 連衣裙,
        "a name that is far too long for a table with ten columns or more", a, b, c, d, e, f]'
    [[ ${lines[0]} == "loss "*"accuracy "*"500 images"* ]]
    python3 - "$output" <<'END'
import sys, unicodedata
def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
tables = [block.split("\n") for block in sys.argv[1].split("\n\n")[1:]]
tables[1].pop(0)
for table in tables:
    assert len(table) == 11, table
    assert len({columns(line) for line in table}) == 1, table
END
}

@test "a run without a finished epoch has no best weights yet" {
    run -75 "$GNET" run tiny.yaml -q train.max_steps=5
    run -1 --separate-stderr "$GNET" eval runs/tiny-1
    [[ $stderr == *"no epoch is finished yet"*"checkpoints/last.safetensors can be scored"* ]]
    run -0 "$GNET" eval runs/tiny-1/checkpoints/last.safetensors -q
}

@test "what cannot be scored is named" {
    run -1 --separate-stderr "$GNET" eval nowhere
    [[ $stderr == *"nowhere"* ]]
    cp "$TRAINED/checkpoints/best.safetensors" damaged.safetensors
    printf '\377\377\377\377' | dd of=damaged.safetensors bs=1 conv=notrunc status=none \
        seek=$(($(stat -c %s damaged.safetensors) - 8))
    run -1 --separate-stderr "$GNET" eval damaged.safetensors
    [[ $stderr == *"damaged.safetensors"* ]]
    [ -z "$output" ]
    run -2 --separate-stderr "$GNET" eval "$TRAINED" data.bach_size=1
    [[ $stderr == *"override 1"*"unknown key 'bach_size' in 'data'"* ]]
}

@test "a run's data is found from another directory" {
    cp -r "$GNET_SOURCE_ROOT/data/fashion-sample" images
    run -0 "$GNET" run tiny.yaml -q data.path=./images
    run -0 "$GNET" eval runs/tiny-1
    here=$output
    mkdir elsewhere
    cd elsewhere
    run -0 "$GNET" eval ../runs/tiny-1
    [ "${here%% in *}" = "${output%% in *}" ]
}

@test "--split: the run's own validation, and what it learned from" {
    run -0 --separate-stderr "$GNET" eval "$TRAINED" --split val --json
    python3 - "$TRAINED/result.json" "$output" <<'PYTHON'
import json, math, sys
result, scores = json.load(open(sys.argv[1])), json.loads(sys.argv[2])
assert math.isclose(scores["loss"], result["val_loss"], rel_tol=1e-6), (scores, result)
assert math.isclose(scores["accuracy"], result["val_acc"], rel_tol=1e-9), (scores, result)
PYTHON
    n_val=$(json 'rows[0]["images"]' <<< "$output")
    run -0 --separate-stderr "$GNET" eval "$TRAINED" --split train --json
    [ "$(json 'rows[0]["images"]' <<< "$output")" = $((4 * n_val)) ]
    run -2 --separate-stderr "$GNET" eval "$TRAINED" --split all
    [[ $stderr == *"--split must be test, val or train, not 'all'"* ]]
}

@test "--csv: every image once, and the accuracy is theirs" {
    run -0 --separate-stderr "$GNET" eval "$TRAINED" --csv
    printf '%s\n' "$output" > all.csv
    accuracy=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["test_acc"])' \
        "$TRAINED/result.json")
    python3 - all.csv "$accuracy" <<'PYTHON'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert [int(row["image"]) for row in rows] == list(range(500))
assert all(0.1 <= float(row["probability"]) <= 1 for row in rows)
hits = sum(row["label"] == row["guess"] for row in rows)
assert abs(hits / len(rows) - float(sys.argv[2])) < 1e-9
PYTHON
    run -2 --separate-stderr "$GNET" eval "$TRAINED" --csv --json
}
