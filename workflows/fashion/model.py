"""The network, as any PyTorch program would have it: both ways of training take this one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WHITE = 255


class FashionNet(nn.Module):
    """Two convolutions, then three layers: bytes of 28 x 28 pixels to scores of ten classes."""

    def __init__(self, dropout: float = 0.25, classes: int = 10) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 14 x 14
            nn.Conv2d(32, 64, kernel_size=3),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 6 x 6
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64 * 6 * 6, 600),
            nn.Dropout(dropout),
            nn.ReLU(),
            nn.Linear(600, 120),
            nn.ReLU(),
            nn.Linear(120, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Bytes of shape (batch, 1, 28, 28) to scores of shape (batch, 10)."""
        pixels = images.to(torch.get_default_dtype()).div(WHITE)
        return self.head(self.convolutions(pixels))
