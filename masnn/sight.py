"""What a network of still images sees in a picture: the app's page Images and `classify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from masnn import comparison, energy
from masnn.cards import Card
from masnn.digits import PREPARED, SIDE_PX, as_digit, ink_of
from masnn.errors import CheckpointError
from masnn.images import Picture, Transform, sees_images, transform_of_card
from masnn.response import Response, record

if TYPE_CHECKING:
    from masnn.architectures import Network
    from masnn.energy import Ledger


@dataclass(frozen=True, eq=False)
class Sight:
    """Hold what a network saw in a picture.

    Args:
        card: Its checkpoint's card.
        pixels: The picture as the network's data set would have it, before the transform.
        response: What it did, at each step.
        notes: What was done to the picture, in plain words.
    """

    card: Card
    pixels: NDArray[np.uint8]
    response: Response
    notes: tuple[str, ...]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the softmax of the mean logits over time, (n_classes,): the votes as shares."""
        powers = np.exp(self.response.rates - self.response.rates.max())
        return powers / powers.sum()

    @property
    def prediction(self) -> str:
        """Return the class of the highest vote."""
        return self.card.classes[self.response.prediction]

    def numbers(self) -> dict[str, Any]:
        """Return its numbers under stable names; see `comparison.summarise`."""
        told = comparison.summarise(self.card, self.response)
        logits = told.pop("votes")
        shares = dict(zip(self.card.classes, self.shares.tolist(), strict=True))
        return {**told, "logits": logits, "shares": shares}

    def ledger(self, prices: str) -> Ledger:
        """Return the energy ledger of what the network did.

        Args:
            prices: The costs of operations, a key of `energy.PRESETS`.
        """
        shown = shown_to(self.card, self.pixels)
        return energy.ledger(self.card.config, shown, self.response, energy.PRESETS[prices])


def transform_for(card: Card) -> Transform:
    """Return a checkpoint's transform.

    Raises:
        CheckpointError: If its network does not see still images.
    """
    if not sees_images(card):
        raise CheckpointError(
            f"{card.name} sees recordings of an event camera, not pictures: choose one that was "
            "trained on images, or give `compare` a recording."
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
    response = record(network, shown_to(card, pixels), potentials=False)
    return Sight(card, pixels, response, notes)


def shown_to(card: Card, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a checkpoint's network is shown of a picture: the same at each step, no copies.

    Args:
        card: The checkpoint's card.
        pixels: What `prepared` returned.

    Returns:
        Shape (T, C, H, W), read-only.
    """
    image = transform_for(card).apply(pixels)
    return np.broadcast_to(image, (card.config["T"], *image.shape))
