"""What torch.nn makes of the layers in a file of cases: their state, outputs and gradients, for exchange_test.go.

    layers.py CASES RESULTS THREADS
"""

import base64
import contextlib
import json
import sys

import torch
from torch import nn


class Reshape(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, x):
        return x.reshape(x.size(0), *self.sizes)


def make(layer):
    args = {name: tuple(value) if isinstance(value, list) else value for name, value in layer["args"].items()}
    module = Reshape(**args) if layer["op"] == "Reshape" else getattr(nn, layer["op"])(**args)
    return nn.utils.spectral_norm(module) if layer["spectral"] else module


def run(case):
    """Yields names and tensors: of the new layers, then of two steps in training and one in evaluation."""
    torch.manual_seed(case["seed"])
    net = nn.Sequential(*[make(layer) for layer in case["layers"]])
    for key, value in net.state_dict().items():
        yield "init " + key, value
    with torch.no_grad():  # the ones and zeros of a new norm would hide mistakes
        for p in net.parameters():
            p.normal_()
    for step in ["train 1", "train 2", "eval"]:
        net.train(step != "eval")
        x = draw(case)
        y = forward(case, net, x)
        g = torch.randn(y.shape)
        (y.float() * g).sum().backward()
        yield step + " output", y.float()
        if x.grad is not None:
            yield step + " gradient of the input", x.grad
        for key, p in net.named_parameters():
            yield step + " gradient of " + key, p.grad
        for key, value in net.state_dict().items():
            yield step + " " + key, value
        net.zero_grad()


def draw(case):
    if case["rows"]:
        return torch.randint(case["rows"], case["shape"])
    return torch.randn(case["shape"]).requires_grad_()


def forward(case, net, x):
    if not case["bf16"]:
        return net(x)
    with torch.autocast("cpu", torch.bfloat16):
        return net(x if case["rows"] else x.bfloat16())


def text(tensor):
    return base64.b64encode(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()).decode()


cases, results, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
with open(cases) as file:
    all_cases = json.load(file)
with open(results, "w") as file:
    json.dump([[{"name": name, "bytes": text(tensor)} for name, tensor in run(case)] for case in all_cases], file)
