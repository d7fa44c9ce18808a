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
from masnn.readers._blocks import Source, between
from masnn.readers._columns import TIME_UNITS
from masnn.readers._formats import MAX_BYTES
from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed, fail

__all__ = [
    "MAX_TIME_US",
    "TIME_UNITS",
    "Recording",
    "between",
    "read_events",
    "read_recording",
]


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
        window_us: Start and stop of the part of the file that was opened, in us after its earliest
            event; None for all of it.
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
    window_us: tuple[int, int] | None = None

    @property
    def identity(self) -> str:
        """Return what tells these events from others: a hash of file, window and edits."""
        if not self.edits and self.window_us is None:
            return self.sha256
        window = [] if self.window_us is None else [list(self.window_us)]
        told = json.dumps([self.sha256, dict(self.edits), *window], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def read_recording(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    untrusted: bool = False,
    window_us: tuple[int, int] | None = None,
) -> Recording:
    """Read a recording, or a window of it, and say what was found.

    Prophesee's formats, AEDAT 1.0 and 2.0 and Event Stream are read block by block, so that of a
    long file only the window's events take memory; text tables and NumPy files some rows at a time,
    so that all their events do. Any other file is held whole, and must be of `MAX_BYTES` at most.

    Args:
        source: Path of a file, or the bytes of one.
        name: What to call it; a path's own name by default.
        untrusted: Whether a stranger made it: then a child process with limits decodes it,
            whatever its format, and of fewer events (`sandbox.MAX_UNTRUSTED_EVENTS`).
        window_us: Start and stop in us after the earliest event: start <= t < stop is kept. What
            was left out and changed is still told of the whole file where it is counted at all.

    Raises:
        EventFileError: If the file cannot be opened, is of no known format, or is damaged, or no
            event lies in the window.
    """
    name = name or ("recording" if isinstance(source, bytes) else Path(source).name)
    # A system's names may hold bytes that are no text, which no report could be written with.
    name = name.encode(errors="replace").decode()
    file = Source(source) if isinstance(source, bytes) else _file(Path(source), name)
    if not file.size:
        raise fail(name, "an empty file; bring one that holds events")
    try:
        suffix = Path(name.lower().removesuffix(".gz").removesuffix(".zip")).suffix
        opened = None if untrusted else _formats.opened(file, suffix)
        if opened is None or opened.format.native:
            most = sandbox.MAX_UNTRUSTED_EVENTS if untrusted else MAX_EVENTS
            found = sandbox.decode(file.read(MAX_BYTES), suffix, most)
            found = found if window_us is None else _formats.within(found, window_us)
        else:
            found = opened.decode(window_us)
        sha256 = file.sha256()
    except Malformed as problem:
        raise fail(name, problem) from problem
    except OSError as error:
        raise fail(name, f"cannot be read ({error.strerror or error})") from error
    warnings = tuple(found.warnings)
    if window_us is not None:
        window_us = int(window_us[0]), int(window_us[1])
        alone = " It is one event alone." if len(found.events) == 1 else ""
        warnings += (f"Only what lies {between(window_us)} was opened.{alone}",)
    return Recording(
        found.events,
        found.format,
        name,
        sha256,
        file.size,
        warnings,
        found.time_unit,
        window_us=window_us,
    )


def read_events(source: Path | str | bytes) -> Events:
    """Read a recording's events; see `read_recording`."""
    return read_recording(source).events


def _file(path: Path, name: str) -> Source:
    """Return a file, of which no more than its beginning is read."""
    try:
        if path.is_dir():
            raise EventFileError(f"{name}: this is a folder; name one recording in it.")
        if path.exists() and not path.is_file():
            raise EventFileError(f"{name}: this is a device or a pipe; name a file.")
        return Source(path)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise fail(name, f"cannot be opened ({reason})") from error
