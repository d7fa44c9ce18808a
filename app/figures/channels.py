"""What the channels' tiles draw, as one block of bytes: arrays in, no Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.figures import style
from app.figures.block import Block, colour_table


class Layer(NamedTuple):
    """Say what the channels of one network's layer did.

    Args:
        title: The network's name.
        shape: The layer's neurons, (C, H, W).
        packed: Spikes as bits of the flattened (T, C, H, W).
        rates: Rate of each neuron over all steps, (C, H, W).
        fired: Spikes of each channel, (C,): whole numbers, for equal channels are of one rank.
        kinds: Kind of each channel, C words.
        steps: The layer's own step at each tick of the player, -1 outside its window, (ticks,).
        gate: Channel gate, (T or 1, C), or None.
    """

    title: str
    shape: tuple[int, ...]
    packed: NDArray[np.uint8]
    rates: NDArray[np.floating]
    fired: NDArray[np.integer]
    kinds: Sequence[str]
    steps: NDArray[np.integer]
    gate: NDArray[np.floating] | None


def content(
    layers: Sequence[Layer | None], T: Sequence[int], *, by_number: bool, dark: bool
) -> bytes:
    """Return all that the tiles of one layer of A and B need.

    Args:
        layers: The layer in A and in B, None where a network lacks it.
        T: Steps of A and of B.
        by_number: Whether channels of one number are one channel in A and B; otherwise they are
            compared rank by rank.
        dark: Whether the page is dark.
    """
    block = Block()
    sides: list[dict[str, Any]] = []
    for layer, steps, colour in zip(layers, T, (style.COLOUR_A, style.colour_b(dark)), strict=True):
        side: dict[str, Any] = {"colour": colour, "T": steps, "shape": None, "gate": None}
        if layer is not None:
            side |= {
                "title": layer.title,
                "shape": list(layer.shape),
                "spikes": block.put(layer.packed, "u1"),
                "rates": block.put(layer.rates, "f4"),
                "fired": block.put(layer.fired, "i4"),
                "kinds": list(layer.kinds),
                "steps": block.put(layer.steps, "i4"),
                "gate": None if layer.gate is None else block.put(layer.gate, "f4"),
            }
        sides.append(side)
    top = max(float(layer.rates.max()) for layer in layers if layer is not None) or 1.0
    table = block.put(colour_table(style.RATE_SCALE), "u1")
    return block.closed({"sides": sides, "byNumber": by_number, "top": top, "table": table})
