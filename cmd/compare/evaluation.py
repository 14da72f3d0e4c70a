#!/usr/bin/env python3
"""The Python side of `compare evaluation`: draws images, has the judge read them, and prints the seconds.

    evaluation.py --threads N --count N JUDGE.pt CHECKPOINT.pt
"""

import argparse
import json
import pathlib
import sys
import time

import torch

root = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "train"), str(root / "models" / "judge")]
from judge import Judge  # noqa: E402
from train import CLASSES, NOISE, Generator, concat_noise_label  # noqa: E402

BATCH = 250

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--count", type=int, required=True)
parser.add_argument("judge")
parser.add_argument("checkpoint")
args = parser.parse_args()
torch.set_num_threads(args.threads)
judge, generator = Judge(1, CLASSES).eval(), Generator(NOISE + CLASSES, 128, 1).eval()
judge.load_state_dict(torch.load(args.judge, weights_only=True))
generator.load_state_dict(torch.load(args.checkpoint, weights_only=True)["generator"])
noise, label = torch.randn(args.count, NOISE, 1, 1), torch.arange(args.count) % CLASSES
features, read = [], []
began = time.perf_counter()
with torch.no_grad():
    for start in range(0, args.count, BATCH):
        z, y = noise[start : start + BATCH], label[start : start + BATCH]
        seen = judge.features(generator(concat_noise_label(z, y, "cpu", CLASSES)))
        features.append(seen)
        read.append(judge.classifier(seen).argmax(1))
print(json.dumps({"seconds": time.perf_counter() - began, "right": (torch.cat(read) == label).sum().item()}))
