"""Count the operations that one input made a residual network do; see `operations`.

Each convolution is a layer of the ledger: "stem", "stage2_1a" and "stage2_1b" with the neurons
that they drive, "stage2_1.shortcut" where a shortcut has weights, and "classifier".

* The stem sees pixels and multiplies. A still picture meets it once, as `ResidualSNN` computes it.
  Its max pooling is a comparison for every value of a window but the first.
* Later convolutions see spikes and add. A stride is counted as it falls: a spike reaches those
  outputs that exist, 1, 2 or 4 of them for 3 x 3 and a stride of 2.
* A shortcut's weights see potentials (`shortcut="membrane"`): real numbers, so they multiply, and
  none is taken for 0 (where a ReLU follows the sum some are, which a response need not tell). Of
  spikes they see ones and add; of spikes averaged first (`form="code"`), nonzero averages, and
  multiply. An identity is no weight.
* Branch and shortcut are added for every neuron and step, or once for each spike where the shortcut
  carries spikes as they are.
* The classifier sees each channel's spikes averaged over the map, and multiplies those that are
  not 0, at every step.

The paper's formula knows one layer that multiplies. We read: every other convolution, a shortcut's
too, is charged FL x T x rate of the neurons before it, in accumulates, and so is the classifier.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from masnn.operations import (
    Convolution,
    Count,
    Kind,
    LayerFacts,
    Line,
    counted_first,
    gate_lines,
    line,
    neuron_lines,
    reach,
    refuse_others,
    synapse_lines,
)

if TYPE_CHECKING:
    from masnn.residual_config import ResidualConfig
    from masnn.response import LayerResponse, Response

#: What the ledger calls the last layer.
CLASSIFIER = "classifier"

#: A layer of the ledger.
Entry = tuple[LayerFacts, list[Line]]


def count_operations(
    config: Mapping[str, Any],
    counts: NDArray[Any],
    response: Response,
    off: Collection[str] = (),
) -> tuple[tuple[LayerFacts, ...], tuple[Line, ...]]:
    """Return what each layer is and saw, and the lines of all books.

    Args:
        config: The fields of the network's `ResidualConfig`, as in a checkpoint's card.
        counts: What the network saw, (T, C, H, W); a still picture at every step.
        response: What it did.
        off: What was switched off in it, as `response.record` was told. A response shows which
            gates were there; of a ReLU it does not.

    Raises:
        ValueError: If frames or response are not of the configuration's shapes, or the network's
            neurons are ReLUs.
    """
    from masnn.architectures import configuration  # loads torch, as recording did

    network = cast("ResidualConfig", configuration(config))
    if network.neurons != "lif":
        raise ValueError(
            "this network has no spikes to count: its neurons are ReLUs; what it costs stands in "
            "the books 'ann' and 'ann_once' of the spiking network of its shape"
        )
    inputs = np.asarray(counts)
    frames = (network.T, network.in_channels, *network.input_size)
    names = {"T": "time", "C": "channel", "S": "space"}
    gates = {names[letter] for letter in network.letters}
    shapes = network.neuron_shapes()
    allowed = {name: gates if name.endswith("b") else set() for name in shapes}
    refuse_others(inputs, response, frames, shapes, allowed)
    entries = list(_entries(network, inputs, response, off))
    lines = tuple(line for _, lines in entries for line in lines)
    return tuple(facts for facts, _ in entries), lines


@dataclass(frozen=True)
class _Fired:
    """Hold what a layer did, and its spikes counted once."""

    layer: LayerResponse

    @cached_property
    def by_place(self) -> NDArray[np.int64]:
        """Return the spikes at each place, over channels and steps, (H, W)."""
        return np.asarray(self.layer.spikes.sum((0, 1), dtype=np.int64))

    @property
    def total(self) -> int:
        """Return all its spikes."""
        return int(self.by_place.sum())


def _entries(
    network: ResidualConfig, inputs: NDArray[Any], response: Response, off: Collection[str]
) -> Iterator[Entry]:
    """Return all layers of the ledger, from the input on."""
    before = _Fired(response.layers["stem"])
    yield _stem(network, inputs, before)
    firsts = {f"stage{i}_1": stride for i, stride in enumerate(network.stage_strides, start=1)}
    for name in network.block_names():
        stride = firsts.get(name, 1)
        inner, outer = (_Fired(response.layers[f"{name}{part}"]) for part in "ab")
        yield _spiking(inner, before, stride)
        is_identity = stride == 1 and before.layer.shape == inner.layer.shape
        if not is_identity:
            yield _shortcut(f"{name}.shortcut", network, before, inner.layer.shape, stride)
        end = _block_lines(network, outer, before, is_identity, off)
        yield _spiking(outer, inner, 1, end)
        before = outer
    yield _classifier(network, before)


def _stem(network: ResidualConfig, inputs: NDArray[Any], fired: _Fired) -> Entry:
    T, layer = network.T, fired.layer
    is_still = T > 1 and bool((inputs == inputs[:1]).all())
    times = {"pictures": 1} if is_still else {"T": T}
    conv = Convolution(
        network.in_channels,
        network.width,
        network.input_size,
        network.stem_kernel,
        network.stem_stride,
    )
    met = np.count_nonzero(inputs[:1] if is_still else inputs, axis=(0, 1))
    lines = synapse_lines("stem", "MAC", T, conv.dense, conv.caused(met))
    if network.pools_stem:
        height, width = conv.out_size
        windows = layer.shape[1] * layer.shape[2]
        seen = int(reach(height, 3, 2).sum() * reach(width, 3, 2).sum())
        compared = {**times, "C": network.width, "(values in windows − windows)": seen - windows}
        lines.append(line("exact", "stem", "pooling", "AC", compared))
    lines.append(line("exact", "stem", "bias", "AC", {**times, "N": layer.n_neurons}))
    lines += neuron_lines(layer, fired.total)
    why = counted_first(inputs)
    if is_still:
        why += f" A still picture meets them once: what it makes is the same at all {T} steps."
    active = int(np.count_nonzero(inputs))
    return _facts("stem", "MAC", why, conv.n_synapses, inputs.size, active, T, fired), lines


def _spiking(fired: _Fired, before: _Fired, stride: int, more: Iterable[Line] = ()) -> Entry:
    """Count a 3 x 3 convolution of the spikes of the neurons before it, and its own neurons."""
    layer, seen = fired.layer, before.layer
    n_in, height, width = seen.shape
    conv = Convolution(n_in, layer.shape[0], (height, width), stride=stride)
    each = {"T": layer.T, "N": layer.n_neurons}
    lines = [
        *synapse_lines(
            layer.name, "AC", layer.T, conv.dense, conv.caused(before.by_place),
            conv.estimated(before.total),
        ),
        line("exact", layer.name, "bias", "AC", each),
        *more,
        *neuron_lines(layer, fired.total),
    ]  # fmt: skip
    why = f"Sees the spikes of {seen.name}, 0 or 1: each one adds the weights that it meets."
    size = seen.n_neurons * seen.T
    return _facts(layer.name, "AC", why, conv.n_synapses, size, before.total, layer.T, fired), lines


def _block_lines(
    network: ResidualConfig, fired: _Fired, before: _Fired, is_identity: bool, off: Collection[str]
) -> Iterator[Line]:
    """Count what comes between a block's last convolution and its neurons."""
    layer = fired.layer
    each = {"T": layer.T, "N": layer.n_neurons}
    by_spike = is_identity and network.shortcut == "spike"
    added = {"one each": 1, "input spikes": before.total} if by_spike else each
    yield line("exact", layer.name, "add", "AC", added)
    if network.has_relu and not {"relu", f"{layer.name}.relu"} & set(off):
        yield line("exact", layer.name, "relu", "AC", each)
    reductions = {"time": network.temporal_reduction, "channel": network.channel_reduction}
    for gate in layer.gates:
        yield from gate_lines(layer, gate, network.gate_kernel, reductions)


def _shortcut(
    name: str, network: ResidualConfig, before: _Fired, shape: tuple[int, ...], stride: int
) -> Entry:
    """Count a shortcut's 1 x 1 convolution of what it carries, and the averages before it."""
    seen = before.layer
    T, n_in, size = seen.T, seen.shape[0], (seen.shape[1], seen.shape[2])
    whole = Convolution(n_in, shape[0], size, kernel=1, stride=stride)
    conv, lines, averaged = whole, [], network.form == "code" and stride > 1
    what = f"the {'potentials' if network.shortcut == 'membrane' else 'spikes'} of {seen.name}"
    if averaged:
        conv = Convolution(n_in, shape[0], whole.out_size, kernel=1)
        height, width = whole.out_size
        factors = {"T": T, "C_in": n_in, "H": height, "W": width, "(p² − 1)": stride**2 - 1}
        lines.append(line("exact", name, "pooling", "AC", factors))
        what += f", averaged over {stride} × {stride}"
    if network.shortcut == "membrane":
        met = np.full(conv.size, T * n_in)
    elif averaged:
        (height, width), p = conv.size, stride
        met = seen.spikes.reshape(T, n_in, height, p, width, p).any((3, 5)).sum((0, 1))
    else:
        met = before.by_place
    kind: Kind = "AC" if network.shortcut == "spike" and not averaged else "MAC"
    n = shape[0] * shape[1] * shape[2]
    lines = [
        *synapse_lines(name, kind, T, whole.dense, conv.caused(met), whole.estimated(before.total)),
        *lines,
        line("exact", name, "bias", "AC", {"T": T, "N": n}),
    ]
    verb = "adds" if kind == "AC" else "multiplies"
    numbers = "0 or 1" if kind == "AC" else "real numbers"
    why = f"Sees {what}, {numbers}: each one {verb} the weights that it meets."
    n_inputs = T * n_in * conv.size[0] * conv.size[1]
    return _facts(name, kind, why, conv.n_synapses, n_inputs, int(met.sum()), T), lines


def _classifier(network: ResidualConfig, before: _Fired) -> Entry:
    """Count the last layer, which sees channels averaged over the map, at every step."""
    seen = before.layer
    T, n_in, places, n_out = seen.T, seen.shape[0], seen.shape[1] * seen.shape[2], network.n_classes
    kind: Kind = "AC" if places == 1 else "MAC"
    active = int(seen.spikes.any((2, 3)).sum())
    estimated = Count((("N_out", n_out), ("input spikes", before.total)), over=("places", places))
    lines = synapse_lines(
        CLASSIFIER, kind, T, {"N_in": n_in, "N_out": n_out},
        {"N_out": n_out, "nonzero averages": active}, estimated,
    )  # fmt: skip
    if places > 1:
        factors = {"T": T, "C": n_in, "(H · W − 1)": places - 1}
        lines.append(line("exact", CLASSIFIER, "pooling", "AC", factors))
    lines.append(line("exact", CLASSIFIER, "bias", "AC", {"T": T, "N_out": n_out}))
    why = (
        f"Sees the spikes of {seen.name}, 0 or 1: each one adds the weights that it meets."
        if places == 1
        else f"Sees the spikes of {seen.name} averaged over each channel's map, not 0 or 1: each "
        "nonzero average multiplies the weights that it meets."
    )
    return _facts(CLASSIFIER, kind, why, n_in * n_out, T * n_in, active, T), lines


def _facts(
    name: str,
    kind: Kind,
    reason: str,
    n_synapses: int,
    n_inputs: int,
    active: int,
    T: int,
    fired: _Fired | None = None,
) -> LayerFacts:
    """Return what a layer is and saw; `n_inputs` and `active` are of all steps."""
    return LayerFacts(
        name,
        kind,
        reason,
        n_inputs=n_inputs // T,
        n_neurons=fired.layer.n_neurons if fired else 0,
        n_synapses=n_synapses,
        active_inputs=active,
        input_rate=active / n_inputs,
        spikes=fired.total if fired else 0,
    )
