"""The network, as any PyTorch program would have it: 784 pixels squeezed through 3 numbers."""

from __future__ import annotations

from torch import Tensor, nn


class Network(nn.Module):
    """Linear 784-64-3 and back, which is to give its input back."""

    def __init__(self, pixels: int = 784, hidden: int = 64, code: int = 3) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def forward(self, images: Tensor) -> Tensor:
        """Reconstruct images: (batch, 784) to (batch, 784)."""
        return self.decoder(self.encoder(images))
