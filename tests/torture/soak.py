"""Eight runs of a sweep side by side, killed and gone on with at random.

soak.py SECONDS [SEED]: kills for so long, then lets the sweep end.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from runs import Bench, Score, differences, TIMEOUT

EPOCHS = 6
KEYS = ["train.lr=0.01,0.02,0.03,0.04", "data.batch_size=16,20"]


def sweep_command(bench, out, jobs):
    script = pathlib.Path(os.environ["GNET_SOURCE_ROOT"]) / "tools/sweep.sh"
    return [str(script), "-j", str(jobs), "--out", str(out), str(bench.config), *KEYS]


def start_sweep(bench, out):
    return subprocess.Popen(sweep_command(bench, out, 4), env=bench.environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def processes_of(out):
    """The processes, by number, whose command line names the directory: this sweep's, and its runs."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(out).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return [number for number in found if number != os.getpid()]


def kill(numbers):
    n_killed = 0
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
            n_killed += 1
        except ProcessLookupError:
            pass
    return n_killed


def kill_everything(out):
    n_killed = 0
    while numbers := processes_of(out):
        n_killed += kill(numbers)
        time.sleep(0.01)
    return n_killed


def disturb(bench, out, draw, seconds):
    """Sweeps under fire. Returns how many processes were killed."""
    end, n_killed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        sweep = start_sweep(bench, out)
        while sweep.poll() is None and time.monotonic() < end and draw.random() < 0.8:
            time.sleep(draw.uniform(0, 0.5))
            runs = [n for n in processes_of(out) if n != sweep.pid]
            if runs and draw.random() < 0.7:
                n_killed += kill([draw.choice(runs)])
        if draw.random() < 0.3:  # politely: every run saves a checkpoint
            sweep.terminate()
        else:
            n_killed += kill_everything(out)
        sweep.communicate(timeout=TIMEOUT)
        kill_everything(out)
        # More work than the time has room for: begin anew with some of the runs.
        for run in out.glob("lr=*"):
            if draw.random() < 0.2:
                shutil.rmtree(run)
    return n_killed


def main(seconds, seed=1):
    with Bench(epochs=EPOCHS, plots=False) as bench:
        bench.environment["PATH"] = os.environ["PATH"]  # for the sweep's own tools
        alone, out = bench.work / "alone", bench.work / "sweep"
        subprocess.run(sweep_command(bench, alone, 2), env=bench.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        n_killed = disturb(bench, out, random.Random(int(seed)), float(seconds))
        sweep = start_sweep(bench, out)
        _, messages = sweep.communicate(timeout=10 * TIMEOUT)
        score = Score("soak")
        for run in sorted(alone.glob("lr=*")):
            there = (out / run.name / "result.json").exists()
            score.count(differences(out / run.name, run) if there else ["it never ended"], run.name)
        names = {path.name for path in out.iterdir()}
        strange = names - {run.name for run in alone.glob("lr=*")} - {".logs"}
        score.count([f"{name} is left over" for name in sorted(strange)]
                    + ([f"the sweep ended with {sweep.returncode}: {messages}"]
                       if sweep.returncode else []), "the sweep")
        return score.finish(f"(8 runs, and their directory) were whole after {n_killed} kills in "
                            f"{float(seconds):.0f} s")


sys.exit(main(*sys.argv[1:]))
