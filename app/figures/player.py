"""What the player draws, as one block of bytes: arrays in, no Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.figures import style
from app.figures.block import Block, colour_table

#: Larger layers travel as one number a place and step, without the choice of a channel.
MAX_SPIKE_BYTES = 4_000_000
#: The input's pixels are joined until its bits take no more.
MAX_INPUT_BYTES = 500_000


class Input(NamedTuple):
    """Say which pixels saw an event at each tick, or what picture is seen at all of them.

    Args:
        bits: Packed flattened (ticks, 2, height, width) of (OFF, ON): whether at least one fell; or
            the picture's colours, flattened (height, width, 3).
        width: Columns after joining.
        height: Rows after joining.
        events: Events at each tick, (ticks,), those in the picture; None of a picture.
    """

    bits: NDArray[np.uint8]
    width: int
    height: int
    events: NDArray[np.int64] | None


class Fired(NamedTuple):
    """Say what one layer fired.

    Args:
        shape: Its neurons, (C, H, W).
        packed: Spikes as bits of the flattened (T, C, H, W).
        counts: Spikes at each place, sum over C, (T, H, W).
        rows: Borders of the map's rows in shares of the input's height, (H + 1,).
        columns: Borders of its columns in shares of the input's width, (W + 1,).
    """

    shape: tuple[int, ...]
    packed: NDArray[np.uint8]
    counts: NDArray[np.integer]
    rows: NDArray[np.floating]
    columns: NDArray[np.floating]


class Track(NamedTuple):
    """Say how one network went through time.

    Args:
        title: Its name.
        steps: Which of its steps each tick lies in, -1 outside, (ticks,).
        nsfr: NSFR(t), (T,).
        votes: Mean votes so far of each class, (T, K).
        classes: Names of the classes.
        prediction: Index of the class it names.
        settled: First step from which the leading class stays, or None where it is silent.
        gate: Temporal gate of the layer shown, (T,), or None.
        fired: What the layer shown fired, or None where the network lacks it.
        shares: Whether votes are shares of all classes instead of rates.
    """

    title: str
    steps: NDArray[np.integer]
    nsfr: NDArray[np.float64]
    votes: NDArray[np.float64]
    classes: Sequence[str]
    prediction: int
    settled: int | None
    gate: NDArray[np.floating] | None
    fired: Fired | None
    shares: bool = False


def input_bits(
    x: NDArray[np.integer],
    y: NDArray[np.integer],
    p: NDArray[np.integer],
    tick: NDArray[np.integer],
    ticks: int,
    field: tuple[int, int, int, int],
) -> Input:
    """Mark the pixels of a field of the sensor that saw an event at each tick.

    Args:
        x: Columns in px.
        y: Rows in px.
        p: Polarities, 1 for ON.
        tick: Tick of each event; others than 0 to `ticks` - 1 are left out.
        ticks: Number of ticks.
        field: (left, top, width, height) in px; it may reach beyond the sensor.
    """
    left, top, width, height = field
    x, y = x.astype(np.int64), y.astype(np.int64)  # a field may begin left of the sensor
    inside = (tick >= 0) & (tick < ticks)
    inside &= (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
    x, y, p, tick = x[inside] - left, y[inside] - top, p[inside], tick[inside]
    joined = 1
    while ticks * 2 * -(-width // joined) * -(-height // joined) > 8 * MAX_INPUT_BYTES:
        joined += 1
    width, height = -(-width // joined), -(-height // joined)
    seen = np.zeros((ticks, 2, height, width), bool)
    seen[tick, p, y // joined, x // joined] = True
    return Input(np.packbits(seen), width, height, np.bincount(tick, minlength=ticks))


def picture(pixels: NDArray[np.uint8]) -> Input:
    """Return the input of networks that see a picture, grey (H, W) or RGB (H, W, 3).

    Of a large one every second, third, ... pixel travels.
    """
    colours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    apart = 1
    while colours[::apart, ::apart].size > MAX_INPUT_BYTES:
        apart += 1
    colours = colours[::apart, ::apart]
    return Input(colours.ravel(), colours.shape[1], colours.shape[0], None)


def content(
    layer: str,
    seen: Input,
    ticks_ms: NDArray[np.float64],
    tracks: Sequence[Track],
    *,
    no_difference: str,
    same_field: bool,
    dark: bool,
    by_number: bool = True,
    in_steps: bool = False,
    asked: int | None = None,
) -> bytes:
    """Return all that the player draws of one layer of A and B.

    Args:
        layer: Name of the layer.
        seen: The input at each tick.
        ticks_ms: Borders of the ticks in ms, (ticks + 1,).
        tracks: A and B.
        no_difference: Why B - A cannot be drawn; empty where it can.
        same_field: Whether input, A and B show the same part of the sensor.
        dark: Whether the page is dark.
        by_number: Whether channels of one number in A and B compare.
        in_steps: Whether borders are in steps instead of ms: a picture has no clock.
        asked: Tick to go to; None leaves the player where it is.
    """
    block = Block()
    header = {
        "asked": asked,
        "layer": layer,
        "in_steps": in_steps,
        "clock": [round(float(edge), 3) for edge in ticks_ms],
        "difference": not no_difference,
        "no_difference": no_difference,
        "by_number": by_number,
        "same_field": same_field,
        "input": {
            "width": seen.width,
            "height": seen.height,
            "bits": block.put(seen.bits, "u1"),
            "events": None if seen.events is None else [int(n) for n in seen.events],
        },
        "sides": [
            _side(track, ticks_ms, colour, block)
            for track, colour in zip(tracks, (style.COLOUR_A, style.colour_b(dark)), strict=True)
        ],
        "scales": {
            "rate": block.put(colour_table(style.RATE_SCALE), "u1"),
            "difference": block.put(colour_table(style.difference_scale(dark)), "u1"),
        },
        "colours": {
            "on": style.COLOUR_ON,
            "off": style.COLOUR_OFF,
            "both": style.COLOUR_GATE,
            "none": "#171b24" if dark else "#f5f6f8",
            "cursor": "rgba(255,255,255,0.10)" if dark else "rgba(0,0,0,0.07)",
        },
    }
    return block.closed(header)


def _side(track: Track, ticks_ms: NDArray[np.float64], colour: str, block: Block) -> dict[str, Any]:
    side: dict[str, Any] = {
        "title": track.title,
        "colour": colour,
        "T": len(track.nsfr),
        "steps": block.put(track.steps, "i4"),
        "nsfr": block.put(track.nsfr, "f4"),
        "votes": block.put(track.votes, "f4"),
        "classes": [name.replace("_", " ") for name in track.classes],
        "prediction": track.prediction,
        "settled": track.settled,
        "shares": track.shares,
        "gate": None if track.gate is None else block.put(track.gate, "f4"),
        "shape": None,
    }
    if track.fired is not None:
        small = track.fired.packed.nbytes <= MAX_SPIKE_BYTES
        side |= {
            "shape": list(track.fired.shape),
            "rows": block.put(track.fired.rows, "f4"),
            "columns": block.put(track.fired.columns, "f4"),
            "spikes": block.put(track.fired.packed, "u1") if small else None,
            "counts": None if small else block.put(track.fired.counts, "u2"),
        }
    return side
