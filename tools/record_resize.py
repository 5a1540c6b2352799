#!/usr/bin/env python3
"""Records what Pillow's bilinear resize gives, for tests/data/test_resize.c.

Needs Pillow (Debian: python3-pil). From the project's root:

    tools/record_resize.py | clang-format > tests/data/resize_expected.h

The sources are made by the same few lines here and in the test: see noise().
"""
import zlib

import PIL
from PIL import Image

# (source height, source width, destination height, destination width)
WHOLE = [
    (4, 4, 7, 7),
    (3, 5, 4, 7),
    (6, 9, 4, 3),
    (5, 7, 5, 3),
    (5, 7, 8, 7),
    (1, 1, 3, 2),
    (9, 8, 1, 1),
]
SUMS = [
    (28, 28, 224, 224),
    (28, 28, 40, 40),
    (32, 32, 20, 20),
    (28, 28, 28, 28),
    (28, 28, 27, 29),
    (28, 28, 33, 33),
    (31, 17, 64, 64),
    (17, 31, 13, 50),
    (100, 75, 31, 97),
    (1, 64, 9, 9),
    (640, 480, 224, 224),
    (3000, 2, 3, 2),
    (2, 20000, 2, 1),
    (299, 301, 300, 300),
]


def noise(n):
    """The high bytes of a linear congruential generator (Numerical Recipes' constants)."""
    state, pixels = 1, bytearray()
    for _ in range(n):
        state = (1664525 * state + 1013904223) % 2**32
        pixels.append(state >> 24)
    return bytes(pixels)


def edges(n):
    """Black and white only: the sums that come nearest to overflow and to clipping."""
    return bytes(255 if pixel & 64 else 0 for pixel in noise(n))


def white(n):
    return b"\xff" * n


def resize(source, size):
    src_height, src_width, dst_height, dst_width = size
    image = Image.frombytes("L", (src_width, src_height), source(src_height * src_width))
    return image.resize((dst_width, dst_height), Image.BILINEAR).tobytes()


def main():
    print(f"/* Written by tools/record_resize.py with Pillow {PIL.__version__}. */")
    print("static const ExpectedPlane expected_planes[] = {")
    for size in WHOLE:
        pixels = ", ".join(str(pixel) for pixel in resize(noise, size))
        print(f"    {{{', '.join(map(str, size))}, {{{pixels}}}}},")
    print("};\n")
    print("static const ExpectedSums expected_sums[] = {")
    for size in SUMS:
        sums = ", ".join(f"0x{zlib.crc32(resize(source, size)):08x}"
                         for source in (noise, edges, white))
        print(f"    {{{', '.join(map(str, size))}, {{{sums}}}}},")
    print("};")


if __name__ == "__main__":
    main()
