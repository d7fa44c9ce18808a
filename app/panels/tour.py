"""A minute's tour of the page, told with the numbers of the comparison at hand."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from app import choices
from masnn import comparison, energy, focus, rates
from masnn.sides import Side, joined


def offer(a: Side, b: Side) -> None:
    """Offer the tour with a button, out of the way."""
    if st.button("A minute's tour", icon=":material/signpost:", type="tertiary"):
        _tour(a, b)


@st.dialog("A minute\u2019s tour", width="medium")
def _tour(a: Side, b: Side) -> None:
    for number, (view, told) in enumerate(_steps(a, b), start=1):
        words, go = st.columns([4, 1], vertical_alignment="center")
        words.markdown(f"**{number}** \u00b7 {told}")
        if view and go.button(
            "Show",
            key=f"tour_{number}",
            width="stretch",
            on_click=choices.turn_to,
            args=(view,),
        ):
            st.rerun()  # closes the dialog
    st.caption("Numbers are of this recording and these two networks. Method tells the rest.")


def _steps(a: Side, b: Side) -> Iterator[tuple[str, str]]:
    """Yield each stop: the view to turn to, and what is to be seen there, in the first layer."""
    layers = joined(a, b)
    layer = next(iter(layers))
    change = comparison.difference(a.summary, b.summary)["nasfr_relative"]
    fires = "as often as" if not change else "less often than" if change < 0 else "more often than"
    by = "" if not change else f" ({change:+.1%})"
    yield (
        "",
        f"B ({b.card.title}) fires {fires} A ({a.card.title}){by}: NASFR "
        f"{b.summary['nasfr']:.4f} against {a.summary['nasfr']:.4f}. Press play to watch.",
    )
    found = [
        (who, side, one)
        for who, side, one in zip("AB", (a, b), layers[layer], strict=True)
        if one is not None
    ]
    spots, kinds, decided = [], [], []
    for who, side, one in found:
        inside = focus.region(side.frames.counts, (one.shape[1], one.shape[2]))
        there = focus.focus(one.spikes, inside)
        share = "none" if there.share is None else f"{there.share:.0%}"
        spots.append(f"{share} of {who}\u2019s")
        n = focus.channel_kinds(one.spikes, inside).count("background")
        kinds.append(f"{n} of {one.shape[0]} in {who}")
    yield (
        "Where",
        f"{focus.SHARE:.0%} of the events fall on {there.area:.0%} of the area that {layer} sees. "
        f"Of its spikes, {' and '.join(spots)} lie in that part.",
    )
    yield (
        "What",
        f"Channels of {layer} that fire more in the background than at the input: "
        f"{', '.join(kinds)}.",
    )
    for who, side in (("A", a), ("B", b)):
        at = rates.settled_at(side.response.votes)
        dt_ms = side.card.config["dt_ms"]
        decided.append(f"{who} never votes" if at is None else f"{who} {(at + 1) * dt_ms:g} ms")
    yield "When", f"The decision no longer changes after: {', '.join(decided)}."
    ledgers = [side.ledger(choices.prices()) for side in (a, b)]
    ratio = energy.efficiency(*ledgers)["exact"].value
    gates = ledgers[1].energies()
    if ratio is not None and gates["exact"].pj:
        yield (
            "How much",
            f"Counted operation by operation, A takes {ratio:.2f} times the energy of B, whose "
            f"gates alone cost {gates['gates'].pj / gates['exact'].pj:.0%} of it.",
        )
    yield "Gate by gate", "Which spikes each gate takes, seen by switching it off."
    yield "One neuron", "A single neuron in both networks, with its equation in numbers."
