# gnet run: training from a config, and what it leaves behind.
load helpers

@test "a row an epoch, then the result" {
    run -0 --separate-stderr "$GNET" run tiny.yaml
    [[ ${lines[0]} =~ ^epoch\ +lr\ +train\ loss\ +train\ acc\ +val\ loss\ +val\ acc\ +seconds$ ]]
    [[ ${lines[1]} =~ ^\ +1\ +0\.001\  ]]
    [[ ${lines[2]} =~ ^\ +2\ +0\.001\  ]]
    [[ $output == *"best epoch"*"validation"*"test "*"time "*"run        runs/tiny-1"* ]]
}

@test "the run directory is complete" {
    run -0 "$GNET" run tiny.yaml -q
    for file in config.yaml env.json history.csv metrics.jsonl result.json log.txt \
        checkpoints/last.safetensors checkpoints/best.safetensors; do
        [ -s "runs/tiny-1/$file" ]
    done
    [ "$(head -n 1 runs/tiny-1/history.csv)" = \
        "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds" ]
    [ "$(wc -l < runs/tiny-1/history.csv)" -eq 3 ]
    ls runs/tiny-1/plots/*.svg
}

@test "--json: an object an epoch, then the result" {
    run -0 --separate-stderr "$GNET" run tiny.yaml --json
    [ "$(json '[row["event"] for row in rows]' <<< "$output")" = "['epoch', 'epoch', 'result']" ]
    [ "$(json '[row["epoch"] for row in rows[:2]]' <<< "$output")" = "[1, 2]" ]
    [ "$(json '(rows[-1]["status"], rows[-1]["run"])' <<< "$output")" = "('done', 'runs/tiny-1')" ]
    [ "$(json '0 < rows[-1]["test_acc"] <= 1' <<< "$output")" = True ]
}

@test "the last override wins, and options may stand anywhere" {
    run -0 --separate-stderr "$GNET" -q run --out elsewhere tiny.yaml train.epochs=3 \
        --name=named train.epochs=1 --threads 1
    [ "$(wc -l < elsewhere/named/history.csv)" -eq 2 ]
    [ -z "$stderr" ]
}

@test "without a name, runs take the next free number" {
    mkdir -p runs/tiny-1
    run -0 "$GNET" run tiny.yaml train.epochs=1 -q
    [ -s runs/tiny-2/result.json ]
}

@test "runs that start together take directories of their own" {
    local pids=() pid
    for _ in 1 2 3; do
        "$GNET" run tiny.yaml train.epochs=1 -q > /dev/null 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    for n in 1 2 3; do
        [ -s "runs/tiny-$n/result.json" ]
    done
}

@test "a name that is taken is refused, before the data is looked at" {
    mkdir -p runs/taken
    run -2 --separate-stderr "$GNET" run tiny.yaml --name taken data.path=/nowhere
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"runs/taken"* ]]
}

@test "the number of threads changes nothing" {
    local threads
    for threads in 1 2 4; do
        run -0 "$GNET" run tiny.yaml -q --name "t$threads" "train.threads=$threads"
        tensor_digests "runs/t$threads/checkpoints/last.safetensors" > "t$threads"
        cut -d, -f1-6 "runs/t$threads/history.csv" > "h$threads"
    done
    cmp t1 t2
    cmp t1 t4
    cmp h1 h2
    cmp h1 h4
}

@test "the resolved config gives the same run again" {
    run -0 "$GNET" run tiny.yaml -q --name first train.lr=0.002
    run -0 "$GNET" run runs/first/config.yaml -q --name second
    tensor_digests runs/first/checkpoints/last.safetensors > first
    tensor_digests runs/second/checkpoints/last.safetensors > second
    cmp first second
    cmp runs/first/config.yaml runs/second/config.yaml
}

@test "--weights starts from a checkpoint" {
    run -0 "$GNET" run tiny.yaml -q --name first train.epochs=4
    run -0 "$GNET" run tiny.yaml -q --name fresh train.epochs=1
    run -0 "$GNET" run tiny.yaml -q --name warm train.epochs=1 \
        --weights runs/first/checkpoints/best.safetensors
    python3 - runs/{warm,fresh}/history.csv <<'END'
import csv, sys
warm, fresh = (float(next(csv.DictReader(open(path)))["train_loss"]) for path in sys.argv[1:])
assert warm < fresh, (warm, fresh)
END
}

@test "weights that do not fit, or are none, are refused before training" {
    run -0 "$GNET" run tiny.yaml -q --name first train.epochs=1
    run -2 --separate-stderr "$GNET" run tiny.yaml model.stages.b1.0.conv.out=6 \
        --weights runs/first/checkpoints/best.safetensors
    [[ $stderr == *"b1.0.weight"* ]]
    head -c 100 /dev/urandom > junk
    run -1 --separate-stderr "$GNET" run tiny.yaml --weights junk
    [[ $stderr == *"junk"* ]]
}

@test "a loss that is not finite ends the run with 3" {
    run -3 --separate-stderr "$GNET" run tiny.yaml train.optimizer=sgd train.lr=1e20
    [[ $stderr == *"error: "* ]]
}

@test "a limit on steps ends the run with 75, with a checkpoint" {
    run -75 --separate-stderr "$GNET" run tiny.yaml train.max_steps=30 --json
    [ "$(json '(rows[-1]["status"], rows[-1]["steps"])' <<< "$output")" = "('stopped', 30)" ]
    [ -s runs/tiny-1/checkpoints/last.safetensors ]
    [[ $stderr == *"after 5 of 25 steps, at train.max_steps"*"each session"*"--resume runs/tiny-1"* ]]
}

@test "a config may come from a pipe" {
    run -0 "$GNET" check <(sed 's/epochs: 2/epochs: 1/' tiny.yaml)
    run -0 "$GNET" run <(sed 's/epochs: 2/epochs: 1/' tiny.yaml) -q
    [ "$(wc -l < runs/tiny-1/history.csv)" -eq 2 ]
}

@test "log.txt tells how the run went, and stderr does not say it twice" {
    run -0 --separate-stderr "$GNET" run tiny.yaml
    [ "$(grep -c 'epoch [12] of 2: train loss' runs/tiny-1/log.txt)" -eq 2 ]
    grep -q 'test of the weights of epoch' runs/tiny-1/log.txt
    [[ $stderr != *"train loss"* ]]
}

@test "a run in place of a config: what to type instead" {
    run -75 "$GNET" run -q tiny.yaml train.max_steps=1
    run -2 --separate-stderr "$GNET" run runs/tiny-1 train.lr=0.1
    [[ $stderr == *"'runs/tiny-1' is a run; to go on with it: gnet run --resume runs/tiny-1; "* ]]
    [[ $stderr == *"to do it again: gnet run runs/tiny-1/config.yaml"* ]]
    [ ! -e runs/tiny-2 ]
}

@test "a batch that no memory could hold" {
    for verb in run bench lr-find; do
        run -1 --separate-stderr "$GNET" $verb tiny.yaml data.batch_size=65536 train.shards=1 \
            'model.input=[1, 1024, 1024]' data.resize=1024 model.stages.b1.0.conv.out=512
        [[ ${stderr_lines[-1]} =~ ^"gnet: error: a batch of 65536 images needs "[0-9]+" MiB of memory, and the "[a-z" ()-"]+" has "[0-9]+" MiB left; about "[0-9]+" images at a time would fit"$ ]]
    done
    [ ! -e runs ]
}
