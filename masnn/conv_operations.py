"""Count the operations that one recording made a convolutional network do; see `operations`.

A layer is convolution at full resolution, norm, average pooling. (Folded into a strided
convolution, as `ConvSNN.folded` does to be quick, pooling by 2 would need no additions and a spike
would reach 4 places.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

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
    refuse_others,
    synapse_lines,
)

if TYPE_CHECKING:
    from masnn.response import LayerResponse, Response

#: Side of the spatial gate's kernel where the configuration leaves it to the site.
SPATIAL_KERNELS = {"membrane": 7, "current": 3}


def count_operations(
    config: Mapping[str, Any],
    counts: NDArray[Any],
    response: Response,
    off: Collection[str] = (),
) -> tuple[tuple[LayerFacts, ...], tuple[Line, ...]]:
    """Return what each layer is and saw, and the lines of all books.

    Args:
        config: The fields of the network's `NetworkConfig`, as in a checkpoint's card.
        counts: What the network saw, event counts (T, C, H, W).
        response: What it did.
        off: What was switched off in it, as `response.record` was told. A response shows which
            gates were there; of a ReLU it does not.

    Raises:
        ValueError: If frames or response are not of the configuration's shapes.
    """
    inputs = np.asarray(counts)
    _check(config, inputs, response)
    facts: list[LayerFacts] = []
    lines: list[Line] = []
    pools = iter(config["pools"])
    kernel = config["spatial_kernel"] or SPATIAL_KERNELS[config["attention_site"]]
    reductions = {"time": config["temporal_reduction"], "channel": config["channel_reduction"]}
    for name, layer in response.layers.items():
        spikes = layer.spikes
        kind, reason = _kind(facts[-1].name if facts else None, inputs)
        pool = next(pools) if len(layer.shape) == 3 else 1
        synapses, n_synapses = _synapses(layer, kind, inputs, is_first=not facts)
        active = int(np.count_nonzero(inputs))
        facts.append(
            LayerFacts(
                name,
                kind,
                reason,
                n_inputs=inputs[0].size,
                n_neurons=layer.n_neurons,
                n_synapses=n_synapses,
                active_inputs=active,
                input_rate=active / inputs.size,
                spikes=int(np.count_nonzero(spikes)),
            )
        )
        lines += synapses
        relu = _has_relu(config, layer) and not {"relu", f"{name}.relu"} & set(off)
        lines += _neurons(layer, facts[-1].spikes, pool, relu)
        for gate in layer.gates:
            lines += gate_lines(layer, gate, kernel, reductions)
        inputs = spikes
    return tuple(facts), tuple(lines)


def _check(config: Mapping[str, Any], inputs: NDArray[Any], response: Response) -> None:
    """Refuse frames and responses that another network made."""
    shapes: dict[str, tuple[int, ...]] = {}
    height, width = config["input_size"]
    for i, (n, pool) in enumerate(zip(config["channels"], config["pools"], strict=True), start=1):
        height, width = height // pool, width // pool
        shapes[f"conv{i}"] = (n, height, width)
    widths = (*config["hidden"], config["n_classes"] * config["votes_per_class"])
    shapes |= {f"fc{i}": (n,) for i, n in enumerate(widths, start=1)}
    frames = (config["T"], config["in_channels"], *config["input_size"])
    names = {"T": "time", "C": "channel", "S": "space"}
    gates = {names[letter] for letter in _letters(config)}
    refuse_others(inputs, response, frames, shapes, dict.fromkeys(shapes, gates))


def _letters(config: Mapping[str, Any]) -> str:
    """Return the letters of the gates: "TCS" of "TCSA"."""
    attention: str = config["attention"]
    return "" if attention == "none" else attention.removesuffix("A")


def _has_relu(config: Mapping[str, Any], layer: LayerResponse) -> bool:
    """Return whether the layer's current passes a ReLU, as `networks.ConvSNN` builds it."""
    if config["attention_site"] != "current" or config["relu"] is False:
        return False
    letters = _letters(config)
    if len(layer.shape) == 3:
        return bool(letters) or config["relu"] is True
    gated = "T" in letters and config.get("gates_linear", True)
    return gated or (config["relu"] is True and not letters)


def _kind(before: str | None, inputs: NDArray[Any]) -> tuple[Kind, str]:
    """Return what a synaptic operation is and why; `before` is the layer that made the inputs."""
    if before is None:
        return "MAC", counted_first(inputs)
    return "AC", (
        f"Sees the spikes of {before}, 0 or 1 (pooling comes before the neurons): each one "
        "adds the weights that it meets."
    )


def _synapses(
    layer: LayerResponse, kind: Kind, inputs: NDArray[Any], *, is_first: bool
) -> tuple[list[Line], int]:
    """Count the synaptic operations of a layer in all books, and its connections."""
    active = int(np.count_nonzero(inputs))
    if len(layer.shape) == 3:
        _, n_in, height, width = inputs.shape
        conv = Convolution(n_in, layer.shape[0], (height, width))
        caused = conv.caused(np.count_nonzero(inputs, axis=(0, 1)))
        dense, n_synapses, estimated = conv.dense, conv.n_synapses, conv.estimated(active)
    else:
        n_in, n_out = inputs[0].size, layer.shape[0]
        caused = {"N_out": n_out, "input spikes": active}
        dense, n_synapses = {"N_in": n_in, "N_out": n_out}, n_in * n_out
        estimated = Count(tuple(caused.items()))
    formula = None if is_first else estimated
    return synapse_lines(layer.name, kind, layer.T, dense, caused, formula), n_synapses


def _neurons(layer: LayerResponse, spikes: int, pool: int, relu: bool) -> Iterator[Line]:
    """Count what a layer costs whether or not an input reaches it."""
    each = {"T": layer.T, "N": layer.n_neurons}
    if pool > 1:
        yield line("exact", layer.name, "pooling", "AC", {**each, "(p² − 1)": pool**2 - 1})
    yield line("exact", layer.name, "bias", "AC", each)
    if relu:
        yield line("exact", layer.name, "relu", "AC", each)
    yield from neuron_lines(layer, spikes)
