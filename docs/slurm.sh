#!/bin/bash
# A Slurm job that trains until it is done, over as many preemptions and time limits as that takes:
#
#     sbatch docs/slurm.sh configs/googlenet_fashion.yaml train.lr=0.002
#
# Two minutes before the end of its time, or as soon as it is preempted, gnet ends the batch under way
# and saves a checkpoint; the job queues itself again, under the same number, and goes on from there.
#SBATCH --job-name=gnet
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# USR1 to this script (B:), 120 seconds before the time is over.
#SBATCH --signal=B:USR1@120
# The last bits of a run depend on the instruction set: keep it on one kind of node, or have gnet go on
# all the same with --force.
##SBATCH --constraint=zen3

gnet=${GNET:-gnet}
run=runs/job-$SLURM_JOB_ID

# A new run, or the one that this job has begun already: it can be resumed from its first checkpoint on.
if [ -s "$run/checkpoints/last.safetensors" ]; then
    "$gnet" run --resume "$run" &
else
    rm -rf "$run" # it was ended before that
    "$gnet" run "$@" --out runs --name "job-$SLURM_JOB_ID" &
fi
pid=$!

# Preemption sends TERM, the end of the time USR1: gnet gets USR1 for both, which it may get more than
# once. A trap ends `wait`, so that one is needed again.
trap 'kill -USR1 "$pid"' USR1 TERM
code=0
wait "$pid" || code=$?
while kill -0 "$pid" 2> /dev/null; do
    code=0
    wait "$pid" || code=$?
done

if [ "$code" -eq 75 ]; then # stopped early, with a checkpoint
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
