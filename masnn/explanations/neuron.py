"""The view One neuron: its course, what reaches it, its equations, and its layer's potentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, escaped, line, of_side, percent, quotient
from masnn.receptive_field import course_of, receptive_field

if TYPE_CHECKING:
    from masnn.architectures import Config
    from masnn.neuron_trace import NeuronTrace
    from masnn.potentials import PotentialHistogram


#: Of a deep network so many maps before the neuron's are written out, and the input.
_MAX_HOPS = 8


def course(traces: Mapping[str, NeuronTrace]) -> Explanation:
    """Explain the curves of a neuron, with its rate in each network.

    Args:
        traces: The neuron in A and in B, by letter.
    """
    values = []
    for who, trace in traces.items():
        fired = int(trace.spikes.sum())
        values.append(line(of_side("R", who), quotient(fired, trace.T), f"{fired / trace.T:.3f}"))
    return Explanation.of(
        "The neuron\u2019s input current, before and after the gates; the potential that is "
        "compared with the threshold; its spikes. The step that is written out below is marked.",
        [formulas.NEURON_RATE],
        values,
        "How often it fires:",
    )


def field(config: Config, layer: str, y: int | None, x: int | None) -> Explanation:
    """Explain the frame around what reaches a neuron: its rows, followed back to the input.

    Args:
        config: The network's.
        layer: Name of the layer.
        y: Row of the neuron in its map; None in a fully connected layer.
        x: Its column; None likewise.
    """
    from masnn.networks import NetworkConfig

    if not isinstance(config, NetworkConfig):
        return _field_of_blocks(config, layer, y, x)
    sizes = [config.input_size, *config.map_sizes()]
    if y is None or x is None:
        depth, (start, stop) = len(config.pools), (0, sizes[-1][0])
    else:
        depth, (start, stop) = 1 + list(config.neuron_shapes()).index(layer), (y, y + 1)
    values = []
    for below in range(depth - 1, -1, -1):
        pool, height = config.pools[below], sizes[below][0]
        where = "input" if not below else f"conv{below}"
        first, last = start * pool - 1, stop * pool + 1
        from_, to = (
            _bounded(rf"{start} \cdot {pool} - 1", first, r"\max", 0),
            _bounded(rf"{stop} \cdot {pool} + 1", last, r"\min", height),
        )
        start, stop = max(first, 0), min(last, height)
        symbol = rf"\mathrm{{{where}}}"
        values += [
            line(rf"y_0^{{{symbol}}}", from_, str(start)),
            line(rf"y_1^{{{symbol}}}", to, str(stop)),
        ]
    y0, y1, _, _ = receptive_field(config, layer, y, x).clipped
    assert (y0, y1) == (start, stop)
    return Explanation.of(
        "Framed: the pixels of the network\u2019s input that can reach the neuron through "
        "convolutions and pooling. Gates pool over the whole map and reach farther.",
        [formulas.FIELD],
        values,
        f"Its rows, followed back layer by layer, are {y0} to below {y1}; columns likewise:",
    )


def _field_of_blocks(config: Config, layer: str, y: int | None, x: int | None) -> Explanation:
    """Explain the frame of a residual network: a block a line, the nearest and the input."""
    course = course_of(config, layer, y, x)
    shown = course if len(course) <= _MAX_HOPS + 1 else [*course[:_MAX_HOPS], course[-1]]
    y0, y1, _, _ = course[-1][1].clipped
    return Explanation.of(
        "Framed: the pixels of the network\u2019s input that can reach the neuron through "
        "convolutions and pooling, over branches and shortcuts. Gates pool over the "
        "whole map and reach farther.",
        [formulas.FIELD_OF_STRIDES],
        [
            rf"\mathrm{{{escaped(name)}}} &: [{of.clipped[0]}, {of.clipped[1]})"
            for name, of in shown
        ],
        f"Its rows, followed back block by block to the {len(course)}th map, are {y0} to below "
        f"{y1}; columns likewise:"
        if len(shown) < len(course)
        else f"Its rows, followed back block by block, are {y0} to below {y1}; columns likewise:",
    )


def _bounded(text: str, value: int, function: str, bound: int) -> str:
    """Write a border, and where the map ends if it ends before."""
    beyond = value < bound if function == r"\max" else value > bound
    return rf"{function}({text}, {bound})" if beyond else text


def step(trace: NeuronTrace, who: str) -> Explanation:
    """Explain the equations of a step, with the neuron's constants."""
    of_code = trace.site == "current"
    of_block = trace.site in formulas.STEP_OF_BLOCK
    beta, threshold = f"{trace.decay:g}", f"{trace.v_threshold:g}"
    formulas_of_code = (
        formulas.STEP_OF_CODE
        if trace.keeps_threshold
        else (*formulas.STEP_OF_CODE[:-1], formulas.STEP[-1])
    )
    after = (
        line(r"\beta\,u_{\mathrm{th}}", rf"{beta} \cdot {threshold}", f"{trace.v_after_spike:g}")
        if trace.keeps_threshold
        else rf"V_{{\mathrm{{reset}}}} &= {trace.v_after_spike:g}"
    )
    return Explanation.of(
        f"How {who} gets from the current of this step to a spike, and to what it leaves to the "
        "next step. Each line stands here in symbols, and on the page with the neuron\u2019s "
        "numbers. A gate that is not there weighs one"
        + (", a ReLU that is not there lets everything through." if of_code else ".")
        + (" A ReLU follows the gates, as in published code." if of_block and trace.relu else "")
        + (
            " R is what the block\u2019s shortcut carries, Y what its branch makes."
            if trace.shortcut is not None
            else ""
        ),
        formulas_of_code
        if of_code
        else formulas.STEP
        if not of_block
        else formulas.STEP_UNGATED
        if trace.shortcut is None
        else formulas.STEP_OF_BLOCK[trace.site],
        [rf"\beta &= {beta}", rf"u_{{\mathrm{{th}}}} &= {threshold}", after],
        "Its constants:",
    )


def potentials(found: Mapping[str, PotentialHistogram]) -> Explanation:
    """Explain the histogram of a layer's potentials, with the share that fires.

    Args:
        found: The histograms of A and of B, by letter.
    """
    return Explanation.of(
        "All neurons of the layer at all steps, by the potential that is compared with the "
        "threshold: what lies at or right of it fires.",
        [formulas.REACHES],
        [
            line(of_side(r"\text{share}", who), quotient(h.n_firing, h.n), percent(h.share_firing))
            for who, h in found.items()
        ],
    )
