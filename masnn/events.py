"""Events of one event-camera recording: validated once, then trusted everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Sides beyond this are refused: no event sensor is near it, and memory is planned from it.
MAX_SENSOR_PX = 8192

#: Times are compared in pieces of so many, so that millions of them need no memory beside.
_PIECE = 1 << 16


@dataclass(frozen=True, eq=False)
class Events:
    """Hold the events of one recording in order of time.

    Arrays are read-only views or copies; the caller's arrays are never written to.

    Args:
        x: Column of each event, shape (n,), in px from the left.
        y: Row of each event, shape (n,), in px from the top.
        t: Time of each event, shape (n,), in us, never decreasing.
        p: Polarity of each event, shape (n,): 1 = ON (brighter), 0 = OFF (darker).
        width: Sensor width in px.
        height: Sensor height in px.

    Raises:
        ValueError: If lengths differ, times decrease, or anything lies outside its range.
    """

    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    t: NDArray[np.int64]
    p: NDArray[np.uint8]
    width: int
    height: int

    def __post_init__(self) -> None:
        for side, value in (("width", self.width), ("height", self.height)):
            if not 1 <= int(value) <= MAX_SENSOR_PX:
                raise ValueError(f"{side} must be 1 to {MAX_SENSOR_PX} px, found {value}")
        n_events = np.asarray(self.t).shape
        bounds = {"x": self.width, "y": self.height, "p": 2}
        for name, dtype in (("x", np.uint16), ("y", np.uint16), ("t", np.int64), ("p", np.uint8)):
            array = _integers(name, getattr(self, name))
            if array.ndim != 1 or array.shape != n_events:
                raise ValueError(
                    f"x, y, t, p must be 1-D and of one length: {name} is {array.shape}"
                )
            if name in bounds and array.size:
                low, high = int(array.min()), int(array.max())
                if low < 0 or high >= bounds[name]:
                    raise ValueError(
                        f"{name} must lie in 0..{bounds[name] - 1}, found {low}..{high}"
                    )
            view = array.astype(dtype, copy=False).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if first_step_back(self.t) is not None:
            raise ValueError("t must never decrease; sort the events first")

    def __len__(self) -> int:
        return len(self.t)

    @property
    def n_on(self) -> int:
        """Count the ON events."""
        return int(np.count_nonzero(self.p))

    @property
    def duration_us(self) -> int:
        """Return the time from the first to the last event in us; 0 for fewer than two."""
        return int(self.t[-1] - self.t[0]) if len(self) else 0

    def between(self, start_us: int, stop_us: int) -> Events:
        """Return the events with start_us <= t < stop_us."""
        first, last = np.searchsorted(self.t, (start_us, stop_us), side="left")
        window = slice(int(first), int(last))
        return Events(
            self.x[window], self.y[window], self.t[window], self.p[window], self.width, self.height
        )


def first_step_back(t: NDArray[np.integer]) -> int | None:
    """Return the place of the first time below the one before it; None where they are in order."""
    for start in range(0, len(t) - 1, _PIECE):
        piece = t[start : start + _PIECE + 1]
        back = piece[1:] < piece[:-1]
        if back.any():
            return start + 1 + int(back.argmax())
    return None


def _integers(name: str, values: ArrayLike) -> NDArray[np.integer]:
    """Return `values` as an integer array, refusing what a cast would silently change."""
    array = np.asarray(values)
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, found {array.dtype}")
    if array.dtype == np.uint64 and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} holds values beyond 64-bit signed integers")
    return array
