#!/usr/bin/env python3
"""Makes requests for memory of the command fail, one after another, and looks at how it ends.

each_allocation.py GNET SHIM [--at-most N | --each-stack] [--jobs N] [--on] [--trace] [CASE...]

For each case (a command line on a tiny network and data set) it counts the requests of a good run,
and runs the command once for each of them, or for N of them spread evenly, with that one refused
(--on: that one and all behind it). With --each-stack it takes the first request of each stack of
calls within gnet: every path of gnet to a request, but not every request of the libraries below.

Such a run may end well, as good as the good one; or with exit code 1, one line on stderr that says
what is wrong, no file that is damaged or half written, and nothing more left unfreed than the good
run leaves, but for what oneDNN, OpenMP, setlocale() and open streams keep for themselves (maps are
not looked at). It may do nothing else, except crash within oneDNN on what oneDNN itself asked for:
nothing in gnet can help that. Prints a line for each that does, and a line of counts for each case.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

CONFIG = """name: tiny
data: {path: DATA, classes: [a, b], batch_size: 4}
model:
  input: [1, 6, 6]
  stages:
    b1:
      - conv: {out: 2, kernel: 3, pad: 1}
      - relu
      - flatten
      - linear: {out: 2}
train: {epochs: 1, threads: 1, shards: 1, log_every: 1}
"""

CASES = {
    "check": ["check", "tiny.yaml"],
    "summary": ["summary", "tiny.yaml"],
    "help": ["help", "config"],
    "run": ["run", "tiny.yaml", "--name", "new"],
    "resume": ["run", "--resume", "runs/stopped"],
    "eval": ["eval", "runs/done"],
    "predict": ["predict", "runs/done", "a.pgm", "a.png"],
    "export": ["export", "runs/done", "weights.npz"],
    "compare": ["compare", "runs/done", "runs/stopped"],
}

# Whose memory is theirs to keep.
KEEPERS = ("libdnnl", "libgomp", "setlocale", "mbrtowc", "__mbrtowc", "_IO_file_doallocate")

# What says that memory is short, in gnet's words or those of the libraries below.
WORDS = ("memory", "Memory")


def idx(path, dims, content):
    path.write_bytes(bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims)
                     + content)


def png(side):
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = b"".join(bytes([0]) + bytes(side) for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def make_place(place, gnet):
    """A directory in which every case's command ends well."""
    data = place / "data"
    data.mkdir()
    for part, n in ("train", 20), ("t10k", 8):
        idx(data / f"{part}-images-idx3-ubyte", (n, 6, 6), bytes(i * 37 % 256 for i in range(36 * n)))
        idx(data / f"{part}-labels-idx1-ubyte", (n,), bytes(i % 2 for i in range(n)))
    (place / "tiny.yaml").write_text(CONFIG.replace("DATA", str(data)))
    (place / "a.pgm").write_bytes(b"P5 6 6 255\n" + bytes(36))
    (place / "a.png").write_bytes(png(6))
    for name, options, code in ("done", [], 0), ("stopped", ["train.max_steps=2"], 75):
        command = [gnet, "run", "-q", "tiny.yaml", *options, "--name", name]
        done = subprocess.run(command, cwd=place, capture_output=True)
        assert done.returncode == code, done.stderr


def is_whole_checkpoint(path):
    content = path.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    texts = header.pop("__metadata__")
    data = content[8 + length:]
    return all("%08x" % zlib.crc32(data[slice(*tensor["data_offsets"])]) == texts[f"crc32.{name}"]
               for name, tensor in header.items())


def damage(place):
    """What is wrong with the files of a place, or None."""
    for path in place.rglob("*"):
        if path.name.endswith(".tmp"):
            return f"{path.name} is left over"
        if path.suffix == ".safetensors" and not is_whole_checkpoint(path):
            return f"{path} is damaged"
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix == ".npz" and path.read_bytes()[-22:-18] != b"PK\5\6":
            return f"{path} is cut off"
    return None


def crashed_in_onednn(owners):
    """Whether oneDNN both made the request that was refused and crashed: the operator new of its own
    classes gives a null pointer where there is no memory, and their constructors write through it."""
    return (len(owners) >= 2 and owners[0].startswith("refused libdnnl.so")
            and owners[-1].startswith("crashed libdnnl.so"))


def ended_in_openmp(done):
    """Whether OpenMP ended the program, with a line of its own, on what it asked for."""
    return (done.returncode == 1 and done.owners[:1] == ["refused libgomp.so.1"]
            and done.stderr.startswith(b"\nlibgomp: "))


class Trial:
    """A case's command, run in copies of a place."""

    def __init__(self, options, original, case):
        self.options, self.original, self.case = options, original, case
        self.usual = collections.Counter()
        done, self.n = self.run(0, stacks=True)
        assert done.returncode == 0, done.stderr
        assert done.live is not None and len(done.stacks) == self.n
        self.usual, self.stacks = done.live, done.stacks

    def moments(self):
        """The numbers of the requests to refuse."""
        if self.options.each_stack:
            return sorted({stack: at for at, stack in reversed(list(enumerate(self.stacks, 1)))}
                          .values())
        n = min(self.n, self.options.at_most or self.n)
        return sorted({1 + i * self.n // n for i in range(n)})

    def run(self, at, trace=False, stacks=False):
        with tempfile.TemporaryDirectory(prefix="gnet-memory-") as directory:
            place = pathlib.Path(directory) / "place"
            shutil.copytree(self.original, place)
            count = pathlib.Path(directory) / "count"
            environment = dict(os.environ, LD_PRELOAD=self.options.shim, GNET_FAIL_AT=str(at),
                               GNET_FAIL_COUNT=str(count), OMP_WAIT_POLICY="passive",
                               XDG_CACHE_HOME=str(self.original / "cache"))
            if self.options.on:
                environment["GNET_FAIL_ON"] = "1"
            record = {name: pathlib.Path(directory) / name for name in ("owners", "live", "stacks")}
            environment.update(GNET_FAIL_OWNERS=str(record["owners"]),
                               GNET_FAIL_LIVE=str(record["live"]))
            if stacks:
                environment["GNET_FAIL_STACKS"] = str(record["stacks"])
            if trace:
                environment["GNET_FAIL_TRACE"] = "1"
            done = subprocess.run([self.options.gnet, "-q", *CASES[self.case]], cwd=place,
                                  env=environment, capture_output=True, timeout=120)
            self_count = int(count.read_text()) if count.exists() else 0
            done.damage = damage(place)
            done.live = (collections.Counter(record["live"].read_text().splitlines())
                         if record["live"].exists() else None)
            done.owners = record["owners"].read_text().splitlines()
            done.stacks = record["stacks"].read_text().splitlines() if stacks else []
            return done, self_count

    def leak(self, done):
        """A place that left memory behind, "OWNER PLACE", or None. A run that ends at once frees
        nothing: since oneDNN threw, and it has no list then, or in OpenMP, which calls exit()."""
        if ended_in_openmp(done):
            return None
        more = (done.live or collections.Counter()) - self.usual
        return next((place for place in more if not place.startswith(KEEPERS)), None)

    def outcome(self, at):
        """A word for how it ends, and what is wrong with that, or None."""
        done, _ = self.run(at)
        lines = done.stderr.decode(errors="replace").splitlines()
        if done.damage:
            return "damaged", done.damage
        leak = self.leak(done)
        if leak:
            return "leaked", leak
        if done.returncode == 0:
            return "went on", None
        if done.returncode == -11 and crashed_in_onednn(done.owners):
            return "crashed in oneDNN", None
        if done.returncode not in (0, 1):
            return "bad", f"exit code {done.returncode}: {' / '.join(lines[-2:])}"
        errors = [line for line in lines if "error: " in line or line.startswith("libgomp: ")]
        if len(errors) != 1 or len(lines) > 2:
            return "bad", f"{len(errors)} lines of errors: {' / '.join(lines)}"
        if not any(word in errors[0] for word in WORDS):
            return "unclear", errors[0]
        return "refused", None


def run_case(options, original, case, pool):
    trial = Trial(options, original, case)
    moments = trial.moments()
    counts = collections.Counter()
    for at, (word, wrong) in zip(moments, pool.map(trial.outcome, moments)):
        counts[word] += 1
        if wrong:
            print(f"{case}: request {at} of {trial.n}: {word}: {wrong}", flush=True)
            if options.trace:
                print(trial.run(at, trace=True)[0].stderr.decode(errors="replace"), flush=True)
    n_stacks = len(set(trial.stacks))
    print(f"{case}: {len(moments)} of {trial.n} requests (of {n_stacks} stacks) refused in turn: "
          + ", ".join(f"{n} {word}" for word, n in counts.most_common()), flush=True)
    return not any(counts[word] for word in ("bad", "damaged", "unclear", "leaked"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("gnet")
    parser.add_argument("shim")
    parser.add_argument("--at-most", type=int, default=0)
    parser.add_argument("--each-stack", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--on", action="store_true")
    parser.add_argument("--trace", action="store_true", help="show where a bad one came from")
    parser.add_argument("cases", nargs="*", default=[])
    options = parser.parse_intermixed_args()
    options.gnet, options.shim = os.path.abspath(options.gnet), os.path.abspath(options.shim)
    with tempfile.TemporaryDirectory(prefix="gnet-memory-") as directory:
        original = pathlib.Path(directory) / "original"
        original.mkdir()
        make_place(original, options.gnet)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            good = [run_case(options, original, case, pool) for case in options.cases or CASES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
