#!/usr/bin/python3
"""Checks gnet's ONNX export: by ONNX's own checker, and its logits against gnet's.

    tools/check_onnx.py runs/NAME
    tools/check_onnx.py --gnet build/src/cli/gnet --images 8 runs/NAME/checkpoints/best.safetensors

Exports the weights, has ONNX's checker go over the model (full_check: shapes, too), and runs random
images of the network's own size through `gnet predict`, OpenCV's dnn module and ONNX Runtime. The
largest difference of a logit may be 1e-4. Which of them there are is up to the machine: Debian's
python3-onnx, python3-opencv, and PyPI's onnxruntime; what is missing is said, and with none of them
the exit code is 77.
"""

import argparse
import importlib
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

TOLERANCE = 1e-4
SKIPPED = 77


def find(module, package):
    """The module, or None where it is not installed, which is said."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"{package}: not installed, not checked")
        return None


def export(gnet, weights, path):
    done = subprocess.run([gnet, "export", weights, path], check=True, capture_output=True, text=True)
    print(done.stdout.strip())


def check_model(onnx, path):
    """ONNX's checker, and what gnet says of the file."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path))
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert dims[0].dim_param == "batch", dims
    opset = model.opset_import[0].version
    print(f"onnx {onnx.__version__}: passed (IR version {model.ir_version}, opset {opset})")


def input_shape(weights):
    """[channels, height, width], from the config that the checkpoint carries."""
    path = pathlib.Path(weights)
    path = path / "checkpoints/best.safetensors" if path.is_dir() else path
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    config = header["__metadata__"]["config"]
    line = next(line for line in config.splitlines() if line.strip().startswith("input:"))
    return json.loads(line.split(":", 1)[1])


def write_image(path, pixels):
    """PGM or PPM of [channels][height][width] bytes."""
    channels, height, width = pixels.shape
    header = f"P{5 if channels == 1 else 6} {width} {height} 255\n".encode()
    path.write_bytes(header + pixels.transpose(1, 2, 0).tobytes())


def gnet_logits(gnet, weights, paths):
    command = [gnet, "predict", weights, *map(str, paths), "--json", "--top", "1000"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    rows = []
    for line in done.stdout.splitlines():
        by_label = {entry["label"]: entry["logit"] for entry in json.loads(line)["top"]}
        rows.append([by_label[label] for label in range(len(by_label))])
    return np.array(rows)


def opencv_logits(cv2, path, images):
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(images)
    return net.forward()


def runtime_logits(runtime, path, images):
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"input": images})[0]


def compare(name, logits, expected):
    """Prints the largest difference; returns whether it is small enough."""
    difference = np.abs(logits - expected).max() if logits.shape == expected.shape else np.inf
    good = bool(difference <= TOLERANCE)
    print(
        f"{name}: {len(expected)} images, logits of {expected.min():.3g} to {expected.max():.3g}, "
        f"largest difference {difference:.2g}{'' if good else ': TOO MUCH'}"
    )
    return good


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", help="a run, or a checkpoint")
    parser.add_argument("--gnet", default="gnet", help="the command (default: gnet)")
    parser.add_argument("--images", type=int, default=5, metavar="N", help="default: 5")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    onnx = find("onnx", "python3-onnx")
    cv2 = find("cv2", "python3-opencv")
    runtime = find("onnxruntime", "onnxruntime")
    if not (onnx or cv2 or runtime):
        return SKIPPED
    shape = input_shape(arguments.weights)
    pixels = np.random.default_rng(1).integers(0, 256, (arguments.images, *shape), np.uint8)
    images = pixels.astype(np.float32) / np.float32(255)
    good = True
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        model = directory / "model.onnx"
        export(arguments.gnet, arguments.weights, str(model))
        if onnx:
            check_model(onnx, model)
        paths = [directory / f"{i}.{'pgm' if shape[0] == 1 else 'ppm'}" for i in range(len(pixels))]
        for path, image in zip(paths, pixels):
            write_image(path, image)
        expected = gnet_logits(arguments.gnet, arguments.weights, paths)
        if cv2:
            good &= compare(f"OpenCV {cv2.__version__}", opencv_logits(cv2, model, images), expected)
        if runtime:
            logits = runtime_logits(runtime, model, images)
            good &= compare(f"ONNX Runtime {runtime.__version__}", logits, expected)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
