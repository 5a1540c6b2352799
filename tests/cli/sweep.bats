# tools/sweep.sh: a grid of runs.
load helpers

sweep() {
    "$GNET_SOURCE_ROOT/tools/sweep.sh" "$@" 3>&-
}

@test "every combination once, and a table at the end" {
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003 data.batch_size=32,64 \
        -- train.epochs=1
    [ "$(find sweeps/tiny -mindepth 1 -maxdepth 1 -type d -name '*=*' | wc -l)" = 4 ]
    [ -d "sweeps/tiny/lr=0.003,batch_size=64" ]
    [[ ${lines[0]} =~ ^run\ +.*lr.*status ]]
    [ "$(grep -c ' done ' <<< "$output")" = 4 ]
    [[ $stderr == *"sweeps/tiny.html: written"* ]]
    [ -s sweeps/tiny.html ]
    run -0 "$GNET" compare sweeps/tiny/*
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003 data.batch_size=32,64 \
        -- train.epochs=1
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
    [ "$(find sweeps/tiny -mindepth 1 -maxdepth 1 -type d -name '*=*' | wc -l)" = 2 ]
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
    run -0 --separate-stderr sweep -j 2 tiny.yaml train.lr=0.001,0.003 -- train.epochs=30
    [ "$(grep -c ': done$' <<< "$stderr")" = 2 ]
}

# As Ctrl-C does it, to all processes of the terminal.
@test "an interrupt of the whole group lets every run save first" {
    python3 - "$GNET_SOURCE_ROOT/tools/sweep.sh" <<'PYTHON'
import glob, os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
sweep = subprocess.Popen([sys.argv[1], "-j", "2", "tiny.yaml", "train.lr=0.001,0.003,0.01", "--",
                          "train.epochs=100000"], stdout=open("out", "w"), stderr=open("err", "w"),
                         start_new_session=True)
for _ in range(300):
    if len(glob.glob("sweeps/tiny/*/checkpoints/last.safetensors")) == 2:
        break
    time.sleep(0.1)
os.killpg(sweep.pid, signal.SIGINT)
assert sweep.wait() == 130
PYTHON
    [ "$(grep -c ': stopped$' err)" = 2 ]
    [ "$(grep -c ' stopped ' out)" = 2 ]
    [ ! -e "sweeps/tiny/lr=0.01" ]
}

@test "another config or other arguments are another sweep" {
    run -0 --separate-stderr sweep tiny.yaml train.lr=0.001 -- train.max_steps=1
    run -2 --separate-stderr sweep tiny.yaml train.lr=0.001 -- train.max_steps=2
    [[ $stderr == *"sweeps/tiny has runs of another config, or with other arguments"* ]]
    run -0 --separate-stderr sweep --out else tiny.yaml train.lr=0.001 -- train.max_steps=2
    echo '# edited' >> tiny.yaml
    run -2 --separate-stderr sweep tiny.yaml train.lr=0.001 -- train.max_steps=1
}

@test "a run that fails is told of, and in the exit code" {
    mkdir -p "sweeps/tiny/lr=0.001"
    touch "sweeps/tiny/lr=0.001/notes" # no run's
    run -1 --separate-stderr sweep tiny.yaml train.lr=0.001,0.003 -- train.max_steps=1
    [[ $stderr == *"lr=0.001: failed: "* ]]
    [[ $stderr == *"lr=0.003: stopped"* ]]
    run -2 --separate-stderr sweep tiny.yaml train.lr=0.001 -x
    [[ $stderr == *"unknown option '-x'"* ]]
    run -2 --separate-stderr sweep tiny.yaml train.lr=0.001 -- train.nope=1
}

@test "a run that was killed before its first checkpoint is begun anew" {
    mkdir -p sweeps/tiny/lr=0.001/checkpoints sweeps/tiny/lr=0.003
    touch sweeps/tiny/lr=0.001/.lock sweeps/tiny/lr=0.001/config.yaml.tmp
    run -0 --separate-stderr sweep tiny.yaml train.lr=0.001,0.003 -- train.epochs=1
    [ "$(grep -c ' done ' <<< "$output")" = 2 ]
    [ ! -e sweeps/tiny/lr=0.001/config.yaml.tmp ]
}
