"""What a format's decoder returns, and the step from there to validated events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from masnn.errors import EventFileError
from masnn.events import MAX_SENSOR_PX, Events

#: More events than any sensor writes in a recording that a network looks at; 1.3 GB of memory.
MAX_EVENTS = 100_000_000

#: Times beyond it (36,000 years) are no times; differences of smaller ones cannot overflow.
MAX_TIME_US = 1 << 60

#: Usual sensors, (width, height) in px, from small to large.
SENSORS = (
    (34, 34),
    (128, 128),
    (240, 180),
    (304, 240),
    (320, 240),
    (346, 260),
    (640, 480),
    (1280, 720),
    (1920, 1080),
)


class Malformed(Exception):
    """A decoder's complaint, without the file's name, which it does not know."""


@dataclass
class Raw:
    """Hold decoded events as the file has them.

    Args:
        x: Columns in px from the left, whole numbers of any type.
        y: Rows in px from the top.
        t: Times in us.
        p: Polarities, 1 = ON.
        width: Sensor width in px, or None where the file does not say.
        height: Sensor height in px, or None.
        warnings: What was left out, assumed or changed, each a sentence.
        format: The format's name where decoding tells more than recognising did.
        time_unit: What the file was taken to count time in; `t` is in us all the same.
    """

    x: NDArray[np.integer]
    y: NDArray[np.integer]
    t: NDArray[np.integer]
    p: NDArray[np.integer] | NDArray[np.bool_]
    width: int | None = None
    height: int | None = None
    warnings: list[str] = field(default_factory=list)
    format: str | None = None
    time_unit: str = "us"


def finish(raw: Raw, usual: tuple[int, int] | None = None) -> Events:
    """Return validated events; sort them and choose a sensor where the file leaves that open.

    Args:
        raw: Decoded events; its `warnings` grow by what is done here.
        usual: (width, height) of the format's usual sensor, taken if all events fit into it.

    Raises:
        Malformed: If there are too many events or one lies outside the sensor.
    """
    n_events = len(raw.t)
    if n_events > MAX_EVENTS:
        raise Malformed(f"{n_events:,} events are more than the {MAX_EVENTS:,} accepted; cut it")
    for side in (raw.width, raw.height):
        if side is not None and not 1 <= side <= MAX_SENSOR_PX:
            raise Malformed(
                f"declares a sensor side of {side} px; 1 to {MAX_SENSOR_PX} is possible"
            )
    far = np.flatnonzero((raw.t < -MAX_TIME_US) | (raw.t > MAX_TIME_US))
    if len(far):
        raise Malformed(
            f"event {int(far[0]) + 1} has t = {int(raw.t[far[0]])} us, which is no time"
        )
    for name, values in (("x", raw.x), ("y", raw.y)):
        declared = raw.width if name == "x" else raw.height
        limit = MAX_SENSOR_PX if declared is None else declared
        bad = np.flatnonzero((values < 0) | (values >= limit))
        if len(bad):
            raise Malformed(
                f"event {int(bad[0]) + 1} has {name} = {int(values[bad[0]])}, outside the sensor's "
                f"0..{limit - 1} ({len(bad):,} such events)"
            )
    if raw.width is None or raw.height is None:
        raw.width, raw.height = _sensor(raw, usual)
        raw.warnings.append(
            f"The file does not give the sensor's size; {raw.width} x {raw.height} px is the "
            "smallest usual sensor that holds all events."
        )
    t = raw.t.astype(np.int64, copy=False)
    backwards = int(np.count_nonzero(t[1:] < t[:-1]))
    order: NDArray[np.intp] | slice = slice(None)
    if backwards:
        order = np.argsort(t, kind="stable")
        raw.warnings.append(
            f"Times went backwards {backwards:,} times; the events were put in order of time."
        )
    return Events(
        raw.x[order].astype(np.uint16),
        raw.y[order].astype(np.uint16),
        t[order],
        raw.p[order].astype(np.uint8),
        raw.width,
        raw.height,
    )


def _sensor(raw: Raw, usual: tuple[int, int] | None) -> tuple[int, int]:
    """Return the smallest usual sensor that holds every event, or the events' own extent."""
    width = int(raw.x.max()) + 1 if len(raw.x) else 1
    height = int(raw.y.max()) + 1 if len(raw.y) else 1
    for sensor in ((usual,) if usual else ()) + SENSORS:
        if width <= sensor[0] and height <= sensor[1]:
            return sensor
    return width, height


def words(content: bytes, dtype: str, start: int, what: str) -> NDArray[np.integer]:
    """Return the rest of a file as whole words, or say how many bytes are left over.

    Raises:
        Malformed: If the rest is no multiple of the word's size.
    """
    size = np.dtype(dtype).itemsize
    left_over = (len(content) - start) % size
    if left_over:
        raise Malformed(
            f"expected {what} of {size} bytes each after byte {start}, found {left_over} bytes too "
            f"many at the end (byte {len(content) - left_over}); the file is cut short"
        )
    array: NDArray[np.integer] = np.frombuffer(content, dtype, offset=start)
    return array


def unwrap(t: NDArray[np.int64], bits: int) -> tuple[NDArray[np.int64], int]:
    """Return times of a `bits`-bit counter without its overflows, and how many there were."""
    span = 1 << bits
    overflows = np.concatenate(([0], np.cumsum(np.diff(t) < -(span >> 1))))
    return t + overflows * span, int(overflows[-1]) if len(t) else 0


def fail(name: str, problem: object) -> EventFileError:
    """Return the error that a visitor sees."""
    line = " ".join(str(problem).split())
    return EventFileError(f"{name}: {line.rstrip('.')}.")
