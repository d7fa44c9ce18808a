"""The loops of EVT 2.0, 2.1 and 3.0; see `_loops`."""

from __future__ import annotations

from typing import Any

import numpy as np

from masnn.readers._loops import FAR, carried, compiled

#: Columns lie in 16 bits; what a damaged vector makes of them must not come round again.
_MOST = 0xFFFF


@compiled
def evt2(words: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Walk EVT 2.0."""
    s = state[0]
    n, early, other, room = s.n, s.early, s.other, len(t)
    clock, counter, origin, top = s.clock, s.counter, s.origin, s.top
    start, stop, earliest, latest = s.start, s.stop, s.earliest, s.latest
    free = start <= -FAR and n + len(words) <= room  # all are kept, and there is room for them
    for i in range(len(words)):
        word = np.int64(words[i])
        kind = word >> 28
        if kind <= 1:
            time = (clock << 6) | ((word >> 22) & 0x3F)
            if counter < 0:
                early += 1
                continue
            if free:
                x[n], y[n], t[n], p[n] = (word >> 11) & 0x7FF, word & 0x7FF, time, kind
                n += 1
                continue
            earliest, latest = min(earliest, time), max(latest, time)
            if start <= time < stop:
                if n < room:
                    x[n] = (word >> 11) & 0x7FF
                    y[n] = word & 0x7FF
                    t[n] = time
                    p[n] = kind
                n += 1
        elif kind == 8:
            value = word & 0xFFFFFFF
            clock = carried(clock, counter, value, 28)
            if counter < 0:
                origin = top = clock
            counter = value
            top = max(top, clock)
        else:
            other += 1
    s.n, s.early, s.other, s.clock, s.counter = n, early, other, clock, counter
    s.origin, s.top, s.earliest, s.latest = origin, top, earliest, latest


@compiled
def evt21(words: Any, upper: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Walk EVT 2.1, words (n, 2): EVT 2.0 in column `upper`, in the other one which pixels fire."""
    s = state[0]
    n, early, room = s.n, s.early, len(t)
    for i in range(len(words)):
        word, mask = np.int64(words[i, upper]), np.int64(words[i, 1 - upper])
        kind = word >> 28
        if kind == 8:
            value = word & 0xFFFFFFF
            s.clock = carried(s.clock, s.counter, value, 28)
            if s.counter < 0:
                s.origin = s.top = s.clock
            s.counter = value
            s.top = max(s.top, s.clock)
            continue
        if kind > 1:
            s.other += 1
            continue
        time, column = (s.clock << 6) | ((word >> 22) & 0x3F), (word >> 11) & 0x7FF
        if s.counter >= 0 and mask:
            s.earliest, s.latest = min(s.earliest, time), max(s.latest, time)
        while mask:
            if mask & 1:
                if s.counter < 0:
                    early += 1
                elif s.start <= time < s.stop:
                    if n < room:
                        x[n], y[n], t[n], p[n] = column, word & 0x7FF, time, kind
                    n += 1
            mask >>= 1
            column += 1
    s.n, s.early = n, early


@compiled
def evt3_most(words: Any) -> Any:
    """Return how many pixels words of EVT 3.0 name: at most so many events."""
    n = 0
    for i in range(len(words)):
        word = np.int64(words[i])
        kind = word >> 12
        if kind == 2:
            n += 1
        elif kind == 4 or kind == 5:
            mask = word & (0xFFF if kind == 4 else 0xFF)
            while mask:
                n += 1
                mask &= mask - 1
    return n


@compiled
def evt3(words: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Walk EVT 3.0: words of 16 bits set clock, row and column; a vector is 12 or 8 pixels."""
    s = state[0]
    n, early, other, room = s.n, s.early, s.other, len(t)
    clock, counter, low, origin, top = s.clock, s.counter, s.low, s.origin, s.top
    row, base, polarity = s.y, s.base, s.polarity
    start, stop, earliest, latest = s.start, s.stop, s.earliest, s.latest
    for i in range(len(words)):
        word = np.int64(words[i])
        kind, value = word >> 12, word & 0xFFF
        if kind == 0:
            row = value & 0x7FF
        elif kind == 2 or kind == 4 or kind == 5:
            if kind == 2:
                mask, column, on = np.int64(1), value & 0x7FF, value >> 11
            else:
                mask, column, on = (value if kind == 4 else value & 0xFF), base, polarity
                if base >= 0:  # a vector begins where the one before it on the same base ended
                    base = min(base + (12 if kind == 4 else 8), _MOST)
            known = counter >= 0 and row >= 0 and column >= 0
            time = (clock << 12) | low
            if known and mask:
                earliest, latest = min(earliest, time), max(latest, time)
            while mask:
                if mask & 1:
                    if not known:
                        early += 1
                    elif start <= time < stop:
                        if n < room:
                            x[n] = min(column, _MOST)
                            y[n] = row
                            t[n] = time
                            p[n] = on
                        n += 1
                mask >>= 1
                column += 1
        elif kind == 3:
            base, polarity = value & 0x7FF, value >> 11
        elif kind == 6:
            low = value
        elif kind == 8:
            moved = carried(clock, counter, value, 12)
            if counter < 0:
                origin = top = moved
            if moved != clock:
                low = np.int64(0)  # the lower part that came before belongs to the past
            clock, counter = moved, value
            top = max(top, clock)
        else:
            other += 1
    s.n, s.early, s.other, s.clock, s.counter = n, early, other, clock, counter
    s.low, s.origin, s.top, s.earliest, s.latest = low, origin, top, earliest, latest
    s.y, s.base, s.polarity = row, base, polarity
