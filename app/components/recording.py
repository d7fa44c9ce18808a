"""A recording played as it is, and the window that the networks look at, to be dragged."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_recording = st.components.v2.component(
    "recording_player",
    html='<div class="recording" tabindex="0" role="group" aria-label="Recording: space plays, '
    'arrow keys step, with Shift they move the window of the networks"></div>',
    css=source("common.css", "recording.css"),
    js=source("block.js", "recording.js"),
)


def recording(block: bytes, key: str, on_start: Callable[[], None]) -> None:
    """Show a recording.

    Args:
        block: What `app.figures.recording.content` made.
        key: Widget key; `on_start` finds the window's start in ms after the first event under it,
            as `start`.
        on_start: Called before the rerun that letting go of the window causes.
    """
    _recording(key=key, data=block, on_start_change=on_start)
