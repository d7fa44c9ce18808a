"""A minute's tour of the page, told with the numbers of the comparison at hand."""

from __future__ import annotations

from collections.abc import Iterator

from app import choices
from app.components.tour import tour
from masnn import channels, comparison, energy, focus
from masnn.numerals import shown
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
    """Yield each stop: view, key of what is framed, and what the layer that plays shows there."""
    layers = joined(a, b)
    change = comparison.difference(a.summary, b.summary)["nasfr_relative"]
    fires = "as often as" if not change else "less often than" if change < 0 else "more often than"
    by = "" if not change else f" ({shown(change, '+.1%')})"
    yield (
        "",
        "verdict",
        f"B ({b.card.title}) fires {fires} A ({a.card.title}){by}: NASFR "
        f"{b.summary['nasfr']:.4f} against {a.summary['nasfr']:.4f}.",
    )
    yield (
        "",
        "player",
        "The input, A, B and what B fires more or less, on one clock. Press play, step with the "
        "arrow keys, drag the curves; click a place for its neuron.",
    )
    found = [
        (who, side, one)
        for who, side, one in zip("AB", (a, b), layers[layer], strict=True)
        if one is not None
    ]
    spots, kinds, decided = [], [], []
    area = 0.0
    for who, side, one in found:
        there = side.focus_of(layer)
        if there is None:
            continue
        area = there.area
        share = "none" if there.share is None else f"{there.share:.0%}"
        spots.append(f"{share} of {who}\u2019s")
        n = channels.kinds(side, one).count("background")
        kinds.append(f"{n} of {one.shape[0]} in {who}")
    yield (
        "Where",
        "where",
        f"{focus.SHARE:.0%} of the events fall on {area:.0%} of the area that {layer} sees. "
        f"Of its spikes, {' and '.join(spots)} lie in that part.",
    )
    yield (
        "What",
        "what",
        f"Channels of {layer} that fire more in the background than at the input: "
        f"{', '.join(kinds)}.",
    )
    for who, side in (("A", a), ("B", b)):
        at = side.settled_at
        dt_ms = side.card.config["dt_ms"]
        decided.append(f"{who} never votes" if at is None else f"{who} {(at + 1) * dt_ms:g} ms")
    yield "When", "when", f"The decision no longer changes after: {', '.join(decided)}."
    ledgers = [side.ledger(choices.prices()) for side in (a, b)]
    ratio = energy.efficiency(*ledgers)["exact"].value
    gates = ledgers[1].energies()
    if ratio is not None and gates["exact"].pj:
        yield (
            "How much",
            "how_much",
            f"Counted operation by operation, A takes {ratio:.2f} times the energy of B, whose "
            f"gates alone cost {gates['gates'].pj / gates['exact'].pj:.0%} of it.",
        )
    gone = "Which spikes each gate takes, seen by switching it off."
    yield "Gate by gate", "gate_by_gate", gone
    yield (
        "One neuron",
        "one_neuron",
        "A single neuron in both networks, with its equation in numbers at the player\u2019s step. "
        "All numbers of this tour are of this recording and these two networks.",
    )
