"""Figures: the arrays that go in are the numbers that are drawn, with units, in both themes."""

import numpy as np
import plotly.graph_objects as go
import pytest

from app.figures import how_much, style, what, when, where

NAMES = ("vanilla", "TCSA")
RNG = np.random.default_rng(0)


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request):
    return request.param


def test_response_maps_share_one_scale_and_the_difference_is_symmetric(dark):
    a, b = RNG.random((5, 6)), RNG.random((5, 6)) * 0.2
    figure = where.response_maps("conv1", a, b, names=NAMES, dark=dark)
    first, second, change = figure.data
    assert first.coloraxis == second.coloraxis == "coloraxis" != change.coloraxis
    np.testing.assert_allclose(change.z, b - a, atol=1e-6)
    assert figure.layout.coloraxis.cmin == 0
    assert figure.layout.coloraxis.cmax == pytest.approx(a.max())
    assert figure.layout.coloraxis2.cmin == -figure.layout.coloraxis2.cmax < 0
    assert all(figure.layout[f"yaxis{i}"].autorange == "reversed" for i in ("", 2, 3))


def test_silent_maps_still_have_a_scale(dark):
    zero = np.zeros((4, 4))
    figure = where.response_maps("conv1", zero, zero, names=NAMES, dark=dark)
    assert figure.layout.coloraxis.cmax == 1 and figure.layout.coloraxis2.cmax == 1
    where.event_images(zero.astype(int), zero.astype(int), dark=dark)


def test_histograms_draw_every_neuron_once_and_the_silent_apart(dark):
    a, b = np.array([5, 0, 2, 1]), np.array([7, 1, 0, 0])
    figure = how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark)
    assert [list(t.y) for t in figure.data] == [a.tolist(), b.tolist()]
    assert figure.data[0].x[0] < 0 and list(figure.data[0].x[1:]) == [1 / 3, 2 / 3, 1]
    assert figure.layout.yaxis.type == "log"


def test_activity_and_votes_draw_both_networks(dark):
    edges, n = np.arange(5.0) * 21, np.arange(4)
    figure = when.activity(edges, n, n, n / 9, n / 99, names=NAMES, dark=dark)
    assert [t.name for t in figure.data] == ["ON", "OFF", "A vanilla", "B TCSA"]
    assert list(figure.data[2].x) == [10.5, 31.5, 52.5, 73.5]
    assert "ms" in figure.layout.xaxis2.title.text
    bars = when.votes(
        ["x", "y"], np.array([0.1, 0.9]), np.array([0.2, 0.3]), names=NAMES, dark=dark
    )
    assert list(bars.data[1].y) == [0.2, 0.3] and tuple(bars.layout.yaxis.range) == (0, 1)


def test_gates_are_drawn_between_closed_and_open(dark):
    layers = {"conv1": RNG.random(4), "conv2": RNG.random(4)}
    time = when.temporal_gates(layers, np.arange(5.0), dark=dark)
    np.testing.assert_array_equal(time.data[1].y, layers["conv2"])
    channels = RNG.random((4, 6))
    figure = what.channel_gates({"conv1": channels}, dark=dark)
    assert np.all(np.diff(figure.data[0].z.mean(axis=0)) <= 0), "the most open channel comes first"
    shown = figure.data[0].customdata[0]
    np.testing.assert_array_equal(figure.data[0].z, channels[:, shown])
    space = where.spatial_gates({"conv1": RNG.random((4, 3, 3))}, dark=dark)
    for drawn in (figure, space):
        assert (drawn.layout.coloraxis.cmin, drawn.layout.coloraxis.cmax) == (0, 1)


def test_no_colour_is_one_that_streamlit_swaps_for_its_own():
    placeholders = {f"#{i:06d}" for i in range(1, 60)}
    figure = where.response_maps("c", np.ones((2, 2)), np.zeros((2, 2)), names=NAMES, dark=True)
    scale = [colour for _, colour in figure.layout.coloraxis.colorscale]
    assert not placeholders & set(scale) and all(c.startswith("rgb") for c in scale)


def test_exported_figures_offer_no_upload():
    assert style.CONFIG["showSendToCloud"] is False
    assert isinstance(style.laid_out(go.Figure(), dark=False, height=100), go.Figure)
