"""Looks at the states that a power loss may leave of a run that was killed once and went on.

power.py STATES RESUMES EPOCHS
"""
import os
import subprocess
import sys

from runs import Bench


def record(bench, root, log):
    """Logs a run of two sessions; the first is killed within an epoch, where records are cut."""
    run = root / "out/run"
    shim = {"ROOT": root, "LOG": log}
    bench.start(run, dict(shim, AT=150, DO="kill"))
    code, messages = bench.resume(run, shim)
    if code != 0:
        sys.exit(f"power: the run did not end: {messages}")


def check(bench, root, log, states, resumes, dropped=()):
    return subprocess.run([os.environ["POWER_LOSS"], str(root), "out/run", str(log),
                           str(bench.work / "state"), str(states), str(resumes), *dropped],
                          stdout=subprocess.PIPE, text=True, env=bench.environment, check=False)


def main(states, resumes, epochs):
    with Bench(epochs=int(epochs), checkpoint_minutes=0.00001) as bench:
        root, log = bench.work / "disk", bench.work / "log"
        record(bench, root, log)
        # With no plots drawn while states are trained to their end, as those take the longest.
        bench.environment["PATH"] = "/nowhere"
        checked = check(bench, root, log, states, resumes)
        print("power: " + checked.stdout.strip().replace("\n", "\npower: "), flush=True)
        code = checked.returncode
        for dropped in ("files", "directories", "all"):  # is the checker awake?
            found = check(bench, root, log, 200, 0, [dropped])
            last = found.stdout.strip().splitlines()[-1]
            print(f"power: without the syncs of {dropped}: {last}", flush=True)
            if found.returncode != 1:
                print(f"power: the checker does not see missing syncs of {dropped}")
                code = 1
        return code


sys.exit(main(*sys.argv[1:]))
