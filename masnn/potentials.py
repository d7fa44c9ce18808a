"""How a layer's membrane potentials spread, with the threshold on the edge of a bin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masnn.response import LayerResponse

#: Bins of a histogram.
N_BINS = 64

#: The bins hold the potentials between these shares of them; what lies outside is counted apart.
CENTRAL = (0.001, 0.999)


@dataclass(frozen=True, eq=False)
class PotentialHistogram:
    """Count the potentials U that met the threshold, one for each neuron and step.

    Args:
        edges: Borders of the bins in units of the current, (N + 1,); the threshold is one. A bin
            holds what is at or above its left edge and below its right one; the last bin holds
            its right edge too.
        counts: Potentials in each bin, (N,).
        n_below: Potentials below the first edge.
        n_above: Potentials above the last edge.
        n_firing: Potentials at or above the threshold: the layer's spikes.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_below: int
    n_above: int
    n_firing: int

    @property
    def n(self) -> int:
        """Return the number of neurons times steps."""
        return int(self.counts.sum()) + self.n_below + self.n_above

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the share of all potentials that each bin holds, (N,)."""
        shares: NDArray[np.float64] = self.counts / self.n
        return shares

    @property
    def share_firing(self) -> float:
        """Return the share at or above the threshold: the layer's firing rate, LASFR."""
        return self.n_firing / self.n


def potential_edges(
    layers: Iterable[LayerResponse], v_threshold: float, n_bins: int = N_BINS
) -> NDArray[np.float64]:
    """Return bins that suit all these layers, for histograms on one axis, (n_bins + 1,).

    They are equally wide, cover the central potentials of each layer, and leave at least an eighth
    of the bins on either side of the threshold, so that it is always in sight.

    Args:
        layers: Recorded with potentials.
        v_threshold: The networks' threshold.
        n_bins: Number of bins, at least 2.
    """
    if n_bins < 2:
        raise ValueError(f"two sides of a threshold need two bins, found {n_bins}")
    ends = np.array([_central(layer) for layer in layers])
    threshold = float(np.float32(v_threshold))  # potentials were compared in float32
    below = max(threshold - ends.min(), 0.0)
    above = max(ends.max() - threshold, 0.0)
    least = max(1, n_bins // 8)
    wanted = round(n_bins * below / (below + above)) if below + above else n_bins // 2
    n_left = min(max(wanted, least), n_bins - least)
    width = max(below / n_left, above / (n_bins - n_left)) or 1.0
    width *= 1 + 1e-9  # an end must not fall out of its bin by rounding
    edges: NDArray[np.float64] = threshold + width * np.arange(-n_left, n_bins - n_left + 1)
    return edges


def potential_histogram(
    layer: LayerResponse, v_threshold: float, edges: NDArray[np.float64] | None = None
) -> PotentialHistogram:
    """Return how a layer's potentials U spread over bins, over all neurons and steps.

    Args:
        layer: Recorded with potentials.
        v_threshold: The network's threshold.
        edges: Borders as `potential_edges` makes them; None for those of this layer alone.

    Raises:
        ValueError: If potentials were not recorded or are not finite, or the threshold is no edge.
    """
    potentials = _potentials(layer)
    edges = potential_edges([layer], v_threshold) if edges is None else edges
    threshold = float(np.float32(v_threshold))
    if threshold not in edges:
        raise ValueError(f"the threshold {v_threshold} is not among the edges of the bins")
    counts, _ = np.histogram(potentials, edges)
    return PotentialHistogram(
        edges,
        counts.astype(np.int64),
        n_below=int(np.count_nonzero(potentials < edges[0])),
        n_above=int(np.count_nonzero(potentials > edges[-1])),
        n_firing=int(np.count_nonzero(potentials >= threshold)),
    )


def _central(layer: LayerResponse) -> tuple[float, float]:
    """Return the least and the greatest of the central potentials; of few, all are central."""
    potentials = _potentials(layer)
    low, high = CENTRAL
    return (
        float(np.quantile(potentials, low, method="lower")),
        float(np.quantile(potentials, high, method="higher")),
    )


def _potentials(layer: LayerResponse) -> NDArray[np.float64]:
    """Return all potentials, flat, in float64: edges are, and a comparison must not round."""
    if layer.membrane is None:
        raise ValueError(
            f"{layer.name} was recorded without potentials: call record(..., potentials=True)"
        )
    flat = layer.membrane.ravel().astype(np.float64)
    if not np.isfinite(flat).all():
        raise ValueError(f"{layer.name} has potentials that are no finite numbers")
    return flat
