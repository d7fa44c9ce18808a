"""What the spatial gates' maps draw, as one block of bytes: arrays in, no Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.figures import style
from app.figures.block import Block, colour_table

#: Rows, then columns.
Borders = tuple[NDArray[np.floating], NDArray[np.floating]]


def content(
    gates: Mapping[str, NDArray[np.floating]],
    borders: Mapping[str, Borders],
    strength: NDArray[np.integer],
    steps: NDArray[np.integer],
    busiest: Mapping[str, NDArray[np.integer] | None],
    *,
    over: str = "events",
) -> bytes:
    """Return all that the maps of a network's spatial gates need.

    Args:
        gates: Weights by layer, each (T, H, W), or (1, H, W) where one map holds for all steps.
        borders: Borders of the gates' rows and columns by layer, (H + 1,) and (W + 1,), in px of
            the input.
        strength: Events that the network saw, (T, 2, H_in, W_in), or how bright the picture is,
            (T, 1, H_in, W_in). Of a picture the first step travels alone, and nothing of it
            where nothing is drawn.
        steps: The network's own step at each tick of the player, -1 outside its window, (ticks,).
        busiest: The channel that fires most at each place, (H, W), by layer: its neuron is opened
            by a click.
        over: What is drawn over the gates: "events", "ink", or nothing where it would tell nothing.
    """
    block = Block()
    # A picture is the same at every step; a photograph is not drawn.
    events = strength.sum(1) if over == "events" else strength[: int(bool(over)), 0]
    return block.closed(
        {
            "over": over,
            "layers": [
                {
                    "name": name,
                    "shape": list(weights.shape),
                    "gate": block.put(weights, "f4"),
                    "rows": block.put(borders[name][0], "f4"),
                    "columns": block.put(borders[name][1], "f4"),
                    "busiest": _channels(block, busiest.get(name), weights.shape[1:]),
                    "low": float(weights.min()),
                    "high": float(weights.max()),
                }
                for name, weights in gates.items()
            ],
            "events": {
                "shape": [len(events), *strength.shape[2:]],
                "counts": block.put(events.clip(max=np.iinfo(np.uint16).max), "u2"),
                # One strong pixel must not blacken the rest.
                "tops": [_strong(events), _strong(events.sum(0))],
            },
            "steps": block.put(steps, "i4"),
            "table": block.put(colour_table(style.GATE_SCALE), "u1"),
        }
    )


def _channels(
    block: Block, busiest: NDArray[np.integer] | None, size: tuple[int, ...]
) -> dict[str, Any] | None:
    """Return the channels where a gate's places are those of the layer's neurons."""
    return None if busiest is None or busiest.shape != size else block.put(busiest, "u2")


def _strong(events: NDArray[np.integer]) -> float:
    """Return the number of events from which on a pixel is drawn in full."""
    fired = events[events > 0]
    return max(float(np.percentile(fired, 99)), 1.0) if fired.size else 1.0
