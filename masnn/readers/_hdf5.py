"""HDF5 files with events: DSEC, Prophesee, MVSEC, v2e, and any group that holds t, x, y and p.

HDF5 is native code with a history of crashes, so this runs in the sandbox's child alone. Links are
not followed, external and virtual data not read, and what is declared is held against what is
stored before it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from masnn.readers._arrays import SPELLINGS, from_columns
from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed, Raw

#: More objects than any recording has.
_MAX_OBJECTS = 10_000
_MAX_BYTES = 1 << 31
#: Columns of polarities and times shrink far; more than this is no recording.
_MAX_RATIO = 1000

_ECF = 36559
_FILTERS = {
    1: "gzip", 2: "shuffle", 3: "Fletcher32", 4: "szip", 5: "N-bit", 6: "scale-offset",
    32000: "LZF",
}  # fmt: skip
_PLUGINS = {32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32015: "Zstd", 32026: "Blosc2"}


def decode(path: Path) -> Raw:
    """Decode the one stream of events in a file."""
    import h5py

    with contextlib.suppress(ImportError):  # it registers filters, where somebody has it
        import hdf5plugin  # noqa: F401
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _decode(file, path.stat().st_size)
    except (OSError, RuntimeError, KeyError) as error:
        raise Malformed(f"cannot be read as HDF5 ({error})") from error


def _decode(file: Any, stored: int) -> Raw:
    found = list(_streams(file))
    if not found:
        names = ", ".join(sorted(file)[:6]) or "nothing"
        raise Malformed(f"expected t, x, y and p in one group or an array of events, found {names}")
    # Of a pair of cameras, as in MVSEC, the left one.
    where, columns = next((f for f in found if "left" in f[0]), found[0])
    datasets = {id(column.id): column for column in columns.values()}.values()
    declared = sum(int(data.nbytes) for data in datasets)
    if declared > _MAX_BYTES or declared > max(stored * _MAX_RATIO, 1 << 20):
        raise Malformed(f"{stored:,} bytes that declare {declared:,} are not an event recording")
    for data in datasets:
        if data.shape[0] > MAX_EVENTS:
            raise Malformed(f"{data.shape[0]:,} events are more than the {MAX_EVENTS:,} accepted")
        _refuse_strange(data)
    read = {id(data.id): data[()] for data in datasets}
    raw = from_columns(
        {name: _part(read[id(data.id)], name, data) for name, data in columns.items()}
    )
    raw.format = f"HDF5 ({where})"
    if len(found) > 1:
        others = ", ".join(name for name, _ in found if name != where)
        raw.warnings.append(f"Events of {where} were read; those of {others} were left out.")
    _add_offset(file, raw)
    raw.width, raw.height = _sensor(file)
    return raw


def _streams(file: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path of every stream of events and its columns by name; links are not followed."""
    import h5py

    groups, seen = [file["/"]], 0
    while groups:
        group = groups.pop(0)
        members: dict[str, Any] = {}
        for name in group:
            seen += 1
            if seen > _MAX_OBJECTS:
                raise Malformed(f"more than {_MAX_OBJECTS:,} objects are no recording")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                # A hard link to a group further up would lead round and round.
                if not any(member == other for other in groups) and member.name.count("/") < 16:
                    groups.append(member)
            elif isinstance(member, h5py.Dataset):
                members[name] = member
        known = {
            name: data
            for name, data in members.items()
            if data.ndim == 1 and any(name.lower() in names for names in SPELLINGS.values())
        }
        if len(known) >= 4:
            yield group.name, known
        for data in members.values():
            fields = data.dtype.names or ()
            if data.ndim == 1 and {"t", "x", "y", "p"} <= set(fields):
                yield data.name, {field: data for field in "txyp"}
            elif data.ndim == 2 and data.shape[1] == 4 and data.name.endswith("events"):
                yield data.name, {column: data for column in "txyp"}


def _part(values: Any, name: str, data: Any) -> Any:
    """Return a column of what was read of its dataset."""
    if data.dtype.names:
        return values[name]
    if data.ndim == 2:
        # v2e writes whole numbers t, x, y, p; MVSEC writes x, y, t in seconds, p.
        return values[:, ("xytp" if values.dtype.kind == "f" else "txyp").index(name)]
    return values


def _refuse_strange(data: Any) -> None:
    """Refuse data that lie elsewhere, or that a filter packed which is not there."""
    if data.external or data.is_virtual:
        raise Malformed(f"{data.name} lies in another file, which is not read")
    if data.dtype.hasobject:
        raise Malformed(f"{data.name} holds objects, not numbers")
    plist = data.id.get_create_plist()
    for i in range(plist.get_nfilters()):
        number = plist.get_filter(i)[0]
        if number == _ECF:
            raise Malformed(
                "packed with Prophesee's ECF filter, which is not read here; convert it to RAW"
            )
        if number not in _FILTERS and not _is_there(number):
            name = _PLUGINS.get(number, f"filter {number}")
            raise Malformed(
                f"packed with {name}, which needs the Python package hdf5plugin; install it, or "
                "repack the file with gzip"
            )


def _is_there(number: int) -> bool:
    import h5py

    return bool(h5py.h5z.filter_avail(number))


def _add_offset(file: Any, raw: Raw) -> None:
    """Add DSEC's offset of all times, in us."""
    import h5py

    link = file.get("t_offset", getlink=True)
    if link is None:
        return
    if not isinstance(link, h5py.HardLink):
        raise Malformed("t_offset is a link, which is not followed")
    data = file["t_offset"]
    if not isinstance(data, h5py.Dataset) or data.shape != () or data.dtype.kind not in "iu":
        raise Malformed("t_offset must be one whole number")
    _refuse_strange(data)
    offset = int(data[()])
    if abs(offset) > MAX_TIME_US:
        raise Malformed(f"t_offset is {offset} us, which is no time")
    if len(raw.t) and max(-int(raw.t.min()), int(raw.t.max())) > MAX_TIME_US:
        raise Malformed("times beyond 36,000 years are no times")
    raw.t = raw.t + np.int64(offset)


def _sensor(file: Any) -> tuple[int, int] | tuple[None, None]:
    """Return width and height where an attribute has them, as Prophesee's geometry "640x480"."""
    width, _, height = str(file.attrs.get("geometry", "")).partition("x")
    if width.isdigit() and height.isdigit() and len(width) < 6 and len(height) < 6:
        return int(width), int(height)
    return None, None
