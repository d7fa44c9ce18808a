"""Commands that simulate recordings."""

from __future__ import annotations

import argparse
from typing import Any


def simulate_digit(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a recording of a handwritten digit in the manner of N-MNIST."""
    from masnn import simulate

    events = simulate.simulate_digit(arguments.digit, arguments.seed)
    return _written(events, arguments, {"digit": arguments.digit})


def simulate_gesture(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a recording of a gesture in the manner of DVS128 Gesture."""
    from masnn import simulate

    events = simulate.simulate_gesture(
        arguments.gesture, arguments.seed, duration_s=arguments.seconds
    )
    return _written(events, arguments, {"gesture": arguments.gesture})


def simulate_dataset(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a data set of gestures, or what is missing of it."""
    from masnn.progress import Progress
    from masnn.simulate import GestureSet, simulate_gesture_set

    what = GestureSet(
        arguments.seed, arguments.training_subjects, arguments.test_subjects, arguments.seconds
    )
    with Progress(arguments.json) as bar:
        simulate_gesture_set(
            arguments.folder,
            what,
            workers=arguments.workers,
            progress=lambda done, of: bar.count("simulating", done, of),
        )
    return {"folder": str(arguments.folder), "recordings": len(what), "seed": what.seed}


def _written(events: Any, arguments: argparse.Namespace, what: dict[str, Any]) -> dict[str, Any]:
    from masnn.writers import write_events

    write_events(events, arguments.output)
    return {
        "file": str(arguments.output),
        **what,
        "seed": arguments.seed,
        "simulated": True,
        "events": len(events),
        "on_events": events.n_on,
        "duration_us": events.duration_us,
    }
