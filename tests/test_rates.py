"""Rates, on spikes few enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from masnn import rates

# T = 4: a map of 2 channels of 1 x 2 neurons, and a layer of 3 neurons.
MAP = np.zeros((4, 2, 1, 2), np.uint8)
MAP[:, 0, 0, 0] = 1  # always
MAP[1, 1, 0, 1] = 1  # once
LINE = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]], np.uint8)
LAYERS = {"conv1": MAP, "fc1": LINE}


def test_spikes_are_counted():
    assert rates.spike_count(MAP) == 5 and rates.spike_count(LINE) == 4


def test_nsfr_is_spikes_over_neurons_at_each_step():
    np.testing.assert_allclose(rates.nsfr(LAYERS), np.array([2, 4, 1, 2]) / 7)


def test_nasfr_weighs_neurons_and_lasfr_stays_in_its_layer():
    assert rates.nasfr(LAYERS) == 9 / (7 * 4)
    assert rates.lasfr(MAP) == 5 / 16 and rates.lasfr(LINE) == 4 / 12
    assert rates.nasfr(rates.conv_only(LAYERS)) == 5 / 16
    assert rates.nasfr(LAYERS) == pytest.approx(rates.nsfr(LAYERS).mean())


def test_spike_count_is_nasfr_times_neurons_times_steps():
    assert sum(map(rates.spike_count, LAYERS.values())) == round(rates.nasfr(LAYERS) * 7 * 4)


def test_maps_and_channels_are_means_over_the_other_axes():
    np.testing.assert_allclose(rates.rate_map(MAP), [[4 / 8, 1 / 8]])
    np.testing.assert_allclose(rates.channel_rates(MAP), [4 / 8, 1 / 8])
    np.testing.assert_allclose(rates.neuron_rates(MAP), [[[1, 0]], [[0, 0.25]]])


def test_the_histogram_counts_neurons_by_their_spikes():
    assert rates.spikes_per_neuron_histogram(MAP).tolist() == [2, 1, 0, 0, 1]
    assert rates.spikes_per_neuron_histogram(LINE).tolist() == [1, 1, 0, 1, 0]


def test_many_steps_do_not_overflow_small_types():
    spikes = np.ones((300, 3), np.uint8)
    assert rates.spike_count(spikes) == 900
    assert rates.nsfr({"a": spikes}).tolist() == [1.0] * 300
    assert rates.spikes_per_neuron_histogram(spikes)[300] == 3
    np.testing.assert_array_equal(rates.neuron_rates(spikes.astype(bool)), [1, 1, 1])


def test_what_has_no_rate_is_refused():
    for call in (rates.nsfr, rates.nasfr):
        with pytest.raises(ValueError, match="no layers"):
            call({})
        with pytest.raises(ValueError, match="same number of steps"):
            call({"a": MAP, "b": LINE[:2]})
    with pytest.raises(ValueError, match="T, C, H, W"):
        rates.rate_map(LINE)


def test_the_decision_settles_at_the_last_change_of_who_leads():
    votes = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], float)
    np.testing.assert_allclose(
        rates.running_mean(votes),
        [[0, 1, 0], [1 / 2, 1 / 2, 0], [2 / 3, 1 / 3, 0], [1 / 2, 1 / 4, 0]],
    )
    # 1 leads, then 0 and 1 share the lead, then 0 leads to the end.
    assert rates.settled_at(votes) == 2
    assert rates.settled_at(votes[:2]) == 1
    assert rates.settled_at(votes[2:]) == 0


def test_a_network_settles_with_its_first_vote_or_never():
    late = np.zeros((5, 3))
    assert rates.settled_at(late) is None
    late[3, 2] = 1
    assert rates.settled_at(late) == 3


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.integers(0, 1))
)
def test_from_the_settled_step_on_every_prefix_decides_alike(votes):
    def leaders(t):
        total = votes[: t + 1].sum(0, dtype=int)
        return set(np.flatnonzero(total == total.max())) if total.any() else set()

    at, T = rates.settled_at(votes), len(votes)
    if at is None:
        assert not leaders(T - 1)
        return
    assert all(leaders(t) == leaders(T - 1) for t in range(at, T))
    assert at == 0 or leaders(at - 1) != leaders(T - 1)
