"""The file doctor counts what is odd, where it is, and nothing else."""

import numpy as np
import pytest

from masnn.doctor import duplicates, examine, hot_pixels
from masnn.events import Events
from masnn.readers import read_recording
from masnn.simulate import simulate_gesture


def make(x, y, t, p, width=34, height=34) -> Events:
    return Events(np.array(x), np.array(y), np.array(t), np.array(p), width, height)


def found(events):
    return {finding.name: finding.count for finding in examine(events)}


def noise(n=4000, seed=0, side=34):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, side, n), rng.integers(0, side, n)
    return make(x, y, np.arange(n) * 250, np.arange(n) % 2, side, side)


def test_plain_events_are_not_odd():
    assert examine(noise()) == ()


def test_nothing_is_said_to_be_nothing():
    (finding,) = examine(make(*np.zeros((4, 0), int)))
    assert finding.name == "empty"


def test_duplicates_are_counted_beyond_the_first():
    events = make([1, 2, 1, 1, 1], [3, 3, 3, 3, 3], [5, 5, 5, 5, 6], [1, 1, 1, 0, 1])
    assert duplicates(events).tolist() == [False, False, True, False, False]
    assert found(events)["duplicates"] == 1


def test_times_before_zero_are_counted():
    events = make([1, 2, 3], [1, 2, 3], [-7, -1, 0], [0, 1, 0])
    assert found(events) == {"negative times": 2}


def test_an_implausible_duration_is_said():
    day = 24 * 3_600_000_000
    assert found(make([1, 2], [1, 2], [5, 5 + day], [0, 1])) == {"gaps": 1}
    events = make([1, 2], [1, 2], [-5, 2 * day], [0, 1])
    assert found(events) == {"negative times": 1, "gaps": 1, "duration": 48}


def test_gaps_are_counted_and_the_longest_is_located():
    events = make([1, 2, 3, 4], [1, 2, 3, 4], [1000, 101_000, 200_999, 900_999], [0, 1, 0, 1])
    (gaps,) = examine(events)
    assert (gaps.name, gaps.count) == ("gaps", 2)
    assert "700 ms, 200 ms after the first event" in gaps.text


def test_hot_pixels_are_found_among_noise_alone_and_in_pairs():
    plain = noise(side=64)
    rng = np.random.default_rng(1)
    hot = [(5, 9), (40, 0), (41, 0), (63, 63)]  # a corner, and a pair at the border
    n = 200
    x = np.concatenate([plain.x, *(np.full(n, px) for px, _ in hot)])
    y = np.concatenate([plain.y, *(np.full(n, py) for _, py in hot)])
    t = np.concatenate([plain.t, *(rng.integers(0, 1_000_000, n) for _ in hot)])
    order = np.argsort(t, kind="stable")
    events = make(x[order], y[order], t[order], np.arange(len(t)) % 2, 64, 64)
    assert {(x, y) for y, x in np.argwhere(hot_pixels(events)).tolist()} == set(hot)
    (finding,) = (f for f in examine(events) if f.name == "hot pixels")
    assert finding.count == 4 and "(5, 9)" in finding.text


def test_a_bright_outline_is_no_row_of_hot_pixels():
    side = np.arange(5, 20)
    y = np.concatenate([np.full(15, 5), np.full(15, 19), side, side]).repeat(50)
    x = np.concatenate([side, side, np.full(15, 5), np.full(15, 19)]).repeat(50)
    events = make(x, y, np.arange(len(x)) * 100, np.arange(len(x)) % 2)
    assert not hot_pixels(events).any()


def test_the_simulators_hot_pixels_are_found():
    """The camera model makes some; the doctor names no more than it made."""
    events = simulate_gesture("right_hand_wave", 3)
    assert 0 < found(events).get("hot pixels", 0) < 20


def test_one_polarity_is_noticed():
    assert found(make([1, 2], [1, 2], [1, 2], [1, 1])) == {"one polarity": 2}
    assert found(make([1], [1], [1], [1])) == {}


@pytest.mark.parametrize("name", ["dvs128_hand_wave.aedat4", "nmnist.bin", "prophesee_evt3.raw"])
def test_real_recordings_are_examined(name, shared_dir, capsys):
    events = read_recording(shared_dir / "fixtures" / name).events
    with capsys.disabled():
        print(f"\n{name}: {[finding.text for finding in examine(events)]}")
    assert "negative times" not in found(events) and "one polarity" not in found(events)
