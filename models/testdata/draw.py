"""Draws with the PyTorch original, for models/exchange_test.go.

    draw.py make GENERATOR.pt NOISE IMAGE           a generator with used statistics, noise, and its images
    draw.py script GENERATOR.pt ARCHIVE             the largest difference of the TorchScript archive to eager
"""

import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cgan import Generator, concat_noise_label  # noqa: E402

torch.manual_seed(5)
label = torch.arange(10)
noise = torch.randn(10, 6, 1, 1)
generator = Generator(6 + 10, 4, 1)


def draw():
    generator.eval()
    with torch.no_grad():
        return generator(concat_noise_label(noise, label, "cpu", 10))


if sys.argv[1] == "make":
    generator(concat_noise_label(noise, label, "cpu", 10))  # in training: moves the running statistics
    torch.save({"epoch": 3, "state_dict": generator.state_dict()}, sys.argv[2])
    pathlib.Path(sys.argv[3]).write_bytes(noise.numpy().tobytes())
    pathlib.Path(sys.argv[4]).write_bytes(draw().numpy().tobytes())
else:
    generator.load_state_dict(torch.load(sys.argv[2], weights_only=True), strict=True)
    script = torch.jit.load(sys.argv[3])
    assert list(script.state_dict()) == list(generator.state_dict())
    print((script(noise, label) - draw()).abs().max().item())
