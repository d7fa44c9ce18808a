"""What was computed last, kept for all visitors up to so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Shelf:
    """Keep what was made, and give up what was asked for longest ago where room is short.

    Args:
        limit_bytes: All that is kept takes no more; what was made last stays whatever it takes.
        size: Returns how many bytes a thing takes.
    """

    def __init__(self, limit_bytes: int, size: Callable[[Any], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self.taken_bytes = 0

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key; make it first where nothing is, once for all."""
        if (found := self._look(key)) is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            # Another visitor may have made it while this one waited.
            if (found := self._look(key)) is not None:
                return found
            try:
                made = make()
                self._keep(key, made)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return made

    def _look(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def _keep(self, key: Hashable, made: Any) -> None:
        size = self._size(made)
        with self._lock:
            self._kept[key] = made, size
            self.taken_bytes += size
            while self.taken_bytes > self._limit_bytes and len(self._kept) > 1:
                _, (_, given_up) = self._kept.popitem(last=False)
                self.taken_bytes -= given_up
