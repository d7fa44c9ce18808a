"""What the chosen networks did, and the report of it: run once, kept for all.

Everything kept here is immutable and shared by all visitors: networks keep no neuron state,
responses are read-only arrays. Keys are content hashes, never file names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import streamlit as st

from app import state, waiting
from app.shelf import Shelf
from masnn import checkpoints, comparison
from masnn.ablations import runs_needed
from masnn.devices import choose_device, threads_for
from masnn.errors import CheckpointError, MasnnError
from masnn.linkage import LinkageTable, linkage_table
from masnn.report.recipe import dump, recipe_of
from masnn.report.subject import VIEWS, Look, Subject
from masnn.report.write import archive
from masnn.response import Response, record
from masnn.sides import Side, around, joined

if TYPE_CHECKING:
    from masnn.architectures import Config, Network
    from masnn.checkpoints import Card
    from masnn.frames import Frames
    from masnn.report.scene import Scene
    from masnn.sight import Sight
    from masnn.stills import Stills

# One inference at a time: two visitors wait for each other rather than for swap.
_INFERENCE = threading.Lock()
_INFERENCE_TIMEOUT_S = 120

#: Potentials of all layers are recorded at once where they take no more, else layer by layer.
_POTENTIALS_BYTES = 100_000_000


class BusyError(MasnnError):
    """Other visitors keep the network busy."""


class Gaze(Protocol):
    """Say what two networks look at, a recording or a picture, and where: runs are kept by it."""

    @property
    def identity(self) -> str:
        """What tells it from every other, by content."""

    @property
    def start_ms(self) -> float:
        """Start of the networks' window."""

    @property
    def device(self) -> str:
        """Where they run, as `choose_device` takes it."""


#: What a response follows from: what is looked at, its start, checkpoint's name and hash, device.
_Key = tuple[str, float, str, str, str]


def side(selection: state.Selection, which: str) -> Side:
    """Return what network "a" or "b" of the selection did.

    Raises:
        MasnnError: If the checkpoint cannot be loaded, or no event lies in the window.
    """
    card = state.cards()[getattr(selection, which)]

    def make() -> Side:
        events = selection.recording.events
        frames = comparison.window(events, card.config, selection.start_ms)
        return Side.of(card, frames, response(selection, card, frames))

    made: Side = _SHELF.get(("side", _key(selection, card)), make)
    return made


def sight(gaze: Gaze, card: Card, make: Callable[[], Sight]) -> Sight:
    """Return what a network of still images saw in a picture, kept as a side is.

    Args:
        gaze: The picture.
        card: Its checkpoint's card.
        make: Returns it the first time.
    """
    made: Sight = _SHELF.get(("sight", _key(gaze, card)), make)
    return made


def response(
    gaze: Gaze, card: Card, frames: Frames | Stills, off: tuple[str, ...] = ()
) -> Response:
    """Return what a network did, without its potentials.

    Args:
        gaze: What it looks at.
        card: Its checkpoint's card.
        frames: The same as it is shown.
        off: What is switched off in it, as `record` takes it.
    """
    key = _key(gaze, card)

    def make() -> Response:
        with waiting.told((key, off), f"Running {card.title}") as move:
            return _run(key, frames, off=off, on_layer=move)

    made: Response = _SHELF.get(("response", key, off), make)
    return made


def with_potentials(gaze: Gaze, side: Side, layer: str) -> Response:
    """Return what a network did with the currents and potentials of a layer.

    They take 32 times the room of spikes each: those of all layers where the network is small.
    """
    key = _key(gaze, side.card)
    numbers = sum(one.n_neurons for one in side.response.layers.values()) * side.response.T
    layers = True if 4 * 4 * numbers <= _POTENTIALS_BYTES else (layer,)

    def make() -> Response:
        with waiting.told((key, layers), "Recording potentials") as move:
            return _run(key, side.frames, potentials=layers, on_layer=move)

    made: Response = _SHELF.get(("potentials", key, layers), make)
    return made


def linkage(gaze: Gaze, side: Side, layers: Sequence[str]) -> LinkageTable:
    """Return what each gate of some layers does there, from one run without each."""
    key = _key(gaze, side.card)
    switches = [
        name for name in _network_of(key).switches() if name.rpartition(".")[0] in {*layers}
    ]

    def make() -> LinkageTable:
        words = "Running the network without each gate"
        with waiting.told((key, tuple(switches)), words) as move:
            n_runs, n_done = len(runs_needed(switches)), 0

            def run(off: tuple[str, ...]) -> Response:
                nonlocal n_done
                made = response(gaze, side.card, side.frames, off)
                n_done += 1
                move(n_done, n_runs)
                return made

            return linkage_table(run, switches)

    made: LinkageTable = _SHELF.get(("linkage", key, tuple(switches)), make)
    return made


def config(gaze: Gaze, side: Side) -> Config:
    """Return a network's configuration."""
    return _network_of(_key(gaze, side.card)).config


def subject(gaze: Gaze, scene: Scene, a: Side, b: Side, look: Look) -> Subject:
    """Return what a report of this page is about; what it computes is shared with the page.

    Args:
        gaze: What both look at, as runs are kept by.
        scene: The same as a report has it.
        a: Network A.
        b: Network B.
        look: What the visitor looks at.
    """
    sides = {"a": a, "b": b}
    return Subject(
        scene,
        a,
        b,
        device_name(gaze),
        look,
        lambda: linkage(gaze, b, around(joined(a, b), look.layer)),
        lambda which: with_potentials(gaze, sides[which], look.neuron_layer),
        lambda which: config(gaze, sides[which]),
    )


def make_report(subject: Subject, on_part: Callable[[int, int], None]) -> None:
    """Draw a whole report and keep it for this visitor: one, until the session ends."""
    st.session_state["report"] = (_contents(subject), archive(subject, on_part=on_part))


def report(subject: Subject) -> bytes | None:
    """Return this visitor's report of a comparison as it was made, None before it is."""
    contents, archived = st.session_state.get("report", ("", b""))
    return archived if contents == _contents(subject) else None


def _contents(subject: Subject) -> str:
    """Return what a report follows from: its recipe but for the view, as it holds all of them."""
    return dump(recipe_of(replace(subject, look=replace(subject.look, view=VIEWS[0]))))


def device_name(gaze: Gaze) -> str:
    """Return the device that networks run on, such as "cpu" or "cuda:0"."""
    return str(choose_device(gaze.device)[0])


def _key(gaze: Gaze, card: Card) -> _Key:
    return (gaze.identity, gaze.start_ms, card.name, card.sha256, gaze.device)


def _bytes(made: Response | Side | LinkageTable) -> int:
    """Return what a response takes; a side with what it was shown."""
    if isinstance(made, Side):
        return int(made.frames.shown.nbytes) + _bytes(made.response)
    holders: list[Any]
    if isinstance(made, LinkageTable):
        holders = list(made.gates.values())
    else:
        holders = [made, *made.layers.values(), *(x.gates for x in made.layers.values())]
    values = [v for x in holders for v in (x if isinstance(x, dict) else vars(x)).values()]
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


#: What networks did, of all visitors together: a response, and with its frames the side it is of.
_SHELF = Shelf(1_000_000_000, _bytes)


def _run(key: _Key, frames: Frames | Stills, **how: Any) -> Response:
    _, _, name, sha256, device = key
    with inference(name, sha256, device) as network:
        return record(network, frames.shown, **{"potentials": False, **how})


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
