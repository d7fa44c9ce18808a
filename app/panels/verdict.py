"""Panel: who decided what, at what price, and what of it may be compared."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from app import choices
from app.panels.explain import tooltip
from masnn import comparison, energy
from masnn.explanations import Explanation
from masnn.explanations import verdict as told
from masnn.numerals import shown
from masnn.sides import Side

#: Share of B's energy that its gates take, from which the card says so.
_WORTH_TELLING = 0.2

#: Letters that a metric of a card has room for.
_SHORT = 6


def show(a: Side, b: Side) -> None:
    """Draw A's card, B's card and the difference."""
    left, middle, right = st.columns(3)
    for column, who, colour, side in ((left, "A", "orange", a), (middle, "B", "blue", b)):
        with column.container(border=True, key=f"card_{who.lower()}"):
            st.markdown(f":{colour}[**{who}**] &nbsp; **{side.card.title}**")
            summary = side.summary
            decided = _prediction(summary)
            label, vote = "vote per step", f"{summary['votes'][summary['prediction']]:.2f}"
            if side.by_logits:
                label, vote = "its share", percent(float(side.shares.max()))
            its_vote = (label, vote, told.vote(side, who))
            predicted(decided, told.prediction(side), its_vote)
            metrics(
                ("spikes", f"{summary['spikes']:,}", told.spikes(side, who)),
                ("NASFR", f"{summary['nasfr']:.4f}", told.nasfr(side, who)),
            )
    with right.container(border=True, key="card_change"):
        difference(a, b)
    if unlike := comparison.caveats(a.summary, b.summary):
        st.caption(":material/balance: " + " ".join(unlike))


def predicted(decided: str, told: Explanation, *beside: tuple[str, str, Explanation]) -> None:
    """Show what a network decided, and numbers beside it or under it."""
    if len(decided) <= _SHORT:
        metrics(("prediction", decided, told), *beside)
    else:
        # A metric cuts off what is longer than itself; a heading goes on in the next line.
        st.caption("prediction", help=tooltip(told))
        st.markdown(f"#### {plain(decided)}")
        metrics(*beside)


def difference(a: Side, b: Side) -> None:
    """Show spikes against spikes where both had as many chances to fire, else rates alone."""
    st.markdown("**B against A**")
    change = comparison.difference(a.summary, b.summary)
    rate = ("NASFR, B \u2212 A", shown(change["nasfr"], "+.4f"), told.rate_change(a, b))
    words = {None: "\u2013", True: "same", False: "differs"}
    decision = ("decision", words[change["same_prediction"]], told.decision(a, b))
    counts = change["spikes"]
    of, relative = ("NASFR", "nasfr") if counts is None else ("spikes", "spikes")
    share = _percent(change[f"{relative}_relative"])
    metrics(decision, (f"{of}, relative", share, told.relative(a, b)))
    fewer = "\u2013" if counts is None else shown(counts, "+,")
    ledgers = [side.ledger(choices.prices()) for side in (a, b)]
    costs = _percent(energy.relative(*ledgers))
    metrics(
        ("spikes, B \u2212 A", fewer, told.fewer(a, b)),
        rate,
        ("energy, relative", costs, told.energy(*ledgers)),
    )
    gates, all_ = ledgers[1].energy(group="gates").pj, ledgers[1].energy().pj
    if all_ and gates / all_ > _WORTH_TELLING:
        st.caption(
            f"Energy does not follow the spikes alone: gates take {gates / all_:.0%} of B\u2019s. "
            "The ledger stands under How much."
        )


def metrics(*numbers: tuple[str, str, Explanation]) -> None:
    """Show numbers beside each other, or under each other where a card is too narrow."""
    with st.container(horizontal=True):
        for label, value, explanation in numbers:
            st.metric(label, value, help=tooltip(explanation), width=130)


def percent(share: float) -> str:
    """Return a share of the votes; of a thousand classes the highest may have little."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.2%}"


def _percent(relative: float | None) -> str:
    """Return a change as a percentage, as a factor beyond tenfold, as a dash where A is silent."""
    if relative is None:
        return "\u2013"
    return shown(relative, "+.1%") if relative < 9 else f"\u00d7 {relative + 1:,.0f}"


def _prediction(summary: dict[str, Any]) -> str:
    """Return the decision as it is: one class, a few that tie, or none."""
    if not any(summary["votes"].values()):
        return "silent"
    tied = [summary["prediction"], *summary["tied_with"]]
    return " / ".join(tied).replace("_", " ") if len(tied) <= 3 else "tied"


def plain(text: str) -> str:
    """Return text that markdown shows as it is."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
