"""The PyTorch original of package models: conditioning, generator and discriminator.

Each .go file of this folder stands beside one section, with the same names in the same order.
"""

import torch
from torch import nn


# --- conditioning.go ---------------------------------------------------------------------------


def onehot_encode(label, device, n_class=10):
    identity = torch.eye(n_class, device=device)
    return identity[label].view(-1, n_class, 1, 1)  # [B] -> [B, n, 1, 1]


def concat_noise_label(noise, label, device, n_class=10):
    onehot = onehot_encode(label, device, n_class)
    return torch.cat((noise, onehot), dim=1)  # [B, nz, 1, 1] -> [B, nz+n, 1, 1]


def create_onehot_image(image, label, device, n_class=10):
    batch, _, height, width = image.shape
    onehot = onehot_encode(label, device, n_class)
    planes = onehot.expand(batch, n_class, height, width)  # [B, n, 1, 1] -> [B, n, H, W]
    return torch.cat((image, planes), dim=1)  # [B, C, H, W] -> [B, C+n, H, W]


# --- windows.go --------------------------------------------------------------------------------


def windows(size):
    """Kernel, stride and padding of each layer: from 1x1 up to the image in G, in D from the image down to 1x1."""
    if size == 28:
        return [(3, 1, 0), (3, 2, 0), (4, 2, 1), (4, 2, 1)]  # the article's: 1 -> 3 -> 7 -> 14 -> 28
    return [(4, 1, 0)] + [(4, 2, 1)] * (size.bit_length() - 3)  # 1 -> 4 -> 8 -> ... -> size


# --- generator.go ------------------------------------------------------------------------------


class Generator(nn.Module):
    """For images of 28x28 and 32x32 layer1 to layer4, of 64x64 layer1 to layer5, of 128x128 layer1 to layer6."""

    def __init__(self, nz=100, nch_g=64, nch=1, size=28):
        super().__init__()
        *hidden, last = windows(size)
        width = nch_g * 2 ** len(hidden)
        for i, window in enumerate(hidden, 1):
            width //= 2  # ..., 4g, 2g, g
            layer = nn.Sequential(
                nn.ConvTranspose2d(nz, width, *window),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            )
            self.add_module(f"layer{i}", layer)
            nz = width
        layer = nn.Sequential(
            nn.ConvTranspose2d(nz, nch, *last),
            nn.Tanh(),
        )
        self.add_module(f"layer{len(hidden) + 1}", layer)

    def forward(self, z):  # [B, nz, 1, 1]
        for layer in self.children():
            z = layer(z)  # [B, 4g, 3, 3], [B, 2g, 7, 7], [B, g, 14, 14], [B, nch, 28, 28]
        return z


# --- discriminator.go --------------------------------------------------------------------------


class Discriminator(nn.Module):
    """The generator's windows from the last to the first."""

    def __init__(self, nch=1, nch_d=64, size=28, sigmoid=True):
        super().__init__()
        first, *hidden, last = reversed(windows(size))
        self.layer1 = nn.Sequential(
            nn.Conv2d(nch, nch_d, *first),
            nn.LeakyReLU(0.2),
        )
        width = nch_d
        for i, window in enumerate(hidden, 2):
            layer = nn.Sequential(
                nn.Conv2d(width, width * 2, *window),
                nn.BatchNorm2d(width * 2),
                nn.LeakyReLU(0.2),
            )
            self.add_module(f"layer{i}", layer)
            width *= 2  # d, 2d, 4d, ...
        layer = nn.Sequential(
            nn.Conv2d(width, 1, *last),
            nn.Sigmoid() if sigmoid else nn.Identity(),
        )
        self.add_module(f"layer{len(hidden) + 2}", layer)

    def forward(self, x):  # [B, nch, 28, 28]
        for layer in self.children():
            x = layer(x)  # [B, d, 14, 14], [B, 2d, 7, 7], [B, 4d, 3, 3], [B, 1, 1, 1]
        return x.view(-1)  # [B]

    def spectral_norm(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.utils.spectral_norm(module)
