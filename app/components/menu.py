"""The menu of pages on a phone: it closes once a page is chosen."""

from __future__ import annotations

import streamlit as st

from app.components import source

_menu = st.components.v2.component("page_menu", js=source("menu.js"), isolate_styles=False)


def menu() -> None:
    """Let the menu close; this draws nothing."""
    _menu(key="menu")
