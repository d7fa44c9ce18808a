"""The view Where: response maps, focus, and what the networks see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from masnn import focus as measure
from masnn import rates
from masnn.explanations import formulas
from masnn.explanations.writing import (
    Explanation,
    line,
    of_side,
    percent,
    quotient,
    silent,
    whole,
)
from masnn.response import LayerResponse
from masnn.sides import Side, joined, no_difference


def response_map(a: Side, b: Side, name: str) -> Explanation:
    """Explain a layer's maps: each network's highest place, its mean, and where they differ most.

    Args:
        a: Network A.
        b: Network B.
        name: A convolutional layer.
    """
    pair = joined(a, b)[name]
    values: list[str] = []
    for who, layer in zip("AB", pair, strict=True):
        if layer is None or len(layer.shape) != 3:
            continue
        drawn = rates.rate_map(layer.spikes)
        y, x = _at(drawn)
        channels, height, width = layer.shape
        values += [
            line(
                of_side("R", who, y, x),
                quotient(_fired(layer, y, x), layer.T, channels),
                f"{drawn[y, x]:.3f}",
            ),
            line(
                of_side(r"\bar R", who),
                quotient(rates.spike_count(layer.spikes), layer.T, channels, height, width),
                f"{drawn.mean():.4f}",
            ),
        ]
    shown = [formulas.RESPONSE_MAP]
    one, other = pair
    if one is not None and other is not None and not no_difference(a, b, *pair):
        shown.append(formulas.MAP_DIFFERENCE)
        values.append(_most_different(one, other))
    return Explanation.of(
        f"How often the neurons of {name} fire at each place, averaged over time and channels. A "
        "and B share one colour scale; B \u2212 A has its own, symmetric one.",
        shown,
        values,
        "The highest place (y, x) and the mean of each map"
        + (", and the place where they differ most:" if len(shown) > 1 else ":"),
    )


def _most_different(one: LayerResponse, other: LayerResponse) -> str:
    """Write out the place where B's map differs most from A's."""
    change = rates.rate_map(other.spikes) - rates.rate_map(one.spikes)
    y, x = _at(np.abs(change))
    terms = [quotient(_fired(layer, y, x), layer.T, layer.shape[0]) for layer in (other, one)]
    return line(f"D({y}, {x})", " - ".join(terms), f"{change[y, x]:.3f}")


def _at(values: NDArray[np.floating]) -> tuple[int, int]:
    """Return the place of the highest value."""
    y, x = np.unravel_index(int(values.argmax()), values.shape)
    return int(y), int(x)


def _fired(layer: LayerResponse, y: int, x: int) -> int:
    return int(layer.spikes[:, :, y, x].sum(dtype=np.int64))


def focus(a: Side, b: Side, name: str | None = None) -> Explanation:
    """Explain the focus, with the numbers of one layer.

    Args:
        a: Network A.
        b: Network B.
        name: The layer; None for the first.
    """
    layers = joined(a, b)
    name = name or next(iter(layers))
    pair = layers[name]
    thing = "ink" if a.is_still else "events"
    values = []
    for who, side, layer in zip("AB", (a, b), pair, strict=True):
        if layer is None or len(layer.shape) != 3:
            continue
        inside = side.region(layer.name)
        if inside is None:
            continue
        found = measure.focus(layer.spikes, inside)
        values.append(
            line(
                of_side(r"\text{area}", who),
                quotient(int(inside.sum()), inside.size),
                percent(found.area),
            )
        )
        values.append(
            silent(who, name)
            if found.share is None
            else line(
                of_side(r"\text{share}", who),
                quotient(found.inside, found.spikes),
                percent(found.share),
            )
        )
    return Explanation.of(
        f"How much of the firing lies where the input is: the share of the spikes within the "
        f"smallest region that holds {measure.SHARE:.0%} of the input\u2019s {thing}. Beside it "
        "the region\u2019s share of the places, which is what firing alike everywhere would give.",
        [
            replace(formula, right=formula.right.replace("events are", f"{thing} is"))
            if a.is_still
            else formula
            for formula in (formulas.AREA, formulas.FOCUS)
        ],
        values,
        f"Numbers of {name}:",
    )


def seen(a: Side, b: Side) -> Explanation:
    """Explain the event images."""
    sides = {"A": a, "B": b}
    values = []
    for who, side in {"": b}.items() if a.sees_what(b) else sides.items():
        off, on = (int(n) for n in side.recorded.counts.sum((0, 2, 3)))
        symbol = of_side(r"\text{events}", who) if who else r"\text{events}"
        values.append(line(symbol, f"{whole(on)} + {whole(off)}", whole(on + off)))
    return Explanation.of(
        "The events that the networks were given, all steps of the window added up: ON (brighter) "
        "and OFF (darker) ones at each pixel. A network receives them step by step, as counts.",
        [formulas.EVENTS, formulas.STEP_EVENTS, formulas.ALL_EVENTS],
        values,
    )
