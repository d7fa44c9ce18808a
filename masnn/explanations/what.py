"""The view What: a layer's channels and their kinds."""

from __future__ import annotations

import numpy as np

from masnn import channels as library
from masnn import focus, rates
from masnn.explanations import formulas
from masnn.explanations.writing import (
    Explanation,
    line,
    of_side,
    percent,
    quotient,
    silent,
    words,
)
from masnn.response import LayerResponse
from masnn.sides import Side, joined

#: How tiles stand, by how channels are compared.
_ORDER = {
    "rank": "Each network\u2019s stand in their own order, for a number says nothing across A and "
    "B; the tile of the same rank in the other network is marked as well.",
    "channel": "A and B share one order, for channel k is the same in both.",
}


def channels(a: Side, b: Side, name: str) -> Explanation:
    """Explain the tiles of a layer, with each network's busiest channel and neuron there.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    values = []
    for who, _, layer in _found(a, b, name):
        if not layer.spikes.any():
            values.append(silent(who, name))
            continue
        c = _busiest(layer)
        fires = layer.spikes[:, c].sum(0, dtype=np.int64)
        y, x = (int(i) for i in np.unravel_index(int(fires.argmax()), fires.shape))
        n, rate = int(fires.max()), rates.neuron_rates(layer.spikes)[c, y, x]
        symbol = of_side(f"R_{{{c},", who).replace("_{\\mathrm", "\\mathrm")
        values += [
            line(f"{symbol}({y}, {x})", quotient(n, layer.T), f"{rate:.3f}"),
            line(
                symbol,
                quotient(int(fires.sum()), layer.T, *fires.shape),
                f"{rates.channel_rates(layer.spikes)[c]:.4f}",
            ),
        ]
    return Explanation.of(
        f"Each tile is a channel of {name}: how often each of its neurons fires; its number stands "
        f"in its corner. A and B share one colour scale. {_ORDER[library.matched_by(a, b, name)]} "
        "The layer is the player\u2019s.",
        [formulas.TILE, formulas.CHANNEL_RATE],
        values,
        "The channel c that fires most, its busiest neuron and its mean:",
    )


def channel_rates(a: Side, b: Side, name: str) -> Explanation:
    """Explain the rates of all channels, with each network's busiest one and its busiest half.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    values = []
    for who, found in library.of_layer(a, b, name).items():
        if found.half is None:
            values.append(silent(who, name))
            continue
        fires, total = found.spikes[found.order], int(found.spikes.sum())
        values += [
            _rate(found, "(1)", int(found.order[0]), who),
            line(
                of_side(r"\mathrm{LASFR}", who),
                quotient(total, *found.size, len(fires)),
                f"{total / (found.cells * len(fires)):.4f}",
            ),
            line(
                words(f"busiest {found.half} of {who}"),
                quotient(int(fires[: found.half].sum()), total),
                percent(fires[: found.half].sum() / total, 1),
            ),
        ]
    if library.matched_by(a, b, name) == "rank":
        how = (
            "each network\u2019s channels sorted by rate, so that A\u2019s busiest stands beside "
            "B\u2019s busiest. Ranks can be compared where numbers mean nothing."
        )
        formula = [formulas.CHANNEL_RATE, formulas.RANKED_RATE]
    else:
        how = (
            "channels in the order of A\u2019s rates, with both rates of one channel above each "
            "other."
        )
        formula = [formulas.CHANNEL_RATE, formulas.CHANNEL_DIFFERENCE]
    return Explanation.of(
        f"Rates of the channels of {name}: {how} The sentence above the tiles counts them.",
        [*formula, formulas.LASFR, formulas.BUSIEST_HALF],
        values,
        "The busiest channel of each network, its layer\u2019s rate, and the channels that hold "
        "half of its spikes:",
    )


def each_channel(a: Side, b: Side, name: str) -> Explanation:
    """Explain the table of channels, with the row in which A and B differ most.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    found = library.of_layer(a, b, name)
    rows = library.table(a, b, name)
    row = max(rows, key=lambda row: abs(row["rate_B-A"] or 0))
    by_rank = row["matched_by"] == "rank"
    at = rows.index(row) + 1
    values = [
        _rate(one, f"({at})" if by_rank else str(c), c, who)
        for who, one in found.items()
        if (c := row[f"channel_{who}"]) is not None
    ]
    of = "the difference of the two, its gate averaged over the steps, and its kind."
    if by_rank:
        what = f"Channels of {name} of one rank: numbers, rates in A and in B, {of}"
        here = f"Rank {at}"
        formula = [formulas.CHANNEL_RATE, formulas.RANKED_RATE, formulas.RANK_DIFFERENCE]
    else:
        what = f"Each channel of {name}: its rate in A and in B, {of}"
        here = f"Channel {row['channel_A']}"
        formula = [formulas.CHANNEL_RATE, formulas.CHANNEL_DIFFERENCE]
    differ = ", where rates differ most:" if len(found) == 2 else ":"
    return Explanation.of(what, formula, values, here + differ)


def _rate(found: library.Channels, at: str, channel: int, who: str) -> str:
    """Write out the rate of a channel, which is called by its number or its rank."""
    return line(
        of_side(f"R_{{{at},", who).replace("_{\\mathrm", "\\mathrm"),
        quotient(int(found.spikes[channel]), *found.size),
        f"{found.rates[channel]:.4f}",
    )


def kinds(a: Side, b: Side, name: str) -> Explanation:
    """Explain the kinds of channels, with the rates of each network's busiest channel.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    values = []
    for who, side, layer in _found(a, b, name):
        inside = side.region(layer.name)
        if inside is None:
            inside = np.ones(layer.shape[1:], bool)
        c = _busiest(layer)
        fires = layer.spikes[:, c].sum(0, dtype=np.int64)
        for symbol, places in (("inside", inside), ("outside", ~inside)):
            n, size = int(fires[places].sum()), int(places.sum())
            if size:
                values.append(
                    line(
                        of_side(words(symbol), who),
                        quotient(n, layer.T, size),
                        f"{n / (layer.T * size):.3f}",
                    )
                )
        kind = focus.channel_kinds(layer.spikes, inside)[c]
        values.append(rf"\mathrm{{{who}}} &: {words(f'channel {c} is {kind}')}")
    thing = "ink" if a.is_still else "events"
    background = (
        f" Background: fires more, by rate, outside the region that holds {focus.SHARE:.0%} of the "
        f"input\u2019s {thing} than inside."
    )
    if not a.says_where:
        background = (
            " Background is told of none: a photograph\u2019s brightness does not say where the "
            "thing is, and all places count as inside."
        )
    return Explanation.of(
        f"Silent: never fires. Saturated: rate above {focus.SATURATED}.{background} Selective: all "
        "others.",
        [formulas.INSIDE],
        values,
        "The channel of each network that fires most:",
    )


def _found(a: Side, b: Side, name: str) -> list[tuple[str, Side, LayerResponse]]:
    """Return letter, side and layer of each network that has the layer."""
    pair = joined(a, b)[name]
    return [
        (who, side, layer)
        for who, side, layer in zip("AB", (a, b), pair, strict=True)
        if layer is not None and len(layer.shape) == 3
    ]


def _busiest(layer: LayerResponse) -> int:
    return int(rates.channel_rates(layer.spikes).argmax())
