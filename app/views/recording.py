"""Page: the recording itself, before any network sees it."""

from __future__ import annotations

import streamlit as st

from app import links, state
from app.components.recording import recording as player
from app.figures import recording as figures
from app.inert import inert, inert_code
from app.panels import editing, invitation, take
from app.panels.chart import chart
from app.panels.explain import heading, tooltip
from app.state import Selection
from masnn.doctor import examine
from masnn.events import Events
from masnn.explanations import recording as told
from masnn.overview import (
    events_per_pixel,
    pixels_by_events,
    rate_curve,
    spread,
    waits_by_length,
    waits_us,
)
from masnn.report.overview import MOST, PARTS


def show() -> None:
    """Draw the page."""
    selection = state.selection()
    if selection is None:
        invitation.show()
        return
    events = selection.recording.events
    _facts(selection)
    invitation.offer(selection)
    if not len(events):
        editing.show(selection)
        st.info("There is no event.", icon=":material/hourglass_empty:")
        return
    _doctor(selection)
    editing.show(selection)
    _player(selection)
    left, right = st.columns(2)
    with left:
        _cloud(events)
    with right:
        _histograms(events)
    take.recording(selection.recording)


def _facts(selection: Selection) -> None:
    recording = selection.recording
    events = recording.events
    badge = ":violet-badge[simulated] " if selection.simulated else ""
    st.markdown(f"#### {badge}{inert_code(recording.name)}")
    seconds = events.duration_us / 1e6
    n = len(events)
    facts = {
        "events": f"{n:,}",
        "duration": f"{seconds:.3f} s",
        "rate": f"{n / seconds:,.0f} /s" if seconds else "\u2013",
        "ON": f"{events.n_on / n:.1%}" if n else "\u2013",
        "sensor": f"{events.width} \u00d7 {events.height}",
    }
    explained = told.facts(events)
    with st.container(horizontal=True):
        for label, value in facts.items():
            st.metric(label, value, help=tooltip(explained[label]), width=170)
    st.caption(
        f"{inert(recording.format)} \u00b7 {recording.n_bytes:,} bytes \u00b7 "
        f"sha256 {recording.sha256}"
    )


def _doctor(selection: Selection) -> None:
    recording = selection.recording
    findings = examine(recording.events)
    heading("#### File doctor", told.doctor(findings))
    found = [finding.text for finding in findings]
    for text in recording.warnings:
        st.markdown(f":material/build: {inert(text)}")
    for text in found:
        st.markdown(f":material/search: {text}")
    if not recording.warnings and not found:
        st.markdown(
            ":material/check_circle: Nothing odd: every event of the file is here as it is."
        )


def _player(selection: Selection) -> None:
    recording = selection.recording
    edges_ms, curve = rate_curve(recording.events, PARTS)
    heading("#### Event by event", told.curve(edges_ms, curve))
    st.caption(
        "Space plays, arrow keys step, drag on the curve to scrub. Drag the frame, or press Shift "
        "and an arrow key, to choose where the networks look."
    )
    window_ms = state.window_ms(selection.a, selection.b)
    block = figures.content(
        recording.identity,
        _some(recording.events, figures.MAX_PLAYED),
        curve,
        float(edges_ms[-1]),
        figures.Window(selection.start_ms, window_ms, state.latest_start_ms(recording, window_ms)),
        dark=state.is_dark(),
    )
    key = "recording_player"
    player(block, key, on_start=lambda: links.start_at(recording, key))


def _some(events: Events, most: int) -> figures.Some:
    """Return all events, or so many, evenly spread over their order."""
    i = spread(events, most)
    elapsed = events.t[i] - events.t[0]
    size = (events.width, events.height)
    return figures.Some(*size, elapsed, events.x[i], events.y[i], events.p[i], len(events))


def _cloud(events: Events) -> None:
    heading("#### In space and time", told.cloud(len(events), MOST))
    some = _some(events, MOST)
    st.caption(f"{len(some.p):,} of {len(events):,} events, spread evenly over their order.")
    chart(figures.cloud(some, dark=state.is_dark()), "cloud", "Events by time, x and y")


def _histograms(events: Events) -> None:
    counts = events_per_pixel(events)
    silent = int((counts.sum(0) == 0).sum())
    heading("#### Events of a pixel", told.pixels(silent))
    st.caption(f"{silent:,} of {events.width * events.height:,} pixels saw none.")
    chart(
        figures.pixels(*pixels_by_events(counts), dark=state.is_dark()),
        "pixels",
        "Number of pixels by their ON and OFF events",
    )
    waits = waits_us(events)
    heading("#### Waits of a pixel", told.waits(waits))
    if not len(waits):
        st.caption("No pixel saw two events.")
        return
    chart(
        figures.waits(*waits_by_length(waits), dark=state.is_dark()),
        "waits",
        "Times between a pixel's events",
    )


show()
