"""Firing rates of recorded spikes: pure functions of 0/1 arrays.

Yao et al. 2023, Section 4, define the network's spiking activity rate at step t as the spikes of
all neurons at t over the number of neurons, and its average over time. They write NSAR, NASAR
and, for a layer, LASAR; their later work and this package say *firing* rate: NSFR, NASFR, LASFR.

Spikes are arrays of 0 and 1, (T, C, H, W) or (T, N); `layers` maps names to such arrays.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Spikes = NDArray[np.uint8] | NDArray[np.bool_]


def spike_count(spikes: Spikes) -> int:
    """Return the number of spikes."""
    return int(np.count_nonzero(spikes))


def nsfr(layers: Mapping[str, Spikes]) -> NDArray[np.float64]:
    """Return NSFR(t), the spikes of all neurons at each step over the number of neurons, (T,)."""
    _refuse_uneven(layers)
    fired = sum(
        spikes.reshape(len(spikes), -1).sum(axis=1, dtype=np.int64) for spikes in layers.values()
    )
    n_neurons = sum(_n_neurons(spikes) for spikes in layers.values())
    rates: NDArray[np.float64] = np.asarray(fired) / n_neurons
    return rates


def nasfr(layers: Mapping[str, Spikes]) -> float:
    """Return NASFR, the mean of NSFR(t): spikes / (neurons * T), every neuron weighing the same."""
    _refuse_uneven(layers)
    cells = sum(spikes.size for spikes in layers.values())
    return sum(spike_count(spikes) for spikes in layers.values()) / cells


def lasfr(spikes: Spikes) -> float:
    """Return LASFR, one layer's spikes / (its neurons * T)."""
    return spike_count(spikes) / spikes.size


def conv_only(layers: Mapping[str, Spikes]) -> dict[str, Spikes]:
    """Return the convolutional layers: those whose neurons lie in planes, (T, C, H, W)."""
    return {name: spikes for name, spikes in layers.items() if spikes.ndim == 4}


def rate_map(spikes: Spikes) -> NDArray[np.float64]:
    """Return the rate at each place, mean over T and C, (H, W): the paper's Fig. 6."""
    if spikes.ndim != 4:
        raise ValueError(f"a map needs spikes (T, C, H, W), found {spikes.shape}")
    rates: NDArray[np.float64] = spikes.mean(axis=(0, 1), dtype=np.float64)
    return rates


def channel_rates(spikes: Spikes) -> NDArray[np.float64]:
    """Return the rate of each channel, mean over T, H and W, (C,)."""
    if spikes.ndim != 4:
        raise ValueError(f"channels need spikes (T, C, H, W), found {spikes.shape}")
    rates: NDArray[np.float64] = spikes.mean(axis=(0, 2, 3), dtype=np.float64)
    return rates


def neuron_rates(spikes: Spikes) -> NDArray[np.float64]:
    """Return the rate of each neuron, mean over T, shape of `spikes` without T."""
    rates: NDArray[np.float64] = spikes.mean(axis=0, dtype=np.float64)
    return rates


def spikes_per_neuron_histogram(spikes: Spikes) -> NDArray[np.int64]:
    """Return how many neurons fire k times, k = 0..T, (T + 1,).

    A neuron's rate is k / T, so this histogram of rates is exact; entry 0 is the silent neurons.
    """
    per_neuron = spikes.sum(axis=0, dtype=np.int64).ravel()
    counts: NDArray[np.int64] = np.bincount(per_neuron, minlength=len(spikes) + 1)
    return counts


def running_mean(votes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean of votes (T, K) up to and including each step, (T, K)."""
    steps = np.arange(1, len(votes) + 1)[:, None]
    means: NDArray[np.float64] = votes.cumsum(axis=0, dtype=np.float64) / steps
    return means


def shares(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the softmax over the last axis: votes as shares of one."""
    powers = np.exp(np.asarray(logits, np.float64) - logits.max(axis=-1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def settled_at(votes: NDArray[np.floating]) -> int | None:
    """Return the first step from which the leading classes of the mean vote no longer change.

    Classes that share the highest mean lead together. Whoever stopped the network at this step or
    later would have got the same decision: its latency is this step's end.

    Args:
        votes: Votes of each class at each step, (T, K).

    Returns:
        The step, from 0; None where no class was ever voted for.
    """
    return leads_from(running_mean(votes))


def leads_from(means: NDArray[np.floating]) -> int | None:
    """Return the first step from which the leading classes stay, None where none ever leads.

    Args:
        means: Vote of each class so far, 0 or more, (T, K).
    """
    if not means.any():
        return None
    leading = np.isclose(means, means.max(axis=1, keepdims=True), atol=1e-9)
    leading &= means > 0  # before the first vote nobody leads
    changes = np.flatnonzero((leading[1:] != leading[:-1]).any(axis=1))
    return int(changes[-1]) + 1 if len(changes) else 0


def _refuse_uneven(layers: Mapping[str, Spikes]) -> None:
    if not layers:
        raise ValueError("no layers to take a rate of")
    if len({len(spikes) for spikes in layers.values()}) != 1:
        raise ValueError("all layers must have the same number of steps")


def _n_neurons(spikes: Spikes) -> int:
    return int(np.prod(spikes.shape[1:]))
