"""One network with a part of one layer switched off: what changes there, and why it is the part's.

Set one gate of one layer to one (or let its ReLU pass everything) and leave the rest as it is. No
layer before it changes, so the layer receives the very same current: in *that layer* every spike
that differs is the part's doing. What this tells, and what it does not:

* It is a total effect. A spike held back at one step leaves potential for the next, and the gates
  that come after it in the same layer see other potentials: both belong to the effect. A spike
  that only comes a step later counts once as suppressed and once as enhanced.
* Later layers change too, for what they receive changes. That is left out of the count.
* It is an ablation. The weights were trained with the part there, so "without" is not what a
  network trained without it would do.

Only responses come in, by what is switched off in them; none needs its potentials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from masnn.response import LayerResponse, Response

#: What a run switches off, as `response.record` takes it; fit for the key of a cache.
Off = tuple[str, ...]


class SpikeChange(NamedTuple):
    """Count a layer's spikes that a change left, took away and added."""

    kept: int
    suppressed: int
    enhanced: int

    @property
    def before(self) -> int:
        """Return the spikes before the change."""
        return self.kept + self.suppressed

    @property
    def after(self) -> int:
        """Return the spikes after it."""
        return self.kept + self.enhanced


@dataclass(frozen=True)
class ReluSplit:
    """Split what gates and ReLU do to a layer (site "current") into the ReLU's part and theirs.

    Three runs on the same input of the layer: bare (gates one, no ReLU: the vanilla equation on
    these weights), the ReLU alone, and both. The two parts add up in this order; taking the gates
    first would give others, and neither order is the true one.

    Args:
        layer: Name of the layer.
        n_cells: Its neurons times steps.
        relu: From bare to the ReLU alone.
        gates: From the ReLU alone to both.
    """

    layer: str
    n_cells: int
    relu: SpikeChange
    gates: SpikeChange


def relu_split(response: Response, relu_only: Response, bare: Response, layer: str) -> ReluSplit:
    """Return the ReLU's and the gates' part in what a layer fires.

    Args:
        response: The network as it is.
        relu_only: The same with all gates of this layer switched off.
        bare: The same with all its gates and its ReLU switched off.
        layer: Name of the layer.

    Raises:
        ValueError: If the runs differ in more than that.
    """
    both = response.layer(layer)
    middle, first = (on_same_input(response, run, layer, ()) for run in (relu_only, bare))
    n_cells = both.T * both.n_neurons
    return ReluSplit(layer, n_cells, spike_change(first, middle), spike_change(middle, both))


def spike_change(before: LayerResponse, after: LayerResponse) -> SpikeChange:
    """Return what became of a layer's spikes, neuron by neuron and step by step."""
    a, b = before.spikes.astype(bool), after.spikes.astype(bool)
    return SpikeChange(*(int(np.count_nonzero(cells)) for cells in (a & b, a & ~b, ~a & b)))


def runs_needed(switches: Iterable[str]) -> list[Off]:
    """Return what to switch off, run by run, to see each gate's and each ReLU's part.

    The network as it is comes first; then each gate alone; then, for each layer with a ReLU, all
    its gates, and these with the ReLU.

    Args:
        switches: As `network.switches()` lists them.
    """
    layers = parts_by_layer(switches)
    ones = [(name,) for gates, _ in layers.values() for name in gates]
    splits = [off for gates, relu in layers.values() if relu for off in (gates, gates + relu)]
    return list(dict.fromkeys([(), *ones, *splits]))


def parts_by_layer(switches: Iterable[str]) -> dict[str, tuple[Off, Off]]:
    """Return the names of each layer's gates, and that of its ReLU if it has one, by layer."""
    layers: dict[str, tuple[Off, Off]] = {}
    for name in switches:
        layer, _, part = name.rpartition(".")
        if layer:  # the other names are for all layers at once
            gates, relu = layers.get(layer, ((), ()))
            layers[layer] = (gates, (name,)) if part == "relu" else ((*gates, name), relu)
    return layers


def on_same_input(
    response: Response, run: Response, layer: str, gates: Collection[str]
) -> LayerResponse:
    """Return the layer of another run; refuse unless it received the same and has these gates.

    What is claimed of cause and effect hangs on this.

    Args:
        response: The network as it is.
        run: The other run.
        layer: Name of the layer.
        gates: Gates that the other run should have left on in it.

    Raises:
        ValueError: If the layer has other gates there, or received something else.
    """
    ours = response.layer(layer)
    theirs = alike(ours, run)
    if set(theirs.gates) != set(gates):
        raise ValueError(
            f"the other run of {layer} should have the gates {sorted(gates)}, "
            f"found {sorted(theirs.gates)}: see runs_needed()"
        )
    for before in response.layers.values():
        if before.name == layer:
            break
        if not np.array_equal(before.packed, alike(before, run).packed):
            raise ValueError(f"{layer} had another input: {before.name} fires otherwise there")
    if ours.current is not None and theirs.current is not None:
        if not np.array_equal(ours.current, theirs.current, equal_nan=True):
            raise ValueError(f"{layer} had another input current: not one network and recording")
    return theirs


def alike(ours: LayerResponse, other: Response) -> LayerResponse:
    """Return the layer of the same name of another response; refuse another shape."""
    theirs = other.layer(ours.name)
    if (theirs.T, theirs.shape) != (ours.T, ours.shape):
        raise ValueError(
            f"{ours.name} has {ours.T} steps of {ours.shape} neurons in one response, "
            f"{theirs.T} of {theirs.shape} in the other"
        )
    return theirs
