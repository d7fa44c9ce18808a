"""Files that are there whole or not at all, whoever else writes them, and those for one alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Give a place beside a path to write to; what lies there takes the path's place at the end.

    Its folder is made. Each process has its own place, and what an error leaves there is removed.
    """
    path = path.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a path for one process at a time, by a lock beside it that ends with the process.

    Where the system has no such locks (Windows), everyone gets it.

    Yields:
        Whether it is held; not so where another process does.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    while True:
        with lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            # Whoever held it last may have taken the file away after it was opened here.
            if not _is_there(file, lock):
                continue
            try:
                yield True
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_there(file: IO[str], path: Path) -> bool:
    """Return whether an open file is the one that lies at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
