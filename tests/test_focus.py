"""Focus and kinds of channels, on maps that can be counted by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masnn import focus


def counts_of(grid):
    """Return a one-step input, all ON, of a grid of numbers of events."""
    events = np.zeros((1, 2, *np.shape(grid)), np.int32)
    events[0, 1] = grid
    return events


def region(grid, share=focus.SHARE, rows=None, columns=None):
    """Return the region of a grid of numbers of events; places are pixels but where told."""
    height, width = np.shape(grid)
    rows = np.arange(height + 1) if rows is None else np.array(rows)
    columns = np.arange(width + 1) if columns is None else np.array(columns)
    return focus.region(counts_of(grid), rows, columns, share)


def test_the_region_is_the_smallest_that_holds_the_share():
    grid = [[6, 1, 0], [0, 2, 1]]
    np.testing.assert_array_equal(region(grid), [[True, False, False], [False, True, False]])
    # Nine of ten need one place more: the upper of two with one event each.
    np.testing.assert_array_equal(region(grid, 0.9), [[True, True, False], [False, True, False]])
    assert region(grid, 1.0).sum() == 4


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_no_smaller_set_of_places_holds_the_share(events, share):
    chosen = region([events], share)[0]
    need = share * sum(events) - 1e-9
    assert sum(n for n, inside in zip(events, chosen, strict=True) if inside) >= need
    assert sum(events) or not chosen.any()
    for smaller in itertools.combinations(events, max(int(chosen.sum()) - 1, 0)):
        assert not sum(events) or sum(smaller) < need


def test_places_stand_for_parts_of_the_input():
    grid = np.zeros((5, 4), int)
    grid[0, 1] = grid[1, 0] = 4  # both in the upper left place
    grid[3, 3] = 2
    np.testing.assert_array_equal(
        region(grid, rows=[0, 2, 5], columns=[0, 2, 4]), [[True, False], [False, False]]
    )
    grid[4] = 50
    np.testing.assert_array_equal(
        region(grid, rows=[0, 2, 5], columns=[0, 2, 4]), [[False, False], [True, True]]
    )
    np.testing.assert_array_equal(  # the fifth row is beyond all places
        region(grid, rows=[0, 2, 4], columns=[0, 2, 4]), [[True, False], [False, False]]
    )
    assert not region(np.diag([0, 0, 9]), rows=[0, 2], columns=[0, 2]).any()


def test_a_pixel_on_a_border_is_shared():
    # Places hold 2 + 3/2, 3/2 + 1 and 1 events.
    grid = [[2, 3, 1, 1]]
    assert region(grid, 0.5, columns=[0, 1.5, 3, 4]).tolist() == [[True, False, False]]
    assert region(grid, 0.51, columns=[0, 1.5, 3, 4]).tolist() == [[True, True, False]]
    # In both directions: a corner's pixel gives a quarter to each of four places.
    assert region(np.diag([0, 4, 1]), 0.81, rows=[0, 1.5, 3], columns=[0, 1.5, 3]).all()
    assert region(np.diag([0, 4, 1]), 0.4, rows=[0, 1.5, 3], columns=[0, 1.5, 3]).tolist() == [
        [False, False],
        [False, True],
    ]


def test_both_polarities_and_all_steps_count():
    events = np.zeros((3, 2, 1, 3), np.int32)
    events[0, 0, 0, 2] = events[1, 1, 0, 2] = events[2, 0, 0, 2] = 3
    events[1, 0, 0, 0] = 2
    np.testing.assert_array_equal(
        focus.region(events, np.arange(2), np.arange(4)), [[False, False, True]]
    )


def test_focus_is_the_share_of_spikes_beside_the_share_of_places():
    spikes = np.zeros((2, 1, 2, 2), np.uint8)
    spikes[:, 0, 0, 0] = 1
    spikes[0, 0, 1, 1] = 1
    inside = np.array([[True, False], [False, False]])
    found = focus.focus(spikes, inside)
    assert found == (2, 3, 0.25) and found.share == 2 / 3
    assert focus.focus(spikes * 0, inside).share is None


def test_channels_are_told_apart():
    T, inside = 10, np.array([[True, False, False, False]])
    spikes = np.zeros((T, 5, 1, 4), np.uint8)
    spikes[:, 1] = 1  # everywhere, always
    spikes[:, 2, 0, 0] = 1  # at the input alone
    spikes[:, 3, 0, 1:] = 1  # everywhere else: 30 of 40, but at rate 1 against 0
    spikes[:5, 4] = 1  # alike inside and outside
    kinds = focus.channel_kinds(spikes, inside)
    assert kinds == ["silent", "saturated", "selective", "background", "selective"]
    # Rates count, not numbers of spikes: three outside places share what one inside place has.
    spikes = np.zeros((3, 1, 1, 4), np.uint8)
    spikes[:2, 0, 0, 0] = 1
    spikes[0, 0, 0, 1:] = 1
    assert focus.channel_kinds(spikes, inside) == ["selective"]
    assert focus.channel_kinds(spikes, np.ones((1, 4), bool)) == ["selective"]
    assert focus.channel_kinds(spikes, np.zeros((1, 4), bool)) == ["background"]


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="share"):
        region([[1]], 0)
