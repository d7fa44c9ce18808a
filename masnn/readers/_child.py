"""The sandbox's child: decodes one file under limits, writes plain arrays, and ends.

`python -m masnn.readers._child FOLDER [--waits]` gets ready, waits for a line on standard input,
and decodes FOLDER/recording. It leaves FOLDER/{x,y,t,p}.npy and FOLDER/told.json, or a reason on
standard output and the status `confined.REFUSED`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from masnn import confined
from masnn.readers import _formats
from masnn.readers._blocks import Source
from masnn.readers._raw import Malformed

#: A file of this name in its folder says that a child has started.
READY = "ready"

#: Option of a child that stands ready before a file comes.
WAITS = ("--waits",)

#: Loaded by such a child, where installed: a third of a second that no visitor waits for.
_LOADED_BEFORE = ("faery", "h5py", "hdf5plugin")

#: Decoded by it too: compiled loops are loaded, or compiled the first time on a machine, before the
#: file's own time begins.
_SAMPLES = (
    b"% Data file containing CD events.\n% Version 2\n\x0c\x08" + bytes(8),
    b"% evt 2.0\n% end\n" + bytes(8),
    b"% evt 2.1\n% end\n" + bytes(16),
    b"% evt 3.0\n% end\n" + bytes(8),
    b"#!AER-DAT1.0\r\n" + bytes(6),
    b"#!AER-DAT2.0\r\n" + bytes(8),
    b"0.5 1 2 0\n1.5 3 4 1\n",
    b"Event Stream\x02\x00\x00\x01\x22\x00\x22\x00" + bytes(5),
)

#: So much of a file tells its format.
_HEAD_BYTES = 1 << 12

#: Files up to this size are given the least; larger ones in proportion more, up to the most.
SMALL_BYTES = 5_000_000
_LEAST_MEMORY_BYTES, _MOST_MEMORY_BYTES = 800 << 20, 6 << 30
_LEAST_S, _MOST_CPU_S, _MOST_WALL_S = 10, 60, 90


@dataclass(frozen=True)
class Limits:
    """Hold what decoding a file may take, the start of the interpreter aside.

    Args:
        memory_bytes: Address space beyond what the child has before the file comes; with that, a
            small file stays under 1 GB.
        cpu_s: Processor time.
        wall_s: Time.
    """

    memory_bytes: int
    cpu_s: int
    wall_s: int


def limits_of(n_bytes: int) -> Limits:
    """Return what a file of a size may take."""
    times = max(1.0, n_bytes / SMALL_BYTES)
    return Limits(
        min(int(_LEAST_MEMORY_BYTES * times), _MOST_MEMORY_BYTES),
        min(int(_LEAST_S * times), _MOST_CPU_S),
        min(int(_LEAST_S * times), _MOST_WALL_S),
    )


def limit(n_bytes: int) -> None:
    """Bound this process's memory, time and files for a file of a size, where the system can."""
    limits = limits_of(n_bytes)
    confined.limit(limits.memory_bytes, limits.cpu_s)


def _load_loops(source: Path) -> None:
    """Have the loops compiled that a file's format needs, before its own time begins."""
    with source.open("rb") as file:
        chosen = _formats.recognised(file.read(_HEAD_BYTES))
    for sample in _SAMPLES if chosen is not None else ():
        found = _formats.opened(sample)
        if found.format is chosen:
            found.decode()


def main() -> int:
    """Decode the file of argv[1]; return the exit status."""
    folder = Path(sys.argv[1])
    if sys.argv[2:] == [*WAITS]:
        for name in _LOADED_BEFORE:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        for sample in _SAMPLES:
            _formats.opened(sample).decode()
    (folder / READY).touch()
    line = sys.stdin.readline()
    if not line:  # the parent has gone, and nobody else clears up
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    source = folder / "recording"
    if sys.argv[2:] != [*WAITS]:
        _load_loops(source)
    limit(source.stat().st_size)
    try:
        suffix = line.removeprefix("decode").strip()
        found = _formats.opened(Source(source), suffix).decode()
        events = found.events
        for name in "xytp":
            np.save(folder / f"{name}.npy", getattr(events, name))
        told = {
            "format": found.format,
            "warnings": found.warnings,
            "time_unit": found.time_unit,
            "size": [events.width, events.height],
        }
        (folder / "told.json").write_text(json.dumps(told))
    except Malformed as problem:
        print(" ".join(str(problem).split()))  # what libraries say may have several lines
        return confined.REFUSED
    except MemoryError:
        print("too large: it unpacks to more than the memory that a file of its size is given")
        return confined.REFUSED
    except OSError as error:  # a full disk, or a file beyond its limit
        print(f"too large: what it unpacks to cannot be written ({error.strerror})")
        return confined.REFUSED
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what was left is on the disk; taking an interpreter down takes its time
