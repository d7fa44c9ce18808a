"""The view How much: how often neurons fire, and what it costs."""

from __future__ import annotations

from masnn import rates
from masnn.energy import Energy, Ledger, Ratio
from masnn.explanations import formulas
from masnn.explanations.writing import (
    BREAK,
    Explanation,
    exact,
    line,
    of_side,
    percent,
    quotient,
    whole,
)
from masnn.sides import Side, joined

_UJ = 1e-6  # uJ in a pJ


def histograms(a: Side, b: Side, name: str | None = None) -> Explanation:
    """Explain the histograms, with the silent and the busiest neurons of one layer.

    Args:
        a: Network A.
        b: Network B.
        name: The layer; None for the first.
    """
    layers = joined(a, b)
    name = name or next(iter(layers))
    pair = layers[name]
    values = []
    for who, layer in zip("AB", pair, strict=True):
        if layer is None:
            continue
        counts = rates.spikes_per_neuron_histogram(layer.spikes)
        share = int(counts[0]) / layer.n_neurons
        highest = int(counts.nonzero()[0].max())
        values += [
            line(
                of_side(r"\text{silent}", who),
                quotient(int(counts[0]), layer.n_neurons),
                percent(share),
            ),
            line(
                of_side(r"\text{highest}", who),
                quotient(highest, layer.T),
                f"{highest / layer.T:.3f}",
            ),
        ]
    return Explanation.of(
        "How many neurons fire at which rate. A neuron fires k times in T steps, so each bar is "
        "one exact rate k / T; silent neurons stand apart, and counts are on a logarithmic axis.",
        [formulas.HISTOGRAM],
        values,
        f"The silent neurons and the highest rate of {name}:",
    )


def layers(a: Side, b: Side) -> Explanation:
    """Explain the table of layers, with the numbers of the first layer."""
    name, pair = next(iter(joined(a, b).items()))
    return Explanation.of(
        "Spikes of each layer, its firing rate (the share of its neurons that fire in a step, on "
        "average; of all neurons, the NASFR) and its share of all spikes.",
        [formulas.LASFR],
        [
            line(
                of_side(r"\mathrm{LASFR}", who),
                quotient(rates.spike_count(layer.spikes), layer.T, layer.n_neurons),
                f"{rates.lasfr(layer.spikes):.4f}",
            )
            for who, layer in zip("AB", pair, strict=True)
            if layer is not None
        ],
        f"The rates of {name}:",
    )


def ledger(one: Ledger, other: Ledger) -> Explanation:
    """Explain the energies of A and B, counted over everything.

    Args:
        one: A's ledger.
        other: B's.
    """
    return Explanation.of(
        "Every operation that this input caused, counted one by one and priced; beside it the "
        "paper\u2019s formula, which estimates them from the layers\u2019 sizes and rates.",
        [formulas.ENERGY],
        [
            _priced(of_side("E", who), found.energies()["exact"])
            for who, found in (("A", one), ("B", other))
        ],
    )


def layer_energies(one: Ledger, other: Ledger) -> Explanation:
    """Explain the ledger's table, with the first layer's energies in A and in B."""
    name = next(layer.name for found in (one, other) for layer in found.layers)
    values = []
    for who, found in (("A", one), ("B", other)):
        sums = found.energies(name)
        formula, counted = sums["paper"].pj, sums["comparable"].pj
        values.append(_priced(of_side(r"\text{counted}", who), sums["exact"]))
        gap = of_side(r"\text{gap}", who)
        values.append(
            rf"{gap} &= {exact(formula)}\,\mathrm{{pJ}}"
            rf"{BREAK}- {exact(counted)}\,\mathrm{{pJ}} \\ &= {_microjoules(formula - counted)}"
        )
    return Explanation.of(
        "Synaptic operations: nonzero inputs meeting weights, to the border. Comparable: what was "
        "counted, over those lines only that the paper\u2019s formula has a term for. Gap: the "
        f"formula less the comparable. {other.gap_is}",
        [formulas.ENERGY, formulas.GAP],
        values,
        f"Numbers of {name}:",
    )


def ratio(found: Ratio, what: str) -> Explanation:
    """Explain how many times less energy B takes.

    Args:
        found: A's energy over B's.
        what: What of the two is counted, in a sentence.
    """
    return Explanation.of(what, [formulas.EFFICIENCY], _quotient(r"r_{\mathrm{EE}}", found))


def ann(found: Ratio) -> Explanation:
    """Explain the energy of the ANN of B's shape, run once, over B's."""
    return Explanation.of(
        "The network of B\u2019s shape without spikes and gates, run once, against B.",
        [formulas.ANN],
        _quotient(r"\text{ratio}", found),
    )


def _quotient(left: str, found: Ratio) -> list[str]:
    if found.value is None:
        return []
    above, below = (rf"{exact(e.pj)}\,\mathrm{{pJ}}" for e in (found.above, found.below))
    return [line(left, rf"\frac{{{above}}}{{{below}}}", f"{found.value:.2f}")]


def _priced(left: str, found: Energy) -> str:
    """Write an energy as its operations times their prices, in three lines."""
    mac, ac = (
        rf"{whole(n)} \cdot {price:g}\,\mathrm{{pJ}}"
        for n, price in ((found.macs, found.costs.mac_pj), (found.acs, found.costs.ac_pj))
    )
    return rf"{left} &= {mac}{BREAK}+ {ac} \\ &= {_microjoules(found.pj)}"


def _microjoules(pj: float) -> str:
    return rf"{pj * _UJ:.3f}\,\mu\mathrm{{J}}"
