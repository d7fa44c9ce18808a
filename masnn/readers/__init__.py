"""Read event recordings: the format is found by what the file holds, not by its name.

To add a format: a decoder from bytes to `_raw.Raw` in a module of its own, a line in `_FORMATS`,
and a test on bytes built from the specification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from masnn.errors import EventFileError
from masnn.events import Events
from masnn.readers import _aedat, _arrays, _nmnist, sandbox
from masnn.readers._raw import Malformed, Raw, fail, finish

#: Larger files are refused before they are read.
MAX_BYTES = 512 << 20


@dataclass(frozen=True, eq=False)
class Recording:
    """Hold a recording and what the reader found in its file.

    Args:
        events: The events.
        format: Name of the format.
        name: Name of the file as it was given; shown, never used as a path.
        sha256: Hash of the file's bytes, in hexadecimal.
        n_bytes: Size of the file.
        warnings: What was left out, assumed or changed, each a sentence.
    """

    events: Events
    format: str
    name: str
    sha256: str
    n_bytes: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Format:
    """Name a format, recognise it by its bytes, decode it."""

    name: str
    recognises: Callable[[bytes], bool]
    decode: Callable[[bytes], Raw]
    usual_sensor: tuple[int, int] | None = None


def _is_text(content: bytes) -> bool:
    head = content[:4096]
    return bool(head) and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head[3:])


# In order: those with a magic number first, the one that has none of its own last.
_FORMATS = (
    _Format(
        "AEDAT4", lambda c: c.startswith(b"#!AER-DAT4.0"), lambda c: sandbox.decode(c, ".aedat4")
    ),
    _Format("AEDAT 3.1", lambda c: _aedat.version(c) == "3.1", _aedat.decode_31),
    _Format("AEDAT 2.0", lambda c: _aedat.version(c) == "2.0", _aedat.decode_2),
    _Format("NumPy .npy", lambda c: c.startswith(b"\x93NUMPY"), _arrays.decode_npy),
    _Format(
        "NumPy .npz", lambda c: c.startswith((b"PK\x03\x04", b"PK\x05\x06")), _arrays.decode_npz
    ),
    _Format("text table", _is_text, _arrays.decode_text),
    _Format("N-MNIST .bin", _nmnist.looks_like, _nmnist.decode, (34, 34)),
)

# Files that people bring and that hold no events this reader knows: what they are, by their magic.
_FOREIGN = (
    (b"% ", "a Prophesee file (RAW or DAT)", "convert it with Metavision's tools to csv or npz"),
    (b"Event Stream", "an Event Stream (.es) file", "convert it to AEDAT4, csv or npz"),
    (b"\x89HDF", "an HDF5 file", "save its t, x, y, p as npz"),
    (b"#ROSBAG", "a ROS bag", "extract its event topic to npz or csv"),
    (
        b"#!AER-DAT",
        "an AEDAT file of a version other than 2.0, 3.1 and 4.0",
        "convert it to AEDAT4",
    ),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"\x89PNG", "a PNG image", "bring an event recording"),
    (b"\xff\xd8\xff", "a JPEG image", "bring an event recording"),
)


def read_recording(source: Path | str | bytes, *, name: str | None = None) -> Recording:
    """Read a recording and say what was found.

    Args:
        source: Path of a file, or the bytes of one.
        name: What to call it; a path's own name by default.

    Raises:
        EventFileError: If the file cannot be opened, is of no known format, or is damaged.
    """
    if isinstance(source, bytes):
        content, name = source, name or "recording"
    else:
        name = name or Path(source).name
        content = _content(Path(source), name)
    if len(content) > MAX_BYTES:
        raise fail(name, f"{len(content):,} bytes are more than the {MAX_BYTES:,} accepted; cut it")
    if not content:
        raise fail(name, "an empty file; bring one that holds events")
    chosen = next((known for known in _FORMATS if known.recognises(content)), None)
    foreign = next((f for f in _FOREIGN if content.startswith(f[0])), None)
    if foreign is not None and (chosen is None or chosen.decode is _nmnist.decode):
        raise fail(name, f"this is {foreign[1]}, which is not read here; {foreign[2]}")
    if chosen is None:
        known = ", ".join(known.name for known in _FORMATS)
        raise fail(
            name, f"no event recording was found in it (it begins {content[:8]!r}); known: {known}"
        )
    try:
        raw = chosen.decode(content)
        events = finish(raw, chosen.usual_sensor)
    except Malformed as problem:
        raise fail(name, f"{chosen.name}: {problem}") from problem
    except MemoryError as problem:
        raise fail(name, f"{chosen.name}: too large for this machine's memory; cut it") from problem
    return Recording(
        events,
        raw.format or chosen.name,
        name,
        hashlib.sha256(content).hexdigest(),
        len(content),
        tuple(raw.warnings),
    )


def read_events(source: Path | str | bytes) -> Events:
    """Read a recording's events; see `read_recording`."""
    return read_recording(source).events


def _content(path: Path, name: str) -> bytes:
    """Return a file's bytes, its size checked before they are read."""
    try:
        if path.is_dir():
            raise EventFileError(f"{name}: this is a folder; name one recording in it.")
        if path.exists() and not path.is_file():
            raise EventFileError(f"{name}: this is a device or a pipe; name a file.")
        if path.stat().st_size > MAX_BYTES:
            raise fail(name, f"larger than the {MAX_BYTES:,} bytes accepted; cut it")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise fail(name, f"cannot be opened ({reason})") from error
