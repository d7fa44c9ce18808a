"""Channels of one layer in two networks: how much each fires, how open its gate is, its kind.

Where A and B have the same weights, such as one network with and without a gate, channel k of A is
compared with channel k of B. Where they were trained apart, a number says nothing of what a channel
responds to: channels are compared rank by rank then, the busiest of A with the busiest of B.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from masnn import focus
from masnn.numerals import typeset
from masnn.response import LayerResponse
from masnn.sides import Side, joined, trained_apart

#: So many of the channels that change most are named.
_NAMED = 3

#: What B's rate is beside A's, by the sign of their difference.
_SIGNS = {"less": -1, "more": 1, "as often": 0}


class Channels(NamedTuple):
    """Say what the channels of one network's layer did.

    Args:
        spikes: Spikes of each channel, (C,).
        size: Steps and each channel's height and width, (T, H, W).
        kinds: Kind of each channel, as `focus.channel_kinds`.
        gate: Each channel's gate, mean over the steps, (C,), or None.
    """

    spikes: NDArray[np.int64]
    size: tuple[int, ...]
    kinds: list[str]
    gate: NDArray[np.floating] | None

    @property
    def cells(self) -> int:
        """Return as many spikes as a channel could have: its neurons times steps."""
        return int(np.prod(self.size))

    @property
    def rates(self) -> NDArray[np.float64]:
        """Return the rate of each channel in spikes per neuron and step, (C,)."""
        return self.spikes / self.cells

    @property
    def order(self) -> NDArray[np.intp]:
        """Return the channels' numbers by rate, the busiest first; of equal ones the lower."""
        return np.argsort(-self.spikes, kind="stable")

    @property
    def silent(self) -> int:
        """Return how many channels never fire."""
        return int((self.spikes == 0).sum())

    @property
    def half(self) -> int | None:
        """Return how few channels hold half of all spikes, None where there is no spike."""
        held = np.cumsum(self.spikes[self.order])
        return int(np.searchsorted(2 * held, held[-1])) + 1 if held[-1] else None


def kinds(side: Side, layer: LayerResponse) -> list[str]:
    """Return the kind of each channel of a network's layer, as `focus.channel_kinds`."""
    inside = side.region(layer.name)
    # Where nothing says where the input is, no channel is one of the background.
    everywhere = np.ones(layer.shape[1:], bool)
    return focus.channel_kinds(layer.spikes, everywhere if inside is None else inside)


def of_layer(a: Side, b: Side, name: str) -> dict[str, Channels]:
    """Return what the channels of a convolutional layer did, by letter of those that have it."""
    found = {}
    for who, side, layer in zip("AB", (a, b), joined(a, b)[name], strict=True):
        if layer is None or len(layer.shape) != 3:
            continue
        spikes = layer.spikes
        gate = layer.gates.get("channel")
        found[who] = Channels(
            spikes.sum((0, 2, 3), dtype=np.int64),
            (layer.T, *layer.shape[1:]),
            kinds(side, layer),
            None if gate is None else gate.mean(0),
        )
    return found


def matched_by(a: Side, b: Side, name: str) -> str:
    """Return by what channels of A and B are compared: "channel", their number, or "rank"."""
    return "rank" if trained_apart(a, b, name) else "channel"


def table(a: Side, b: Side, name: str) -> list[dict[str, Any]]:
    """Return a row for each pair of channels of a convolutional layer.

    Rows pair channels of one rank, the busiest first, where A and B were trained apart, and of one
    number otherwise. A row's keys are the layer and `matched_by`; of each network the channel's
    number from 0, its rank by rate from 1, its rate in spikes per neuron and step, its kind and its
    gate's mean over the steps; and the difference of the two rates, B - A. None stands where a
    network has no such channel or no gate.

    Args:
        a: Network A.
        b: Network B.
        name: The layer.
    """
    found, matched = of_layer(a, b, name), matched_by(a, b, name)
    listed = {who: _rows(one, matched) for who, one in found.items()}
    lacking = dict.fromkeys(("channel", "rank", "rate", "kind", "gate"))
    rows = []
    for at in range(max(map(len, listed.values()))):
        of = {who: (listed.get(who, [])[at : at + 1] or [lacking])[0] for who in "AB"}
        one, other = of["A"]["rate"], of["B"]["rate"]
        row: dict[str, Any] = {"layer": name, "matched_by": matched}
        row |= {f"{key}_{who}": of[who][key] for key in lacking for who in "AB"}
        row["rate_B-A"] = None if one is None or other is None else other - one
        rows.append(row)
    return rows


def _rows(one: Channels, matched: str) -> list[dict[str, Any]]:
    """Return what is known of each channel, by rank or by number."""
    order, rates = one.order, one.rates
    ranks = order.argsort()
    return [
        {
            "channel": int(c),
            "rank": int(ranks[c]) + 1,
            "rate": float(rates[c]),
            "kind": one.kinds[c],
            "gate": None if one.gate is None else float(one.gate[c]),
        }
        for c in (order if matched == "rank" else np.sort(order))
    ]


def told(a: Side, b: Side, name: str) -> str:
    """Return in which channels of a layer B fires less than A, or more, and by how much.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.

    Returns:
        A few sentences; rates are spikes per neuron and step.
    """
    found, matched = of_layer(a, b, name), matched_by(a, b, name)
    if len(found) == 2 and matched == "channel":
        parts = _most_changed(**found)
    else:
        parts = [*_busiest(found), *_half(found)]
    return " ".join([_compared(name, found, matched), *parts, _silent(found)])


def compared(a: Side, b: Side, name: str) -> str:
    """Return how many channels of a layer fire less in B than in A, and the layer's two rates."""
    return _compared(name, of_layer(a, b, name), matched_by(a, b, name))


def _compared(name: str, found: dict[str, Channels], matched: str) -> str:
    if len(found) == 1:
        return f"Only {next(iter(found))} has {name}."
    by = _by_rank if matched == "rank" else _by_number
    return f"{by(name, **found)} {_mean(**found)}"


def _by_rank(name: str, A: Channels, B: Channels) -> str:
    sizes = len(A.spikes), len(B.spikes)
    n, both = min(sizes), ""
    if sizes[0] != sizes[1]:
        both = f" that both have (A has {_channels(sizes[0])}, B {sizes[1]})"
    counted = _counted(_changes(A, B, A.order[:n], B.order[:n]), "at", "rank", both)
    return (
        f"Rank by rank, each network\u2019s busiest channel first, B\u2019s {name} fires {counted}."
    )


def _by_number(name: str, A: Channels, B: Channels) -> str:
    numbers = np.arange(len(A.spikes))
    counted = _counted(_changes(A, B, numbers, numbers), "in", "channel")
    return f"Channel by channel (A and B have the same weights), B\u2019s {name} fires {counted}."


def _changes(
    one: Channels, other: Channels, at: NDArray[np.intp], there: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Return for pairs of channels -1 where the other fires less, 1 where more, 0 as often."""
    # In whole numbers, so that rates are equal or not and never nearly so.
    change: NDArray[np.int64] = other.spikes[there] * one.cells - one.spikes[at] * other.cells
    return np.sign(change)


def _counted(change: NDArray[np.int64], at: str, noun: str, which: str = "") -> str:
    """Say in how many pairs B fires less, more and as often as A."""
    counts = {word: int((change == sign).sum()) for word, sign in _SIGNS.items()}
    (first, n), *rest = [(word, n) for word, n in counts.items() if n]
    than = f"{first} {'as' if first == 'as often' else 'than'} A\u2019s {at}"
    if len(change) == 1:
        return f"{than} the only {noun}{which}"
    if not rest:
        return f"{than} all {n} {noun}s{which}"
    of = f"{n} of {'the ' if which else ''}{len(change)} {noun}s{which}"
    return f"{than} {of}, " + " and ".join(f"{word} {at} {n}" for word, n in rest)


def _channels(n: int) -> str:
    return f"{n} channel{'s' if n != 1 else ''}"


def _mean(A: Channels, B: Channels) -> str:
    one, other = (int(x.spikes.sum()) / (x.cells * len(x.spikes)) for x in (A, B))
    relative = ""
    if one:
        times = other / one
        relative = f", {times:,.0f} times" if times >= 10 else f", {typeset(times - 1, '+.1%')}"
    return f"The layer\u2019s rate is {_rate(one)} in A and {_rate(other)} in B (LASFR{relative})."


def _busiest(found: dict[str, Channels]) -> list[str]:
    words: list[str] = []
    for who, x in found.items():
        noun, verb = ("", "") if words else (" busiest channel", " fires")
        if x.spikes.any():
            words.append(f"{who}\u2019s{noun} ({x.order[0]}){verb} at {_rate(x.rates.max())}")
    return [", ".join(words) + "."] if words else []


def _half(found: dict[str, Channels]) -> list[str]:
    words: list[str] = []
    for who, x in found.items():
        if x.half is not None:
            size = len(x.spikes) if words else _channels(len(x.spikes))
            words.append(f"from {x.half} of {who}\u2019s {size}")
    return [f"Half of the spikes come {', '.join(words)}."] if words else []


def _most_changed(A: Channels, B: Channels) -> list[str]:
    """Name the channels whose rates fall and rise most."""
    change = B.rates - A.rates
    told = []
    for sign, word in ((-1, "decrease"), (1, "increase")):
        most = [c for c in np.argsort(-sign * change, kind="stable") if sign * change[c] > 0]
        named = [f"{c} ({_rate(A.rates[c])} to {_rate(B.rates[c])})" for c in most[:_NAMED]]
        if len(named) == 1:
            told.append(f"The largest {word} is in channel {named[0]}.")
        elif named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}"
            told.append(f"The largest {word}s are in channels {listed}.")
    return told


def _silent(found: dict[str, Channels]) -> str:
    words = [f"{x.silent} of {who}\u2019s {len(x.spikes)}" for who, x in found.items()]
    return f"Silent channels: {', '.join(words)}."


def _rate(rate: float) -> str:
    return f"{rate:.4f}" if rate == 0 or rate >= 0.00005 else "less than 0.0001"
