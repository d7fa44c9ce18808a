"""The clock of two networks: every border begins a tick, and each tick lies in one step of each."""

import numpy as np
import pytest

from masnn.clock import own_steps, ticks


def test_where_steps_are_the_same_ticks_are_steps():
    edges = 20.0 * np.arange(5)
    found = ticks(edges, edges)
    np.testing.assert_array_equal(found, edges)
    np.testing.assert_array_equal(own_steps(edges, found), range(4))


def test_other_steps_are_cut_where_either_begins_or_ends_one():
    a, b = np.array([0.0, 20, 40, 60]), np.array([0.0, 30, 60, 90])
    found = ticks(a, b)
    np.testing.assert_array_equal(found, [0, 20, 30, 40, 60, 90])
    np.testing.assert_array_equal(own_steps(a, found), [0, 1, 1, 2, -1])
    np.testing.assert_array_equal(own_steps(b, found), [0, 0, 1, 1, 2])


@pytest.mark.parametrize("seed", range(5))
def test_a_tick_lies_in_the_step_that_holds_its_middle(seed):
    made = np.random.default_rng(seed)
    a, b = (np.cumsum(made.integers(1, 9, made.integers(2, 12))).astype(float) for _ in range(2))
    found = ticks(a, b)
    middles = (found[1:] + found[:-1]) / 2
    for edges in (a, b):
        for middle, step in zip(middles, own_steps(edges, found), strict=True):
            inside = [t for t in range(len(edges) - 1) if edges[t] < middle < edges[t + 1]]
            assert inside == ([] if step < 0 else [step])
