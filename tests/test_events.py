"""Events: validated at the door, read-only behind it."""

import numpy as np
import pytest

from masnn.events import Events

GOOD = {"x": [1, 2, 3], "y": [0, 1, 2], "t": [5, 5, 9], "p": [1, 0, 1], "width": 4, "height": 3}


def events_of(**changes):
    return Events(
        **{k: np.array(v) if isinstance(v, list) else v for k, v in (GOOD | changes).items()}
    )


def test_facts_follow_from_the_arrays():
    events = events_of()
    assert (len(events), events.n_on, events.duration_us) == (3, 2, 4)
    assert [a.dtype for a in (events.x, events.y, events.t, events.p)] == [
        np.uint16,
        np.uint16,
        np.int64,
        np.uint8,
    ]


def test_a_window_is_half_open():
    window = events_of().between(5, 9)
    assert window.t.tolist() == [5, 5] and (window.width, window.height) == (4, 3)
    assert len(events_of().between(6, 9)) == 0


def test_arrays_cannot_be_written_to_and_the_callers_stay_writable():
    t = np.array([5, 5, 9])
    events = events_of(t=t)
    with pytest.raises(ValueError, match="read-only"):
        events.t[0] = 1
    t[0] = 1


@pytest.mark.parametrize(
    "changes",
    [
        {"x": [1, 2, 4]},
        {"y": [0, 1, 3]},
        {"x": [-1, 2, 3]},
        {"p": [0, 1, 2]},
        {"t": [5, 9, 5]},
        {"x": [1, 2]},
        {"x": [1.0, 2.5, 3.0]},
        {"t": [[5, 5, 9]]},
        {"width": 0},
        {"height": 10**6},
    ],
)
def test_what_is_no_recording_is_refused(changes):
    with pytest.raises(ValueError):
        events_of(**changes)
