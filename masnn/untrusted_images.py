"""Pictures that strangers give us: decoded in a limited child process, and checked on arrival.

`python -m masnn.untrusted_images FOLDER` is that child: it gets ready, waits for a line on standard
input, and reads FOLDER/picture. It leaves FOLDER/pixels.npy and FOLDER/told.json, or a reason on
standard output and the status `confined.REFUSED`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from masnn import confined
from masnn.errors import ImageFileError
from masnn.images import MAX_BYTES, MAX_PIXELS, Picture, read_picture
from masnn.npy_headers import read_header

#: Address space beyond the libraries': a picture of the most pixels as its file, decoded with four
#: channels, and converted.
MEMORY_BYTES = 700 << 20
CPU_S, WALL_S = 20, 40

_HEADER_BYTES = 1 << 10
_MAX_LINES, _MAX_WORDS = 10, 400

#: What the child calls the picture: no name of a stranger's goes there.
_NAME = "picture"


def read_untrusted_picture(content: bytes, name: str) -> Picture:
    """Read a PNG or JPEG file that nobody vouches for.

    Args:
        content: The file's content.
        name: What to call it.

    Raises:
        ImageFileError: As `images.read_picture`, or if decoding it dies, hangs or grows.
    """
    if len(content) > MAX_BYTES:
        raise ImageFileError(f"{name}: larger than {MAX_BYTES // 1_000_000} MB.")
    child = confined.Child("masnn.untrusted_images")
    try:
        status = child.give(_NAME, content, WALL_S)
        if status == confined.REFUSED:
            raise ImageFileError(f"{name}: {child.said()[:_MAX_WORDS].strip()}")
        if status != 0:
            raise ImageFileError(
                f"{name}: decoding it was given up (status {status}); it is damaged, or needs more "
                f"than {MEMORY_BYTES >> 20} MiB."
            )
        return _left_by(child, content, name)
    except subprocess.TimeoutExpired:
        raise ImageFileError(f"{name}: decoding it took more than {WALL_S} s.") from None
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise ImageFileError(f"{name}: what was read of it is inconsistent ({error}).") from error
    finally:
        child.end()


def _left_by(child: confined.Child, content: bytes, name: str) -> Picture:
    """Return the picture that the child left, trusting none of it."""
    path = child.left("pixels.npy")
    if path.stat().st_size > 3 * MAX_PIXELS + _HEADER_BYTES:
        raise ValueError("too many pixels")
    with path.open("rb") as file:
        header = read_header(file, path.stat().st_size, axes=3)
        shape = header.shape
        shaped = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
        if header.dtype != np.uint8 or header.by_columns or not shaped or 0 in shape:
            raise ValueError(f"{header.dtype} {shape}")
        pixels = np.fromfile(file, np.uint8).reshape(shape)
    pixels.flags.writeable = False
    told = json.loads(child.said("told.json"))
    warnings = tuple(str(line)[:_MAX_WORDS] for line in told["warnings"][:_MAX_LINES])
    return Picture(pixels, name, str(told["format"])[:_MAX_WORDS], content, warnings)


def main() -> int:
    """Read the picture in the folder argv[1]; return the exit status."""
    folder = Path(sys.argv[1])
    if not sys.stdin.readline():  # the parent has gone, and nobody else clears up
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    confined.limit(MEMORY_BYTES, CPU_S)
    try:
        picture = read_picture(folder / _NAME)
    except ImageFileError as problem:
        print(str(problem).removeprefix(f"{_NAME}: "))
        return confined.REFUSED
    np.save(folder / "pixels.npy", picture.pixels)
    told = {"format": picture.format, "warnings": picture.warnings}
    (folder / "told.json").write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what was left is on the disk; taking an interpreter down takes its time
