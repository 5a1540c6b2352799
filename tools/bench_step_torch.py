#!/usr/bin/python3
"""Times the reference training step in PyTorch: forward, loss, backward and Adam on one batch.

    tools/bench_step_torch.py --mode channels_last --steps 10

Prints the median over the steps. The images are random and stay in memory, so no loading is in it.
"""

import argparse
import pathlib
import statistics
import time

import torch
import yaml
from torch.nn import functional

import torch_net

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = {"default": torch.contiguous_format, "channels_last": torch.channels_last}


def time_steps(model, mode, batch, n_warm_up, n_steps):
    """Seconds of each step after the warm-up."""
    torch.manual_seed(1)
    layout = MODES[mode]
    net = torch_net.build(model)
    torch_net.initialise(net)
    net.to(memory_format=layout)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    src = torch.rand(batch, *model["input"]).to(memory_format=layout)
    labels = torch.randint(10, (batch,))

    seconds = []
    for _ in range(n_warm_up + n_steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        functional.cross_entropy(net(src), labels).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return seconds[n_warm_up:]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default=ROOT / "configs" / "googlenet_fashion.yaml")
    parser.add_argument("--mode", choices=list(MODES), action="append", help="default: both")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    model = yaml.safe_load(pathlib.Path(arguments.config).read_text())["model"]
    for mode in arguments.mode or MODES:
        seconds = time_steps(model, mode, arguments.batch, arguments.warm_up, arguments.steps)
        median = statistics.median(seconds)
        print(f"torch {torch.__version__} {mode}: {arguments.batch / median:.2f} images/s "
              f"({median * 1000:.0f} ms a step, median of {len(seconds)})", flush=True)


if __name__ == "__main__":
    main()
