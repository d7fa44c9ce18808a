"""Frames: event counts in time bins, brought to a network's input without interpolation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from masnn.events import Events

#: Cells of a frame sequence (T * 2 * H * W) beyond this are refused: 2 GiB of counts.
MAX_CELLS = 1 << 29

#: More events could be more than a count of 32 bits holds; no reader returns a tenth of them.
MAX_EVENTS = (1 << 31) - 1

#: Share of a sensor's side that may be cropped to keep blocks small; beyond it, blocks grow.
_MAX_CROP = 0.1


@dataclass(frozen=True, eq=False)
class Frames:
    """Hold a recording as event counts; every event is in one bin or counted as left out.

    Args:
        counts: Events per bin and pixel, (T, 2, H, W) int32, read-only; the 2 is (OFF, ON).
        edges_us: Half-open borders of the bins in us, (T + 1,), increasing.
        block: Sensor pixels summed into one along each side.
        offset_px: (x, y) on the sensor of the field's corner; negative where it is padded.
        n_events: Events of the recording.
        n_before: Events before the first edge.
        n_after: Events at or after the last edge.
        n_outside_field: Events within the window that lie outside the cropped field.
        first_us: Time of the recording's first event in us.

    Raises:
        ValueError: If the events do not add up.
    """

    counts: NDArray[np.int32]
    edges_us: NDArray[np.int64]
    block: int
    offset_px: tuple[int, int]
    n_events: int
    n_before: int
    n_after: int
    n_outside_field: int
    first_us: int = 0

    def __post_init__(self) -> None:
        from masnn._frame_loops import total  # Numba takes its time to load

        placed = int(total(self.counts))
        if placed + self.n_before + self.n_after + self.n_outside_field != self.n_events:
            raise ValueError("every event must lie in one bin or be counted as left out")
        for name in ("counts", "edges_us"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def T(self) -> int:
        """Return the number of bins."""
        return len(self.counts)

    @property
    def edges_ms(self) -> NDArray[np.float64]:
        """Return the borders of the bins in ms after the recording's first event, (T + 1,)."""
        return (self.edges_us - self.first_us) / 1000

    @property
    def shown(self) -> NDArray[np.int32]:
        """Return what a network is given at each step, (T, 2, H, W)."""
        return self.counts

    @property
    def strength(self) -> NDArray[np.int32]:
        """Return how strongly each pixel is driven at each step: its events, (T, 2, H, W)."""
        return self.counts


def fixed_duration(dt_ms: float, T: int, start_us: int = 0) -> NDArray[np.int64]:
    """Return the borders of T bins of `dt_ms` from `start_us` on, in whole us, (T + 1,).

    Yao et al. 2023, Section III-A: a window of T * dt. Borders are rounded one by one, so a
    fractional dt does not drift.
    """
    if T < 1 or not 0 < dt_ms * T < 1e15:
        raise ValueError(
            f"T must be at least 1 and 0 < dt_ms * T < 1e15 ms, found dt_ms {dt_ms} and T {T}"
        )
    if not -(1 << 62) <= start_us <= 1 << 62:
        raise ValueError(f"start_us must lie within 2**62 us of 0, found {start_us}")
    edges: NDArray[np.int64] = start_us + np.rint(np.arange(T + 1) * dt_ms * 1000).astype(np.int64)
    return edges


def fixed_bins(events: Events, T: int) -> NDArray[np.int64]:
    """Return the borders of T bins, equal to within 1 us, that hold every event, (T + 1,).

    A recording shorter than T us is widened at its end to 1 us a bin.

    Raises:
        ValueError: If there are no events, T < 1, or a border is beyond 64-bit integers.
    """
    if T < 1 or not len(events):
        raise ValueError("fixed_bins needs T of at least 1 and a recording with events")
    first = int(events.t[0])
    length = max(int(events.t[-1]) - first + 1, T)
    if max(length, first + length) > np.iinfo(np.int64).max:
        raise ValueError(f"the {length} us from {first} us on go beyond 64-bit integers")
    # floor(i * length / T), in two parts: the product in one would overflow for long recordings.
    whole, rest = divmod(length, T)
    i = np.arange(T + 1, dtype=np.int64)
    edges: NDArray[np.int64] = first + i * whole + i * rest // T
    return edges


def block_size(sensor: tuple[int, int], size: tuple[int, int]) -> int:
    """Return how many sensor pixels are summed along each side to fit `sensor` into `size`.

    The smaller of the two whole numbers around the exact ratio is taken where it crops at most a
    tenth of each side of the sensor, the larger where it would crop more: 128 to 32 px gives 4,
    34 to 32 gives 1 (a pixel cropped all round), 128 to 34 gives 4 (padded).

    Args:
        sensor: (height, width) in px.
        size: (H, W) of the network's input in px.
    """
    ratio = max(have / want for have, want in zip(sensor, size, strict=True))
    small = max(int(ratio), 1)
    cropped = max(1 - small * want / have for have, want in zip(sensor, size, strict=True))
    return small if cropped <= _MAX_CROP else small + 1


def to_frames(
    events: Events, edges_us: ArrayLike, size: tuple[int, int], *, block: int | None = None
) -> Frames:
    """Count events in bins of time and blocks of pixels.

    The sensor's centre is laid on the field's; blocks are summed, margins padded with zeros or
    cropped, and nothing is interpolated.

    Args:
        events: The recording.
        edges_us: Borders of the bins in us, half-open, increasing, (T + 1,).
        size: (H, W) of the field in px.
        block: Sensor pixels summed along each side; None for `block_size`.

    Raises:
        ValueError: If edges are no integers or do not increase, sizes are not sensible, or events
            are more than `MAX_EVENTS`.
    """
    from masnn._frame_loops import count

    if len(events) > MAX_EVENTS:
        raise ValueError(f"{len(events):,} events could overflow counts; {MAX_EVENTS:,} cannot")
    edges = np.asarray(edges_us)
    if edges.dtype.kind not in "iu":
        raise ValueError(f"edges_us must be whole microseconds, found {edges.dtype}")
    edges = edges.astype(np.int64)
    if edges.ndim != 1 or len(edges) < 2 or np.any(edges[1:] <= edges[:-1]):
        raise ValueError("edges_us must be 1-D and increase, with at least two borders")
    height, width = size
    T = len(edges) - 1
    if min(size) < 1 or T * 2 * height * width > MAX_CELLS:
        raise ValueError(f"T x 2 x H x W = {T} x 2 x {height} x {width} is not a sensible size")
    if block is None:
        block = block_size((events.height, events.width), size)
    if block < 1:
        raise ValueError(f"block must be at least 1, found {block}")
    left = _corner(events.width, block * width)
    top = _corner(events.height, block * height)
    borders = np.searchsorted(events.t, edges, side="left")
    counts = np.zeros((T, 2, height, width), np.int32)
    n_outside = count(
        events.x,
        events.y,
        events.p,
        borders,
        _places(events.width, left, block, width),
        _places(events.height, top, block, height),
        counts,
    )
    return Frames(
        counts,
        edges.copy(),
        block,
        (left, top),
        n_events=len(events),
        n_before=int(borders[0]),
        n_after=len(events) - int(borders[-1]),
        n_outside_field=int(n_outside),
        first_us=int(events.t[0]) if len(events) else 0,
    )


def _places(side: int, corner: int, block: int, size: int) -> NDArray[np.intp]:
    """Return each sensor pixel's place on the field along one side, (side,); -1 outside."""
    place = (np.arange(side) - corner) // block
    place[(place < 0) | (place >= size)] = -1
    return place


def _corner(have: int, covered: int) -> int:
    """Return where a field covering `covered` px begins on `have` px so that centres agree."""
    return (have - covered) // 2
