"""The only user of Streamlit's memory: what is chosen, and what was computed for it.

Everything cached here is immutable and shared by all visitors: networks keep no neuron state,
responses are read-only arrays. Keys are content hashes, never file names.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.figures.preview import animated
from masnn import checkpoints, comparison
from masnn.checkpoints import Card
from masnn.devices import choose_device, usable_devices
from masnn.errors import CheckpointError, EventFileError, MasnnError
from masnn.frames import Frames, fixed_bins, to_frames
from masnn.readers import Recording, read_recording
from masnn.response import Response, record

if TYPE_CHECKING:
    from masnn.networks import ConvSNN

EXAMPLES = Path(__file__).parent / "examples"

#: Kinds of bundled recordings: the title of the data whose networks know them, their files, and
#: the one that the app opens on.
EXAMPLE_SETS = {
    "Gestures": ("Gestures (simulated)", "simulated_*.npz", "right hand wave"),
    "Digits": ("N-MNIST", "simulated_*.bin", "digit 7"),
}

#: Previews of the gallery: at most so many frames and px a side, each shown for so many ms.
PREVIEW_FRAMES, PREVIEW_PX, PREVIEW_MS = 24, 64, 80
#: A frame gathers at least this time of a recording.
PREVIEW_STEP_US = 35_000

#: Larger uploads are refused; keep equal to server.maxUploadSize in .streamlit/config.toml.
MAX_UPLOAD_MB = 200

# One inference at a time: two visitors wait for each other rather than for swap.
_INFERENCE = threading.Lock()
_INFERENCE_TIMEOUT_S = 120


class BusyError(MasnnError):
    """Other visitors keep the network busy."""


@dataclass(frozen=True)
class Selection:
    """Say what the sidebar asks for.

    Args:
        recording: The recording.
        simulated: Whether it is a bundled, simulated example.
        start_ms: Start of the window in ms after the first event.
        a: Checkpoint A.
        b: Checkpoint B.
        device: As `choose_device` takes it.
    """

    recording: Recording
    simulated: bool
    start_ms: float
    a: str
    b: str
    device: str


@dataclass(frozen=True)
class Side:
    """Hold one network's part of a comparison.

    Args:
        card: Its checkpoint's card.
        frames: What it saw.
        response: What it did.
        summary: Its numbers, as `comparison.summarise` names them.
    """

    card: Card
    frames: Frames
    response: Response
    summary: dict[str, Any]

    def edges_ms(self, recording: Recording) -> NDArray[np.float64]:
        """Return the borders of the steps in ms after the recording's first event, (T + 1,)."""
        return (self.frames.edges_us - int(recording.events.t[0])) / 1000


def examples(kind: str) -> dict[str, Path]:
    """Return the bundled recordings of a kind, a key of `EXAMPLE_SETS`, by name."""
    _, pattern, _ = EXAMPLE_SETS[kind]
    paths = sorted(EXAMPLES.glob(pattern))
    return {path.stem.removeprefix("simulated_").replace("_", " "): path for path in paths}


def first_kind() -> str:
    """Return the kind of examples that the app opens on: the first that a network knows."""
    known = data_sets()
    kinds = [kind for kind, (title, *_) in EXAMPLE_SETS.items() if title in known]
    return (kinds or list(EXAMPLE_SETS))[0]


def first_example(kind: str) -> int:
    """Return the index of the example that the app opens on."""
    names, opening = list(examples(kind)), EXAMPLE_SETS[kind][2]
    return names.index(opening) if opening in names else 0


def example_key(kind: str) -> str:
    """Return the widget key under which the chosen example of a kind is kept."""
    return kind.lower()


def pick_example(kind: str, gallery_key: str) -> None:
    """Choose the example that was clicked in the gallery of this key."""
    st.session_state[example_key(kind)] = st.session_state[gallery_key].picked


def follow_source() -> None:
    """Offer the networks that know the classes of the examples just turned to."""
    title, *_ = EXAMPLE_SETS.get(st.session_state["source"], ("",))
    if title in data_sets() and st.session_state.get("data") != title:
        st.session_state["data"] = title
        forget_networks()


def forget_networks() -> None:
    """Drop the chosen networks where others are offered.

    Streamlit tells options apart by what is shown, and every data set has a "vanilla".
    """
    for side in ("a", "b"):
        st.session_state.pop(side, None)


@st.cache_data(show_spinner=False)
def previews(kind: str) -> dict[str, bytes]:
    """Return a small moving picture of each example of a kind."""
    pictures = {}
    for name, path in examples(kind).items():
        events = read_recording(path).events
        n = min(PREVIEW_FRAMES, max(1, events.duration_us // PREVIEW_STEP_US))
        edges = fixed_bins(events, n)
        size = (min(PREVIEW_PX, events.height), min(PREVIEW_PX, events.width))
        frames = to_frames(events, edges, size)
        pictures[name] = animated(frames.counts, PREVIEW_MS)
    return pictures


def data_sets() -> dict[str, list[str]]:
    """Return the names of the checkpoints by the title of the data they were trained on."""
    sets: dict[str, list[str]] = {}
    for name, card in cards().items():
        sets.setdefault(str(card.data.get("name", "other data")), []).append(name)
    return sets


def cards() -> dict[str, Card]:
    """Return the cards of the shipped checkpoints by name."""
    return _cards(checkpoints.FOLDER)


@st.cache_data(show_spinner=False, ttl=300)
def _cards(folder: Path) -> dict[str, Card]:
    return checkpoints.available(folder)


def problems() -> dict[str, str]:
    """Return what is wrong with the checkpoints that cannot be used, by name."""
    return checkpoints.problems(checkpoints.FOLDER)


def devices() -> list[str]:
    """Return the devices a visitor may choose."""
    return usable_devices()


def device_sentence(device: str) -> str:
    """Return where networks run, in one plain sentence."""
    return choose_device(device)[1]


def device_name(selection: Selection) -> str:
    """Return the device that a selection runs on, such as "cpu" or "cuda:0"."""
    return str(choose_device(selection.device)[0])


def example(kind: str, name: str) -> Recording:
    """Return a bundled recording."""
    path = examples(kind)[name]
    return _recording(path.read_bytes(), path.name)


def uploaded(name: str, content: bytes) -> Recording:
    """Return an uploaded recording.

    Raises:
        EventFileError: If it is too large or cannot be read.
    """
    # The uploader's own limits are advice to the browser: the endpoint takes what it is sent.
    if len(content) > MAX_UPLOAD_MB * 1_000_000:
        raise EventFileError(f"{name}: larger than {MAX_UPLOAD_MB} MB. Cut the recording shorter.")
    return _recording(content, name)


def _recording(content: bytes, name: str) -> Recording:
    return _decoded(hashlib.sha256(content).hexdigest(), name, content)


@st.cache_resource(show_spinner="Reading the recording", max_entries=12, ttl=3600)
def _decoded(sha256: str, name: str, _content: bytes) -> Recording:
    return read_recording(_content, name=name)


def side(selection: Selection, which: str) -> Side:
    """Return what network "a" or "b" of the selection did.

    Raises:
        MasnnError: If the checkpoint cannot be loaded, or no event lies in the window.
    """
    name = getattr(selection, which)
    card = cards()[name]
    frames = comparison.window(selection.recording.events, card.config, selection.start_ms)
    key = (selection.recording.sha256, selection.start_ms, name, card.sha256, selection.device)
    response = _response(key, frames)
    return Side(card, frames, response, comparison.summarise(card, response))


@st.cache_resource(show_spinner="Running the networks", max_entries=24, ttl=3600)
def _response(key: tuple[str, float, str, str, str], _frames: Frames) -> Response:
    _, _, name, sha256, device = key
    network = _network(name, sha256, str(choose_device(device)[0]))
    if not _INFERENCE.acquire(timeout=_INFERENCE_TIMEOUT_S):
        raise BusyError("The networks are busy with other visitors' recordings. Try again shortly.")
    try:
        return record(network, _frames.counts, potentials=False)
    finally:
        _INFERENCE.release()


@st.cache_resource(show_spinner="Loading the networks", max_entries=8)
def _network(name: str, sha256: str, device: str) -> ConvSNN:
    network, card = checkpoints.load(name)
    if card.sha256 != sha256:
        raise CheckpointError(f"{name}: the checkpoint was replaced just now. Try again shortly.")
    return network.folded().to(device)


def is_dark() -> bool:
    """Return whether the visitor's page is dark."""
    return st.context.theme.type == "dark"


def keep(selection: Selection | None) -> None:
    """Keep this visitor's selection for the pages; None while there is no recording."""
    st.session_state["selection"] = selection


def selection() -> Selection | None:
    """Return what this visitor chose, or None before a recording is there."""
    chosen = st.session_state.get("selection")
    return chosen if isinstance(chosen, Selection) else None
