#!/usr/bin/env python3
"""Compares what gnet and the official reader of safetensors refuse.

check_safetensors.py GNET: writes the weights of a tiny network, without CRCs as other programs do,
spoils each byte and bit of the file and cuts it at each place, and has both read it. What gnet takes,
the other must take too; what only gnet refuses is counted. Needs the Python package safetensors; the
test suite has each of the reader's refusals as a file made by hand and does not need it:

    python3 -m venv /tmp/st && /tmp/st/bin/pip install safetensors
    /tmp/st/bin/python tools/check_safetensors.py build/src/cli/gnet
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from safetensors import SafetensorError, deserialize

CONFIG = """
name: tiny
data: {path: /nowhere, classes: [a, b], resize: 2}
model:
  input: [1, 2, 2]
  stages: {b: [flatten, {linear: {out: 2}}]}
"""


def whole_file():
    header = json.dumps({
        "b.1.weight": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]},
        "b.1.bias": {"dtype": "F32", "shape": [2], "data_offsets": [32, 40]},
    }).encode()
    return struct.pack("<Q", len(header)) + header + struct.pack("<10f", *range(10))


def spoilt(whole):
    """Yields every file that is to be read by both."""
    yield whole
    for n in range(len(whole)):
        yield whole[:n]
    for i in range(len(whole) - 40):  # the numbers may be any
        for bit in range(8):
            yield whole[:i] + bytes([whole[i] ^ 1 << bit]) + whole[i + 1:]
    yield whole + b"\0"


def official_takes(content):
    try:
        deserialize(content)
        return True
    except SafetensorError:
        return False


def gnet_takes(gnet, directory, content):
    (directory / "x.safetensors").write_bytes(content)
    result = subprocess.run([gnet, "import", "x.safetensors", "c.yaml", "--out", "y.safetensors"],
                            cwd=directory, capture_output=True, check=False)
    if result.returncode not in (0, 1, 2):
        sys.exit(f"gnet ended with {result.returncode} on {content!r}: {result.stderr!r}")
    return result.returncode == 0


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    gnet = str(pathlib.Path(sys.argv[1]).resolve())
    n_both = n_neither = n_stricter = n_laxer = 0
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "c.yaml").write_text(CONFIG)
        for content in spoilt(whole_file()):
            ours, theirs = gnet_takes(gnet, directory, content), official_takes(content)
            n_both += ours and theirs
            n_neither += not ours and not theirs
            n_stricter += theirs and not ours
            if ours and not theirs:
                n_laxer += 1
                print(f"only gnet takes {content!r}")
    print(f"{n_both} files both take, {n_neither} neither, {n_stricter} only the official reader, "
          f"{n_laxer} only gnet")
    sys.exit(n_laxer > 0 or n_both == 0)


if __name__ == "__main__":
    main()
