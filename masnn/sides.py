"""Two networks, A and B, on one recording or picture: what each did, and what can be compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from masnn import comparison, energy, focus, rates
from masnn.kinds import is_deep, is_residual, stage_of
from masnn.receptive_field import Borders, borders
from masnn.stills import Stills

if TYPE_CHECKING:
    from masnn.cards import Card
    from masnn.energy import Ledger
    from masnn.frames import Frames
    from masnn.response import LayerResponse, Response

#: Of a deep network so many layers around the chosen one are shown at once.
MAX_AROUND = 12

#: What gates multiply, by their site.
_GATED = {
    "membrane": "the membrane potential before firing",
    "current": "the input current",
    "branch": "the block\u2019s branch before the shortcut is added (Eq. 15)",
    "sum": "the sum of the block\u2019s branch and its shortcut (Eq. 16)",
}


@dataclass(frozen=True)
class Side:
    """Hold one network's part of a comparison.

    Args:
        card: Its checkpoint's card.
        frames: What it saw: the frames of a recording, or a picture at each step.
        response: What it did.
        summary: Its numbers, as `comparison.summarise` names them.
    """

    card: Card
    frames: Frames | Stills
    response: Response
    summary: dict[str, Any]

    @classmethod
    def of(cls, card: Card, frames: Frames | Stills, response: Response, **more: Any) -> Self:
        """Return the side with its numbers; `more` are fields of a kind of side."""
        return cls(card, frames, response, comparison.summarise(card, response), **more)

    @property
    def recorded(self) -> Frames:
        """The frames of a recording.

        Raises:
            ValueError: If it sees a picture.
        """
        if isinstance(self.frames, Stills):
            raise ValueError("a picture is no recording: it has no events")
        return self.frames

    @property
    def is_still(self) -> bool:
        """Whether it sees a picture; its steps have no duration then."""
        return isinstance(self.frames, Stills)

    @property
    def edges_ms(self) -> NDArray[np.float64]:
        """Return the borders of its steps, (T + 1,), in ms after the recording's first event.

        Those of a picture are in steps, see `stills.Stills`.
        """
        return self.frames.edges_ms

    @property
    def by_logits(self) -> bool:
        """Whether it classifies by logits, as residual networks do: their outputs do not fire."""
        return is_residual(self.card.config)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the softmax of the mean logits over time, (n_classes,): the votes as shares.

        Raises:
            ValueError: If its outputs fire: their rates are no parts of a whole.
        """
        if not self.by_logits:
            raise ValueError(f"{self.card.name} votes by spikes: it has no logits")
        return rates.shares(self.response.rates)

    def numbers(self) -> dict[str, Any]:
        """Return its numbers under stable names; see `comparison.summarise`.

        Where it classifies by logits, those and their shares stand instead of the votes.
        """
        told = dict(self.summary)
        if self.by_logits:
            told["logits"] = told.pop("votes")
            told["shares"] = dict(zip(self.card.classes, self.shares.tolist(), strict=True))
        return told

    @property
    def votes_so_far(self) -> NDArray[np.float64]:
        """Return the vote of each class up to and including each step, (T, n_classes), in 0..1.

        The mean rate of its outputs; of a network that classifies by logits, the softmax of their
        mean.
        """
        means = rates.running_mean(self.response.votes)
        return rates.shares(means) if self.by_logits else means

    @property
    def settled_at(self) -> int | None:
        """Return the first step from which its decision stays; see `rates.leads_from`."""
        return rates.leads_from(self.votes_so_far)

    @property
    def says_where(self) -> bool:
        """Whether what it saw says where the thing is: not so a photograph's brightness."""
        return self.frames.is_ink if isinstance(self.frames, Stills) else True

    def borders(self, layer: str) -> Borders:
        """Return the part of the input that each place of a layer's map stands for."""
        from masnn.architectures import configuration

        return borders(configuration(self.card.config), layer)

    def region(self, layer: str) -> NDArray[np.bool_] | None:
        """Return the places of a layer's map, (H, W), that hold most of the input: `focus.region`.

        Args:
            layer: Name of a layer with a map.

        Returns:
            None for a picture whose brightness does not say where the thing is.
        """
        if not self.says_where:
            return None
        seen = self.frames.strength if isinstance(self.frames, Stills) else self.frames.counts
        return focus.region(seen, *self.borders(layer))

    def focus_of(self, layer: str) -> focus.Focus | None:
        """Return how much of a layer's firing lies in its `region`; None where there is none."""
        inside = self.region(layer)
        return None if inside is None else focus.focus(self.response.layers[layer].spikes, inside)

    def sees_what(self, other: Side) -> bool:
        """Return whether both networks were shown the same at every step."""
        ours, theirs = self.frames, other.frames
        return np.array_equal(ours.edges_ms, theirs.edges_ms) and np.array_equal(
            ours.shown, theirs.shown
        )

    def ledger(self, prices: str) -> Ledger:
        """Return its energy ledger; operations are counted once, whatever the prices.

        Args:
            prices: The costs of operations, a key of `energy.PRESETS`.
        """
        return replace(self._counted, costs=energy.PRESETS[prices])

    @cached_property
    def _counted(self) -> Ledger:
        # Some ten kilobytes, which go with the side: what it is counted from never changes.
        return energy.ledger(self.card.config, self.frames.shown, self.response)

    @property
    def field(self) -> tuple[int, int, int, int]:
        """The part of the sensor that it sees: left, top, width and height in px.

        Of a picture it is the network's input.
        """
        height, width = self.frames.shown.shape[2:]
        if isinstance(self.frames, Stills):
            return (0, 0, width, height)
        block = self.frames.block
        return (*self.frames.offset_px, block * width, block * height)

    def gates(self, kind: str, layers: Collection[str]) -> dict[str, NDArray[np.floating]]:
        """Return its gates of a kind, "time", "channel" or "space", by those layers that have one.

        Args:
            kind: The kind.
            layers: Names of layers, which it may lack.
        """
        found = self.response.layers
        return {
            name: found[name].gates[kind]
            for name in layers
            if name in found and kind in found[name].gates
        }

    @property
    def gated(self) -> str:
        """Say what its gates multiply."""
        return _GATED[self.card.config["attention_site"]]

    @property
    def input_grid(self) -> str:
        """Say what the rows and columns of its input are of."""
        height, width = self.frames.shown.shape[2:]
        told = f"the network\u2019s {height} \u00d7 {width} px"
        if isinstance(self.frames, Stills) or self.frames.block == 1:
            return told
        block = self.frames.block
        return f"{told}, each of {block} \u00d7 {block} px of the sensor"


def titles(a: Side, b: Side) -> tuple[str, str]:
    """Return what people call A and B."""
    return a.card.title, b.card.title


def joined(a: Side, b: Side) -> dict[str, tuple[LayerResponse | None, LayerResponse | None]]:
    """Return every layer of A and B by name, convolutions first; None where one lacks it."""
    layers = [side.response.layers for side in (a, b)]
    found = sorted(
        dict.fromkeys(name for side in layers for name in side),
        key=lambda name: any(name in side and len(side[name].shape) != 3 for side in layers),
    )
    return {name: (layers[0].get(name), layers[1].get(name)) for name in found}


def no_difference(a: Side, b: Side, one: LayerResponse | None, other: LayerResponse | None) -> str:
    """Return why there is no map B - A of a layer, or nothing where there is one."""
    if one is None or other is None:
        return f"Only {'B' if one is None else 'A'} has this layer."
    sizes = [layer.shape[1:] for layer in (one, other)]
    if sizes[0] != sizes[1]:
        (h, w), (other_h, other_w) = sizes
        return f"No difference: A's map has {h} \u00d7 {w} places, B's {other_h} \u00d7 {other_w}."
    if a.field != b.field:
        seen = "other sizes of the picture" if a.is_still else "other parts of the sensor"
        return f"No difference: A and B look at {seen}."
    return ""


def around(layers: Collection[str], name: str) -> list[str]:
    """Return the layers to show at once: all of a plain network, the chosen one's stage of a deep.

    Args:
        layers: Names of all layers, from the input on.
        name: The chosen one.

    Returns:
        At most `MAX_AROUND` in order, the nearest to the chosen one.
    """
    if not is_deep(layers):
        return list(layers)
    stage = [layer for layer in layers if stage_of(layer) == stage_of(name)]
    first = max(0, min(stage.index(name) - MAX_AROUND // 2, len(stage) - MAX_AROUND))
    return stage[first : first + MAX_AROUND]


def some_of_each(layers: Collection[str], most: int = 5) -> list[str]:
    """Return at most so many layers of each stage, from its first to its last, equally apart."""
    stages: dict[str, list[str]] = {}
    for name in layers:
        stages.setdefault(stage_of(name), []).append(name)
    found = []
    for names in stages.values():
        n = min(most, len(names))
        found += [names[round(i * (len(names) - 1) / max(n - 1, 1))] for i in range(n)]
    return found


def constant_gates(side: Side) -> str:
    """Return which temporal gates weigh every step alike, to three decimals; or nothing."""
    found = []
    for name, layer in side.response.layers.items():
        weights = layer.gates.get("time")
        if weights is not None and len({f"{weight:.3f}" for weight in weights}) == 1:
            found.append(f"{name} at {weights[0]:.3f}")
    if not found:
        return ""
    return f"Constant: {', '.join(found)}. Such a gate scales the current and prefers no step."


def opening_layer(a: Side, b: Side) -> str:
    """Return the convolutional layer that a comparison opens on.

    Of deep networks it is the first stage's last one: gates have acted there, and its maps are
    still fine. Of others it is the one whose temporal gate, B's or else A's, goes furthest from its
    least to its greatest weight; where no gate moves, to three decimals, the one whose rates differ
    most.
    """
    names = [
        name
        for name, pair in joined(a, b).items()
        if any(layer is not None and len(layer.shape) == 3 for layer in pair)
    ]
    if is_deep(names):
        return [name for name in names if stage_of(name) == "stage1"][-1]
    for side in (b, a):
        gates = side.gates("time", names)
        reach = {n: float(weights.max() - weights.min()) for n, weights in gates.items()}
        if reach and max(reach.values()) >= 0.001:
            return max(reach, key=lambda name: reach[name])
    rates = [{x["name"]: x["lasfr"] for x in side.summary["layers"]} for side in (a, b)]
    return max(names, key=lambda name: abs(rates[1].get(name, 0.0) - rates[0].get(name, 0.0)))


def trained_apart(a: Side, b: Side, name: str) -> str:
    """Return what channels or neurons of one number have in common, or nothing if A is B.

    Args:
        a: Network A.
        b: Network B.
        name: The layer that is looked at.
    """
    if a.card.sha256 == b.card.sha256:
        return ""
    shapes = [x.shape for x in joined(a, b)[name] if x is not None]
    thing = "channel" if any(len(shape) == 3 for shape in shapes) else "neuron"
    these = f"{thing} k of A and {thing} k of B"
    seeds = [_seed(side) for side in (a, b)]
    if None not in seeds and seeds[0] != seeds[1]:
        return (
            f"A and B were trained apart, from other initial weights (seeds {seeds[0]} and "
            f"{seeds[1]}): {these} share a number and nothing else. Compare kinds, ranks and sums."
        )
    if _began_alike(a, b, name):
        return (
            f"A and B were trained apart, but {name} began from the same initial weights (seed "
            f"{seeds[0]}): {these} may have stayed alike, and need not respond to the same thing."
        )
    return f"A and B were trained apart: {these} need not respond to the same thing."


def _seed(side: Side) -> int | None:
    """Return the seed of a network's initial weights, None where it was trained elsewhere."""
    seed = None if side.card.is_imported else side.card.training.get("seed")
    return seed if isinstance(seed, int) else None


def _began_alike(a: Side, b: Side, name: str) -> bool:
    """Return whether a layer of A and of B surely began from the same weights.

    A seed draws them layer by layer, a layer's own before its gates'. So the first layer's are
    those of any network that begins alike, and a later one's where no gate was drawn before it.
    """
    if None in (_seed(a), _seed(b)) or _seed(a) != _seed(b):
        return False
    one, other = a.card.config, b.card.config

    def agree(*keys: str) -> bool:
        return all(one.get(key) == other.get(key) for key in keys)

    layers = [side.response.layers for side in (a, b)]
    firsts = [next(iter(side)) for side in layers]
    if firsts == [name, name]:
        kinds = {is_residual(config) for config in (one, other)}
        same = layers[0][name].shape[:1] == layers[1][name].shape[:1] and len(kinds) == 1
        return same and agree("in_channels", "stem_kernel")
    return (
        one["attention"] == other["attention"] == "none"
        and not (is_residual(one) or is_residual(other))
        and agree("in_channels", "channels", "input_size", "pools", "hidden", "votes_per_class")
        and len(a.card.classes) == len(b.card.classes)
    )


def is_vanilla_of(a: Side, b: Side) -> bool:
    """Return whether A is the network of B's shape without gates, on the same frames."""
    same = ("neurons", "T", "dt_ms", "data")
    return (
        a.summary["attention"] == "none"
        and all(a.summary[key] == b.summary[key] for key in same)
        and all(a.card.config.get(key) == b.card.config.get(key) for key in ("shortcut", "form"))
        and {n: x.shape for n, x in a.response.layers.items()}
        == {n: x.shape for n, x in b.response.layers.items()}
        and a.sees_what(b)
    )
