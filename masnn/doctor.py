"""The file doctor: what is odd about a recording's events, counted and located.

Readers say what they left out or changed (`Recording.warnings`); what is found here is left as it
is, and whoever uses the recording decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masnn.events import Events

#: So long without any event is a gap.
GAP_US = 100_000

#: A recording that is longer counts in another unit than us, or has a damaged time.
LONG_US = 24 * 3600 * 1_000_000

#: A hot pixel has at least so many events, and so many times those of the second busiest of its
#: eight neighbours: edges and hands light up two neighbours at least, hot pixels may come in pairs.
HOT_EVENTS, HOT_TIMES = 20, 10

#: So many hot pixels are named.
_NAMED = 6


@dataclass(frozen=True)
class Finding:
    """Say one thing about a recording.

    Args:
        name: What it is, the same in every recording.
        count: How many of it there are.
        text: The same in a sentence, with places and times.
    """

    name: str
    count: int
    text: str


def examine(events: Events) -> tuple[Finding, ...]:
    """Return what is odd about events; nothing where nothing is.

    - "negative times": events before time 0.
    - "duration": hours, where first and last event lie more than `LONG_US` apart.
    - "duplicates": events that equal an earlier one in time, place and polarity.
    - "gaps": times of `GAP_US` or more without any event.
    - "hot pixels": pixels that fire far more than all around them (`hot_pixels`).
    - "one polarity": all events, where there is no ON or no OFF event among two or more.
    """
    if not len(events):
        return (Finding("empty", 0, "There is no event in it."),)
    found = [
        _negative_times(events),
        _duration(events),
        _duplicates(events),
        _gaps(events),
        _hot_pixels(events),
        _one_polarity(events),
    ]
    return tuple(finding for finding in found if finding.count)


def hot_pixels(events: Events) -> NDArray[np.bool_]:
    """Return which pixels are hot, (height, width); see `HOT_EVENTS`."""
    counts = counts_of_pixels(events)
    padded = np.pad(counts, 1)
    height, width = counts.shape
    around = np.stack(
        [
            padded[dy : dy + height, dx : dx + width]
            for dy in range(3)
            for dx in range(3)
            if (dy, dx) != (1, 1)
        ]
    )
    second = np.partition(around, -2, axis=0)[-2]
    hot: NDArray[np.bool_] = (counts >= HOT_EVENTS) & (counts >= HOT_TIMES * np.maximum(second, 1))
    return hot


def counts_of_pixels(events: Events) -> NDArray[np.int64]:
    """Return the number of events of each pixel, (height, width)."""
    places = events.y.astype(np.int64) * events.width + events.x
    counts = np.bincount(places, minlength=events.width * events.height)
    return counts.reshape(events.height, events.width)


def duplicates(events: Events) -> NDArray[np.bool_]:
    """Return which events equal an earlier one in time, place and polarity, (n,)."""
    # Equal times lie beside each other: within them, sorted by place, so do equal events.
    places = (events.y.astype(np.int64) * events.width + events.x) * 2 + events.p
    order = np.lexsort((places, events.t))
    t, place = events.t[order], places[order]
    equal = (t[1:] == t[:-1]) & (place[1:] == place[:-1])
    found = np.zeros(len(events), np.bool_)
    found[order[1:][equal]] = True
    return found


def _negative_times(events: Events) -> Finding:
    n = int(np.searchsorted(events.t, 0))
    return Finding("negative times", n, f"{n:,} events lie before time 0.")


def _duration(events: Events) -> Finding:
    hours = events.duration_us // 3_600_000_000 if events.duration_us > LONG_US else 0
    text = (
        f"First and last event lie {hours:,} hours apart: the file may count time in ns, or one of "
        "its times is damaged."
    )
    return Finding("duration", hours, text)


def _duplicates(events: Events) -> Finding:
    n = int(duplicates(events).sum())
    text = f"{n:,} events equal an earlier one in time, place and polarity; they count as events."
    return Finding("duplicates", n, text)


def _gaps(events: Events) -> Finding:
    waits = np.diff(events.t)
    n = int(np.count_nonzero(waits >= GAP_US))
    if not n:
        return Finding("gaps", 0, "")
    longest = int(waits.argmax())
    start_ms = (int(events.t[longest]) - int(events.t[0])) / 1000
    return Finding(
        "gaps",
        n,
        f"{n:,} times nothing fires for {GAP_US / 1000:g} ms or more; the longest is "
        f"{int(waits[longest]) / 1000:,.0f} ms, {start_ms:,.0f} ms after the first event.",
    )


def _hot_pixels(events: Events) -> Finding:
    hot = hot_pixels(events)
    counts = counts_of_pixels(events)
    places = np.argwhere(hot)
    n = len(places)
    if not n:
        return Finding("hot pixels", 0, "")
    places = places[np.argsort(-counts[hot], kind="stable")]
    named = ", ".join(f"({x}, {y})" for y, x in places[:_NAMED].tolist())
    share = counts[hot].sum() / len(events)
    more = f" and {n - _NAMED:,} more" if n > _NAMED else ""
    return Finding(
        "hot pixels",
        n,
        f"{n:,} hot pixels fire {share:.1%} of all events, each at least {HOT_TIMES} times as "
        f"often as its second busiest neighbour: (x, y) = {named}{more}.",
    )


def _one_polarity(events: Events) -> Finding:
    n_on = events.n_on
    if len(events) < 2 or 0 < n_on < len(events):
        return Finding("one polarity", 0, "")
    kind = "ON" if n_on else "OFF"
    text = f"All events are {kind}: the file may hold no polarity, or tell it in another way."
    return Finding("one polarity", len(events), text)
