"""Kills a run after each of its calls that change a file, and within each of its writes.

syscalls.py STRIDE: after every STRIDE-th call, and within every STRIDE-th write.
"""
import shutil
import signal
import sys

from runs import Bench, Score, differences

LAST = "/checkpoints/last.safetensors"


def first_save(calls):
    """The number of the call with which there is a checkpoint to go on from."""
    return next(number for number, call, path in calls if call == "rename" and LAST in path)


def try_kill(bench, reference, number, act, saved):
    run = bench.work / "runs/killed"
    code, messages = bench.start(run, {"ROOT": run, "AT": number, "DO": act})
    problems = [] if code == -signal.SIGKILL else [f"not killed: {code} {messages}"]
    if not problems:
        code, messages = bench.resume(run)
        if code != (0 if saved else 1):
            problems = [f"resumed with {code}: {messages}"]
        elif saved:
            problems = differences(run, reference)
        elif not messages:
            problems = ["refused without a word"]
    shutil.rmtree(run, ignore_errors=True)
    return problems


def main(stride):
    with Bench(epochs=2, checkpoint_minutes=0) as bench:
        reference = bench.reference()
        calls = bench.calls()
        saved_at = first_save(calls)
        after, within = Score("syscalls"), Score("syscalls")
        for number, call, path in calls[::int(stride)]:
            after.count(try_kill(bench, reference, number, "kill", number >= saved_at),
                        f"after {number} {call} {path}")
        writes = [(number, path) for number, call, path in calls if call == "write"]
        for number, path in writes[::int(stride)]:
            within.count(try_kill(bench, reference, number, "half", number > saved_at),
                         f"within {number} write {path}")
        code = after.finish(f"kills after a call (a run has {len(calls)}): the old file or the new")
        return within.finish("kills within a write: the old file or the new") or code


sys.exit(main(*sys.argv[1:]))
