"""Change recordings in many ways and read them: python tests/fuzz_readers.py [FILE...].

Allowed are events that validate, or an `EventFileError` of one line, in 10 s and 1 GB for a file
under 5 MB; the child process that decodes native formats may be ended by its limits. Anything else
is printed with the seed that makes the file again, and the exit status is 1. It starts from a small
recording of every format and from the real recordings of --fixtures where there are any, and reads
hostile files as a stranger's (`fuzz_corpus`). A long run may be done in pieces: each --seed makes
other files.

    python tests/fuzz_readers.py -n 20000 --seed 1 --minutes 30
    python tests/fuzz_readers.py --guided 10      # minutes; by coverage, needs atheris
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_corpus import fixtures, hostile, seeds

from masnn.errors import EventFileError
from masnn.readers import read_recording

FIXTURES = Path(__file__).resolve().parents[2] / "shared" / "fixtures"

#: Files of known formats start like this and are decoded in a child.
NATIVE = (b"#!AER-DAT4.0", b"Event Stream", b"\x89HDF")

#: A file under the first may take so many seconds, a child's start aside, and bytes of memory.
SMALL_BYTES, SLOW_S, START_S, LARGE_BYTES = 5_000_000, 10.0, 3.0, 1_000_000_000
#: Seconds are the processors', which no other process lengthens; a file that waits is noticed too.
HANGS_S = 60.0
#: What would take the machine down ends here.
_MOST_MEMORY_BYTES = 6 << 30


class Outcome(NamedTuple):
    """Hold how a file was read.

    Args:
        kind: "events", "refused", "ended" where a child came to its end, or "wrong".
        problem: What is wrong, or nothing.
        seconds: Processor time that it took, a child's included.
        memory_bytes: Resident memory at most, of this process or of the child, whichever was more.
    """

    kind: str
    problem: str
    seconds: float
    memory_bytes: int


def outcome(content: bytes, *, untrusted: bool = False) -> Outcome:
    """Read a file and judge how it went."""
    _forget_peak()
    before = _peak_bytes()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start, used = time.perf_counter(), _cpu_s()
    kind, problem = _read(content, untrusted)
    seconds, waited = _cpu_s() - used, time.perf_counter() - start
    memory = _peak_bytes() - before  # what else this process holds is not the file's
    # The system keeps the largest child's alone: a smaller one's is not known, and not too large.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if largest > children:
        memory = max(memory, largest << 10)
    if not problem and len(content) < SMALL_BYTES:
        native = untrusted or content.startswith(NATIVE)
        if seconds > SLOW_S + START_S * native:
            problem = f"{seconds:.1f} s for {len(content):,} bytes"
        if waited > HANGS_S:
            problem = f"{waited:.1f} s of waiting for {len(content):,} bytes"
        if memory > LARGE_BYTES:
            problem = f"{memory >> 20:,} MiB of memory for {len(content):,} bytes"
    return Outcome("wrong" if problem else kind, problem, seconds, memory)


def _read(content: bytes, untrusted: bool) -> tuple[str, str]:
    try:
        # So called, bytes in fives reach their decoder too.
        events = read_recording(content, name="fuzzed.bin", untrusted=untrusted).events
    except EventFileError as error:
        text = str(error)
        if "\n" in text:
            return "wrong", f"an error of several lines: {text}"
        ended = "the decoder gave up" in text or "and was ended" in text
        return "ended" if ended else "refused", ""
    except Exception:
        return "wrong", traceback.format_exc(limit=-3)
    if len(events) and (
        int(events.x.max()) >= events.width
        or int(events.y.max()) >= events.height
        or int(events.p.max()) > 1
        or np.any(np.diff(events.t) < 0)
    ):
        return "wrong", "events that do not validate"
    return "events", ""


def _cpu_s() -> float:
    """Return the processor time of this process and of the children that have ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _forget_peak() -> None:
    mark = Path("/proc/self/clear_refs")
    if mark.exists():
        mark.write_text("5")


def _peak_bytes() -> int:
    """Return the most memory of this process since `_forget_peak`; since ever without Linux.

    Right after it, that is what the process holds.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


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


def fuzz(recordings: dict[str, bytes], files: int, seed: int) -> Iterator[tuple[str, int, Outcome]]:
    """Yield name, number and outcome of each changed file."""
    names = list(recordings)
    for i in range(files):
        name = names[i % len(names)]
        rng = np.random.default_rng((seed, i))
        yield name, i, outcome(changed(recordings[name], rng))


def attacks() -> Iterator[tuple[str, str, Outcome]]:
    """Yield name, what it is and outcome of each hostile file, read as a stranger's."""
    for name, build in hostile().items():
        yield name, "hostile", outcome(build(), untrusted=True)


class Report:
    """Count outcomes, and keep the slowest and the largest."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.slowest = self.largest = ("nothing", Outcome("", "", 0.0, 0))

    def add(self, name: str, which: object, found: Outcome) -> None:
        """Count one, and print it where it is wrong."""
        self.counts.setdefault(name, Counter())[found.kind] += 1
        if found.seconds > self.slowest[1].seconds:
            self.slowest = name, found
        if found.memory_bytes > self.largest[1].memory_bytes:
            self.largest = name, found
        if found.problem:
            print(f"{name}, {which}: {found.problem}", flush=True)

    @property
    def n_wrong(self) -> int:
        """Return how many were wrong."""
        return sum(count["wrong"] for count in self.counts.values())

    def lines(self) -> Iterator[str]:
        """Yield a table by recording, and a line that says it all."""
        kinds = ("events", "refused", "ended", "wrong")
        yield f"{'recording':34}" + "".join(f"{kind:>9}" for kind in kinds)
        for name, count in self.counts.items():
            yield f"{name:34}" + "".join(f"{count[kind]:9,}" for kind in kinds)
        total = sum(self.counts.values(), Counter[str]())
        yield (
            f"{total.total():,} files of {len(self.counts)} recordings: {total['events']:,} read, "
            f"{total['refused']:,} refused, {total['ended']:,} ended their child, "
            f"{total['wrong']:,} wrong; slowest {self.slowest[1].seconds:.1f} s "
            f"({self.slowest[0]}), most memory {self.largest[1].memory_bytes >> 20:,} MiB "
            f"({self.largest[0]})"
        )


def guided(recordings: dict[str, bytes], minutes: float, seed: int) -> None:
    """Let coverage of the readers' Python choose the changes; ends the process.

    Native formats are left out: their code is in a child, out of its sight.
    """
    try:
        import atheris
    except ImportError:
        print("atheris is not installed (pip install atheris): no coverage-guided run")
        return
    with atheris.instrument_imports(include=["masnn.readers"]):
        for name in [name for name in sys.modules if name.startswith("masnn.readers")]:
            del sys.modules[name]
        import masnn.readers
    globals()["read_recording"] = masnn.readers.read_recording

    def one(content: bytes) -> None:
        if not content.startswith(NATIVE):
            found = outcome(content)
            if found.problem:
                raise RuntimeError(found.problem)

    with tempfile.TemporaryDirectory() as folder:
        for name, content in recordings.items():
            Path(folder, name.replace("/", "_")).write_bytes(content)
        options = [f"-max_total_time={round(minutes * 60)}", f"-seed={seed or 1}", "-max_len=5000"]
        atheris.Setup([sys.argv[0], *options, folder], one)
        atheris.Fuzz()


def main() -> int:
    """Fuzz and report; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="more to start from")
    parser.add_argument("-n", type=int, default=2000, help="changed files (2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so many")
    parser.add_argument("--only", metavar="WORD", default="", help="recordings with it in the name")
    parser.add_argument("--no-native", action="store_true", help="no file that a child decodes")
    parser.add_argument("--no-hostile", action="store_true", help="changed files alone")
    parser.add_argument("--fixtures", type=Path, default=FIXTURES, metavar="DIR")
    parser.add_argument("--guided", type=float, metavar="MINUTES", help="by coverage (atheris)")
    arguments = parser.parse_args()
    recordings = seeds() | fixtures(arguments.fixtures)
    recordings |= {path.name: path.read_bytes() for path in arguments.files}
    recordings = {
        name: content
        for name, content in recordings.items()
        if arguments.only in name and not (arguments.no_native and content.startswith(NATIVE))
    }
    if arguments.guided:
        guided(
            {n: c for n, c in recordings.items() if not c.startswith(NATIVE) and len(c) < 5000},
            arguments.guided,
            arguments.seed,
        )
        return 0
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, resource.RLIM_INFINITY))
    report, end = Report(), time.monotonic() + 60 * arguments.minutes
    if not arguments.no_hostile:
        for name, what, found in attacks():
            report.add(name, what, found)
    for name, i, found in fuzz(recordings, arguments.n, arguments.seed):
        report.add(name, f"seed ({arguments.seed}, {i})", found)
        if time.monotonic() > end:
            break
    print("\n".join(report.lines()))
    return 1 if report.n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
