"""HDF5 files with events: DSEC, Prophesee, MVSEC, v2e, and any group that holds t, x, y and p.

The layouts' specifications: DSEC's "Data Format" page (events/t, x, y, p in us, t_offset), the
Metavision SDK's "HDF5 Event Files" (CD/events of x, y, p, t in us, the attribute "geometry"), Zhu
et al. 2018 for MVSEC (davis/left/events, (N, 4) of x, y, t in s, p), and v2e's `h5` output (events,
(N, 4) of t in us, x, y, p). Four unnamed columns are told apart by their values.

HDF5 is native code with a history of crashes, so this runs in the sandbox's child alone. Links are
not followed, external and virtual data not read, and what is declared is held against what is
stored before it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.errors import reason
from masnn.readers._columns import from_columns, from_table, meaning, small
from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed, Raw

#: More objects than any recording has.
_MAX_OBJECTS = 10_000
_MAX_BYTES = 1 << 31
#: Columns of polarities and times shrink far; more than this is no recording.
_MAX_RATIO = 1000

#: So many rows are read at once.
_ROWS = 1 << 18

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
        raise Malformed(f"cannot be read as HDF5 ({reason(error)})") from error


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
    raw = _read(file, where, columns)
    raw.format = f"HDF5 ({where})"
    if len(found) > 1:
        others = ", ".join(name for name, _ in found if name != where)
        raw.warnings.append(f"Events of {where} were read; those of {others} were left out.")
    if n_triggers := _triggers(file):
        raw.warnings.append(f"{n_triggers:,} external triggers are not events and were left out.")
    _add_offset(file, raw)
    raw.width, raw.height = _sensor(file)
    return raw


def _streams(file: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path of every stream of events, and its columns by name or an array under none.

    Links are not followed.
    """
    import h5py

    groups, seen = [file["/"]], 0
    visited = {h5py.h5o.get_info(file["/"].id).addr}
    while groups:
        group = groups.pop(0)
        members: dict[str, Any] = {}
        for name in group:
            seen += 1
            if seen > _MAX_OBJECTS:
                raise Malformed(f"more than {_MAX_OBJECTS:,} objects are no recording")
            if not _holds(group, name):
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                # A hard link to a group further up would lead round and round.
                if (place := h5py.h5o.get_info(member.id).addr) not in visited:
                    visited.add(place)
                    groups.append(member)
            elif isinstance(member, h5py.Dataset):
                members[name] = member
        known = {name: data for name, data in members.items() if data.ndim == 1 and meaning(name)}
        if len(known) >= 4:
            yield group.name, known
        for data in members.values():
            fields = {(meaning(name) or ("",))[0] for name in data.dtype.names or ()}
            if (data.ndim == 1 and {"t", "x", "y", "p"} <= fields) or (
                data.ndim == 2 and data.shape[1] == 4 and data.name.endswith("events")
            ):
                yield data.name, {"": data}


def _triggers(file: Any) -> int:
    """Return how many external triggers Prophesee's layout holds beside its events."""
    import h5py

    group = file["EXT_TRIGGER"] if _holds(file, "EXT_TRIGGER") else None
    if not isinstance(group, h5py.Group) or not _holds(group, "events"):
        return 0
    data = group["events"]
    return int(data.shape[0]) if isinstance(data, h5py.Dataset) and data.ndim == 1 else 0


def _holds(group: Any, name: str) -> bool:
    """Return whether a group holds an object itself, without following a link to find out."""
    import h5py

    links, key = group.id.links, name.encode("utf-8", "surrogateescape")
    return bool(links.exists(key) and links.get_info(key).type == h5py.h5l.TYPE_HARD)


def _read(file: Any, where: str, columns: dict[str, Any]) -> Raw:
    """Return the events of a stream: of columns by name, or of one array under no name."""
    if "" not in columns:
        unit = "us" if _holds(file, "t_offset") or _holds(file, "ms_to_idx") else None
        found = {name: _joined(data, lambda part: [part])[0] for name, data in columns.items()}
        return from_columns(found, unit=unit, overwrite=True)
    data = columns[""]
    if names := [name for name in data.dtype.names or () if meaning(name)]:
        parts = _joined(data, lambda part: [part[name] for name in names])
        unit = "us" if where == "/CD/events" else None
        return from_columns(dict(zip(names, parts, strict=True)), unit=unit, overwrite=True)
    table = _joined(data, lambda part: part.T)
    # MVSEC writes fractions, v2e whole numbers.
    if data.dtype.kind == "f":
        return from_table(table, "xytp")
    return from_table(table, unit="us")


def _joined(data: Any, columns_of: Callable[[Any], Sequence[Any]]) -> list[NDArray[Any]]:
    """Return columns of data of any width, made of some rows at a time and as small as can be."""
    rows = max(_ROWS, (data.chunks or (0,))[0])  # a chunk is unpacked once
    parts = [
        [small(column) for column in columns_of(data[start : start + rows])]
        for start in range(0, max(data.shape[0], 1), rows)
    ]
    joined = []
    for i in range(len(parts[0])):
        joined.append(np.concatenate([part[i] for part in parts]))
        for part in parts:
            part[i] = joined[-1][:0]
    return joined


def _refuse_strange(data: Any) -> None:
    """Refuse data that lie elsewhere, or that a filter packed which is not there."""
    if data.external or data.is_virtual:
        raise Malformed(f"{data.name} lies in another file, which is not read")
    if data.dtype.hasobject:
        raise Malformed(f"{data.name} holds objects, not numbers")
    plist = data.id.get_create_plist()
    for i in range(plist.get_nfilters()):
        number = plist.get_filter(i)[0]
        if number in _FILTERS or _is_there(number):
            continue
        if number == _ECF:
            raise Malformed(
                "packed with Prophesee's ECF filter, which HDF5 does not find here; install their "
                "plugin (github.com/prophesee-ai/hdf5_ecf) and name its folder in "
                "HDF5_PLUGIN_PATH, or convert the file to RAW"
            )
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

    if not _holds(file, "t_offset"):
        if file.id.links.exists(b"t_offset"):
            raise Malformed("t_offset is a link, which is not followed")
        return
    data = file["t_offset"]
    if not isinstance(data, h5py.Dataset) or data.size != 1 or data.dtype.kind not in "iu":
        raise Malformed("t_offset must be one whole number")
    _refuse_strange(data)
    offset = int(np.asarray(data[()]).reshape(()))
    if abs(offset) > MAX_TIME_US:
        raise Malformed(f"t_offset is {offset} us, which is no time")
    if len(raw.t) and max(-int(raw.t.min()), int(raw.t.max())) > MAX_TIME_US:
        raise Malformed("times beyond 36,000 years are no times")
    np.add(raw.t, offset, out=raw.t)


def _sensor(file: Any) -> tuple[int, int] | tuple[None, None]:
    """Return width and height where an attribute has them, as Prophesee's geometry "640x480"."""
    width, _, height = str(file.attrs.get("geometry", "")).partition("x")
    if width.isdigit() and height.isdigit() and len(width) < 6 and len(height) < 6:
        return int(width), int(height)
    return None, None
