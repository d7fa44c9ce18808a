"""How sure a number is: intervals and paired tests, pure functions of arrays.

Two networks that saw the same recordings are compared recording by recording: what a recording is
like then drops out of the difference, and fewer recordings tell as much.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Draws of a bootstrap, and their seed: the same numbers give the same interval.
DRAWS, SEED = 10_000, 0

#: Numbers drawn at once, which bounds the memory.
_AT_ONCE = 1 << 22

#: Of more differences the mean is as good as normal, and drawing would take minutes.
MOST_DRAWN = 10_000

#: Standard deviations from the middle of a normal distribution to the ends of 95 % of it.
_Z = 1.959964


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share, `right` of `n`."""
    z, share = _Z, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


class McNemar(NamedTuple):
    """Hold McNemar's exact test: whether two networks are right equally often.

    Args:
        only_a: Recordings that only A classified rightly.
        only_b: Recordings that only B did.
        p: Chance of a split at least as uneven, if each of these were a fair coin's toss.
    """

    only_a: int
    only_b: int
    p: float


def mcnemar(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_]) -> McNemar:
    """Compare two networks' hits on the same recordings, two-sided and exact.

    Args:
        a_right: Whether A was right, (n,).
        b_right: Whether B was right on the same, (n,).
    """
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    n = only_a + only_b
    return McNemar(only_a, only_b, min(1.0, 2 * _tail(min(only_a, only_b), n)))


def _tail(k: int, n: int) -> float:
    """Return the chance of at most `k` heads, k <= n / 2, in `n` tosses of a fair coin.

    By a recurrence from the largest term down, C(n, i - 1) = C(n, i) i / (n - i + 1): whole
    numbers of n bits would take hours for a large set.
    """
    log_largest = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    i = np.arange(k, 0, -1, dtype=np.float64)
    rest = np.cumprod(i / (n - i + 1)).sum()
    return math.exp(log_largest - n * math.log(2)) * (1 + float(rest))


class PairedMean(NamedTuple):
    """Hold the mean of paired differences.

    Args:
        mean: Mean of B - A.
        low: Lower end of its 95 % interval: from the percentiles of a bootstrap, of more than
            10,000 pairs from the normal distribution.
        high: Upper end.
        lower: Share of the pairs in which B lies below A.
    """

    mean: float
    low: float
    high: float
    lower: float


def paired_mean(a: NDArray[np.floating], b: NDArray[np.floating]) -> PairedMean:
    """Return the mean of B - A over the same recordings with its interval.

    Args:
        a: A number of A for each recording, (n,), n >= 1.
        b: The same of B.
    """
    change = np.asarray(b, np.float64) - a
    low, high = _drawn(change) if len(change) <= MOST_DRAWN else _normal(change)
    return PairedMean(float(change.mean()), low, high, float((change < 0).mean()))


def _normal(change: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of the mean by the central limit theorem."""
    middle, half = float(change.mean()), _Z * float(change.std(ddof=1)) / math.sqrt(len(change))
    return middle - half, middle + half


def _drawn(change: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of the mean from the percentiles of a bootstrap."""
    n, rng = len(change), np.random.default_rng(SEED)
    means: list[NDArray[np.float64]] = []
    left = DRAWS
    while left:
        draws = min(left, max(1, _AT_ONCE // n))
        means.append(change[rng.integers(0, n, (draws, n))].mean(1))
        left -= draws
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)
