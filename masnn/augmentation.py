"""Change training recordings a little: where they start, where they lie, how many events they keep.

What is done to a recording follows from the run's seed, the epoch and the recording alone. So it
is the same after a pause, in any batch, and on any number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """Say how far recordings are changed.

    Args:
        shift_px: Each is moved by up to this many px along each axis; what leaves is lost.
        keep_events: Each keeps a random share of its events between this and all.
        random_start: Whether its window starts anywhere in the recording, or at its first event.
    """

    shift_px: int = 2
    keep_events: float = 0.9
    random_start: bool = False

    def __post_init__(self) -> None:
        if self.shift_px < 0 or not 0 < self.keep_events <= 1:
            raise ValueError("shift_px must be >= 0 and keep_events lie in (0, 1]")

    def start(self, n_bins: int, T: int, rng: np.random.Generator) -> int:
        """Return the first bin of a window of `T` of a recording's `n_bins`."""
        return int(rng.integers(n_bins - T + 1)) if self.random_start else 0

    def apply(self, counts: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return changed counts.

        Args:
            counts: Event counts, shape (T, 2, H, W).
            rng: Of this recording and epoch.
        """
        height, width = counts.shape[-2:]
        down, right = (int(d) for d in rng.integers(-self.shift_px, self.shift_px + 1, 2))
        moved = np.zeros(counts.shape, dtype=np.float32)
        to_rows, from_rows = _overlap(down, height)
        to_columns, from_columns = _overlap(right, width)
        moved[..., to_rows, to_columns] = counts[..., from_rows, from_columns]
        if self.keep_events < 1:
            share = rng.uniform(self.keep_events, 1)
            filled = np.nonzero(moved)
            moved[filled] = rng.binomial(moved[filled].astype(np.int64), share)
        return moved


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Return where to write and where to read to move `size` places by `shift`."""
    shift = max(-size, min(size, shift))
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size + min(-shift, 0))
