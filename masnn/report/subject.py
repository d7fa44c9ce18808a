"""What a report is about: two networks on one scene, and what the reader looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from masnn import clock, energy
from masnn.errors import ReportError
from masnn.linkage import LinkageTable, linkage_table
from masnn.sides import Side, around, joined, opening_layer

if TYPE_CHECKING:
    from masnn.architectures import Config
    from masnn.report.scene import Scene
    from masnn.response import LayerResponse, Response


#: The questions that a comparison answers, one after the other.
VIEWS = ("Where", "What", "When", "How much", "Gate by gate", "One neuron")


@dataclass(frozen=True)
class Look:
    """Say what of a comparison the reader looks at.

    Args:
        layer: The convolutional layer that is shown channel by channel.
        neuron_layer: The layer of the neuron: `layer`, or a fully connected one.
        neuron: Its place there: (channel, y, x), or (n,) in a fully connected layer.
        step: The tick of their common clock, from 0, that is written out: a step where A and B have
            the same steps.
        prices: The costs of operations, a key of `energy.PRESETS`.
        view: Which of `VIEWS` a page shows; every file of a report holds all of them.
    """

    layer: str
    neuron_layer: str
    neuron: tuple[int, ...]
    step: int = 0
    prices: str = "fp32"
    view: str = VIEWS[0]


@dataclass(frozen=True)
class Subject:
    """Hold everything that a panel draws from.

    Args:
        scene: What both look at.
        a: What network A did.
        b: What network B did.
        device: Where they ran, such as "cpu".
        look: What the reader looks at.
        linkage: Returns what each of B's gates in `layers` does, from one more run without each.
        potentials: Returns what "a" or "b" did with currents and potentials, from one more run.
        config: Returns the configuration of "a" or "b".
    """

    scene: Scene
    a: Side
    b: Side
    device: str
    look: Look
    linkage: Callable[[], LinkageTable]
    potentials: Callable[[str], Response]
    config: Callable[[str], Config]

    @property
    def sides(self) -> dict[str, Side]:
        """A and B by the letter that stands beside them in every figure."""
        return {"A": self.a, "B": self.b}

    @property
    def ticks_ms(self) -> NDArray[np.float64]:
        """Return the borders of the ticks of the clock that A and B share."""
        return clock.ticks(*(side.edges_ms for side in self.sides.values()))

    def step_of(self, who: str) -> int:
        """Return the step of "A" or "B", from 0, at the tick that is looked at; else its last."""
        side = self.sides[who]
        step = int(clock.own_steps(side.edges_ms, self.ticks_ms)[self.look.step])
        return step if step >= 0 else side.response.T - 1

    @property
    def moment(self) -> str:
        """Say which step of A and of B is looked at, and when; once where it is the same."""
        told = {}
        for who, side in self.sides.items():
            at = self.step_of(who)
            told[who] = f"step {at + 1} of {side.response.T}"
            if not side.is_still:
                told[who] += f" ({self.scene.lies(*side.edges_ms[at : at + 2])})"
        if told["A"] == told["B"]:
            return told["A"]
        return ", ".join(f"{who}: {step}" for who, step in told.items())

    @property
    def titles(self) -> dict[str, str]:
        """What people call A and B, such as "A vanilla", by letter."""
        return {who: f"{who} {side.card.title}" for who, side in self.sides.items()}

    @property
    def layers(self) -> list[str]:
        """The layers that are shown one by one, see `sides.around`: a page holds so many."""
        return around(joined(self.a, self.b), self.look.layer)

    def gates(self, kind: str) -> dict[str, NDArray[np.floating]]:
        """Return B's gates of a kind, "time", "channel" or "space", by layer of `layers`."""
        return self.b.gates(kind, self.layers)

    def no_gate(self, kind: str, word: str) -> str:
        """Return that B has no gate of a kind in `layers`, in a sentence, or nothing."""
        if self.gates(kind):
            return ""
        elsewhere = any(kind in layer.gates for layer in self.b.response.layers.values())
        where = f" from {self.layers[0]} to {self.layers[-1]}" if elsewhere else ""
        return f"B has no {word} gate{where}."

    def weights_told(self, kind: str, thing: str) -> str:
        """Return what the weights of B's gates of a kind are, and what they multiply.

        Args:
            kind: "channel" or "space".
            thing: What there is a weight for, such as "place".
        """
        each_step = any(len(weights) > 1 for weights in self.gates(kind).values())
        when = "step" if each_step else "all steps together"
        return (
            f"one weight from 0 (closed) to 1 (open) for each {thing} and {when}, which multiplies "
            f"{self.b.gated}"
        )

    @property
    def left_out(self) -> str:
        """Say which layers are shown one by one, where it is not all; else nothing."""
        n, shown = len(joined(self.a, self.b)), self.layers
        if len(shown) == n:
            return ""
        return f" Of {n} layers those from {shown[0]} to {shown[-1]} are shown."


def first_look(
    a: Side,
    b: Side,
    *,
    layer: str | None = None,
    neuron_layer: str | None = None,
    neuron: tuple[int, ...] | None = None,
    step: int = 0,
    prices: str = "fp32",
) -> Look:
    """Return where to look: what is asked for, else where the page opens, at its busiest neuron.

    Raises:
        ReportError: If A and B lack what is asked for.
    """
    layers = joined(a, b)
    layer = layer or opening_layer(a, b)
    name = neuron_layer or layer
    if neuron is None:
        neuron = busiest(layers[name]) if name in layers else ()
    return checked(Look(layer, name, neuron, step, prices), a, b)


def checked(look: Look, a: Side, b: Side) -> Look:
    """Return a look that A and B have.

    Raises:
        ReportError: If one of them lacks what it names; the message says what there is.
    """
    layers = joined(a, b)
    for name in (look.layer, look.neuron_layer):
        if name not in layers:
            raise ReportError(f"There is no layer {name}: there are {', '.join(layers)}.")
    if not any(x is not None and len(x.shape) == 3 for x in layers[look.layer]):
        raise ReportError(f"{look.layer} has no channels to show: choose a convolutional layer.")
    if look.neuron_layer not in neuron_layers(a, b, look.layer):
        raise ReportError(
            f"{look.neuron_layer} is neither {look.layer}, whose channels are shown, nor fully "
            "connected."
        )
    shapes = [x.shape for x in layers[look.neuron_layer] if x is not None]
    if not any(_lies_in(look.neuron, shape) for shape in shapes):
        sizes = " and ".join(str(shape) for shape in dict.fromkeys(shapes))
        raise ReportError(f"{look.neuron_layer} of {sizes} neurons has no neuron {look.neuron}.")
    n_ticks = len(clock.ticks(a.edges_ms, b.edges_ms)) - 1
    if not 0 <= look.step < n_ticks:
        raise ReportError(f"There is no step {look.step + 1}: there are {n_ticks}.")
    if look.prices not in energy.PRESETS:
        raise ReportError(f"No prices {look.prices}: there are {', '.join(energy.PRESETS)}.")
    return look


def neuron_layers(a: Side, b: Side, layer: str) -> list[str]:
    """Return the layers of which a neuron may be shown: `layer` and the fully connected ones."""
    flat = [
        name
        for name, pair in joined(a, b).items()
        if all(x is None or len(x.shape) == 1 for x in pair)
    ]
    return [layer, *flat]


def _lies_in(place: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(place) == len(shape) and all(0 <= i < n for i, n in zip(place, shape, strict=True))


def busiest(pair: tuple[LayerResponse | None, LayerResponse | None]) -> tuple[int, ...]:
    """Return the place of the neuron that fires most in the network that fires more."""
    layer = max((x for x in pair if x is not None), key=lambda x: int(x.spikes.sum()))
    place = np.unravel_index(int(layer.spikes.sum(0, dtype=np.int64).argmax()), layer.shape)
    return tuple(int(i) for i in place)


def subject_of(
    scene: Scene,
    a: str,
    b: str,
    *,
    device: str = "auto",
    look: Callable[[Side, Side], Look] = first_look,
) -> Subject:
    """Run two networks on a scene.

    Args:
        scene: What both look at.
        a: Checkpoint A, as `checkpoints.load` takes it.
        b: Checkpoint B.
        device: As `choose_device` takes it.
        look: Returns what the reader looks at.

    Raises:
        MasnnError: If a checkpoint cannot be loaded, what `Scene.shown_to` or `look` raises.
    """
    from masnn import checkpoints
    from masnn.devices import choose_device
    from masnn.response import record

    where, _ = choose_device(device)
    networks, sides = {}, {}
    for which, name in (("a", a), ("b", b)):
        network, card = checkpoints.load(name)
        networks[which] = network.folded().to(where)
        sides[which] = scene.shown_to(card, networks[which])
    found = look(sides["a"], sides["b"])
    layers = around(joined(sides["a"], sides["b"]), found.layer)

    @cache
    def linkage() -> LinkageTable:
        network, shown = networks["b"], sides["b"].frames.shown
        return linkage_table(
            lambda off: record(network, shown, potentials=False, off=off),
            [name for name in network.switches() if name.rpartition(".")[0] in layers],
        )

    @cache
    def potentials(which: str) -> Response:
        side = sides[which]
        there = [name for name in (found.neuron_layer,) if name in side.response.layers]
        return record(networks[which], side.frames.shown, potentials=there)

    return Subject(
        scene,
        sides["a"],
        sides["b"],
        str(where),
        found,
        linkage,
        potentials,
        lambda which: networks[which].config,
    )
