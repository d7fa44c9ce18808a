"""The sidebar: which recording, which window, which networks, where to run."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.gallery import gallery
from app.state import Selection
from masnn.errors import CheckpointError
from masnn.readers import Recording

UPLOAD = "Upload"


def show() -> None:
    """Draw the controls and keep what they say for the page."""
    state.keep(None)
    with st.sidebar:
        st.markdown("## MA-SNN Lens")
        st.caption("See what attention does to a spiking network.")
        recording_controls = st.container()
        st.markdown("#### :material/deployed_code: Networks")
        a, b = _networks()
        device = st.selectbox(
            "Device",
            state.devices(),
            key="device",
            bind="query-params",
            help="auto takes a CUDA GPU where there is one, else the CPU. Both compute the same.",
        )
        st.caption(state.device_sentence(device))
    # Last, so that a recording that cannot be read leaves every other control in its place.
    with recording_controls:
        st.markdown("#### :material/videocam: Recording")
        source = st.segmented_control(
            "Source",
            [*state.EXAMPLE_SETS, UPLOAD],
            default=state.first_kind(),
            required=True,
            label_visibility="collapsed",
            key="source",
            bind="query-params",
            width="stretch",
            on_change=state.follow_source,
        )
        recording, simulated = _recording(source)
        if recording is not None:
            start_ms = _start(recording, a, b)
            state.keep(Selection(recording, simulated, start_ms, a, b, device))


def _recording(source: str) -> tuple[Recording | None, bool]:
    """Return the chosen recording and whether it is a simulated example."""
    if source != UPLOAD:
        names = list(state.examples(source))
        key = state.example_key(source)
        chosen = st.selectbox(
            "Example",
            names,
            index=state.first_example(source),
            key=key,
            bind="query-params",
            help="Simulated: a rendered scene seen by a modelled event camera, with performers or "
            "writers that no network was trained on. Not a real recording.",
        )
        picked = f"gallery_{source}"
        gallery(
            state.previews(source),
            chosen,
            key=picked,
            on_pick=lambda: state.pick_example(source, picked),
        )
        return state.example(source, chosen), True
    upload = st.file_uploader(
        "Event-camera file",
        max_upload_size=state.MAX_UPLOAD_MB,
        key="upload",
        help="N-MNIST .bin, AEDAT 2.0, 3.1 and 4, .npy or .npz with t, x, y, p, and text tables. "
        "The format is found by the content, not by the name.",
    )
    if upload is None:
        return None, False
    return state.uploaded(upload.name, upload.getvalue()), False


def _networks() -> tuple[str, str]:
    """Return the names of checkpoints A and B."""
    cards = state.cards()
    if not cards:
        broken = " ".join(state.problems().values())
        raise CheckpointError(
            f"No checkpoints found. {broken} Train one: python -m masnn train --help."
        )
    sets = state.data_sets()
    titles_of_sets = list(sets)
    opening, *_ = state.EXAMPLE_SETS[state.first_kind()]
    data = st.selectbox(
        "Trained on",
        titles_of_sets,
        index=titles_of_sets.index(opening) if opening in sets else 0,
        key="data",
        bind="query-params",
        on_change=state.forget_networks,
        help="Networks that know the same classes. Follows the kind of example chosen above.",
    )
    names = sets[data]
    vanilla = [n for n in names if cards[n].config["attention"] == "none"]
    attention = [n for n in names if n not in vanilla]

    titles = [cards[name].title for name in names]

    def title(name: str) -> str:
        own = cards[name].title
        return own if titles.count(own) == 1 else f"{own} \u00b7 {name}"

    a = st.selectbox(
        ":orange[**A**]",
        names,
        index=names.index((vanilla or names)[0]),
        format_func=title,
        key="a",
        bind="query-params",
    )
    b = st.selectbox(
        ":blue[**B**]",
        names,
        index=names.index((attention or names)[0]),
        format_func=title,
        key="b",
        bind="query-params",
    )
    return a, b


def _start(recording: Recording, a: str, b: str) -> float:
    """Return the start of the window; a recording no longer than the window has no choice."""
    length_ms = recording.events.duration_us / 1000
    configs = [state.cards()[name].config for name in (a, b)]
    window_ms = max(c["T"] * c["dt_ms"] for c in configs)
    latest = max(0.0, length_ms - window_ms)
    if latest < 1:
        st.caption(
            f"The window of {window_ms:g} ms starts at the first event; the recording lasts "
            f"{length_ms:.0f} ms."
        )
        return 0.0
    start = st.slider(
        "Window start (ms after the first event)",
        0,
        int(latest),
        0,
        step=max(1, int(latest) // 200),
        key=f"start_{recording.sha256[:12]}",
        help=f"The networks look at {window_ms:g} ms of the recording's {length_ms:,.0f} ms.",
    )
    return float(start)
