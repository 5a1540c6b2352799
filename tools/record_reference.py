#!/usr/bin/python3
"""Records what PyTorch computes, for the tests to compare gnet with: tests/reference/.

Run by hand, with Debian 12's python3-torch and python3-yaml. It takes a minute.

Small networks, NAME.yaml (the `model` section) and NAME.safetensors
    <parameter>                        initial weights
    src [28][channels][height][width]  the images, and labels [28]
    <recipe>.losses [30]               mean cross-entropy of each of 30 steps
    <recipe>.weights.<parameter>       the weights after the last of them
    <recipe>.losses.f64 [30]           the same losses had all been computed in double precision
    <recipe>.drift [1]                 how far from those of double precision the weights are at the
                                       end: the largest L2 distance of a parameter over its L2 norm
    An epoch is five batches, images 0-5, 6-11, 12-17, 18-23 and 24-27: the last is short. Six
    epochs, always in this order. RECIPES has the recipes' settings, and the metadata repeats them.

The reference network on a batch of 8, googlenet.safetensors
    labels [8], logits [8][10], loss [1]
    grad.<parameter> [20]              L2 norm, sum, projections on two vectors of +-1, 16 elements
    each also as exact.<name>, had all been computed in double precision.
    Nothing else is stored, since the weights and images are defined by a hash:
        mix(x) is the finaliser of MurmurHash3 (32 bits)
        h(stream, index) = mix(index + 0x9E3779B9 * (stream + 1)), modulo 2^32
        uniform(stream, index) = h(stream, index) / 2^32, in double precision
    Parameter p, counted from 0 in the order of the layers, an inception's branches in the order of
    its tuple, weight before bias: float32(width * (uniform(p, index) - 0.5)), where index is
    row-major (OIHW) and width is sqrt(24 / (out * kernel * kernel)) for a convolution's weights
    (Kaiming's variance, fan-out), 0.005 for the linear layer's and 0.1 for biases.
    Image n: float32(uniform(1000, index) * (n + 1) / 8), index row-major in [8][1][224][224].
    Elements recorded of the gradient of p: h(2000 + p, k) modulo its size, k = 0 ... 15.
    Projections: the sum of +element where h(3000 + p, index) < 2^31 and -element elsewhere; for
    the second one h(4000 + p, index). A norm hides a permutation and samples the rest; these don't.
    A ReLU or a max pool whose inputs tie to within rounding goes either way, and below it gradients
    differ by 1e-4 to 1e-3 of their norm, their sum by that much of norm * sqrt(size); the exact
    values show how far PyTorch itself is off.
"""

import pathlib

import numpy as np
import torch
import yaml
from torch.nn import functional

import tensor_file
import torch_net

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "tests" / "reference"

BATCHES = [range(0, 6), range(6, 12), range(12, 18), range(18, 24), range(24, 28)]
N_IMAGES = 28
N_STEPS = 30

RECIPES = {
    "adam": (torch.optim.Adam, {"lr": 0.005}),
    "sgd": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.0001}),
    "nesterov": (
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.0001, "nesterov": True},
    ),
}

# Widths that are no multiple of a vector's, sizes that leave a rest at every stride.
NETWORKS = {
    "plain": """\
# Convolutions and both kinds of pooling, one of them with padding that counts in the mean.
model:
  input: [1, 20, 20]
  stages:
    stem:
      - conv: {out: 7, kernel: 5, stride: 2, pad: 2}
      - relu
      - max_pool: {kernel: 3, stride: 2, pad: 1}
    body:
      - conv: {out: 13, kernel: 3}
      - relu
      - avg_pool: {kernel: 2, stride: 1, pad: 1}
    head:
      - flatten
      - linear: {out: 5}
""",
    "inception": """\
# Inception blocks of odd widths on an image that is not square.
model:
  input: [3, 17, 13]
  stages:
    b1:
      - conv: {out: 5, kernel: 3, stride: 2, pad: 1}
      - relu
    b2:
      - inception: [5, 3, 7, 1, 2, 3]
      - inception: [7, 5, 13, 3, 5, 1]
      - max_pool: {kernel: 3, stride: 2, pad: 1}
    b3:
      - avg_pool: global
      - flatten
      - linear: {out: 7}
""",
    "mixed": """\
# The reference network's pattern in small, with a width of one vector and a bit.
model:
  input: [1, 20, 20]
  stages:
    b1:
      - conv: {out: 20, kernel: 7, stride: 2, pad: 3}
      - relu
      - max_pool: {kernel: 3, stride: 2, pad: 1}
    b2:
      - conv: {out: 7, kernel: 1}
      - relu
      - conv: {out: 17, kernel: 3, pad: 1}
      - relu
    b3:
      - inception: [13, 5, 16, 3, 5, 6]
      - avg_pool: {kernel: 2, stride: 2}
    b4:
      - inception: [5, 7, 9, 5, 4, 2]
      - avg_pool: global
      - flatten
      - linear: {out: 10}
""",
}


def train(net, recipe, src, labels):
    """Trains the steps of a recipe; returns their losses."""
    optimizer_class, settings = RECIPES[recipe]
    optimizer = optimizer_class(net.parameters(), **settings)
    losses = []
    for step in range(N_STEPS):
        batch = list(BATCHES[step % len(BATCHES)])
        loss = functional.cross_entropy(net(src[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses, np.float32)


def drift(single, double):
    """The largest relative L2 distance of two states' parameters."""
    distances = [
        np.linalg.norm(single[key] - double[key]) / np.linalg.norm(double[key]) for key in double
    ]
    return np.array([max(distances)], np.float32)


def record_small(name, text):
    model = yaml.safe_load(text)["model"]
    torch.manual_seed(sum(name.encode()))
    net = torch_net.build(model)
    weights = torch_net.state_arrays(net)
    src = torch.randn(N_IMAGES, *model["input"])
    classes = model["stages"][list(model["stages"])[-1]][-1]["linear"]["out"]
    labels = torch.randint(classes, (N_IMAGES,))

    tensors = {**weights, "src": src.numpy(), "labels": labels.numpy()}
    for recipe in RECIPES:
        final = {}
        for dtype, suffix in [(torch.float32, ""), (torch.float64, ".f64")]:
            torch_net.load_arrays(net.float(), weights)
            net.to(dtype)
            tensors[f"{recipe}.losses{suffix}"] = train(net, recipe, src.to(dtype), labels)
            final[suffix] = {key: value.numpy().copy() for key, value in net.state_dict().items()}
        tensors |= {f"{recipe}.weights.{key}": value for key, value in final[""].items()}
        tensors[f"{recipe}.drift"] = drift(final[""], final[".f64"])
        single, double = tensors[recipe + ".losses"], tensors[recipe + ".losses.f64"]
        print(f"{name} {recipe}: loss {single[0]:.4f} -> {single[-1]:.4f}, "
              f"float against double at most {np.max(np.abs(single / double - 1)):.1e}, "
              f"weights {tensors[recipe + '.drift'][0]:.1e}")

    settings = {key: str(options) for key, (_, options) in RECIPES.items()}
    (REFERENCE / f"{name}.yaml").write_text(text)
    tensor_file.write(REFERENCE / f"{name}.safetensors", tensors, settings)


def hashes(stream, count):
    """h(stream, 0 ... count - 1) of the docstring."""
    x = np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B9 * (stream + 1) & 0xFFFFFFFF)
    x = x.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def uniform(stream, shape):
    return hashes(stream, int(np.prod(shape))).astype(np.float64).reshape(shape) / 2.0**32


def hashed_weights(net):
    arrays = {}
    for number, (name, parameter) in enumerate(net.named_parameters()):
        shape = tuple(parameter.shape)
        if len(shape) == 4:
            width = np.sqrt(24.0 / (shape[0] * shape[2] * shape[3]))
        else:
            width = 0.005 if len(shape) == 2 else 0.1
        arrays[name] = (width * (uniform(number, shape) - 0.5)).astype(np.float32)
    return arrays


def describe(number, gradient):
    """The 20 numbers recorded of a gradient; sums in double precision."""
    flat = gradient.numpy().ravel()
    exact = flat.astype(np.float64)
    numbers = [np.sqrt(np.dot(exact, exact)), exact.sum()]
    for stream in (3000, 4000):
        plus = hashes(stream + number, flat.size) < 2**31
        numbers.append(np.where(plus, exact, -exact).sum())
    samples = exact[hashes(2000 + number, 16) % flat.size]
    return np.concatenate([numbers, samples]).astype(np.float32)


def record_step(net, src, labels, prefix):
    net.zero_grad()
    logits = net(src)
    loss = functional.cross_entropy(logits, labels)
    loss.backward()
    tensors = {
        prefix + "logits": logits.detach().numpy().astype(np.float32),
        prefix + "loss": np.array([loss.item()], np.float32),
    }
    for number, (name, parameter) in enumerate(net.named_parameters()):
        tensors[f"{prefix}grad.{name}"] = describe(number, parameter.grad)
    return tensors


def record_googlenet():
    config = yaml.safe_load((ROOT / "configs" / "googlenet_fashion.yaml").read_text())
    net = torch_net.build(config["model"])
    print(f"reference network: {torch_net.n_parameters(net):,} parameters")
    assert torch_net.n_parameters(net) == torch_net.REFERENCE_PARAMETERS
    torch_net.load_arrays(net, hashed_weights(net))
    brightness = np.arange(1, 9).reshape(8, 1, 1, 1) / 8
    src = torch.from_numpy((uniform(1000, (8, 1, 224, 224)) * brightness).astype(np.float32))
    labels = torch.arange(8) * 3 % 10
    tensors = {"labels": labels.numpy(), **record_step(net, src, labels, "")}
    tensors |= record_step(net.double(), src.double(), labels, "exact.")

    worst = max(abs(tensors[name] - tensors["exact." + name]).max() / tensors["exact." + name][0]
                for name in tensors if name.startswith("grad."))
    print(f"logits {tensors['logits'][0].round(3)}, loss {tensors['loss'][0]:.5f}; gradients, "
          f"float against double: at most {worst:.1e} of their norm")
    tensor_file.write(REFERENCE / "googlenet.safetensors", tensors)


def main():
    torch.set_num_threads(2)
    REFERENCE.mkdir(exist_ok=True)
    for name, text in NETWORKS.items():
        record_small(name, text)
    record_googlenet()


if __name__ == "__main__":
    main()
