"""The three attention gates (when, what, where) and their composition by letters.

Each gate only returns its weights in (0, 1); the layer decides what they multiply
(`layers.SpikingLayer`), because that is where the paper and its published code differ.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: The eight combinations of the paper's Table 6 and the letters of the gates each one has.
ATTENTIONS: dict[str, str] = {
    "none": "",
    "TA": "T",
    "CA": "C",
    "SA": "S",
    "TCA": "TC",
    "TSA": "TS",
    "CSA": "CS",
    "TCSA": "TCS",
}


class _PooledGate(nn.Module):
    """Sigmoid of a shared two-layer perceptron of the average and of the maximum.

        g = sigmoid(W1 relu(W0 avg) + W1 relu(W0 max))

    The CBAM form of Yao et al. 2023, Eq. 7 (time) and Eq. 9 (channel); no biases.
    """

    def __init__(self, size: int, reduction: int) -> None:
        super().__init__()
        if reduction < 1 or size // reduction < 1:
            raise ValueError(
                f"a reduction of {reduction} leaves no unit of {size}: take 1 to {size}"
            )
        self.squeeze = nn.Linear(size, size // reduction, bias=False)
        self.expand = nn.Linear(size // reduction, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2) if x.ndim > 2 else x.unsqueeze(-1)
        average, maximum = flat.mean(-1), flat.amax(-1)
        scores = self.expand(self.squeeze(average).relu()) + self.expand(
            self.squeeze(maximum).relu()
        )
        return scores.sigmoid()


class TemporalGate(_PooledGate):
    """Weigh time steps: T weights for one recording; every step sees all others (non-causal).

    Shape:
        (B, T, ...) -> (B, T).
    """


class ChannelGate(_PooledGate):
    """Weigh channels: C weights, pooled over every axis after the channel's.

    Shape:
        (B, C, ...) -> (B, C).
    """


class SpatialGate(nn.Module):
    """Weigh places: a convolution of the average and the maximum over channels.

        g = sigmoid(conv_kxk([avg; max]))

    Yao et al. 2023, Eq. 11, with a 7 x 7 kernel; their published code takes 3 x 3.

    Shape:
        (B, C, H, W) -> (B, H, W).
    """

    def __init__(self, kernel: int) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"the spatial gate's kernel must be odd, found {kernel}")
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.stack((x.mean(1), x.amax(1)), dim=1)
        return self.conv(pooled)[:, 0].sigmoid()


def make_gate(
    letter: str,
    *,
    T: int,
    channels: int,
    temporal_reduction: int,
    channel_reduction: int,
    kernel: int,
) -> nn.Module:
    """Return the gate of a letter for maps of so many channels at T steps.

    Raises:
        ValueError: If a reduction leaves no unit, or the kernel is even.
    """
    if letter == "T":
        return TemporalGate(T, temporal_reduction)
    if letter == "C":
        return ChannelGate(channels, channel_reduction)
    return SpatialGate(kernel)
