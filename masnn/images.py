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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from masnn.errors import CheckpointError, ImageFileError

if TYPE_CHECKING:
    from masnn.cards import Card

FORMATS = ("PNG", "JPEG")

#: More than a good camera makes, and 150 MB at most once decoded.
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
MAX_BYTES = 50_000_000

_TOO_LARGE = (
    f"at most {MAX_PIXELS // 1_000_000} million px, and {MAX_SIDE:,} a side, can be read. Scale it "
    "down."
)

#: Where the bit depth stands in a PNG file (ISO/IEC 15948, IHDR).
_PNG_DEPTH = 24


@dataclass(frozen=True, eq=False)
class Picture:
    """Hold a picture.

    Args:
        pixels: Grey (H, W) or RGB (H, W, 3), uint8, read-only.
        name: Name of its file.
        format: Its file's format and mode, such as "PNG, RGBA".
        sha256: Hash of its file.
        warnings: What was left out or changed, in plain words.
    """

    pixels: NDArray[np.uint8]
    name: str
    format: str
    sha256: str
    warnings: tuple[str, ...] = ()


def read_picture(source: Path | bytes, name: str = "") -> Picture:
    """Read a PNG or JPEG file; its content decides which it is, not its name.

    Args:
        source: The file, or its content.
        name: What to call it; the file's name by default.

    Raises:
        ImageFileError: If it is neither, damaged, empty or too large.
    """
    where = name or (source.name if isinstance(source, Path) else "the picture")
    try:
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise ImageFileError(f"{where}: cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise ImageFileError(f"{where}: larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _refuse_large(image, where)
            told: list[str] = []
            form = f"{image.format}, {image.mode}"
            pixels = _pixels(image, content, told)
    except ImageFileError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageFileError(f"{where}: {_TOO_LARGE}") from error
    except Exception as error:  # whatever a damaged file makes Pillow raise
        why = "neither PNG nor JPEG" if _is_foreign(content) else f"damaged ({error})"
        raise ImageFileError(f"{where}: {why}; save it anew as PNG or JPEG.") from error
    pixels.flags.writeable = False
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(pixels, where, form, sha256, tuple(told))


def _is_foreign(content: bytes) -> bool:
    return not content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


def _refuse_large(image: Image.Image, where: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageFileError(f"{where}: {width:,} x {height:,} px; {_TOO_LARGE}")


def _pixels(image: Image.Image, content: bytes, told: list[str]) -> NDArray[np.uint8]:
    """Return an opened image's pixels, and tell what they lack of it."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        told.append(f"Of {frames} frames the first one was taken.")
        image.seek(0)
    turned = ImageOps.exif_transpose(image)
    if turned.size != image.size or image.getexif().get(0x0112, 1) != 1:
        told.append("Turned upright, as its EXIF orientation says.")
    image = turned
    if content.startswith(b"\x89PNG") and content[_PNG_DEPTH] == 16:
        told.append("16 bits a channel were reduced to 8.")
    if image.mode.startswith("I"):  # 16-bit grey
        wide = np.asarray(image, dtype=np.int64)
        return np.clip((wide + 128) // 257, 0, 255).astype(np.uint8)
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        layered = image.convert("RGBA")
        if layered.getchannel("A").getextrema() != (255, 255):
            told.append("What is transparent was laid over white.")
        white = Image.new("RGBA", layered.size, "white")
        grey = image.mode in ("L", "LA", "La", "1")
        image = Image.alpha_composite(white, layered).convert("L" if grey else "RGB")
    elif image.mode == "CMYK":
        told.append("CMYK was made RGB without a colour profile: colours may be off.")
        image = image.convert("RGB")
    elif image.mode in ("1", "L", "F"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
    return np.array(image, dtype=np.uint8)


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
            scale = self.resize / min(image.size)
            scaled = round(image.width * scale), round(image.height * scale)
            image = image.resize(scaled, Image.Resampling.BILINEAR)
            left, top = (image.width - width) // 2, (image.height - height) // 2
            image = image.crop((left, top, left + width, top + height))
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
