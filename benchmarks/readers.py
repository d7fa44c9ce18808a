"""Time the readers, the sandbox and the frames against their peers: python -m benchmarks.readers.

decode    a recording in each format, from its file, in turn with every peer that is installed:
          event rate, the peer's time over ours, and the peak memory of both over the arrays' size.
          A peer whose events or times differ from what was written is called wrong, not slow.
frames    events to frames, in turn with tonic's ToFrame
          Times of both tables are the processor's, so that what else runs here does not count.
sandbox   a small file through a warm child, in turn with decoding it in this process
--long    decode and frames at 1, 10 and 100 million events: the cost of an event must not grow, nor
          memory go beyond three times the arrays'; the status is 1 where it does. Some minutes,
          6 GB of memory and 4 GB of disk.

Peers: `pip install tonic faery h5py` come with the package; `pip install --no-deps expelliarmus
aedat` adds the others. Absolute numbers depend on the machine; the ratios are what to quote.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.recordings import FORMATS, events, write
from benchmarks.timing import paired, peak_bytes, processor_s
from masnn.events import Events
from masnn.frames import fixed_bins, to_frames
from masnn.readers import _formats, read_recording, sandbox
from masnn.readers._blocks import Source

#: Bytes of an event in x, y, t and p.
EVENT_BYTES = 13

#: Small files: a bundled digit, and a second of a sensor in the format that native code decodes.
SMALL = ("N-MNIST", "EVT 2.0", "npz", "AEDAT4", "HDF5")
SMALL_EVENTS = 20_000

#: How often a long recording is decoded, how much more an event of a longer one may cost, and how
#: many times the arrays' memory may be taken.
_RUNS, _MAX_GROWTH, _MAX_PEAK = 2, 1.5, 3.0

#: The longest that children take to get ready.
_READY_S = 60.0


class Peer(NamedTuple):
    """Name a peer and read a file with it: a structured array, or columns by name."""

    name: str
    read: Callable[[Path], Any]


def _faery(path: Path) -> Any:
    import faery

    return faery.events_stream_from_file(path, dimensions_fallback=(304, 240)).to_array()


def _expelliarmus(encoding: str, path: Path) -> Any:
    from expelliarmus import Wizard

    return Wizard(encoding=encoding).read(path)


def _aedat(path: Path) -> Any:
    import aedat

    return np.concatenate([p["events"] for p in aedat.Decoder(path) if "events" in p])


def _tonic(reader: str, path: Path) -> Any:
    import tonic.io

    return getattr(tonic.io, reader)(str(path))[1]


def _tonic_nmnist(path: Path) -> Any:
    import tonic.io

    return tonic.io.read_mnist_file(str(path), np.dtype([(name, "<i8") for name in "xytp"]))


def _npz(path: Path) -> Any:
    with np.load(path) as archive:
        return {name: archive[name] for name in "xytp"}


def _text(path: Path) -> Any:
    return np.loadtxt(path, np.int64, delimiter=",", skiprows=1).astype(np.int64).T


def _h5py(path: Path) -> Any:
    import h5py

    with h5py.File(path) as file:
        return file["CD/events"][:]


def _scipy(path: Path) -> Any:
    from scipy.io import loadmat

    return loadmat(path)["out"].T


def _wizard(encoding: str) -> Peer:
    return Peer("expelliarmus", functools.partial(_expelliarmus, encoding))


FAERY = Peer("faery", _faery)
PEERS: dict[str, tuple[Peer, ...]] = {
    "DAT CD": (FAERY, _wizard("dat")),
    "EVT 2.0": (FAERY, _wizard("evt2")),
    "EVT 3.0": (FAERY, _wizard("evt3")),
    "AEDAT 2.0": (Peer("tonic", functools.partial(_tonic, "read_dvs_128")),),
    "AEDAT 3.1": (Peer("tonic", functools.partial(_tonic, "read_dvs_ibm")),),
    "AEDAT4": (FAERY, Peer("aedat", _aedat)),
    "Event Stream": (FAERY,),
    "N-MNIST": (Peer("tonic", _tonic_nmnist),),
    "npz": (Peer("numpy", _npz),),
    "csv": (FAERY, Peer("numpy", _text)),
    "HDF5": (Peer("h5py", _h5py),),
    "MATLAB .mat": (Peer("scipy", _scipy),),
}


def ours(path: Path) -> Events:
    """Decode a file in this process, whatever its format."""
    return _formats.opened(Source(path), path.suffix).decode().events


def told(found: Any) -> tuple[int, int]:
    """Return the number of events and the sum of their times; axes differ by convention."""
    t = found[0] if isinstance(found, np.ndarray) and found.ndim == 2 else None
    if t is None:
        t = found.t if isinstance(found, Events) else found["t"]
    return len(t), int(np.asarray(t, np.int64).sum())


def verdict(peer: Peer, path: Path, right: tuple[int, int]) -> str:
    """Return why a peer is not timed, or nothing."""
    if importlib.util.find_spec(peer.name) is None:
        return "not installed"
    try:
        found = told(peer.read(path))
    except Exception as error:
        return f"fails: {type(error).__name__}"
    if found[0] != right[0]:
        return f"wrong: {found[0]:,} events"
    return "" if found == right else "wrong times"


def decode(n: int, runs: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each format and peer."""
    for name, (make, extension) in FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"recording.{extension}")
            path.write_bytes(make(n))
            right = told(ours(path))
            arrays = n * EVENT_BYTES
            peak = peak_bytes(lambda path=path: ours(path)) / arrays
            for peer in PEERS[name]:
                why = verdict(peer, path, right)
                if why:
                    yield name, peer.name, "", "", why, f"{peak:.1f}", ""
                    continue
                a, b, ratio = paired(
                    lambda: ours(path),  # noqa: B023
                    lambda: peer.read(path),  # noqa: B023
                    runs,
                    time.process_time,
                )
                theirs = peak_bytes(lambda: peer.read(path)) / arrays  # noqa: B023
                rates = (f"{n / ms / 1e3:.1f}" for ms in (a, b))
                yield name, peer.name, *rates, f"{ratio:.2f}", f"{peak:.1f}", f"{theirs:.1f}"


def frames(n: int, runs: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each size of sensor; tonic's frames must be the same."""
    from tonic.transforms import ToFrame

    for width, height in ((34, 34), (128, 128), (640, 480)):
        found = events(n, width, height)
        t = found.t.copy()
        t[0], t[-1] = 0, n * 2  # tonic leaves its last, open bin out
        found = Events(found.x, found.y, t, found.p, width, height)
        theirs = np.zeros(n, [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i2")])
        for column in "xytp":
            theirs[column] = getattr(found, column)
        step = n * 2 // 20
        edges = np.arange(21, dtype=np.int64) * step
        transform = ToFrame(sensor_size=(width, height, 2), time_window=step)
        counts = to_frames(found, edges, (height, width)).counts
        np.testing.assert_array_equal(counts, transform(theirs)[:20])
        a, b, ratio = paired(
            lambda: to_frames(found, edges, (height, width)),  # noqa: B023
            lambda: transform(theirs),  # noqa: B023
            runs,
            time.process_time,
        )
        yield f"{width} x {height}", *(f"{n / ms / 1e3:.1f}" for ms in (a, b)), f"{ratio:.1f}"


def through_a_child(runs: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each small file: this process, a warm child, two at once, a cold child."""
    for name in SMALL:
        content = FORMATS[name][0](SMALL_EVENTS)
        sandbox.keep_warm()
        here, warm, both = [], [], []
        for _ in range(runs):
            _wait_for_children()
            here.append(_ms(lambda: _formats.opened(content).decode()))  # noqa: B023
            warm.append(_ms(lambda: read_recording(content, untrusted=True)))  # noqa: B023
            _wait_for_children()
            both.append(_ms(lambda: _two(content)))  # noqa: B023
        medians = (f"{statistics.median(times):.1f}" for times in (here, warm, both))
        yield name, f"{len(content) / 1e3:,.0f}", *medians


def _wait_for_children() -> None:
    end = time.monotonic() + _READY_S
    while not sandbox.is_warm() and time.monotonic() < end:
        time.sleep(0.1)


def _ms(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _two(content: bytes) -> None:
    """Read a file twice at the same moment, as two visitors would."""
    visitors = [
        threading.Thread(target=read_recording, args=(content,), kwargs={"untrusted": True})
        for _ in range(2)
    ]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()


def growth(sizes: tuple[int, int, int], wrong: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each format and number of events, and say what grows more than it may.

    A format that is held whole ends at the largest file that is accepted. The processor's time
    counts, that which the process itself takes. How it grows is judged from the second size on,
    where what happens once in a file costs nothing any more, by runs in turn: others slow the
    processor down too.

    Args:
        sizes: Numbers of events.
        wrong: Where to say it.
    """
    for name, (_, extension) in FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"recording{i}.{extension}") for i in range(len(sizes))]
            write(paths[0], name, sizes[0])
            format_ = _formats.opened(Source(paths[0]), paths[0].suffix).format
            most = sizes[-1]
            if format_.whole or format_.native:
                fit = int(0.99 * _formats.MAX_BYTES / paths[0].stat().st_size * sizes[0])
                most = min(most, fit // sizes[0] * sizes[0])
            ns = [min(n, most) for n in sizes]
            for n, path in zip(ns, paths, strict=True):
                write(path, name, n)
            megabytes = [f"{path.stat().st_size / 1e6:,.0f}" for path in paths]
            works = [functools.partial(ours, path) for path in paths]
            yield from _grown(name, ns, megabytes, works, wrong)
    found = [events(n) for n in sizes]
    works = [functools.partial(_to_60_frames, e) for e in found]
    yield from _grown("to 60 frames", sizes, [""] * len(sizes), works, wrong)


def _to_60_frames(found: Events) -> object:
    return to_frames(found, fixed_bins(found, 60), (240, 304))


def _grown(
    name: str,
    sizes: Sequence[int],
    megabytes: Sequence[str],
    works: Sequence[Callable[[], object]],
    wrong: list[str],
) -> Iterator[tuple[str, ...]]:
    """Yield a row for each size of one work, and say of the last one what is wrong with it."""
    works[0]()  # what is loaded for it is not the file's
    peaks = [peak_bytes(work) / n / EVENT_BYTES for work, n in zip(works, sizes, strict=True)]
    taken: list[list[float]] = [[] for _ in works]
    systems: list[list[float]] = [[] for _ in works]
    for _ in range(_RUNS):
        for work, times, system in zip(works, taken, systems, strict=True):
            own, others = processor_s()
            work()
            now = processor_s()
            times.append(now[0] - own)
            system.append(now[1] - others)
    for n, size, times, system, peak in zip(sizes, megabytes, taken, systems, peaks, strict=True):
        grows = min(
            (t / n) / (second / sizes[1]) for t, second in zip(times, taken[1], strict=True)
        )
        cost = f"{min(times):.2f}", f"{min(system):.2f}", f"{min(times) * 1e9 / n:.1f}"
        yield name, f"{n:,}", size, *cost, f"{grows:.2f}", f"{peak:.2f}"
    if grows > _MAX_GROWTH:
        wrong.append(f"{name}: an event of {n:,} costs {grows:.2f} times one of {sizes[1]:,}")
    if max(peaks[1:]) > _MAX_PEAK:
        wrong.append(f"{name}: {max(peaks[1:]):.2f} times the arrays' memory")


def table(title: str, head: str, rows: Iterator[tuple[str, ...]]) -> None:
    """Print rows as they come."""
    print(f"\n{title}\n\n| {head} |\n|{' --- |' * (head.count('|') + 1)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.readers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="in a recording (1000000)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (5)")
    parser.add_argument("--long", action="store_true", help="up to 100 million events")
    options = parser.parse_args()
    n, runs = options.events, options.runs
    if options.long:
        head = (
            "what | events | file MB | own s | system s | own ns an event | against 10 M | "
            "peak / arrays"
        )
        wrong: list[str] = []
        table("Growth", head, growth((1_000_000, 10_000_000, 100_000_000), wrong))
        print(f"\nGrows more than it may: {'; '.join(wrong) or 'nothing'}.")
        sys.exit(bool(wrong))
    head = "format | peer | Mev/s | peer's | its time / ours | peak / arrays | peer's"
    table(f"Decode, {n:,} events", head, decode(n, runs))
    head = "sensor | to_frames Mev/s | tonic ToFrame | its time / ours"
    table(f"Frames, {n:,} events, 20 bins", head, frames(n, runs))
    head = "format | kB | in this process ms | warm child ms | two at once ms"
    table(f"Sandbox, {SMALL_EVENTS:,} events", head, through_a_child(runs))


if __name__ == "__main__":
    main()
