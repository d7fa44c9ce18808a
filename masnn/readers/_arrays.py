"""NumPy files: `.npy` and `.npz` with events or with frames of them.

The files' specification is NumPy's own (`numpy.lib.format`); the layouts are those of tonic (one
structured array with fields t, x, y, p), SpikingJelly (arrays t, x, y, p, or `frames`), and this
project (t in us, x, y, p, width, height). Headers are read before anything is allocated, declared
sizes are held against what is stored, and nothing is ever unpickled.
"""

from __future__ import annotations

import lzma
import math
import struct
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from masnn.events import MAX_SENSOR_PX
from masnn.npy_headers import Header, read_header
from masnn.readers._blocks import Source
from masnn.readers._columns import ROWS, from_columns, from_table, meaning, small
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

_EXTRAS = ("width", "height")
_MAX_BYTES = 1 << 31
_MAX_RATIO = 200

#: Frames are mostly zeros, which deflate packs a thousandfold.
_MAX_FRAMES_BYTES, _MAX_FRAMES_RATIO = 1 << 27, 1032
#: An event costs a hundred times the bytes that a count does.
_MAX_FRAMES_EVENTS = 10_000_000
#: So much is read at once.
_PIECE_BYTES = 1 << 20

#: No frame has a time; one a ms makes them last.
_FRAME_US = 1000

# What zipfile and its decompressors raise on archives that are none.
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


def decode_npy(content: bytes | Source) -> Raw:
    """Decode a structured `.npy` with fields t, x, y, p, or a plain one of shape (N, 4)."""
    source = Source.of(content)
    with source.stream() as stream:
        return _from_array(stream, _header(stream, source.size, "the array"))


def decode_npz(content: bytes | Source) -> Raw:
    """Decode an `.npz`: arrays t, x, y, p and, if it likes, width and height; one array; frames."""
    source = Source.of(content)
    try:
        with source.stream() as stream, zipfile.ZipFile(stream) as archive:
            return _from_zip(archive, source.size)
    except _BROKEN_ARCHIVE as error:
        raise Malformed(f"a damaged .npz archive ({error})") from error


def _from_array(stream: IO[bytes], header: Header) -> Raw:
    """Return the events of one array, of which no more than some rows are held."""
    names, shape = header.dtype.names, header.shape
    if names and len(shape) == 1:
        names = tuple(name for name in names if meaning(name))
        return from_columns(
            dict(zip(names, columns_of(stream, header), strict=True)), overwrite=True
        )
    if names is None and len(shape) == 2 and shape[1] == 4:
        return from_table(columns_of(stream, header))
    raise Malformed(
        f"expected an array with fields t, x, y, p or of shape (N, 4), found {shape} of "
        f"{header.dtype}"
    )


def _from_zip(archive: zipfile.ZipFile, stored: int) -> Raw:
    members = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy") and not info.filename.startswith("__MACOSX/")
    }
    wanted = {name: info for name, info in members.items() if meaning(name)}
    if len(members) == 1 and "frames" not in members:
        ((name, info),) = members.items()
        _check_declared(members, stored)
        with archive.open(info) as member:
            return _from_array(member, _header(member, info.file_size, name))
    if not wanted and "frames" in members:
        frames = {"frames": members["frames"]}
        _check_declared(frames, stored, _MAX_FRAMES_BYTES, _MAX_FRAMES_RATIO)
        return _from_frames(_whole(archive, frames["frames"], "frames", axes=4))
    if not wanted:
        names = ", ".join(repr(info.filename) for info in archive.infolist()[:6]) or "nothing"
        raise Malformed(
            f"expected arrays t, x, y, p, one array of events, or frames in the archive, found "
            f"{names[:200]}"
        )
    extras = {name: members[name] for name in _EXTRAS if name in members}
    _check_declared(wanted | extras, stored)
    columns, sizes = {}, {}
    for name, info in wanted.items():
        with archive.open(info) as member:
            header = _header(member, info.file_size, name)
            if len(header.shape) != 1 or header.dtype.names:
                raise Malformed(
                    f"t, x, y, p must be 1-D and of one length, found {name} of {header.shape}"
                )
            is_time = (meaning(name) or ("",))[0] == "t"
            (columns[name],) = columns_of(member, header, as_it_is=is_time)
    for extra, info in extras.items():
        value = _whole(archive, info, extra)
        if value.size != 1 or value.dtype.kind not in "iu":
            raise Malformed(f"{extra} must be one whole number, found {value.shape}")
        sizes[extra] = int(value.reshape(()))
    # Both sizes are in this project's own files alone, whose times count us.
    own = len(sizes) == len(_EXTRAS)
    raw = from_columns(columns, unit="us" if own else None, overwrite=True)
    if own:
        raw.width, raw.height = sizes["width"], sizes["height"]
    return raw


def _check_declared(
    members: dict[str, zipfile.ZipInfo],
    stored: int,
    most: int = _MAX_BYTES,
    ratio: int = _MAX_RATIO,
) -> None:
    """Hold what some members declare against what is stored."""
    declared = sum(info.file_size for info in members.values())
    if declared > most or declared > max(stored * ratio, 1 << 20):
        raise Malformed(
            f"{stored:,} bytes that declare {declared:,} unpacked are not an event recording"
        )


def _whole(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, *, axes: int = 2
) -> NDArray[Any]:
    """Return an array as it is."""
    with archive.open(info) as member:
        header = _header(member, info.file_size, name, axes)
        flat = _numbers(member, header.dtype, math.prod(header.shape))
    return flat.reshape(header.shape, order="F" if header.by_columns else "C")


def columns_of(stream: IO[bytes], header: Header, *, as_it_is: bool = False) -> list[NDArray[Any]]:
    """Return the columns of an array, one of 1-D numbers, read some rows at a time.

    Each is as small as its numbers are, whatever type they have in the file, but for a column that
    is to be as it is; of fields, those that mean something are returned.
    """
    n, dtype, names = header.shape[0], header.dtype, header.dtype.names
    if n > MAX_EVENTS:
        raise Malformed(f"{n:,} events are more than the {MAX_EVENTS:,} accepted; cut it")
    if as_it_is or (len(header.shape) == 1 and names is None and dtype.itemsize <= 2):
        return [_numbers(stream, dtype, n)]
    width = math.prod(header.shape[1:])
    if width > 1 and header.by_columns:
        one = Header((n,), False, dtype)
        return [columns_of(stream, one)[0] for _ in range(width)]
    parts: list[list[NDArray[Any]]] = []
    for start in range(0, max(n, 1), ROWS):
        rows = min(ROWS, n - start)
        table = _numbers(stream, dtype, rows * width)
        if names:
            parts.append([small(table[name]) for name in names if meaning(name)])
        else:
            parts.append([small(column) for column in table.reshape(rows, width).T])
    joined = []
    for i in range(len(parts[0])):
        joined.append(np.concatenate([part[i] for part in parts]))
        for part in parts:  # one after the other, so that only one is there twice
            part[i] = joined[i][:0]
    return joined


def _numbers(stream: IO[bytes], dtype: np.dtype[Any], n: int) -> NDArray[Any]:
    """Return the next n numbers or records."""
    values = np.empty(n, dtype)
    room = values.view(np.uint8).data
    at = 0
    while at < len(room):
        got = stream.readinto(room[at : at + _PIECE_BYTES])  # type: ignore[attr-defined]
        if not got:
            raise Malformed("ends before its numbers do; the file is cut short")
        at += got
    return values


def _from_frames(frames: NDArray[Any]) -> Raw:
    """Return the events that frames (T, C, H, W) count, C = 1 or 2 (OFF, ON), frame n at n ms.

    As SpikingJelly's `integrate_events_by_fixed_frames_number` writes them.
    """
    if frames.ndim != 4 or frames.shape[1] not in (1, 2) or frames.dtype.names:
        raise Malformed(
            f"expected frames of shape (T, 2, H, W) or (T, 1, H, W), found {frames.shape}"
        )
    n_frames, channels, height, width = frames.shape
    if not (1 <= height <= MAX_SENSOR_PX and 1 <= width <= MAX_SENSOR_PX):
        raise Malformed(f"frames of {width} x {height} px are none")
    n_events = 0
    for frame in frames:
        fractions = frame.dtype.kind == "f"
        if fractions and not np.all(np.isfinite(frame)):
            raise Malformed("frames must hold finite numbers")
        if np.any(frame < 0) or (fractions and np.any(frame != np.rint(frame))):
            raise Malformed("frames must hold whole counts of events from 0; these are normalised")
        n_events += int(frame.sum(dtype=np.float64))
        if n_events > _MAX_FRAMES_EVENTS:
            raise Malformed(f"frames count more than the {_MAX_FRAMES_EVENTS:,} events accepted")
    columns: list[NDArray[Any]] = [np.empty(n_events, kind) for kind in ("u2", "u2", "i8", "u1")]
    at = 0
    for n, frame in enumerate(frames):
        counts = frame.reshape(-1)
        places = np.flatnonzero(counts)
        every = np.repeat(places, counts[places].astype(np.int64))
        p, y, x = np.unravel_index(every, frame.shape)
        part = slice(at, at + len(x))
        for column, values in zip(columns, (x, y, n * _FRAME_US, p), strict=True):
            column[part] = values
        at = part.stop
    x, y, t, p = columns
    raw = Raw(x, y, t, p, width, height, format="NumPy .npz of frames", time_unit="ms")
    raw.warnings.append(
        f"These are {n_frames:,} frames and no events: each count became as many events, times are "
        "the frames' numbers in ms, and within a frame events have no order."
    )
    if channels == 1:
        raw.p = np.ones_like(p)
        raw.warnings.append("The frames have one channel: every event was taken as ON.")
    return raw


def _header(stream: IO[bytes], size: int, what: str, axes: int = 2) -> Header:
    try:
        return read_header(stream, size, axes)
    except ValueError as problem:
        raise Malformed(f"{what}: {problem}") from problem
