"""Panel: who decided what, at what price, and what of it may be compared."""

from __future__ import annotations

import re
from typing import Any, Literal

import streamlit as st

from app import choices
from app.panels.explain import tooltip
from masnn import comparison, energy
from masnn.explanations import Explanation
from masnn.explanations import verdict as told
from masnn.numerals import share, typeset
from masnn.sides import Side

#: Share of B's energy that its gates take, from which the card says so.
_WORTH_TELLING = 0.2

#: Colours of their names.
_COLOURS = {"A": "orange", "B": "blue"}

#: Letters that a metric of a card has room for: words, and numbers.
_SHORT, _WIDE = 6, 8


def show(a: Side, b: Side) -> None:
    """Draw A's card, B's card and the difference."""
    left, middle, right = st.columns(3)
    for column, who, side in ((left, "A", a), (middle, "B", b)):
        with column.container(border=True, key=f"card_{who.lower()}"):
            named(who, side.card.title)
            numbers(side, who)
    with right.container(border=True, key="card_change"):
        difference(a, b)
    remarks(a, b)


def named(who: str, title: str) -> None:
    """Write which network a card is of, in its colour."""
    st.markdown(f":{_COLOURS[who]}[**{who}**] &nbsp; **{title}**")


def numbers(side: Side, who: str) -> None:
    """Show what a network decided, how sure of it, and how much it fired.

    Args:
        side: The network.
        who: What explanations call it.
    """
    summary = side.summary
    decided = _prediction(summary)
    label, vote = "vote per step", f"{summary['votes'][summary['prediction']]:.2f}"
    if side.by_logits:
        label, vote = "its share", share(float(side.shares.max()))
    beside = (label, vote, told.vote(side, who))
    if len(decided) <= _SHORT:
        _metrics(("prediction", decided, told.prediction(side)), beside)
    else:
        # A metric cuts off what is longer than itself; a heading goes on in the next line.
        st.caption("prediction", help=tooltip(told.prediction(side)))
        st.markdown(f"#### {plain(decided)}")
        _metrics(beside)
    _metrics(
        ("spikes", f"{summary['spikes']:,}", told.spikes(side, who)),
        ("NASFR", f"{summary['nasfr']:.4f}", told.nasfr(side, who)),
    )


def difference(a: Side, b: Side) -> None:
    """Show spikes against spikes where both had as many chances to fire, else rates alone."""
    st.markdown("**B against A**")
    change = comparison.difference(a.summary, b.summary)
    rate = ("NASFR, B \u2212 A", typeset(change["nasfr"], "+.4f"), told.rate_change(a, b))
    words = {None: "\u2013", True: "same", False: "differs"}
    decision = ("decision", words[change["same_prediction"]], told.decision(a, b))
    counts = change["spikes"]
    of, relative = ("NASFR", "nasfr") if counts is None else ("spikes", "spikes")
    by = _percent(change[f"{relative}_relative"])
    _metrics(decision, (f"{of}, relative", by, told.relative(a, b)))
    fewer = "\u2013" if counts is None else typeset(counts, "+,")
    ledgers = [side.ledger(choices.prices()) for side in (a, b)]
    costs = _percent(energy.relative(*ledgers))
    _metrics(
        ("spikes, B \u2212 A", fewer, told.fewer(a, b)),
        rate,
        ("energy, relative", costs, told.energy(*ledgers)),
    )


def remarks(a: Side, b: Side) -> None:
    """Say what of the numbers needs a second look, if anything does."""
    ledger = b.ledger(choices.prices())
    gates, all_ = ledger.energy(group="gates").pj, ledger.energy().pj
    if all_ and gates / all_ > _WORTH_TELLING:
        st.caption(
            f":material/bolt: Energy does not follow the spikes alone: gates take "
            f"{gates / all_:.0%} of B\u2019s. The ledger stands under How much."
        )
    if unlike := comparison.caveats(a.summary, b.summary):
        st.caption(":material/balance: " + " ".join(unlike))


def _metrics(*numbers: tuple[str, str, Explanation]) -> None:
    """Show numbers beside each other, or under each other where a card is too narrow."""
    with st.container(horizontal=True):
        for label, value, explanation in numbers:
            # Millions of spikes need more room than a metric of the usual width has.
            width: int | Literal["content"] = 130 if len(value) <= _WIDE else "content"
            st.metric(label, value, help=tooltip(explanation), width=width)


def _percent(relative: float | None) -> str:
    """Return a change as a percentage, as a factor beyond tenfold, as a dash where A is silent."""
    if relative is None:
        return "\u2013"
    return typeset(relative, "+.1%") if relative < 9 else f"\u00d7 {relative + 1:,.0f}"


def _prediction(summary: dict[str, Any]) -> str:
    """Return the decision as it is: one class, a few that tie, or none."""
    if not any(summary["votes"].values()):
        return "silent"
    tied = [summary["prediction"], *summary["tied_with"]]
    return " / ".join(tied).replace("_", " ") if len(tied) <= 3 else "tied"


def plain(text: str) -> str:
    """Return text that markdown shows as it is."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
