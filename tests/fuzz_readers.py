"""Change recordings in many ways and read them: python tests/fuzz_readers.py [FILE...].

Allowed are events that validate, or an `EventFileError` of one line. Anything else is printed with
the seed that makes the file again, and the exit status is 1. Without files, small recordings of
every format are built from the specifications; formats decoded in a child process cost a start of
one each, `--no-native` leaves them out.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import event_bytes as make

from masnn.errors import EventFileError
from masnn.readers import read_recording

#: Files of known formats start like this and are decoded in a child.
NATIVE = (b"#!AER-DAT4.0", b"Event Stream", b"\x89HDF")
SLOW_S = 10.0


def seeds() -> dict[str, bytes]:
    """Return a small recording of every format that is built here, by its name."""
    rng = np.random.default_rng(0)
    n = 40
    columns = {
        "t": np.cumsum(rng.integers(0, 300, n)),
        "x": rng.integers(0, 34, n),
        "y": rng.integers(0, 34, n),
        "p": rng.integers(0, 2, n),
    }
    events = [tuple(int(columns[name][i]) for name in "xytp") for i in range(n)]
    structured = np.zeros(n, [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?")])
    for name, values in columns.items():
        structured[name] = values

    def lines(form: str) -> str:
        return "".join(form.format(t, x, y, p) for x, y, t, p in events)

    def dsec(file: object) -> None:
        for name, values in columns.items():
            file[f"events/{name}"] = values  # type: ignore[index]

    return {
        "nmnist": make.nmnist(events),
        "dvs128_1": make.dvs128_1(events),
        "dvs128": make.dvs128(events),
        "davis240": make.davis240(events),
        "aedat31": make.AEDAT31 + make.packet31(events[:20]) + make.packet31(events[20:]),
        "evt2": make.evt2(events),
        "evt21": make.evt21(events),
        "evt3": make.evt3(events),
        "dat": make.dat(events),
        "npy": make.npy(structured),
        "npz": make.npz(**columns),
        "frames": make.npz(frames=np.bincount(columns["x"], minlength=64).reshape(2, 2, 4, 4)),
        "text": ("t,x,y,p\n" + lines("{0},{1},{2},{3}\n")).encode(),
        "text, RPG": ("34 34\n" + lines("0.{0:06} {1} {2} {3}\n")).encode(),
        "text, UTF-16": ("# p, y, x, t_ms\n" + lines("{3},{2},{1},{0}\n")).encode("utf-16"),
        "mat": make.mat("out", [(t, x, y, 2 * p - 1) for x, y, t, p in events]),
        "hdf5": make.hdf5(dsec),
    }


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a recording with a few bytes, words or pieces other than they were."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not data:
            break
        # Headers decide most: half of all changes lie in the first bytes.
        end = len(data) if rng.random() < 0.5 else min(len(data), 200)
        at = int(rng.integers(end))
        how = int(rng.integers(7))
        if how == 0:
            data[at] = int(rng.integers(256))
        elif how == 1:
            data[at] ^= 1 << int(rng.integers(8))
        elif how == 2:
            word = [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 20][int(rng.integers(5))]
            data[at : at + 4] = word.to_bytes(4, "little")
        elif how == 3:
            del data[at:]
        elif how == 4:
            del data[at : at + int(rng.integers(1, 40))]
        elif how == 5:
            piece = data[at : at + int(rng.integers(1, 200))]
            data[at:at] = piece * int(rng.integers(1, 4))
        else:
            data[at:at] = rng.bytes(int(rng.integers(1, 20)))
    return bytes(data)


def complaint(content: bytes) -> str:
    """Return what is wrong with how a file is read, or nothing."""
    start = time.perf_counter()
    try:
        # So called, bytes in fives reach their decoder too.
        events = read_recording(content, name="fuzzed.bin").events
        if len(events) and (
            int(events.x.max()) >= events.width
            or int(events.y.max()) >= events.height
            or np.any(np.diff(events.t) < 0)
        ):
            return "events that do not validate"
    except EventFileError as error:
        if "\n" in str(error):
            return f"an error of several lines: {error}"
    except Exception:
        return traceback.format_exc(limit=-3)
    took = time.perf_counter() - start
    return f"{took:.1f} s for {len(content):,} bytes" if took > SLOW_S else ""


def fuzz(recordings: dict[str, bytes], files: int, seed: int) -> Iterator[tuple[str, int, str]]:
    """Yield name, number and complaint of each changed file; nothing to complain is empty."""
    names = list(recordings)
    for i in range(files):
        name = names[i % len(names)]
        rng = np.random.default_rng((seed, i))
        yield name, i, complaint(changed(recordings[name], rng))


def main() -> int:
    """Fuzz and report; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("-n", type=int, default=2000, help="changed files (2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-native", action="store_true", help="no file that a child decodes")
    arguments = parser.parse_args()
    recordings = seeds() | {path.name: path.read_bytes() for path in arguments.files}
    if arguments.no_native:
        recordings = {n: c for n, c in recordings.items() if not c.startswith(NATIVE)}
    counts: Counter[str] = Counter()
    bad = 0
    for name, i, problem in fuzz(recordings, arguments.n, arguments.seed):
        counts[name] += 1
        if problem:
            bad += 1
            print(f"{name}, seed ({arguments.seed}, {i}): {problem}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(counts.values()):,} files of {len(counts)} recordings, {bad} wrong; "
        f"peak memory {peak:,.0f} MiB"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
