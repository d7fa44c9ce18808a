"""MATLAB 5.0 `.mat` files, as CIFAR10-DVS is handed on in: one matrix of events.

The file's specification is MathWorks' "MAT-File Format" (level 5): a header of 128 bytes, then
elements of a type, a size and data. It is read here and not by SciPy, whose compiled reader changed
bytes were seen to end with a bus error.

The matrix is what `dat2mat.m` of CAVIAR's tools returns, by its comments: a row an event; t in us,
x from the left, y and polarity (1 or -1), with two columns for a simulator after t in the older of
its versions. The script turns jAER's x round and leaves its y, which counts from the bottom of a
DVS128; here rows count from the top.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from masnn.readers._columns import from_columns, from_table, small
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

#: What scripts call dat2mat's matrix; the authors of MA-SNN say "out".
_OURS = ("out", "out1", "CIN")
_COLUMNS = {4: (0, 1, 2, 3), 6: (0, 3, 4, 5)}
_SIDE_PX = 128

_MATRIX, _PACKED = 14, 15
#: NumPy's types of the elements that hold numbers.
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
#: Classes of matrices of numbers: double, single, and whole numbers of 8 to 64 bits.
_FULL = range(6, 16)
_COMPLEX = 1 << 11

_HEADER_BYTES = 128
#: So much of a matrix holds its name and size.
_HEAD_BYTES = 1 << 10
_MAX_VARIABLES = 1000
_MAX_BYTES = 1 << 31
_MAX_RATIO = 200


@dataclass(frozen=True)
class _Matrix:
    """Hold what a matrix of numbers says of itself, and where it lies in the file."""

    name: str
    shape: tuple[int, ...]
    kind: int
    data: memoryview


def looks_like(content: bytes) -> bool:
    """Return whether a file's first line and its mark of byte order are those of level 5."""
    return content.startswith(b"MATLAB 5.0 MAT-file") and content[126:128] in (b"IM", b"MI")


def decode(content: bytes) -> Raw:
    """Decode the one matrix of events in a file.

    Raises:
        Malformed: If there is no such matrix, or more than one, or the file is damaged.
    """
    order = "<" if content[126:128] == b"IM" else ">"
    found: list[_Matrix | None] = []
    for kind, data in _elements(memoryview(content)[_HEADER_BYTES:], order):
        if len(found) == _MAX_VARIABLES:
            raise Malformed(f"more than {_MAX_VARIABLES:,} variables are no recording")
        found.append(_matrix(kind, data, order))
    matrices = [m for m in found if m and len(m.shape) == 2 and m.shape[1] in _COLUMNS]
    matrices = [m for m in matrices if m.name in _OURS] or matrices
    if len(matrices) != 1:
        told = ", ".join(f"{m.name!r} {m.shape}" for m in found[:6] if m) or "none"
        raise Malformed(f"expected one matrix of events with 4 or 6 columns, found {told}"[:300])
    (matrix,) = matrices
    values = _values(matrix, order, len(content))
    if matrix.name in _OURS or matrix.shape[1] == 6:
        return _from_dat2mat(values)
    return from_table([small(column) for column in values.T])


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield type and data of every element; one of up to 4 bytes lies in its tag."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise Malformed("ends within an element; the file is cut short")
        (word,) = struct.unpack_from(order + "I", data, at)
        if word >> 16:
            kind, size, start, step = word & 0xFFFF, word >> 16, at + 4, 8
            if size > 4:
                raise Malformed(f"a small element of {size} bytes; the file is damaged")
        else:
            kind, start = word, at + 8
            (size,) = struct.unpack_from(order + "I", data, at + 4)
            step = 8 + size + (0 if kind == _PACKED else -size % 8)
        if size > len(data) - start:
            raise Malformed(
                f"an element declares {size:,} bytes, {len(data) - start:,} follow; the file is "
                "cut short or damaged"
            )
        yield kind, data[start : start + size]
        at += step


def _matrix(kind: int, data: memoryview, order: str) -> _Matrix | None:
    """Return what a variable says of itself where it is a matrix of numbers."""
    head = data[:_HEAD_BYTES]
    if kind == _PACKED:
        head = _unpacked(data, _HEAD_BYTES)[8:]
    elif kind != _MATRIX:
        return None
    parts = []
    try:
        for part in _elements(head, order):
            parts.append(part)
            if len(parts) == 3:
                break
    except Malformed:
        return None
    if [part[0] for part in parts] != [6, 5, 1] or len(parts[0][1]) != 8 or len(parts[1][1]) % 4:
        return None
    (flags,) = struct.unpack_from(order + "I", parts[0][1])
    if flags & 0xFF not in _FULL or flags & _COMPLEX:
        return None
    sides = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    name = bytes(parts[2][1]).decode("ascii", "replace")
    return _Matrix(name, sides, kind, data)


def _values(matrix: _Matrix, order: str, stored: int) -> NDArray[np.generic]:
    """Return a matrix's numbers, (n, columns), after holding its size against what is stored."""
    n = math.prod(matrix.shape)
    if not 0 <= matrix.shape[0] <= MAX_EVENTS:
        raise Malformed(f"{matrix.shape[0]:,} events are more than the {MAX_EVENTS:,} accepted")
    data = matrix.data
    if matrix.kind == _PACKED:
        limit = min(_MAX_BYTES, max(stored * _MAX_RATIO, 1 << 20))
        data = _unpacked(data, limit + 1)
        if len(data) > limit:
            raise Malformed(f"{stored:,} bytes that unpack to more than {limit:,} are no recording")
        data = data[8:]
    # Of flags, sizes, name and numbers the last; any number of others may follow.
    kind, numbers = next(islice(_elements(data, order), 3, None), (0, data[:0]))
    if kind not in _NUMBERS:
        raise Malformed(f"{matrix.name!r} holds an element of type {kind}, which is no number")
    dtype = np.dtype(order + _NUMBERS[kind])
    if len(numbers) != n * dtype.itemsize:
        raise Malformed(
            f"{matrix.name!r} declares {n:,} numbers of {dtype.itemsize} bytes and holds "
            f"{len(numbers):,} bytes; the file is damaged"
        )
    return np.frombuffer(numbers, dtype).reshape(matrix.shape, order="F")


def _unpacked(data: memoryview, most: int) -> memoryview:
    """Return so many bytes at most of what zlib packed."""
    try:
        return memoryview(zlib.decompressobj().decompress(data, most))
    except zlib.error as error:
        raise Malformed(f"a damaged element ({error})") from error


def _from_dat2mat(matrix: NDArray[np.generic]) -> Raw:
    columns = {
        name: matrix[:, i] for name, i in zip("txyp", _COLUMNS[matrix.shape[1]], strict=True)
    }
    raw = from_columns(columns, unit="us")
    for axis, values in (("x", raw.x), ("y", raw.y)):
        if len(values) and not 0 <= values.min() <= values.max() < _SIDE_PX:
            raise Malformed(
                f"{axis} goes from {values.min()} to {values.max()}; dat2mat's matrices are of a "
                f"DVS128, 0 to {_SIDE_PX - 1}"
            )
    raw.y = _SIDE_PX - 1 - np.asarray(raw.y)
    raw.width = raw.height = _SIDE_PX
    raw.warnings.append("Rows count from the bottom in dat2mat's matrices; they were turned.")
    return raw
