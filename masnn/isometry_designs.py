"""The five residual designs whose isometry is compared, as deep as one likes and never trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from masnn.residual import ResidualSNN, still
from masnn.residual_config import MAX_BLOCKS, NORM_SHARES, ResidualConfig


@dataclass(frozen=True)
class Design:
    """Name a way to build residual blocks.

    Args:
        short: What it is called where there is little room.
        title: What it is called.
        form: What a block does to what its shortcut carries, in LaTeX.
        changes: What it changes in a `ResidualConfig`.
    """

    short: str
    title: str
    form: str
    changes: Mapping[str, Any]


DESIGNS: Mapping[str, Design] = MappingProxyType(
    {
        "vanilla": Design(
            "Vanilla",
            "Vanilla, spikes in the shortcut",
            r"s' = \mathrm{LIF}(s + f(s))",
            {"shortcut": "spike", "attention": "none"},
        ),
        "ms": Design(
            "MS",
            "MS, potentials in the shortcut",
            r"x' = x + f(\mathrm{LIF}(x))",
            {"attention": "none"},
        ),
        "att-1": Design(
            "Att-1",
            "Att-1, gates on the branch",
            r"x' = x + g \cdot f(\mathrm{LIF}(x))",
            {},
        ),
        "att-2": Design(
            "Att-2",
            "Att-2, gates on the sum",
            r"x' = g \cdot (x + f(\mathrm{LIF}(x)))",
            {"attention_site": "sum"},
        ),
        "att-1-code": Design(
            "Att-1, published",
            "Att-1 as published, with a ReLU",
            r"x' = x + \mathrm{ReLU}(g \cdot f(\mathrm{LIF}(x)))",
            {"form": "code"},
        ),
    }
)

#: Scale of each branch's last batch norm before training (threshold-scaled batch norm).
GAIN = ResidualConfig.v_threshold * NORM_SHARES[1]


def config_of(
    design: str, blocks: int, *, width: int = 16, side_px: int = 8, T: int = 1
) -> ResidualConfig:
    """Return a network of equal blocks: one stage, no stride, every shortcut the identity.

    Args:
        design: A key of `DESIGNS`.
        blocks: Its blocks.
        width: Channels of all of them; 4 or more, so that the channel gate's perceptron, of a
            quarter, has a unit.
        side_px: Side of its maps.
        T: Time steps.

    Raises:
        ValueError: If there is no such design, or no network of such sizes.
    """
    if design not in DESIGNS:
        raise ValueError(f"No design is called {design!r}; there are {', '.join(DESIGNS)}.")
    if not 1 <= blocks <= MAX_BLOCKS or width < 4:
        raise ValueError(
            f"Found {blocks} blocks of {width} channels; between 1 and {MAX_BLOCKS} blocks of at "
            "least 4 channels are possible."
        )
    return ResidualConfig(
        n_classes=10,
        T=T,
        input_size=(side_px, side_px),
        in_channels=1,
        blocks=(blocks,),
        width=width,
        stem_kernel=3,
        stem_stride=1,
        stem_pool=False,
        strides=(1,),
        channel_reduction=4,
        **DESIGNS[design].changes,
    )


def fresh(
    config: ResidualConfig, frames: Tensor, *, gain: float = GAIN, seed: int = 0
) -> ResidualSNN:
    """Return a network as it stands before training, with the statistics of these frames.

    Args:
        config: Its configuration.
        frames: What gives the batch norms their statistics, (B, T, C, H, W).
        gain: Scale of each branch's last batch norm, zeta in the paper.
        seed: Draws its weights.

    Raises:
        ValueError: If the gain is no number of at least 0.
    """
    if not (math.isfinite(gain) and gain >= 0):
        raise ValueError(f"The gain must be a number of at least 0, found {gain}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ResidualSNN(config)
    for block in network.each_block():
        nn.init.constant_(block.norm2.weight, gain)  # type: ignore[arg-type]
    network.requires_grad_(False)
    calibrate(network, frames)
    return network


def noise(config: ResidualConfig, n_inputs: int, seed: int = 0) -> Tensor:
    """Return still images of standard normal pixels, (n_inputs, T, C, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n_inputs, config.in_channels, *config.input_size)
    return still(torch.randn(shape, generator=generator), config.T)


@torch.no_grad()
def calibrate(network: ResidualSNN, frames: Tensor) -> None:
    """Give every batch norm the statistics of these frames, from the input on; no weight changes.

    In training each batch brings its own statistics, so this is what the first batch would meet,
    less the small share of the gradient that runs through the statistics themselves. Writes to
    `network` and leaves it in evaluation.

    Args:
        network: The network.
        frames: Input, (B, T, C, H, W); every map must hold more than one number over all of it.
    """
    network.eval()
    _restart(network.stem_norm)
    network.into_blocks(frames)
    network.eval()
    carried = network.into_blocks(frames)
    for block in network.each_block():
        _restart(block)
        network.through(block, carried)
        block.eval()
        carried = network.through(block, carried)


def _restart(module: nn.Module) -> None:
    """Put a module into training, and let the next batch alone decide its statistics."""
    module.train()
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None  # the mean over batches, of which there will be one
