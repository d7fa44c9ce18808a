"""How a gate's weights and the spikes hang together, unit by unit: step, channel or place.

Against the same network with that one gate set to one, spike by spike: what `ablations` says of
cause and effect holds. Against another network, trained apart: rates alone, for no spike of one
stands for a spike of the other.

A rank correlation describes and proves nothing. Units of one recording are no independent samples
(steps follow each other, places overlap), so no p-value is given; and a unit that is silent anyhow
cannot be suppressed, whatever its gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masnn.ablations import (
    Off,
    ReluSplit,
    SpikeChange,
    alike,
    on_same_input,
    parts_by_layer,
    relu_split,
    runs_needed,
)
from masnn.response import LayerResponse, Response

Counts = NDArray[np.int64]


class Correlation(NamedTuple):
    """Hold Spearman's rank correlation of `n` pairs, and None for it where it has no meaning."""

    rho: float | None
    n: int


class Units(NamedTuple):
    """Count the units that fire less, more, and as often (if not always at the same steps)."""

    suppressed: int
    enhanced: int
    unchanged: int


@dataclass(frozen=True, eq=False)
class RateLinkage:
    """Hold a gate's weights beside the rates with it and without it, unit by unit.

    Args:
        layer: Name of the layer.
        gate: "time", "channel" or "space".
        axes: What a unit is: ("t",), ("t", "c") or ("t", "y", "x") where the gate has a weight for
            each step, ("c",) or ("y", "x") where one weight holds for the whole sequence.
        values: The gate's weight of each unit, in (0, 1), with those axes.
        spikes_with: Spikes of each unit in the network that has the gate, same shape.
        spikes_without: Spikes of each unit in the one that has not, same shape.
        n_cells: Neurons times steps behind one unit: spikes / n_cells is its rate.
    """

    layer: str
    gate: str
    axes: tuple[str, ...]
    values: NDArray[np.float32]
    spikes_with: Counts
    spikes_without: Counts
    n_cells: int

    @property
    def rate_change(self) -> NDArray[np.float64]:
        """Return each unit's rate with the gate less its rate without, -1 to 1."""
        change: NDArray[np.float64] = (self.spikes_with - self.spikes_without) / self.n_cells
        return change

    @property
    def units(self) -> Units:
        """Return how many units fire less with the gate, more, and as often."""
        change = self.spikes_with - self.spikes_without
        less, more = int((change < 0).sum()), int((change > 0).sum())
        return Units(less, more, change.size - less - more)

    @property
    def correlation(self) -> Correlation:
        """Return the rank correlation of weight and change: > 0 if low weights take the most."""
        return rank_correlation(self.values, self.rate_change)

    @property
    def correlation_where_firing(self) -> Correlation:
        """Return the same over units that fire with the gate or without it, the others left out."""
        fires = (self.spikes_with > 0) | (self.spikes_without > 0)
        return rank_correlation(self.values[fires], self.rate_change[fires])


@dataclass(frozen=True, eq=False)
class GateLinkage(RateLinkage):
    """Say also which spikes they are: one network, with the gate and with it set to one.

    Args:
        suppressed: Spikes of each unit that are there only without the gate.
        enhanced: Spikes of each unit that are there only with it.
    """

    suppressed: Counts
    enhanced: Counts

    @property
    def kept(self) -> Counts:
        """Return the spikes of each unit that are there in both."""
        return self.spikes_with - self.enhanced

    @property
    def totals(self) -> SpikeChange:
        """Return what the gate does to the spikes of its whole layer."""
        return SpikeChange(*(int(n.sum()) for n in (self.kept, self.suppressed, self.enhanced)))


@dataclass(frozen=True, eq=False)
class LinkageTable:
    """Hold the linkage of each gate ("conv2.space") and the split of each layer with a ReLU."""

    gates: Mapping[str, GateLinkage]
    relus: Mapping[str, ReluSplit]


def gate_linkage(response: Response, without: Response, layer: str, gate: str) -> GateLinkage:
    """Return what one gate of one layer does to that layer's spikes.

    Args:
        response: The network as it is.
        without: The same network and recording with `off=("{layer}.{gate}",)`.
        layer: Name of the layer.
        gate: "time", "channel" or "space".

    Raises:
        ValueError: If there is no such gate, or the runs differ in more than it.
    """
    ours = _gated(response, layer, gate)
    theirs = on_same_input(response, without, layer, set(ours.gates) - {gate})
    over = _axes_within(ours, gate)
    a, b = ours.spikes.astype(bool), theirs.spikes.astype(bool)
    suppressed, enhanced = (_sum(cells, over) for cells in (b & ~a, a & ~b))
    rates = _rate_linkage(ours, theirs, gate)
    return GateLinkage(**vars(rates), suppressed=suppressed, enhanced=enhanced)


def against_vanilla(response: Response, vanilla: Response, layer: str, gate: str) -> RateLinkage:
    """Return a gate's weights beside the rates of its network and those of another one.

    The two were trained apart: step and place mean the same in both, a channel's number does not.

    Args:
        response: The network that has the gate.
        vanilla: Another network of the same shapes on the same recording.
        layer: Name of the layer.
        gate: "time", "channel" or "space".

    Raises:
        ValueError: If there is no such gate, or the layers' shapes differ.
    """
    ours = _gated(response, layer, gate)
    return _rate_linkage(ours, alike(ours, vanilla), gate)


def linkage_table(run: Callable[[Off], Response], switches: Iterable[str]) -> LinkageTable:
    """Return the linkage of every gate of every layer, and the split of every ReLU.

    Args:
        run: Returns the response with these names switched off. It is asked once for each that
            `ablations.runs_needed` lists.
        switches: As `network.switches()` lists them.
    """
    layers = parts_by_layer(switches := list(switches))
    seen = {off: run(off) for off in runs_needed(switches)}
    return LinkageTable(
        {
            name: gate_linkage(seen[()], seen[(name,)], layer, name.rpartition(".")[2])
            for layer, (gates, _) in layers.items()
            for name in gates
        },
        {
            layer: relu_split(seen[()], seen[gates], seen[gates + relu], layer)
            for layer, (gates, relu) in layers.items()
            if relu
        },
    )


def opening_gate(gates: Mapping[str, RateLinkage], layer: str) -> str:
    """Return the gate to look at first: of a layer's, the one whose weights differ most.

    Args:
        gates: By name, at least one.
        layer: The layer; where it has no gate, any layer's will do.
    """
    own = {name: found for name, found in gates.items() if found.layer == layer} or gates
    return max(own, key=lambda name: float(np.ptp(own[name].values)))


def rank_correlation(x: NDArray[np.floating], y: NDArray[np.floating]) -> Correlation:
    """Return Spearman's rank correlation; equal values share the mean of their ranks.

    It is None for fewer than three pairs, and where a side is constant or not finite.

    Args:
        x: Values of any shape.
        y: As many values, in the same order.
    """
    if x.size != y.size:
        raise ValueError(f"a correlation needs pairs, found {x.size} and {y.size} values")
    if x.size < 3 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Correlation(None, x.size)
    a, b = (ranks - ranks.mean() for ranks in (_ranks(x), _ranks(y)))
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return Correlation(float(a @ b) / spread if spread else None, x.size)


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ranks from 1, ties by their mean, flat."""
    _, which, count = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.cumsum(count) - (count - 1) / 2
    return means[which]


def _gated(response: Response, layer: str, gate: str) -> LayerResponse:
    """Return a layer of the response; refuse if it has no such gate."""
    found = response.layer(layer)
    if gate not in found.gates:
        raise ValueError(
            f"{layer} has no gate {gate!r}; it has {', '.join(found.gates) or 'none at all'}"
        )
    return found


def _axes_within(layer: LayerResponse, gate: str) -> tuple[int, ...]:
    """Return the axes of (T, *shape) that lie within one unit of the gate."""
    steps = () if len(layer.gates[gate]) == layer.T else (0,)
    within = {"time": range(1, 1 + len(layer.shape)), "channel": (2, 3), "space": (1,)}[gate]
    return (*steps, *within)


def _rate_linkage(ours: LayerResponse, theirs: LayerResponse, gate: str) -> RateLinkage:
    over = _axes_within(ours, gate)
    names = ("t", "c", "y", "x")[: 1 + len(ours.shape)]
    axes = tuple(name for axis, name in enumerate(names) if axis not in over)
    values = ours.gates[gate] if "t" in axes else ours.gates[gate][0]
    spikes_with, spikes_without = (_sum(layer.spikes, over) for layer in (ours, theirs))
    n_cells = ours.T * ours.n_neurons // values.size
    return RateLinkage(ours.name, gate, axes, values, spikes_with, spikes_without, n_cells)


def _sum(cells: NDArray[np.uint8] | NDArray[np.bool_], over: tuple[int, ...]) -> Counts:
    total: Counts = cells.sum(axis=over, dtype=np.int64)
    total.flags.writeable = False
    return total
