"""NumPy files: events in any layout, frames of SpikingJelly's, and what may not be believed."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from event_bytes import npy, npz, zipped

from masnn.errors import EventFileError
from masnn.readers import _arrays, read_recording
from masnn.readers._blocks import Source
from masnn.readers._raw import Malformed

EVENTS = [(3, 5, 10, 1), (0, 0, 10, 0), (33, 30, 400, 1), (7, 1, 70000, 0)]
X, Y, T, P = (np.array(column) for column in zip(*EVENTS, strict=True))
FIELDS = [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")]
STRUCTURED = np.array(EVENTS, FIELDS)


def rows(recording):
    columns = (getattr(recording.events, name).tolist() for name in "xytp")
    return list(zip(*columns, strict=True))


def told(recording):
    return " ".join(recording.warnings)


def unnamed(array):
    """Return what `numpy.savez` writes of an array without a name."""
    stream = io.BytesIO()
    np.savez(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        npz(events=STRUCTURED),
        unnamed(STRUCTURED),
        unnamed(np.stack([T, X, Y, P], axis=1)),
        npz(recording=np.stack([X, Y, T, P], axis=1)),
        npz(recording=np.stack([X, Y, P, T], axis=1).astype(np.float32)),
        zipped(**{"recording.npy": npy(STRUCTURED)}),
        zipped(**{"folder/recording.npy": npy(STRUCTURED), "__MACOSX/._r.npy": b"\x00\x05"}),
        npz(t=T, x=X, y=Y, p=P, label=np.int64(3), frames=np.zeros((2, 2, 3, 3))),
    ],
)  # fmt: skip
def test_one_array_of_events_is_read_under_any_name(content):
    recording = read_recording(content, name="a.npz")
    assert rows(recording) == EVENTS
    assert "whole numbers, so they were taken as us" in told(recording)


@pytest.mark.parametrize(
    ("columns", "order"),
    [((T, X, Y, P), "t, x, y, p"), ((X, Y, T, P), "x, y, t, p"), ((X, Y, P, T), "x, y, p, t")],
)
def test_the_order_of_unnamed_columns_is_found_and_said(columns, order):
    recording = read_recording(npy(np.stack(columns, axis=1)))
    assert rows(recording) == EVENTS and f"taken as {order}." in told(recording)
    signed = [2 * c - 1 if c is P else c for c in columns]
    assert rows(read_recording(npy(np.stack(signed, axis=1)))) == EVENTS


def test_times_that_go_back_do_not_change_the_order_that_fits():
    shuffled = np.stack([T, X, Y, P], axis=1)[[3, 0, 2, 1]]
    recording = read_recording(npy(shuffled))
    assert recording.events.t.tolist() == sorted(T.tolist()) and "t, x, y, p" in told(recording)


@pytest.mark.parametrize(
    ("t", "unit", "expected"),
    [
        ({"t": T / 1e6}, "s", T),
        ({"t_ms": T / 1e3}, "ms", T),
        ({"timestamp_ns": T * 1000 + 999}, "ns", T),
        ({"ts": T + 1.6e18}, "ns", (T + 1.6e18).astype(np.int64) // 1000),
        ({"ts": (T + 16 * 10**17).astype(np.uint64)}, "ns", (T + 16 * 10**17) // 1000),
    ],
)
def test_units_of_arrays(t, unit, expected):
    recording = read_recording(npz(x=X, y=Y, p=P, **t))
    assert recording.time_unit == unit
    assert recording.events.t.tolist() == expected.tolist()


def test_whole_times_of_this_projects_own_files_need_no_word():
    own = npz(t=T, x=X, y=Y, p=P, width=np.int64(64), height=np.int64(48))
    assert not read_recording(own).warnings


FRAMES = np.zeros((3, 2, 4, 5), np.float32)
FRAMES[0, 1, 2, 3] = 2  # ON, twice, at row 2 and column 3
FRAMES[2, 0, 0, 4] = 1
FRAMES[2, 1, 3, 0] = 1
EXPANDED = [(3, 2, 0, 1), (3, 2, 0, 1), (4, 0, 2000, 0), (0, 3, 2000, 1)]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "i4", "<u8"])
def test_frames_become_events_at_their_numbers(kind):
    recording = read_recording(npz(frames=FRAMES.astype(kind)), untrusted=kind == "f4")
    assert rows(recording) == EXPANDED
    assert (recording.events.width, recording.events.height) == (5, 4)
    assert recording.format == "NumPy .npz of frames" and recording.time_unit == "ms"
    assert "3 frames and no events" in told(recording) and "no order" in told(recording)


def test_frames_of_one_channel_have_no_polarity():
    recording = read_recording(npz(frames=FRAMES[:, 1:]))
    assert rows(recording) == [(3, 2, 0, 1), (3, 2, 0, 1), (0, 3, 2000, 1)]
    assert "taken as ON" in told(recording)


def test_frames_are_those_that_spikingjelly_makes_of_events():
    # integrate_events_by_fixed_frames_number by its definition: (T, 2, H, W), channel = polarity.
    rng = np.random.default_rng(0)
    x, y, p = rng.integers(0, 9, 500), rng.integers(0, 7, 500), rng.integers(0, 2, 500)
    frames = np.zeros((4, 2, 7, 9), np.float32)
    np.add.at(frames, (np.arange(500) // 125, p, y, x), 1)
    events = read_recording(npz(frames=frames)).events
    again = np.zeros_like(frames)
    np.add.at(again, (events.t // 1000, events.p, events.y, events.x), 1)
    np.testing.assert_array_equal(again, frames)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz(frames=np.zeros((3, 4, 5))), r"shape \(T, 2, H, W\)"),
        (npz(frames=np.zeros((3, 3, 4, 5))), r"found \(3, 3, 4, 5\)"),
        (npz(frames=np.zeros((3, 2, 4, 5, 1))), "up to 4 axes"),
        (npz(frames=FRAMES / 2 + 0.25), "normalised"),
        (npz(frames=-FRAMES), "normalised"),
        (npz(frames=FRAMES * np.float32(np.nan)), "finite"),
        (npz(frames=FRAMES * np.float32(1e7)), "count more than the 10,000,000 events"),
        (npz(frames=np.full((1, 1, 1, 1), 2**63, np.uint64)), "count more than"),
        (npz(frames=np.zeros((1, 2, 0, 4))), "frames of 4 x 0 px"),
        (npz(frames=np.zeros((1, 1, 1, 9000), np.uint8)), "frames of 9000 x 1 px"),
        (npz(frames=np.zeros((70, 2, 1000, 1000), np.uint8)), "are not an event recording"),
        (npz(a=np.zeros(3), b=np.zeros(3)), "one array of events, or frames"),
        (npz(a=np.zeros((3, 5))), r"shape \(N, 4\)"),
        (npz(a=np.zeros((2, 2, 4))), "up to 2 axes"),
        (zipped(**{"a.npy": bytes(50 << 20)}), "not an event recording"),
    ],
)
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(EventFileError, match=message) as caught:
        read_recording(content, name="a.npz")
    assert "\n" not in str(caught.value)


def test_a_member_that_lies_about_its_size_is_not_believed():
    content = npz(frames=FRAMES)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("frames.npy").file_size
    lying = content.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    with pytest.raises(EventFileError, match=r"damaged|declares"):
        read_recording(lying)


@pytest.mark.parametrize("kind", ["i8", "f8", "i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_wide_numbers_take_the_memory_of_narrow_ones(tmp_path, kind, order):
    n = 300_000
    table = np.zeros((n, 4), kind)
    table[:, 0], table[:, 1], table[:, 2], table[:, 3] = np.arange(n), 303, 239, np.arange(n) % 2
    np.save(tmp_path / "a.npy", np.asarray(table, order=order))
    np.savez(tmp_path / "a.npz", **{name: table[:, i] for i, name in enumerate("txyp")})
    for name in ("a.npy", "a.npz"):
        tracemalloc.start()
        events = read_recording(tmp_path / name).events
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(events) == n and events.n_on == n // 2 and events.t[-1] == n - 1
        assert peak < 2.2 * 13 * n + 4e6  # the file itself has 32 or 16 bytes an event


def test_a_column_whose_parts_differ_is_whole(monkeypatch):
    monkeypatch.setattr(_arrays, "ROWS", 2)
    t, x = [0, 1, 300, 70_000, 1 << 40], [0, 255, 256, 7, 303]
    columns = {"t": np.array(t), "x": np.array(x), "y": np.zeros(5, int), "p": [-1, 1, 1, -1, 1]}
    content = io.BytesIO()
    np.savez(content, **columns)
    events = read_recording(content.getvalue()).events
    assert (
        events.t.tolist() == t and events.x.tolist() == x and events.p.tolist() == [0, 1, 1, 0, 1]
    )


def test_an_array_that_became_shorter_meanwhile_is_cut_short():
    content = io.BytesIO()
    np.save(content, np.zeros((10, 4), int))
    source = Source(content.getvalue())
    shorter = io.BytesIO(content.getvalue()[:-5])
    source.stream = lambda: shorter
    with pytest.raises(Malformed, match="ends before its numbers do"):
        _arrays.decode_npy(source)
