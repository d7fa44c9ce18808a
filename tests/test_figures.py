"""Figures: the arrays that go in are the numbers that are drawn, with units, in both themes."""

import numpy as np
import plotly.graph_objects as go
import pytest

from app.figures import how_much, images, linkage, neuron, spatial, style, what, when, where
from app.figures.block import unpack
from app.figures.when import Steps

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
    where.event_images({"": np.zeros((2, 4, 4), int)}, dark=dark)


def test_maps_of_unlike_layers_keep_their_columns_and_have_no_difference(dark):
    a, b = RNG.random((5, 6)), RNG.random((3, 3)) * 2
    both = where.response_maps("conv1", a, b, names=NAMES, dark=dark, difference=False)
    assert [t.xaxis for t in both.data] == ["x", "x2"]
    assert both.layout.coloraxis.cmax == pytest.approx(b.max())
    only = where.response_maps("conv4", None, b, names=NAMES, dark=dark, difference=False)
    assert [t.xaxis for t in only.data] == ["x2"]
    for figure in (both, only):
        assert not figure.layout.coloraxis2.showscale
        assert "B \u2212 A" not in [a.text for a in figure.layout.annotations]
        titles = {a.text: a.x for a in figure.layout.annotations if a.text.strip()}
        assert 0.4 < titles["B  TCSA"] < 0.6, "B stands in the middle, with A or without"


def test_event_images_show_each_network_what_it_saw(dark):
    a, b = RNG.integers(0, 9, (2, 5, 6)), RNG.integers(0, 9, (2, 8, 8))
    figure = where.event_images({"A": a, "B": b}, dark=dark)
    assert [t.text for t in figure.layout.annotations] == ["ON, A", "ON, B", "OFF, A", "OFF, B"]
    drawn = {(t.xaxis or "x"): t.z for t in figure.data}
    for axis, values in (("x", a[1]), ("x2", b[1]), ("x3", a[0]), ("x4", b[0])):
        np.testing.assert_array_equal(drawn[axis], values)


def test_histograms_draw_every_neuron_once_and_the_silent_apart(dark):
    a, b = np.array([5, 0, 2, 1]), np.array([7, 1, 0, 0])
    figure = how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark)
    assert [list(t.y) for t in figure.data] == [a.tolist(), b.tolist()]
    assert figure.data[0].x[0] < 0 and list(figure.data[0].x[1:]) == [1 / 3, 2 / 3, 1]
    assert figure.layout.yaxis.type == "log"


def test_histograms_of_other_steps_stand_on_one_axis_of_rates(dark):
    a, b = np.array([5, 0, 2, 1]), np.array([7, 1, 0, 0, 0, 0, 2])
    figure = how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark)
    assert list(figure.data[1].x[1:]) == [pytest.approx(k / 6) for k in range(1, 7)]
    assert figure.data[0].x[0] == figure.data[1].x[0] == figure.layout.xaxis.tickvals[0]
    alone = how_much.rate_histogram("fc1", None, b, names=NAMES, dark=dark)
    assert [t.name for t in alone.data] == ["B TCSA"]


def test_activity_and_votes_draw_both_networks(dark):
    edges, n = np.arange(5.0) * 21, np.arange(4)
    figure = when.activity(
        Steps(edges, n, n, n / 9), Steps(edges, n, n, n / 99), names=NAMES, dark=dark
    )
    assert [t.name for t in figure.data] == ["ON", "OFF", "A vanilla", "B TCSA"]
    assert list(figure.data[2].x) == [10.5, 31.5, 52.5, 73.5]
    assert "ms" in figure.layout.xaxis2.title.text
    bars = when.votes({"x": 0.1, "y": 0.9}, {"x": 0.2, "y": 0.3}, names=NAMES, dark=dark)
    assert list(bars.data[1].y) == [0.2, 0.3] and tuple(bars.layout.yaxis.range) == (0, 1)
    assert bars.data[0].xaxis == bars.data[1].xaxis


def test_networks_of_other_steps_and_classes_keep_their_own_axes(dark):
    a = Steps(np.arange(5.0) * 20, np.arange(4), np.arange(4), np.arange(4) / 9)
    b = Steps(np.arange(3.0) * 50, np.arange(2), np.arange(2), np.arange(2) / 9)
    figure = when.activity(a, b, names=NAMES, dark=dark)
    by_name = [(t.name, list(t.x)) for t in figure.data]
    own_a, own_b = [10, 30, 50, 70], [25, 75]
    assert by_name[:4] == [("ON", own_a), ("OFF", own_a), ("ON", own_b), ("OFF", own_b)]
    assert by_name[4:] == [("A vanilla", own_a), ("B TCSA", own_b)]
    assert [t.showlegend for t in figure.data[:4]] == [True, True, False, False]
    assert figure.layout.xaxis3.title.text and figure.layout.xaxis.matches == "x3"
    bars = when.votes({"x": 0.1}, {"wave": 0.2, "clap": 0.3}, names=NAMES, dark=dark)
    assert [list(t.x) for t in bars.data] == [["x"], ["wave", "clap"]]
    assert bars.data[0].xaxis != bars.data[1].xaxis
    assert tuple(bars.layout.yaxis.range) == tuple(bars.layout.yaxis2.range) == (0, 1)


def test_long_class_names_stand_beside_lying_bars_in_reading_order(dark):
    rates = {"right arm counter clockwise": 0.2, "air drums": 0.4}
    together = when.votes(rates, rates, names=NAMES, dark=dark)
    apart = when.votes({"0": 0.1}, rates, names=NAMES, dark=dark)
    for figure in (together, apart):
        assert [t.orientation for t in figure.data] == ["h", "h"]
        assert list(figure.data[1].y) == list(rates) and list(figure.data[1].x) == [0.2, 0.4]
        assert figure.layout.yaxis.autorange == "reversed"
        assert tuple(figure.layout.xaxis.range) == (0, 1)
    assert apart.data[0].yaxis != apart.data[1].yaxis


def test_gates_are_drawn_between_closed_and_open(dark):
    edges = np.arange(5.0) * 21
    layers = {"conv1": RNG.random(4), "conv2": RNG.random(4)}
    events = np.array([0, 4, 8, 2])
    time = when.temporal_gates(layers, edges, events, dark=dark)
    np.testing.assert_array_equal(time.data[2].y, layers["conv2"])
    np.testing.assert_array_equal(time.data[3].y, events / 8)
    np.testing.assert_array_equal(time.data[3].customdata, events)
    quiet = when.temporal_gates(layers, edges, events * 0, dark=dark)
    assert not np.any(quiet.data[1].y)
    channels = RNG.random((4, 6))
    figure = what.channel_gates({"conv1": channels, "conv2": channels[:1]}, edges, dark=dark)
    assert np.all(np.diff(figure.data[0].z.mean(axis=0)) <= 0), "the most open channel comes first"
    shown = figure.data[0].customdata[0]
    np.testing.assert_array_equal(figure.data[0].z, channels[:, shown])
    assert list(figure.data[0].y) == list(time.data[0].x), "one clock for all gates"
    assert list(figure.data[1].y) == [0, 84], "one weight holds for the whole window"
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)


def test_spatial_gates_travel_whole_with_the_events_they_lie_over():
    gates = {
        "conv1": RNG.random((3, 4, 6), np.float32),
        "conv2": RNG.random((1, 2, 3), np.float32),
    }
    counts = RNG.integers(0, 5, (3, 2, 4, 6))
    counts[1, 0, 2, 2] = 1 << 20
    steps = np.array([0, 1, -1, 2])
    block = unpack(spatial.content(gates, counts, steps))
    for layer, (name, weights) in zip(block["layers"], gates.items(), strict=True):
        assert (layer["name"], layer["shape"]) == (name, list(weights.shape))
        np.testing.assert_array_equal(layer["gate"].reshape(weights.shape), weights)
        assert (layer["low"], layer["high"]) == (weights.min(), weights.max())
    events = block["events"]
    expected = counts.sum(1).clip(max=65535)
    np.testing.assert_array_equal(events["counts"].reshape(events["shape"]), expected)
    np.testing.assert_array_equal(block["steps"], steps)
    assert events["tops"] == [
        np.percentile(e[e > 0], 99) for e in (counts.sum(1), counts.sum((0, 1)))
    ]
    silent = unpack(spatial.content(gates, counts * 0, steps))
    assert silent["events"]["tops"] == [1.0, 1.0]


def test_no_colour_is_one_that_streamlit_swaps_for_its_own():
    placeholders = {f"#{i:06d}" for i in range(1, 60)}
    figure = where.response_maps("c", np.ones((2, 2)), np.zeros((2, 2)), names=NAMES, dark=True)
    scale = [colour for _, colour in figure.layout.coloraxis.colorscale]
    assert not placeholders & set(scale) and all(c.startswith("rgb") for c in scale)


def test_exported_figures_offer_no_upload():
    assert style.CONFIG["showSendToCloud"] is False
    assert isinstance(style.laid_out(go.Figure(), dark=False, height=100), go.Figure)


def test_rates_of_layers_share_one_scale_in_their_order(dark):
    a = {"conv1": RNG.random(4), "fc1": RNG.random(4)}
    b = {"conv1": RNG.random(2), "conv2": RNG.random(2), "fc1": RNG.random(2)}
    edges = np.arange(5) * 10.0, np.arange(3) * 20.0
    figure = when.layer_rates([(edges[0], a), (edges[1], b)], names=NAMES, dark=dark)
    for drawn, layers, borders in zip(figure.data, (a, b), edges, strict=True):
        assert list(drawn.y) == list(layers) and drawn.coloraxis == "coloraxis"
        np.testing.assert_array_equal(drawn.z, np.stack(list(layers.values())))
        np.testing.assert_array_equal(drawn.x, borders)
    top = max(rates.max() for layers in (a, b) for rates in layers.values())
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, top)
    silent = {"conv1": np.zeros(4)}
    still = when.layer_rates([(edges[0], silent)] * 2, names=NAMES, dark=dark)
    assert still.layout.coloraxis.cmax == 1


def course(title="vanilla", T=4, threshold=0.3, **changed):
    values = {
        name: RNG.random(T) for name in ("current", "current_gated", "integrated", "membrane")
    }
    values |= {"spikes": np.array([0, 1, 0, 1][:T]), **changed}
    return neuron.Course(title, np.arange(T + 1) * 10.0, **values, threshold=threshold)


def test_a_neurons_course_is_drawn_before_and_after_its_gates(dark):
    b = course("TCSA")
    a = course(T=4)
    a = a._replace(current_gated=a.current, membrane=a.integrated)  # vanilla: nothing between
    figure = neuron.courses(a, b, step=2, dark=dark)
    drawn = {}
    for trace in figure.data:
        drawn.setdefault((trace.legendgroup, trace.yaxis), []).append(trace)
    assert len(drawn["A", "y"]) == len(drawn["A", "y2"]) == 1
    np.testing.assert_array_equal(drawn["A", "y"][0].y, a.current)
    before, after = drawn["B", "y"]
    np.testing.assert_array_equal(before.y, b.current)
    np.testing.assert_array_equal(after.y, b.current_gated)
    before, after = drawn["B", "y2"]
    np.testing.assert_array_equal(before.y, b.integrated)
    np.testing.assert_array_equal(after.y, b.membrane)
    for who in "AB":
        (ticks,) = drawn[who, "y3"]
        assert list(ticks.x) == [15.0, 35.0] and list(ticks.y) == [who, who]
    lines = [s for s in figure.layout.shapes if s.type == "line"]
    assert [s.y0 for s in lines] == [0.3]
    (marked,) = {(s.x0, s.x1) for s in figure.layout.shapes if s.type == "rect"}
    assert marked == (20.0, 30.0)
    alone = neuron.courses(None, b._replace(threshold=1.0), step=0, dark=dark)
    assert {t.legendgroup for t in alone.data} == {"B"}
    assert [s.y0 for s in alone.layout.shapes if s.type == "line"] == [1.0]


def test_what_a_neuron_sees_is_framed(dark):
    counts = RNG.integers(0, 5, (2, 6, 8))
    figure = neuron.receptive_field(counts, (1, 4, 2, 7), dark=dark)
    np.testing.assert_array_equal(figure.data[0].z, counts[1] - counts[0])
    assert figure.data[0].zmin == -figure.data[0].zmax < 0
    (frame,) = figure.layout.shapes
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (0.5, 3.5, 1.5, 6.5)
    neuron.receptive_field(np.zeros((2, 3, 3), int), (0, 3, 0, 3), dark=dark)


def test_potentials_keep_their_own_bins_and_thresholds(dark):
    edges = np.array([-1.0, 0.0, 0.3, 1.0])
    found = neuron.Potentials("net", np.array([5, 0, 2]), edges, 0.3)
    figure = neuron.potentials([found, None], dark=dark)
    assert list(figure.data[0].y) == [5, 0, 2] and list(figure.data[0].width) == [1.0, 0.3, 0.7]
    assert [s.x0 for s in figure.layout.shapes] == [0.3]
    both = neuron.potentials([found, found._replace(threshold=1.0)], dark=dark)
    assert [s.x0 for s in both.layout.shapes] == [0.3, 1.0]


def test_energy_is_stacked_by_what_it_goes_into(dark):
    parts = dict(zip(how_much.GROUPS, (3.0, 2.0, 1.0, 0.5), strict=True))
    bars = {"A net": parts, "A, formula": {"formula": 9.0}, "ANN": {"ANN": 4.0}}
    figure = how_much.energy(bars, dark=dark)
    drawn = {t.name: dict(zip(t.y, t.x, strict=True)) for t in figure.data}
    assert drawn == {
        **{group: {"A net": pj} for group, pj in parts.items()},
        "formula": {"A, formula": 9.0},
        "ANN": {"ANN": 4.0},
    }
    assert list(figure.layout.yaxis.categoryarray) == ["ANN", "A, formula", "A net"]
    assert figure.layout.barmode == "stack"
    looks = {(t.marker.color, t.marker.pattern.shape) for t in figure.data}
    assert len(looks) == 6, "told apart"
    assert not {how_much.COLOUR_A, how_much.colour_b(dark)} & {t.marker.color for t in figure.data}


def test_gates_stand_against_what_they_change(dark):
    n = 2 * linkage.MAX_DOTS + 5
    values, change = RNG.random(n), RNG.normal(size=n)
    labels = np.array([f"t {i}" for i in range(n)])
    (few,) = linkage.gate_against_change(values[:9], change[:9], labels[:9], dark=dark).data
    np.testing.assert_array_equal(few.x, values[:9])
    np.testing.assert_array_equal(few.y, change[:9])
    assert list(few.text) == list(labels[:9])
    (many,) = linkage.gate_against_change(values, change, labels, dark=dark).data
    assert linkage.MAX_DOTS // 2 < len(many.x) <= linkage.MAX_DOTS
    np.testing.assert_array_equal(many.x, values[::3])


def test_maps_of_blocks_stand_under_each_other_on_one_scale(dark):
    names = ("stem", "stage1_1b", "stage1_2b", "stage2_1b", "stage2_2b", "stage3_1b")
    a, b = ({name: RNG.random((4, 4)) * top for name in names} for top in (1, 2))
    figure = images.block_maps(a, b, dark=dark)
    titles = {t.text: t for t in figure.layout.annotations if t.text.strip()}
    assert list(titles)[:5] == ["A stem", "A 1_1", "A 1_2", "A 2_1", "A 2_2"]
    assert titles["A 3_1"].x == titles["B stem"].x and titles["A 3_1"].y < titles["B stem"].y
    np.testing.assert_allclose(figure.data[1].z, b["stem"], atol=1e-6)
    assert figure.layout.coloraxis.cmax == pytest.approx(max(m.max() for m in b.values()))
    with_traces = {trace.yaxis for trace in figure.data}
    assert len(with_traces) == 12


def test_votes_and_rates_of_images_are_those_given(dark):
    shares = RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3))
    figure = images.votes(("x", "y", "z"), *shares, dark=dark)
    for trace, values in zip(figure.data, shares, strict=True):
        np.testing.assert_allclose(trace.y, values)
    rates = images.layer_rates({"stem": 0.1, "stage1_1a": 0.2}, {"stem": 0.3}, dark=dark)
    assert [list(t.y) for t in rates.data] == [[0.1, 0.2], [0.3]]
    picture = RNG.integers(0, 256, (8, 8), dtype=np.uint8)
    np.testing.assert_array_equal(images.seen(picture, dark=dark).data[0].z, picture)
