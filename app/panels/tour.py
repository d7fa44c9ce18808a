"""A minute's tour of the page, told with the numbers of the comparison at hand."""

from __future__ import annotations

from collections.abc import Iterator

from app import choices, links
from app.components.tour import tour
from masnn import channels, contrast
from masnn.report.panels import PANELS
from masnn.sides import Side, joined


def offer(a: Side, b: Side, layer: str) -> None:
    """Offer the tour, out of the way; show its stops to who takes it."""
    stops = None
    if choices.touring():
        stops = [
            {"view": view, "target": f".st-key-{key}", "text": told}
            for view, key, told in _steps(a, b, layer)
        ]
    tour(
        stops,
        "tour",
        on_begin=choices.begin_tour,
        on_turn=lambda: choices.follow_tour("tour"),
        on_end=choices.end_tour,
    )


def _steps(a: Side, b: Side, layer: str) -> Iterator[tuple[str, str, str]]:
    """Yield each stop: view, key of what is framed, and what is found there, in numbers."""
    yield "", "verdict", f"How much? {contrast.how_often(a, b)}"
    yield "", "player", f"When? {contrast.firing(a, b)} Play it, or step with the arrow keys."
    yield "Where", "where", f"Where? {contrast.where(a, b, layer)}"
    yield "What", "what", f"What? {channels.compared(a, b, layer)}"
    yield "How much", "ledger", f"At what cost? {contrast.cost(a, b, choices.prices())}"
    yield "One neuron", "one_neuron", f"One neuron: {_neuron(a, b, layer)}"
    spikes = [f"{side.summary['spikes']:,}" for side in (a, b)]
    yield (
        "",
        "take",
        f"Take it away: {len(PANELS)} kinds of figures with their data, a film, a report, and a "
        f"recipe that gives A\u2019s {spikes[0]} and B\u2019s {spikes[1]} spikes again.",
    )


def _neuron(a: Side, b: Side, playing: str) -> str:
    look = links.look(a, b, playing, "One neuron")
    fired = [
        f"at {layer.spikes.sum(0, dtype=int)[look.neuron]} of {layer.T} steps in {who}"
        for who, layer in zip("AB", joined(a, b)[look.neuron_layer], strict=True)
        if layer is not None and all(i < n for i, n in zip(look.neuron, layer.shape, strict=True))
    ]
    place = ", ".join(map(str, look.neuron))
    return (
        f"({place}) of {look.neuron_layer} fires {' and '.join(fired)}. Here is why: its current, "
        "its potential, and its equation in numbers at the player\u2019s step."
    )
