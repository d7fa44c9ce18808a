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

import io
import math
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from masnn.npy_headers import Header
from masnn.readers._arrays import columns_of
from masnn.readers._blocks import Source
from masnn.readers._columns import from_columns, from_table
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
#: So much is unpacked, or its packed bytes are read, at once.
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True)
class _Matrix:
    """Hold what a matrix of numbers says of itself, and where it lies in the file."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    size: int


def looks_like(content: bytes) -> bool:
    """Return whether a file's first line and its mark of byte order are those of level 5."""
    return content.startswith(b"MATLAB 5.0 MAT-file") and content[126:128] in (b"IM", b"MI")


def decode(content: bytes | Source) -> Raw:
    """Decode the one matrix of events in a file, of which no more than some rows are held.

    Raises:
        Malformed: If there is no such matrix, or more than one, or the file is damaged.
    """
    source = Source.of(content)
    order = "<" if source.head[126:128] == b"IM" else ">"
    found: list[_Matrix | None] = []
    with source.stream() as stream:
        stream.seek(_HEADER_BYTES)
        for kind, size in _elements(stream, source.size, order):
            if len(found) == _MAX_VARIABLES:
                raise Malformed(f"more than {_MAX_VARIABLES:,} variables are no recording")
            found.append(_matrix(stream, kind, size, order))
        matrices = [m for m in found if m and len(m.shape) == 2 and m.shape[1] in _COLUMNS]
        matrices = [m for m in matrices if m.name in _OURS] or matrices
        if len(matrices) != 1:
            told = ", ".join(f"{m.name!r} {m.shape}" for m in found[:6] if m) or "none"
            text = f"expected one matrix of events with 4 or 6 columns, found {told}"
            raise Malformed(text[:300])
        (matrix,) = matrices
        columns = _columns(stream, matrix, order, source.size)
    if matrix.name in _OURS or len(columns) == 6:
        return _from_dat2mat(columns)
    return from_table(columns)


def _elements(stream: IO[bytes], end: int, order: str) -> Iterator[tuple[int, int]]:
    """Yield type and size of every element from here to an end, the stream at its data.

    The data of one of up to 4 bytes lie in its tag.
    """
    at = stream.tell()
    while at < end:
        if end - at < 8:
            raise Malformed("ends within an element; the file is cut short")
        stream.seek(at)
        word = _word(stream, order)
        if word >> 16:
            kind, size, start, step = word & 0xFFFF, word >> 16, at + 4, 8
            if size > 4:
                raise Malformed(f"a small element of {size} bytes; the file is damaged")
        else:
            kind, size, start = word, _word(stream, order), at + 8
            step = 8 + size + (0 if kind == _PACKED else -size % 8)
        if size > end - start:
            raise Malformed(
                f"an element declares {size:,} bytes, {end - start:,} follow; the file is cut "
                "short or damaged"
            )
        yield kind, size
        at += step


def _word(stream: IO[bytes], order: str) -> int:
    data = stream.read(4)
    if len(data) < 4:
        raise Malformed("ends within an element; the file is cut short")
    return int.from_bytes(data, "little" if order == "<" else "big")


def _matrix(stream: IO[bytes], kind: int, size: int, order: str) -> _Matrix | None:
    """Return what a variable says of itself where it is a matrix of numbers."""
    start = stream.tell()
    if kind == _PACKED:
        head = _Unpacked(stream, size, size).read(_HEAD_BYTES)[8:]
    elif kind == _MATRIX:
        head = stream.read(min(size, _HEAD_BYTES))
    else:
        return None
    opened = io.BytesIO(head)
    try:
        elements = islice(_elements(opened, len(head), order), 3)
        parts = [(kind, opened.read(size)) for kind, size in elements]
    except Malformed:
        return None
    if [part[0] for part in parts] != [6, 5, 1] or len(parts[0][1]) != 8 or len(parts[1][1]) % 4:
        return None
    (flags,) = struct.unpack_from(order + "I", parts[0][1])
    if flags & 0xFF not in _FULL or flags & _COMPLEX:
        return None
    sides = struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1])
    return _Matrix(parts[2][1].decode("ascii", "replace"), sides, kind, start, size)


def _columns(stream: IO[bytes], matrix: _Matrix, order: str, stored: int) -> list[NDArray[Any]]:
    """Return a matrix's columns, after holding its size against what is stored."""
    n = math.prod(matrix.shape)
    if not 0 <= matrix.shape[0] <= MAX_EVENTS:
        raise Malformed(f"{matrix.shape[0]:,} events are more than the {MAX_EVENTS:,} accepted")
    stream.seek(matrix.start)
    end = matrix.start + matrix.size
    if matrix.kind == _PACKED:
        # Unpacked twice: what is cut short, damaged or too much is known before a number is read.
        end = _Unpacked(stream, matrix.size, stored).seek(sys.maxsize)
        stream.seek(matrix.start)
        stream = cast(IO[bytes], _Unpacked(stream, matrix.size, stored))
        stream.seek(8)
    # Of flags, sizes, name and numbers the last; any number of others may follow.
    kind, size = next(islice(_elements(stream, end, order), 3, None), (0, 0))
    if kind not in _NUMBERS:
        raise Malformed(f"{matrix.name!r} holds an element of type {kind}, which is no number")
    dtype = np.dtype(order + _NUMBERS[kind])
    if size != n * dtype.itemsize:
        raise Malformed(
            f"{matrix.name!r} declares {n:,} numbers of {dtype.itemsize} bytes and holds "
            f"{size:,} bytes; the file is damaged"
        )
    return columns_of(stream, Header(matrix.shape, True, dtype))


class _Unpacked(io.RawIOBase):
    """Unpack what zlib packed while it is read, in one direction.

    Args:
        packed: Where it lies, at its beginning; nobody else moves it meanwhile.
        size: Bytes of it.
        stored: Bytes that are held against what comes of it.
    """

    def __init__(self, packed: IO[bytes], size: int, stored: int) -> None:
        self._packed, self._left, self._stored = packed, size, stored
        self._at, self._most = 0, min(_MAX_BYTES, max(stored * _MAX_RATIO, 1 << 20))
        self._zlib = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        """Fill a room as far as there is something; refuse what is damaged or too much."""
        to, at = memoryview(room), 0
        while at < len(to) and not self._zlib.eof:
            data = self._zlib.unconsumed_tail
            if not data:
                data = self._packed.read(min(self._left, _PIECE_BYTES))
                self._left -= len(data)
            try:
                got = self._zlib.decompress(data, len(to) - at)
            except zlib.error as error:
                raise Malformed(f"a damaged element ({error})") from error
            if not (data or got):
                break
            to[at : at + len(got)] = got
            at += len(got)
        self._at += at
        if self._at > self._most:
            raise Malformed(
                f"{self._stored:,} bytes that unpack to more than {self._most:,} are no recording"
            )
        return at

    def seek(self, to: int, whence: int = io.SEEK_SET) -> int:
        """Go on to a place."""
        to += self._at if whence == io.SEEK_CUR else 0
        while self._at < to and self.read(min(to - self._at, _PIECE_BYTES)):
            pass
        return self._at


def _from_dat2mat(columns: Sequence[NDArray[Any]]) -> Raw:
    named = {name: columns[i] for name, i in zip("txyp", _COLUMNS[len(columns)], strict=True)}
    raw = from_columns(named, unit="us", overwrite=True)
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
