"""The numbers of the verdict: what decided, how much fired, and B against A."""

from __future__ import annotations

import numpy as np

from masnn import comparison
from masnn.energy import Ledger
from masnn.explanations import formulas
from masnn.explanations.writing import (
    Explanation,
    enough,
    exact,
    line,
    of_side,
    percent,
    quotient,
    whole,
    words,
)
from masnn.kinds import is_deep, stage_of
from masnn.sides import Side


def prediction(side: Side) -> Explanation:
    """Explain which class a network names."""
    summary = side.summary
    if side.by_logits:
        return Explanation(
            "The class with the highest mean logit, and so with the highest share. Outputs are "
            "weighted sums of what the last neurons fire; they do not fire themselves.",
            (r"\text{prediction} &= \operatorname{argmax}_k \tfrac{1}{T}\textstyle\sum_t z_k[t]",),
            (rf"{words('highest share')} &: {words(summary['prediction'])}",),
            formulas.VOTE_SHARE.source,
        )
    best, vote = summary["prediction"], max(summary["votes"].values())
    values = (rf"{words('highest')} &: {words(best)}\ ({vote:.2f})",) if vote else ()
    return Explanation(
        "The class with the highest mean output rate. Where several share it, all are named, and "
        "the first counts in an evaluation; a silent output decides nothing.",
        (r"\text{prediction} &= \operatorname{argmax}_k \mathrm{vote}_k",),
        values,
        formulas.VOTE.source,
    )


def vote(side: Side, who: str) -> Explanation:
    """Explain the vote of the class that a network names, or its share."""
    if side.by_logits:
        return Explanation.of(
            "The class\u2019s part of the softmax of the mean logits over the steps: all classes "
            "together have 100%.",
            [formulas.VOTE_SHARE],
            [share(side, who)],
        )
    return Explanation.of(
        "How often that class\u2019s outputs fire: spikes per output neuron and step, from 0 to 1. "
        "A rate and no share: other classes may vote as high, and all together give no 1.",
        [formulas.VOTE],
        [line(of_side(r"\mathrm{vote}", who), *voted(side, side.response.prediction, 2))],
    )


def share(side: Side, who: str) -> str:
    """Write out the share of the named class from the mean logits."""
    logits = np.sort(side.response.rates)[::-1]
    others = float(np.exp(logits[1:] - logits[0]).sum())
    (total,) = enough({"total": others}, lambda total: 1 / (1 + total), 3)
    return line(
        of_side(r"\text{share}", who), rf"\frac{{1}}{{1 + {total}}}", f"{1 / (1 + others):.3f}"
    )


def voted(side: Side, of_class: int, digits: int, steps: int | None = None) -> tuple[str, str]:
    """Return a class's vote over the first steps as a quotient, and its value.

    Args:
        side: The network.
        of_class: Index of the class.
        digits: Places of the value.
        steps: How many steps; None for all.
    """
    steps = side.response.T if steps is None else steps
    outputs = list(side.response.layers.values())[-1].n_neurons // len(side.card.classes)
    mean = side.response.votes[:steps, of_class].sum(dtype=np.float64)
    spikes = round(float(mean) * outputs)
    return quotient(spikes, steps, outputs), f"{spikes / (steps * outputs):.{digits}f}"


def spikes(side: Side, who: str) -> Explanation:
    """Explain a network's number of spikes, layer by layer."""
    summary = side.summary
    deep = is_deep(side.response.layers)
    found: dict[str, int] = {}
    for layer in summary["layers"]:
        part = stage_of(layer["name"]) if deep else layer["name"]
        found[part] = found.get(part, 0) + layer["spikes"]
    parts = " + ".join(map(whole, found.values()))
    output = "; the outputs do not fire" if side.by_logits else ", output included"
    each = "" if side.is_still else f" of {side.card.config['dt_ms']:g} ms"
    steps = f"in {side.response.T} step{'s' * (side.response.T > 1)}{each}"
    return Explanation.of(
        f"All spikes of all {summary['neurons']:,} neurons, {steps}{output}.",
        [formulas.SPIKES],
        [line(of_side(r"\text{spikes}", who), parts, whole(summary["spikes"]))],
        f"{'Stage by stage' if deep else 'Layer by layer'}, from the input on:",
    )


def nasfr(side: Side, who: str) -> Explanation:
    """Explain a network's firing rate."""
    summary, T = side.summary, side.response.T
    conv = [x.n_neurons for x in side.response.layers.values() if len(x.shape) == 3]
    fired = sum(layer["spikes"] for layer in summary["layers"][: len(conv)])
    values = [(r"\mathrm{NASFR}", summary["spikes"], summary["neurons"], summary["nasfr"])]
    if not side.by_logits:  # all neurons of a residual network lie in maps
        values.append((r"\text{conv. layers}", fired, sum(conv), summary["nasfr_conv"]))
    return Explanation.of(
        "Network average spiking firing rate: spikes per neuron and step.",
        [formulas.NASFR],
        [
            line(of_side(symbol, who), quotient(n, neurons, T), f"{rate:.4f}")
            for symbol, n, neurons, rate in values
        ],
    )


def decision(a: Side, b: Side) -> Explanation:
    """Explain whether A and B name the same class."""
    if a.summary["classes"] != b.summary["classes"]:
        what = "A and B name other classes: nothing to compare."
    else:
        what = "Whether A and B name the same class. Whether it is the right one, no number says."
    found = [
        rf"\mathrm{{{who}}} &: {words(side.summary['prediction'])}"
        for who, side in (("A", a), ("B", b))
        if any(side.summary["votes"].values())
    ]
    formula = (r"\text{same} &\iff \text{class of A} = \text{class of B}",)
    return Explanation(what, formula, tuple(found), "ours")


def relative(a: Side, b: Side) -> Explanation:
    """Explain B's change against A: of spikes, or of rates where counts do not compare."""
    one, other = a.summary, b.summary
    counts = comparison.counts_compare(one, other)
    change = comparison.difference(one, other)
    found = change["spikes_relative" if counts else "nasfr_relative"]
    what = "All spikes: how many more or fewer B fires than A."
    if not counts:
        what = (
            "NASFR, spikes per neuron and step: how much more or less often B fires than A. "
            "Numbers of spikes would tell of the networks\u2019 sizes and steps, not of attention."
        )
    values = []
    if found is not None:
        rates = quotient(other["spikes"], one["spikes"])
        if not counts:
            above = quotient(other["spikes"], other["neurons"], other["T"])
            below = quotient(one["spikes"], one["neurons"], one["T"])
            rates = rf"{above} \Big/ {below}"
        values = [line(r"\text{relative}", f"{rates} - 1", percent(found, 1))]
    return Explanation.of(what, [formulas.RELATIVE], values)


def energy(one: Ledger, other: Ledger) -> Explanation:
    """Explain B's energy against A's.

    Args:
        one: A's ledger.
        other: B's.
    """
    a, b = one.energy(), other.energy()
    values = []
    if a.pj:
        quotient_ = rf"\frac{{{exact(b.pj)}\,\mathrm{{pJ}}}}{{{exact(a.pj)}\,\mathrm{{pJ}}}}"
        values = [line(r"\text{relative}", f"{quotient_} - 1", percent(b.pj / a.pj - 1, 1))]
    return Explanation.of(
        "Energy of every operation that this input caused, B\u2019s gates among them: how "
        f"much more or less B takes than A. Prices: {one.costs.name}. \u201cHow much\u201d has "
        "the ledger.",
        [formulas.RELATIVE],
        values,
    )


def fewer(a: Side, b: Side) -> Explanation:
    """Explain the difference in spikes."""
    one, other = a.summary, b.summary
    change = comparison.difference(one, other)["spikes"]
    if change is None:
        return Explanation.of("Not compared: see below the cards.", [formulas.DIFFERENCE], ())
    numbers = f"{whole(other['spikes'])} - {whole(one['spikes'])}"
    return Explanation.of(
        "Spikes of B less those of A.",
        [formulas.DIFFERENCE],
        [line("B - A", numbers, whole(change))],
    )


def rate_change(a: Side, b: Side) -> Explanation:
    """Explain the difference in firing rates."""
    rates = []
    for side in (b, a):
        cells = (side.summary["neurons"], side.response.T)
        rates.append(quotient(side.summary["spikes"], *cells))
    found = comparison.difference(a.summary, b.summary)["nasfr"]
    return Explanation.of(
        "NASFR of B less that of A.",
        [formulas.DIFFERENCE],
        [line("B - A", " - ".join(rates), f"{found:.4f}")],
    )
