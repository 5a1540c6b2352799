"""Tiny runs of gnet for the parts of tools/torture.sh: made, killed, gone on with, and compared."""
import csv
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

TIMEOUT = 120  # seconds; no tiny run takes one

CONFIG = """\
name: tiny
seed: 7
data:
  path: "{data}"
  classes: [T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot]
  resize: 14
  batch_size: 16
model:
  input: [1, 14, 14]
  stages:
    b1:
      - conv: {{out: 4, kernel: 3, stride: 2, pad: 1}}
      - relu
      - inception: [2, 4, 5, 2, 3, 2]
    b2:
      - avg_pool: global
      - flatten
      - linear: {{out: 10}}
train:
  epochs: {epochs}
  lr: 0.01
  shards: 1
  threads: 1
  algorithms: direct
  log_every: 1
  checkpoint_minutes: {checkpoint_minutes}
"""

# What a finished run holds, and nothing else.
FILES = {".lock", "config.yaml", "env.json", "history.csv", "log.txt", "metrics.jsonl", "result.json",
         "checkpoints/best.safetensors", "checkpoints/last.safetensors"}
OPTIONAL = {"plots/loss.svg", "plots/accuracy.svg", "checkpoints/prev.safetensors"}


def cut_idx(source, target, count):
    """The first items of a gzipped IDX file, as a plain one."""
    data = gzip.open(source).read()
    n_dims = data[3]
    header = 4 + 4 * n_dims
    dims = struct.unpack(f">{n_dims}I", data[4:header])
    item = 1
    for dim in dims[1:]:
        item *= dim
    target.write_bytes(data[:4] + struct.pack(f">{n_dims}I", count, *dims[1:])
                       + data[header:header + count * item])


class Bench:
    """A directory with a data set, a config, and gnet with the shim to run in it."""

    def __init__(self, epochs=2, checkpoint_minutes=0.00001, plots=True):
        self.gnet = os.environ["GNET"]
        self.shim = os.environ["TORTURE_SHIM"]
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.work = pathlib.Path(tempfile.mkdtemp(
            prefix="gnet-torture-", dir=os.environ.get("TORTURE_DIR", memory)))
        self.environment = dict(os.environ, XDG_CACHE_HOME=str(self.work / "cache"),
                                OMP_WAIT_POLICY="passive")
        if not plots:  # they take more time than all the rest
            self.environment["PATH"] = "/nowhere"
        self.make_data()
        self.config = self.work / "tiny.yaml"
        self.config.write_text(CONFIG.format(data=self.work / "data", epochs=epochs,
                                             checkpoint_minutes=checkpoint_minutes))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.work)

    def make_data(self):
        sample = pathlib.Path(os.environ["GNET_SOURCE_ROOT"]) / "data/fashion-sample"
        (self.work / "data").mkdir()
        for part, count in (("train", 100), ("t10k", 30)):
            for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"):
                cut_idx(sample / f"{name}.gz", self.work / "data" / name, count)

    def start_command(self, run):
        return [self.gnet, "run", str(self.config), "-q", "--out", str(run.parent), "--name",
                run.name]

    def resume_command(self, run):
        return [self.gnet, "run", "-q", "--resume", str(run)]

    def popen(self, command, shim=None):
        environment = dict(self.environment)
        if shim is not None:
            environment["LD_PRELOAD"] = self.shim
            environment.update((f"TORTURE_{key}", str(value)) for key, value in shim.items())
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=self.work)

    def call(self, command, shim=None):
        """Runs to the end; returns the exit code and the messages."""
        process = self.popen(command, shim)
        _, messages = process.communicate(timeout=TIMEOUT)
        return process.returncode, messages

    def start(self, run, shim=None):
        return self.call(self.start_command(run), shim)

    def resume(self, run, shim=None):
        return self.call(self.resume_command(run), shim)

    def reference(self, name="reference"):
        """A run that nothing happened to."""
        run = self.work / "runs" / name
        code, messages = self.start(run)
        if code != 0:
            sys.exit(f"torture: gnet cannot run at all: {messages}")
        return run

    def calls(self, name="traced"):
        """The (number, call, path) of each call of a whole run that changes a file."""
        run, trace = self.work / "runs" / name, self.work / "trace"
        self.start(run, {"ROOT": run, "TRACE": trace})
        lines = [line.split(" ", 2) for line in trace.read_text().splitlines()]
        trace.unlink()
        shutil.rmtree(run)
        return [(int(number), call, path.replace(str(run), "", 1)) for number, call, path in lines]


def history(run):
    with open(run / "history.csv", newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"}
                for row in csv.DictReader(file)]


def metrics(run):
    rows = [json.loads(line) for line in open(run / "metrics.jsonl")]
    return [{key: value for key, value in row.items() if key != "images_per_s"} for row in rows]


def result(run):
    values = json.loads((run / "result.json").read_text())
    return {key: value for key, value in values.items() if "seconds" not in key}


def differences(run, reference, records=True):
    """What in a finished run is not as in the reference: a list of words, empty where all is well."""
    found = []
    for name in ("last", "best"):
        path = f"checkpoints/{name}.safetensors"
        if (run / path).read_bytes() != (reference / path).read_bytes():
            found.append(f"{name} is another")
    for what in (history, metrics) if records else ():
        if what(run) != what(reference):
            found.append(f"{what.__name__} is another")
    if result(run) != result(reference):
        found.append("result.json is another")
    return found + left_over(run)


def left_over(run):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if not path.is_dir()}
    return ([f"{name} is left over" for name in sorted(names - FILES - OPTIONAL)]
            + [f"{name} is missing" for name in sorted(FILES - names)])


class Score:
    """Counts what went well, prints what did not, and ends the part."""

    def __init__(self, part):
        self.part, self.n, self.n_good, self.shown = part, 0, 0, 0

    def count(self, problems, where=""):
        self.n += 1
        self.n_good += not problems
        if problems and self.shown < 20:
            self.shown += 1
            print(f"{self.part}: {where}: {'; '.join(problems)}", flush=True)

    def finish(self, text):
        print(f"{self.part}: {self.n_good} of {self.n} {text}", flush=True)
        return 0 if self.n_good == self.n and self.n > 0 else 1
