"""Builds the network of a gnet config in PyTorch, with gnet's names for its parameters.

The peer that gnet's numbers are compared with. Debian 12's python3-torch (1.13) is enough.
"""

import torch
from torch import nn
from torch.nn import functional

REFERENCE_PARAMETERS = 5_977_530


class Inception(nn.Module):
    """Four branches over one input, their channels concatenated."""

    def __init__(self, channels, widths):
        super().__init__()
        out1x1, reduce3x3, out3x3, reduce5x5, out5x5, out_pool = widths
        self.branch1x1 = nn.Conv2d(channels, out1x1, 1)
        self.branch3x3 = reduced(channels, reduce3x3, out3x3, 3)
        self.branch5x5 = reduced(channels, reduce5x5, out5x5, 5)
        self.branch_pool = nn.Sequential(
            nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, out_pool, 1), nn.ReLU()
        )

    def forward(self, src):
        branches = [
            functional.relu(self.branch1x1(src)),
            self.branch3x3(src),
            self.branch5x5(src),
            self.branch_pool(src),
        ]
        return torch.cat(branches, 1)


def reduced(channels, reduce, out, kernel):
    """A branch that reduces the channels by a 1x1 convolution before its kernel."""
    return nn.Sequential(
        nn.Conv2d(channels, reduce, 1),
        nn.ReLU(),
        nn.Conv2d(reduce, out, kernel, padding=kernel // 2),
        nn.ReLU(),
    )


def conv(shape, options):
    return nn.Conv2d(
        shape[0],
        options["out"],
        options["kernel"],
        stride=options.get("stride", 1),
        padding=options.get("pad", 0),
    )


def pool(kind, options):
    kernel = options["kernel"]
    return kind(kernel, stride=options.get("stride", kernel), padding=options.get("pad", 0))


def avg_pool(shape, options):
    if options == "global":
        return nn.AvgPool2d(tuple(shape[1:]))
    layer = pool(nn.AvgPool2d, options)
    layer.count_include_pad = options.get("count_include_pad", True)
    return layer


OPERATIONS = {
    "conv": conv,
    "relu": lambda shape, options: nn.ReLU(),
    "max_pool": lambda shape, options: pool(nn.MaxPool2d, options),
    "avg_pool": avg_pool,
    "flatten": lambda shape, options: nn.Flatten(),
    "linear": lambda shape, options: nn.Linear(shape[0], options["out"]),
    "inception": lambda shape, options: Inception(shape[0], options),
}


def build(model):
    """The network of a config's `model` section: a Sequential of stages, each a Sequential."""
    probe = torch.zeros(1, *model["input"])
    stages = nn.Sequential()
    for name, items in model["stages"].items():
        stage = nn.Sequential()
        for index, item in enumerate(items):
            kind, options = next(iter(item.items())) if isinstance(item, dict) else (item, None)
            layer = OPERATIONS[kind](probe.shape[1:], options)
            with torch.no_grad():
                probe = layer(probe)
            stage.add_module(str(index), layer)
        stages.add_module(name, stage)
    return stages


def initialise(net):
    """Kaiming normal convolutions (fan-out), normal(0, 0.01) linear layers, biases 0."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


def n_parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def state_arrays(net):
    """The weights as float32 numpy arrays by name, copied."""
    return {name: value.detach().float().numpy().copy() for name, value in net.state_dict().items()}


def load_arrays(net, arrays):
    """Sets the weights; names and shapes have to be the network's, none more and none missing."""
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
