"""NumPy files and text tables with columns t, x, y, p.

NumPy headers are read before anything is allocated, declared sizes are held against what is
stored, and nothing is ever unpickled.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed, Raw

#: What the columns are called elsewhere, by our name.
SPELLINGS = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps", "t_us"),
    "x": ("x", "xs", "col", "column"),
    "y": ("y", "ys", "row"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}
_EXTRAS = ("width", "height")
_MAX_BYTES = 1 << 31
_MAX_RATIO = 200

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

# What NumPy raises on headers that are no headers.
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    OverflowError,
    tokenize.TokenError,
)


def decode_npy(content: bytes) -> Raw:
    """Decode a structured `.npy` with fields t, x, y, p, or a plain one of shape (N, 4)."""
    array = _array(content, "the array")
    if array.dtype.names:
        return from_columns({name: array[name] for name in array.dtype.names})
    if array.ndim == 2 and array.shape[1] == 4:
        raw = from_columns(dict(zip("txyp", array.T, strict=True)))
        raw.warnings.append("The columns have no names; they were taken as t, x, y, p.")
        return raw
    raise Malformed(
        f"expected an array with fields t, x, y, p or of shape (N, 4), found {array.shape} "
        f"of {array.dtype}"
    )


def decode_npz(content: bytes) -> Raw:
    """Decode an `.npz` with arrays t, x, y, p and, if it likes, width and height."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _from_zip(archive, len(content))
    except _BROKEN_ARCHIVE as error:
        raise Malformed(f"a damaged .npz archive ({error})") from error


def _from_zip(archive: zipfile.ZipFile, stored: int) -> Raw:
    known = {spelling for names in SPELLINGS.values() for spelling in names} | set(_EXTRAS)
    wanted: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy").lower()
        if info.filename.endswith(".npy") and name in known:
            wanted[name] = info
    if not wanted:
        names = ", ".join(repr(info.filename) for info in archive.infolist()[:6]) or "nothing"
        raise Malformed(f"expected arrays t, x, y, p in the archive, found {names}")
    declared = sum(info.file_size for info in wanted.values())
    if declared > _MAX_BYTES or declared > max(stored * _MAX_RATIO, 1 << 20):
        raise Malformed(
            f"{stored:,} bytes that declare {declared:,} unpacked are not an event recording"
        )
    columns = {}
    for name, info in wanted.items():
        with archive.open(info) as member:
            # One byte more than declared tells a member that lies about its size.
            data = member.read(info.file_size + 1)
        columns[name] = _array(data, name)
    sizes = {}
    for extra in _EXTRAS:
        if extra in columns:
            value = columns.pop(extra)
            if value.size != 1 or value.dtype.kind not in "iu":
                raise Malformed(f"{extra} must be one whole number, found {value.shape}")
            sizes[extra] = int(value.reshape(()))
    raw = from_columns(columns)
    if len(sizes) == len(_EXTRAS):
        raw.width, raw.height = sizes["width"], sizes["height"]
    return raw


def _array(content: bytes, what: str) -> NDArray[Any]:
    """Read one `.npy`, after holding its header against the bytes that follow it."""
    stream = io.BytesIO(content)
    try:
        major, _ = npy.read_magic(stream)
        read = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}.get(major)
        if read is None:
            raise Malformed(f"{what}: NumPy format version {major} is not one with plain numbers")
        shape, _, dtype = read(stream)
    except _DAMAGE as error:
        raise Malformed(f"{what}: a damaged NumPy header ({error})") from error
    kinds = {dtype[n].kind for n in dtype.names} if dtype.names else {dtype.kind}
    if dtype.hasobject or not kinds <= set("iufb"):
        raise Malformed(f"{what}: expected numbers, found {dtype}; pickled objects are never read")
    if len(shape) > 2 or any(side < 0 for side in shape):
        raise Malformed(f"{what}: expected one or two axes, found the shape {shape}"[:200])
    size = math.prod(shape) * dtype.itemsize
    if size != len(content) - stream.tell():
        raise Malformed(
            f"{what}: its header declares {size:,} bytes, {len(content) - stream.tell():,} follow"
        )
    stream.seek(0)
    try:
        array: NDArray[Any] = np.load(stream, allow_pickle=False)
    except _DAMAGE as error:
        raise Malformed(f"{what}: a damaged NumPy file ({error})") from error
    return array


def decode_text(content: bytes) -> Raw:
    """Decode a table of four columns; a header line names them, else they are t, x, y, p."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"expected a text table in UTF-8; byte {error.start} is none") from error
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise Malformed("holds no line of data")
    comma = next((c for c in ",;\t" if c in lines[0]), None)
    names = [cell.strip().strip('"').lower() for cell in lines[0].split(comma)]
    known = {spelling: ours for ours, all_ in SPELLINGS.items() for spelling in all_}
    header = any(name in known for name in names)
    if header and not {"t", "x", "y", "p"} <= {known.get(name) for name in names}:
        raise Malformed(f"expected columns t, x, y, p, found {', '.join(names)[:80]}")
    if header and len(set(names)) != len(names):
        raise Malformed(f"a column is named twice: {', '.join(names)[:80]}")
    if not header and len(names) != 4:
        raise Malformed(
            f"expected four columns t, x, y, p, or a header line that names them; the first line "
            f"has {len(names)}: {lines[0][:60]!r}"
        )
    rows = lines[1:] if header else lines
    if not rows:
        raise Malformed("has a header line and no row of data")
    if len(rows) > MAX_EVENTS:
        raise Malformed(f"{len(rows):,} lines are more than the {MAX_EVENTS:,} events accepted")
    try:
        table = np.loadtxt(rows, delimiter=comma, dtype=np.float64, ndmin=2, comments=None)
    except ValueError as error:
        raise Malformed(f"a line is no row of {len(names)} numbers ({error})") from error
    if not header:
        raw = from_columns(dict(zip("txyp", table.T, strict=True)))
        raw.warnings.append("The columns have no header; they were taken as t, x, y, p.")
        return raw
    if table.size and table.shape[1] != len(names):
        raise Malformed(f"the header names {len(names)} columns, the rows have {table.shape[1]}")
    columns = table.reshape(-1, len(names)).T
    return from_columns(dict(zip(names, columns, strict=True)))


def from_columns(columns: dict[str, NDArray[np.generic]]) -> Raw:
    """Return events from named columns in any spelling; times in seconds become us.

    Raises:
        Malformed: If a column is missing, of another length, or holds what its name forbids.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for ours, spellings in SPELLINGS.items():
        matches = [name for name in columns if name.lower() in spellings]
        if len(matches) != 1:
            raise Malformed(
                f"expected one column {ours} ({', '.join(spellings[:4])}), found "
                f"{', '.join(map(repr, matches or columns))}"
            )
        found[ours] = columns[matches[0]]
    shapes = {values.shape for values in found.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise Malformed(f"t, x, y, p must be 1-D and of one length, found {sorted(shapes)}")
    warnings: list[str] = []
    t = _times(found.pop("t"), warnings)
    whole = {name: _whole(name, values) for name, values in found.items()}
    p = whole["p"]
    if p.size and (p.min() < -1 or p.max() > 1 or (p.min() < 0 and np.any(p == 0))):
        raise Malformed(f"polarities must be 0 and 1 or -1 and 1, found {p.min()} to {p.max()}")
    return Raw(whole["x"], whole["y"], t, (p > 0).astype(np.uint8), warnings=warnings)


def _times(t: NDArray[np.generic], warnings: list[str]) -> NDArray[np.int64]:
    """Return times in us; fractions can only be seconds."""
    if t.dtype.kind in "iub":
        if t.dtype == np.uint64 and t.size and int(t.max()) > np.iinfo(np.int64).max:
            raise Malformed("times beyond 64-bit whole numbers")
        return t.astype(np.int64)
    values = t.astype(np.float64)
    if not np.all(np.isfinite(values)) or (values.size and np.abs(values).max() >= 2.0**53):
        raise Malformed("times must be finite numbers of at most 2^53")
    if np.all(values == np.rint(values)):
        return values.astype(np.int64)
    if values.size and np.abs(values).max() > MAX_TIME_US / 1e6:
        raise Malformed(f"times reach {np.abs(values).max():g} s, which no clock shows")
    warnings.append("Times have fractions: they were taken as seconds and rounded to 1 us.")
    return np.rint(values * 1e6).astype(np.int64)


def _whole(name: str, values: NDArray[np.generic]) -> NDArray[np.int64]:
    if values.dtype.kind == "f":
        numbers = values.astype(np.float64)
        if not np.all(np.isfinite(numbers)) or np.any(numbers != np.rint(numbers)):
            raise Malformed(f"{name} must hold whole numbers")
        if numbers.size and np.abs(numbers).max() > 1e6:
            raise Malformed(f"{name} reaches {np.abs(numbers).max():g}, which is no coordinate")
    elif values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise Malformed(f"{name} reaches {int(values.max())}, which is no coordinate")
    return values.astype(np.int64)
