# train.tensorboard: event files, read by the decoder of tests/train/event_decoder.py.
load helpers

# decode RUN [KEY=VALUE...]: what is in its files, as JSON.
decode() {
    python3 "$GNET_SOURCE_ROOT/tests/train/event_decoder.py" "$1/tensorboard"
}

# What the files say is what the run's own records say, each step and epoch once.
expect_records() { # RUN
    decode "$1" | python3 -c '
import csv, json, math, sys
run, events = sys.argv[1], json.load(sys.stdin)
scalars, images = events["scalars"], events["images"]
steps = [json.loads(line) for line in open(run + "/metrics.jsonl")]
epochs = list(csv.DictReader(open(run + "/history.csv")))
result = json.load(open(run + "/result.json"))

def same(tag, points):
    assert [step for step, _ in scalars[tag]] == [step for step, _ in points], (tag, scalars[tag])
    for (_, value), (_, wanted) in zip(scalars[tag], points):
        assert math.isclose(value, float(wanted), rel_tol=1e-6), (tag, value, wanted)

assert steps
for key, tag in {"loss": "loss/train_step", "acc": "accuracy/train_step", "lr": "lr",
                 "images_per_s": "images_per_s"}.items():
    same(tag, [(row["step"], row[key]) for row in steps])
last = [25 * int(row["epoch"]) for row in epochs]
for key, tag in {"train_loss": "loss/train", "train_acc": "accuracy/train", "val_loss": "loss/val",
                 "val_acc": "accuracy/val", "epoch": "epoch", "seconds": "epoch_seconds"}.items():
    same(tag, list(zip(last, (row[key] for row in epochs))))
assert [image[0] for image in images["confusion/val"]] == last, images
same("loss/test", [(last[-1], result["test_loss"])])
same("accuracy/test", [(last[-1], result["test_acc"])])
assert [image[0] for image in images["confusion/test"]] == last[-1:], images
assert len(scalars) == 12 and len(images) == 2, scalars.keys()
' "$1"
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    cd "$BATS_TEST_TMPDIR" || return 1
    write_config tiny.yaml
    # 1000 images train and validate: 25 batches of 32 an epoch.
    echo '  log_every: 3' >> tiny.yaml
}

@test "what the records say, and no event file unless it is asked for" {
    run -0 --separate-stderr "$GNET" run -q tiny.yaml --name with train.tensorboard=true
    expect_records runs/with
    run -0 --separate-stderr "$GNET" run -q tiny.yaml --name without
    [ ! -e runs/without/tensorboard ]
    [ "$(tensor_digests runs/with/checkpoints/last.safetensors)" = \
        "$(tensor_digests runs/without/checkpoints/last.safetensors)" ]
}

@test "a run that was stopped and resumed has everything once" {
    run -75 "$GNET" run -q tiny.yaml train.tensorboard=true train.max_steps=20
    run -75 "$GNET" run -q --resume runs/tiny-1
    run -0 "$GNET" run -q --resume runs/tiny-1
    expect_records runs/tiny-1
    [ "$(decode runs/tiny-1 | json 'rows[0]["restarts"]')" = "[21, 41]" ]
    run -0 "$GNET" run -q --resume runs/tiny-1 # it is done: nothing is written
    [ "$(find runs/tiny-1/tensorboard -type f | wc -l)" -eq 3 ]
}

@test "killed within a record, far behind its checkpoint: later files are read, nothing is twice" {
    run -75 "$GNET" run -q tiny.yaml train.tensorboard=true train.max_steps=4
    run -75 "$GNET" run -q --resume runs/tiny-1
    # A session that went on from there and was killed: its records are of steps 9 and 12.
    cp runs/tiny-1/checkpoints/last.safetensors behind.safetensors
    run -75 "$GNET" run -q --resume runs/tiny-1
    cp behind.safetensors runs/tiny-1/checkpoints/last.safetensors
    last=$(find runs/tiny-1/tensorboard -type f | sort | tail -n 1)
    [ "$(decode runs/tiny-1 | json 'rows[0]["scalars"]["lr"][-1][0]')" = 12 ]
    truncate -s -7 "$last"
    while run "$GNET" run -q --resume runs/tiny-1 && [ "$status" -eq 75 ]; do :; done
    [ "$status" -eq 0 ]
    expect_records runs/tiny-1
    [ "$(decode runs/tiny-1 | json 'rows[0]["truncated"]')" = "['${last##*/}']" ]
}

@test "a directory that cannot be written costs one warning and no training" {
    run -75 "$GNET" run -q tiny.yaml --name one train.tensorboard=true train.max_steps=5
    rm -r runs/one/tensorboard
    echo > runs/one/tensorboard
    run -75 --separate-stderr "$GNET" run --resume runs/one
    [ "$(grep -c 'warning: no more TensorBoard events: ' <<< "$stderr")" -eq 1 ]
    [ "$(tail -n 1 runs/one/metrics.jsonl | json 'rows[0]["step"]')" = 9 ]
}

@test "a full disk costs one warning and no training" {
    # The shell's limit on a file's size stands in for the disk's: the events alone come near it.
    run -0 "$GNET" run -q tiny.yaml --name whole train.{epochs=6,log_every=1,tensorboard=true}
    limit=$(($(stat -c %s runs/whole/checkpoints/last.safetensors) / 1024 + 4))
    [ "$(stat -c %s runs/whole/tensorboard/*)" -gt $((1024 * limit + 8192)) ]
    run -0 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f "$1"; shift; "$@"' bash "$limit" \
        "$GNET" run tiny.yaml --name cut train.{epochs=6,log_every=1,tensorboard=true}
    [ "$(grep -c 'no more TensorBoard events: ' <<< "$stderr")" -eq 1 ]
    [ "$(decode runs/cut | json 'rows[0]["truncated"]')" = "[]" ] # the half record was taken back
    [ "$(tensor_digests runs/cut/checkpoints/last.safetensors)" = \
        "$(tensor_digests runs/whole/checkpoints/last.safetensors)" ]
}
