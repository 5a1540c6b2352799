#!/usr/bin/python3
"""Scores a gnet checkpoint in PyTorch, or makes one in PyTorch for gnet to score.

    tools/check_torch.py runs/NAME/checkpoints/best.safetensors
    tools/check_torch.py CONFIG_OR_CHECKPOINT --export torch.safetensors --train-steps 200
    gnet eval torch.safetensors

Both sides must print the same test accuracy. So they must where the state dict goes by NumPy:

    tools/check_torch.py CONFIG --export torch.npz --train-steps 200
    gnet import torch.npz CONFIG --out torch.safetensors && gnet eval torch.safetensors

An export as safetensors has the config and PyTorch's scores in its
metadata. The tests score one state dict of each side (tests/train/test_reference_eval.c). That of
PyTorch was made like this:

    tools/check_torch.py tests/reference/trained.yaml \\
        --export tests/reference/trained.safetensors --train-steps 600

and that of gnet, with what PyTorch says of it, like this:

    export GNET_DATA=data
    gnet run tests/reference/trained.yaml train.epochs=6 --out /tmp --name saved
    cp /tmp/saved/checkpoints/best.safetensors tests/reference/saved.safetensors
    tools/check_torch.py tests/reference/saved.safetensors > tests/reference/saved.txt

Needs Debian's python3-torch, python3-pil and python3-yaml. The config of an export
should be the resolved one of a run (runs/NAME/config.yaml).
"""

import argparse
import gzip
import os
import pathlib

import numpy as np
import torch
import yaml
from PIL import Image
from torch.nn import functional

import tensor_file
import torch_net


def read_idx(path):
    """A .gz file of bytes in the IDX format (http://yann.lecun.com/exdb/mnist)."""
    with gzip.open(path) as file:
        data = file.read()
    n_dims = data[3]
    shape = np.frombuffer(data, ">i4", n_dims, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * n_dims).reshape(shape)


def find_data(path):
    """Looks up the config's data.path as gnet does."""
    bases = [os.environ.get("GNET_DATA"), "data", "/usr/share/datasets"]
    candidates = [pathlib.Path(base) / path for base in bases if base]
    return next(found for found in [pathlib.Path(path), *candidates] if found.is_dir())


class Images:
    """One set of images, resized and scaled a batch at a time as the config says."""

    def __init__(self, config, prefix):
        path = find_data(config["data"]["path"])
        self.images = read_idx(path / f"{prefix}-images-idx3-ubyte.gz")
        labels = read_idx(path / f"{prefix}-labels-idx1-ubyte.gz")
        self.labels = torch.from_numpy(labels.astype(np.int64))
        self.size = config["data"].get("resize") or self.images.shape[1]

    def batch(self, first, last):
        sides = (self.size, self.size)
        resized = [
            np.asarray(Image.fromarray(image).resize(sides, Image.BILINEAR))
            for image in self.images[first:last]
        ]
        src = torch.from_numpy(np.stack(resized)).float().unsqueeze(1) / 255
        return src, self.labels[first:last]


def score(net, images, n_images, batch_size=100):
    """Mean cross-entropy and accuracy over the first n_images."""
    loss, correct = 0.0, 0
    with torch.no_grad():
        for first in range(0, n_images, batch_size):
            src, labels = images.batch(first, min(first + batch_size, n_images))
            logits = net(src)
            loss += functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
    return loss / n_images, correct / n_images


def train(net, images, n_steps, batch_size):
    """A few steps of SGD from fresh weights: enough to be better than chance, and no more."""
    torch_net.initialise(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    n_batches = len(images.labels) // batch_size
    for step in range(n_steps):
        first = step % n_batches * batch_size
        src, labels = images.batch(first, first + batch_size)
        loss = functional.cross_entropy(net(src), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="a checkpoint, or a config for an export")
    parser.add_argument("--export", metavar="FILE", help="train, and write the weights to FILE")
    parser.add_argument("--train-steps", type=int, default=100, help="steps before an export")
    parser.add_argument("--limit", type=int, metavar="N", help="score the first N test images only")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.manual_seed(1)
    weights = None
    if arguments.source.endswith(".safetensors"):
        weights, metadata = tensor_file.read(arguments.source)
        text = metadata["config"]
    else:
        text = pathlib.Path(arguments.source).read_text()
    config = yaml.safe_load(text)
    net = torch_net.build(config["model"])

    if arguments.export:
        train(net, Images(config, "train"), arguments.train_steps, config["data"]["batch_size"])
    elif weights is None:
        raise SystemExit("check_torch.py: a config has no weights to score: name a checkpoint")
    else:
        torch_net.load_arrays(net, weights)

    test = Images(config, "t10k")
    n_images = min(arguments.limit or len(test.labels), len(test.labels))
    loss, accuracy = score(net, test, n_images)
    if arguments.export:
        texts = {"config": text, "test_loss": f"{loss:.9g}", "test_acc": f"{accuracy:.9g}"}
        if arguments.export.endswith(".npz"):
            np.savez(arguments.export, **torch_net.state_arrays(net))
        else:
            tensor_file.write(arguments.export, torch_net.state_arrays(net), texts)
    print(f"test_loss {loss:.9g}  test_acc {accuracy:.9g}  ({n_images} images)")


if __name__ == "__main__":
    main()
