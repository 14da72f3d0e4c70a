"""How a judge is trained, beside fit.go.

    python fit.py images.npz    trains one and prints the mean loss of each epoch and the sums of its parameters, as JSON

images.npz holds images, uint8 [N, C, H, W], labels [N] int64, and options: epochs, batch, seed, flip and threads.
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "models" / "judge"))
from judge import Judge, augment


def fit(images, labels, classes, epochs=16, batch=128, lr=2e-3, label_smoothing=0.1, flip=False, seed=0):
    torch.manual_seed(seed)
    judge = Judge(images.shape[1], classes)
    adam = torch.optim.Adam(judge.parameters(), lr)
    loader = DataLoader(TensorDataset(images, labels), batch, shuffle=True)
    step, steps, losses = 0, epochs * len(loader), []
    for _ in range(epochs):
        total = 0.0
        for image, label in loader:
            adam.param_groups[0]["lr"] = lr * min(1, (step + 1) / (0.05 * steps)) * (1 + math.cos(math.pi * step / steps)) / 2
            step += 1
            image = augment(image.float().div(255).sub_(0.5).div_(0.5), flip)
            loss = F.cross_entropy(judge(image), label, label_smoothing=label_smoothing)
            judge.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
        losses.append(total / len(loader))
    return judge.eval(), losses


if __name__ == "__main__":
    f = numpy.load(sys.argv[1])
    epochs, batch, seed, flip, threads = f["options"].tolist()
    torch.set_num_threads(threads)
    images, labels = torch.from_numpy(f["images"]), torch.from_numpy(f["labels"])
    judge, losses = fit(images, labels, 10, epochs, batch, flip=bool(flip), seed=seed)
    with torch.no_grad():
        features = judge.features(images.float().div(255).sub_(0.5).div_(0.5))
    print(json.dumps({"losses": losses, "features": features.flatten().tolist()}))
