"""Stopping on request, but never in the middle of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[list[int]]:
    """Yield a list that fills when somebody asks to stop, so that no step is left half done."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked  # only the main thread may handle signals
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda got, _: asked.append(got)) for number in wanted]
    try:
        yield asked
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
