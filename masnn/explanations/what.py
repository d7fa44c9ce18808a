"""The view What: a layer's channels and their kinds."""

from __future__ import annotations

import numpy as np

from masnn import focus, rates
from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, line, of_side, quotient, silent, words
from masnn.response import LayerResponse
from masnn.sides import Side, joined


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
        f"Each tile is a channel of {name}: how often each of its neurons fires. A and B share one "
        "order and one colour scale. The layer is the player\u2019s.",
        [formulas.TILE, formulas.CHANNEL_RATE],
        values,
        "The channel c that fires most, its busiest neuron and its mean:",
    )


def each_channel(a: Side, b: Side, name: str) -> Explanation:
    """Explain the table of channels, with the number that A and B differ most in.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    values = []
    found = {who: layer for who, _, layer in _found(a, b, name)}
    fires = {who: x.spikes.sum((0, 2, 3), dtype=np.int64) for who, x in found.items()}
    sizes = {who: layer.T * int(np.prod(layer.shape[1:])) for who, layer in found.items()}
    c = 0
    if len(found) == 2:
        both = min(map(len, fires.values()))
        change = fires["B"][:both] / sizes["B"] - fires["A"][:both] / sizes["A"]
        c = int(np.abs(change).argmax())
    for who, layer in found.items():
        values.append(
            line(
                of_side(f"R_{{{c},", who).replace("_{\\mathrm", "\\mathrm"),
                quotient(int(fires[who][c]), layer.T, *layer.shape[1:]),
                f"{fires[who][c] / sizes[who]:.4f}",
            )
        )
    return Explanation.of(
        f"Each channel of {name}: its rate in A and in B, the difference of the two, its gate "
        "averaged over the steps, and its kind.",
        [formulas.CHANNEL_RATE, formulas.CHANNEL_DIFFERENCE],
        values,
        f"Channel {c}, whose rates differ most:" if len(found) == 2 else f"Channel {c}:",
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
