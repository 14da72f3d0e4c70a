"""Generators as people write them, for models/families_test.go: three of each family, each with other keys, orders, activations and
sizes. They are made up here, with used statistics and weights that are random.

    families.py FOLDER      writes NAME.pt and NAME.npz: noise, labels (where there are any), images

Files are in the zip form or in the one before it, bare, in a checkpoint, or wrapped, as the last argument of each says.
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

CLASSES, BATCH = 10, 6


# --- MLP with embedding or one-hot ---------------------------------------------------------------


class MLPEmbedding(nn.Module):
    """The label in front, and eps 0.8, where a momentum was meant."""

    nz = (100,)

    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(CLASSES, CLASSES)

        def block(i, o, normalize=True):
            layers = [nn.Linear(i, o)]
            if normalize:
                layers.append(nn.BatchNorm1d(o, 0.8))
            return [*layers, nn.LeakyReLU(0.2, inplace=True)]

        self.model = nn.Sequential(*block(110, 32, normalize=False), *block(32, 64), *block(64, 128), nn.Linear(128, 784), nn.Tanh())

    def forward(self, z, y):
        return self.model(torch.cat((self.label_emb(y), z), -1)).view(-1, 1, 28, 28)


class MLPOneHot(nn.Module):
    nz = (64,)

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64 + CLASSES, 48)
        self.fc2 = nn.Linear(48, 96)
        self.fc3 = nn.Linear(96, 784)

    def forward(self, z, y):
        x = torch.cat([z, nn.functional.one_hot(y, CLASSES).float()], 1)
        x = torch.relu(self.fc2(torch.relu(self.fc1(x))))
        return torch.sigmoid(self.fc3(x)).view(-1, 1, 28, 28)


class MLPDeep(nn.Module):
    """No bias before a norm, dropout, colour."""

    nz = (40,)

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(CLASSES, 24)
        self.net = nn.Sequential(
            nn.Linear(64, 40, bias=False), nn.BatchNorm1d(40), nn.LeakyReLU(0.2), nn.Dropout(0.3),
            nn.Linear(40, 56, bias=False), nn.BatchNorm1d(56), nn.LeakyReLU(0.2),
            nn.Linear(56, 3 * 32 * 32), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z, y):
        return self.net(torch.cat([z, self.embed(y)], dim=1)).view(z.size(0), 3, 32, 32)


# --- ConvTranspose2d stacks -----------------------------------------------------------------------


def up(i, o, k, s, p, bias=False, act=None):
    return [nn.ConvTranspose2d(i, o, k, s, p, bias=bias), nn.BatchNorm2d(o), act or nn.ReLU(True)]


class ConvOneHot(nn.Module):
    nz = (100, 1, 1)

    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            *up(110, 32, 7, 1, 0), *up(32, 16, 4, 2, 1), nn.ConvTranspose2d(16, 1, 4, 2, 1, bias=False), nn.Tanh()
        )

    def forward(self, z, y):
        onehot = torch.eye(CLASSES)[y].view(-1, CLASSES, 1, 1)
        return self.main(torch.cat([z, onehot], 1))


class ConvEmbedding(nn.Module):
    """Blocks in blocks, and an embedding as wide as the noise."""

    nz = (50, 1, 1)

    def __init__(self):
        super().__init__()
        self.gen = nn.Sequential(
            nn.Sequential(*up(100, 32, 4, 1, 0)), nn.Sequential(*up(32, 16, 4, 2, 1)), nn.Sequential(*up(16, 8, 4, 2, 1)),
            nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip
        self.embed = nn.Embedding(CLASSES, 50)

    def forward(self, z, y):
        return self.gen(torch.cat([z, self.embed(y).unsqueeze(2).unsqueeze(3)], dim=1))


class ConvLeaky(nn.Module):
    """64 pixels, colour, biases, one attribute a layer."""

    nz = (20, 1, 1)

    def __init__(self):
        super().__init__()
        widths = [30, 32, 24, 16, 8]
        for i in range(4):
            setattr(self, f"deconv{i + 1}", nn.ConvTranspose2d(widths[i], widths[i + 1], 4, 2 if i else 1, 1 if i else 0))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(widths[i + 1]))
        self.deconv5 = nn.ConvTranspose2d(8, 3, 4, 2, 1)

    def forward(self, z, y):
        x = torch.cat([z, nn.functional.one_hot(y, CLASSES).float()[:, :, None, None]], 1)
        for i in range(1, 5):
            x = nn.functional.leaky_relu(getattr(self, f"bn{i}")(getattr(self, f"deconv{i}")(x)), 0.2)
        return torch.tanh(self.deconv5(x))


# --- Linear, then ConvTranspose2d -----------------------------------------------------------------


class LinearConv(nn.Module):
    nz = (62,)

    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(72, 32 * 7 * 7), nn.BatchNorm1d(32 * 7 * 7), nn.ReLU())
        self.deconv = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid()
        )

    def forward(self, z, y):
        x = self.fc(torch.cat([z, torch.eye(CLASSES)[y]], 1))
        return self.deconv(x.view(-1, 32, 7, 7))


class TwoPaths(nn.Module):
    """Noise and label each become 7x7 before they meet."""

    nz = (100,)

    def __init__(self):
        super().__init__()
        self.label_embedding = nn.Embedding(CLASSES, 50)
        self.label_linear = nn.Linear(50, 49)
        self.latent = nn.Sequential(nn.Linear(100, 16 * 49), nn.LeakyReLU(0.2))
        self.model = nn.Sequential(
            nn.ConvTranspose2d(17, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(16, 1, 7, padding=3), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z, y):
        label = self.label_linear(self.label_embedding(y)).view(-1, 1, 7, 7)
        return self.model(torch.cat([self.latent(z).view(-1, 16, 7, 7), label], 1))


class OutputPadding(nn.Module):
    nz = (32,)

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, 8)
        self.project = nn.Linear(40, 24 * 8 * 8)
        self.conv1 = nn.ConvTranspose2d(24, 16, 3, 2, 1, output_padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.ConvTranspose2d(16, 3, 3, 2, 1, output_padding=1)

    def forward(self, z, y):
        x = torch.relu(self.project(torch.cat([z, self.embedding(y)], 1)).view(-1, 24, 8, 8))
        return torch.tanh(self.conv2(torch.relu(self.bn1(self.conv1(x)))))


# --- Linear, then Upsample or PixelShuffle and Conv2d ------------------------------------------------


class UpsampleNearest(nn.Module):
    nz = (54,)

    def __init__(self):
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(64, 16 * 7 * 7))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(16), nn.Upsample(scale_factor=2), nn.Conv2d(16, 16, 3, stride=1, padding=1), nn.BatchNorm2d(16, 0.8),
            nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 3, 1, 1), nn.BatchNorm2d(8, 0.8), nn.LeakyReLU(0.2),
            nn.Conv2d(8, 1, 3, 1, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z, y):
        x = self.l1(torch.cat([z, torch.eye(CLASSES)[y]], 1))
        return self.conv_blocks(x.view(-1, 16, 7, 7))


class UpsampleBilinear(nn.Module):
    nz = (40,)

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(CLASSES, 10)
        self.fc = nn.Linear(50, 12 * 8 * 8)
        self.body = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Conv2d(12, 12, 3, padding=1, bias=False),
            nn.BatchNorm2d(12), nn.ReLU(), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(12, 3, 5, padding=2), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z, y):
        return self.body(torch.relu(self.fc(torch.cat([z, self.emb(y)], 1))).view(-1, 12, 8, 8))


class Shuffle(nn.Module):
    nz = (30,)

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(40, 16 * 7 * 7)
        self.blocks = nn.Sequential(
            nn.Conv2d(16, 32, 3, 1, 1), nn.PixelShuffle(2), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 1, 1), nn.PixelShuffle(2), nn.ReLU(), nn.Conv2d(4, 1, 3, 1, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z, y):
        return self.blocks(self.linear(torch.cat([z, torch.eye(CLASSES)[y]], 1)).view(-1, 16, 7, 7))


# --- the label multiplied in -----------------------------------------------------------------------


class TimesUpsample(UpsampleNearest):
    nz = (64,)

    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(CLASSES, 64)

    def forward(self, z, y):
        return self.conv_blocks(self.l1(torch.mul(self.label_emb(y), z)).view(-1, 16, 7, 7))


class TimesConv(nn.Module):
    nz = (48, 1, 1)

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, 48)
        self.layers = nn.Sequential(*up(48, 24, 4, 1, 0), *up(24, 12, 3, 2, 1), *up(12, 8, 4, 2, 1), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh())

    def forward(self, z, y):
        return self.layers(z * self.embedding(y).view(-1, 48, 1, 1))


class TimesMLP(nn.Module):
    nz = (32,)

    def __init__(self):
        super().__init__()
        self.label_embedding = nn.Embedding(CLASSES, 32)
        self.hidden = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 96), nn.ReLU())
        self.out = nn.Linear(96, 784)

    def forward(self, z, y):
        return torch.tanh(self.out(self.hidden(z * self.label_embedding(y)))).view(-1, 1, 28, 28)


# --- no label at all ---------------------------------------------------------------------------------


class DCGAN(nn.Module):
    nz = (100, 1, 1)

    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            *up(100, 64, 4, 1, 0), *up(64, 32, 4, 2, 1), *up(32, 16, 4, 2, 1), *up(16, 8, 4, 2, 1),
            nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        return self.main(z)


class PlainMLP(nn.Module):
    nz = (64,)

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(64, 32), nn.LeakyReLU(0.2), nn.Linear(32, 64), nn.LeakyReLU(0.2), nn.Linear(64, 784), nn.Tanh()
        )

    def forward(self, z):
        return self.model(z).view(-1, 1, 28, 28)


class PlainLinearConv(nn.Module):
    nz = (100,)

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(100, 32 * 7 * 7)
        self.bn0 = nn.BatchNorm2d(32)
        self.up1 = nn.ConvTranspose2d(32, 16, 4, 2, 1)
        self.bn1 = nn.BatchNorm2d(16)
        self.up2 = nn.ConvTranspose2d(16, 1, 4, 2, 1)

    def forward(self, z):
        x = torch.relu(self.bn0(self.fc(z).view(-1, 32, 7, 7)))
        return torch.tanh(self.up2(torch.relu(self.bn1(self.up1(x)))))


def bare(state):
    return state


def checkpoint(state):
    return {"epoch": 7, "G_state_dict": state, "D_state_dict": {"fc.weight": torch.zeros(1, 784)}, "loss": 0.5}


def wrapped(state):
    return {"state_dict": {"module." + key: t for key, t in state.items()}}


NETS = {
    "mlp_embedding": (MLPEmbedding, bare, True), "mlp_onehot": (MLPOneHot, checkpoint, False), "mlp_deep": (MLPDeep, wrapped, True),
    "conv_onehot": (ConvOneHot, bare, False), "conv_embedding": (ConvEmbedding, checkpoint, True), "conv_leaky": (ConvLeaky, bare, True),
    "linear_conv": (LinearConv, bare, True), "two_paths": (TwoPaths, wrapped, False), "output_padding": (OutputPadding, checkpoint, True),
    "upsample_nearest": (UpsampleNearest, bare, True), "upsample_bilinear": (UpsampleBilinear, bare, False), "shuffle": (Shuffle, checkpoint, True),
    "times_upsample": (TimesUpsample, checkpoint, True), "times_conv": (TimesConv, bare, False), "times_mlp": (TimesMLP, wrapped, True),
    "dcgan": (DCGAN, bare, True), "plain_mlp": (PlainMLP, checkpoint, False), "plain_linear_conv": (PlainLinearConv, wrapped, True),
}  # fmt: skip


def make(folder, name, net, form, zipped):
    labelled = name not in ("dcgan", "plain_mlp", "plain_linear_conv")

    def inputs(n):
        noise = torch.randn(n, *net.nz)
        return (noise, torch.arange(n) % CLASSES) if labelled else (noise,)

    with torch.no_grad():
        for key, parameter in net.named_parameters():
            if parameter.dim() == 1:  # norms begin with ones and zeros, which would hide a mistake
                parameter.add_(torch.randn_like(parameter), alpha=0.2)
        for _ in range(3):  # running statistics of their own
            net(*inputs(32))
        net.eval()
        given = inputs(BATCH)
        images = net(*given)
    torch.save(form(net.state_dict()), folder / f"{name}.pt", _use_new_zipfile_serialization=zipped)
    arrays = dict(zip(("noise", "labels"), (t.numpy() for t in given)))
    np.savez(folder / f"{name}.npz", **arrays, images=images.numpy())


if __name__ == "__main__":
    torch.manual_seed(3)
    for name, (kind, form, zipped) in NETS.items():
        make(pathlib.Path(sys.argv[1]), name, kind(), form, zipped)
