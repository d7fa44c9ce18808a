"""Where: maps over the sensor's plane, as blocks of bytes: arrays in, no Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.figures.block import Block, colour_table
from app.figures.style import COLOUR_OFF, COLOUR_ON, RATE_SCALE, difference_scale, typeset


def busiest(*fired: NDArray[np.number] | None) -> list[NDArray[np.integer] | None]:
    """Return which channel fires most at each place, (H, W), of each network.

    Networks of one shape fire together, so that a place leads to one neuron in both.

    Args:
        fired: How often or at what rate each neuron fires, (C, H, W); None where a network lacks
            the layer.
    """
    found: list[NDArray[np.integer] | None] = []
    for own in fired:
        alike = [
            other for other in fired if own is not None and other is not None
            and other.shape == own.shape
        ]  # fmt: skip
        found.append(np.sum(alike, axis=0).argmax(axis=0) if alike else None)
    return found


def response_maps(
    layer: str,
    fired: Sequence[NDArray[np.floating] | None],
    *,
    names: Sequence[str],
    no_difference: str,
    dark: bool,
) -> bytes:
    """Return one layer's rate maps A | B | B - A (paper Fig. 6, with one scale for A and B).

    Args:
        layer: Name of the layer.
        fired: Rate of each neuron of A and of B, (C, H, W); None where a network lacks the layer.
        names: Titles of A and B.
        no_difference: Why B - A is no map; empty where it is one.
        dark: Whether the page is dark.
    """
    block = Block()
    means = [None if rates is None else rates.mean(0) for rates in fired]
    top = max(float(values.max()) for values in means if values is not None) or 1.0
    a, b = means
    change = None if no_difference or a is None or b is None else b - a
    reach = (0.0 if change is None else float(np.abs(change).max())) or 1.0
    made = [
        _map(
            block, f"{who} {name}", who, values, "rate", (0.0, top), note=f"{who} has no {layer}.",
            ink=ink, busiest=channels, fact="" if values is None else f"mean {values.mean():.4f}",
        )
        for ink, (who, name, values, channels) in enumerate(
            zip("AB", names, means, busiest(*fired), strict=True)
        )
    ]  # fmt: skip
    fact = "" if change is None else f"mean {typeset(change.mean(), '+.4f')}"
    made.append(
        _map(
            block, "B \u2212 A", "B \u2212 A", change, "difference", (-reach, reach),
            note=no_difference, fact=fact, signed=True,
        )
    )  # fmt: skip
    tables = {"rate": RATE_SCALE, "difference": difference_scale(dark)}
    return block.closed(
        {
            "label": f"Firing rate of {layer} over the sensor's plane",
            "layer": layer,
            "unit": "spikes per neuron and step",
            "digits": 3,
            "rows": 1,
            "maps": made,
            "tables": {name: block.put(colour_table(of), "u1") for name, of in tables.items()},
        }
    )


def event_images(images: Mapping[str, NDArray[np.integer]], *, dark: bool, rows: int = 1) -> bytes:
    """Return the events that the networks saw, ON and OFF, over the whole window.

    Args:
        images: Events per pixel (OFF, ON), shape (2, H, W), by who saw them.
        dark: Whether the page is dark.
        rows: In so many rows.
    """
    block = Block()
    made = []
    for who, counts in images.items():
        for index, name in ((1, "ON"), (0, "OFF")):
            # One strong pixel must not blacken the rest: the scale ends at the 99th percentile.
            seen = counts[index][counts[index] > 0]
            top = max(float(np.percentile(seen, 99)), 1.0) if seen.size else 1.0
            title = f"{name}, {who}" if who else name
            fact = f"{int(counts[index].sum()):,}"
            made.append(_map(block, title, title, counts[index], name, (0.0, top), fact=fact))
    paper = "rgb(23,27,36)" if dark else "rgb(245,246,248)"
    scales = {
        name: [(0.0, paper), (1.0, colour)]
        for name, colour in (("ON", COLOUR_ON), ("OFF", COLOUR_OFF))
    }
    return block.closed(
        {
            "label": "Events of the window",
            "layer": None,
            "unit": "events",
            "digits": 0,
            "rows": rows,
            "maps": made,
            "tables": {name: block.put(colour_table(of), "u1") for name, of in scales.items()},
        }
    )


def _map(
    block: Block,
    title: str,
    short: str,
    values: NDArray[np.number] | None,
    table: str,
    ends: tuple[float, float],
    *,
    fact: str,
    note: str = "",
    ink: int | None = None,
    busiest: NDArray[np.integer] | None = None,
    signed: bool = False,
) -> dict[str, Any]:
    return {
        "title": title,
        "short": short,
        "values": None if values is None else block.put(values, "f4"),
        "shape": None if values is None else list(values.shape),
        "table": table,
        "low": ends[0],
        "high": ends[1],
        "fact": fact,
        "note": note,
        "ink": ink,
        "busiest": None if busiest is None else block.put(busiest, "u2"),
        "signed": signed,
    }
