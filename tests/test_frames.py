"""Frames: every event in exactly one bin, or counted as left out."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import masnn.frames
from masnn.events import Events
from masnn.frames import block_size, fixed_bins, fixed_duration, to_frames


def events_of(rows, width=8, height=6):
    x, y, t, p = (
        np.array(c, dtype=np.int64) for c in zip(*sorted(rows, key=lambda r: r[2]), strict=True)
    )
    return Events(x, y, t, p, width, height)


ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(-50, 5000), st.integers(0, 1)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 9), st.integers(1, 12), st.integers(1, 12), st.integers(-100, 4000))
def test_every_event_is_in_one_bin_or_counted(rows, T, height, width, start):
    events = events_of(rows)
    for edges in (fixed_bins(events, T), fixed_duration(0.25, T, start)):
        frames = to_frames(events, edges, (height, width))
        assert frames.counts.shape == (T, 2, height, width)
        left_out = frames.n_before + frames.n_after + frames.n_outside_field
        assert frames.counts.sum() + left_out == len(events)
        assert frames.n_before == np.count_nonzero(events.t < edges[0])
        assert frames.n_after == np.count_nonzero(events.t >= edges[-1])


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(1, 9))
def test_fixed_bins_hold_every_event(rows, T):
    events = events_of(rows)
    frames = to_frames(events, fixed_bins(events, T), (6, 8))
    assert frames.counts.sum() == len(events)
    assert np.all(np.diff(frames.edges_us) >= 1)
    assert np.ptp(np.diff(frames.edges_us)) <= 1


def test_an_event_lies_where_and_when_it_happened():
    events = events_of([(2, 1, 100, 1), (7, 5, 199, 0), (0, 0, 200, 1)])
    counts = to_frames(events, [100, 200, 300], (6, 8)).counts
    assert counts[0, 1, 1, 2] == 1 and counts[0, 0, 5, 7] == 1 and counts[1, 1, 0, 0] == 1
    assert counts.sum() == 3


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 30), st.integers(1, 12), st.integers(1, 12), st.integers(1, 3))
def test_counts_are_those_of_one_event_after_another(rows, T, height, width, block):
    events = events_of(rows)
    edges = fixed_duration(0.25, T, -20)
    frames = to_frames(events, edges, (height, width), block=block)
    expected = np.zeros_like(frames.counts)
    outside = 0
    left, top = frames.offset_px
    for x, y, t, p in zip(events.x, events.y, events.t, events.p, strict=True):
        for step in range(T):
            if edges[step] <= t < edges[step + 1]:
                column, row = (int(x) - left) // block, (int(y) - top) // block
                if 0 <= column < width and 0 <= row < height:
                    expected[step, p, row, column] += 1
                else:
                    outside += 1
    np.testing.assert_array_equal(frames.counts, expected)
    assert frames.n_outside_field == outside


def test_a_million_events_in_one_bin_take_little_more_memory_than_the_counts():
    n = 1_000_000
    events = Events(np.arange(n) % 8, np.zeros(n, int), np.arange(n), np.ones(n, int), 8, 6)
    tracemalloc.start()
    frames = to_frames(events, [0, n], (6, 8))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames.counts[0, 1, 0].tolist() == [n // 8] * 8
    assert peak < 4e6  # an index of every event would take 8 MB


def test_more_events_than_a_count_holds_are_refused(monkeypatch):
    monkeypatch.setattr(masnn.frames, "MAX_EVENTS", 2)
    two, three = (
        events_of([(1, 1, t, 1) for t in range(2)]),
        events_of([(1, 1, t, 1) for t in range(3)]),
    )
    assert to_frames(two, [0, 9], (6, 8)).counts.max() == 2
    with pytest.raises(ValueError, match="3 events could overflow"):
        to_frames(three, [0, 9], (6, 8))


def test_events_of_a_structured_array_are_counted_where_they_lie():
    table = np.zeros(4, [("t", "i8"), ("x", "u2"), ("y", "u2"), ("p", "u1")])
    table["t"], table["x"], table["p"] = np.arange(4), [1, 2, 2, 7], [1, 0, 1, 1]
    events = Events(table["x"], table["y"], table["t"], table["p"], 8, 6)
    assert not events.x.flags.c_contiguous
    counts = to_frames(events, [0, 3], (6, 8)).counts
    assert counts[0, :, 0, :3].tolist() == [[0, 0, 1], [0, 1, 1]] and counts.sum() == 3


def test_swapped_polarity_swaps_channels_and_shifted_time_changes_nothing():
    rows = [(2, 1, 100, 1), (7, 5, 150, 0), (3, 3, 250, 1)]
    frames = to_frames(events_of(rows), [100, 200, 300], (6, 8)).counts
    swapped = to_frames(
        events_of([(x, y, t, 1 - p) for x, y, t, p in rows]), [100, 200, 300], (6, 8)
    )
    later = to_frames(
        events_of([(x, y, t + 77, p) for x, y, t, p in rows]), [177, 277, 377], (6, 8)
    )
    np.testing.assert_array_equal(frames[:, ::-1], swapped.counts)
    np.testing.assert_array_equal(frames, later.counts)


def test_128_px_become_32_by_sums_of_4_x_4():
    rng = np.random.default_rng(0)
    xy = rng.integers(0, 128, (2, 5000))
    events = Events(*xy, np.arange(5000), rng.integers(0, 2, 5000), 128, 128)
    frames = to_frames(events, [0, 2000, 5000], (32, 32))
    full = to_frames(events, [0, 2000, 5000], (128, 128)).counts
    np.testing.assert_array_equal(frames.counts, full.reshape(2, 2, 32, 4, 32, 4).sum((3, 5)))
    assert frames.block == 4 and frames.offset_px == (0, 0)


@pytest.mark.parametrize(
    ("sensor", "size", "block"),
    [
        ((128, 128), (32, 32), 4),
        ((34, 34), (32, 32), 1),  # a pixel cropped all round
        ((128, 128), (34, 34), 4),  # padded
        ((180, 240), (34, 34), 7),
        ((720, 1280), (34, 34), 37),
        ((20, 20), (34, 34), 1),
        ((50, 50), (34, 34), 2),  # one to one would crop a third
    ],
)
def test_blocks_are_whole_and_crop_at_most_a_tenth(sensor, size, block):
    assert block_size(sensor, size) == block


def test_a_larger_sensor_is_cropped_and_a_smaller_one_padded_about_its_centre():
    cropped = to_frames(events_of([(0, 0, 0, 1), (1, 1, 1, 1)], 34, 34), [0, 9], (32, 32))
    assert cropped.offset_px == (1, 1) and cropped.n_outside_field == 1
    assert cropped.counts[0, 1, 0, 0] == 1
    padded = to_frames(events_of([(0, 0, 0, 1)], 20, 20), [0, 9], (34, 34))
    assert padded.counts[0, 1, 7, 7] == 1


def test_bins_of_fractional_milliseconds_do_not_drift():
    edges = fixed_duration(1 / 3, 3000, 7)
    assert edges[0] == 7 and edges[-1] == 7 + 1_000_000


def test_bins_of_a_very_long_recording_do_not_overflow():
    edges = fixed_bins(events_of([(0, 0, 0, 1), (0, 0, 10**17, 1)]), 100)
    assert edges[-1] == 10**17 + 1 and np.all(np.diff(edges) > 0)


def test_frames_equal_tonics_where_tonic_is_right():
    transforms = pytest.importorskip("tonic.transforms")
    rng = np.random.default_rng(1)
    n = 2000
    t = np.sort(rng.integers(0, 999, n))
    events = Events(rng.integers(0, 8, n), rng.integers(0, 6, n), t, rng.integers(0, 2, n), 8, 6)
    theirs = np.zeros(n, dtype=[("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i2")])
    for name in "xytp":
        theirs[name] = getattr(events, name)
    theirs["t"][0], theirs["t"][-1] = 0, 999
    frames = transforms.ToFrame(sensor_size=(8, 6, 2), time_window=100)(theirs)
    events = Events(theirs["x"], theirs["y"], theirs["t"], theirs["p"], 8, 6)
    ours = to_frames(events, fixed_duration(0.1, 10), (6, 8)).counts
    np.testing.assert_array_equal(ours[: len(frames)], frames)


@pytest.mark.parametrize(
    "call",
    [
        lambda e: to_frames(e, [0, 0], (4, 4)),
        lambda e: to_frames(e, [0], (4, 4)),
        lambda e: to_frames(e, [0, 9], (0, 4)),
        lambda e: to_frames(e, [0, 9], (10**6, 10**6)),
        lambda e: to_frames(e, [0, 9], (4, 4), block=0),
        lambda e: to_frames(e, [0.5, 9.5], (4, 4)),
        lambda e: fixed_bins(e, 0),
        lambda e: fixed_bins(events_of([(0, 0, -(2**63), 1), (0, 0, 2**63 - 1, 1)]), 4),
        lambda e: fixed_duration(1e300, 4),
        lambda e: fixed_duration(1, 4, 2**63 - 2000),
        lambda e: fixed_duration(0, 4),
    ],
)
def test_what_makes_no_frames_is_refused(call):
    with pytest.raises(ValueError):
        call(events_of([(0, 0, 0, 1)]))
