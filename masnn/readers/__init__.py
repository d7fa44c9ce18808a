"""Read event recordings: the format is found by what the file holds, not by its name (`_formats`).

Files that native code decodes, and all files of strangers, are decoded in a child process
(`sandbox`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masnn.errors import EventFileError
from masnn.events import Events
from masnn.readers import _formats, sandbox
from masnn.readers._columns import TIME_UNITS
from masnn.readers._formats import MAX_BYTES
from masnn.readers._raw import Malformed, fail

__all__ = ["TIME_UNITS", "Recording", "read_events", "read_recording"]


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
        time_unit: What the file counts time in, as it says or as was guessed; a key of
            `TIME_UNITS`. The events' times are in us all the same.
        edits: What was changed on purpose since, as `edits.plain` says it; nothing in what a file
            holds.
        changes: What each of these did, each a sentence.
    """

    events: Events
    format: str
    name: str
    sha256: str
    n_bytes: int
    warnings: tuple[str, ...]
    time_unit: str = "us"
    edits: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Return what tells these events from any others: the file's hash, and of the edits."""
        if not self.edits:
            return self.sha256
        told = json.dumps([self.sha256, dict(self.edits)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def read_recording(
    source: Path | str | bytes, *, name: str | None = None, untrusted: bool = False
) -> Recording:
    """Read a recording and say what was found.

    Args:
        source: Path of a file, or the bytes of one.
        name: What to call it; a path's own name by default.
        untrusted: Whether a stranger made it: then a child process with limits decodes it,
            whatever its format.

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
    try:
        suffix = Path(name.lower().removesuffix(".gz").removesuffix(".zip")).suffix
        opened = None if untrusted else _formats.opened(content, suffix)
        if opened is None or opened.format.native:
            found = sandbox.decode(content, suffix)
        else:
            found = opened.decode()
    except Malformed as problem:
        raise fail(name, problem) from problem
    sha256 = hashlib.sha256(content).hexdigest()
    warnings = tuple(found.warnings)
    return Recording(
        found.events, found.format, name, sha256, len(content), warnings, found.time_unit
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
