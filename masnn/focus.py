"""Where the input is, and how much of the firing is there: pure functions of arrays.

The paper shows that attention makes responses "focus" (Section 6.3, Fig. 6 and 7) and finds
background channels by eye. The measures here put numbers to both; they are ours, not the paper's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masnn.rates import Spikes, channel_rates

#: Share of the input's events that the region holds.
SHARE = 0.8
#: A channel that fires more than this, on average over places and steps, counts as saturated.
SATURATED = 0.9

#: Kinds of channels, in the order in which they are looked for.
KINDS = ("silent", "saturated", "background", "selective")


class Focus(NamedTuple):
    """Say how much of a layer's firing lies in a region.

    Args:
        inside: Spikes within the region.
        spikes: All spikes of the layer.
        area: Share of the layer's places that lie in the region: what firing alike everywhere
            would give.
    """

    inside: int
    spikes: int
    area: float

    @property
    def share(self) -> float | None:
        """Return the share of spikes within the region; None where the layer is silent."""
        return self.inside / self.spikes if self.spikes else None


def region(
    counts: NDArray[np.integer],
    rows: NDArray[np.floating],
    columns: NDArray[np.floating],
    share: float = SHARE,
) -> NDArray[np.bool_]:
    """Return the smallest set of places that holds a share of the input's events, (H, W).

    Places are those of a layer's map: each stands for a part of the input, and events of a pixel
    that a border halves are halved. Of places with equally many events the upper left ones are
    taken first. Events beyond all places are left out; where no other is, the region is empty.

    Args:
        counts: Events, (T, 2, H_in, W_in); or how bright pixels are, (T, 1, H_in, W_in).
        rows: Borders of the map's rows in px of the input, (H + 1,), whole or half ones, as
            `receptive_field.borders` returns them.
        columns: Borders of its columns, (W + 1,).
        share: The share, in (0, 1].

    Raises:
        ValueError: If the share does not lie there.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], found {share}")
    height, width = counts.shape[2:]
    # In quarters of events, as whole numbers: ties stay ties.
    seen = counts.sum((0, 1), dtype=np.int64)
    events = _halves(rows, height) @ seen @ _halves(columns, width).T
    order = np.argsort(-events, axis=None, kind="stable")
    held = np.cumsum(events.ravel()[order])
    # The first n places that hold enough; rounding must not ask for one more.
    n = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1 if held[-1] else 0
    chosen = np.zeros(events.size, bool)
    chosen[order[:n]] = True
    return chosen.reshape(events.shape)


def _halves(borders: NDArray[np.floating], side: int) -> NDArray[np.int64]:
    """Return how many halves of each pixel lie between two borders, (places, side)."""
    pixels = np.arange(side)
    within = np.minimum(borders[1:, None], pixels + 1) - np.maximum(borders[:-1, None], pixels)
    return np.rint(2 * within.clip(0)).astype(np.int64)


def focus(spikes: Spikes, inside: NDArray[np.bool_]) -> Focus:
    """Return how much of a layer's firing lies in a region.

    Args:
        spikes: 0 or 1, (T, C, H, W).
        inside: The region, (H, W).
    """
    at = spikes.sum((0, 1), dtype=np.int64)
    return Focus(int(at[inside].sum()), int(at.sum()), float(inside.mean()))


def channel_kinds(spikes: Spikes, inside: NDArray[np.bool_]) -> list[str]:
    """Return the kind of each channel, one of `KINDS`.

        silent      never fires
        saturated   fires at more than `SATURATED` of all places and steps
        background  fires more often, by rate, outside the region of the input than inside
        selective   all others

    Args:
        spikes: 0 or 1, (T, C, H, W).
        inside: The region, (H, W).
    """
    at = spikes.sum(0, dtype=np.int64).reshape(spikes.shape[1], -1)
    # Spikes a place, inside and outside, where there is such a place.
    within, outside = (
        at[:, places.ravel()].sum(1) / max(int(places.sum()), 1) for places in (inside, ~inside)
    )
    rates = channel_rates(spikes)
    kinds = np.where(outside > within, KINDS[2], KINDS[3])
    kinds = np.where(rates > SATURATED, KINDS[1], kinds)
    kinds = np.where(rates == 0, KINDS[0], kinds)
    return [str(kind) for kind in kinds]
