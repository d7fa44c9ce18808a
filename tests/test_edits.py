"""Edits do what they say to every event, and count what they remove."""

import json

import numpy as np
import pytest

from masnn.commands import recordings
from masnn.doctor import hot_pixels
from masnn.edits import Edits, apply, edited, from_plain, options, plain, supported
from masnn.errors import EventFileError
from masnn.events import Events
from masnn.options import parser
from masnn.overview import events_per_pixel
from masnn.readers import read_recording
from masnn.writers import write_events

RNG = np.random.default_rng(0)


def some(n=2000, width=13, height=7) -> Events:
    t = np.sort(RNG.integers(-1000, 300_000, n))
    return Events(
        RNG.integers(0, width, n), RNG.integers(0, height, n), t, RNG.integers(0, 2, n),
        width, height,
    )  # fmt: skip


def equal(one: Events, other: Events) -> bool:
    same = all(np.array_equal(getattr(one, c), getattr(other, c)) for c in "txyp")
    return same and (one.width, one.height) == (other.width, other.height)


def test_no_edit_changes_nothing():
    events = some()
    changed, changes = apply(events, Edits())
    assert equal(changed, events) and changes == ()


@pytest.mark.parametrize("turns", range(-1, 6))
def test_rotation_is_numpys(turns):
    events = some()
    turned, changes = apply(events, Edits(quarter_turns=turns))
    expected = np.rot90(events_per_pixel(events), turns, axes=(1, 2))
    np.testing.assert_array_equal(events_per_pixel(turned), expected)
    assert len(changes) == (turns % 4 != 0) and not any(c.removed for c in changes)


@pytest.mark.parametrize(("x", "y"), [(True, False), (False, True), (True, True)])
def test_flips_are_numpys_and_come_after_the_rotation(x, y):
    events = some()
    flipped, _ = apply(events, Edits(quarter_turns=1, flip_x=x, flip_y=y))
    expected = np.rot90(events_per_pixel(events), 1, axes=(1, 2))
    expected = np.flip(expected, axis=[axis for axis, on in ((2, x), (1, y)) if on])
    np.testing.assert_array_equal(events_per_pixel(flipped), expected)


def test_a_crop_keeps_what_is_inside_and_counts_the_rest():
    events = some()
    cropped, (change,) = apply(events, Edits(crop=(2, 1, 9, 6)))
    expected = events_per_pixel(events)[:, 1:6, 2:9]
    np.testing.assert_array_equal(events_per_pixel(cropped), expected)
    assert change.removed == len(events) - expected.sum() > 0
    assert f"{change.removed:,} of 2,000 events removed" in change.text


def test_corrections_of_the_sensor_and_the_time():
    events = some()
    wider, (change,) = apply(events, Edits(sensor=(128, 64)))
    assert (wider.width, wider.height, change.removed) == (128, 64, 0)
    for unit, factor in (("ms", 1000), ("s", 1_000_000)):
        longer, _ = apply(events, Edits(time_unit=unit))
        assert longer.t.tolist() == (events.t * factor).tolist()
    shorter, _ = apply(events, Edits(time_unit="ns"))
    assert shorter.t.tolist() == [t // 1000 for t in events.t.tolist()]


def test_a_corrected_time_unit_replaces_what_was_read():
    events = some()
    for read_as, unit, up, down in (
        ("s", "ms", 1, 1000), ("s", "us", 1, 1_000_000), ("s", "ns", 1, 10**9),
        ("ms", "s", 1000, 1), ("ms", "us", 1, 1000), ("ns", "us", 1000, 1), ("ns", "s", 10**9, 1),
    ):  # fmt: skip
        changed, (change,) = apply(events, Edits(time_unit=unit), read_as)
        assert changed.t.tolist() == [t * up // down for t in events.t.tolist()]
        rest = ", in steps of 1,000: the rest was rounded off when the file was read"
        told = f"Times read as {unit} instead of {read_as}"
        assert change.text == f"{told}{rest * (read_as == 'ns')}."
    for same in ("ns", "us", "ms", "s"):
        changed, changes = apply(events, Edits(time_unit=same), same)
        assert equal(changed, events) and not changes


def test_hot_pixels_are_left_out_as_the_doctor_finds_them():
    noise = some(4000, 64, 64)
    n = 300
    x, y = np.append(noise.x, np.full(n, 20)), np.append(noise.y, np.full(n, 30))
    t, p = np.append(noise.t, RNG.integers(0, 300_000, n)), np.append(noise.p, np.ones(n))
    order = np.argsort(t, kind="stable")
    events = Events(x[order], y[order], t[order], p[order].astype(int), 64, 64)
    clean, (change,) = apply(events, Edits(no_hot_pixels=True))
    assert change.removed >= n and not hot_pixels(clean).any()
    assert len(clean) == len(events) - change.removed


def test_support_is_that_of_the_plain_definition():
    events = some(400, 9, 8)
    for within_us in (1, 900, 20_000, 10**9):
        plain = [
            any(
                (int(events.x[i]), int(events.y[i])) != (int(events.x[j]), int(events.y[j]))
                and abs(int(events.x[i]) - int(events.x[j])) <= 1
                and abs(int(events.y[i]) - int(events.y[j])) <= 1
                and 0 <= int(events.t[i]) - int(events.t[j]) <= within_us
                for j in range(len(events))
            )
            for i in range(len(events))
        ]
        assert supported(events, within_us).tolist() == plain
    assert len(supported(events.between(0, 0), 5)) == 0
    # Silences of years between them.
    t = np.array([0, 5, 1 << 59, (1 << 59) + 7])
    far = Events(np.array([1, 2, 1, 2]), np.ones(4, int), t, np.ones(4, int), 1280, 720)
    assert supported(far, 6).tolist() == [False, True, False, False]
    assert supported(far, 7).tolist() == [False, True, False, True]
    with pytest.raises(EventFileError, match="too long for the filter"):
        supported(far, 10**15)


def test_the_background_filter_keeps_what_is_supported():
    events = some(600, 40, 40)
    kept, (change,) = apply(events, Edits(background_ms=3.0))
    expected = supported(events, 3000)
    assert kept.t.tolist() == events.t[expected].tolist()
    assert 0 < change.removed == (~expected).sum()


def test_all_at_once_happen_in_order_and_are_counted():
    events = some(3000, 40, 30)
    edits = Edits((64, 48), "ms", True, 2000.0, (1, 1, 39, 29), 1, True, False)
    changed, changes = apply(events, edits)
    assert [c.name for c in changes] == [
        *("sensor", "time unit", "hot pixels", "background", "crop", "rotation", "flip"),
    ]
    assert len(changed) == len(events) - sum(c.removed for c in changes)
    assert (changed.width, changed.height) == (28, 38)


ALL = Edits((40, 36), "ms", True, 0.5, (2, 3, 30, 33), 3, True, True)


def test_edits_travel_as_plain_values_and_as_options():
    assert plain(Edits()) == {} and options(Edits()) == ""
    for edits in (
        ALL,
        Edits(time_unit="us"),
        Edits(crop=(0, 0, 1, 1)),
        Edits(background_ms=7.5),
        Edits(flip_y=True),
    ):
        assert from_plain(json.loads(json.dumps(plain(edits)))) == edits
        words = ["convert", "in", "out", *options(edits).split()]
        assert recordings.edits_of(parser().parse_args(words)) == edits


@pytest.mark.parametrize(
    "values",
    [
        *({"crop": crop} for crop in ("x", [1, 2, 3], [0, 0, 1, 1.5], [0, 0, 1, True], None)),
        *({"sensor": sensor} for sensor in ([1], "12", [1, 1 << 40])),
        *({"time_unit": unit} for unit in ("weeks", 1, None, ["us"])),
        *({"background_ms": ms} for ms in ("5", True, None)),
        {"quarter_turns": 1.0}, {"flip_x": 1}, {"flip_y": "yes"}, {"no_hot_pixels": None},
        {"rotate": 90}, {"": 1},
    ],
    ids=str,
)  # fmt: skip
def test_plain_values_that_are_no_edits_are_refused(values):
    with pytest.raises(EventFileError, match="is not known"):
        from_plain(values)


def test_an_edited_recording_says_so_and_is_another(tmp_path):
    events = some()
    write_events(events, tmp_path / "a.npz")
    recording = read_recording(tmp_path / "a.npz")
    assert edited(recording, Edits()) is recording
    one = edited(recording, Edits(flip_x=True))
    other = edited(recording, Edits(flip_y=True))
    assert len({recording.identity, one.identity, other.identity}) == 3
    assert recording.identity == recording.sha256 == one.sha256
    assert one.edits == {"flip_x": True} and "left and right" in one.changes[0]
    assert equal(one.events, apply(events, Edits(flip_x=True))[0])


@pytest.mark.parametrize(
    "edits",
    [
        *(Edits(crop=crop) for crop in ((0, 0, 14, 7), (-1, 0, 5, 5), (5, 5, 5, 6), (0, 6, 3, 2))),
        *(Edits(sensor=sensor) for sensor in ((12, 7), (0, 7), (10_000, 7))),
        *(Edits(background_ms=ms) for ms in (0.0, -1.0, float("nan"), float("inf"))),
        Edits(time_unit="weeks"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_in_a_sentence(edits):
    with pytest.raises(EventFileError, match=r"^[A-Z].*\.$"):
        apply(some(), edits)


def test_times_too_far_are_refused():
    far = Events(np.array([1]), np.array([1]), np.array([1 << 55]), np.array([1]), 4, 4)
    with pytest.raises(EventFileError, match="36,000 years"):
        apply(far, Edits(time_unit="s"))
    with pytest.raises(EventFileError, match="36,000 years"):
        apply(far, Edits(time_unit="us"), "ns")
