#!/usr/bin/env python3
"""Writes the fixtures of this folder with the torch that runs it, and beside each a .dump with
what torch reads back (see dump.py).

    make.py FOLDER

Names end in the torch version: state.v215.pt. Run it once with torch 2.1 and once with 2.15.
"""
import collections, pathlib, sys

import torch
from torch import nn

import dump

TAG = "v" + "".join(torch.__version__.split("+")[0].split(".")[:2])


def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 2))


def trained():
    model = net()
    adam = torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999))
    model(torch.randn(2, 3, 2, 2)).sum().backward()
    adam.step()
    return {"generator": model.state_dict(), "optimizerG": adam.state_dict(), "epoch": 3}


def views():
    base = torch.arange(24, dtype=torch.float32)
    return {
        "base": base, "transposed": base.view(4, 6).t(), "slice": base[5:9], "step": base[1::3],
        "strided": base.view(2, 3, 4)[:, 1:, ::2], "expanded": torch.tensor([7.0]).expand(3, 5),
        "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "scalar": torch.tensor(5), "none": torch.empty(0, 3), "one": base[3:4].view(1, 1, 1),
        "flipped": base.view(2, 12).permute(1, 0)[::4],
    }


def types():
    names = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128"
    return {n: (torch.arange(-3, 5).to(torch.int64) * 0.375).to(getattr(torch, n)) for n in names.split()}


def values():
    p = nn.Parameter(torch.ones(2))
    with_state = nn.Parameter(torch.zeros(3))
    out = {
        "ints": [0, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -1, -(2**31), -(2**31) - 1, 2**62, -(2**63)],
        "floats": [0.0, -0.0, 1.5, 1e300, float("inf")], "text": ["", "é", "日本", "\U0001f600", "x" * 300],
        "other": (None, True, False, (), [], {}, ((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))),
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), 7: "seven", "size": torch.Size([2, 3]),
        "parameter": p, "grad": torch.ones(2, requires_grad=True), "same": [p, p],
    }
    if TAG != "v21":  # torch 2.1 refuses these under weights_only
        with_state.note = "hello"
        out["with_state"] = with_state
        out["v3"] = torch.arange(4).to(torch.uint16)
    return out


def nan():
    return {"fine": torch.ones(3), "bad": torch.tensor([1.0, float("nan")])}


def main():
    folder = pathlib.Path(sys.argv[1])
    for make in (net, trained, views, types, values, nan):
        v = make().state_dict() if make is net else make()
        save(folder, make.__name__, v)
    save(folder, "legacy", trained(), _use_new_zipfile_serialization=False)
    save(folder, "legacyviews", views(), _use_new_zipfile_serialization=False)
    if hasattr(torch.serialization, "set_crc32_options"):
        torch.serialization.set_crc32_options(False)
        save(folder, "nocrc", nan())


def save(folder, name, value, **how):
    path = folder / f"{name}.{TAG}.pt"
    torch.save(value, path, **how)
    path.with_suffix(".dump").write_text(dump.load(path, False) + "\n")


if __name__ == "__main__":
    main()
