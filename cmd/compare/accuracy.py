#!/usr/bin/env python3
"""The judge of `compare accuracy`: a small CNN that reads digits.

    accuracy.py train --data DIR JUDGE.pt     # on MNIST's training set; prints its score on the test set
    accuracy.py judge JUDGE.pt CHECKPOINT.pt  # prints how many digits of the generator it reads as asked

Each generator is the original of models/cgan.py in float32 with the same noise, so that only the weights differ.
"""

import argparse
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "train"))
from train import CLASSES, NOISE, Generator, concat_noise_label, loader, read_idx, read_set  # noqa: E402

SEED, EPOCHS, BATCH, EACH = 0, 3, 128, 100  # EACH: images of a class


def network():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),  # [B, 32, 13, 13]
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),  # [B, 64, 5, 5]
        nn.Flatten(), nn.Linear(64 * 5 * 5, 128), nn.ReLU(), nn.Linear(128, CLASSES),
    )


def score(cnn, image, label):
    with torch.no_grad():
        read = torch.cat([cnn(part).argmax(1) for part in image.split(1000)])
    print(json.dumps({"right": (read == label).sum().item(), "images": len(label)}))


def train(args):
    torch.manual_seed(SEED)
    cnn = network()
    optimizer = torch.optim.Adam(cnn.parameters())
    image, label, _ = read_set(args.data)
    epochs = loader(image, label, BATCH)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, EPOCHS * len(epochs))  # ends well above the least score
    for _ in range(EPOCHS):
        for image, label in epochs:
            optimizer.zero_grad()
            cross_entropy(cnn(image), label).backward()
            optimizer.step()
            falling.step()
    torch.save(cnn.state_dict(), args.judge)
    image = read_idx(args.data, "t10k-images-idx3-ubyte").unsqueeze(1)
    image = (image.float() / 255 - 0.5) / 0.5  # as loader does it
    score(cnn, image, read_idx(args.data, "t10k-labels-idx1-ubyte").long())


def judge(args):
    cnn, generator = network(), Generator(NOISE + CLASSES, 128, 1).eval()
    cnn.load_state_dict(torch.load(args.judge, weights_only=True))
    generator.load_state_dict(torch.load(args.checkpoint, weights_only=True)["generator"])
    torch.manual_seed(SEED)
    label = torch.arange(CLASSES).repeat(EACH)
    noise = torch.randn(len(label), NOISE, 1, 1)
    with torch.no_grad():
        score(cnn, generator(concat_noise_label(noise, label, "cpu", CLASSES)), label)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for run in (train, judge):
        command = commands.add_parser(run.__name__)
        command.set_defaults(run=run)
        command.add_argument("--threads", type=int, required=True)
        command.add_argument("judge")
        if run is train:
            command.add_argument("--data", required=True)
        else:
            command.add_argument("checkpoint")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.run(args)


if __name__ == "__main__":
    main()
