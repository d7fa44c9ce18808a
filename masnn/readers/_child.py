"""The sandbox's child: decodes one file under limits, writes plain arrays, and ends.

`python -m masnn.readers._child FOLDER` gets ready, waits for a line on standard input, and decodes
FOLDER/recording. It leaves FOLDER/{x,y,t,p}.npy and FOLDER/told.json, or a reason on standard
output and the status `confined.REFUSED`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from masnn import confined
from masnn.readers import _formats
from masnn.readers._raw import Malformed

#: Address space: so much, and so many times the file, but never more than the most. NumPy and its
#: friends reserve half a gigabyte before they do anything.
_MEMORY_BYTES, _MEMORY_TIMES, _MOST_MEMORY_BYTES = 3 << 29, 60, 6 << 30
CPU_S = 60


def limit(n_bytes: int) -> None:
    """Bound this process's memory, time and files for a file of a size, where the system can."""
    confined.limit(min(_MEMORY_BYTES + _MEMORY_TIMES * n_bytes, _MOST_MEMORY_BYTES), CPU_S)


def main() -> int:
    """Decode the file of argv[1]; return the exit status."""
    folder = Path(sys.argv[1])
    if not sys.stdin.readline():  # the parent has gone, and nobody else clears up
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    source = folder / "recording"
    limit(source.stat().st_size)
    try:
        found = _formats.opened(source.read_bytes()).decode()
    except Malformed as problem:
        print(problem)
        return confined.REFUSED
    events = found.events
    for name in "xytp":
        np.save(folder / f"{name}.npy", getattr(events, name))
    told = {
        "format": found.format,
        "warnings": found.warnings,
        "size": [events.width, events.height],
    }
    (folder / "told.json").write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what was left is on the disk; taking an interpreter down takes its time
