"""Long work under way: how far it is, and a way to stop it.

Streamlit stops a script that is to be drawn anew, or whose visitor left, at its next call. So work
that tells how far it is stops by itself when something else was asked for; only a visitor who asks
for nothing else needs a button.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import streamlit as st

#: Work that takes no longer than this shows no bar.
_QUIET_S = 0.8

#: A bar moves at most so often.
_EVERY_S = 0.1


@contextmanager
def told(key: Hashable, words: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far some work is and let its visitor stop it.

    Args:
        key: Tells this work from all other.
        words: What is done, such as "Running the networks".

    Yields:
        What the work calls with the number of its parts that are done and of all.
    """
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    stopped: set[str] = st.session_state.setdefault("stopped", set())
    if digest in stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/stop_circle: Stopped before it was done.", width="content")
            st.button("Run it", key=f"run_{digest}", on_click=lambda: stopped.discard(digest))
        st.stop()
    place = st.empty()
    begun = time.monotonic()
    bar, last = None, begun + _QUIET_S

    def move(done: int, of: int) -> None:
        nonlocal bar, last
        now = time.monotonic()
        if now < last:
            return
        last = now + _EVERY_S
        text = f"{words}: {done} of {of}, {now - begun:.0f} s"
        if bar is None:
            with place.container(horizontal=True, vertical_alignment="center"):
                bar = st.progress(done / of, text)
                st.button(
                    "Stop",
                    key=f"stop_{digest}",
                    icon=":material/stop_circle:",
                    on_click=lambda: stopped.add(digest),
                )
        else:
            bar.progress(done / of, text)

    with st.spinner(words):
        yield move
    place.empty()
