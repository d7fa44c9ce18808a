"""Loops over a file's words that NumPy is too slow for, compiled by Numba on first use (cached).

Each walks one block of a file and goes on where the last one ended: what it must remember lies in
`state`. An event is counted, and written where there is room for it: a walk with empty arrays only
counts. Words are widened to int64 before anything else; Numba would mix unsigned ones into floats.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

#: What a walk remembers.
#:
#: - n: events so far that lie in the window.
#: - earliest, latest: times of the earliest and the latest one, in or out of it.
#: - early: events before the first word of their row or time; other: words that are no events.
#: - start, stop: the window; times start <= t < stop are kept.
#: - clock, counter: the time as it is carried on, and as the file last had it; -1 before the first.
#: - origin, top: the first and the highest clock.
#: - low, y, base, polarity: what the next events belong to, -1 before the first word of it.
#: - at: bytes of an event that is not whole yet.
STATE = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("n", "earliest", "latest", "early", "other", "start", "stop", "clock", "counter"),
            *("origin", "top", "low", "y", "base", "polarity", "at"),
        )
    ]
)

#: Beyond all times.
FAR = 1 << 62

#: So many events are looked at together.
_RUN = 512


def compiled(function: Any) -> Any:
    """Return a function compiled; anew in every process where no folder can keep it."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


def fresh(start: int, stop: int) -> Any:
    """Return the state before the first word; times start <= t < stop are kept."""
    state = np.zeros(1, STATE)
    for name in ("clock", "counter", "y", "base"):
        state[name] = -1
    state["start"], state["stop"] = start, stop
    forget_times(state)
    return state


def forget_times(state: Any) -> None:
    """Let the earliest and the latest time be those of the events from here on."""
    state["earliest"], state["latest"] = np.iinfo(np.int64).max, np.iinfo(np.int64).min


class Layout(NamedTuple):
    """Where an address of 32 bits has its fields.

    Args:
        time: Column of the time, 0 or 1; the other one is the address.
        x: Lowest bit of x.
        x_mask: Its bits, once they are the lowest.
        y: Lowest bit of y.
        y_mask: Its bits, once they are the lowest.
        p: Bit of the polarity.
        x_last: What x counts down from, -1 where it counts up.
        y_last: What y counts down from, -1 where it counts up.
        off: That bit of an OFF event.
        skip: Bits of which an event has none.
    """

    time: int
    x: int
    x_mask: int
    y: int
    y_mask: int
    p: int
    x_last: int = -1
    y_last: int = -1
    off: int = 0
    skip: int = 0


@compiled
def carried(clock: Any, counter: Any, value: Any, bits: Any) -> Any:
    """Return the clock after a counter of so many bits moved on: by the nearest way round."""
    if counter < 0:
        return value
    half = np.int64(1) << (bits - 1)
    return clock + (((value - counter + half) & (2 * half - 1)) - half)


@compiled
def pairs(words: Any, layout: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Walk addresses and times of 32 bits each, words (n, 2).

    A run of events whose times share their highest bit needs no look at the clock between them.
    """
    s = state[0]
    time, address = layout.time, 1 - layout.time
    for first in range(0, len(words), _RUN):
        run = words[first : first + _RUN]
        differ, bits = np.uint32(0), np.uint32(0)
        for i in range(len(run)):
            differ |= run[i, time] ^ run[0, time]
            bits |= run[i, address]
        other = np.int64(bits) & layout.skip or np.int64(differ) >> 31
        if other or s.counter < 0 or s.start > -FAR or s.n + len(run) > len(t):
            _pairs_one_by_one(run, layout, state, x, y, t, p)
            continue
        to = slice(s.n, s.n + len(run))
        clock = carried(s.clock, s.counter, np.int64(run[0, time]), 32)
        _fields(run, layout, clock - np.int64(run[0, time]), x[to], y[to], t[to], p[to])
        s.n += len(run)
        s.clock, s.counter = t[s.n - 1], np.int64(run[-1, time])
        s.top = max(s.top, s.clock)


@compiled
def _fields(run: Any, layout: Any, origin: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Fill in a run of events whose clock begins at `origin`; nothing depends on the one before."""
    time, address = layout.time, 1 - layout.time
    x_bit, x_mask = np.uint32(layout.x), np.uint32(layout.x_mask)
    y_bit, y_mask = np.uint32(layout.y), np.uint32(layout.y_mask)
    p_bit, off, one = np.uint32(layout.p), np.uint32(layout.off), np.uint32(1)
    # Counting down is counting up from the last with the sign changed; 16 bits are what is kept.
    x_from, x_sign = np.uint32(max(layout.x_last, 0)), np.uint32(1 if layout.x_last < 0 else -1)
    y_from, y_sign = np.uint32(max(layout.y_last, 0)), np.uint32(1 if layout.y_last < 0 else -1)
    for i in range(len(run)):
        word = run[i, address]
        t[i] = origin + np.int64(run[i, time])
        x[i] = x_from + x_sign * ((word >> x_bit) & x_mask)
        y[i] = y_from + y_sign * ((word >> y_bit) & y_mask)
        p[i] = ((word >> p_bit) & one) ^ off


@compiled
def _pairs_one_by_one(words: Any, layout: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    s = state[0]
    for i in range(len(words)):
        address, value = np.int64(words[i, 1 - layout.time]), np.int64(words[i, layout.time])
        clock = carried(s.clock, s.counter, value, 32)
        if s.counter < 0:
            s.origin = s.top = clock
        s.clock, s.counter, s.top = clock, value, max(s.top, clock)
        if address & layout.skip:
            s.other += 1
            continue
        s.earliest, s.latest = min(s.earliest, clock), max(s.latest, clock)
        if s.start <= clock < s.stop:
            if s.n < len(t):
                to = slice(s.n, s.n + 1)
                origin = clock - np.int64(words[i, layout.time])
                _fields(words[i : i + 1], layout, origin, x[to], y[to], t[to], p[to])
            s.n += 1


@compiled
def event_stream(data: Any, height: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> None:
    """Walk Event Stream: a step of time with the polarity, then x and y of 16 bits each.

    `low` and `base` hold the bytes of an event that is not whole yet.
    """
    s = state[0]
    n, room = s.n, len(t)
    clock, at, step, place = max(s.clock, 0), s.at, s.low, s.base
    start, stop, earliest, latest = s.start, s.stop, s.earliest, s.latest
    for i in range(len(data)):
        byte = np.int64(data[i])
        if at == 0:
            if byte == 0xFF:
                clock += 127
            elif byte != 0xFE:  # which is nothing
                step, place, at = byte, np.int64(0), 1
            continue
        place |= byte << (8 * (at - 1))
        at += 1
        if at < 5:
            continue
        at = 0
        clock += step >> 1
        earliest, latest = min(earliest, clock), max(latest, clock)
        if start <= clock < stop:
            if n < room:
                row = place >> 16
                x[n] = place & 0xFFFF
                y[n] = height - 1 - row if row < height else 0xFFFF  # rows count from the bottom
                t[n] = clock
                p[n] = step & 1
            n += 1
    s.n, s.clock, s.at, s.low, s.base = n, clock, at, step, place
    s.earliest, s.latest = earliest, latest


@compiled
def _word(data: Any, at: Any) -> Any:
    """Return the 32 bits that begin at a byte, lowest first."""
    return (
        np.int64(data[at])
        | np.int64(data[at + 1]) << 8
        | np.int64(data[at + 2]) << 16
        | np.int64(data[at + 3]) << 24
    )


@compiled
def aedat31(data: Any, state: Any, x: Any, y: Any, t: Any, p: Any) -> Any:
    """Walk the packets of AEDAT 3.1; without room, their events are counted and not looked at.

    `early` counts events that are marked invalid, `other` packets of other kinds; `top` is the
    highest count of overflows.

    Returns:
        Where the walk ended, and why: 0 at the end, 1 where the file is cut short, 2 at a header
        that is none, 3 at polarity events of a size other than 8 bytes.
    """
    s = state[0]
    n, room, size = s.n, len(t), np.int64(len(data))
    at = np.int64(0)
    while at < size:
        if size - at < 28:
            s.n = n
            return at, 1
        kind = _word(data, at) & 0xFFFF
        each, overflow, number = _word(data, at + 4), _word(data, at + 12), _word(data, at + 20)
        if each < 1 or max(each, overflow, number) > 0x7FFFFFFF:
            s.n = n
            return at, 2
        whole = min(number, (size - at - 28) // each)
        if kind == 1 and number:
            if each != 8:
                s.n = n
                return at, 3
            s.top = max(s.top, overflow)
            if not room:
                n += whole
            else:
                for i in range(whole):
                    place = at + 28 + 8 * i
                    word, time = _word(data, place), _word(data, place + 4)
                    if not word & 1:
                        s.early += 1
                    elif n < room:
                        x[n] = (word >> 17) & 0x7FFF
                        y[n] = (word >> 2) & 0x7FFF
                        t[n] = (overflow << 31) | (time & 0x7FFFFFFF)
                        p[n] = (word >> 1) & 1
                        n += 1
        elif kind != 1:
            s.other += 1
        at += 28 + whole * each
        if whole < number:
            s.n = n
            return at, 1
    s.n = n
    return at, 0
