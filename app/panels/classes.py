"""Panels: how well and at what price each class of a data set is told, by A and by B."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import choices, state
from app.figures import asrv as figure
from app.panels.chart import chart
from app.panels.explain import heading, tooltip
from app.panels.responses import titles
from app.panels.verdict import plain
from masnn import asrv_files
from masnn.asrv import Asrv, Paired
from masnn.energy import PRESETS
from masnn.explanations import dataset as told
from masnn.numerals import typeset


def summary(responses: Mapping[str, Asrv], test: Paired | None, why: str) -> None:
    """Draw each network's card and the paired comparison.

    Args:
        responses: By "a" and "b".
        test: How they compare recording by recording, if they do.
        why: Why they do not.
    """
    costs = PRESETS[choices.prices()]
    columns = st.columns(3)
    for column, colour, (who, r) in zip(
        columns, ("orange", "blue"), responses.items(), strict=False
    ):
        low, high = r.accuracy_interval
        energy = r.energy_uj(costs)
        with column.container(border=True):
            st.markdown(f":{colour}[**{who.upper()}**] &nbsp; **{plain(r.about.title)}**")
            with st.container(horizontal=True):
                st.metric("accuracy", f"{r.accuracy:.1%}", width=130)
                st.metric("NASFR", f"{r.nasfr.mean():.4f}", width=130)
                st.metric("spikes each", f"{r.spikes.sum(1).mean():,.0f}", width=130)
                if energy is not None:
                    st.metric(
                        "energy each", f"{energy.mean():.1f} \u00b5J", help=costs.name, width=130
                    )
            tied = int(r.tied.sum())
            st.caption(f"n = {r.n}, 95 % interval {low:.1%} to {high:.1%}; {tied} tied decisions.")
    with columns[-1].container(border=True):
        st.markdown("**Paired, recording by recording**")
        if test is None:
            st.caption(why)
        else:
            _paired(test)


def _paired(test: Paired) -> None:
    hits, change = test.accuracy, test.nasfr
    explained = tooltip(told.paired(test))
    with st.container(horizontal=True):
        st.metric("right only in A", f"{hits.only_a}", width=130)
        st.metric("right only in B", f"{hits.only_b}", width=130)
        p = typeset(hits.p, ".3f" if hits.p >= 0.001 else ".1e")
        st.metric("p (McNemar)", p, help=explained, width=130)
        st.metric("NASFR, B \u2212 A", typeset(change.mean, "+.4f"), help=explained, width=130)
    st.caption(
        f"n = {test.n}. B \u2212 A: 95 % interval {typeset(change.low, '+.4f')} to "
        f"{typeset(change.high, '+.4f')}; B fires less in {change.lower:.1%} of the "
        f"recordings. {test.caveat}"
    )


def show(responses: Mapping[str, Asrv], layer: str) -> None:
    """Show confusion, spikes and energy by class, and which channels fire for which class."""
    dark, names = state.is_dark(), titles(responses)
    classes = next(iter(responses.values())).about.classes
    heading("#### Confusion", told.accuracy(responses))
    chart(
        figure.confusion(
            {who.upper(): r.confusion for who, r in responses.items()}, classes,
            names=names, dark=dark,
        ),
        "asrv_confusion",
        "Recordings by class and prediction",
    )  # fmt: skip
    heading("#### Spikes and energy of each class", told.classes(responses))
    rows = asrv_files.class_rows(responses, PRESETS[choices.prices()])
    by_side = {who.upper(): [r for r in rows if r["network"] == who.upper()] for who in responses}
    spikes = {
        who: np.array([row["spikes"] for row in of], np.float64) for who, of in by_side.items()
    }
    chart(
        figure.class_spikes(spikes, classes, names=names, dark=dark),
        "asrv_class_spikes",
        "Mean spikes of a recording by class",
    )
    _table(by_side)
    found = {
        who.upper(): rates for who, r in responses.items()
        if (rates := _by_class(r, layer)) is not None
    }  # fmt: skip
    if found:
        heading(f"#### Channels of {layer} by class", told.by_class(responses, layer))
        shown = [responses[who.lower()].about.title for who in found]
        chart(
            figure.channels_by_class(found, classes, names=shown, dark=dark),
            "asrv_by_class",
            f"Rate of each channel of {layer} by class",
        )


def _by_class(response: Asrv, layer: str) -> NDArray[np.float64] | None:
    """Return the rate of each channel by class, (classes, C); not a number for an empty class."""
    if layer not in response.channels:
        return None
    _, _, height, width = response.counts[layer].shape
    n = np.bincount(response.labels, minlength=len(response.about.classes))[:, None]
    with np.errstate(invalid="ignore"):
        rates = response.channels[layer] / (n * (response.T * height * width))
    return np.asarray(rates, np.float64)


def _table(by_side: Mapping[str, list[dict[str, Any]]]) -> None:
    rows = []
    for of in zip(*by_side.values(), strict=True):
        row: dict[str, Any] = {"class": of[0]["class"], "n": of[0]["n"]}
        for title, key in (("right", "right"), ("spikes", "spikes"), ("\u00b5J", "energy_uj")):
            row |= {f"{title} {one['network']}": one[key] for one in of}
        rows.append({key: value for key, value in row.items()})
    number = st.column_config.NumberColumn
    formats = {"spikes": "localized", "\u00b5J": "%.2f"}
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            key: number(format=formats[key.split()[0]])
            for key in rows[0]
            if key.split()[0] in formats
        }
        | {"class": st.column_config.Column(pinned=True)},
    )
