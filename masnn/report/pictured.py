"""A picture as the scene of a report: levels of brightness, the same at every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn import sight
from masnn.images import Picture, transform_of_card
from masnn.report.scene import Plane, Scene
from masnn.sides import Side
from masnn.sight import Sight
from masnn.stills import Stills

if TYPE_CHECKING:
    from masnn.architectures import Network
    from masnn.cards import Card


@dataclass(frozen=True)
class Pictured(Scene):
    """Show networks a picture, at each of their steps.

    Args:
        picture: The picture.
    """

    picture: Picture

    noun = "picture"
    ground = "the picture"
    matter = "ink"
    unit = "level"
    kind = "colour"
    input_title = "input picture"
    input_told = "picture"
    time_axis = "step"

    @property
    def name(self) -> str:
        """Name of its file, or "drawing"."""
        return self.picture.name

    @property
    def sha256(self) -> str:
        """Hash of its file."""
        return self.picture.sha256

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of its file."""
        return self.picture.warnings

    @property
    def kept(self) -> tuple[str, bytes]:
        """The file, byte for byte: a drawing is nowhere else."""
        kind = "png" if self.picture.content.startswith(b"\x89PNG") else "jpg"
        return f"picture.{kind}", self.picture.content

    def shown_to(self, card: Card, network: Network) -> Side:
        """Run a network on the picture.

        Raises:
            CheckpointError: If it sees recordings.
            ImageFileError: If it is to be a digit, and none can be told from the ground.
        """
        pixels, notes = sight.prepared(self.picture, sight.transform_for(card))
        return sight.look(card, network, pixels, notes)

    def planes(self, side: Side, step: int | None) -> list[Plane]:
        """Return what a side is shown, before its transform."""
        pixels = _stills(side).pixels
        return [Plane("grey" if pixels.ndim == 2 else "RGB", pixels, "gray", 255)]

    def image(self, side: Side, step: int | None) -> NDArray[np.float64]:
        """Return the same in grey or its colours."""
        pixels = _stills(side).pixels
        if step is None:
            return np.ones((*pixels.shape[:2], 3))
        coloured = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
        return coloured / 255.0

    def course(self, side: Side) -> dict[str, NDArray[np.int64]]:
        """Return nothing: a picture stands still."""
        return {}

    def name_time(self, axes: Axes) -> None:
        """Name the axis of steps, with whole numbers."""
        axes.set_xlabel(self.time_axis)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))

    def span(self, edges: NDArray[np.float64], t: int | None) -> dict[str, int | float | None]:
        """Return a step's number."""
        return {"step": None if t is None else t + 1}

    def lies(self, start: float, end: float) -> str:
        """Return the number of the step between two borders, see `Stills.edges_ms`."""
        return f"step {round((start + end) / 2)}"

    def again(self) -> dict[str, Any]:
        """Return that there is no window."""
        return {"start_ms": 0.0}

    def facts(self) -> dict[str, Any]:
        """Return its format, size and what was left out."""
        height, width = self.picture.pixels.shape[:2]
        return {
            "format": self.picture.format,
            "width": width,
            "height": height,
            "warnings": list(self.notes),
        }

    def seen_by(self, side: Side) -> dict[str, Any]:
        """Return how it was prepared for a side."""
        return {
            "size": list(_stills(side).image.shape[1:]),
            "transform": transform_of_card(side.card).plain(),
            "prepared": list(_told(side)),
        }

    def settings(self, sides: dict[str, Side]) -> str:
        """Return file and what was left out of it, then networks, steps, sizes and preparation."""
        height, width = self.picture.pixels.shape[:2]
        networks = "; ".join(
            f"{who}: {side.card.name} (sha256 {side.card.sha256[:12]}), T = {side.response.T}, at "
            f"{across} \u00d7 {down} px"
            for who, side in sides.items()
            for down, across in [_stills(side).image.shape[1:]]
        )
        prepared = (note for side in sides.values() for note in _told(side))
        told = "".join(f" {sentence}" for sentence in dict.fromkeys((*self.notes, *prepared)))
        return (
            f"Picture {self.name} ({self.picture.format}, {width} \u00d7 {height} px, sha256 "
            f"{self.sha256[:12]}), the same at every step.{told} {networks}."
        )


def _stills(side: Side) -> Stills:
    if not isinstance(side.frames, Stills):
        raise TypeError("a side of a picture sees stills")
    return side.frames


def _told(side: Side) -> tuple[str, ...]:
    """Return what was done to the picture for a side, in sentences."""
    return side.notes if isinstance(side, Sight) else ()
