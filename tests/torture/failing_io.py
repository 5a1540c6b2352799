"""Lets each call of a run that changes a file fail, once and from then on, with each error.

failing_io.py STRIDE [CALL]: every STRIDE-th case; only of this call (write, fsync...).
"""
import errno
import os
import shutil
import sys

from runs import Bench, Score, differences

LAST = "/checkpoints/last.safetensors"
LOGS = ("/log.txt", "/history.csv", "/metrics.jsonl", "/plots/")  # a run goes on without them
ERRORS = {
    "open": (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, errno.EMFILE),
    "write": (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR),
    "fsync": (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR),
    "close": (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR),
    "rename": (errno.ENOSPC, errno.EIO, errno.EDQUOT),
    "link": (errno.EPERM, errno.EIO, errno.ENOSPC, errno.EDQUOT),
    "mkdir": (errno.ENOSPC, errno.EIO, errno.EDQUOT),
    "ftruncate": (errno.EIO, errno.EINTR),
    "unlink": (errno.EIO,),
}


def cases(calls):
    """(number, call, path, act, whether it goes on failing)"""
    for number, call, path in calls:
        for error in ERRORS[call]:
            yield number, call, path, error, False
        yield number, call, path, errno.EIO if call in ("unlink", "ftruncate") else errno.ENOSPC, True
        if call == "write":
            yield number, call, path, "short", False


def trace_after(trace, number):
    lines = [line.split(" ", 2) for line in trace.read_text().splitlines()]
    return [(int(n), call, path) for n, call, path in lines if int(n) > number]


def used_after_failed_sync(trace, number, path):
    """Whether a file was put in place, or synced again, though its fsync had failed."""
    for _, call, other in trace_after(trace, number):
        if other.endswith(path) and call in ("unlink", "open"):
            return False  # written anew, or removed
        if other.endswith(path) and call in ("rename", "fsync"):
            return True
    return False


def said(messages, act, path, goes_on):
    """Whether the messages name the cause, and the file; where all fail, it may be a later one."""
    if goes_on:
        return os.strerror(act) in messages.splitlines()[-1] and "runs/hurt" in messages
    name = path.removesuffix(".tmp").rsplit("/", 1)[-1]
    return os.strerror(act) in messages and name in messages


def problems_of(code, messages, case, saved):
    number, call, path, act, goes_on = case
    found = []
    is_log = any(part in path for part in LOGS)
    if code not in (0, 1):
        found.append(f"exit code {code}: {messages}")
    if act == "short" and code != 0:
        found.append(f"a short write was not gone on with: {messages}")
    if act == errno.EINTR and call in ("open", "write") and code != 0:
        found.append(f"an interrupted {call} was not repeated: {messages}")
    if is_log and not goes_on and code != 0 and saved:
        found.append(f"a log stopped the run: {messages}")
    if code == 1 and not said(messages, act, path, goes_on):
        found.append(f"the message names no file or no cause: {messages}")
    if code == 1 and "\n" in messages.strip() and not is_log and not goes_on:
        found.append(f"more than one line: {messages}")
    if messages.count("warning") > 3:
        found.append(f"said again and again: {messages}")
    return found


def try_case(bench, reference, case, saved_at):
    number, call, path, act, goes_on = case
    run, trace = bench.work / "runs/hurt", bench.work / "trace"
    shim = {"ROOT": run, "AT": number, "DO": act, "TRACE": trace}
    code, messages = bench.start(run, dict(shim, ON=1) if goes_on else shim)
    saved = number > saved_at
    found = problems_of(code, messages, case, saved)
    if call == "fsync" and not goes_on and path.endswith(".tmp"):
        if used_after_failed_sync(trace, number, path):
            found.append("a failed fsync was taken for none")
    # Whatever happened, the disk is well again now.
    if code == 0 or (run / LAST[1:]).exists():
        again, messages = bench.resume(run)
        records = code == 1 or not any(part in path for part in LOGS)
        found += ([f"resumed with {again}: {messages}"] if again
                  else differences(run, reference, records))
    elif saved:
        found.append("no checkpoint is left")
    trace.unlink(missing_ok=True)
    shutil.rmtree(run, ignore_errors=True)
    return found


def main(stride, only=None):
    with Bench(epochs=2, checkpoint_minutes=0) as bench:
        reference = bench.reference()
        calls = bench.calls()
        saved_at = next(number for number, call, path in calls if call == "rename" and LAST in path)
        score = Score("io")
        chosen = [case for case in cases(calls) if only in (None, case[1])]
        for case in chosen[::int(stride)]:
            number, call, path, act, goes_on = case
            error = act if act == "short" else errno.errorcode[act]
            score.count(try_case(bench, reference, case, saved_at),
                        f"{number} {call} {path} {error}{' from there on' if goes_on else ''}")
        return score.finish(f"failures of the {len(calls)} calls of a run were borne")


sys.exit(main(*sys.argv[1:]))
