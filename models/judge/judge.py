"""The judge: a classifier that says which class an image shows, beside judge.go."""

import math

import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = (32, 64, 128)
FEATURES = WIDTHS[-1]


def block(before, channels, stride):
    return [nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]


class Judge(nn.Module):
    """Images [B, channels, H, W] in [-1, 1] to features [B, 128], and to a score for each class [B, classes]."""

    def __init__(self, channels, classes):
        super().__init__()
        layers = []
        for before, width in zip((channels,) + WIDTHS, WIDTHS):
            layers += block(before, width, 1) + block(width, width, 2)  # half the height and width
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(FEATURES, classes)

    def features(self, image):
        x = self.layers(image)  # [B, channels, H, W] -> [B, 128, H/8, W/8]
        return x.mean((2, 3))  # -> [B, 128]

    def forward(self, image):
        return self.classifier(self.features(image))  # -> [B, classes]


def augment(image, flip=False, turn=0.15, scale=0.1, shift=0.1):
    """Turns, scales and shifts each image of [B, C, H, W] at random: angles in radians, shifts in half sides."""
    n = len(image)
    angle, size, x, y = (2 * torch.rand(4, n) - 1) * torch.tensor([turn, scale, shift, shift]).view(4, 1)
    size = 1 + size
    if flip:
        side = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    else:
        side = torch.ones(n)
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    theta = torch.stack([torch.stack([cos * side, -sin, x], 1), torch.stack([sin * side, cos, y], 1)], 1)  # [B, 2, 3]
    grid = F.affine_grid(theta, image.shape, align_corners=False)
    return F.grid_sample(image + 1, grid, align_corners=False) - 1  # black outside
