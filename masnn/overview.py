"""A recording at a glance: its rate over time, its pixels, the waits between events, a few of all.

Everything here is exact over all events, but `spread`, which says that it is a few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masnn.events import Events


def rate_curve(events: Events, n_bins: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how many events fall into equal parts of a recording's time.

    Args:
        events: At least one event.
        n_bins: Number of parts.

    Returns:
        The parts' borders in ms after the first event, (n_bins + 1,), and the numbers of OFF and of
        ON events in each, (n_bins, 2). The last part holds its right border.
    """
    elapsed = events.t - events.t[0]
    length = max(events.duration_us, 1)
    # Whole numbers: no event may fall beside its bin by a rounding.
    part = np.minimum(elapsed * n_bins // length, n_bins - 1)
    counts = np.bincount(part * 2 + events.p, minlength=2 * n_bins).reshape(n_bins, 2)
    return np.linspace(0, length / 1000, n_bins + 1), counts


def events_per_pixel(events: Events) -> NDArray[np.int64]:
    """Return the number of OFF and of ON events of each pixel, (2, height, width)."""
    places = events.y.astype(np.int64) * events.width + events.x
    size = events.width * events.height
    counts = np.bincount(events.p * np.int64(size) + places, minlength=2 * size)
    return counts.reshape(2, events.height, events.width)


def waits_us(events: Events) -> NDArray[np.int64]:
    """Return the time in us between each event and the one before it at the same pixel.

    Pixels that fire once have none; the order is by pixel, then by time.
    """
    places = events.y.astype(np.int64) * events.width + events.x
    order = np.argsort(places, kind="stable")
    t, place = events.t[order], places[order]
    waits: NDArray[np.int64] = np.diff(t)[place[1:] == place[:-1]]
    return waits


def pixels_by_events(
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many pixels saw so many OFF and ON events; those that saw none are left out.

    Args:
        counts: Events of each pixel, (2, H, W), the 2 is (OFF, ON).

    Returns:
        Borders of bins that widen with the count, (n + 1,), a bin from its left border to below
        its right one; and the numbers of pixels in each, (2, n).
    """
    top = max(int(counts.max()), 1)
    edges = np.unique(np.round(np.geomspace(1, top + 1, 40)).astype(np.int64))
    return edges, np.array([np.histogram(of, edges)[0] for of in counts])


def waits_by_length(waits: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how many waits are so long, in bins of equal ratio.

    Args:
        waits: As `waits_us` returns them; 0 counts as 1 us.

    Returns:
        Borders in us, (61,), and the numbers of waits in each, (60,).
    """
    top = max(int(waits.max(initial=1)), 10)
    edges = np.geomspace(1, top, 61)
    edges[-1] = top  # by rounding it may lie a little below the longest wait
    return edges, np.histogram(np.maximum(waits, 1), edges)[0]


def spread(events: Events, most: int) -> NDArray[np.intp]:
    """Return the numbers of all events, or of `most` of them, evenly spread over their order."""
    n = len(events)
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.intp)
