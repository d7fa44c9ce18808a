"""A figure on a page, drawn the same way everywhere."""

from __future__ import annotations

import streamlit as st

from app.figures import style


def chart(figure: object, key: str, alt: str) -> None:
    """Draw a Plotly figure.

    Args:
        figure: The figure.
        key: Its name on the page.
        alt: What it shows, for those who cannot see it.
    """
    st.plotly_chart(figure, theme=None, config=style.CONFIG, key=key, alt=alt)
