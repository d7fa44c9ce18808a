"""A recording of a gesture: who performs, where, in what light, before which camera.

What varies follows DVS128 Gesture (29 performers, three illuminations, about 6 s each) and goes
beyond it on purpose, so that networks trained on it meet real recordings of other set-ups: hands
close to the camera with no body in sight, dense and sparse events, off-centre views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from masnn.events import Events
from masnn.simulate.body import LEFT, RIGHT, Body, Shape, arm, trunk
from masnn.simulate.camera import EventCamera
from masnn.simulate.gestures import GESTURES, Habit, move
from masnn.simulate.room import SENSOR_PX, Backdrop, Light, contrasting, lights, moments, render

Array = NDArray[np.float64]
Rng = np.random.Generator

#: Gestures of one hand, which may also be seen from so near that the body is out of the picture.
_ONE_HANDED = {name: RIGHT if name.startswith("right") else LEFT for name in GESTURES[1:7]}


@dataclass(frozen=True)
class Subject:
    """A performer, the same from one recording to the next."""

    body: Body
    habit: Habit


def subject(rng: Rng) -> Subject:
    """Return a random performer."""
    skin = float(rng.uniform(0.2, 0.7))
    body = Body(
        size=float(rng.normal(1.0, 0.07)),
        breadth=float(np.exp(rng.normal(0.0, 0.12))),
        skin=skin,
        cloth=contrasting(skin, (0.04, 0.8), rng),
        hair=float(rng.uniform(0.03, 0.5)),
        sleeve=int(rng.choice((0, 1, 2), p=(0.1, 0.35, 0.55))),
        stripes=float(rng.choice((0.0, rng.uniform(0.05, 0.3)))),
        n_stripes=float(rng.uniform(1.5, 6.0)),
    )
    habit = Habit(
        pace=float(np.exp(rng.normal(0.0, 0.18))),
        vigour=float(np.exp(rng.normal(0.0, 0.2))),
        right_handed=bool(rng.random() < 0.88),
        unsteady=float(rng.uniform(0.02, 0.12)),
    )
    return Subject(body, habit)


def simulate_gesture(
    gesture: str,
    seed: int,
    *,
    duration_s: float = 6.0,
    who: Subject | None = None,
    light: Light | None = None,
) -> Events:
    """Return a recording of a gesture, 128 x 128 px.

    Args:
        gesture: One of `gestures.GESTURES`.
        seed: Chooses all that varies; equal arguments give equal events.
        duration_s: Length in s.
        who: The performer; None for one chosen by the seed.
        light: The illumination; None for one chosen by the seed.

    Raises:
        ValueError: If there is no such gesture, or the duration is not 0.05 to 60 s.
    """
    if gesture not in GESTURES:
        raise ValueError(f"gesture must be one of {', '.join(GESTURES)}; found {gesture!r}")
    if not 0.05 <= duration_s <= 60:
        raise ValueError(f"duration_s must be 0.05 to 60, found {duration_s}")
    rng = np.random.default_rng((seed, GESTURES.index(gesture)))
    if who is None:
        who = subject(rng)
    if light is None:
        light = lights(rng)[int(rng.integers(3))]
    t = np.arange(round(duration_s * 1000) + 1) / 1000
    near = gesture in _ONE_HANDED and bool(rng.random() < (0.2 if "wave" in gesture else 0.05))
    shapes, hand = _perform(gesture, who, t, near, rng)
    view = _near_view(hand, rng) if near else _full_view(rng)
    ends, looks, depth = view.project(shapes)
    backdrop = Backdrop(light, who.body.skin, rng)
    times = moments(ends, light)
    frames = render(ends[times], looks, depth[times], backdrop, light, times, view.softness)
    return _camera(light, rng).record(frames, times * 1000.0, rng)


def _perform(
    gesture: str, who: Subject, t: Array, near: bool, rng: Rng
) -> tuple[list[Shape], Array]:
    """Return the moving shapes and the path of the hand that the view may follow."""
    motions = move(gesture, who.habit, t, rng)
    side = _ONE_HANDED.get(gesture, RIGHT)
    limbs = {s: arm(who.body, s, motion) for s, motion in motions.items()}
    hand = limbs[side][2].end
    if near and "wave" in gesture and rng.random() < 0.75:
        _, forearm, *rest = limbs[side]
        # Longer than it is, so that it comes from outside the picture.
        elbow = forearm.end + 3.0 * (forearm.start - forearm.end)
        return [replace(forearm, start=elbow), *rest], hand
    sway = rng.normal(0, 0.015, 4) * np.sin(
        2 * np.pi * rng.uniform(0.1, 0.6, 4) * t[:, None] + rng.uniform(0, 6, 4)
    )
    return [*trunk(who.body, sway[:, :2], 2 * sway[:, 2:]), *limbs[RIGHT], *limbs[LEFT]], hand


@dataclass(frozen=True)
class _View:
    """A pinhole camera in front of the performer."""

    centre: Array
    px_per_m: float
    distance_m: float
    yaw: float
    softness: float

    def project(self, shapes: list[Shape]) -> tuple[Array, Array, Array]:
        """Return ends and radii in px (n, k, 6), looks (k, 5) and distances (n, k) of shapes."""
        turn = np.array(
            [
                [np.cos(self.yaw), 0, np.sin(self.yaw)],
                [0, 1, 0],
                [-np.sin(self.yaw), 0, np.cos(self.yaw)],
            ]
        )
        columns, depths = [], []
        for shape in shapes:
            parts = []
            for end, radius in zip((shape.start, shape.end), shape.radii, strict=True):
                place = end @ turn.T - self.centre
                away = np.maximum(self.distance_m - place[:, 2], 0.15)
                scale = self.px_per_m * self.distance_m / away
                middle = SENSOR_PX / 2
                parts += [
                    middle + scale * place[:, 0],
                    middle - scale * place[:, 1],
                    scale * radius,
                ]
                depths.append(away)
            columns.append(np.stack(parts, axis=1))
        away = np.stack(depths, axis=1)
        behind = np.array([shape.behind for shape in shapes])
        looks = np.array([shape.look for shape in shapes])
        return np.stack(columns, axis=1), looks, (away[:, ::2] + away[:, 1::2]) / 2 + behind


def _full_view(rng: Rng) -> _View:
    """Return a view of the upper body from a camera on a tripod, as in DVS128 Gesture."""
    span = float(np.exp(rng.normal(np.log(1.7), 0.07)))
    centre = np.array([rng.normal(0, 0.05), rng.normal(-0.08, 0.05), 0.0])
    return _View(centre, SENSOR_PX / span, float(rng.uniform(1.4, 2.6)),
                 float(rng.normal(0, 0.08)), float(rng.uniform(1.0, 1.6)))  # fmt: skip


def _near_view(hand: Array, rng: Rng) -> _View:
    """Return a view of a hand before the camera, not always in the middle."""
    span = float(rng.uniform(0.3, 0.9))
    centre = hand.mean(0) + np.array([*rng.normal(0, 0.16, 2) * span, 0.0])
    centre[2] = 0.0
    distance = float(rng.uniform(0.6, 1.5)) + float(hand[:, 2].max())
    # The span is meant where the hand is, not where the shoulders are.
    scale = SENSOR_PX / span * (distance - float(hand[:, 2].mean())) / distance
    return _View(centre, scale, distance, float(rng.normal(0, 0.2)), float(rng.uniform(1.0, 2.2)))


def _camera(light: Light, rng: Rng) -> EventCamera:
    """Return a DVS128 as somebody may have set it up."""
    threshold = float(np.exp(rng.uniform(np.log(0.12), np.log(0.32))))
    balance = float(np.exp(rng.normal(0, 0.08)))
    camera = EventCamera(
        threshold_on=threshold * balance,
        threshold_off=threshold / balance,
        threshold_sigma=float(rng.uniform(0.08, 0.2)),
        refractory_us=float(rng.uniform(300, 2000)),
        noise_hz=float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))),
        bandwidth_hz=float(rng.uniform(60, 400)),
        light_bound=True,
        leak_hz=float(rng.uniform(0.0, 0.04)),
        hot_pixels=float(rng.uniform(0.0, 0.002)),
        hot_hz=float(rng.uniform(5, 40)),
    )
    return replace(camera, noise_hz=camera.noise_hz / max(light.level, 0.3) ** 0.5)
