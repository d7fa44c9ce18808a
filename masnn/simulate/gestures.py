"""The eleven gestures of DVS128 Gesture as motions of two arms.

Classes, names and order are those of Amir et al., "A Low Power, Fully Event-Based Gesture
Recognition System", CVPR 2017. Right and left are the performer's: who faces the camera waves the
right hand in the left half of the picture, which is not mirrored. Clockwise is meant as the
performer sees it, whose arm goes up on its outer side when the right one circles counter-clockwise;
in the picture clockwise circles therefore run counter-clockwise. The data set's paper does not
define the word; this is the reading that goes with its performer's right and left.

An arm's places are in arm lengths from its shoulder: outward, up, forward (`body.ArmMotion`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from masnn.simulate.body import LEFT, RIGHT, ArmMotion

Array = NDArray[np.float64]
Rng = np.random.Generator

#: Names in the order of DVS128 Gesture's labels 1 to 11, spelled as tonic spells them.
GESTURES = (
    "hand_clapping",
    "right_hand_wave",
    "left_hand_wave",
    "right_arm_clockwise",
    "right_arm_counter_clockwise",
    "left_arm_clockwise",
    "left_arm_counter_clockwise",
    "arm_roll",
    "air_drums",
    "air_guitar",
    "other_gestures",
)

_DOWN_AND_OUT = np.array([0.6, -1.0, -0.2])
_DOWN_AND_BACK = np.array([0.3, -1.0, -0.8])


@dataclass(frozen=True)
class Habit:
    """How somebody moves, whatever the gesture.

    Args:
        pace: Speed relative to the usual one.
        vigour: Amplitude relative to the usual one.
        right_handed: Which hand leads where a gesture does not say.
        unsteady: How much speed and places wander, about 0.03-0.15.
    """

    pace: float
    vigour: float
    right_handed: bool
    unsteady: float


def move(gesture: str, habit: Habit, t: Array, rng: Rng) -> dict[float, ArmMotion]:
    """Return the motion of both arms.

    Args:
        gesture: One of `GESTURES`.
        habit: How this performer moves.
        t: Times in s, shape (n,).
        rng: Chooses what differs from one performance to the next.

    Raises:
        ValueError: If there is no such gesture.
    """
    if gesture not in GESTURES:
        raise ValueError(f"gesture must be one of {', '.join(GESTURES)}; found {gesture!r}")
    clock = _Clock(habit, t, rng)
    lead = RIGHT if habit.right_handed else LEFT
    side = LEFT if gesture.startswith("left") else RIGHT
    match gesture:
        case "hand_clapping":
            return _clap(clock)
        case "right_hand_wave" | "left_hand_wave":
            return {side: _wave(clock), -side: _rest(clock)}
        case "arm_roll":
            return _roll(clock)
        case "air_drums":
            return _drums(clock, lead)
        case "air_guitar":
            return _guitar(clock, lead)
        case "other_gestures":
            return _other(clock, lead)
    # As the performer sees it, clockwise: the right arm goes down on its outer side, the left up.
    clockwise = not gesture.endswith("counter_clockwise")
    up_outside = clockwise == (side == LEFT)
    return {side: _circle(clock, 1.0 if up_outside else -1.0), -side: _rest(clock)}


class _Clock:
    """Give phases and wanderings of one performance."""

    def __init__(self, habit: Habit, t: Array, rng: Rng) -> None:
        self.habit, self.t, self.rng = habit, t, rng

    def any(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def wander(self, size: float) -> Array:
        """Return a slow random function of time of about `size`, shape (n,)."""
        rates, phases = self.rng.uniform(0.1, 0.9, 3), self.rng.uniform(0, 2 * np.pi, 3)
        waves = np.sin(2 * np.pi * self.t[:, None] * rates + phases)
        total: Array = size * waves.sum(1) / np.sqrt(1.5)
        return total

    def phase(self, low_hz: float, high_hz: float) -> Array:
        """Return a phase in rad that grows at a rate of this range times the performer's pace."""
        turns = self.any(low_hz, high_hz) * self.habit.pace * self.t
        uneven = self.wander(self.habit.unsteady)
        phase: Array = 2 * np.pi * (turns + uneven + self.rng.random())
        return phase

    def places(self, *axes: Array | float) -> Array:
        """Return (n, 3) places that wander a little."""
        size = 0.12 * self.habit.unsteady
        return np.stack([axis + self.wander(size) for axis in axes], axis=1)

    def still(self, value: float) -> Array:
        return np.full(self.t.size, value)


def _rest(clock: _Clock) -> ArmMotion:
    """An arm that hangs, or rests on the hip or before the belly."""
    if clock.chance(0.75):
        wrist = clock.places(clock.any(0.02, 0.2), clock.any(-0.99, -0.93), clock.any(0, 0.15))
    else:
        wrist = clock.places(clock.any(-0.35, 0.05), clock.any(-0.8, -0.6), clock.any(0.2, 0.35))
    roll = clock.still(clock.any(0.8, 1.6))
    return ArmMotion(wrist, np.array([0.7, -0.3, -0.7]), clock.still(0.0), roll, curl=0.5)


def _clap(clock: _Clock) -> dict[float, ArmMotion]:
    """Both hands meet in front of the chest, 1.5 to 3.5 times a second."""
    phase = clock.phase(1.5, 3.3)
    gap = clock.any(0.10, 0.28) * clock.habit.vigour
    # 0 at the clap; apart for longer than together.
    apart = gap * np.sqrt(0.5 - 0.5 * np.cos(phase) + 0.002)
    height, ahead = clock.any(-0.45, 0.0), clock.any(0.45, 0.65)
    lift = clock.any(-0.1, 0.15) * (apart / max(gap, 1e-6)) * gap
    midline = -0.19  # forearms point inward: the wrists stay a hand apart
    motions = {}
    for side in (RIGHT, LEFT):
        wrist = clock.places(midline + apart, height + lift, ahead)
        roll = clock.still(clock.any(1.0, 1.5))
        motions[side] = ArmMotion(wrist, _DOWN_AND_OUT, clock.still(0.0), roll, curl=0.1)
    return motions


def _wave(clock: _Clock) -> ArmMotion:
    """A raised hand swings from side to side, from the elbow, the wrist, or the whole arm."""
    phase = clock.phase(1.0, 3.0)
    swing = np.sin(phase)
    angle = clock.any(0.25, 0.75) * clock.habit.vigour
    wrist_part = clock.any(0.0, 1.5)  # above 1 the hand does more than the arm
    # The elbow hangs beside the body or is lifted; the forearm swings about it.
    lift, out = clock.any(-0.42, 0.15), clock.any(0.12, 0.42)
    lean = clock.any(-0.25, 0.35)
    tilt = lean + angle * np.exp(-wrist_part) * swing
    ahead = clock.any(0.1, 0.4)
    fore = 0.46
    wrist = clock.places(
        out + fore * np.sin(tilt), lift + fore * np.cos(tilt), ahead + clock.wander(0.02)
    )
    # The hand follows late.
    flex = wrist_part * angle * np.sin(phase - clock.any(0.2, 1.0))
    roll = clock.any(-0.5, 0.9) + clock.wander(0.08)
    spread = clock.any(0.02, 0.25)
    return ArmMotion(wrist, _DOWN_AND_OUT, flex, roll, curl=clock.any(0.0, 0.25), spread=spread)


def _circle(clock: _Clock, turn: float) -> ArmMotion:
    """The hand goes round before or beside the body; `turn` 1 goes up on the outer side."""
    phase = clock.phase(0.6, 1.5)
    radius = min(clock.any(0.24, 0.55) * clock.habit.vigour, 0.7)
    flat = clock.any(0.75, 1.15)  # nobody draws true circles
    # A large circle is one of the straight arm about the shoulder, a small one of a bent arm.
    out = clock.any(0.1, 0.55)
    height = clock.any(-0.25, 0.25)
    ahead = np.sqrt(max(0.1, 0.93 - (radius + abs(out)) ** 2)) * clock.any(0.55, 0.9)
    wrist = clock.places(
        out + radius * np.cos(phase), height + turn * flat * radius * np.sin(phase), ahead
    )
    roll = clock.any(0.0, 1.4) + clock.wander(0.2)
    return ArmMotion(wrist, _DOWN_AND_OUT, clock.still(0.0), roll, curl=clock.any(0.1, 0.9))


def _roll(clock: _Clock) -> dict[float, ArmMotion]:
    """Forearms lie across the chest and turn round each other."""
    phase = clock.phase(1.0, 2.2) * (1.0 if clock.chance(0.7) else -1.0)
    radius = clock.any(0.12, 0.24) * clock.habit.vigour
    height, ahead, across = clock.any(-0.5, -0.1), clock.any(0.42, 0.6), clock.any(-0.5, -0.25)
    motions = {}
    for side, shift in ((RIGHT, 0.0), (LEFT, np.pi)):
        wrist = clock.places(
            across,
            height + radius * np.sin(phase + shift),
            ahead + 0.8 * radius * np.cos(phase + shift),
        )
        roll = clock.still(clock.any(0.3, 1.2))
        elbow = np.array([1.0, -0.3, 0.0])
        motions[side] = ArmMotion(wrist, elbow, clock.still(0.0), roll, curl=clock.any(0.3, 1.0))
    return motions


def _drums(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    """Both fists beat down on drums at the waist, mostly in turn."""
    phase = clock.phase(1.5, 3.2)
    together = clock.chance(0.15)
    height, ahead = clock.any(-0.62, -0.35), clock.any(0.5, 0.65)
    motions = {}
    for side in (RIGHT, LEFT):
        beat = clock.any(0.12, 0.28) * clock.habit.vigour
        shift = 0.0 if side == lead or together else np.pi
        # Down faster than up.
        up = 0.5 + 0.5 * np.sin(phase + shift + 0.5 * np.sin(phase + shift))
        swings = clock.any(0.0, 0.1) * np.sin(phase / 2 + clock.any(0, 6))
        wrist = clock.places(
            clock.any(-0.15, 0.2) + swings, height + beat * up, ahead - 0.2 * beat * up
        )
        roll = clock.still(clock.any(0.9, 1.6))
        motions[side] = ArmMotion(wrist, _DOWN_AND_BACK, clock.still(0.0), roll, curl=0.95)
    return motions


def _guitar(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    """The leading hand strums before the belly, the other one holds the neck."""
    phase = clock.phase(1.8, 4.0)
    stroke = clock.any(0.08, 0.22) * clock.habit.vigour
    strumming = ArmMotion(
        clock.places(
            clock.any(-0.45, -0.15) + 0.35 * stroke * np.sin(phase),
            clock.any(-0.75, -0.5) + stroke * np.sin(phase),
            clock.any(0.3, 0.45),
        ),
        np.array([1.0, -0.3, -0.5]),
        0.5 * np.sin(phase - 0.6),
        clock.still(clock.any(0.5, 1.3)),
        curl=clock.any(0.3, 0.8),
    )
    slide = clock.any(0.0, 0.14) * np.sin(clock.phase(0.2, 0.7))
    holding = ArmMotion(
        clock.places(
            clock.any(0.2, 0.5) + slide, clock.any(-0.4, -0.05) + 0.4 * slide, clock.any(0.4, 0.55)
        ),
        np.array([0.5, -1.0, 0.0]),
        0.15 * np.sin(clock.phase(1.0, 4.0)),
        clock.still(clock.any(-0.6, 0.4)),
        curl=clock.any(0.4, 0.8),
    )
    return {lead: strumming, -lead: holding}


def _other(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    """What performers invent, here one of three: boxing, flapping both arms, waving both hands."""
    inventions = (_box, _flap, _wave_both)
    return inventions[int(clock.rng.integers(len(inventions)))](clock, lead)


def _fist(clock: _Clock, wrist: Array, elbow: Array = _DOWN_AND_OUT) -> ArmMotion:
    return ArmMotion(wrist, elbow, clock.still(0.0), clock.still(clock.any(0.6, 1.4)), curl=0.95)


def _box(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    phase = clock.phase(0.9, 1.8)
    motions = {}
    for side, shift in ((lead, 0.0), (-lead, np.pi)):
        out = np.clip(np.sin(phase + shift), 0, 1) ** 2
        wrist = clock.places(-0.2 + 0.1 * out, -0.2 + 0.2 * out, 0.35 + 0.6 * out)
        motions[side] = _fist(clock, wrist)
    return motions


def _flap(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    phase = clock.phase(0.6, 1.4)
    angle = clock.any(-0.3, 0.1) + clock.any(0.5, 0.9) * clock.habit.vigour * np.sin(phase)
    motions = {}
    for side in (RIGHT, LEFT):
        wrist = clock.places(0.95 * np.cos(angle), 0.95 * np.sin(angle), 0.1)
        motions[side] = replace(_fist(clock, wrist), curl=0.1)
    return motions


def _wave_both(clock: _Clock, lead: float) -> dict[float, ArmMotion]:
    start = clock.rng.bit_generator.state
    motions = {RIGHT: _wave(clock)}
    if clock.chance(0.7):  # in step: the same motion again
        clock.rng.bit_generator.state = start
    motions[LEFT] = _wave(clock)
    return motions
