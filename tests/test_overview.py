"""A recording at a glance: every event is counted once, in its place."""

import numpy as np
import pytest

from masnn.events import Events
from masnn.overview import events_per_pixel, rate_curve, spread, waits_us

RNG = np.random.default_rng(0)


def some(n=3000, width=13, height=7, last=10_000_019) -> Events:
    t = np.sort(RNG.integers(-500, last, n))
    return Events(
        RNG.integers(0, width, n), RNG.integers(0, height, n), t, RNG.integers(0, 2, n),
        width, height,
    )  # fmt: skip


@pytest.mark.parametrize("n_bins", [1, 7, 300])
def test_the_rate_curve_counts_every_event_once(n_bins):
    events = some()
    edges, counts = rate_curve(events, n_bins)
    assert edges[0] == 0 and edges[-1] == events.duration_us / 1000 and len(edges) == n_bins + 1
    elapsed = (events.t - events.t[0]) / 1000
    for p in (0, 1):
        expected, _ = np.histogram(elapsed[events.p == p], edges)
        assert counts[:, p].tolist() == expected.tolist()


def test_events_at_one_moment_are_in_one_part():
    events = Events(np.array([1, 2]), np.array([1, 1]), np.array([5, 5]), np.array([1, 0]), 4, 4)
    edges, counts = rate_curve(events, 3)
    assert counts.sum() == 2 and (np.diff(edges) > 0).all()


def test_pixels_hold_their_events():
    events = some()
    counts = events_per_pixel(events)
    assert counts.shape == (2, 7, 13) and counts.sum() == len(events)
    for p, y, x in ((0, 3, 5), (1, 6, 12), (1, 0, 0)):
        here = (events.p == p) & (events.y == y) & (events.x == x)
        assert counts[p, y, x] == here.sum()


def test_waits_are_those_of_one_pixel():
    events = Events(
        np.array([1, 2, 1, 1, 2]), np.zeros(5, int), np.array([0, 3, 10, 12, 33]),
        np.array([0, 1, 1, 0, 1]), 3, 1,
    )  # fmt: skip
    assert waits_us(events).tolist() == [10, 2, 30]
    many = some()
    counts = events_per_pixel(many).sum(0)
    assert len(waits_us(many)) == (np.maximum(counts, 1) - 1).sum()
    assert (waits_us(many) >= 0).all()


def test_a_few_are_spread_from_the_first_to_the_last():
    events = some(1000)
    assert spread(events, 1000).tolist() == list(range(1000))
    few = spread(events, 100)
    assert len(few) == 100 == len(set(few)) and (few[0], few[-1]) == (0, 999)
    assert len(spread(events.between(0, 0), 5)) == 0
