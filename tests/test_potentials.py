"""Histograms of potentials: counted one by one, with the threshold on an edge whatever comes."""

import dataclasses

import numpy as np
import pytest
from small_network import counts_of, network_of

from masnn.potentials import potential_edges, potential_histogram
from masnn.response import record


@pytest.fixture(scope="module")
def layers():
    return record(network_of(attention="TCSA"), counts_of()).layers


def with_potentials(layers, values):
    """Return a layer of one neuron with these potentials, one a step."""
    values = np.asarray(values, np.float32).reshape(-1, 1)
    return dataclasses.replace(layers["fc1"], membrane=values, shape=(1,), T=len(values))


def test_every_potential_is_counted_once_and_in_its_place(layers):
    for layer in layers.values():
        histogram = potential_histogram(layer, 0.3)
        edges = histogram.edges.tolist()
        counts, below, above = [0] * (len(edges) - 1), 0, 0
        for u in layer.membrane.ravel().tolist():
            below, above = below + (u < edges[0]), above + (u > edges[-1])
            for i in range(len(counts)):
                last = i == len(counts) - 1
                counts[i] += edges[i] <= u < edges[i + 1] or (last and u == edges[-1])
        assert histogram.counts.tolist() == counts
        assert (histogram.n_below, histogram.n_above) == (below, above)
        assert histogram.n == layer.membrane.size
        assert histogram.shares.sum() == pytest.approx(1 - (below + above) / histogram.n)


def test_what_reaches_the_threshold_is_the_layers_rate(layers):
    for layer in layers.values():
        histogram = potential_histogram(layer, 0.3)
        assert histogram.share_firing == pytest.approx(layer.spikes.mean(), abs=1e-12)
        assert histogram.n_firing == layer.spikes.sum()
        right = histogram.counts[np.searchsorted(histogram.edges, np.float32(0.3)) :]
        assert right.sum() + histogram.n_above == layer.spikes.sum()


@pytest.mark.parametrize("v_threshold", [0.3, 0.7, 1.0, -0.2])
@pytest.mark.parametrize(
    "values",
    [[0.0] * 9, [5.0] * 9, [-3.0, 4.0], np.linspace(-1, 2, 50), [1e-30, -1e-30, 1e6], [0.3]],
    ids=["zero", "high", "both", "even", "wild", "one"],
)
def test_the_threshold_is_an_edge_with_bins_on_either_side(layers, values, v_threshold):
    layer = with_potentials(layers, values)
    histogram = potential_histogram(layer, v_threshold)
    threshold = float(np.float32(v_threshold))
    assert threshold in histogram.edges.tolist()
    widths = np.diff(histogram.edges)
    assert (widths > 0).all() and np.ptp(widths) < 1e-6 * widths.mean()
    assert len(histogram.counts) == 64
    assert min((histogram.edges < threshold).sum(), (histogram.edges > threshold).sum()) >= 8
    assert histogram.n == len(values)
    assert histogram.n_firing == sum(float(np.float32(v)) >= threshold for v in values)


def test_a_potential_on_the_threshold_lies_at_its_right_also_where_float32_rounds_down(layers):
    assert float(np.float32(0.7)) < 0.7
    histogram = potential_histogram(with_potentials(layers, [0.7, 0.0, 1.0]), 0.7)
    right = histogram.edges[:-1] >= float(np.float32(0.7))
    assert histogram.counts[right].sum() == histogram.n_firing == 2


def test_a_few_wild_values_do_not_flatten_the_rest_and_are_not_lost(layers):
    calm = np.random.default_rng(0).normal(0, 0.2, 20_000)
    histogram = potential_histogram(with_potentials(layers, [*calm, -1e4, 1e4, 1e4]), 0.3)
    assert histogram.edges[-1] < 2 and histogram.edges[0] > -2
    assert histogram.n == 20_003 and histogram.n_above >= 2 and histogram.n_below >= 1
    assert histogram.shares.max() < 0.2


def test_two_layers_share_their_edges(layers):
    low, high = (with_potentials(layers, np.linspace(a, a + 1, 99)) for a in (-4, 2))
    edges = potential_edges([low, high], 0.3, n_bins=20)
    for layer in (low, high):
        histogram = potential_histogram(layer, 0.3, edges)
        assert histogram.edges is edges and histogram.counts.sum() == 99
    assert len(edges) == 21


def test_a_potential_on_the_last_edge_is_in_the_last_bin_and_counted_once(layers):
    edges = np.array([0.0, 0.25, 0.5, 0.75])
    histogram = potential_histogram(with_potentials(layers, [0, 0.25, 0.75, 0.8, -0.1]), 0.5, edges)
    assert histogram.counts.tolist() == [1, 1, 1]
    assert (histogram.n_below, histogram.n_above, histogram.n) == (1, 1, 5)


def test_what_cannot_be_drawn_is_refused(layers):
    lean = dataclasses.replace(layers["conv1"], membrane=None)
    with pytest.raises(ValueError, match="potentials=True"):
        potential_histogram(lean, 0.3)
    with pytest.raises(ValueError, match="finite"):
        potential_histogram(with_potentials(layers, [np.nan, 1]), 0.3)
    with pytest.raises(ValueError, match="not among the edges"):
        potential_histogram(layers["conv1"], 0.3, np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match="two bins"):
        potential_edges([layers["conv1"]], 0.3, n_bins=1)
