"""What benchmarks share: times in pairs, and the memory that a call takes at most."""

from __future__ import annotations

import ctypes
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any


def paired(
    a: Callable[[], Any],
    b: Callable[[], Any],
    runs: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float, float]:
    """Return the median times of `a` and `b` in ms and the median of b / a.

    Args:
        a: One work.
        b: Another, done in turn with it.
        runs: So many count, after one that does not.
        clock: What says the time in s; `time.process_time` leaves out what others do meanwhile.
    """
    times: dict[int, list[float]] = {0: [], 1: []}
    for run in range(runs + 1):
        for which, function in enumerate((a, b)):
            start = clock()
            function()
            if run:  # the first is the warm-up
                times[which].append((clock() - start) * 1000)
    ratios = [y / x for x, y in zip(times[0], times[1], strict=True)]
    return statistics.median(times[0]), statistics.median(times[1]), statistics.median(ratios)


def processor_s() -> tuple[float, float]:
    """Return the processor's time of this process so far: in its own code, and in the system's.

    The latter is what memory costs where it is first touched, which hangs on what else is there.
    """
    try:
        import resource
    except ImportError:  # Windows
        return time.process_time(), 0.0
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime, usage.ru_stime


def median_ms(work: Callable[[], Any], runs: int) -> float:
    """Return the median time of `work()` in ms, after one run that is not counted."""
    return paired(work, lambda: None, runs)[0]


def peak_bytes(work: Callable[[], Any]) -> int:
    """Return how much more memory is resident while `work()` runs than before it, at most.

    That counts native code's memory too. Where the system has no such mark to reset (other than
    Linux), it is what Python and NumPy allocate.
    """
    mark = Path("/proc/self/clear_refs")
    if not mark.exists():
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak
    ctypes.CDLL(None).malloc_trim(0)  # what was freed and kept would be taken again unseen
    mark.write_text("5")
    before = _resident("VmRSS")
    kept = work()  # what it made is counted, and freed after
    peak = _resident("VmHWM") - before
    del kept
    return peak


def _resident(name: str) -> int:
    """Return a line of the process's memory, given in kB, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))
