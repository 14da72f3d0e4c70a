#!/usr/bin/env python3
"""Writes python.pt, a checkpoint of train.py with the smallest networks after two steps, and python.json, what is in it:

    make.py            # with a torch of 2.1 or newer
"""

import hashlib
import json
import pathlib
import sys
from types import SimpleNamespace

import torch

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent))
from train import CLASSES, Progress, Trainer, checkpoint  # noqa: E402


def digest(tensors):
    return {name: hashlib.sha256(t.detach().contiguous().numpy().tobytes()).hexdigest() for name, t in tensors}


def main():
    args = SimpleNamespace(seed=3, device="cpu", flip=False, ngf=1, ndf=1)
    trainer = Trainer(args, torch.zeros(1, 1, 28, 28), [str(i) for i in range(CLASSES)])
    trainer.optimizerD.param_groups[0]["lr"] = 1e-4
    at = Progress()
    at.step, at.epoch, at.epoch_step, at.epoch_rng_state = 7, 2, 3, torch.get_rng_state()
    for _ in range(2):
        trainer.step(torch.randn(4, 1, 28, 28).clamp(-1, 1), torch.randint(CLASSES, (4,)))
    torch.save(checkpoint(trainer, SimpleNamespace(batch_size=4, dataset=range(14)), at), here / "python.pt")
    said = {"random": torch.randint(1000, (8,)).tolist()}  # what comes next
    for part in ("generator", "discriminator"):
        said[part] = digest(getattr(trainer, part).state_dict().items())
    for part, net in (("optimizerG", trainer.generator), ("optimizerD", trainer.discriminator)):
        state = getattr(trainer, part).state
        said[part] = digest((name, torch.cat([state[p]["exp_avg"], state[p]["exp_avg_sq"]])) for name, p in net.named_parameters())
    (here / "python.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
