"""Panel: who decided what, at what price, and what of it may be compared."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from app.state import Side
from masnn import comparison

_PREDICTION_HELP = (
    "The class with the highest mean output rate. Where several share it, all are named, and the "
    "first counts in an evaluation; a silent output decides nothing."
)

#: Letters that a metric of a card has room for.
_SHORT = 6


def show(a: Side, b: Side) -> None:
    """Draw A's card, B's card and the difference."""
    left, middle, right = st.columns(3)
    for column, mark, side in ((left, ":orange[**A**]", a), (middle, ":blue[**B**]", b)):
        with column.container(border=True):
            st.markdown(f"{mark} &nbsp; **{side.card.title}**")
            summary = side.summary
            vote = summary["votes"][summary["prediction"]]
            decided = _prediction(summary)
            its_vote = ("its vote", f"{vote:.2f}", "Spikes per step of that class's output.")
            if len(decided) <= _SHORT:
                _metrics(("prediction", decided, _PREDICTION_HELP), its_vote)
            else:
                # A metric cuts off what is longer than itself; a heading goes on in the next line.
                st.caption("prediction", help=_PREDICTION_HELP)
                st.markdown(f"#### {_plain(decided)}")
                _metrics(its_vote)
            _metrics(
                ("spikes", f"{summary['spikes']:,}", _spikes_help(side)),
                ("NASFR", f"{summary['nasfr']:.4f}", _nasfr_help(side)),
            )
    with right.container(border=True):
        st.markdown("**B against A**")
        _difference(a, b)
    if unlike := comparison.caveats(a.summary, b.summary):
        st.caption(":material/balance: " + " ".join(unlike))


def _difference(a: Side, b: Side) -> None:
    """Show spikes against spikes where both had as many chances to fire, else rates alone."""
    change = comparison.difference(a.summary, b.summary)
    rate = ("NASFR, B \u2212 A", f"{change['nasfr']:+.4f}", None)
    decision: tuple[str, str, str | None]
    if change["same_prediction"] is None:
        decision = ("decision", "\u2013", "A and B name other classes: nothing to compare.")
    else:
        decision = ("decision", "same" if change["same_prediction"] else "differs", None)
    if change["spikes"] is not None:
        relative = _percent(change["spikes_relative"])
        _metrics(decision, ("spikes, relative", relative, "(B \u2212 A) / A, all spikes."))
        _metrics(("spikes, B \u2212 A", f"{change['spikes']:+,}", None), rate)
        return
    relative = _percent(change["nasfr_relative"])
    _metrics(
        decision, ("NASFR, relative", relative, "(B \u2212 A) / A, spikes / (neurons, steps).")
    )
    _metrics(("spikes, B \u2212 A", "\u2013", "Not compared: see below the cards."), rate)


def _metrics(*shown: tuple[str, str, str | None]) -> None:
    """Show numbers beside each other, or under each other where a card is too narrow."""
    with st.container(horizontal=True):
        for label, value, explanation in shown:
            st.metric(label, value, help=explanation, width=130)


def _percent(relative: float | None) -> str:
    """Return a change as a percentage, as a factor beyond tenfold, as a dash where A is silent."""
    if relative is None:
        return "\u2013"
    return f"{relative:+.1%}" if relative < 9 else f"\u00d7 {relative + 1:,.0f}"


def _prediction(summary: dict[str, Any]) -> str:
    """Return the decision as it is: one class, a few that tie, or none."""
    if not any(summary["votes"].values()):
        return "silent"
    tied = [summary["prediction"], *summary["tied_with"]]
    return " / ".join(tied).replace("_", " ") if len(tied) <= 3 else "tied"


def _plain(text: str) -> str:
    """Return text that markdown shows as it is."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def _spikes_help(side: Side) -> str:
    return (
        f"All spikes of all {side.summary['neurons']:,} neurons, output included, in "
        f"{side.response.T} steps of {side.card.config['dt_ms']:g} ms."
    )


def _nasfr_help(side: Side) -> str:
    summary = side.summary
    return (
        "Network average spiking firing rate = spikes / (neurons \u00b7 steps) = "
        f"{summary['spikes']:,} / ({side.summary['neurons']:,} \u00b7 {side.response.T}) = "
        f"{summary['nasfr']:.4f}. Convolutional layers alone: {summary['nasfr_conv']:.4f}. "
        "The paper also calls it NASAR (Yao et al. 2023, Section 4)."
    )
