"""Pictures from PNG and JPEG files, and how a network wants them.

A picture is grey (H, W) or RGB (H, W, 3), 8 bits, upright. What its file holds beyond that (more
bits, transparency, CMYK, further frames) is left out and told, never silently. Sizes are checked in
the file's header before anything is decoded, and no format but the two is tried: a picture of a few
kilobytes can unpack to gigabytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from masnn.errors import CheckpointError, ImageFileError

if TYPE_CHECKING:
    from masnn.cards import Card

FORMATS = ("PNG", "JPEG")

#: What telephones make, and 200 MB at most while decoded; ImageNet has larger ones.
MAX_PIXELS, MAX_OWN_PIXELS = 16_000_000, 80_000_000
MAX_SIDE = 20_000
MAX_BYTES = 50_000_000

#: How the files of the two formats begin.
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_MAGIC_BYTES = 8

#: Rows that are converted at a time: no second picture lies in memory beside the first.
_ROWS = 256

#: Where the bit depth stands in a PNG file (ISO/IEC 15948, IHDR).
_PNG_DEPTH = 24
#: EXIF's tag of how a camera was held: 1 is upright, 2 to 8 are turned or mirrored.
_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Picture:
    """Hold a picture.

    Args:
        pixels: Grey (H, W) or RGB (H, W, 3), uint8, read-only.
        name: Name of its file.
        format: Its file's format and mode, such as "PNG, RGBA".
        content: Its file, byte for byte.
        warnings: What was left out or changed, in plain words.
    """

    pixels: NDArray[np.uint8]
    name: str
    format: str
    content: bytes = field(repr=False)
    warnings: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Hash of its file."""
        return hashlib.sha256(self.content).hexdigest()


def read_picture(source: Path | bytes, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a PNG or JPEG file; its content decides which it is, not its name.

    Args:
        source: The file, or its content.
        name: What to call it; the file's name by default.
        max_pixels: So many are accepted; `MAX_OWN_PIXELS` where the file is one's own.

    Raises:
        ImageFileError: If it is neither, damaged, empty or too large.
    """
    where = name or (source.name if isinstance(source, Path) else "the picture")
    # A system's names may hold bytes that are no text, which no report could be written with.
    where = where.encode(errors="replace").decode()
    content = source if isinstance(source, bytes) else _content(source, where)
    if len(content) > MAX_BYTES:
        raise ImageFileError(f"{where}: larger than {MAX_BYTES // 1_000_000} MB.")
    too_large = (
        f"at most {max_pixels // 1_000_000} million px, and {MAX_SIDE:,} a side, can be read. "
        "Scale it down."
    )
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels or max(width, height) > MAX_SIDE:
                raise ImageFileError(f"{where}: {width:,} x {height:,} px; {too_large}")
            told: list[str] = []
            form = f"{image.format}, {image.mode}"
            pixels = _pixels(image, content, told)
    except ImageFileError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageFileError(f"{where}: {too_large}") from error
    except Exception as error:  # whatever a damaged file makes Pillow raise
        why = "neither PNG nor JPEG" if _is_foreign(content) else f"damaged ({error})"
        raise ImageFileError(f"{where}: {why}; save it anew as PNG or JPEG.") from error
    pixels.flags.writeable = False
    return Picture(pixels, where, form, content, tuple(told))


def _content(path: Path, where: str) -> bytes:
    """Return a file's content, of a large one no more than shows that it is too large."""
    try:
        if path.exists() and not path.is_file():
            raise ImageFileError(f"{where}: a folder, a device or a pipe; name a file.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageFileError(f"{where}: cannot be read: {error.strerror}.") from error


def is_picture(path: Path) -> bool:
    """Return whether a file begins as PNG and JPEG files do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return not _is_foreign(file.read(_MAGIC_BYTES))


def _is_foreign(content: bytes) -> bool:
    return not content.startswith(_MAGIC)


def _pixels(image: Image.Image, content: bytes, told: list[str]) -> NDArray[np.uint8]:
    """Return an opened image's pixels, and tell what they lack of it."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        told.append(f"Of {frames} frames the first one was taken.")
        image.seek(0)
    if image.getexif().get(_ORIENTATION) in range(2, 9):
        ImageOps.exif_transpose(image, in_place=True)
        told.append("Turned upright, as its EXIF orientation says.")
    if content.startswith(b"\x89PNG") and content[_PNG_DEPTH] == 16:
        told.append("16 bits a channel were reduced to 8.")
    if image.mode == "CMYK":
        told.append("CMYK was made RGB without a colour profile: colours may be off.")
    image.load()
    grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    pixels = np.empty((image.height, image.width) + (() if grey else (3,)), np.uint8)
    is_transparent = False
    for top in range(0, image.height, _ROWS):
        rows = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        pixels[top : top + _ROWS], transparent = _converted(rows, "L" if grey else "RGB")
        is_transparent |= transparent
    if is_transparent:
        told.append("What is transparent was laid over white.")
    return pixels


def _converted(rows: Image.Image, mode: str) -> tuple[NDArray[np.uint8], bool]:
    """Return some rows of a picture in 8 bits over white, and whether they are transparent."""
    if rows.mode.startswith("I"):  # 16-bit grey, of which PNG may name one value as transparent
        wide = np.asarray(rows).astype(np.int32)
        reduced = np.clip((wide + 128) // 257, 0, 255).astype(np.uint8)
        empty = wide == rows.info.get("transparency", -1)
        reduced[empty] = 255
        return reduced, bool(empty.any())
    if rows.mode not in ("LA", "PA", "RGBA", "La", "RGBa") and "transparency" not in rows.info:
        return np.asarray(rows.convert(mode)), False
    layered = rows.convert("RGBA")
    white = Image.new("RGBA", rows.size, "white")
    over = Image.alpha_composite(white, layered).convert(mode)
    return np.asarray(over), layered.getchannel("A").getextrema() != (255, 255)


@dataclass(frozen=True)
class Transform:
    """Say how a picture becomes a network's input: (value - mean) / std, values 0 to 255.

    Args:
        size: (H, W) of the input in px.
        mean: Of each channel: one for grey, three for RGB.
        std: The same.
        resize: Side in px to which the picture's shorter one is scaled before its middle is cut
            out; None scales the whole picture to `size`, whatever its shape.
        prepare: How pictures from elsewhere are made like those of the data set: "" or "digit", see
            `digits.as_digit`.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int | None = None
    prepare: str = ""

    def __post_init__(self) -> None:
        if len(self.mean) not in (1, 3) or len(self.mean) != len(self.std) or 0 in self.std:
            raise ValueError("mean and std need one value (grey) or three (RGB), std none of 0")
        if self.resize is not None and self.resize < max(self.size):
            raise ValueError(f"resize must be at least {max(self.size)}")

    @property
    def channels(self) -> int:
        """Return the channels of the input."""
        return len(self.mean)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the input of a picture, shape (C, H, W).

        Args:
            pixels: Grey (H, W) or RGB (H, W, 3).
        """
        image = self.coloured(pixels)
        height, width = self.size
        if self.resize is not None:
            # Rounded as torchvision's Resize and CenterCrop do; what is cut off is never scaled.
            shorter = min(image.size)
            wide, high = (self.resize * side // shorter for side in image.size)
            left, top = round((wide - width) / 2), round((high - height) / 2)
            across, down = image.width / wide, image.height / high
            right = min((left + width) * across, image.width)
            bottom = min((top + height) * down, image.height)
            box = left * across, top * down, right, bottom
            image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
        elif image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        return self.scaled(image)

    def coloured(self, pixels: NDArray[np.uint8]) -> Image.Image:
        """Return a picture in the channels of the input; RGB becomes grey as ITU-R 601 says."""
        return Image.fromarray(pixels).convert("L" if self.channels == 1 else "RGB")

    def scaled(self, image: Image.Image) -> NDArray[np.float32]:
        """Return an image of the right size and channels as numbers, shape (C, H, W)."""
        values = np.asarray(image, dtype=np.float32).reshape(*self.size, self.channels)
        mean, std = (np.array(part, dtype=np.float32) for part in (self.mean, self.std))
        values = (values - mean) / std
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def shown(self, inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the pixel values, 0 to 255, that became inputs (..., C, H, W): `scaled` undone."""
        mean, std = (np.array(part).reshape(-1, 1, 1) for part in (self.mean, self.std))
        return np.rint(inputs * std + mean).astype(np.uint8)

    def plain(self) -> dict[str, Any]:
        """Return what a card says of it; size and channels are the network's."""
        return {
            "resize": self.resize,
            "mean": list(self.mean),
            "std": list(self.std),
            "prepare": self.prepare,
        }


def sees_images(card: Card) -> bool:
    """Return whether a checkpoint's network sees still images, and not recordings."""
    return "transform" in card.data


def transform_of_card(card: Card) -> Transform:
    """Return how a picture becomes the input of a checkpoint's network."""
    return transform_of(card.config, card.data["transform"], card.name)


def transform_of(config: Mapping[str, Any], plain: Mapping[str, Any], where: str) -> Transform:
    """Return the transform that a card tells.

    Args:
        config: The card's `config`.
        plain: What `Transform.plain` returned.
        where: Named in errors.

    Raises:
        CheckpointError: If it is none, or not of the network's channels.
    """
    try:
        mean, std = (tuple(map(float, plain[key])) for key in ("mean", "std"))
        transform = Transform(
            tuple(config["input_size"]), mean, std, plain["resize"], str(plain["prepare"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{where}: data.transform is none ({error}).") from error
    if transform.channels != config["in_channels"]:
        raise CheckpointError(
            f"{where}: data.transform makes {transform.channels} channels, the network sees "
            f"{config['in_channels']}."
        )
    return transform
