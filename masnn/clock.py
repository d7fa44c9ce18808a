"""One clock for two networks whose steps begin and end at other times: its ticks, and theirs.

A tick lies between two neighbouring borders of either network's steps, so within one nothing
changes. Where A and B have the same steps, ticks are steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ticks(*edges_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the borders of the ticks: all borders of all networks' steps, in order."""
    borders: NDArray[np.float64] = np.unique(np.concatenate(edges_ms))
    return borders


def own_steps(edges_ms: NDArray[np.float64], ticks_ms: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return which step of `edges_ms` each tick lies in, -1 outside, (ticks,)."""
    step = np.searchsorted(edges_ms, ticks_ms[:-1], side="right") - 1
    return np.where(step < len(edges_ms) - 1, step, -1).astype(np.int32)
