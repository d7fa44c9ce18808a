"""An upper body that faces the camera: head, torso, two arms with hands, as tapered capsules.

Places are in metres from the middle between the shoulders: x towards the performer's left hand,
which is right in the picture (the camera does not mirror), y up, z towards the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Sides of the performer as signs of x.
RIGHT, LEFT = -1.0, 1.0


@dataclass(frozen=True)
class Body:
    """Hold lengths in metres and luminances (0-1) of a performer.

    Args:
        size: All lengths relative to an adult of 1.75 m.
        breadth: Widths and radii relative to the lengths.
        skin: Luminance of hands and head.
        cloth: Luminance of torso and sleeves.
        hair: Luminance of the hair.
        sleeve: Where sleeves end: 0 at the shoulder, 1 at the elbow, 2 at the wrist.
        stripes: Depth of the folds and stripes of the clothing, 0-1.
        n_stripes: Their number along a limb.
    """

    size: float = 1.0
    breadth: float = 1.0
    skin: float = 0.5
    cloth: float = 0.2
    hair: float = 0.1
    sleeve: int = 2
    stripes: float = 0.1
    n_stripes: float = 3.0

    @property
    def arm_m(self) -> tuple[float, float]:
        """Return the lengths of upper arm and forearm in metres."""
        return 0.29 * self.size, 0.25 * self.size

    def shoulder(self, side: float) -> Array:
        """Return the place of a shoulder, shape (3,)."""
        return np.array([side * 0.18 * self.size * self.breadth, 0.0, 0.0])


@dataclass(frozen=True)
class ArmMotion:
    """Say where an arm goes; n is the number of times.

    Args:
        wrist: Place of the wrist from the shoulder in arm lengths: outward, up, forward; (n, 3).
        elbow: Direction into which the elbow points, same axes, shape (3,) or (n, 3).
        flex: Angle of the hand to the forearm in the plane of the palm in rad, outward positive,
            shape (n,).
        roll: Turn of the palm about the forearm in rad, 0 = palm to the camera; shape (n,).
        curl: 0 for a flat hand, 1 for a fist.
        spread: Angle between two fingers in rad.
    """

    wrist: Array
    elbow: Array
    flex: Array
    roll: Array
    curl: float = 0.2
    spread: float = 0.06


@dataclass(frozen=True)
class Shape:
    """A moving capsule: two ends (n, 3) in metres, their radii, and how it looks.

    `look` is (luminance, darkening of the rim, depth of stripes, number of stripes, their phase);
    `behind` is by how many metres it is drawn as if it were farther away.
    """

    start: Array
    end: Array
    radii: tuple[float, float]
    look: tuple[float, float, float, float, float]
    behind: float = 0.0


def arm(body: Body, side: float, motion: ArmMotion) -> list[Shape]:
    """Return the capsules of an arm: upper arm, forearm, palm, four fingers, thumb.

    Args:
        body: Sizes and looks.
        side: RIGHT or LEFT.
        motion: Where wrist, elbow and hand go.
    """
    upper_m, fore_m = body.arm_m
    outward = np.array([side, 1.0, 1.0])
    shoulder = body.shoulder(side)
    reach = motion.wrist * (upper_m + fore_m) * outward
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    # What is farther than an arm is reached for; what is nearer than it folds is kept off.
    held = np.clip(distance, abs(upper_m - fore_m) * 1.2 + 0.02, 0.985 * (upper_m + fore_m))
    axis = reach / np.maximum(distance, 1e-9)
    wrist = shoulder + axis * held
    # Two bones: the elbow lies on a circle about the line from shoulder to wrist.
    along = (held**2 + upper_m**2 - fore_m**2) / (2 * held)
    off = np.sqrt(np.maximum(upper_m**2 - along**2, 0.0))
    hint = np.broadcast_to(motion.elbow * outward, axis.shape)
    aside = _unit(hint - (hint * axis).sum(1, keepdims=True) * axis)
    elbow = shoulder + axis * along + aside * off
    thick = body.size * body.breadth
    upper_look = _cloth(body, 0.7) if body.sleeve >= 1 else _skin(body)
    fore_look = _cloth(body, 2.1) if body.sleeve >= 2 else _skin(body)
    return [
        Shape(
            np.broadcast_to(shoulder, elbow.shape), elbow, (0.06 * thick, 0.045 * thick), upper_look
        ),
        Shape(elbow, wrist, (0.044 * thick, 0.030 * thick), fore_look),
        *_hand(body, side, wrist, _unit(wrist - elbow), motion),
    ]


def trunk(body: Body, lean: Array, nod: Array) -> list[Shape]:
    """Return torso, neck and head.

    Args:
        body: Sizes and looks.
        lean: How far the legs' ends are from under the shoulders, x and z in metres, (n, 2).
        nod: How far the head is from over them, x and z in metres, shape (n, 2).
    """
    s, wide = body.size, body.size * body.breadth
    n = len(lean)

    def at(x: float, y: float, moved: Array | None = None) -> Array:
        place = np.tile(np.array([x, y, 0.0]), (n, 1))
        if moved is not None:
            place[:, (0, 2)] += moved
        return place

    cloth, skin = _cloth(body, 0.0), _skin(body)
    hair = (body.hair, 0.2, 0.0, 0.0, 0.0)
    sides = [
        Shape(at(side * 0.11 * wide, -0.07 * s), at(side * 0.09 * wide, -1.6 * s, lean),
              (0.09 * wide, 0.10 * wide), cloth)
        for side in (RIGHT, LEFT)
    ]  # fmt: skip
    parts = [
        Shape(at(0, 0.20 * s, nod), at(0, -0.02 * s), (0.055 * wide, 0.06 * wide), skin),
        Shape(at(-0.17 * wide, -0.02 * s), at(0.17 * wide, -0.02 * s), (0.06 * wide,) * 2, cloth),
        *sides,
        Shape(at(0, -0.10 * s), at(0, -1.6 * s, lean), (0.10 * wide, 0.11 * wide), cloth),
        Shape(at(0, 0.29 * s, nod), at(0, 0.20 * s, nod), (0.085 * s, 0.068 * s), skin),
        Shape(at(-0.03 * s, 0.345 * s, nod), at(0.03 * s, 0.345 * s, nod), (0.062 * s,) * 2, hair),
    ]
    # In this order, and all behind the arms: shapes of one distance would swap places.
    return [replace(part, behind=1.0 - 0.01 * i) for i, part in enumerate(parts)]


def _hand(body: Body, side: float, wrist: Array, forearm: Array, motion: ArmMotion) -> list[Shape]:
    """Return palm, fingers and thumb; a raised palm to the camera has its thumb inward."""
    inward = np.array([-side, 0.0, 0.0])
    across = inward - (forearm @ inward)[:, None] * forearm
    # A forearm along x has no inward side: the nearer it comes to that, the more its thumb is up.
    up = np.array([0.0, 1.0, 0.0])
    upward = up - (forearm @ up)[:, None] * forearm
    lack = np.clip(1 - np.linalg.norm(across, axis=1, keepdims=True) / 0.7, 0, 1)
    across = _unit(across + lack * upward)
    roll = motion.roll[:, None]
    thumbward = np.cos(roll) * across + side * np.sin(roll) * np.cross(forearm, across)
    flex = motion.flex[:, None]
    straight = np.cos(flex) * forearm - np.sin(flex) * thumbward
    thumbward = np.cos(flex) * thumbward + np.sin(flex) * forearm
    s, thick = body.size, body.size * body.breadth
    skin = _skin(body)
    knuckles = wrist + 0.085 * s * straight
    shapes = [
        Shape(wrist + 0.015 * s * straight, knuckles, (0.030 * thick, 0.040 * thick), skin),
        Shape(wrist + 0.03 * s * straight + 0.02 * s * thumbward,
              wrist + s * (1 - 0.4 * motion.curl) * (0.075 * straight + 0.065 * thumbward),
              (0.015 * thick, 0.010 * thick), skin),
    ]  # fmt: skip
    for i, length in enumerate((0.072, 0.080, 0.074, 0.058)):
        place = 1.5 - i  # the forefinger is nearest to the thumb
        base = knuckles + 0.019 * thick * place * thumbward
        angle = place * motion.spread
        pointing = np.cos(angle) * straight + np.sin(angle) * thumbward
        tip = base + length * s * (1 - 0.75 * motion.curl) * pointing
        shapes.append(Shape(base, tip, (0.0105 * thick, 0.008 * thick), skin))
    return shapes


def _unit(vectors: Array) -> Array:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Array = vectors / np.maximum(norms, 1e-9)
    return unit


def _skin(body: Body) -> tuple[float, float, float, float, float]:
    return (body.skin, 0.25, 0.0, 0.0, 0.0)


def _cloth(body: Body, phase: float) -> tuple[float, float, float, float, float]:
    return (body.cloth, 0.2, body.stripes, body.n_stripes, phase)
