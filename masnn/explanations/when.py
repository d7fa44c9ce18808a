"""The view When and the player: firing and votes, step by step."""

from __future__ import annotations

import numpy as np

from masnn import rates
from masnn.explanations import formulas
from masnn.explanations.verdict import share, voted
from masnn.explanations.writing import (
    Explanation,
    Formula,
    escaped,
    line,
    of_side,
    quotient,
    whole,
)
from masnn.sides import Side, joined


def playing(a: Side, b: Side, name: str) -> Explanation:
    """Explain the player, with each network's highest place and highest step.

    Args:
        a: Network A.
        b: Network B.
        name: The layer that plays.
    """
    values = []
    for who, layer in zip("AB", joined(a, b)[name], strict=True):
        if layer is not None and len(layer.shape) == 3:
            fired = layer.spikes.sum(1, dtype=np.int64)
            t, y, x = (int(i) for i in np.unravel_index(int(fired.argmax()), fired.shape))
            n, channels = int(fired[t, y, x]), layer.shape[0]
            symbol = of_side("R", who) + f"[{t + 1}]({y}, {x})"
            values.append(line(symbol, quotient(n, channels), f"{n / channels:.3f}"))
    for who, side in (("A", a), ("B", b)):
        values.append(_highest(side, who))
    for who, side in (("A", a), ("B", b)):
        at = side.settled_at
        if at is not None and not side.by_logits:
            numbers = voted(side, side.response.prediction, 3, at + 1)
            values.append(line(of_side(r"\mathrm{vote}", who) + f"[{at + 1}]", *numbers))
    return Explanation.of(
        f"Maps: the share of the channels of {name} that fire at each place in a step. Curves: the "
        "rate of the whole network, B\u2019s temporal gate, and each class\u2019s vote so far. A "
        "and B share one clock and one colour scale.",
        [formulas.FIRING_SHARE, formulas.NSFR, *_running(a, b)],
        values,
        "The highest place and step:"
        if a.by_logits and b.by_logits
        else "The highest place and step, and the vote of the named class at the step from which "
        "it leads for good:",
    )


def _running(*sides: Side) -> list[Formula]:
    """Return what the vote of a class so far is: spikes, or a share of logits."""
    found = (formulas.RUNNING_SHARE if x.by_logits else formulas.RUNNING_VOTE for x in sides)
    return list(dict.fromkeys(found))


def activity(a: Side, b: Side) -> Explanation:
    """Explain events and firing rate over time, with each network's highest step."""
    values = []
    for who, side in {"": b}.items() if a.sees_what(b) else (("A", a), ("B", b)):
        counts = side.recorded.counts.sum((2, 3))
        t = int(counts.sum(1).argmax())
        off, on = (int(n) for n in counts[t])
        symbol = of_side(r"\text{events}", who) if who else r"\text{events}"
        values.append(line(f"{symbol}[{t + 1}]", f"{whole(on)} + {whole(off)}", whole(on + off)))
    return Explanation.of(
        "Above, the events of each step, ON and OFF; below, the share of all neurons that fire in "
        "it.",
        [formulas.STEP_EVENTS, formulas.NSFR],
        [*values, *(_highest(side, who) for who, side in (("A", a), ("B", b)))],
        "The steps of the most events and of the highest rates:",
    )


def _highest(side: Side, who: str) -> str:
    """Write out NSFR(t) at its highest step."""
    nsfr = rates.nsfr(side.response.spikes)
    t = int(nsfr.argmax())
    n = sum(int(layer.spikes[t].sum(dtype=np.int64)) for layer in side.response.layers.values())
    symbol = of_side(r"\mathrm{NSFR}", who, t + 1)
    return line(symbol, quotient(n, side.summary["neurons"]), f"{nsfr[t]:.4f}")


def layer_rates(a: Side, b: Side) -> Explanation:
    """Explain the rate of each layer at each step, with each network's highest."""
    values = []
    for who, side in (("A", a), ("B", b)):
        found = {n: rates.nsfr({n: x}) for n, x in side.response.spikes.items()}
        name = max(found, key=lambda n: float(found[n].max()))
        t = int(found[name].argmax())
        layer = side.response.layers[name]
        n = int(layer.spikes[t].sum(dtype=np.int64))
        values.append(
            line(
                of_side(rf"\mathrm{{{escaped(name)}}}", who) + f"[{t + 1}]",
                quotient(n, layer.n_neurons),
                f"{found[name][t]:.4f}",
            )
        )
    return Explanation.of(
        "The share of each layer\u2019s neurons that fire in a step, A above B on one colour "
        "scale.",
        [formulas.LAYER_STEP],
        values,
        "The highest rate of each:",
    )


def votes(a: Side, b: Side) -> Explanation:
    """Explain the votes, with that of each network's named class."""
    what, found = [], []
    if not (a.by_logits and b.by_logits):
        what.append(
            "How often each class\u2019s outputs fire: spikes per output neuron and step, a rate "
            "and no share."
        )
        found.append(formulas.VOTE)
    if a.by_logits or b.by_logits:
        of = "" if a.by_logits and b.by_logits else f" of {'A' if a.by_logits else 'B'}"
        what.append(f"Each class\u2019s share of the softmax of the mean logits{of}.")
        found.append(formulas.VOTE_SHARE)
    values = [
        share(side, who)
        if side.by_logits
        else line(of_side(r"\mathrm{vote}", who), *voted(side, side.response.prediction, 3))
        for who, side in (("A", a), ("B", b))
    ]
    what.append("The highest one is the prediction.")
    return Explanation.of(" ".join(what), found, values, "Those of the named classes:")


def decision(a: Side, b: Side) -> Explanation:
    """Explain the latency of the decision."""
    values = []
    for who, side in (("A", a), ("B", b)):
        at, dt_ms = side.settled_at, side.card.config["dt_ms"]
        if at is not None and side.is_still:
            values.append(rf"{of_side('t^{*}', who)} &= {at + 1}")
        elif at is not None:
            numbers = rf"{at + 1} \cdot {dt_ms:g}\,\mathrm{{ms}}"
            result = rf"{(at + 1) * dt_ms:g}\,\mathrm{{ms}}"
            values.append(line(of_side(r"\text{latency}", who), numbers, result))
    return Explanation.of(
        "The first step from which the leading class of the mean vote so far no longer changes. "
        "Known only afterwards: it says how early the network could have been asked.",
        [formulas.LATENCY, *_running(a, b)],
        values,
    )
