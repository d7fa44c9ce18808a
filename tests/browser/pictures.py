"""Small grey pictures of screens, and how far two of them are apart.

A picture has one pixel for 12 x 12 px of the screen: letters become a tint, so that neither the
font nor a digit counts. What networks draw is painted flat before: where a chart stands counts,
what it says does not. Rows are aligned as in a comparison of texts, so that a caption of one line
more moves what is below it without a difference; then the worst patch of 96 x 96 px decides.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

#: Px of the screen to a pixel of a picture.
CELL = 12
#: Side of the patch, in pixels, over which differences are averaged.
PATCH = 8
#: So much of white to black may a patch differ. Measured: other numbers 0.04, other fonts 0.09, a
#: table, chart or column that is gone or elsewhere 0.48 and more.
TOLERANCE = 0.2
#: The shorter of two pictures is at least so much of the other: captions may have other lines.
LEAST_HEIGHT = 0.87
#: What charts and images are painted with: far from white and from the dark theme's ground.
FLAT = 128
#: A row that is not in the other picture costs this much beside what is drawn in it.
_GAP = 0.004
_LEVELS = 32


def grey(png: bytes) -> np.ndarray:
    """Return a screenshot's lightness, 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def reduced(lightness: np.ndarray, scale: float, flats: list[tuple[float, ...]]) -> np.ndarray:
    """Return the picture of a screenshot.

    Args:
        lightness: The screenshot.
        scale: Its pixels to one px of the screen.
        flats: Left, top, width and height, in px of the screen, of what is painted flat.
    """
    image = Image.fromarray(lightness)
    pen = ImageDraw.Draw(image)
    for x, y, w, h in flats:
        pen.rectangle([x * scale, y * scale, (x + w) * scale - 1, (y + h) * scale - 1], fill=FLAT)
    size = [max(1, round(n / scale / CELL)) for n in image.size]
    small = np.asarray(image.resize((size[0], size[1]), Image.Resampling.BOX), dtype=np.float32)
    return np.round(np.round(small / 255 * (_LEVELS - 1)) * 255 / (_LEVELS - 1)).astype(np.uint8)


def save(picture: np.ndarray, path: Path) -> None:
    """Write a picture as small as PNG can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).quantize(_LEVELS).save(path, optimize=True)


def load(path: Path) -> np.ndarray:
    """Return a picture that was saved."""
    return np.asarray(Image.open(path).convert("L"))


def ground(picture: np.ndarray) -> float:
    """Return the lightness of the page itself, which its left margin has."""
    return float(np.median(picture[:, 0]))


def aligned(one: np.ndarray, other: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs of rows that belong together, -1 where one picture has no such row."""
    grounds = [ground(picture) for picture in (one, other)]
    n, m = len(one), len(other)
    band = abs(n - m) + 60
    best = np.full((n + 1, m + 1), np.inf)
    best[0, 0] = 0
    gaps = [
        np.abs(picture.astype(float) - ground).mean(1) / 255 + _GAP
        for picture, ground in zip((one, other), grounds, strict=True)
    ]
    wide = other.astype(np.float32)
    for i in range(n + 1):
        low, high = max(0, i - band), min(m, i + band)
        match = np.abs(one[i - 1] - wide[low:high]).mean(1) / 255 if i else None
        for j in range(low, high + 1):
            if i and best[i - 1, j] + gaps[0][i - 1] < best[i, j]:
                best[i, j] = best[i - 1, j] + gaps[0][i - 1]
            if j and best[i, j - 1] + gaps[1][j - 1] < best[i, j]:
                best[i, j] = best[i, j - 1] + gaps[1][j - 1]
            if (
                match is not None
                and j > low
                and best[i - 1, j - 1] + match[j - 1 - low] < best[i, j]
            ):
                best[i, j] = best[i - 1, j - 1] + match[j - 1 - low]
    pairs, i, j = [], n, m
    while i or j:
        if i and j and best[i, j] != best[i - 1, j] + gaps[0][i - 1]:
            if best[i, j] != best[i, j - 1] + gaps[1][j - 1]:
                i, j = i - 1, j - 1
                pairs.append((i, j))
                continue
        if i and best[i, j] == best[i - 1, j] + gaps[0][i - 1]:
            i -= 1
            pairs.append((i, -1))
        else:
            j -= 1
            pairs.append((-1, j))
    return pairs[::-1]


def apart(one: np.ndarray, other: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the worst patch's difference, 0 to 1, and the difference of every pixel.

    A row that only one picture has counts as it stands out from its picture's ground. Pictures of
    other widths, grounds or heights are wholly apart.
    """
    grounds = [ground(picture) for picture in (one, other)]
    height = min(len(one), len(other)) / max(len(one), len(other))
    if (
        abs(one.shape[1] - other.shape[1]) > 1
        or abs(grounds[0] - grounds[1]) > 40
        or height < LEAST_HEIGHT
    ):
        return 1.0, np.ones((1, 1), np.float32)
    width = min(one.shape[1], other.shape[1])
    one, other = (picture[:, :width].astype(np.float32) for picture in (one, other))
    rows = []
    for i, j in aligned(one, other):
        first = one[i] if i >= 0 else grounds[1]
        rows.append(np.abs(first - (other[j] if j >= 0 else grounds[0])) / 255)
    difference = np.stack(rows)
    sums = np.pad(difference, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    h, w = (min(PATCH, side) for side in difference.shape)
    patches = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    return float(patches.max()) / (h * w), difference


def side_by_side(one: np.ndarray, other: np.ndarray, difference: np.ndarray) -> Image.Image:
    """Return both pictures and their difference, enlarged, to look at."""
    parts = [one, other, 255 - np.clip(difference * 510, 0, 255).astype(np.uint8)]
    sheet = Image.new("L", (sum(p.shape[1] + 4 for p in parts), max(len(p) for p in parts)), 255)
    x = 0
    for part in parts:
        sheet.paste(Image.fromarray(np.ascontiguousarray(part.astype(np.uint8))), (x, 0))
        x += part.shape[1] + 4
    return sheet.resize((sheet.width * 4, sheet.height * 4), Image.Resampling.NEAREST)
