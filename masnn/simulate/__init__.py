"""Recordings made by rule: a modelled event camera looks at scenes whose content is known.

NumPy only. `simulate_digit` makes digits in the manner of N-MNIST; `EventCamera` turns any rendered
scene into events.
"""

from masnn.simulate.camera import EventCamera, log_intensity
from masnn.simulate.digits import simulate_digit

__all__ = ["EventCamera", "log_intensity", "simulate_digit"]
