#!/usr/bin/python3
"""Times the reference network in PyTorch, in one of the forms that its users know.

    tools/bench_peers_torch.py train channels_last --steps 10

A training step is forward, loss, backward and Adam on one batch; scoring is forward alone. Prints a
JSON line: the median over the steps, and the process's peak of resident memory. The images are
random and stay in memory, so no loading is in it.
"""

import argparse
import contextlib
import json
import pathlib
import resource
import statistics
import time

import torch
import yaml
from torch.nn import functional

import torch_net

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each form does to the network: its memory format, and whether bfloat16 takes over where
# PyTorch's autocast thinks it safe; `frozen` is traced, its weights folded, for scoring alone.
LAYOUTS = {
    "default": torch.contiguous_format,
    "channels_last": torch.channels_last,
    "bf16": torch.channels_last,
    "frozen": torch.contiguous_format,
    "frozen_last": torch.channels_last,
    "frozen_bf16": torch.channels_last,
}
FORMS = {
    "train": ("default", "channels_last", "bf16"),
    "eval": tuple(LAYOUTS),
}


def autocast(form):
    if form.endswith("bf16"):
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def training_step(net, form, src):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    labels = torch.randint(10, (len(src),))

    def step():
        optimizer.zero_grad()
        with autocast(form):
            loss = functional.cross_entropy(net(src), labels)
        loss.backward()
        optimizer.step()

    return step


def scoring_step(net, form, src):
    net.eval()
    with torch.no_grad(), autocast(form):
        if form.startswith("frozen"):
            net = torch.jit.freeze(torch.jit.trace(net, src))

    def step():
        with torch.no_grad(), autocast(form):
            net(src)

    return step


def time_steps(step, n_warm_up, n_steps):
    """Seconds of each step after the warm-up."""
    seconds = []
    for _ in range(n_warm_up + n_steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds[n_warm_up:]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=list(FORMS))
    parser.add_argument("form", choices=list(LAYOUTS))
    parser.add_argument("--config", default=ROOT / "configs" / "googlenet_fashion.yaml")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()
    if arguments.form not in FORMS[arguments.what]:
        parser.error(f"{arguments.form} is not for {arguments.what}")

    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    model = yaml.safe_load(pathlib.Path(arguments.config).read_text())["model"]
    layout = LAYOUTS[arguments.form]
    net = torch_net.build(model)
    torch_net.initialise(net)
    net.to(memory_format=layout)
    src = torch.rand(arguments.batch, *model["input"]).to(memory_format=layout)
    make_step = training_step if arguments.what == "train" else scoring_step
    step = make_step(net, arguments.form, src)
    median = statistics.median(time_steps(step, arguments.warm_up, arguments.steps))
    print(json.dumps({
        "torch": torch.__version__,
        "step_ms": 1000 * median,
        "images_per_s": arguments.batch / median,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    main()
