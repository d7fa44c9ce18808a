"""What two networks look at, a recording or a picture: all in which reports of the two differ.

A recording has a clock and events; a picture has neither, only steps and levels of brightness.
Panels ask the scene for what they draw of the input and for the words of their axes and captions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from masnn import comparison
from masnn.sides import Side

if TYPE_CHECKING:
    from masnn.architectures import Network
    from masnn.cards import Card


@dataclass(frozen=True, eq=False)
class Plane:
    """Hold one image of an input.

    Args:
        name: Such as "ON" or "RGB".
        values: Its numbers, (H, W), or (H, W, 3) for a picture in colours.
        colours: The colour map of (H, W).
        most: What the brightest colour stands for; None where that follows from the numbers.
    """

    name: str
    values: NDArray[np.integer]
    colours: Colormap | str
    most: float | None = None

    @property
    def parts(self) -> dict[str, NDArray[np.integer]]:
        """Return its numbers by polarity or colour, (H, W) each."""
        if self.values.ndim == 2:
            return {self.name: self.values}
        return {name: self.values[..., i] for i, name in enumerate(("red", "green", "blue"))}

    def draw(self, axes: Axes, most: float) -> AxesImage:
        """Draw it up to `most`, or up to its own end of the scale."""
        return axes.imshow(self.values, vmin=0, vmax=self.most or most, cmap=self.colours)


class Scene(ABC):
    """Say what two networks look at, and how a report tells of it."""

    #: What it is, in sentences.
    noun: ClassVar[str]
    #: What maps of a layer lie over.
    ground: ClassVar[str]
    #: What its input is made of: the region of a thing holds most of it.
    matter: ClassVar[str]
    #: What the numbers of its planes count, as an axis and as a table's column says it.
    unit: ClassVar[str]
    #: What tells its planes apart, as a table's column says it.
    kind: ClassVar[str]
    #: Heading of the input where A's and B's maps stand beside it, and what a caption says of it.
    input_title: ClassVar[str]
    input_told: ClassVar[str]
    #: What the colours of `image` mean, by what a key of them says, and how a caption goes on.
    colours: ClassVar[Mapping[str, str]] = {}
    colours_told: ClassVar[str] = ""
    #: The axis of every figure over time.
    time_axis: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of its file, or of what it is instead."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Hash of its file."""

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """What was found and what was changed, in sentences."""

    @property
    @abstractmethod
    def kept(self) -> tuple[str, bytes] | None:
        """Name and content of the file that goes into a report; None for what stays outside."""

    @abstractmethod
    def shown_to(self, card: Card, network: Network) -> Side:
        """Run a network on it.

        Raises:
            MasnnError: If the network is of the other kind of scene, or has nothing to see here.
        """

    @abstractmethod
    def planes(self, side: Side, step: int | None) -> list[Plane]:
        """Return the input of a side at a step, or of all steps together."""

    @abstractmethod
    def image(self, side: Side, step: int | None) -> NDArray[np.float64]:
        """Return a side's input at a step as the player shows it, (H, W, 3), 0 to 1.

        It is white where the side has no such step.
        """

    @abstractmethod
    def course(self, side: Side) -> dict[str, NDArray[np.int64]]:
        """Return how the input goes over the steps, (T,) by kind; nothing where it stands still."""

    @abstractmethod
    def name_time(self, axes: Axes) -> None:
        """Name the axis of time, with ticks that are times of it."""

    @abstractmethod
    def span(self, edges: NDArray[np.float64], t: int | None) -> dict[str, int | float | None]:
        """Return what a table says of a step, from 1.

        Args:
            edges: Borders of the steps, (T + 1,), see `Side.edges_ms`.
            t: The step, from 0; None where a number holds for all steps.
        """

    @abstractmethod
    def lies(self, start: float, end: float) -> str:
        """Return when a step is, from its borders: "20 to 40 ms", or "step 2"."""

    @abstractmethod
    def again(self) -> dict[str, Any]:
        """Return the fields of a recipe that say what to make of the file."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what a provenance says of it, beside name and hash."""

    @abstractmethod
    def seen_by(self, side: Side) -> dict[str, Any]:
        """Return what a provenance says of what a side saw."""

    @abstractmethod
    def settings(self, sides: dict[str, Side]) -> str:
        """Return in sentences what is looked at, and what each side, by letter, saw of it."""

    def provenance(self, a: Side, b: Side, device: str) -> dict[str, Any]:
        """Return what is needed to obtain the same numbers again."""
        return {
            "file": self.name,
            "sha256": self.sha256,
            **self.facts(),
            "networks": {
                which: {
                    "checkpoint": side.card.name,
                    "sha256": side.card.sha256,
                    "T": side.card.config["T"],
                    **self.seen_by(side),
                }
                for which, side in (("a", a), ("b", b))
            },
            "device": device,
            "versions": comparison.versions(),
        }
