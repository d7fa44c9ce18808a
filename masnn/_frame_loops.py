"""The loops of `frames` that NumPy is too slow for, compiled by Numba on first use (cached)."""

from __future__ import annotations

from typing import Any

from numba import njit


def _compiled(function: Any) -> Any:
    """Return a function compiled; anew in every process where no folder can keep it."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


@_compiled
def count(x: Any, y: Any, p: Any, borders: Any, columns: Any, rows: Any, counts: Any) -> Any:
    """Add events to the counts of their bins; return how many lie outside the field.

    Args:
        x: Column of each event, all of them below len(columns).
        y: Row of each event, all of them below len(rows).
        p: Polarity of each event, 0 or 1.
        borders: Where each bin's events begin, and the last one's end, (T + 1,).
        columns: Column of the field by column of the sensor; -1 outside.
        rows: The same for rows.
        counts: (T, 2, H, W).
    """
    n_outside = 0
    for step in range(len(counts)):
        frame = counts[step]
        for i in range(borders[step], borders[step + 1]):
            column, row = columns[x[i]], rows[y[i]]
            if column < 0 or row < 0:
                n_outside += 1
            else:
                frame[p[i], row, column] += 1
    return n_outside


@_compiled
def total(counts: Any) -> Any:
    """Return the sum of counts of any shape; NumPy would widen them piece by piece first."""
    n = 0
    for count in counts.flat:
        n += count
    return n
