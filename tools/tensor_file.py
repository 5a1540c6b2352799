"""Reads and writes safetensors files with numpy alone.

Debian 12 has no package of the safetensors library for its Python. The format is
https://github.com/huggingface/safetensors, "Format": a header's length in 8 bytes, a JSON header,
then the tensors' bytes.
"""

import json

import numpy as np

TYPES = {"F32": "<f4", "I64": "<i8", "U8": "|u1"}


def write(path, tensors, texts=None):
    """Writes a dict of numpy arrays (float32, int64 or uint8), and a dict of texts as metadata.

    Without the CRCs of gnet's own files: gnet takes it for what it is, another program's file.
    """
    header = {"__metadata__": dict(texts or {})}
    blobs, offset = [], 0
    for name, array in tensors.items():
        kind = next(key for key, dtype in TYPES.items() if array.dtype == np.dtype(dtype))
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def read(path):
    """Returns the tensors as a dict of numpy arrays, and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        blob = data[start + first : start + last]
        tensors[name] = np.frombuffer(blob, TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata
