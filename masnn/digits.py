"""The handwritten digits that come with scikit-learn, and drawings made like them.

1797 images of 8 x 8 px, the test part of UCI's "Optical Recognition of Handwritten Digits"
(Alpaydin and Kaynak 1998), written by 13 people. NIST's software scaled each digit to a bitmap of
32 x 32, 32 px high and about 20 wide, with strokes as thick as it takes for nearly the same amount
of ink in each; a pixel of the set counts the ink, 0 to 16, of 4 x 4 px of the bitmap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from masnn.errors import DataError, ImageFileError

#: Share of each class that is measured on, and not learned from.
TEST_SHARE = 0.2

#: Side of an image of the set, and of the bitmap that it counts.
SIDE_PX, BITMAP_PX = 8, 32

#: Share of the bitmap that a drawing's strokes are made to cover, and the part of it, in px, that
#: they may fill before they grow or shrink to that. The set's own are 0.305 (each class between
#: 0.296 and 0.322), 32 and about 20: of these and smaller values the ones at which the networks
#: that ship know most of the digits that `simulate.glyphs` writes, and of plain 7s (most of the
#: set's have a bar).
INK = 0.24
_HIGH_PX, _WIDE_PX = 26.0, 20.0

#: A drawing is rendered and looked at with so many px at most along its longer side.
_DRAWN_PX = 96

Strokes = Sequence[Sequence[tuple[float, float]]]


#: What `as_digit` does, for those who look at its result.
PREPARED = (
    "Made like the set's digits: cut out, scaled to 26 x 20 px of a bitmap of 32 x 32, strokes "
    "grown or shrunk to 24 % ink, which is counted in 8 x 8 blocks"
)


def write_digits(folder: Path, seed: int = 0) -> dict[str, int]:
    """Write the set as images, folder/train/CLASS/NNNN.png and folder/val/CLASS/NNNN.png.

    NNNN is an image's place in the set. A fifth of each class, drawn by the seed, is "val". The set
    does not say who wrote what: the same people may be in both parts.

    Args:
        folder: Where; must not hold other digits.
        seed: Of the split.

    Returns:
        Number of images by part.

    Raises:
        DataError: If the folder holds another split already.
    """
    from sklearn.datasets import load_digits

    note = folder / "digits.json"
    told = {"source": "scikit-learn load_digits", "seed": seed}
    if (folder / "train").exists() and not note.is_file():
        raise DataError(f"{folder}: holds other data, or digits written half; name a new folder.")
    if note.is_file() and json.loads(note.read_text(encoding="utf-8")) != told:
        raise DataError(f"{folder}: holds the digits of another split; name a new folder.")
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    rng = np.random.default_rng(seed)
    test = np.zeros(len(images), dtype=bool)
    for label in range(10):
        members = rng.permutation(np.flatnonzero(digits.target == label))
        test[members[: round(TEST_SHARE * len(members))]] = True
    for i, (image, label) in enumerate(zip(images, digits.target, strict=True)):
        file = folder / ("val" if test[i] else "train") / str(label) / f"{i:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    note.write_text(json.dumps(told), encoding="utf-8")
    return {"train": int((~test).sum()), "val": int(test.sum())}


def rendered(strokes: Strokes) -> NDArray[np.float64]:
    """Return a drawing's coverage by ink, 0 to 1, shape (H, W), as large as what is drawn.

    The pen is a tenth of the drawing's longer side, however large it was drawn.

    Args:
        strokes: Points (x right, y down) of each stroke, in any unit.

    Raises:
        ImageFileError: If nothing is drawn.
    """
    points = np.array([point for stroke in strokes for point in stroke], dtype=np.float64)
    if not len(points):
        raise ImageFileError("Nothing is drawn yet.")
    low, reach = points.min(0), float(np.ptp(points, axis=0).max())
    fine = 4  # drawn four times as large and averaged: soft edges
    scale = 0.9 * _DRAWN_PX * fine / (reach or 1.0)
    pen = 0.1 * _DRAWN_PX * fine
    size = np.ceil((points.max(0) - low) * scale + pen).astype(int)
    image = Image.new("L", (int(size[0]), int(size[1])))
    canvas = ImageDraw.Draw(image)
    for stroke in strokes:
        line = [tuple((np.array(point) - low) * scale + pen / 2) for point in stroke]
        canvas.line(line, fill=255, width=round(pen), joint="curve")
        for x, y in line[:1] + line[-1:]:
            canvas.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    image = image.resize((max(1, size[0] // fine), max(1, size[1] // fine)), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float64) / 255


def ink_of(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], str]:
    """Return the ink of a picture of a digit, and how it was told from the ground.

    Args:
        pixels: Grey (H, W) or RGB (H, W, 3); the median of its border is the ground.

    Raises:
        ImageFileError: If it has one colour.
    """
    image = Image.fromarray(pixels).convert("L")
    image.thumbnail((4 * _DRAWN_PX,) * 2, Image.Resampling.BOX)
    grey = np.asarray(image, dtype=np.float64)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = float(np.median(border))
    lighter, darker = grey.max() - ground, ground - grey.min()
    contrast = max(lighter, darker)
    if contrast < 16:
        raise ImageFileError("The picture has one colour: no digit can be told from the ground.")
    ink = (grey - ground if lighter >= darker else ground - grey) / contrast
    how = "lighter" if lighter >= darker else "darker"
    return np.clip(ink, 0, 1), f"what is {how} than the border was taken for ink"


def as_digit(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a drawn digit as the set would show it, (8, 8), 0 to 255.

    What is drawn is cut out and scaled into the middle of a bitmap of 32 x 32: 26 px high and at
    most 20 wide, by at most twice as much along one axis as along the other. Then its strokes grow
    or shrink until they cover 24 % of the bitmap, and ink is counted in blocks of 4 x 4.

    Args:
        ink: Coverage, 0 to 1, shape (H, W); 0.5 and more is ink.

    Raises:
        ImageFileError: If there is no ink.
    """
    drawn = ink >= 0.5
    if not drawn.any():
        raise ImageFileError("Nothing is drawn: no part of the picture is covered by ink.")
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = drawn.shape
    high = min(_HIGH_PX, 2 * _WIDE_PX * height / width)
    wide = min(_WIDE_PX, 2 * _HIGH_PX * width / height)
    # Places of the bitmap, twice as fine, in px of the drawing.
    places = (np.arange(2 * BITMAP_PX) + 0.5) / 2 - BITMAP_PX / 2
    y = places * height / high + height / 2
    x = places * width / wide + width / 2
    scale = np.array([high / height, wide / width])
    outside = _distance(drawn, y, x, scale)
    inside = _distance(np.pad(~drawn, 1, constant_values=True), y + 1, x + 1, scale)
    distance = np.where(outside > 0, outside, -inside)
    most = np.sort(distance, axis=None)[round(INK * distance.size) - 1]
    covered = distance <= most
    blocks = covered.reshape(SIDE_PX, BITMAP_PX // SIDE_PX * 2, SIDE_PX, -1).sum((1, 3))
    return np.rint(blocks * (255 / 64)).astype(np.uint8)


def _distance(
    mask: NDArray[np.bool_],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far each place (y, x) is from a mask, in px of the bitmap, (len(y), len(x))."""
    height, width = mask.shape
    # From the nearest part of each pixel, not from its middle: a place in one is at no distance.
    across = np.maximum(np.abs(x[:, None] - np.arange(width) - 0.5) - 0.5, 0) * scale[1]
    down = np.maximum(np.abs(y[:, None] - np.arange(height) - 0.5) - 0.5, 0) * scale[0]
    # Of each column its nearest pixel alone can be the nearest of all.
    nearest = np.array([np.where(mask, row[:, None], np.inf).min(0) for row in down])
    return np.sqrt(np.array([(across**2 + row**2).min(1) for row in nearest]))
