"""Arrays in one `.npz`: written without the time of writing, read without trusting who wrote it."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.errors import DataError
from masnn.npy_headers import read_header

#: The earliest time a zip archive can hold, in place of the time of writing.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

#: What `numpy.savez` and `savez_compressed` write; other decoders may take more memory than size.
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: More than any of ours has.
_MAX_AXES = 8

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, struct.error, LookupError, MemoryError, RecursionError, SyntaxError, TypeError),
    *(OverflowError, tokenize.TokenError),
)


def pack(arrays: Mapping[str, Any], level: int = 6) -> bytes:
    """Return a compressed archive as `numpy.load` reads it; equal arrays give equal bytes.

    Args:
        arrays: By name.
        level: Of compression, 1 (quick) to 9 (small).
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            # The default depends on the operating system.
            member.create_system = 3
            content = io.BytesIO()
            np.save(content, np.asarray(array), allow_pickle=False)
            archive.writestr(member, content.getvalue(), compresslevel=level)
    return buffer.getvalue()


def unpack(content: bytes, what: str, max_bytes: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive by name; only plain numbers, never unpickled.

    Declared sizes are held against the limit before anything is unpacked, and against what follows
    before an array is made.

    Args:
        content: The file.
        what: Its name, for errors.
        max_bytes: The most that all arrays together may take.

    Raises:
        DataError: If it is no such archive, damaged, or larger.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            declared = sum(info.file_size for info in members)
            if declared > max_bytes:
                raise DataError(
                    f"{what}: unpacks to {declared:,} bytes; at most {max_bytes:,} are read."
                )
            names = [info.filename.removesuffix(".npy") for info in members]
            if len(set(names)) < len(names):
                raise DataError(f"{what}: holds two arrays of one name.")
            if any(info.compress_type not in _KNOWN for info in members):
                raise DataError(f"{what}: compressed otherwise than NumPy does; save it anew.")
            # One byte more than declared tells a member that lies about its size.
            return {
                name: _array(
                    archive.open(info).read(info.file_size + 1), f"{what}: {info.filename}"
                )
                for name, info in zip(names, members, strict=True)
            }
    except _BROKEN as error:
        raise DataError(f"{what}: a damaged .npz archive ({error}).") from error


def _array(content: bytes, what: str) -> NDArray[Any]:
    """Read one `.npy`, after holding its header against the bytes that follow it."""
    stream = io.BytesIO(content)
    try:
        header = read_header(stream, len(content), _MAX_AXES)
    except ValueError as problem:
        raise DataError(f"{what}: {problem}.") from problem
    if header.dtype.names:
        raise DataError(f"{what}: expected numbers, found {header.dtype}.")
    stream.seek(0)
    array: NDArray[Any] = np.load(stream, allow_pickle=False)
    return array
