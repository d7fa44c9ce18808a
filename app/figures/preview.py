"""Small animated previews of recordings: event frames in, GIF out."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.figures.style import COLOUR_OFF, COLOUR_ON

#: Palette: nothing (transparent, so that one picture suits light and dark), OFF, ON.
_COLOURS = ("#808080", COLOUR_OFF, COLOUR_ON)


def animated(counts: NDArray[np.integer], frame_ms: int) -> bytes:
    """Return a GIF that shows which polarity leads at each pixel, in a loop.

    Args:
        counts: Events of each frame, shape (n, 2, H, W), the 2 is (OFF, ON).
        frame_ms: Time for which each frame is shown.
    """
    off, on = counts[:, 0], counts[:, 1]
    leading = np.where(on > off, 2, np.where(off > 0, 1, 0)).astype(np.uint8)
    palette = [int(colour[i : i + 2], 16) for colour in _COLOURS for i in (1, 3, 5)]
    pictures = []
    for frame in leading:
        picture = Image.fromarray(frame, mode="P")
        picture.putpalette(palette)
        pictures.append(picture)
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=frame_ms,
        loop=0,
        transparency=0,
        disposal=2,
        optimize=False,
    )
    return buffer.getvalue()
