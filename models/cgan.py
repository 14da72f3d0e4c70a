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


# --- generator.go ------------------------------------------------------------------------------


class Generator(nn.Module):
    def __init__(self, nz=100, nch_g=64, nch=1):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.ConvTranspose2d(nz, nch_g * 4, 3, 1, 0),
            nn.BatchNorm2d(nch_g * 4),
            nn.ReLU(),
        )
        self.layer2 = nn.Sequential(
            nn.ConvTranspose2d(nch_g * 4, nch_g * 2, 3, 2, 0),
            nn.BatchNorm2d(nch_g * 2),
            nn.ReLU(),
        )
        self.layer3 = nn.Sequential(
            nn.ConvTranspose2d(nch_g * 2, nch_g, 4, 2, 1),
            nn.BatchNorm2d(nch_g),
            nn.ReLU(),
        )
        self.layer4 = nn.Sequential(
            nn.ConvTranspose2d(nch_g, nch, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z):  # [B, nz, 1, 1]
        z = self.layer1(z)  # [B, 4g, 3, 3]
        z = self.layer2(z)  # [B, 2g, 7, 7]
        z = self.layer3(z)  # [B, g, 14, 14]
        z = self.layer4(z)  # [B, nch, 28, 28]
        return z


# --- discriminator.go --------------------------------------------------------------------------


class Discriminator(nn.Module):
    def __init__(self, nch=1, nch_d=64, sigmoid=True):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(nch, nch_d, 4, 2, 1),
            nn.LeakyReLU(0.2),
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(nch_d, nch_d * 2, 4, 2, 1),
            nn.BatchNorm2d(nch_d * 2),
            nn.LeakyReLU(0.2),
        )
        self.layer3 = nn.Sequential(
            nn.Conv2d(nch_d * 2, nch_d * 4, 3, 2, 0),
            nn.BatchNorm2d(nch_d * 4),
            nn.LeakyReLU(0.2),
        )
        self.layer4 = nn.Sequential(
            nn.Conv2d(nch_d * 4, 1, 3, 1, 0),
            nn.Sigmoid() if sigmoid else nn.Identity(),
        )

    def forward(self, x):  # [B, nch, 28, 28]
        x = self.layer1(x)  # [B, d, 14, 14]
        x = self.layer2(x)  # [B, 2d, 7, 7]
        x = self.layer3(x)  # [B, 4d, 3, 3]
        x = self.layer4(x)  # [B, 1, 1, 1]
        return x.view(-1)  # [B]

    def spectral_norm(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.utils.spectral_norm(module)
