"""The simulated camera obeys its equation; simulated digits look like the recorded ones."""

import subprocess
import sys

import numpy as np
import pytest

from masnn.simulate import EventCamera, log_intensity, simulate_digit

#: Measured on 1000 recordings of N-MNIST, the first of its training part: the smallest and largest
#: value of each (n = 1000). Of 500 simulated digits, 8 have a lower ON share, down to 0.483.
REAL_EVENTS = (1112, 7152)
REAL_LAST_EVENT_US = (296_841, 315_109)
REAL_ON_SHARE = (0.488, 0.549)
#: Mean number of events of each digit's recordings, n = 87 to 117 each.
REAL_MEAN_EVENTS = (5505, 2574, 4756, 4886, 3725, 4254, 4148, 3723, 4486, 3766)
#: Mean column and row of all events.
REAL_CENTRE_PX = (16.66, 17.25)
#: Mean place of ON events relative to OFF events (x, y in px) in the middle 10 ms of each saccade.
REAL_ON_MINUS_OFF_PX = {40_000: (-0.26, -4.36), 150_000: (-1.62, 4.93), 250_000: (3.95, 0.28)}

TIMES = np.array([0.0, 10_000.0])


def edge(contrast: float, shape: tuple[int, int] = (3, 4)) -> list[np.ndarray]:
    """Return a dark frame and one in which the right half is brighter by `contrast` (log)."""
    after = np.zeros(shape)
    after[:, shape[1] // 2 :] = contrast
    return [np.zeros(shape), after]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("contrast", "n_each"), [(0.19, 0), (0.2, 1), (0.5, 2), (1.0, 5), (1.39, 6), (3.0, 15)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_step_edge_gives_contrast_over_threshold_events(contrast, n_each, sign):
    events = EventCamera(0.2, 0.2).record(edge(sign * contrast), TIMES, rng())
    counts = np.bincount(events.y.astype(int) * 4 + events.x, minlength=12).reshape(3, 4)
    assert (counts[:, :2] == 0).all()
    assert (counts[:, 2:] == n_each).all()
    assert (events.p == (sign > 0)).all()


def test_thresholds_of_the_polarities_are_apart():
    camera = EventCamera(threshold_on=0.1, threshold_off=0.5)
    events = camera.record(
        [np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1))], [0, 10, 20], rng()
    )
    assert (events.n_on, len(events) - events.n_on) == (10, 2)


def test_times_are_interpolated_between_frames():
    events = EventCamera(0.2, 0.2).record(edge(1.0, (1, 2)), TIMES, rng())
    np.testing.assert_allclose(events.t, [2000, 4000, 6000, 8000, 10_000], atol=1)


def test_reference_carries_over_from_frame_to_frame():
    ramp = np.linspace(0, 1, 101)[:, None, None] * np.ones((1, 2, 2))
    events = EventCamera(0.2, 0.2).record(ramp, np.arange(101) * 100, rng())
    assert len(events) == 5 * 4


def test_refractory_time_is_honoured_also_by_noise():
    camera = EventCamera(0.05, 0.05, 0.2, refractory_us=700, noise_hz=200)
    wave = np.sin(np.arange(300) / 10)[:, None, None] * np.ones((1, 5, 6))
    events = camera.record(wave, np.arange(300) * 1000.0, rng())
    assert len(events) > 1000
    pixel = events.y.astype(int) * 6 + events.x
    gaps = [np.diff(events.t[pixel == k]) for k in range(30)]
    assert min(gap.min() for gap in gaps) >= 700


def test_refractory_pixel_wakes_at_the_level_of_that_moment():
    # 1.0 in 10 ms: first event at 2 ms, blind to 5 ms, where the level is 0.5, next at 0.7 = 7 ms.
    camera = EventCamera(0.2, 0.2, refractory_us=3000)
    events = camera.record(edge(1.0, (1, 2)), TIMES, rng())
    np.testing.assert_allclose(events.t, [2000, 7000], atol=1)


def test_bandwidth_delays_and_weakens():
    frames = [np.zeros((1, 1)), *[np.ones((1, 1))] * 50]
    times = np.arange(51) * 1000.0
    fast = EventCamera(0.2, 0.2).record(frames, times, rng())
    slow = EventCamera(0.2, 0.2, bandwidth_hz=20).record(frames, times, rng())
    # 0.8 = 1 - exp(-2 pi f t) at 12.8 ms for 20 Hz.
    assert len(fast) == 5 and len(slow) == 4
    assert slow.t[3] == pytest.approx(12_800, abs=100)


def test_noise_has_its_rate_and_both_polarities():
    still = [np.zeros((30, 30))] * 2
    events = EventCamera(noise_hz=5).record(still, [0, 1_000_000], rng())
    expected = 5 * 900
    assert abs(len(events) - expected) < 5 * expected**0.5
    assert abs(events.n_on - expected / 2) < 5 * (expected / 4) ** 0.5


def test_leak_fires_on_at_its_rate_where_nothing_happens():
    camera = EventCamera(0.2, 0.2, leak_hz=4)
    events = camera.record([np.zeros((20, 20))] * 11, np.arange(11) * 1e5, rng())
    assert len(events) == 4 * 400 and events.n_on == len(events)
    # Not all at once: pixels start anywhere between two of their events.
    assert np.bincount(events.t // 50_000).max() < 150


def test_hot_pixels_are_few_and_loud():
    camera = EventCamera(hot_pixels=0.01, hot_hz=100)
    events = camera.record([np.zeros((30, 30))] * 2, [0, 1_000_000], rng(4))
    pixels = np.unique(events.y.astype(int) * 30 + events.x)
    assert len(pixels) <= 9 and 300 < len(events) < 2000


def test_a_dark_pixel_is_slow_and_noisy():
    still = np.log(np.array([[1.0, 0.05]]))
    camera = EventCamera(noise_hz=200, light_bound=True)
    noise = camera.record([still] * 2, [0, 1_000_000], rng())
    assert (noise.x == 1).sum() > 1.6 * (noise.x == 0).sum()
    camera = EventCamera(0.2, 0.2, bandwidth_hz=100, light_bound=True)
    events = camera.record([still, still + 0.5], [0, 2000], rng())
    assert (events.x == 0).sum() == 1 and (events.x == 1).sum() == 0


def test_mismatch_spreads_the_counts():
    events = EventCamera(0.1, 0.1, threshold_sigma=0.2).record(edge(1.0, (40, 40)), TIMES, rng())
    counts = np.bincount(events.y.astype(int) * 40 + events.x)
    counts = counts[counts > 0]
    assert 9 < counts.mean() < 11 and counts.std() > 1


def test_still_scene_without_noise_gives_no_events():
    events = EventCamera(threshold_sigma=0.3).record([np.ones((8, 8))] * 5, np.arange(5), rng())
    assert len(events) == 0 and (events.width, events.height) == (8, 8)


def test_frames_may_come_from_a_generator_of_any_shape():
    frames = (np.full((20, 50), level) for level in (0.0, 0.3))
    events = EventCamera().record(frames, [0, 1000], rng())
    assert (events.width, events.height) == (50, 20) and len(events) == 1000


@pytest.mark.parametrize(
    ("frames", "times"),
    [
        ([np.zeros((2, 2))] * 2, [0, 0]),
        ([np.zeros((2, 2))] * 2, [0]),
        ([np.zeros((2, 2))] * 3, [0, 1]),
        ([np.zeros((2, 2))] * 2, [0, 1, 2]),
        ([np.zeros((2, 2)), np.zeros((2, 3))], [0, 1]),
        ([np.zeros(2)] * 2, [0, 1]),
        ([], [0, 1]),
        ([np.zeros((2, 2)), np.full((2, 2), np.nan)], [0, 1]),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames, times):
    with pytest.raises(ValueError):
        EventCamera().record(frames, times, rng())


@pytest.mark.parametrize(
    "traits",
    [
        {"threshold_on": 0},
        {"threshold_off": -1},
        {"threshold_sigma": -0.1},
        {"refractory_us": -1},
        {"noise_hz": float("nan")},
        {"bandwidth_hz": 0},
        {"leak_hz": -1},
        {"hot_pixels": 1.5},
        {"hot_hz": -2},
    ],
)
def test_impossible_cameras_are_refused(traits):
    with pytest.raises(ValueError):
        EventCamera(**traits)


def test_log_intensity():
    assert log_intensity([0.0, 1.0], dark=0.5) == pytest.approx([np.log(0.5), np.log(1.5)])
    with pytest.raises(ValueError):
        log_intensity([-1.0])
    with pytest.raises(ValueError):
        log_intensity([1.0], dark=0)


@pytest.fixture(scope="module")
def recordings():
    """Return five recordings of each digit."""
    return [[simulate_digit(digit, seed) for seed in range(5)] for digit in range(10)]


def same(a, b) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in "txyp")


def test_same_seed_same_events_other_seed_others(recordings):
    assert same(simulate_digit(3, 1), recordings[3][1])
    assert not same(recordings[3][0], recordings[3][1])
    assert not same(recordings[3][0], recordings[5][0])


def test_every_digit_stays_within_the_range_of_recorded_ones(recordings):
    for events in (events for several in recordings for events in several):
        assert (events.width, events.height) == (34, 34)
        assert REAL_EVENTS[0] <= len(events) <= REAL_EVENTS[1]
        assert REAL_ON_SHARE[0] <= events.n_on / len(events) <= REAL_ON_SHARE[1]
        assert REAL_LAST_EVENT_US[0] <= events.t[-1] <= REAL_LAST_EVENT_US[1]
        assert 0 <= events.t[0] < 20_000


def test_digits_have_as_many_events_as_recorded_ones(recordings):
    simulated = [np.mean([len(events) for events in several]) for several in recordings]
    assert np.mean(simulated) == pytest.approx(np.mean(REAL_MEAN_EVENTS), rel=0.1)
    assert simulated == pytest.approx(REAL_MEAN_EVENTS, rel=0.3)


def test_digits_lie_and_move_as_recorded_ones(recordings):
    everything = [events for several in recordings for events in several]
    centres = [(events.x.mean(), events.y.mean()) for events in everything]
    assert np.mean(centres, axis=0) == pytest.approx(REAL_CENTRE_PX, abs=0.5)
    for start_us, offset in REAL_ON_MINUS_OFF_PX.items():
        found = []
        for events in everything:
            part = events.between(start_us, start_us + 10_000)
            on = part.p == 1
            found.append([axis[on].mean() - axis[~on].mean() for axis in (part.x, part.y)])
        assert np.mean(found, axis=0) == pytest.approx(offset, abs=1.0)


def test_events_come_in_three_bursts(recordings):
    events = [events for several in recordings for events in several]
    t = np.concatenate([one.t for one in events])
    in_pauses = sum(np.count_nonzero((t >= a) & (t < a + 10_000)) for a in (92_000, 213_000))
    in_saccades = sum(np.count_nonzero((t >= a) & (t < a + 10_000)) for a in (45_000, 150_000))
    assert in_saccades > 5 * in_pauses


@pytest.mark.parametrize("digit", [-1, 10])
def test_what_is_not_a_digit_is_refused(digit):
    with pytest.raises(ValueError, match="0 to 9"):
        simulate_digit(digit, 0)


def test_simulation_loads_nothing_heavy():
    code = (
        "import sys, masnn.simulate, masnn.writers\n"
        "print({'torch', 'tonic', 'matplotlib', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
