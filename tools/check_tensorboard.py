#!/usr/bin/env python3
"""Has TensorBoard itself read the event files of runs, and compares with the runs' own records.

check_tensorboard.py RUN...: for each run's directory, every scalar of metrics.jsonl and history.csv
must be there once, in order, with float32's value, and the confusion matrices as images. Needs the
Python package tensorboard; the test suite has a decoder of its own and does not need it:

    python3 -m venv /tmp/tb && /tmp/tb/bin/pip install tensorboard
    /tmp/tb/bin/python tools/check_tensorboard.py runs/mine-1
"""

import csv
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEEP_ALL = {"scalars": 0, "images": 0}
STEP_TAGS = {
    "loss": "loss/train_step",
    "acc": "accuracy/train_step",
    "lr": "lr",
    "images_per_s": "images_per_s",
}
EPOCH_TAGS = {
    "train_loss": "loss/train",
    "train_acc": "accuracy/train",
    "val_loss": "loss/val",
    "val_acc": "accuracy/val",
}


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def check_steps(reader, run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for key, tag in STEP_TAGS.items():
        found = [(event.step, event.value) for event in reader.Scalars(tag)]
        assert [step for step, _ in found] == [row["step"] for row in rows], (tag, found)
        for (_, value), row in zip(found, rows):
            assert abs(value - float32(row[key])) <= 1e-6 * abs(value), (tag, value, row)
    return len(rows)


def check_epochs(reader, run):
    rows = list(csv.DictReader((run / "history.csv").open()))
    for key, tag in EPOCH_TAGS.items():
        found = [event.value for event in reader.Scalars(tag)]
        assert len(found) == len(rows), (tag, found)
        for value, row in zip(found, rows):
            assert abs(value - float32(float(row[key]))) <= 1e-6 * abs(value), (tag, value, row)
    epochs = [event.value for event in reader.Scalars("epoch")]
    assert epochs == [int(row["epoch"]) for row in rows], epochs
    assert len(reader.Images("confusion/val")) == len(rows)
    return len(rows)


def check(run):
    reader = EventAccumulator(str(run / "tensorboard"), size_guidance=KEEP_ALL)
    reader.Reload()
    n_steps, n_epochs = check_steps(reader, run), check_epochs(reader, run)
    result = json.loads((run / "result.json").read_text())
    if result["status"] == "done":
        (test,) = reader.Scalars("accuracy/test")
        assert abs(test.value - result["test_acc"]) < 1e-6, (test, result)
        assert len(reader.Images("confusion/test")) == 1
    print(f"{run}: {n_steps} step records, {n_epochs} epochs: as TensorBoard reads them")


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        check(pathlib.Path(name))


if __name__ == "__main__":
    main()
