"""A recording as the scene of a report: events on a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from masnn import comparison
from masnn.errors import CheckpointError
from masnn.images import sees_images
from masnn.readers import between
from masnn.report import style
from masnn.report.scene import Plane, Scene
from masnn.response import record
from masnn.sides import Side

if TYPE_CHECKING:
    from masnn.architectures import Network
    from masnn.cards import Card
    from masnn.readers import Recording


@dataclass(frozen=True)
class Recorded(Scene):
    """Show networks a recording.

    Args:
        recording: The recording.
        start_ms: Start of the window in ms after the first event.
    """

    recording: Recording
    start_ms: float = 0.0

    noun = "recording"
    ground = "the sensor\u2019s plane"
    matter = "events"
    unit = "events"
    kind = "polarity"
    input_title = "input events"
    input_told = "events"
    colours: ClassVar = {
        "ON": style.COLOUR_ON,
        "OFF": style.COLOUR_OFF,
        "both": style.COLOUR_GATE,
    }
    colours_told = ": pixels with ON events, OFF events or both"
    time_axis = "time after the first event (ms)"

    @property
    def name(self) -> str:
        """Name of its file."""
        return self.recording.name

    @property
    def sha256(self) -> str:
        """Hash of its file."""
        return self.recording.sha256

    @property
    def notes(self) -> tuple[str, ...]:
        """What its reader found, and what was changed on purpose."""
        return (*self.recording.warnings, *self.recording.changes)

    @property
    def kept(self) -> None:
        """Nothing: recordings are large, and lie where they were opened."""

    def shown_to(self, card: Card, network: Network) -> Side:
        """Run a network on the window.

        Raises:
            CheckpointError: If it sees still images.
            WindowError: If no event lies in the window.
        """
        if sees_images(card):
            raise CheckpointError(
                f"{card.name} sees pictures, not recordings of an event camera: choose another, or "
                "give it a picture (the page Images, `classify`, `report`)."
            )
        frames = comparison.window(self.recording.events, card.config, self.start_ms)
        return Side.of(card, frames, record(network, frames.shown, potentials=False))

    def planes(self, side: Side, step: int | None) -> list[Plane]:
        """Return ON and OFF events at a step, or of the window."""
        off, on = _counts(side, step)
        return [Plane("ON", on, style.ON_MAP), Plane("OFF", off, style.OFF_MAP)]

    def image(self, side: Side, step: int | None) -> NDArray[np.float64]:
        """Return where events were ON, OFF, or both, on white, as the player has it."""
        counts = side.recorded.counts
        picture = np.ones((*counts.shape[2:], 3))
        if step is None:
            return picture
        off, on = counts[step] > 0
        for name, pixels in (("ON", on & ~off), ("OFF", off & ~on), ("both", on & off)):
            picture[pixels] = matplotlib.colors.to_rgb(self.colours[name])
        return picture

    def course(self, side: Side) -> dict[str, NDArray[np.int64]]:
        """Return the events of each step by polarity."""
        off, on = side.recorded.counts.sum((2, 3), dtype=np.int64).T
        return {"ON": on, "OFF": off}

    def name_time(self, axes: Axes) -> None:
        """Name the axis of time, in ms."""
        axes.set_xlabel(self.time_axis)

    def span(self, edges: NDArray[np.float64], t: int | None) -> dict[str, int | float | None]:
        """Return a step's number and its borders in ms after the first event."""
        if t is None:
            return {"step": None, "from_ms": None, "to_ms": None}
        return {"step": t + 1, "from_ms": float(edges[t]), "to_ms": float(edges[t + 1])}

    def lies(self, start: float, end: float) -> str:
        """Return a step's borders in ms."""
        return f"{start:g} to {end:g} ms"

    def again(self) -> dict[str, Any]:
        """Return window and edits."""
        return {
            "start_ms": self.start_ms,
            "edits": dict(self.recording.edits),
            "window_us": self.recording.window_us,
        }

    def facts(self) -> dict[str, Any]:
        """Return its format, what was changed and how much there is."""
        window = self.recording.window_us
        return {
            "format": self.recording.format,
            "edits": dict(self.recording.edits),
            "changes": list(self.recording.changes),
            "opened_us": None if window is None else list(window),
            "events": len(self.recording.events),
        }

    def seen_by(self, side: Side) -> dict[str, Any]:
        """Return a side's window and its events."""
        seen = side.recorded
        return {
            "dt_ms": side.card.config["dt_ms"],
            "start_ms": (int(seen.edges_us[0]) - int(self.recording.events.t[0])) / 1000,
            "block_px": seen.block,
            "events_seen": int(seen.counts.sum()),
            "events_before": seen.n_before,
            "events_after": seen.n_after,
            "events_outside_field": seen.n_outside_field,
        }

    def settings(self, sides: dict[str, Side]) -> str:
        """Return file, window and changes, then networks, steps and events."""
        recording = self.recording
        changes = "".join(f" {change}" for change in recording.changes)
        if recording.window_us is not None:
            changes = f" Of it, only what lies {between(recording.window_us)}.{changes}"
        networks = "; ".join(
            f"{who}: {side.card.name} (sha256 {side.card.sha256[:12]}), {side.response.T} steps of "
            f"{side.card.config['dt_ms']:g} ms, {int(side.recorded.counts.sum()):,} events seen"
            for who, side in sides.items()
        )
        return (
            f"Recording {self.name} ({recording.format}, sha256 {self.sha256[:12]}), window from "
            f"{self.start_ms:g} ms.{changes} {networks}."
        )


def _counts(side: Side, step: int | None) -> NDArray[np.integer]:
    """Return events at a step, or of all, (2, H, W): OFF, ON."""
    counts = side.recorded.counts
    return counts.sum(0, dtype=np.int64) if step is None else counts[step]
