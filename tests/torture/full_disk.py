"""Fills a small tmpfs at some instant of a run on it; with room again, the run goes on.

full_disk.py TRIALS [SEED]. Needs root, to mount; says so where it cannot.
"""
import ctypes
import os
import random
import subprocess
import sys
import time

from runs import Bench, Score, differences, TIMEOUT

SIZE = 2 << 20
EPOCHS = 30
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2


def mount(libc, path):
    """A tmpfs that only this process and its children see, and that goes with them."""
    path.mkdir()
    if (libc.unshare(CLONE_NEWNS) != 0
            or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0
            or libc.mount(b"tmpfs", str(path).encode(), b"tmpfs", 0, f"size={SIZE}".encode()) != 0):
        return os.strerror(ctypes.get_errno())
    return None


def fill(path):
    """Takes every byte that is left."""
    with open(path, "wb", buffering=0) as file:
        for n_bytes in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(n_bytes))
            except OSError:
                pass


def try_disk(bench, disk, name, seconds, reference):
    run, ballast = disk / name, disk / "ballast"
    process = bench.popen(bench.start_command(run))
    time.sleep(seconds)
    fill(ballast)
    _, messages = process.communicate(timeout=TIMEOUT)
    code = process.returncode
    ballast.unlink()
    if code not in (0, 1):
        return False, [f"exit code {code}: {messages}"]
    hurt = code == 1
    if hurt and "No space left on device" not in messages and "has no room" not in messages:
        return hurt, [f"not the cause: {messages}"]
    if not (run / "checkpoints/last.safetensors").exists():
        subprocess.run(["rm", "-rf", str(run)], check=True)
        code, messages = bench.start(run)
    else:
        code, messages = bench.resume(run)
    # Lines that did not fit while it went on may be missing; a warning said so.
    found = [messages] if code else differences(run, reference, records=False)
    subprocess.run(["rm", "-rf", str(run)], check=True)
    return hurt, found


def refuses_a_small_disk(bench, disk):
    fill(disk / "ballast")
    code, messages = bench.start(disk / "none")
    (disk / "ballast").unlink()
    well = code == 1 and "has no room for the checkpoints" in messages and not (disk / "none").exists()
    return [] if well else [f"began on a full disk: {code} {messages}"]


def main(trials, seed=1):
    draw = random.Random(int(seed))
    with Bench(epochs=EPOCHS, plots=False) as bench:
        disk = bench.work / "disk"
        libc = ctypes.CDLL(None, use_errno=True)
        reason = mount(libc, disk)
        if reason:
            print(f"tmpfs: skipped: cannot mount one: {reason}")
            return 77  # meson's word for a test that was skipped
        began = time.monotonic()
        reference = bench.reference()
        seconds = time.monotonic() - began
        score, n_hurt = Score("tmpfs"), 0
        score.count(refuses_a_small_disk(bench, disk), "before the start")
        for i in range(int(trials)):
            hurt, found = try_disk(bench, disk, f"run-{i}", draw.uniform(0, seconds), reference)
            score.count(found, f"full during run {i}")
            n_hurt += hurt
        libc.umount2(str(disk).encode(), MNT_DETACH)
        return score.finish(f"runs on a disk that filled up lost nothing ({n_hurt} stopped for it)")


sys.exit(main(*sys.argv[1:]))
