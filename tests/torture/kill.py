"""Kills runs at random until there were so many kills; each goes on, and ends as if nothing was.

kill.py KILLS [SEED]
"""
import random
import shutil
import signal
import subprocess
import sys
import time

from runs import Bench, Score, differences, TIMEOUT

EPOCHS = 3


def kill_at_an_instant(bench, command, seconds):
    """Kills after so many seconds; returns the exit code and the messages."""
    process = bench.popen(command)
    try:
        _, messages = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, messages = process.communicate(timeout=TIMEOUT)
    return process.returncode, messages


def kill_in_a_save(bench, command, run, draw, n_calls):
    """Kills at some call, or within it, that has to do with a checkpoint."""
    return bench.call(command, {"ROOT": run, "ONLY": "/checkpoints/", "AT": draw.randint(1, n_calls),
                                "DO": draw.choice(("kill", "half"))})


class Killing:
    def __init__(self, bench, n_kills, seed):
        self.bench, self.n_kills, self.draw = bench, n_kills, random.Random(seed)
        self.reference = bench.reference()
        began = time.monotonic()
        bench.start(bench.work / "runs/timed")
        self.seconds = time.monotonic() - began
        self.n_calls = sum("/checkpoints/" in path for _, _, path in bench.calls())
        self.kills, self.in_saves, self.before_saves = Score("kill"), 0, 0
        self.ends = Score("kill")

    def strike(self, command, run):
        """One session, which may end before it is killed: its exit code and messages. Half of the
        kills are to be within a save."""
        if self.in_saves > self.kills.n / 2:
            return kill_at_an_instant(self.bench, command, self.draw.uniform(0, self.seconds))
        code, messages = kill_in_a_save(self.bench, command, run, self.draw, self.n_calls)
        self.in_saves += code == -signal.SIGKILL
        return code, messages

    def kill_until_it_ends(self, run):
        command = self.bench.start_command(run)
        killed = False
        while True:
            code, messages = self.strike(command, run)
            if killed:
                self.kills.count([] if code in (0, -signal.SIGKILL) else [messages], run.name)
            killed = code == -signal.SIGKILL
            if not killed:
                break
            if (run / "checkpoints/last.safetensors").exists():
                command = self.bench.resume_command(run)
            else:  # killed before its first save: there is nothing to go on with, and gnet says so
                self.before_saves += 1
                code, messages = self.bench.resume(run)
                self.kills.count([] if code == 1 and messages else ["no refusal"], run.name)
                killed = False
                shutil.rmtree(run, ignore_errors=True)
                command = self.bench.start_command(run)
        self.ends.count([messages] if code else differences(run, self.reference), run.name)
        shutil.rmtree(run)

    def run(self):
        while self.kills.n < self.n_kills:
            self.kill_until_it_ends(self.bench.work / f"runs/killed-{self.ends.n}")
        code = self.kills.finish(f"kills were recovered from ({self.in_saves} of them within a save,"
                                 f" {self.before_saves} before the first one)")
        return self.ends.finish("killed runs ended in the bytes of the one that was not") or code


def main(kills, seed=1):
    with Bench(epochs=EPOCHS, plots=False) as bench:
        return Killing(bench, int(kills), int(seed)).run()


sys.exit(main(*sys.argv[1:]))
