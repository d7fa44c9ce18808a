"""Count the operations that one recording made one network do, each count with its formula.

Yao et al. 2023, Section 4, estimate them from layer sizes and firing rates (Eq. 17-19): a layer
does FL = dense MACs x T x its input's rate; dMAC1 makes the attention weights, dMAC2 applies them.
Their table of FL is not public. We read: the first layer dense at each of the T steps; dMAC1 one
pass of the perceptron per evaluation, and padding counted, which is what reproduces their Table 5.
That is the book "paper".

The book "exact" counts what happens instead:

* A synaptic operation is one nonzero input meeting one weight whose output exists. A spike at the
  border of a 3 x 3 convolution with padding reaches 4 or 6 places, not 9; an empty pixel costs
  nothing, in the first layer either.
* A layer is as published: convolution at full resolution, norm, average pooling. Pooling p x p is
  p^2 - 1 additions per neuron and step, whatever fired. 1 / p^2 and the norm's scale fold into the
  weights; the norm's shift and the bias fold into one addition per neuron and step. (Folded into a
  strided convolution, as `ConvSNN.folded` does to be quick, pooling by 2 would need no additions
  and a spike would reach 4 places.)
* Gates: both passes of the perceptron (average, maximum), what averages and maxima take, and the
  multiplications that apply the weights, one per neuron, step and gate. Only gates that the
  response holds are counted: one that was switched off made no weights.
* Neurons are clocked: each adds its current and compares at every step; the leak multiplies those
  that did not fire (Eq. 5).

The books "ann" (at every step) and "ann_once" hold the dense MACs of the network of the same shape
without spikes and gates, padding counted, as tables of FLOPs do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from masnn.response import LayerResponse, Response

#: A multiply-accumulate, a lone multiplication too; an accumulate, an addition or comparison too.
Kind = Literal["MAC", "AC"]

#: See this module's docstring.
Book = Literal["exact", "paper", "ann", "ann_once"]

#: Side of every convolution's kernel; padding is half of it.
KERNEL = 3

#: Side of the spatial gate's kernel where the configuration leaves it to the site.
SPATIAL_KERNELS = {"membrane": 7, "current": 3}


@dataclass(frozen=True)
class Part:
    """Say what a line counts.

    Args:
        group: "synapses", "pooling", "gates" or "neurons".
        meaning: What it is, in a sentence.
        in_paper: Whether the paper's formula has it.
    """

    group: str
    meaning: str
    in_paper: bool = False


#: What lines count, by `Line.part`.
PARTS = {
    "synapses": Part("synapses", "Inputs meet weights: what makes the input current.", True),
    "pooling": Part("pooling", "Additions of the average pooling; 1/p² is in the weights."),
    "bias": Part("pooling", "Bias and batch norm, folded into one addition per neuron and step."),
    "gate_pooling": Part("gates", "Additions of the averages, comparisons of the maxima."),
    "gate_weights": Part("gates", "ΔMAC1: the multiply-accumulates that make the weights.", True),
    "gate_apply": Part("gates", "ΔMAC2: the multiplications that apply the weights.", True),
    "relu": Part("gates", "The ReLU of the current: one comparison per neuron and step."),
    "integrate": Part("neurons", "The membrane adds its input current."),
    "fire": Part("neurons", "The membrane is compared with the threshold."),
    "leak": Part("neurons", "The membrane of each neuron that did not fire is multiplied."),
}


@dataclass(frozen=True)
class Count:
    """Hold a number of operations as a product of named whole numbers, less another.

    The formula is written from the numbers that the value is computed from: they cannot disagree.

    Args:
        factors: Names and values, such as (("T", 15), ("N", 4096)); at least two.
        less: Name and value of what is taken off the product.
    """

    factors: tuple[tuple[str, int], ...]
    less: tuple[str, int] | None = None

    @property
    def value(self) -> int:
        """Return the number."""
        return math.prod(value for _, value in self.factors) - (self.less[1] if self.less else 0)

    @property
    def formula(self) -> str:
        """Return the product with names, with values, and its result."""
        names = " · ".join(name for name, _ in self.factors)
        values = " · ".join(f"{value:,}" for _, value in self.factors)
        if self.less:
            names, values = f"{names} − {self.less[0]}", f"{values} − {self.less[1]:,}"
        return f"{names} = {values} = {self.value:,}"


@dataclass(frozen=True)
class Line:
    """Hold one entry of a book.

    Args:
        book: Which book.
        layer: Name of the layer.
        part: Key of `PARTS`.
        kind: What one operation is.
        count: How many.
        gate: "time", "channel" or "space" for the parts of a gate.
    """

    book: Book
    layer: str
    part: str
    kind: Kind
    count: Count
    gate: str | None = None


@dataclass(frozen=True)
class LayerFacts:
    """Hold what a layer is and saw.

    Args:
        name: Name of the layer.
        kind: What one of its synaptic operations is.
        reason: Why, in a sentence.
        n_inputs: Inputs at one step.
        n_neurons: Neurons.
        n_synapses: Connections: the synaptic operations of one step if every input were nonzero.
        active_inputs: Nonzero inputs over all steps.
        input_rate: Share of inputs that are nonzero, 0-1.
        spikes: Its own spikes over all steps.
    """

    name: str
    kind: Kind
    reason: str
    n_inputs: int
    n_neurons: int
    n_synapses: int
    active_inputs: int
    input_rate: float
    spikes: int


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
    for name, layer in response.layers.items():
        spikes = layer.spikes
        kind, reason = _kind(facts[-1].name if facts else None, inputs)
        pool = next(pools) if len(layer.shape) == 3 else 1
        synapses, n_synapses = _synapses(layer, kind, inputs)
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
            lines += _gate(gate, layer, config)
        inputs = spikes
    return tuple(facts), tuple(lines)


def _check(config: Mapping[str, Any], inputs: NDArray[Any], response: Response) -> None:
    """Refuse frames and responses that another network made."""
    expected = (config["T"], config["in_channels"], *config["input_size"])
    if inputs.shape != expected:
        raise ValueError(f"expected frames {expected}, found {inputs.shape}")
    shapes: dict[str, tuple[int, ...]] = {}
    height, width = config["input_size"]
    for i, (n, pool) in enumerate(zip(config["channels"], config["pools"], strict=True), start=1):
        height, width = height // pool, width // pool
        shapes[f"conv{i}"] = (n, height, width)
    widths = (*config["hidden"], config["n_classes"] * config["votes_per_class"])
    shapes |= {f"fc{i}": (n,) for i, n in enumerate(widths, start=1)}
    found = {name: layer.shape for name, layer in response.layers.items()}
    if list(found.items()) != list(shapes.items()) or response.T != config["T"]:
        raise ValueError(
            f"expected a response of {config['T']} steps and layers {shapes}, "
            f"found {response.T} steps and layers {found}"
        )
    names = {"T": "time", "C": "channel", "S": "space"}
    possible = {names[letter] for letter in _letters(config)}
    for name, layer in response.layers.items():
        if not set(layer.gates) <= possible:
            raise ValueError(
                f"{name} has gates {sorted(layer.gates)}, attention {config['attention']!r} "
                f"allows {sorted(possible)}"
            )


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
    if before:
        return "AC", (
            f"Sees the spikes of {before}, 0 or 1 (pooling comes before the neurons): each one "
            "adds the weights that it meets."
        )
    if inputs.max() > 1:
        return "MAC", (
            f"Sees event counts, here up to {inputs.max():g} in a pixel, not 0 or 1: each nonzero "
            "one multiplies the weights that it meets."
        )
    return "MAC", (
        "Is made for event counts and multiplies, though no pixel of this recording holds more "
        "than one event at a step."
    )


def _reach(size: int, kernel: int) -> NDArray[np.int64]:
    """Return how many outputs each of `size` inputs in a row reaches; padding is kernel // 2.

    The same numbers, read the other way, are how many inputs each output sees.
    """
    at, pad = np.arange(size), kernel // 2
    return np.minimum(at + pad, size - 1) - np.maximum(at - pad, 0) + 1


def _synapses(layer: LayerResponse, kind: Kind, inputs: NDArray[Any]) -> tuple[list[Line], int]:
    """Count the synaptic operations of a layer in all books, and its connections."""
    T, n_out, active = layer.T, layer.shape[0], int(np.count_nonzero(inputs))
    if len(layer.shape) == 3:
        n_in, height, width = inputs.shape[1:]
        reach = np.outer(_reach(height, KERNEL), _reach(width, KERNEL))
        reached = int((np.count_nonzero(inputs, axis=(0, 1)) * reach).sum())
        caused = {"C_out": n_out, "places reached by nonzero inputs": reached}
        n_synapses = n_in * n_out * int(reach.sum())
        fan_out = {"k²": KERNEL**2, "C_out": n_out}
        dense = {"k²": KERNEL**2, "C_in": n_in, "C_out": n_out, "H": height, "W": width}
    else:
        n_in = inputs[0].size
        caused = {"N_out": n_out, "input spikes": active}
        n_synapses = n_in * n_out
        fan_out = {"N_out": n_out}
        dense = {"N_in": n_in, "N_out": n_out}
    every_step = {"T": T, **dense}
    # FL · T · rate: the number of inputs cancels against the rate's, so this is a whole number.
    paper = every_step if kind == "MAC" else {**fan_out, "input spikes": active}
    return [
        _line("exact", layer, "synapses", kind, caused),
        _line("paper", layer, "synapses", kind, paper),
        _line("ann", layer, "synapses", "MAC", every_step),
        _line("ann_once", layer, "synapses", "MAC", dense),
    ], n_synapses


def _neurons(layer: LayerResponse, spikes: int, pool: int, relu: bool) -> Iterator[Line]:
    """Count what neurons cost whether or not an input reaches them."""
    each = {"T": layer.T, "N": layer.n_neurons}
    if pool > 1:
        yield _line("exact", layer, "pooling", "AC", {**each, "(p² − 1)": pool**2 - 1})
    yield _line("exact", layer, "bias", "AC", each)
    if relu:
        yield _line("exact", layer, "relu", "AC", each)
    yield _line("exact", layer, "integrate", "AC", each)
    yield _line("exact", layer, "fire", "AC", each)
    unfired = Count(tuple(each.items()), less=("spikes", spikes))
    yield Line("exact", layer.name, "leak", "MAC", unfired)


def _gate(gate: str, layer: LayerResponse, config: Mapping[str, Any]) -> Iterator[Line]:
    """Count a gate of a layer: what it pools, how its weights are made (Eq. 7, 9, 11), their use.

    Channel and space make their weights at every step at the site "membrane"; at "current" once,
    and pool over the steps as well. Time makes T weights once.
    """
    T, n = layer.T, layer.n_neurons
    times = 1 if gate == "time" else len(layer.gates[gate])
    evaluated = {"evaluations": times}
    pooled = T // times * n  # values that one evaluation looks at
    if gate == "space":
        _, height, width = layer.shape
        size = {"H": height, "W": width}
        side = config["spatial_kernel"] or SPATIAL_KERNELS[config["attention_site"]]
        in_map = int(_reach(height, side).sum() * _reach(width, side).sum())
        weights = {**evaluated, "(avg, max)": 2, "weights within the map": in_map}
        paper = {**evaluated, "(avg, max)": 2, "k²": side**2, **size}
    else:
        letter, reduction = ("T", "temporal") if gate == "time" else ("C", "channel")
        size = {letter: T if gate == "time" else layer.shape[0]}
        hidden = size[letter] // config[f"{reduction}_reduction"]
        paper = {**evaluated, "(W0, W1)": 2, **size, f"{letter}/r": hidden}
        weights = {"(avg, max)": 2, **paper}
    share = {"(pooled − 1)": pooled // math.prod(size.values()) - 1}
    pooling = {**evaluated, "(avg, max)": 2, **size, **share}
    yield _line("exact", layer, "gate_pooling", "AC", pooling, gate)
    yield _line("exact", layer, "gate_weights", "MAC", weights, gate)
    yield _line("paper", layer, "gate_weights", "MAC", paper, gate)
    yield _line("exact", layer, "gate_apply", "MAC", {"T": T, "N": n}, gate)
    yield _line("paper", layer, "gate_apply", "MAC", {"T": T, "N": n}, gate)


def _line(
    book: Book,
    layer: LayerResponse,
    part: str,
    kind: Kind,
    factors: Mapping[str, int],
    gate: str | None = None,
) -> Line:
    return Line(book, layer.name, part, kind, Count(tuple(factors.items())), gate)
