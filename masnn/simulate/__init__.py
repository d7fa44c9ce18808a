"""Recordings made by rule: a modelled event camera looks at scenes whose content is known.

`simulate_digit` makes digits in the manner of N-MNIST, `simulate_strokes` does so of a drawing,
`simulate_gesture` gestures in the manner of
DVS128 Gesture, `simulate_gesture_set` a data set of these; `EventCamera` turns any rendered scene
into events. NumPy, with two loops compiled by Numba.
"""

from masnn.simulate.camera import EventCamera, log_intensity
from masnn.simulate.digits import simulate_digit, simulate_strokes
from masnn.simulate.gesture_set import GestureSet, simulate_gesture_set
from masnn.simulate.gestures import GESTURES
from masnn.simulate.performance import simulate_gesture

__all__ = [
    "GESTURES",
    "EventCamera",
    "GestureSet",
    "log_intensity",
    "simulate_digit",
    "simulate_gesture",
    "simulate_gesture_set",
    "simulate_strokes",
]
