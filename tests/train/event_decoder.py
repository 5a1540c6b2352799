"""Decodes TensorBoard event files with nothing of gnet's or TensorFlow's: the record format and the
protobuf wire format by struct, CRC-32C bit by bit, PNG by zlib.

event_decoder.py DIRECTORY: prints what a reader knows after all the files there, in the order of
their names, as JSON: {"restarts": [step...], "truncated": [file...], "scalars": {tag: [[step,
value]...]}, "images": {tag: [[step, height, width]...]}}. What a START voids is not in it. Exits 1
where a checksum, a message or an image is wrong. With --images PREFIX each image is written to
PREFIX-STEP-TAG.png.
"""

import json
import pathlib
import struct
import sys
import zlib


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """The messages, and None at a last record that is cut short."""
    at = 0
    while at < len(data):
        head = data[at : at + 12]
        if len(head) < 12:
            yield None
            return
        length, crc = struct.unpack("<QI", head)
        assert masked(head[:8]) == crc, f"checksum of the length at {at}"
        message, tail = data[at + 12 : at + 12 + length], data[at + 12 + length : at + 16 + length]
        if len(tail) < 4:
            yield None
            return
        assert masked(message) == struct.unpack("<I", tail)[0], f"checksum of the record at {at}"
        yield message
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """(number, value) of a message's fields: int, bytes, or the bytes of a fixed number."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            assert at + size <= len(data), "a field ends behind its message"
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, packed, size = 8, b"", None
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length :][:4])[0]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    assert len(zlib.decompress(packed)) == size[1] * (3 * size[0] + 1), "pixels are missing"
    return size


class Reader:
    def __init__(self, images_prefix):
        self.restarts, self.truncated, self.scalars, self.images = [], [], {}, {}
        self.images_prefix = images_prefix

    def value(self, step, message):
        parts = dict(fields(message))
        tag = parts[1].decode()
        if 2 in parts:
            self.scalars.setdefault(tag, []).append([step, struct.unpack("<f", parts[2])[0]])
            return
        image = dict(fields(parts[4]))
        width, height = png_size(image[4])
        assert (image[1], image[2], image[3]) == (height, width, 3), "the image's size"
        self.images.setdefault(tag, []).append([step, height, width])
        if self.images_prefix:
            name = f"{self.images_prefix}-{step}-{tag.replace('/', '-')}.png"
            pathlib.Path(name).write_bytes(image[4])

    def restart(self, step):
        self.restarts.append(step)
        for points in (self.scalars, self.images):
            for tag in points:
                points[tag] = [point for point in points[tag] if point[0] < step]

    def event(self, message, first):
        parts = dict(fields(message))
        step = parts.get(2, 0)
        assert 1.5e9 < struct.unpack("<d", parts[1])[0] < 1e10, "the time"
        assert first == (3 in parts), "the version stands in the first event alone"
        if first:
            assert parts[3] == b"brain.Event:2", parts[3]
        elif 7 in parts:
            assert dict(fields(parts[7])) == {1: 1}, "a session log is a START"
            self.restart(step)
        else:
            for number, value in fields(parts[5]):
                assert number == 1
                self.value(step, value)

    def file(self, path):
        for i, message in enumerate(records(path.read_bytes())):
            if message is None:
                self.truncated.append(path.name)
            else:
                self.event(message, i == 0)


def main():
    reader = Reader(sys.argv[3] if sys.argv[2:3] == ["--images"] else None)
    paths = sorted(pathlib.Path(sys.argv[1]).iterdir())
    assert paths and all(path.name.startswith("events.out.tfevents.") for path in paths), paths
    for path in paths:
        reader.file(path)
    del reader.images_prefix
    json.dump(vars(reader), sys.stdout)


if __name__ == "__main__":
    main()
