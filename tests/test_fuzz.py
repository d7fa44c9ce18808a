"""A bounded run of the fuzzing; `python tests/fuzz_readers.py` runs longer ones."""

import fuzz_readers
import numpy as np
import pytest
from fuzz_corpus import fixtures, hostile, seeds
from fuzz_readers import NATIVE, Outcome, Report, changed, fuzz, outcome

from masnn.readers import read_events

SEEDS = seeds()

#: What the long runs do and a test has no time for: seconds to make, or as long as allowed to read.
SLOW = {
    *("zip of 256 MiB of zeros", "gzip of 256 MiB of zeros", "npz unpacks 1000 times"),
    *("npz unpacks 140 times", "gzip of 9 million lines", "hdf5 unpacks 40 million"),
    *("evt21 of full vectors", "hdf5 of many groups"),
}


def test_every_seed_is_a_recording_and_changes_reach_its_decoder():
    kinds = {outcome(content).kind for content in SEEDS.values()}
    assert kinds == {"events"}
    for name, content in SEEDS.items():
        others = {changed(content, np.random.default_rng(i)) for i in range(50)}
        assert len(others - {content}) > 40, name


def test_the_event_stream_that_is_built_here_is_what_faery_reads():
    own, other = read_events(SEEDS["event_stream"]), read_events(SEEDS["aedat4"])
    for column in "txyp":
        np.testing.assert_array_equal(getattr(own, column), getattr(other, column))


def wrong(found):
    return [case for case in found if case[2].problem]


def test_changed_files_are_events_or_explained():
    plain = {n: c for n, c in SEEDS.items() if not c.startswith(NATIVE)}
    assert not wrong(fuzz(plain, 2000, 1))


def test_changed_files_of_native_formats_end_their_child_at_most():
    native = {n: c for n, c in SEEDS.items() if c.startswith(NATIVE)}
    assert len(native) >= 4 and not wrong(fuzz(native, 16, 1))


def test_real_recordings_cut_and_changed_are_events_or_explained(shared_dir):
    real = {
        name: content[:200_000]
        for name, content in fixtures(shared_dir / "fixtures").items()
        if not content.startswith(NATIVE)
    }
    assert len(real) >= 8 and not wrong(fuzz(real, 60, 1))


@pytest.mark.parametrize("name", sorted(hostile().keys() - SLOW))
def test_a_hostile_file_is_read_or_explained(name):
    found = outcome(hostile()[name](), untrusted=True)
    assert not found.problem


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), MemoryError()])
def test_the_fuzzing_notices_other_errors(monkeypatch, error):
    def broken(content, name, untrusted):
        raise error

    monkeypatch.setattr(fuzz_readers, "read_recording", broken)
    assert type(error).__name__ in outcome(b"anything").problem


def test_the_fuzzing_notices_time_and_memory(monkeypatch):
    kept = []

    def greedy(content, name, untrusted):
        kept.append(np.ones(30_000_000, np.uint8))
        raise fuzz_readers.EventFileError("no")

    monkeypatch.setattr(fuzz_readers, "read_recording", greedy)
    monkeypatch.setattr(fuzz_readers, "SLOW_S", -1.0)
    assert "s for 8 bytes" in outcome(b"anything").problem
    monkeypatch.setattr(fuzz_readers, "SLOW_S", 60.0)
    monkeypatch.setattr(fuzz_readers, "HANGS_S", -1.0)
    assert "s of waiting for 8 bytes" in outcome(b"anything").problem
    monkeypatch.setattr(fuzz_readers, "HANGS_S", 60.0)
    # What the process holds already is not the file's: 30 MB are its own.
    monkeypatch.setattr(fuzz_readers, "LARGE_BYTES", 40_000_000)
    assert not outcome(b"anything").problem
    monkeypatch.setattr(fuzz_readers, "LARGE_BYTES", 20_000_000)
    assert "MiB of memory for 8 bytes" in outcome(b"anything").problem


def test_the_report_counts_and_names_the_worst():
    report = Report()
    report.add("a", 0, Outcome("events", "", 1.0, 5 << 20))
    report.add("a", 1, Outcome("refused", "", 2.0, 3 << 20))
    report.add("b", 2, Outcome("wrong", "bad", 0.5, 7 << 20))
    *_, last = report.lines()
    assert last == (
        "3 files of 2 recordings: 1 read, 1 refused, 0 ended their child, 1 wrong; "
        "slowest 2.0 s (a), most memory 7 MiB (b)"
    )
    assert report.n_wrong == 1
