"""What an operation is, and how the operations of one network on one input are counted and told.

`conv_operations` counts those of the convolutional networks, `residual_operations` those of the
residual ones; each count comes with its formula.

Yao et al. 2023, Section 4, estimate them from layer sizes and firing rates (Eq. 17-19): a layer
does FL = dense MACs x T x its input's rate; dMAC1 makes the attention weights, dMAC2 applies them.
Their table of FL is not public. We read: the first layer dense at each of the T steps; dMAC1 one
pass of the perceptron per evaluation, and padding counted, which is what reproduces their Table 5.
That is the book "paper".

The book "exact" counts what happens instead:

* A synaptic operation is one nonzero input meeting one weight whose output exists. A spike at the
  border of a 3 x 3 convolution with padding reaches 4 or 6 places, not 9; an empty pixel costs
  nothing, in the first layer either.
* A layer is as published. Averaging p x p values is p^2 - 1 additions, whatever fired; 1 / p^2 and
  the norm's scale fold into the weights, the norm's shift and the bias into one addition per neuron
  and step.
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
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from masnn.response import LayerResponse, Response

#: A multiply-accumulate, a lone multiplication too; an accumulate, an addition or comparison too.
Kind = Literal["MAC", "AC"]

#: See this module's docstring.
Book = Literal["exact", "paper", "ann", "ann_once"]


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
    "pooling": Part(
        "pooling",
        "Additions of averages (their division is in the weights), comparisons of maxima.",
    ),
    "bias": Part("pooling", "Bias and batch norm, folded into one addition per neuron and step."),
    "add": Part("pooling", "A block's branch and its shortcut are added."),
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
    """Hold a number of operations as a product of named whole numbers, over or less another.

    The formula is written from the numbers that the value is computed from: they cannot disagree.

    Args:
        factors: Names and values, such as (("T", 15), ("N", 4096)); at least two.
        less: Name and value of what is taken off the product.
        over: Name and value of what the product is divided by, for estimates: the result is
            rounded to a whole number.
    """

    factors: tuple[tuple[str, int], ...]
    less: tuple[str, int] | None = None
    over: tuple[str, int] | None = None

    @property
    def value(self) -> int:
        """Return the number."""
        product = math.prod(value for _, value in self.factors) - (self.less[1] if self.less else 0)
        if self.over is None:
            return product
        return (2 * product + self.over[1]) // (2 * self.over[1])

    @property
    def formula(self) -> str:
        """Return the product with names, with values, and its result."""
        names = " · ".join(name for name, _ in self.factors)
        values = " · ".join(f"{value:,}" for _, value in self.factors)
        for sign, number in ((" − ", self.less), (" / ", self.over)):
            if number:
                names, values = f"{names}{sign}{number[0]}", f"{values}{sign}{number[1]:,}"
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
    """Hold what a layer is and saw: weights, and the neurons behind them where there are any.

    Args:
        name: Name of the layer.
        kind: What one of its synaptic operations is.
        reason: Why, in a sentence.
        n_inputs: Inputs at one step.
        n_neurons: Neurons that fire; 0 behind a shortcut's weights and a classifier's.
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


@dataclass(frozen=True)
class Convolution:
    """Describe a convolution with padding of half its kernel.

    Args:
        n_in: Channels of its input.
        n_out: Channels that it makes.
        size: (H, W) of its input.
        kernel: Side of its kernel, odd.
        stride: Its stride.
    """

    n_in: int
    n_out: int
    size: tuple[int, int]
    kernel: int = 3
    stride: int = 1

    @property
    def out_size(self) -> tuple[int, int]:
        """Return (H, W) of what it makes."""
        height, width = ((side - 1) // self.stride + 1 for side in self.size)
        return height, width

    @cached_property
    def reach(self) -> NDArray[np.int64]:
        """Return how many places of one output map each place of an input map reaches, (H, W)."""
        return np.outer(*(reach(side, self.kernel, self.stride) for side in self.size))

    @property
    def n_synapses(self) -> int:
        """Return the connections: synaptic operations of one step if every input were nonzero."""
        return self.n_in * self.n_out * int(self.reach.sum())

    @property
    def dense(self) -> dict[str, int]:
        """Return the factors of its multiply-accumulates at one step, padding counted."""
        height, width = self.out_size
        size = {"H": height, "W": width}
        return {"k²": self.kernel**2, "C_in": self.n_in, "C_out": self.n_out, **size}

    def caused(self, n_by_place: NDArray[np.integer]) -> dict[str, int]:
        """Return the factors of the operations that nonzero inputs cause.

        Args:
            n_by_place: Nonzero inputs at each place, over channels and steps, (H, W).
        """
        reached = int((n_by_place * self.reach).sum())
        return {"C_out": self.n_out, "places reached by nonzero inputs": reached}

    def estimated(self, spikes: int) -> Count:
        """Return FL · T · rate, the accumulates of the paper's formula: all inputs count alike.

        Channels of the input and steps cancel against the rate's; sizes do without a stride.
        """
        factors = {"k²": self.kernel**2, "C_out": self.n_out}
        if self.stride == 1:
            return Count((*factors.items(), ("input spikes", spikes)))
        (height, width), (high, wide) = self.out_size, self.size
        factors |= {"H": height, "W": width, "input spikes": spikes}
        return Count(tuple(factors.items()), over=("(H · W)_in", high * wide))


def reach(size: int, kernel: int, stride: int = 1) -> NDArray[np.int64]:
    """Return how many outputs each of `size` inputs in a row reaches; padding is kernel // 2.

    The same numbers, read the other way, are how many inputs each output sees, for a stride of 1.
    """
    at, pad = np.arange(size), kernel // 2
    last = np.minimum(at + pad, size - 1) // stride
    first = -(-np.maximum(at + pad - kernel + 1, 0) // stride)
    return np.maximum(last - first + 1, 0)


def synapse_lines(
    layer: str,
    kind: Kind,
    T: int,
    dense: Mapping[str, int],
    caused: Mapping[str, int],
    estimated: Count | None = None,
) -> list[Line]:
    """Count the synaptic operations of a layer in all books.

    Args:
        layer: Name of the layer.
        kind: What one of them is.
        T: Time steps.
        dense: Factors of the multiply-accumulates of one step.
        caused: Factors of what happened.
        estimated: Accumulates of the paper's formula; None for the first layer, which it has
            multiply at every step.
    """
    every_step = {"T": T, **dense}
    formula = Line("paper", layer, "synapses", "AC", estimated) if estimated else None
    return [
        line("exact", layer, "synapses", kind, caused),
        formula or line("paper", layer, "synapses", "MAC", every_step),
        line("ann", layer, "synapses", "MAC", every_step),
        line("ann_once", layer, "synapses", "MAC", dense),
    ]


def neuron_lines(layer: LayerResponse, spikes: int) -> Iterator[Line]:
    """Count what neurons cost whether or not an input reaches them."""
    each = {"T": layer.T, "N": layer.n_neurons}
    yield line("exact", layer.name, "integrate", "AC", each)
    yield line("exact", layer.name, "fire", "AC", each)
    unfired = Count(tuple(each.items()), less=("spikes", spikes))
    yield Line("exact", layer.name, "leak", "MAC", unfired)


def gate_lines(
    layer: LayerResponse, gate: str, kernel: int, reductions: Mapping[str, int]
) -> Iterator[Line]:
    """Count a gate of a layer: what it pools, how its weights are made (Eq. 7, 9, 11), their use.

    Time makes T weights once. Channel and space make theirs at every step, or once and then pool
    over the steps as well: the response says which.

    Args:
        layer: What the layer did.
        gate: "time", "channel" or "space".
        kernel: Side of the spatial gate's kernel.
        reductions: Reduction of the perceptrons of "time" and "channel".
    """
    T, n = layer.T, layer.n_neurons
    times = 1 if gate == "time" else len(layer.gates[gate])
    evaluated = {"evaluations": times}
    pooled = T // times * n  # values that one evaluation looks at
    if gate == "space":
        _, height, width = layer.shape
        size = {"H": height, "W": width}
        in_map = int(reach(height, kernel).sum() * reach(width, kernel).sum())
        weights = {**evaluated, "(avg, max)": 2, "weights within the map": in_map}
        paper = {**evaluated, "(avg, max)": 2, "k²": kernel**2, **size}
    else:
        letter = "T" if gate == "time" else "C"
        size = {letter: T if gate == "time" else layer.shape[0]}
        hidden = size[letter] // reductions[gate]
        paper = {**evaluated, "(W0, W1)": 2, **size, f"{letter}/r": hidden}
        weights = {"(avg, max)": 2, **paper}
    share = {"(pooled − 1)": pooled // math.prod(size.values()) - 1}
    pooling = {**evaluated, "(avg, max)": 2, **size, **share}
    yield line("exact", layer.name, "gate_pooling", "AC", pooling, gate)
    yield line("exact", layer.name, "gate_weights", "MAC", weights, gate)
    yield line("paper", layer.name, "gate_weights", "MAC", paper, gate)
    yield line("exact", layer.name, "gate_apply", "MAC", {"T": T, "N": n}, gate)
    yield line("paper", layer.name, "gate_apply", "MAC", {"T": T, "N": n}, gate)


def line(
    book: Book,
    layer: str,
    part: str,
    kind: Kind,
    factors: Mapping[str, int],
    gate: str | None = None,
) -> Line:
    """Return a line whose count is the product of factors."""
    return Line(book, layer, part, kind, Count(tuple(factors.items())), gate)


def counted_first(inputs: NDArray[Any]) -> str:
    """Return why the first layer multiplies, by what it sees, (T, C, H, W): events are counted."""
    if inputs.dtype.kind == "f":  # of a picture; its values may be whole by chance
        return (
            "Sees values of pixels, real numbers, not 0 or 1: each nonzero one multiplies the "
            "weights that it meets."
        )
    if inputs.max() > 1:
        return (
            f"Sees event counts, here up to {inputs.max():g} in a pixel, not 0 or 1: each nonzero "
            "one multiplies the weights that it meets."
        )
    return (
        "Is made for event counts and multiplies, though no pixel of this recording holds more "
        "than one event at a step."
    )


def refuse_others(
    inputs: NDArray[Any],
    response: Response,
    frames: tuple[int, ...],
    shapes: Mapping[str, tuple[int, ...]],
    gates: Mapping[str, Collection[str]],
) -> None:
    """Refuse frames and responses that another network made.

    Args:
        inputs: What was shown.
        response: What was done.
        frames: Shape of the network's frames.
        shapes: Shape of each of its layers, in order.
        gates: The gates that each layer may have.

    Raises:
        ValueError: If any of these is another.
    """
    if inputs.shape != frames:
        raise ValueError(f"expected frames {frames}, found {inputs.shape}")
    found = {name: layer.shape for name, layer in response.layers.items()}
    if list(found.items()) != list(shapes.items()) or response.T != frames[0]:
        raise ValueError(
            f"expected a response of {frames[0]} steps and layers {dict(shapes)}, "
            f"found {response.T} steps and layers {found}"
        )
    for name, layer in response.layers.items():
        if not set(layer.gates) <= set(gates[name]):
            raise ValueError(
                f"{name} has gates {sorted(layer.gates)}, the network's attention allows "
                f"{sorted(gates[name])}"
            )
