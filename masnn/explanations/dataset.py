"""The page Data set: what networks do on average, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from masnn import asrv, significance
from masnn.asrv import Asrv
from masnn.explanations import formulas
from masnn.explanations.writing import (
    Explanation,
    line,
    of_side,
    percent,
    quotient,
    silent,
    whole,
    words,
)
from masnn.numerals import typeset

#: Discordant recordings up to which McNemar's sum is written out.
_WRITTEN_OUT = 40


def tiles(responses: Mapping[str, Asrv], layer: str) -> Explanation:
    """Explain the tiles of a layer, with each network's busiest neuron."""
    values = []
    for who, response in _with(responses, layer).items():
        counts = response.counts[layer]
        at = np.unravel_index(int(counts.argmax()), counts.shape)
        t, c, y, x = (int(i) for i in at)
        n = int(counts[at])
        values.append(
            line(
                of_side(rf"\bar S[{t + 1}]", who, c, y, x),
                quotient(n, response.n),
                f"{n / response.n:.3f}",
            )
            if n
            else silent(who, layer)
        )
    return Explanation.of(
        f"Each tile is a channel of {layer}: how often each of its neurons fires at the chosen "
        "step, over all recordings. A and B share one colour scale; they were trained apart, so "
        "channels of one number have nothing in common.",
        [formulas.ASRV],
        values,
        "The busiest neuron at its busiest step:",
    )


def inputs(responses: Mapping[str, Asrv]) -> Explanation:
    """Explain the means of what was shown, with each network's brightest value at its last one."""
    values = []
    for who, response in responses.items():
        if response.inputs is not None:
            t = response.moments()[-1] if len(response.inputs) > 1 else 0
            shown = response.inputs[t]
            c, y, x = (int(i) for i in np.unravel_index(int(shown.argmax()), shown.shape))
            total = int(shown[c, y, x])
            left = of_side(rf"\bar X[{t + 1}]", who, c, y, x)
            mean = f"{total / response.n:.3f}"
            values.append(line(left, quotient(total, response.n), mean))
    return Explanation.of(
        "Events of a pixel at a step, or the pixel's value of 0 to 255, averaged over all that "
        "the networks were shown. Of events the picture shows both polarities together.",
        [formulas.MEAN_INPUT],
        values,
        "The pixel and channel with the most:",
    )


def kinds(responses: Mapping[str, Asrv], layer: str) -> Explanation:
    """Explain silent and near-one channels, with each network's busiest channel."""
    values = []
    for who, response in _with(responses, layer).items():
        found, counts = asrv.channels(response, layer), response.counts[layer]
        t, c = (int(i) for i in np.unravel_index(int(found.mean.argmax()), found.mean.shape))
        total = int(counts[t, c].sum(dtype=np.int64))
        values.append(
            line(
                of_side(r"\text{mean}", who),
                quotient(total, response.n, *counts.shape[2:]),
                f"{found.mean[t, c]:.3f}",
            )
        )
        values.append(rf"\mathrm{{{who.upper()}}} &: {words(f'channel {c} at step {t + 1}')}")
    return Explanation.of(
        "Channels that no recording makes fire at a step, and channels that nearly every neuron "
        "and recording makes fire. The paper finds the former in networks with attention and the "
        "latter, channels of the background, in vanilla ones, both by looking.",
        [formulas.SILENT_CHANNEL, formulas.NEAR_ONE],
        values,
        "The channel that fires most, at its busiest step:",
    )


def rates(responses: Mapping[str, Asrv]) -> Explanation:
    """Explain the rates of layers over time."""
    return Explanation.of(
        "Spikes per neuron of every layer at each step, over all recordings, on one colour scale.",
        [formulas.LAYER_STEP],
        [],
    )


def distribution(responses: Mapping[str, Asrv]) -> Explanation:
    """Explain the distribution of NASFR, with each network's mean."""
    values = []
    for who, response in responses.items():
        total = int(response.spikes.sum())
        below = (response.n, response.T, sum(response.neurons.values()))
        values.append(
            line(
                of_side(r"\overline{\mathrm{NASFR}}", who.upper()),
                quotient(total, *below),
                f"{total / math.prod(below):.4f}",
            )
        )
    return Explanation.of(
        "The firing rate of each recording. A network that fires alike whatever it sees has a "
        "narrow one; the paper calls a wide one instance-specific.",
        [formulas.NASFR, formulas.DEVIATION],
        values,
        "The mean over recordings:",
    )


def accuracy(responses: Mapping[str, Asrv]) -> Explanation:
    """Explain the confusion, with each network's accuracy."""
    values = [
        line(
            of_side(r"\text{accuracy}", who.upper()),
            quotient(int(response.right.sum()), response.n),
            percent(response.accuracy, 1),
        )
        for who, response in responses.items()
    ]
    return Explanation.of(
        "Recordings by their class (row) and by the class with the highest mean output (column); "
        "the first where several share it. The interval is Wilson\u2019s, of 95 %.",
        [formulas.ACCURACY],
        values,
    )


def classes(responses: Mapping[str, Asrv]) -> Explanation:
    """Explain the table of classes, with the numbers of the first class that has recordings."""
    first = next(iter(responses.values()))
    label = int(first.labels.min())
    values = []
    for who, response in responses.items():
        of = response.labels == label
        total, n = int(response.spikes[of].sum()), int(of.sum())
        mean = f"{total / n:,.1f}".replace(",", "{,}")
        values.append(line(of_side(r"\text{spikes}", who.upper()), quotient(total, n), mean))
    return Explanation.of(
        "What a recording of each class costs on average: spikes, and energy as the ledger counts "
        "it recording by recording.",
        [formulas.CLASS_SPIKES, formulas.ENERGY],
        values,
        f"Class {first.about.classes[label]}:",
    )


def by_class(responses: Mapping[str, Asrv], layer: str) -> Explanation:
    """Explain the rates of channels by class."""
    return Explanation.of(
        f"How much each channel of {layer} fires for each class. A channel that fires alike for "
        "all tells nothing of the class. Channels stand in the order of their mean rate.",
        [formulas.CHANNEL_BY_CLASS],
        [],
    )


def paired(test: asrv.Paired) -> Explanation:
    """Explain the paired tests with their numbers."""
    hits, change = test.accuracy, test.nasfr
    values = [_mcnemar(hits), rf"n &: {words(f'{test.n} recordings')}"]
    mean, low, high = (typeset(x, "+.4f") for x in (change.mean, change.low, change.high))
    values.append(rf"\bar d &: {words(f'{mean} ({low} to {high})')}")
    drawn = test.n <= significance.MOST_DRAWN
    interval = f"{significance.DRAWS:,} bootstrap draws" if drawn else "a normal distribution"
    return Explanation.of(
        "Both networks saw the same recordings, so they are compared recording by recording. a and "
        "b count the recordings that only A, or only B, classified rightly; p is how likely so "
        "uneven a split is if neither is better. The mean difference of NASFR has the 95 % "
        f"interval of {interval}.",
        [formulas.MCNEMAR, formulas.PAIRED],
        values,
        f"Here a = {hits.only_a} and b = {hits.only_b}:",
    )


def _mcnemar(hits: significance.McNemar) -> str:
    """Write McNemar's sum with its values, or only its result where that would be long."""
    n = hits.only_a + hits.only_b
    if n > _WRITTEN_OUT:
        return rf"p &: {words(f'{hits.p:.2e}')}"
    tail = sum(math.comb(n, i) for i in range(min(hits.only_a, hits.only_b) + 1))
    share = rf"\frac{{2 \cdot {whole(tail)}}}{{{whole(2**n)}}}"
    return line("p", rf"\min(1, {share})", f"{hits.p:.4f}")


def _with(responses: Mapping[str, Asrv], layer: str) -> dict[str, Asrv]:
    """Return the networks that have channels in a layer, by "A" and "B"."""
    return {who.upper(): r for who, r in responses.items() if layer in r.maps}
