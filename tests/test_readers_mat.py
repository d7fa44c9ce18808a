"""MATLAB files: dat2mat's matrices on bytes built from the format's specification, and hostile."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from event_bytes import mat

from masnn.errors import EventFileError
from masnn.readers import _mat, read_recording
from masnn.readers._raw import Malformed

# t in us, x from the left, y from the bottom of 128 rows, polarity: as dat2mat returns them.
ROWS = [(0, 3, 122, 1), (10, 0, 127, -1), (400, 33, 97, 1)]
EVENTS = [(3, 5, 0, 1), (0, 0, 10, 0), (33, 30, 400, 1)]


def rows(events):
    columns = (getattr(events, name).tolist() for name in "xytp")
    return list(zip(*columns, strict=True))


def packed(content):
    """Return the same file with its element deflated, as MATLAB writes by default (type 15)."""
    data = zlib.compress(content[128:])
    return content[:128] + struct.pack("<II", 15, len(data)) + data


@pytest.mark.parametrize(
    "content",
    [
        mat("out1", ROWS),
        mat("out", ROWS),
        mat("out", ROWS, order=">"),
        packed(mat("out", ROWS)),
        mat("CIN", [(t, -1, -1, x, y, p) for t, x, y, p in ROWS]),
        mat("events", [(t, -1, -1, x, y, p) for t, x, y, p in ROWS]),
    ],
)
def test_dat2mats_matrix_is_read_with_its_rows_turned(content):
    recording = read_recording(content, name="a.mat")
    assert rows(recording.events) == EVENTS
    assert (recording.events.width, recording.events.height) == (128, 128)
    assert recording.format == "MATLAB .mat"
    assert "Rows count from the bottom" in " ".join(recording.warnings)
    assert recording.time_unit == "us" and "does not say" not in " ".join(recording.warnings)


def test_scipys_files_are_read_and_ours_are_by_scipy():
    scipy_io = pytest.importorskip("scipy.io")
    np.testing.assert_array_equal(scipy_io.loadmat(io.BytesIO(mat("out", ROWS)))["out"], ROWS)
    # What a matrix of mixed types becomes in MATLAB: 32-bit whole numbers, OFF cut to 0.
    for pack in (False, True):
        stream = io.BytesIO()
        matrix = np.array([(t, x, y, max(p, 0)) for t, x, y, p in ROWS], np.uint32)
        other = {"note": "text", "label": 3.0}
        scipy_io.savemat(stream, {"out1": matrix, **other}, do_compression=pack)
        assert rows(read_recording(stream.getvalue()).events) == EVENTS


def test_a_matrix_of_another_name_is_taken_by_its_values():
    recording = read_recording(mat("events", [(3, 5, 10, 1), (0, 0, 20, 0), (300, 2, 40_000, 1)]))
    assert rows(recording.events) == [(3, 5, 10, 1), (0, 0, 20, 0), (300, 2, 40_000, 1)]
    told = " ".join(recording.warnings)
    assert "taken as x, y, t, p" in told and "whole numbers" in told


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (mat("frame_Data", [(1, 2, 3)]), r"4 or 6 columns, found 'frame_Data' \(1, 3\)"),
        (mat("a", ROWS) + mat("b", ROWS)[128:], "one matrix of events"),
        (mat("out", ROWS)[:128], "found none"),
        (
            mat("out", [(0, 300, 2, 1)]),
            "x goes from 300 to 300; dat2mat's matrices are of a DVS128",
        ),
        (mat("out", [(0, 3, -2, 1)]), "y goes from -2"),
        (mat("out", [(0, 3, 2, 5)]), "polarities"),
        (mat("out", ROWS, dims=(100_000_001, 4)), "more than the 100,000,000 accepted"),
        (mat("out", ROWS, dims=(90_000_000, 4)), "declares 360,000,000 numbers.* holds 96 bytes"),
        (mat("out", ROWS, dims=(2, 4)), "declares 8 numbers of 8 bytes and holds 96 bytes"),
        (mat("out", ROWS, dims=(-3, 4)), "accepted"),
        (mat("out", ROWS)[:-20], "cut short"),
        (packed(mat("out", ROWS))[:-20], "cut short"),
        (mat("out", ROWS)[:128] + struct.pack("<II", 15, 8) + bytes(8), "damaged element"),
        (mat("out", ROWS)[:128] + struct.pack("<II", 9, 0) * 1001, "more than 1,000 variables"),
        (packed(mat("out", [(0, 0, 0, 0)] * 200_000)), "are no recording"),
        (mat("out", ROWS, head=b"MATLAB 7.3 MAT-file"), "MATLAB 7.3 file.*save it with -v7"),
    ],
)
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(EventFileError, match=message) as caught:
        read_recording(content, name="a.mat")
    assert "\n" not in str(caught.value)


def test_a_file_cut_or_changed_anywhere_is_events_or_explained():
    whole = [mat("out", ROWS), packed(mat("out", ROWS))]
    rng = np.random.default_rng(0)
    refused = 0
    for content in whole:
        cut = [content[:n] for n in range(len(content))]
        changed = [bytearray(content) for _ in range(300)]
        for data in changed:
            for at in rng.integers(128, len(data), rng.choice([1, 3])):
                data[at] = rng.integers(256)
        for data in [*cut, *map(bytes, changed)]:
            if _mat.looks_like(data):
                try:
                    assert len(_mat.decode(data).t) <= 4
                except Malformed:
                    refused += 1
    assert refused > 200


def test_what_follows_the_numbers_of_a_matrix_is_not_listed(monkeypatch):
    n_seen = 0
    elements = _mat._elements

    def counted(*arguments):
        nonlocal n_seen
        for element in elements(*arguments):
            n_seen += 1
            yield element

    monkeypatch.setattr(_mat, "_elements", counted)
    whole = mat("out", ROWS)
    (size,) = struct.unpack_from("<I", whole, 132)
    more = struct.pack("<II", 9, 0) * 10_000
    longer = whole[:132] + struct.pack("<I", size + len(more)) + whole[136:] + more
    assert rows(read_recording(longer).events) == rows(read_recording(whole).events)
    assert n_seen < 50


@pytest.mark.parametrize("change", [lambda content: content, packed])
@pytest.mark.parametrize("name", ["out", "events"])
def test_a_matrix_of_doubles_takes_the_memory_of_narrow_numbers(tmp_path, name, change):
    n = 300_000
    t, on = np.arange(n), np.arange(n) % 2
    rows = np.stack([t, t % 128, t // 128 % 128, on], axis=1).tolist()
    (tmp_path / "a.mat").write_bytes(change(mat(name, rows)))
    del rows
    tracemalloc.start()
    events = read_recording(tmp_path / "a.mat").events
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(events) == n and events.n_on == n // 2 and events.t[-1] == n - 1
    assert events.x.tolist() == (t % 128).tolist()
    assert peak < 2.2 * 13 * n + 4e6  # the matrix itself has 32 bytes an event


@pytest.mark.parametrize("cut", [40, 4])
def test_a_packed_matrix_that_ends_early_or_has_another_sum_is_refused(cut):
    whole = mat("out", [(t, t % 128, 5, 1) for t in range(1000)])
    data = zlib.compress(whole[128:])
    damaged = data[:-cut] + bytes(4) * (cut == 4)
    content = whole[:128] + struct.pack("<II", 15, len(damaged)) + damaged
    with pytest.raises(EventFileError, match="damaged element" if cut == 4 else "cut short"):
        read_recording(content)
