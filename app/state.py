"""The recording and the networks that are chosen; what the networks do is in `runs`.

Everything cached here is immutable and shared by all visitors.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.figures.preview import animated
from masnn import checkpoints
from masnn.attention import ATTENTIONS
from masnn.checkpoints import Card
from masnn.devices import choose_device, usable_devices
from masnn.frames import fixed_bins, to_frames
from masnn.images import sees_images
from masnn.readers import Recording, read_recording

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


@dataclass(frozen=True)
class Selection:
    """Say what the sidebar asks for.

    Args:
        recording: The recording, with the visitor's edits.
        original: The same as its file holds it.
        simulated: Whether it is a bundled, simulated example.
        start_ms: Start of the window in ms after the first event.
        a: Checkpoint A.
        b: Checkpoint B.
        device: As `choose_device` takes it.
    """

    recording: Recording
    original: Recording
    simulated: bool
    start_ms: float
    a: str
    b: str
    device: str

    @property
    def identity(self) -> str:
        """Return what tells the recording, as edited, from every other."""
        return self.recording.identity


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
    offer_networks(title)


def offer_networks(title: str) -> None:
    """Offer the networks of a data set, if there are any."""
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
    """Return the names of the event networks by the title of the data they were trained on.

    Those see frames of two channels, OFF and ON.

    They come as in the paper's Table 6, from no attention to all three gates; its site first, so
    that the ReLU-only control follows vanilla.
    """

    def place(name: str) -> tuple[int, bool, str]:
        config = known[name].config
        elsewhere = config["attention_site"] != "membrane"
        return order.get(config["attention"], len(order)), elsewhere, name

    order = {attention: number for number, attention in enumerate(ATTENTIONS)}
    known = {
        name: card
        for name, card in cards().items()
        if not sees_images(card) and card.config.get("in_channels", 2) == 2
    }
    sets: dict[str, list[str]] = {}
    for name in sorted(known, key=place):
        sets.setdefault(str(known[name].data.get("name", "other data")), []).append(name)
    return dict(sorted(sets.items()))


def opening_pair(names: list[str]) -> tuple[str, str]:
    """Return the networks that a comparison opens on: vanilla, and TCSA where there is one.

    Args:
        names: Names of checkpoints as `data_sets` orders them, at least one.
    """
    of = {name: cards()[name].config["attention"] for name in names}
    vanilla = [name for name in names if of[name] == "none"]
    gated = [name for name in names if name not in vanilla]
    complete = [name for name in gated if of[name] == "TCSA"]
    return (vanilla or names)[0], (complete or gated or names)[0]


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


def chosen_device() -> str:
    """Return the device that the sidebar names, as `choose_device` takes it."""
    return str(st.session_state.get("device", "auto"))


@st.cache_resource(show_spinner="Reading the recording", max_entries=32)
def example(kind: str, name: str) -> Recording:
    """Return a bundled recording."""
    return read_recording(examples(kind)[name])


def window_ms(a: str, b: str) -> float:
    """Return how much of a recording two networks look at: the longer window of the two."""
    configs = [cards()[name].config for name in (a, b)]
    return float(max(config["T"] * config["dt_ms"] for config in configs))


def latest_start_ms(recording: Recording, window_ms: float) -> float:
    """Return the latest start of a window within a recording, 0 where there is no choice."""
    return float(max(0, int(recording.events.duration_us / 1000 - window_ms)))


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
