"""Simulated gestures: the body keeps its bones, right is right, clockwise is clockwise."""

import numpy as np
import pytest

from masnn.readers import read_events
from masnn.simulate import GESTURES, GestureSet, simulate_gesture, simulate_gesture_set
from masnn.simulate.body import LEFT, RIGHT, Body, arm
from masnn.simulate.gestures import Habit, move
from masnn.simulate.performance import subject
from masnn.simulate.room import SENSOR_PX, Backdrop, Light, contrasting, moments, render

T = np.arange(0, 4, 0.01)
HABIT = Habit(pace=1.0, vigour=1.0, right_handed=True, unsteady=0.05)


def arms(gesture, seed, habit=HABIT):
    """Return the shapes of both arms: {side: [upper arm, forearm, palm, thumb, fingers...]}."""
    motions = move(gesture, habit, T, np.random.default_rng(seed))
    return {side: arm(Body(), side, motion) for side, motion in motions.items()}


def turn(path):
    """Return the signed turns of a path in the picture (x right, y up), counter-clockwise > 0."""
    x, y = (path[:, i] - path[:, i].mean() for i in (0, 1))
    return np.unwrap(np.arctan2(y, x))[[0, -1]] @ [-1, 1] / (2 * np.pi)


@pytest.mark.parametrize("gesture", GESTURES)
@pytest.mark.parametrize("seed", range(6))
def test_bones_keep_their_length(gesture, seed):
    body = Body()
    for side, shapes in arms(gesture, seed).items():
        upper, fore = shapes[:2]
        for shape, length in ((upper, body.arm_m[0]), (fore, body.arm_m[1])):
            assert np.linalg.norm(shape.end - shape.start, axis=1) == pytest.approx(length)
        assert np.allclose(upper.start, body.shoulder(side)) and np.allclose(upper.end, fore.start)
        # Nothing jumps: no joint is faster than 12 m/s.
        assert max(np.abs(np.diff(s.end, axis=0)).max() for s in shapes) < 0.12


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("name", "side"), [("right", RIGHT), ("left", LEFT)])
def test_the_named_hand_waves_and_the_other_rests(name, side, seed):
    shapes = arms(f"{name}_hand_wave", seed)
    moved = {s: np.ptp(parts[2].end[:, 0]) for s, parts in shapes.items()}
    assert moved[side] > 3 * moved[-side]
    # Raised, and on its own side of the body: right is left in the picture, which is not mirrored.
    assert (shapes[side][2].end[:, 1] > -0.35).all()
    assert np.sign(shapes[side][2].end[:, 0].mean()) == side


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("gesture", "side", "in_picture"),
    [
        ("right_arm_clockwise", RIGHT, 1),
        ("right_arm_counter_clockwise", RIGHT, -1),
        ("left_arm_clockwise", LEFT, 1),
        ("left_arm_counter_clockwise", LEFT, -1),
    ],
)
def test_clockwise_is_the_performers(gesture, side, in_picture, seed):
    # Seen from behind the camera all turns run the other way round.
    turns = turn(arms(gesture, seed)[side][2].end)
    assert turns * in_picture > 1.5


def test_hands_meet_when_they_clap():
    for seed in range(6):
        right, left = (arms("hand_clapping", seed)[side][2].end for side in (RIGHT, LEFT))
        gap = np.linalg.norm(right - left, axis=1)
        closings = np.sum((gap[1:-1] < gap[:-2]) & (gap[1:-1] <= gap[2:]) & (gap[1:-1] < 0.15))
        assert 4 <= closings <= 16 and np.ptp(gap) > 0.08


def test_left_handers_play_the_guitar_the_other_way_round():
    for right_handed, strumming in ((True, RIGHT), (False, LEFT)):
        habit = Habit(1.0, 1.0, right_handed, 0.05)
        hands = arms("air_guitar", 3, habit)
        speed = {s: np.abs(np.diff(p[2].end[:, 1])).mean() for s, p in hands.items()}
        assert speed[strumming] > 2 * speed[-strumming]


def test_an_unknown_gesture_is_refused():
    with pytest.raises(ValueError, match="gesture must be one of"):
        move("bow", HABIT, T, np.random.default_rng(0))
    with pytest.raises(ValueError, match="gesture must be one of"):
        simulate_gesture("bow", 0)
    with pytest.raises(ValueError, match="duration_s"):
        simulate_gesture("arm_roll", 0, duration_s=0.01)


def test_the_scene_follows_the_shapes():
    """A bright capsule that moves right over a dark wall is where the render shows it."""
    ends = np.zeros((101, 1, 6))
    ends[:, 0] = (20, 64, 4, 20, 64, 4)
    ends[:, 0, 0] = ends[:, 0, 3] = 20 + 0.5 * np.arange(101)
    light = Light("led", 1.0)
    backdrop = Backdrop(light, 0.9, np.random.default_rng(1))
    backdrop.sways = False
    times = moments(ends, light)
    assert times[0] == 0 and times[-1] == 100 and np.diff(times).max() <= 2
    looks = np.array([[0.9, 0.0, 0.0, 0.0, 0.0]])
    frames = list(render(ends[times], looks, np.ones((len(times), 1)), backdrop, light, times, 1.0))
    for ms, frame in zip(times, frames, strict=True):
        bright = np.argwhere(np.exp(frame) > 0.88)
        assert bright[:, 1].mean() + 0.5 == pytest.approx(20 + 0.5 * ms, abs=0.6)
        assert len(bright) == pytest.approx(np.pi * 16, rel=0.25)


def test_skin_can_be_told_from_its_ground():
    rng = np.random.default_rng(0)
    assert all(abs(np.log(contrasting(0.3, (0.04, 0.9), rng) / 0.3)) > 0.35 for _ in range(200))


def test_performers_differ():
    people = [subject(np.random.default_rng(i)) for i in range(60)]
    assert len({p.body.size for p in people}) == 60
    assert 0 < sum(not p.habit.right_handed for p in people) < 20


def test_equal_seeds_give_equal_recordings():
    first, again = (simulate_gesture("arm_roll", 5, duration_s=0.3) for _ in range(2))
    other = simulate_gesture("arm_roll", 6, duration_s=0.3)
    assert np.array_equal(first.t, again.t) and np.array_equal(first.x, again.x)
    assert len(other) != len(first) or not np.array_equal(other.t, first.t)
    assert (first.width, first.height) == (SENSOR_PX, SENSOR_PX)


def test_recordings_are_of_the_order_of_real_ones():
    """Within what DVS128 recordings of gestures show: 10^4.. to 10^6 events in 6 s, half ON."""
    recordings = [simulate_gesture(g, 100 + i, duration_s=1) for i, g in enumerate(GESTURES * 3)]
    rates = np.array([6 * len(events) for events in recordings])
    assert 3e4 < np.median(rates) < 3e5 and rates.min() > 3e3 and rates.max() < 3e6
    shares = [events.n_on / len(events) for events in recordings]
    assert 0.45 < np.median(shares) < 0.56


def test_a_set_keeps_its_performers_apart_and_goes_on_where_it_stopped(tmp_path):
    what = GestureSet(seed=3, training_subjects=1, test_subjects=1, duration_s=0.05)
    assert len(what) == 2 * 3 * 11
    files = {what.file(i) for i in range(len(what))}
    assert len(files) == len(what)
    people = {
        part: {f.name[:10] for f in files if f.parts[0] == part} for part in ("train", "test")
    }
    assert people == {"train": {"subject000"}, "test": {"subject001"}}
    simulate_gesture_set(tmp_path, what, workers=2)
    written = {p.relative_to(tmp_path) for p in tmp_path.rglob("*.npz")}
    assert written == files
    lost, kept = tmp_path / what.file(7), tmp_path / what.file(8)
    content, time = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    seen = []
    simulate_gesture_set(tmp_path, what, workers=1, progress=lambda *numbers: seen.append(numbers))
    assert seen == [(66, 66)] and lost.read_bytes() == content
    assert kept.stat().st_mtime_ns == time
    assert len(read_events(lost)) > 0
    with pytest.raises(FileExistsError, match="other settings"):
        simulate_gesture_set(tmp_path, GestureSet(seed=4, training_subjects=1, test_subjects=1))
