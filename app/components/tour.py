"""A tour of the page: offered once, then a slim bar that leads from stop to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app.components import source

_tour = st.components.v2.component(
    "page_tour",
    html='<div class="tour"></div>',
    css=source("tour.css"),
    js=source("block.js", "tour.js"),
)


def tour(
    stops: Sequence[Mapping[str, str]] | None,
    key: str,
    *,
    on_begin: Callable[[], None],
    on_turn: Callable[[], None],
    on_end: Callable[[], None],
) -> None:
    """Offer the tour, or show its stops.

    Args:
        stops: Of each stop the "view" to turn to or nothing, the "target" to frame, as CSS has it,
            and the "text"; None where nobody takes the tour.
        key: Widget key; `on_turn` finds the view to turn to under it, as `turned`.
        on_begin: Called when the tour is wanted.
        on_turn: Called when another view is.
        on_end: Called when it is over.
    """
    _tour(
        key=key,
        data={"stops": stops},
        width="content",
        on_began_change=on_begin,
        on_turned_change=on_turn,
        on_ended_change=on_end,
    )
