"""Page: two networks on one recording, side by side."""

from __future__ import annotations

import json

import streamlit as st

from app import runs, state
from app.inert import inert, inert_code
from app.panels import invitation, lens, playing, take, tour, verdict
from app.state import Selection
from masnn.edits import from_plain, options
from masnn.report.recorded import Recorded
from masnn.sides import Side

_AGAIN = (
    "The page\u2019s address brings this view back too. An uploaded recording stays with you: "
    "address and recipe know it by its hash and ask for the file."
)


def show() -> None:
    """Draw the page."""
    selection = state.selection()
    if selection is None:
        invitation.show()
        return
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        words = st.empty()
        corner = st.container(horizontal=True, vertical_alignment="center", width="content")
    a, b = runs.side(selection, "a"), runs.side(selection, "b")
    words.markdown(_recording_line(selection, a, b))
    layer = playing.layer(a, b)
    with corner:
        tour.offer(a, b, layer)
        invitation.offer(selection)
    scene = Recorded(selection.recording, selection.start_ms)
    _notices(selection, scene, a, b)
    with st.container(key="verdict"):
        verdict.show(a, b)
    events = selection.recording.events
    playing.show(a, b, layer, lambda ticks_ms: playing.events_seen(events, a, b, ticks_ms))
    view = lens.show(selection, a, b, layer)
    take.show(selection, scene, a, b, view, layer, _AGAIN)
    _provenance(selection, scene, a, b)


def _recording_line(selection: Selection, a: Side, b: Side) -> str:
    """Return what the recording is, and the part of it that is compared."""
    recording = selection.recording
    events = recording.events
    parts = [
        f"**{inert_code(recording.name)}**",
        inert(recording.format),
        f"{events.width} \u00d7 {events.height} px",
        f"{events.duration_us / 1e6:.2f} s",
        f"{len(events):,} events ({events.n_on / max(len(events), 1):.0%} ON)",
        f"sha {recording.sha256[:8]}",
    ]
    end_ms = max(side.edges_ms[-1] for side in (a, b))
    if selection.start_ms or end_ms * 1000 < events.duration_us:
        parts.append(f"**compared: {selection.start_ms / 1000:.2f} to {end_ms / 1000:.2f} s**")
    return (":violet-badge[simulated] " if selection.simulated else "") + " \u00b7 ".join(parts)


def _notices(selection: Selection, scene: Recorded, a: Side, b: Side) -> None:
    take.recipe(scene, a, b)
    for warning in selection.recording.warnings:
        st.caption(f":material/info: {inert(warning)}")
    for change in selection.recording.changes:
        st.caption(f":material/edit: {change}")
    sensor = (selection.recording.events.height, selection.recording.events.width)
    # 34 x 34 px is the sensor of digits, and of nothing else that is known.
    digits = sensor == (34, 34)
    strangers: dict[str, list[str]] = {}
    for who, side in (("A", a), ("B", b)):
        name, size = side.card.data["name"], tuple(side.card.config["input_size"])
        if name == "N-MNIST" and not digits:
            strangers.setdefault("digits (N-MNIST, 34 \u00d7 34 px)", []).append(who)
        elif name != "N-MNIST" and digits and size != sensor:
            strangers.setdefault(name, []).append(who)
    for trained, networks in strangers.items():
        were = "was" if len(networks) == 1 else "were"
        st.warning(
            f"{' and '.join(networks)} {were} trained on {trained}. On this recording the firing "
            "is worth a look; the named class means nothing.",
            icon=":material/school:",
        )
    if strangers and digits and "N-MNIST" in state.data_sets():
        st.button(
            "Compare networks that know digits",
            icon=":material/swap_horiz:",
            on_click=state.offer_networks,
            args=("N-MNIST",),
        )
    outside: dict[int, list[str]] = {}
    for who, side in (("A", a), ("B", b)):
        outside.setdefault(side.recorded.n_outside_field, []).append(who)
    for n, whose in outside.items():
        if n:
            st.caption(
                f":material/crop: {n:,} events lie outside the field of {' and '.join(whose)} and "
                "were left out."
            )


def _provenance(selection: Selection, scene: Recorded, a: Side, b: Side) -> None:
    """Say what is needed to obtain the same numbers again."""
    facts = scene.provenance(a, b, runs.device_name(selection))
    networks = " \u00b7 ".join(
        f"{side.upper()} {n['checkpoint']} sha {n['sha256'][:8]}, {n['T']} \u00d7 {n['dt_ms']:g} ms"
        for side, n in facts["networks"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    st.divider()
    st.caption(
        f"{inert(facts['file'])} \u00b7 sha256 {facts['sha256'][:16]} "
        f"\u00b7 {inert(facts['format'])} "
        f"\u00b7 from {selection.start_ms:g} ms \u00b7 {networks} "
        f"\u00b7 {facts['device']} \u00b7 {versions}"
    )
    with st.popover("Same numbers from the command line", icon=":material/terminal:"):
        edits = options(from_plain(selection.recording.edits))
        words = (
            f"python -m masnn compare FILE --a {a.card.name} --b {b.card.name} "
            f"--start-ms {selection.start_ms:g} {edits}"
        )
        st.code(words.strip(), language="bash", wrap_lines=True)
        st.code(json.dumps(facts, indent=1), language=None, wrap_lines=True)


show()
