"""Page: two networks on one recording, side by side."""

from __future__ import annotations

import streamlit as st

from app import state
from app.panels import firing, gates, verdict
from app.state import Selection, Side
from masnn import comparison


def show() -> None:
    """Draw the page."""
    selection = state.selection()
    if selection is None:
        st.info(
            "Upload an event-camera recording in the sidebar, or choose an example.",
            icon=":material/upload_file:",
        )
        return
    _recording_line(selection)
    a, b = state.side(selection, "a"), state.side(selection, "b")
    _notices(selection, a, b)
    verdict.show(a, b)
    firing.overview(selection, a, b)
    firing.maps(a, b)
    firing.histograms(a, b)
    gates.show(selection, b)
    _provenance(selection, a, b)


def _recording_line(selection: Selection) -> None:
    recording = selection.recording
    events = recording.events
    parts = [
        f"**`{recording.name}`**",
        recording.format,
        f"{events.width} \u00d7 {events.height} px",
        f"{events.duration_us / 1e6:.2f} s",
        f"{len(events):,} events ({events.n_on / max(len(events), 1):.0%} ON)",
        f"sha {recording.sha256[:8]}",
    ]
    st.markdown(
        (":violet-badge[simulated] " if selection.simulated else "") + " \u00b7 ".join(parts)
    )


def _notices(selection: Selection, a: Side, b: Side) -> None:
    for warning in selection.recording.warnings:
        st.caption(f":material/info: {warning}")
    sensor = (selection.recording.events.height, selection.recording.events.width)
    strangers: dict[str, list[str]] = {}
    for who, side in (("A", a), ("B", b)):
        name, size = side.card.data["name"], tuple(side.card.config["input_size"])
        # 34 x 34 px is the sensor of digits, and of nothing else that is known.
        digits = sensor == (34, 34)
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
    outside: dict[int, list[str]] = {}
    for who, side in (("A", a), ("B", b)):
        outside.setdefault(side.frames.n_outside_field, []).append(who)
    for n, whose in outside.items():
        if n:
            st.caption(
                f":material/crop: {n:,} events lie outside the field of {' and '.join(whose)} and "
                "were left out."
            )


def _provenance(selection: Selection, a: Side, b: Side) -> None:
    """Say what is needed to obtain the same numbers again."""
    facts = comparison.provenance(
        selection.recording,
        {"a": a.frames, "b": b.frames},
        {"a": a.card, "b": b.card},
        state.device_name(selection),
    )
    networks = " \u00b7 ".join(
        f"{side.upper()} {n['checkpoint']} sha {n['sha256'][:8]}, {n['T']} \u00d7 {n['dt_ms']:g} ms"
        for side, n in facts["networks"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    st.divider()
    st.caption(
        f"{facts['file']} \u00b7 sha256 {facts['sha256'][:16]} \u00b7 {facts['format']} "
        f"\u00b7 from {selection.start_ms:g} ms \u00b7 {networks} "
        f"\u00b7 {facts['device']} \u00b7 {versions}"
    )
    with st.popover("Same numbers from the command line", icon=":material/terminal:"):
        st.code(
            f"python -m masnn compare FILE --a {a.card.name} --b {b.card.name} "
            f"--start-ms {selection.start_ms:g}",
            language="bash",
        )
        st.json(facts, expanded=1)


show()
