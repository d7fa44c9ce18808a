"""What a network of still images sees in a picture: the app's page Images and `classify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from masnn.cards import Card
from masnn.digits import PREPARED, SIDE_PX, as_digit, ink_of
from masnn.errors import CheckpointError
from masnn.images import Picture, Transform, sees_images, transform_of_card
from masnn.response import record
from masnn.sides import Side
from masnn.stills import Stills

if TYPE_CHECKING:
    import numpy as np

    from masnn.architectures import Network


@dataclass(frozen=True, eq=False)
class Sight(Side):
    """Hold what a network saw in a picture, and what it did.

    Args:
        frames: The picture at each step.
        notes: What was done to the picture, in plain words.
    """

    frames: Stills
    notes: tuple[str, ...] = ()

    @property
    def prediction(self) -> str:
        """Return the class of the highest vote."""
        return self.card.classes[self.response.prediction]


def transform_for(card: Card) -> Transform:
    """Return a checkpoint's transform.

    Raises:
        CheckpointError: If its network does not see still images.
    """
    if not sees_images(card):
        raise CheckpointError(
            f"{card.name} sees recordings of an event camera, not pictures: choose one that was "
            "trained on images, or give it a recording."
        )
    return transform_of_card(card)


def prepared(picture: Picture, transform: Transform) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return a picture from elsewhere as a network's data set would have it, and what was done.

    Raises:
        ImageFileError: If it is to be a digit, and none can be told from the ground.
    """
    if transform.prepare != "digit":
        return picture.pixels, ()
    if picture.pixels.shape == (SIDE_PX, SIDE_PX):
        return picture.pixels, (f"Grey, {SIDE_PX} x {SIDE_PX} px: taken for an image of the set.",)
    ink, how = ink_of(picture.pixels)
    return as_digit(ink), (f"{PREPARED}; {how}.",)


def stills(card: Card, pixels: NDArray[np.uint8]) -> Stills:
    """Return what a network is shown of a picture.

    Args:
        card: Its checkpoint's card.
        pixels: What `prepared` returned.
    """
    transform = transform_for(card)
    image = transform.apply(pixels)
    seen = transform.shown(image)
    grey_or_rgb = seen[0] if transform.channels == 1 else seen.transpose(1, 2, 0)
    return Stills(image, grey_or_rgb, card.config["T"], transform.prepare == "digit")


def look(
    card: Card, network: Network, pixels: NDArray[np.uint8], notes: tuple[str, ...] = ()
) -> Sight:
    """Show a network a picture at each of its steps.

    Args:
        card: Its checkpoint's card.
        network: In evaluation mode, on any device.
        pixels: What `prepared` returned.
        notes: The same.
    """
    frames = stills(card, pixels)
    response = record(network, frames.shown, potentials=False)
    return Sight.of(card, frames, response, notes=notes)
