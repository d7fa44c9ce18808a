"""Panel: the six views of A and B, one at a time, of recordings and pictures alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from app import choices
from app.panels import how_much, ledger, linkage, neuron, what, when, where
from app.runs import Gaze
from masnn import channels, contrast
from masnn.report.subject import VIEWS
from masnn.sides import Side, around, joined


def show(
    gaze: Gaze,
    a: Side,
    b: Side,
    layer: str,
    before: Mapping[str, Callable[[], None]] | None = None,
) -> str:
    """Draw the choice of a view and the view, begun with its answer in words; return its name.

    Args:
        gaze: What A and B look at.
        a: Network A.
        b: Network B.
        layer: The layer that plays.
        before: What a page draws above the panels of a view, by the view's name.
    """
    with st.container(key="views"):
        view = st.segmented_control(
            "View", VIEWS, default=VIEWS[0], required=True, key=choices.key("view"),
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
    view = view or VIEWS[0]  # an address may name it without a value
    with st.container(key=view.lower().replace(" ", "_")):
        if view == "Where":
            st.markdown(contrast.where(a, b, layer, around(joined(a, b), layer)))
        elif view == "What":
            st.markdown(channels.told(a, b, layer))
        elif view == "When":
            st.markdown(contrast.when(a, b))
        elif view == "How much":
            st.markdown(contrast.how_much(a, b, choices.prices()))
        if before and view in before:
            before[view]()
        if view == "Where":
            where.show(a, b, layer)
        elif view == "What":
            what.show(a, b, layer)
        elif view == "When":
            when.show(a, b, layer)
        elif view == "How much":
            how_much.show(a, b, layer)
            with st.container(key="ledger"):
                ledger.show(a, b)
        elif view == "Gate by gate":
            linkage.show(gaze, a, b, layer)
        else:
            neuron.show(gaze, a, b, layer)
    return str(view)
