"""A bounded run of the fuzzing; `python tests/fuzz_readers.py` runs longer ones."""

import fuzz_readers
import numpy as np
import pytest
from fuzz_readers import NATIVE, changed, complaint, fuzz, seeds


def test_every_seed_is_a_recording_and_changes_reach_its_decoder():
    for name, content in seeds().items():
        assert complaint(content) == ""
        others = {changed(content, np.random.default_rng(i)) for i in range(50)}
        assert len(others - {content}) > 40, name


def test_changed_files_are_events_or_explained():
    plain = {n: c for n, c in seeds().items() if not c.startswith(NATIVE)}
    found = [case for case in fuzz(plain, 2000, 1) if case[2]]
    assert not found


def test_changed_files_of_native_formats_end_their_child_at_most():
    native = {n: c for n, c in seeds().items() if c.startswith(NATIVE)}
    assert native and not [case for case in fuzz(native, 15, 1) if case[2]]


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError(), MemoryError()])
def test_the_fuzzing_notices_other_errors(monkeypatch, error):
    def broken(content, name):
        raise error

    monkeypatch.setattr(fuzz_readers, "read_recording", broken)
    assert type(error).__name__ in complaint(b"anything")
