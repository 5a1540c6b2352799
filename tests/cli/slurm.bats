# docs/slurm.sh, under a play of what Slurm does to a job: preemption, requeueing, the end of its time.
load helpers

teardown() {
    if [ -n "${pid:-}" ]; then
        kill -KILL "$pid" 2> /dev/null || true
    fi
}

# Stands for Slurm's: leaves word that the job is to run again.
make_scontrol() {
    mkdir bin
    printf '#!/bin/sh\necho "$@" >> requeued\n' > bin/scontrol
    chmod +x bin/scontrol
    export PATH=$PWD/bin:$PATH SLURM_JOB_ID=17
}

start_job() {
    bash "$GNET_SOURCE_ROOT/docs/slurm.sh" tiny.yaml train.epochs=8 train.log_every=1 \
        >> job.out 2>> job.err 3>&- &
    pid=$!
}

# Returns once the run has trained so many steps.
wait_for_steps() { # STEPS
    local n_lines=0
    while [ "$n_lines" -lt "$1" ]; do
        kill -0 "$pid"
        sleep 0.02
        if [ -f runs/job-17/metrics.jsonl ]; then
            n_lines=$(wc -l < runs/job-17/metrics.jsonl)
        fi
    done
}

@test "a job that is preempted and runs out of time is queued again until it is done" {
    make_scontrol
    run -0 "$GNET" run tiny.yaml -q --out whole --name x train.epochs=8 train.log_every=1
    local signal steps=5 n=0
    for signal in USR1 TERM USR1; do
        start_job
        wait_for_steps "$steps"
        kill "-$signal" "$pid"
        [ "$signal" != USR1 ] || kill -TERM "$pid" # the end of the time comes after its announcement
        wait_for_run
        [ "$code" -eq 75 ]
        n=$((n + 1))
        [ "$(wc -l < requeued)" -eq "$n" ]
        steps=$((steps + 45))
    done
    grep -qx 'requeue 17' requeued
    start_job
    wait_for_run
    [ "$code" -eq 0 ]
    [ "$(wc -l < requeued)" -eq "$n" ]
    cmp whole/x/checkpoints/last.safetensors runs/job-17/checkpoints/last.safetensors
    cmp whole/x/checkpoints/best.safetensors runs/job-17/checkpoints/best.safetensors
}

@test "a job whose config is wrong is not queued again" {
    make_scontrol
    run -2 bash "$GNET_SOURCE_ROOT/docs/slurm.sh" tiny.yaml train.epochs=many
    [ ! -e requeued ]
}
