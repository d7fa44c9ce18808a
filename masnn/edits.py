"""Change a recording's events on purpose, and count what every change removes.

Corrections come first (what the file got wrong), then filters (what the camera got wrong), then the
view: crop, rotation, flips. `apply` keeps this order whatever is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.doctor import hot_pixels
from masnn.errors import EventFileError
from masnn.events import MAX_SENSOR_PX, Events
from masnn.readers import MAX_TIME_US, TIME_UNITS, Recording


@dataclass(frozen=True)
class Edits:
    """Say what is to be changed; nothing by default.

    Args:
        sensor: (width, height) in px of the sensor, where the file's are wrong or missing.
        time_unit: What the file counts time in, a key of `TIME_UNITS`, in place of what it was read
            as (`Recording.time_unit`); None leaves that.
        no_hot_pixels: Leave out the events of hot pixels (`doctor.hot_pixels`).
        background_ms: Leave out events without another one at a pixel beside theirs within so many
            ms before (Delbruck 2008: background activity); None keeps all.
        crop: x0, y0, x1, y1 in px: columns x0 <= x < x1 and rows y0 <= y < y1 stay.
        quarter_turns: So many rotations by 90 degrees, counter-clockwise as one sees the picture.
        flip_x: Swap left and right, after the rotation.
        flip_y: Swap top and bottom, after the rotation.
    """

    sensor: tuple[int, int] | None = None
    time_unit: str | None = None
    no_hot_pixels: bool = False
    background_ms: float | None = None
    crop: tuple[int, int, int, int] | None = None
    quarter_turns: int = 0
    flip_x: bool = False
    flip_y: bool = False


@dataclass(frozen=True)
class Change:
    """Say what one edit did: its name, the events it removed, and the same in a sentence."""

    name: str
    removed: int
    text: str


def apply(events: Events, edits: Edits, read_as: str = "us") -> tuple[Events, tuple[Change, ...]]:
    """Return the changed events, and what each edit did, in the order of doing.

    Args:
        events: The events, their times in us.
        edits: What is to be changed.
        read_as: What their file was taken to count time in, a key of `TIME_UNITS`.

    Raises:
        EventFileError: If an edit does not fit the recording, or leaves no event of it.
    """
    changes = []
    for name, asked, edit in _edits(read_as):
        if asked(edits):
            before = len(events)
            events, told = edit(events, edits)
            removed = before - len(events)
            if removed == before > 0:
                raise EventFileError(
                    f"{told}: that removes all {before:,} events, and none is left; ask for less."
                )
            share = f"; {removed:,} of {before:,} events removed" if removed else ""
            changes.append(Change(name, removed, f"{told}{share}."))
    return events, tuple(changes)


def edited(recording: Recording, edits: Edits) -> Recording:
    """Return a recording with its events changed, and what was changed in its provenance.

    Args:
        recording: A recording as its file holds it.
        edits: What is to be changed.

    Raises:
        EventFileError: If an edit does not fit it, or leaves nothing.
    """
    events, changes = apply(recording.events, edits, recording.time_unit)
    if not changes:
        return recording
    told = tuple(change.text for change in changes)
    return replace(recording, events=events, edits=plain(edits), changes=told)


def plain(edits: Edits) -> dict[str, Any]:
    """Return what is to be changed as plain values by name, fit for JSON; no defaults."""
    return {
        field.name: list(value) if isinstance(value, tuple) else value
        for field in fields(Edits)
        if (value := getattr(edits, field.name)) != field.default
    }


def from_plain(values: Mapping[str, Any]) -> Edits:
    """Return the edits that plain values, anybody's, ask for.

    Raises:
        EventFileError: If they are none.
    """
    unknown = set(values) - set(_RIGHT)
    wrong = [name for name in _RIGHT if name in values and not _RIGHT[name](values[name])]
    for name in (*sorted(map(str, unknown)), *wrong):
        raise EventFileError(f"An edit {name!r} of {values.get(name)!r:.60} is not known.")
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Edits(**given)


def options(edits: Edits) -> str:
    """Return the options of the command line that ask for the same."""
    words: list[object] = []
    if edits.sensor:
        words += ["--sensor", *edits.sensor]
    if edits.time_unit:
        words += ["--time-unit", edits.time_unit]
    if edits.no_hot_pixels:
        words += ["--no-hot-pixels"]
    if edits.background_ms is not None:
        words += ["--no-background", f"{edits.background_ms:g}"]
    if edits.crop:
        words += ["--crop", *edits.crop]
    if edits.quarter_turns % 4:
        words += ["--rotate", 90 * (edits.quarter_turns % 4)]
    words += ["--flip-x"] * edits.flip_x + ["--flip-y"] * edits.flip_y
    return " ".join(map(str, words))


def _are_whole(value: object, n: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == n
        and all(type(x) is int and abs(x) < 1 << 31 for x in value)
    )


_RIGHT: dict[str, Callable[[Any], bool]] = {
    "sensor": lambda v: _are_whole(v, 2),
    "time_unit": lambda v: v in TIME_UNITS if isinstance(v, str) else False,
    "no_hot_pixels": lambda v: type(v) is bool,
    "background_ms": lambda v: type(v) in (int, float),
    "crop": lambda v: _are_whole(v, 4),
    "quarter_turns": lambda v: type(v) is int and abs(v) < 1000,
    "flip_x": lambda v: type(v) is bool,
    "flip_y": lambda v: type(v) is bool,
}


def supported(events: Events, within_us: int) -> NDArray[np.bool_]:
    """Return which events follow another at one of the eight pixels around theirs, (n,).

    Args:
        events: The events.
        within_us: So long before at most; an event at the very same time counts.

    Raises:
        EventFileError: If pixels times time are more than a 64-bit number holds.
    """
    width, height = events.width, events.height
    x, y = events.x.astype(np.int64), events.y.astype(np.int64)
    places = y * width + x
    # Longer silences than asked for are all alike, and shortened leave more room.
    own = np.cumsum(np.minimum(np.diff(events.t, prepend=events.t[:1]), within_us + 1))
    # Place and time as one number: a pixel's events lie together, in order, and `within_us` does
    # not reach the next pixel's. One search a neighbour finds its latest event.
    span = int(own[-1] if len(own) else 0) + within_us + 2
    if width * height * span > 1 << 62:
        raise EventFileError("This recording is too long for the filter; cut it shorter.")
    keys = np.sort(places * span + own)
    found = np.zeros(len(events), np.bool_)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if dx == dy == 0:
                continue
            inside = (x + dx >= 0) & (x + dx < width) & (y + dy >= 0) & (y + dy < height) & ~found
            there = (places[inside] + dy * width + dx) * span + own[inside]
            at = np.searchsorted(keys, there, side="right") - 1
            least = there - np.minimum(within_us, own[inside])
            found[inside] = (at >= 0) & (keys[np.maximum(at, 0)] >= least)
    return found


def _chosen(events: Events, keep: NDArray[np.bool_]) -> Events:
    return Events(
        events.x[keep], events.y[keep], events.t[keep], events.p[keep], events.width, events.height
    )


def _sensor(events: Events, edits: Edits) -> tuple[Events, str]:
    assert edits.sensor is not None
    width, height = edits.sensor
    if not (1 <= width <= MAX_SENSOR_PX and 1 <= height <= MAX_SENSOR_PX):
        raise EventFileError(f"A sensor of {width} x {height} px cannot be; sides are 1 to 8192.")
    x, y = (int(v.max(initial=0)) for v in (events.x, events.y))
    if x >= width or y >= height:
        raise EventFileError(
            f"Events reach column {x} and row {y}, which a sensor of {width} x {height} px does "
            "not have; crop instead."
        )
    told = f"Sensor of {width} x {height} px instead of {events.width} x {events.height} px"
    return Events(events.x, events.y, events.t, events.p, width, height), told


def _time_unit(events: Events, edits: Edits, read_as: str) -> tuple[Events, str]:
    unit = edits.time_unit
    if unit not in TIME_UNITS:
        raise EventFileError(f"Times in {unit!r} are not known; there are {', '.join(TIME_UNITS)}.")
    # Both are powers of ten, and only their quotient counts.
    factor = Fraction(str(TIME_UNITS[unit])) / Fraction(str(TIME_UNITS[read_as]))
    if len(events) and max(abs(int(events.t[0])), abs(int(events.t[-1]))) * factor > MAX_TIME_US:
        raise EventFileError(f"Times in {unit} would lie beyond 36,000 years.")
    # Whole numbers stay whole; smaller units round down, which keeps the order.
    t = events.t * factor.numerator if factor > 1 else events.t // factor.denominator
    told = f"Times read as {unit} instead of {read_as}"
    if read_as == "ns":
        told += ", in steps of 1,000: the rest was rounded off when the file was read"
    return Events(events.x, events.y, t, events.p, events.width, events.height), told


def _no_hot_pixels(events: Events, edits: Edits) -> tuple[Events, str]:
    hot = hot_pixels(events)
    return _chosen(events, ~hot[events.y, events.x]), f"{int(hot.sum()):,} hot pixels left out"


def _no_background(events: Events, edits: Edits) -> tuple[Events, str]:
    ms = edits.background_ms
    assert ms is not None
    if not 0 < ms <= 1e9:
        raise EventFileError(f"Background within {ms:g} ms cannot be; it takes more than 0 ms.")
    kept = supported(events, round(ms * 1000))
    told = f"Background left out: events without another beside them within {ms:g} ms"
    return _chosen(events, kept), told


def _crop(events: Events, edits: Edits) -> tuple[Events, str]:
    assert edits.crop is not None
    x0, y0, x1, y1 = edits.crop
    if not (0 <= x0 < x1 <= events.width and 0 <= y0 < y1 <= events.height):
        raise EventFileError(
            f"A crop of columns {x0} to {x1} and rows {y0} to {y1} does not lie in the sensor's "
            f"{events.width} x {events.height} px."
        )
    keep = (events.x >= x0) & (events.x < x1) & (events.y >= y0) & (events.y < y1)
    part = (events.x[keep] - x0, events.y[keep] - y0, events.t[keep], events.p[keep])
    told = f"Cropped to columns {x0} to {x1 - 1} and rows {y0} to {y1 - 1}"
    return Events(*part, x1 - x0, y1 - y0), told


def _rotate(events: Events, edits: Edits) -> tuple[Events, str]:
    turns = edits.quarter_turns % 4
    x, y, width, height = events.x, events.y, events.width, events.height
    for _ in range(turns):
        # The right column becomes the top row.
        x, y, width, height = y, (width - 1 - x).astype(np.uint16), height, width
    told = f"Rotated by {90 * turns} degrees counter-clockwise"
    return Events(x, y, events.t, events.p, width, height), told


def _flip(events: Events, edits: Edits) -> tuple[Events, str]:
    x = events.width - 1 - events.x if edits.flip_x else events.x
    y = events.height - 1 - events.y if edits.flip_y else events.y
    sides = [
        name
        for name, on in (("left and right", edits.flip_x), ("top and bottom", edits.flip_y))
        if on
    ]
    told = f"Flipped: {', '.join(sides)} swapped"
    return Events(x, y, events.t, events.p, events.width, events.height), told


_Edit = Callable[[Events, Edits], tuple[Events, str]]


def _edits(read_as: str) -> Iterator[tuple[str, Callable[[Edits], bool], _Edit]]:
    """Yield each edit's name, whether it is asked for, and what does it, in the order of doing."""
    yield "sensor", lambda e: e.sensor is not None, _sensor
    time_unit = partial(_time_unit, read_as=read_as)
    yield "time unit", lambda e: e.time_unit not in (None, read_as), time_unit
    yield "hot pixels", lambda e: e.no_hot_pixels, _no_hot_pixels
    yield "background", lambda e: e.background_ms is not None, _no_background
    yield "crop", lambda e: e.crop is not None, _crop
    yield "rotation", lambda e: e.quarter_turns % 4 != 0, _rotate
    yield "flip", lambda e: e.flip_x or e.flip_y, _flip
