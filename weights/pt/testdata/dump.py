#!/usr/bin/env python3
"""Loads .pt files with weights_only=True and prints what is in them, one line for each file.

    dump.py [--mmap] FILE...     "ok VALUE" or "error REASON"
    dump.py [--mmap] --stdin     the same for paths that come on standard input

VALUE is a canonical text that the Go tests print too: numbers by their bits, tensors by dtype,
shape and a SHA-256 of their row-major little-endian bytes.
"""
import collections, hashlib, struct, sys, warnings

import torch

warnings.simplefilter("ignore")


def tensor(t):
    t = t.detach().reshape(-1).clone(memory_format=torch.contiguous_format)
    t = torch.view_as_real(t).reshape(-1) if t.is_complex() else t
    return hashlib.sha256(t.view(torch.uint8).numpy().tobytes()).hexdigest()


def dump(v):
    if isinstance(v, torch.Tensor):
        return f"t {str(v.dtype)[6:]} {list(v.shape)} {tensor(v)}".replace(", ", " ")
    if v is None or isinstance(v, bool):
        return str(v)
    if isinstance(v, int):
        return f"i{v}"
    if isinstance(v, float):
        return "f" + struct.pack(">d", v).hex()
    if isinstance(v, str):
        return "s" + v.encode().hex()
    if isinstance(v, list):
        return "[" + ",".join(map(dump, v)) + "]"
    if isinstance(v, tuple):
        return "(" + ",".join(map(dump, v)) + ")"
    if isinstance(v, dict):
        items = ",".join(f"{dump(k)}:{dump(x)}" for k, x in v.items())
        meta = "m" + dump(v._metadata) if hasattr(v, "_metadata") else ""
        return ("o" if isinstance(v, collections.OrderedDict) else "") + "{" + items + "}" + meta
    raise TypeError(type(v).__name__)


def load(path, mmap):
    try:
        return "ok " + dump(torch.load(path, map_location="cpu", weights_only=True, mmap=mmap))
    except Exception as e:
        return "error " + f"{type(e).__name__}: {e}".replace("\n", " ")[:300]


def main():
    args = sys.argv[1:]
    mmap = "--mmap" in args
    paths = [a for a in args if not a.startswith("--")]
    if "--stdin" in args:
        paths = (line.rstrip("\n") for line in sys.stdin)
    for path in paths:
        print(load(path, mmap), flush=True)


if __name__ == "__main__":
    main()
