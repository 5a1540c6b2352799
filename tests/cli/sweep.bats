# tools/sweep.sh: a grid of runs.
load helpers

sweep() {
    "$GNET_SOURCE_ROOT/tools/sweep.sh" "$@" 3>&-
}

@test "every combination once, and a table at the end" {
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003 data.batch_size=32,64 \
        -- train.epochs=1
    [ "$(find sweeps/tiny -mindepth 1 -maxdepth 1 -name '*=*' | wc -l)" = 4 ]
    [ -d "sweeps/tiny/lr=0.003,batch_size=64" ]
    [[ ${lines[0]} =~ ^run\ +.*lr.*status ]]
    [ "$(grep -c ' done ' <<< "$output")" = 4 ]
    run -0 "$GNET" compare sweeps/tiny/*
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003 data.batch_size=32,64
    [ "$(grep -c ': done already$' <<< "$stderr")" = 4 ]
}

@test "a run that diverges does not stop the sweep" {
    run -0 --separate-stderr sweep --out grid tiny.yaml train.optimizer=sgd train.lr=1e30,0.01 \
        -- train.epochs=1
    [[ $stderr == *"grid/optimizer=sgd,lr=1e30: diverged"* ]]
    [[ $stderr == *"grid/optimizer=sgd,lr=0.01: done"* ]]
    [[ $output == *" diverged "* ]]
}

@test "commas in brackets are a value's own" {
    run -0 --separate-stderr sweep tiny.yaml \
        'model.stages.b2.0.inception=[4,4,8,2,4,4],[4, 9, 16, 8, 4, 5]' -- train.max_steps=2
    [ "$(find sweeps/tiny -mindepth 1 -maxdepth 1 -name '*=*' | wc -l)" = 2 ]
    [ "$(grep -c ' stopped ' <<< "$output")" = 2 ]
}

@test "a wrong value is told before anything is trained" {
    run -2 --separate-stderr sweep tiny.yaml train.lr=0.001,fast
    [[ $stderr == *"train.lr"* ]]
    [ ! -e sweeps ]
    run -2 --separate-stderr sweep tiny.yaml
    run -2 --separate-stderr sweep -j none tiny.yaml train.lr=1
}

@test "stopped and started again, it goes on" {
    "$GNET_SOURCE_ROOT/tools/sweep.sh" -j 2 tiny.yaml train.lr=0.001,0.003 -- train.epochs=30 \
        > out 2> err 3>&- &
    pid=$!
    for _ in $(seq 300); do
        [ "$(find sweeps -name last.safetensors 2> /dev/null | wc -l)" = 2 ] && break
        sleep 0.1
    done
    kill -TERM "$pid"
    wait_for_run
    [ "$code" -eq 130 ]
    [ "$(grep -c ': stopped$' err)" = 2 ]
    [ "$(grep -c ' stopped ' out)" = 2 ]
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003
    [ "$(grep -c ': done$' <<< "$stderr")" = 2 ]
}
