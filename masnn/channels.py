"""Channels of one layer in two networks: how much each fires, how open its gate is, its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from masnn import focus, rates
from masnn.response import LayerResponse
from masnn.sides import Side, joined


def kinds(side: Side, layer: LayerResponse) -> list[str]:
    """Return the kind of each channel of a network's layer, as `focus.channel_kinds`."""
    inside = side.region(layer.name)
    # Where nothing says where the input is, no channel is one of the background.
    everywhere = np.ones(layer.shape[1:], bool)
    return focus.channel_kinds(layer.spikes, everywhere if inside is None else inside)


def table(a: Side, b: Side, name: str) -> list[dict[str, Any]]:
    """Return a row for each channel number of a convolutional layer, from 0.

    A row's keys are the layer and the channel; of each network its rate in spikes per neuron and
    step, its rank by rate from 1, its kind and its gate's mean over the steps; and the difference
    of the rates, B - A. None stands where a network lacks the channel or the gate.

    Args:
        a: Network A.
        b: Network B.
        name: The layer.
    """
    pair = joined(a, b)[name]
    found = {
        who: _of_side(side, layer) if layer is not None and len(layer.shape) == 3 else []
        for who, side, layer in zip("AB", (a, b), pair, strict=True)
    }
    lacking = dict.fromkeys(("rate", "rank", "kind", "gate"))
    rows = []
    for channel in range(max(map(len, found.values()))):
        of = {who: each[channel] if channel < len(each) else lacking for who, each in found.items()}
        one, other = of["A"]["rate"], of["B"]["rate"]
        row: dict[str, Any] = {"layer": name, "channel": channel}
        row |= {f"{key}_{who}": of[who][key] for key in lacking for who in "AB"}
        row["rate_B-A"] = None if one is None or other is None else other - one
        rows.append(row)
    return rows


def _of_side(side: Side, layer: LayerResponse) -> list[dict[str, Any]]:
    """Return what is known of each channel of a network's layer."""
    fired = rates.channel_rates(layer.spikes)
    ranks = (-fired).argsort(kind="stable").argsort()
    gate = layer.gates.get("channel")
    means = None if gate is None else gate.mean(0)
    return [
        {
            "rate": float(fired[c]),
            "rank": int(ranks[c]) + 1,
            "kind": kind,
            "gate": None if means is None else float(means[c]),
        }
        for c, kind in enumerate(kinds(side, layer))
    ]
