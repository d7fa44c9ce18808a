"""How pictures become the input of an imported residual network: a file of weights never says."""

from __future__ import annotations

from typing import Any

from masnn.errors import CheckpointError
from masnn.importers._plan import Told
from masnn.residual_config import ResidualConfig

#: Mean and deviation of each channel by what a user may tell; none for networks of recordings.
#: "imagenet" is torchvision's usual one, "published" the authors' x / 128 - 1, "unit" x / 255.
TRANSFORMS: dict[str, tuple[list[float], list[float]] | None] = {
    "imagenet": ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    "published": ([128.0] * 3, [128.0] * 3),
    "unit": ([0.0] * 3, [255.0] * 3),
    "none": None,
}

#: From this size of the input on the middle is cut out of a picture scaled to so many px more: 224
#: of 256 and 288 of 320, as both published codes have it. For smaller ones the whole is scaled.
_CROPS_FROM_PX, _BORDER_PX = 224, 32


def settled_transform(
    config: ResidualConfig, told: Told, own: str, assumed: list[str]
) -> dict[str, Any] | None:
    """Return how a network sees pictures, as `images.Transform.plain`; None if it sees recordings.

    Networks of 3 channels see pictures by the layout's own transform unless something else is told,
    those of 1 channel by "unit"; those of 2 see the OFF and ON events of recordings.

    Args:
        config: The network's.
        told: What the user told.
        own: The layout's own transform, a key of `TRANSFORMS`.
        assumed: Gets what nobody told.

    Raises:
        CheckpointError: If what was told is not of the network's channels.
    """
    channels = config.in_channels
    chosen = told.transform
    if chosen is None:
        chosen = {3: own, 1: "unit"}.get(channels, "none")
        if chosen != "none":
            why = "the published code's" if channels == 3 else "grey from 0 to 1"
            assumed.append(f"--transform {chosen}: {why}; what it learned from is not in the file")
    if chosen not in TRANSFORMS:
        raise CheckpointError(f"--transform {chosen}: one of {', '.join(TRANSFORMS)}.")
    values = TRANSFORMS[chosen]
    if values is None:
        return None
    if channels not in (1, 3) or (channels == 1 and chosen != "unit"):
        raise CheckpointError(
            f"--transform {chosen}: makes pictures of {'1 or ' if chosen == 'unit' else ''}3 "
            f"channels, the network sees {channels}; networks of 2 see recordings."
        )
    side = max(config.input_size)
    mean, std = (list(value[:channels]) for value in values)
    resize = side + _BORDER_PX if side >= _CROPS_FROM_PX else None
    return {"resize": resize, "mean": mean, "std": std, "prepare": ""}
