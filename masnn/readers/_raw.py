"""What a format's decoder returns, and the step from there to validated events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from masnn.errors import EventFileError
from masnn.events import MAX_SENSOR_PX, Events, first_step_back

#: More events than any sensor writes in a recording that a network looks at; 1.3 GB of memory.
MAX_EVENTS = 100_000_000

#: Times beyond it (36,000 years) are no times; differences of smaller ones cannot overflow.
MAX_TIME_US = 1 << 60

_DAY_US = 86_400_000_000

#: A day's recording that counts ns has such times before its unit is corrected; beyond it, one is
#: damaged.
MAX_DURATION_US = 1000 * _DAY_US

#: Share of the events that may lie outside the sensor, and are then left out: transmission errors.
MAX_OUTSIDE = 0.01

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

    def cut_off(self, left_over: int, *, empty: bool | None = None) -> None:
        """Say that so many bytes at the file's end were left out, if any; refuse what has no more.

        Args:
            left_over: Bytes at the end that are no whole event.
            empty: Whether the file holds no whole event, where these here are not all of it.

        Raises:
            Malformed: If something is left over of a file without a whole event.
        """
        if not left_over:
            return
        many = "last byte is" if left_over == 1 else f"last {left_over:,} bytes are"
        if len(self.t) == 0 if empty is None else empty:
            raise Malformed(f"holds no whole event, and its {many} none; the file is cut short")
        self.warnings.append(f"The {many} no whole event and were left out: the file is cut short.")


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
    try:
        # Most files are right: they are looked at once, by what would refuse them.
        events = _events(raw, usual)
    except ValueError:
        _check_times(raw.t)
        _leave_out_outside(raw)
        raw.t = raw.t.astype(np.int64, copy=False)
        _sort(raw)
        events = _events(raw, usual)
    _check_times(events.t, in_order=True)
    if raw.width is None or raw.height is None:
        raw.warnings.append(
            f"The file does not give the sensor's size; {events.width} x {events.height} px is the "
            "smallest usual sensor that holds all events."
        )
    return events


def _events(raw: Raw, usual: tuple[int, int] | None) -> Events:
    if raw.width is None or raw.height is None:
        width, height = _sensor(raw, usual)
    else:
        width, height = raw.width, raw.height
    return Events(raw.x, raw.y, raw.t, raw.p, width, height)  # type: ignore[arg-type]


def _check_times(t: NDArray[np.integer], *, in_order: bool = False) -> None:
    """Refuse times that no clock shows, and a duration that no recording has."""
    if not len(t):
        return
    low, high = (int(t[0]), int(t[-1])) if in_order else (int(t.min()), int(t.max()))
    if low < -MAX_TIME_US or high > MAX_TIME_US:
        far = int(t.argmin() if low < -MAX_TIME_US else t.argmax())
        raise Malformed(f"event {far + 1} has t = {int(t[far])} us, which is no time")
    if high - low > MAX_DURATION_US:
        raise Malformed(
            f"its times span {(high - low) / _DAY_US:,.0f} days, more than the "
            f"{MAX_DURATION_US // _DAY_US:,} accepted; that of event {int(t.argmin()) + 1} or "
            f"{int(t.argmax()) + 1} is damaged"
        )


def _leave_out_outside(raw: Raw) -> None:
    """Leave out the few events that lie outside the sensor; refuse a file with many."""
    outside: NDArray[np.bool_] | None = None
    told = ""
    for name, declared in (("x", raw.width), ("y", raw.height)):
        values = getattr(raw, name)
        limit = MAX_SENSOR_PX if declared is None else declared
        if values.min() >= 0 and values.max() < limit:
            continue
        bad = (values < 0) | (values >= limit)
        first = int(bad.argmax())
        told = told or (
            f"event {first + 1} has {name} = {int(values[first])}, outside the sensor's "
            f"0..{limit - 1}"
        )
        outside = bad if outside is None else outside | bad
    if outside is None:
        return
    n = int(np.count_nonzero(outside))
    if n > MAX_OUTSIDE * len(outside):
        raise Malformed(f"{told} ({n:,} such events)")
    keep = ~outside
    for name in "xytp":
        setattr(raw, name, getattr(raw, name)[keep])
    raw.warnings.append(f"{n:,} events outside the sensor were left out; {told}.")


def _sort(raw: Raw) -> None:
    """Put events in order of time where they are not, and say where and how far they were not."""
    first = first_step_back(raw.t)
    if first is None:
        return
    steps = raw.t[1:] - raw.t[:-1]
    backwards, longest = int(np.count_nonzero(steps < 0)), -int(steps.min())
    del steps
    raw.warnings.append(
        f"Times went backwards {backwards:,} times, first at event {first + 1:,} (t = "
        f"{int(raw.t[first]):,} us), by {longest:,} us at most; the events were put in order of "
        "time."
    )
    order = np.argsort(raw.t, kind="stable")
    for name in "xytp":  # one after the other, so that only one is there twice
        setattr(raw, name, getattr(raw, name)[order])


def _sensor(raw: Raw, usual: tuple[int, int] | None) -> tuple[int, int]:
    """Return the smallest usual sensor that holds every event, or the events' own extent."""
    width = int(raw.x.max()) + 1 if len(raw.x) else 1
    height = int(raw.y.max()) + 1 if len(raw.y) else 1
    for sensor in ((usual,) if usual else ()) + SENSORS:
        if width <= sensor[0] and height <= sensor[1]:
            return sensor
    return width, height


def fail(name: str, problem: object) -> EventFileError:
    """Return the error that a visitor sees."""
    line = " ".join(str(problem).split())
    return EventFileError(f"{name}: {line.rstrip('.')}.")
