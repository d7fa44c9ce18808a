"""The sidebar: which recording, which window, which networks, where to run."""

from __future__ import annotations

import streamlit as st

from app import links, state, uploads
from app.components.gallery import gallery
from app.components.menu import menu
from app.inert import inert, inert_code
from app.state import Selection
from masnn.errors import CheckpointError
from masnn.readers import Recording

#: Pages, by title, of a recording and two networks; and others on which networks run.
OF_RECORDINGS, OF_NETWORKS = ("Compare", "Recording"), ("Images",)


def show(page: str) -> None:
    """Draw the controls that act on a page, and keep what they say for it.

    Args:
        page: The page's title.
    """
    state.keep(None)
    with st.sidebar:
        controls = st.container()
        menu()
    with controls:
        st.markdown("## MA-SNN Lens")
        st.caption("See what attention does to a spiking network.")
        if page not in OF_RECORDINGS:
            st.caption(
                ":material/bookmark: Recording and networks of *Compare* are kept while you are "
                "here; nothing on this page depends on them."
            )
            if page in OF_NETWORKS:
                _device()
            return
        st.markdown("#### :material/deployed_code: Networks")
        a, b = _networks()
        recording_controls = st.container()
        device = _device()
    # Last, so that a recording that cannot be read leaves every other control in its place.
    with recording_controls:
        st.markdown("#### :material/videocam: Recording")
        source = st.segmented_control(
            "Source",
            [*state.EXAMPLE_SETS, links.UPLOAD],
            default=state.first_kind(),
            required=True,
            label_visibility="collapsed",
            key="source",
            bind="query-params",
            width="stretch",
            on_change=state.follow_source,
        )
        # An address may name it without a value.
        recording, simulated = _recording(source or state.first_kind())
        if recording is not None:
            original = recording
            recording, problem = links.edited(original)
            if problem:
                st.error(f"Not edited: {inert(problem)}", icon=":material/edit_off:")
            start_ms = _start(recording, a, b)
            state.keep(Selection(recording, original, simulated, start_ms, a, b, device))


def _recording(source: str) -> tuple[Recording | None, bool]:
    """Return the chosen recording and whether it is a simulated example."""
    if source != links.UPLOAD:
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
        links.opened(None)
        return state.example(source, chosen), True
    recording = uploads.recording()
    if recording is None:
        st.caption(":material/upload_file: Choose the file on the page.")
        return None, False
    links.opened(recording)
    with st.container(border=True):
        st.markdown(inert_code(recording.name))
        st.caption(f"{inert(recording.format)} \u00b7 {recording.n_bytes:,} bytes")
        st.button(
            "Close the recording",
            icon=":material/close:",
            key="close_upload",
            on_click=uploads.close,
        )
    return recording, False


def _device() -> str:
    """Return where networks are to run."""
    device = st.selectbox(
        "Device",
        state.devices(),
        key="device",
        bind="query-params",
        help="auto takes a CUDA GPU where there is one, else the CPU. Both compute the same.",
    )
    st.caption(state.device_sentence(device))
    return device


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
    opening_a, opening_b = state.opening_pair(names)
    titles = [cards[name].title for name in names]

    def title(name: str) -> str:
        own = cards[name].title
        return own if titles.count(own) == 1 else f"{own} \u00b7 {name}"

    chosen = []
    for key, colour, opening_name in (("a", "orange", opening_a), ("b", "blue", opening_b)):
        # A label with a colour would be read out with its markup.
        with st.container(gap="xxsmall"):
            st.markdown(f":{colour}[**{key.upper()}**]")
            chosen.append(
                st.selectbox(
                    f"Network {key.upper()}",
                    names,
                    index=names.index(opening_name),
                    format_func=title,
                    key=key,
                    bind="query-params",
                    label_visibility="collapsed",
                )
            )
    a, b = chosen
    return a, b


def _start(recording: Recording, a: str, b: str) -> float:
    """Return the start of the window; a recording no longer than the window has no choice."""
    length_ms = recording.events.duration_us / 1000
    window_ms = state.window_ms(a, b)
    latest = state.latest_start_ms(recording, window_ms)
    if latest < 1:
        st.caption(
            f"The window of {window_ms:g} ms starts at the first event; the recording lasts "
            f"{length_ms:.0f} ms."
        )
        links.started(0.0)
        return 0.0
    start = st.slider(
        "Window start (ms after the first event)",
        0.0,
        latest,
        step=float(max(1, int(latest) // 200)),
        key=links.start_of(recording, latest),
        persist_state="session",
        format="%g",
        help=f"The networks look at {window_ms:g} ms of the recording's {length_ms:,.0f} ms.",
    )
    links.started(start)
    return float(start)
