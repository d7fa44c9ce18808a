"""The recording and the networks that are chosen, and what was computed for them.

Everything cached here is immutable and shared by all visitors: networks keep no neuron state,
responses are read-only arrays. Keys are content hashes, never file names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.figures.preview import animated
from app.shelf import Shelf
from masnn import checkpoints, comparison
from masnn.attention import ATTENTIONS
from masnn.checkpoints import Card
from masnn.devices import choose_device, threads_for, usable_devices
from masnn.errors import CheckpointError, MasnnError
from masnn.frames import Frames, fixed_bins, to_frames
from masnn.images import sees_images
from masnn.linkage import LinkageTable, linkage_table
from masnn.readers import Recording, read_recording
from masnn.report.recipe import dump, recipe_of
from masnn.report.subject import Look, Subject
from masnn.report.write import archive
from masnn.response import Response, record
from masnn.sides import Side

if TYPE_CHECKING:
    from masnn.architectures import Config, Network
    from masnn.events import Events

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

# One inference at a time: two visitors wait for each other rather than for swap.
_INFERENCE = threading.Lock()
_INFERENCE_TIMEOUT_S = 120


class BusyError(MasnnError):
    """Other visitors keep the network busy."""


#: What a response follows from: recording, start, checkpoint's name and hash, device.
_Key = tuple[str, float, str, str, str]


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
    """Return the names of the event networks by the title of the data they were trained on.

    They come as in the paper's Table 6, from no attention to all three gates; its site first, so
    that the ReLU-only control follows vanilla.
    """

    def place(name: str) -> tuple[int, bool, str]:
        config = known[name].config
        elsewhere = config["attention_site"] != "membrane"
        return order.get(config["attention"], len(order)), elsewhere, name

    order = {attention: number for number, attention in enumerate(ATTENTIONS)}
    known = {name: card for name, card in cards().items() if not sees_images(card)}
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


def device_name(selection: Selection) -> str:
    """Return the device that a selection runs on, such as "cpu" or "cuda:0"."""
    return str(choose_device(selection.device)[0])


@st.cache_resource(show_spinner="Reading the recording", max_entries=32)
def example(kind: str, name: str) -> Recording:
    """Return a bundled recording."""
    return read_recording(examples(kind)[name])


def side(selection: Selection, which: str) -> Side:
    """Return what network "a" or "b" of the selection did.

    Raises:
        MasnnError: If the checkpoint cannot be loaded, or no event lies in the window.
    """
    card = cards()[getattr(selection, which)]
    return _side(_key(selection, card), card, selection.recording.events)


def _side(key: _Key, card: Card, events: Events) -> Side:
    def make() -> Side:
        _, start_ms, *_ = key
        frames = comparison.window(events, card.config, start_ms)
        return Side.of(card, frames, _response(key, (), frames))

    made: Side = _SHELF.get(("side", key), make)
    return made


def window_ms(a: str, b: str) -> float:
    """Return how much of a recording two networks look at: the longer window of the two."""
    configs = [cards()[name].config for name in (a, b)]
    return float(max(config["T"] * config["dt_ms"] for config in configs))


def latest_start_ms(recording: Recording, window_ms: float) -> float:
    """Return the latest start of a window within a recording, 0 where there is no choice."""
    return float(max(0, int(recording.events.duration_us / 1000 - window_ms)))


def with_potentials(selection: Selection, side: Side) -> Response:
    """Return what a network did with its currents and potentials, which take more room."""
    return _potentials(_key(selection, side.card), side.frames)


def linkage(selection: Selection, side: Side) -> LinkageTable:
    """Return what each gate of a network does in its layer, from one run without each."""
    return _linkage(_key(selection, side.card), side.frames)


def subject(selection: Selection, a: Side, b: Side, look: Look) -> Subject:
    """Return what a report of this page is about; what it computes is shared with the page."""
    sides = {"a": a, "b": b}
    return Subject(
        selection.recording,
        selection.start_ms,
        a,
        b,
        device_name(selection),
        look,
        lambda: linkage(selection, b),
        lambda which: with_potentials(selection, sides[which]),
        lambda which: network_config(selection, sides[which]),
    )


def make_report(subject: Subject, on_part: Callable[[int, int], None]) -> None:
    """Draw a whole report and keep it for this visitor: one, until the session ends."""
    st.session_state["report"] = (dump(recipe_of(subject)), archive(subject, on_part=on_part))


def report(subject: Subject) -> bytes | None:
    """Return this visitor's report of a comparison as it was made, None before it is."""
    recipe, content = st.session_state.get("report", ("", b""))
    return content if recipe == dump(recipe_of(subject)) else None


def network_config(selection: Selection, side: Side) -> Config:
    """Return a network's configuration."""
    return _network_of(_key(selection, side.card)).config


def _key(selection: Selection, card: Card) -> _Key:
    recording = selection.recording.identity
    return (recording, selection.start_ms, card.name, card.sha256, selection.device)


def _response(key: _Key, off: tuple[str, ...], frames: Frames) -> Response:
    def make() -> Response:
        with st.spinner("Running the networks"):
            return _run(key, frames, potentials=False, off=off)

    made: Response = _SHELF.get(("response", key, off), make)
    return made


def _potentials(key: _Key, frames: Frames) -> Response:
    def make() -> Response:
        with st.spinner("Recording potentials"):
            return _run(key, frames, potentials=True)

    made: Response = _SHELF.get(("potentials", key), make)
    return made


def _bytes(made: Response | Side) -> int:
    """Return what a response takes; a side with its frames."""
    if isinstance(made, Side):
        return made.frames.counts.nbytes + _bytes(made.response)
    arrays: list[Any] = [made.votes]
    for layer in made.layers.values():
        recorded = (layer.packed, layer.current, layer.current_gated, layer.membrane)
        arrays += [array for array in (*recorded, *layer.gates.values()) if array is not None]
    return sum(array.nbytes for array in arrays)


#: What networks did, of all visitors together: a response, and with its frames the side it is of.
_SHELF = Shelf(1_000_000_000, _bytes)


@st.cache_resource(show_spinner="Running the network without each gate", max_entries=8, ttl=3600)
def _linkage(key: _Key, _frames: Frames) -> LinkageTable:
    switches = _network_of(key).switches()
    return linkage_table(lambda off: _response(key, off, _frames), switches)


def _run(key: _Key, frames: Frames, *, potentials: bool, off: tuple[str, ...] = ()) -> Response:
    _, _, name, sha256, device = key
    with inference(name, sha256, device) as network:
        return record(network, frames.counts, potentials=potentials, off=off)


@contextmanager
def inference(name: str, sha256: str, device: str) -> Iterator[Network]:
    """Give a network to run, to one visitor after the other; see `turn`."""
    network = _network(name, sha256, str(choose_device(device)[0]))
    shapes = network.config.neuron_shapes().values()
    with turn(network.config.T * sum(map(prod, shapes))):
        yield network


@contextmanager
def turn(n_cells: int = 0) -> Iterator[None]:
    """Wait until no other visitor's network runs, and keep them waiting meanwhile.

    Args:
        n_cells: Neurons times steps of the network, as `threads_for` takes them.

    Raises:
        BusyError: If others keep the networks busy for too long.
    """
    if not _INFERENCE.acquire(timeout=_INFERENCE_TIMEOUT_S):
        raise BusyError("The networks are busy with other visitors' recordings. Try again shortly.")
    try:
        with threads_for(n_cells):
            yield
    finally:
        _INFERENCE.release()


def _network_of(key: _Key) -> Network:
    _, _, name, sha256, device = key
    return _network(name, sha256, str(choose_device(device)[0]))


@st.cache_resource(show_spinner="Loading the networks", max_entries=8)
def _network(name: str, sha256: str, device: str) -> Network:
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
