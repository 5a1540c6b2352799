#!/usr/bin/env python3
"""Cuts data/fashion-sample out of Fashion-MNIST: the first images of each part, in file order.

Needs nothing but Python. From the project's root, with Debian's dataset-fashion-mnist installed:

    tools/cut_sample.py

The same input gives the same bytes, as far as zlib's own output stays the same.
"""
import argparse
import gzip
import pathlib
import struct

PARTS = {"train": 1000, "t10k": 500}
N_CLASSES = 10


def cut(data, n):
    """The first n records of an IDX file of bytes, as an IDX file."""
    n_dims = data[3]
    dims = struct.unpack_from(f">{n_dims}I", data, 4)
    header = 4 + 4 * n_dims
    record = 1
    for dim in dims[1:]:
        record *= dim
    if n > dims[0]:
        raise SystemExit(f"only {dims[0]} records, not {n}")
    return data[:4] + struct.pack(f">{n_dims}I", n, *dims[1:]) + data[header:header + n * record]


def write_gz(path, data):
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", type=pathlib.Path,
                        default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("target", nargs="?", type=pathlib.Path, default="data/fashion-sample")
    args = parser.parse_args()

    args.target.mkdir(parents=True, exist_ok=True)
    for part, n in PARTS.items():
        for kind in ("images-idx3", "labels-idx1"):
            name = f"{part}-{kind}-ubyte.gz"
            sample = cut(gzip.decompress((args.source / name).read_bytes()), n)
            if kind == "labels-idx1":
                counts = [sample[8:].count(label) for label in range(N_CLASSES)]
                print(f"{part}: images a class: {counts}")
                if min(counts) == 0:
                    raise SystemExit("a class is missing: take more images")
            write_gz(args.target / name, sample)


if __name__ == "__main__":
    main()
