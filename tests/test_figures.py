"""Figures: the arrays that go in are the numbers that are drawn, with units, in both themes."""

import base64
import io
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from app.figures import depth, how_much, images, linkage, neuron, spatial, style, what, when, where
from app.figures.block import colour_table, unpack
from app.figures.when import Steps
from masnn.isometry_designs import DESIGNS

NAMES = ("vanilla", "TCSA")
RNG = np.random.default_rng(0)


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request):
    return request.param


def drawn(map_):
    return map_["values"].reshape(map_["shape"])


def test_response_maps_share_one_scale_and_the_difference_is_symmetric(dark):
    a, b = RNG.random((3, 5, 6)), RNG.random((3, 5, 6)) * 0.2
    made = unpack(where.response_maps("conv1", [a, b], names=NAMES, no_difference="", dark=dark))
    first, second, change = made["maps"]
    np.testing.assert_allclose(drawn(first), a.mean(0), rtol=1e-6)
    np.testing.assert_allclose(drawn(second), b.mean(0), rtol=1e-6)
    np.testing.assert_allclose(drawn(change), b.mean(0) - a.mean(0), atol=1e-6)
    assert [first["low"], first["high"]] == [second["low"], second["high"]]
    assert (first["low"], first["high"]) == (0, pytest.approx(a.mean(0).max()))
    assert change["high"] == -change["low"] == pytest.approx(np.abs((b - a).mean(0)).max())
    assert first["fact"] == f"mean {a.mean():.4f}"
    table = made["tables"]["difference"].reshape(256, 3)
    np.testing.assert_array_equal(table, colour_table(style.difference_scale(dark)))
    # One neuron for a place, in both networks, of the channel that fires most in both.
    most = (a + b).argmax(0)
    for one in (first, second):
        np.testing.assert_array_equal(one["busiest"].reshape(5, 6), most)
    assert change["busiest"] is None and made["layer"] == "conv1"


def test_silent_maps_still_have_a_scale(dark):
    zero = np.zeros((2, 4, 4))
    made = unpack(
        where.response_maps("conv1", [zero, zero], names=NAMES, no_difference="", dark=dark)
    )
    assert [(m["low"], m["high"]) for m in made["maps"]] == [(0, 1), (0, 1), (-1, 1)]
    made = unpack(where.event_images({"": np.zeros((2, 4, 4), int)}, dark=dark))
    assert [m["high"] for m in made["maps"]] == [1, 1]


def test_maps_of_unlike_layers_keep_their_columns_and_have_no_difference(dark):
    a, b = RNG.random((4, 5, 6)), RNG.random((2, 3, 3)) * 2
    how = {"names": NAMES, "no_difference": "Other places.", "dark": dark}
    both = unpack(where.response_maps("conv1", [a, b], **how))["maps"]
    assert both[0]["high"] == both[1]["high"] == pytest.approx(max(x.mean(0).max() for x in (a, b)))
    for one, own in zip(both, (a, b), strict=False):
        np.testing.assert_array_equal(one["busiest"].reshape(one["shape"]), own.argmax(0))
    only = unpack(where.response_maps("conv4", [None, b], **how))["maps"]
    assert only[0]["values"] is None and only[0]["note"] == "A has no conv4."
    np.testing.assert_allclose(drawn(only[1]), b.mean(0), rtol=1e-6)
    for made in (both, only):
        assert made[2]["values"] is None and made[2]["note"] == "Other places."


def test_event_images_show_each_network_what_it_saw(dark):
    a, b = RNG.integers(0, 9, (2, 5, 6)), RNG.integers(0, 9, (2, 8, 8))
    made = unpack(where.event_images({"A": a, "B": b}, dark=dark, rows=2))
    assert [m["title"] for m in made["maps"]] == ["ON, A", "OFF, A", "ON, B", "OFF, B"]
    for one, values in zip(made["maps"], (a[1], a[0], b[1], b[0]), strict=True):
        np.testing.assert_array_equal(drawn(one), values)
        assert one["fact"] == f"{values.sum():,}" and one["busiest"] is None
    assert made["rows"] == 2 and made["layer"] is None


def test_histograms_draw_every_neuron_once_and_the_silent_apart(dark):
    a, b = np.array([5, 0, 2, 1]), np.array([7, 1, 0, 0])
    figure = how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark)
    bars = [t for t in figure.data if t.type == "bar"]
    lines = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
    assert [list(t.y) for t in bars] == [[5], [7]]
    # A step begins and ends half a rate beside it; where no neuron fires so, it lies on the floor.
    assert list(lines[0].x) == [1 / 6, 1 / 6, 3 / 6, 5 / 6, 7 / 6]
    assert [list(t.y) for t in lines] == [[0.5, 0.5, 2, 1, 0.5], [0.5, 1, 0.5, 0.5, 0.5]]
    assert figure.layout.yaxis.type == "log" and 10 ** figure.layout.yaxis.range[0] > 0.5
    read = next(t for t in figure.data if t.type == "scatter" and t.mode == "markers")
    assert read.text[1] == "fc1 A: 2 neurons at rate 0.667" and read.x[1] == pytest.approx(2 / 3)


def test_histograms_over_each_other_mix_no_colours(dark):
    a, b = np.array([5, 2, 2, 1]), np.array([7, 2, 2, 0])
    found = neuron.Potentials("net", a, np.arange(5.0), 0.3)
    for figure in (
        how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark),
        neuron.potentials([found, found], dark=dark),
    ):
        bars = [t for t in figure.data if t.type == "bar"]
        assert all(t.fill is None for t in figure.data if t.type == "scatter")
        spans = [(t.x[0] - t.width / 2, t.x[0] + t.width / 2) for t in bars]
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
        lines = [t for t in figure.data if t.type == "scatter" and t.legendgroup]
        wide, narrow = (t.line.width for t in lines if t.mode == "lines")
        assert wide > narrow, "both are seen where they lie on each other"
        keys = [t.mode for t in lines if t.showlegend is None]
        assert keys == ["lines", "lines"], "one line of the legend each"


@pytest.mark.parametrize("top", [1, 2, 9, 34, 128, 990, 1000, 16_384, 3_000_000])
def test_histograms_tell_their_heights_whatever_they_are(dark, top):
    figure = how_much.rate_histogram("fc1", np.array([0, top, 1]), None, names=NAMES, dark=dark)
    axis = figure.layout.yaxis
    low, high = (10**end for end in axis.range)
    ticks = list(axis.tickvals)
    assert low < 1 and high > top, "one neuron is seen, and so are all"
    assert all(low <= n <= high for n in ticks) and ticks[-1] > top / 10
    assert len(ticks) >= min(3, top) and len(ticks) <= 9
    assert list(axis.ticktext) == [f"{n:,}" for n in ticks]


def test_histograms_of_other_steps_stand_on_one_axis_of_rates(dark):
    a, b = np.array([5, 0, 2, 1]), np.array([7, 1, 0, 0, 0, 0, 2])
    figure = how_much.rate_histogram("fc1", a, b, names=NAMES, dark=dark)
    lines = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
    assert list(lines[1].x[1:]) == [pytest.approx((k + 0.5) / 6) for k in range(7)]
    silent = [t.x[0] for t in figure.data if t.type == "bar"]
    assert sum(silent) / 2 == figure.layout.xaxis.tickvals[0] and max(silent) < 0
    assert figure.layout.xaxis.range[1] > 1 + 1 / 6, "the broadest step is seen whole"
    alone = how_much.rate_histogram("fc1", None, b, names=NAMES, dark=dark)
    assert {t.name for t in alone.data if t.name} == {"B TCSA"}


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


def paired(matched, fired_a, fired_b):
    """Return rows as `masnn.channels.table` makes them, channels of A and of B side by side."""
    rows = []
    for (c, rank, rate), (d, of_b, rate_b) in zip(fired_a, fired_b, strict=True):
        row = {"layer": "conv1", "matched_by": matched, "channel_A": c, "channel_B": d}
        row |= {"rank_A": rank, "rank_B": of_b, "rate_A": rate, "rate_B": rate_b}
        row |= {
            f"kind_{who}": "selective" if r else "silent" for who, r in (("A", rate), ("B", rate_b))
        }
        row["rate_B-A"] = None if None in (rate, rate_b) else rate_b - rate
        rows.append(row)
    return rows


def test_rates_of_channels_stand_by_rank_or_by_as_rank_where_numbers_compare(dark):
    rows = paired(
        "rank", [(2, 1, 0.5), (0, 2, 0.2), (1, 3, 0.1)], [(1, 1, 0.3), (0, 2, 0.0), (None,) * 3]
    )
    one, other = what.channel_rates(rows, names=NAMES, dark=dark).data
    assert list(one.x) == [1, 2, 3] and list(one.y) == [0.5, 0.2, 0.1]
    assert list(other.x) == [1, 2] and list(other.y) == [0.3, 0.0], "B has no third"
    assert [at[0] for at in one.customdata] == [2, 0, 1]
    assert tuple(other.customdata[1]) == (0, 2, "silent", "<br>B \u2212 A \u22120.2000")
    assert other.marker.symbol[1] == "x-thin-open"
    assert (one.name, other.name) == ("A vanilla", "B TCSA")
    assert (one.line.color, other.line.color) == (style.COLOUR_A, style.colour_b(dark))
    assert one.mode == other.mode == "lines+markers"
    # Numbers: B's rate stands above or below A's rate of the same channel.
    rows = paired("channel", [(0, 2, 0.2), (1, 1, 0.4)], [(0, 1, 0.9), (1, 2, 0.0)])
    figure = what.channel_rates(rows, names=NAMES, dark=dark)
    one, other = figure.data
    assert list(one.y) == [0.4, 0.2] and list(other.y) == [0.0, 0.9]
    assert [at[0] for at in one.customdata] == [at[0] for at in other.customdata] == [1, 0]
    assert other.mode == "markers", "no line joins what has no order of its own"
    assert "rank in A" in figure.layout.xaxis.title.text


def test_a_layer_that_only_one_has_or_of_one_channel_is_drawn(dark):
    rows = paired("rank", [(None,) * 3], [(0, 1, 0.3)])
    (only,) = what.channel_rates(rows, names=NAMES, dark=dark).data
    assert only.name == "B TCSA" and list(only.x) == [1] and list(only.y) == [0.3]


def test_gates_are_drawn_between_closed_and_open(dark):
    edges = np.arange(5.0) * 21
    layers = {"conv1": RNG.random(4), "conv2": RNG.random(4)}
    events = np.array([0, 4, 8, 2])
    time = when.temporal_gates(layers, edges, events, dark=dark)
    np.testing.assert_array_equal(time.data[2].y, layers["conv2"])
    np.testing.assert_array_equal(time.data[3].y[1:-1], events / 8)
    np.testing.assert_array_equal(time.data[3].customdata[1:-1], events)
    assert list(time.data[3].x[[0, -1]]) == [0, 84], "drawn to the borders of the window"
    quiet = when.temporal_gates(layers, edges, events * 0, dark=dark)
    assert not np.any(quiet.data[1].y)
    channels = RNG.random((4, 6))
    figure = what.channel_gates({"conv1": channels, "conv2": channels[:1]}, edges, dark=dark)
    assert np.all(np.diff(figure.data[0].z.mean(axis=0)) <= 0), "the most open channel comes first"
    shown = figure.data[0].customdata[0]
    np.testing.assert_array_equal(figure.data[0].z, channels[:, shown])
    assert list(figure.data[0].y) == list(time.data[0].x), "one clock for all gates"
    assert list(figure.data[1].y) == [0, 84], "one weight holds for the whole window"
    assert "ms" in figure.data[0].hovertemplate and "all steps" in figure.data[1].hovertemplate
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_votes_over_time_name_the_highest_and_mark_the_latency(dark):
    edges = np.arange(4.0) * 10
    means = np.array([[0.5, 0.0, 0.1], [0.4, 0.2, 0.5], [0.3, 0.1, 0.7]])
    silent = np.zeros((3, 3))
    classes = ("a_b", "c", "d")
    sides = [(edges, means, classes, 1), (edges, silent, classes, None)]
    figure = when.vote_curves(sides, names=("vanilla", "TCSA"), dark=dark)
    top = figure.data[2]  # the highest is drawn last
    assert top.name == "d" and top.line.shape == "hv" and list(top.x) == list(edges)
    np.testing.assert_array_equal(top.y, [0.1, 0.5, 0.7, 0.7])
    assert {trace.line.dash for trace in figure.data[:3]} == {"solid", "dash", "dot"}
    (latency,) = [trace for trace in figure.data if trace.name == "settled"]
    assert list(latency.x) == [20, 20], "the end of the second step"
    named = [trace for trace in figure.data[:3] if trace.showlegend]
    assert {trace.name for trace in named} == {"a b", "c", "d"}
    assert {trace.line.width for trace in figure.data[4:]} == {1}, "nobody is named in silence"
    assert not any(trace.showlegend for trace in figure.data[4:])
    # Names stand above the curves and within the figure, in as many lines as there are.
    layout = figure.layout
    area = layout.height - layout.margin.t - layout.margin.b
    assert layout.legend.y == layout.yaxis.domain[1] == 1
    assert layout.legend2.y == layout.yaxis2.domain[1]
    free = (layout.yaxis.domain[0] - layout.yaxis2.domain[1]) * area
    assert layout.margin.t >= 20 * 5 and free >= 20, "title, three names and the latency; a title"
    assert not layout.annotations


def test_a_pictures_votes_name_its_steps_though_borders_lie_between_them():
    edges = np.arange(4) + 0.5
    means = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]])
    sides = [(edges, means, ("a", "b"), 1)] * 2
    figure = when.vote_curves(sides, names=("A", "B"), dark=False, in_steps=True)
    assert list(figure.data[0].customdata) == [1, 2, 3, 3], "the last step is drawn to its end"
    (one, _) = [trace for trace in figure.data if trace.name == "settled"]
    assert list(one.customdata) == [2, 2] and list(one.x) == [2.5, 2.5]
    assert all("step %{customdata}" in trace.hovertemplate for trace in figure.data)


def test_spatial_gates_travel_whole_with_the_events_they_lie_over():
    gates = {
        "conv1": RNG.random((3, 4, 6), np.float32),
        "conv2": RNG.random((1, 2, 3), np.float32),
    }
    counts = RNG.integers(0, 5, (3, 2, 4, 6))
    counts[1, 0, 2, 2] = 1 << 20
    steps = np.array([0, 1, -1, 2])
    channels = {"conv1": RNG.integers(0, 9, (4, 6)), "conv2": RNG.integers(0, 9, (4, 6))}
    borders = {
        "conv1": (np.arange(5.0), np.arange(7.0)),
        "conv2": (np.array([0, 1.5, 4]), np.array([0, 1.5, 3.5, 6])),
    }
    block = unpack(spatial.content(gates, borders, counts, steps, channels))
    np.testing.assert_array_equal(block["layers"][0]["busiest"].reshape(4, 6), channels["conv1"])
    assert block["layers"][1]["busiest"] is None, "its places are not those of the neurons"
    for layer, (name, weights) in zip(block["layers"], gates.items(), strict=True):
        assert (layer["name"], layer["shape"]) == (name, list(weights.shape))
        np.testing.assert_array_equal(layer["gate"].reshape(weights.shape), weights)
        assert (layer["low"], layer["high"]) == (weights.min(), weights.max())
        np.testing.assert_array_equal(layer["rows"], borders[name][0])
        np.testing.assert_array_equal(layer["columns"], borders[name][1])
    events = block["events"]
    expected = counts.sum(1).clip(max=65535)
    np.testing.assert_array_equal(events["counts"].reshape(events["shape"]), expected)
    np.testing.assert_array_equal(block["steps"], steps)
    assert events["tops"] == [
        np.percentile(e[e > 0], 99) for e in (counts.sum(1), counts.sum((0, 1)))
    ]
    silent = unpack(spatial.content(gates, borders, counts * 0, steps, {}))
    assert silent["events"]["tops"] == [1.0, 1.0]


def test_of_a_picture_one_step_travels_and_of_a_photograph_none():
    gates, borders = {"stem": np.ones((1, 2, 3))}, {"stem": (np.arange(3), np.arange(4))}
    picture = np.broadcast_to(RNG.integers(0, 256, (1, 1, 2, 3)), (4, 1, 2, 3))
    ink = unpack(spatial.content(gates, borders, picture, np.arange(4), {}, over="ink"))["events"]
    assert ink["shape"] == [1, 2, 3]
    np.testing.assert_array_equal(ink["counts"].reshape(2, 3), picture[0, 0])
    none = unpack(spatial.content(gates, borders, picture, np.arange(4), {}, over=""))["events"]
    assert none["shape"] == [0, 2, 3] and none["counts"].size == 0


def test_no_colour_is_one_that_streamlit_swaps_for_its_own():
    placeholders = {f"#{i:06d}" for i in range(1, 60)}
    scale = [colour for one in (style.RATE_SCALE, style.GATE_SCALE) for _, colour in one]
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


COURSE = ("current", "current_gated", "integrated", "membrane", "left")


def test_a_neurons_course_travels_whole_in_the_colours_of_its_networks(dark):
    def course(title, T, dt_ms, threshold, steps):
        values = {name: RNG.random(T, np.float32) for name in COURSE}
        spikes = np.arange(T) % 2
        return neuron.Course(
            title, np.arange(T + 1) * dt_ms, np.array(steps), **values, spikes=spikes,
            threshold=threshold,
        )  # fmt: skip

    a = course("vanilla", 4, 10.0, 0.3, [0, 1, 1, 2, 3])
    b = course("TCSA", 2, 15.0, 1.0, [0, 0, 1, 1, -1])
    ticks_ms = np.array([0.0, 10, 15, 20, 30, 40])
    made = unpack(neuron.course(a, b, ticks_ms, dark=dark))
    assert made["part"] == "course" and made["clock"] == list(ticks_ms)
    assert made["thresholds"] == [0.3, 1.0]
    for side, who, one in zip(made["sides"], "AB", (a, b), strict=True):
        assert (side["who"], side["title"]) == (who, one.title)
        assert side["steps"].tolist() == one.steps.tolist() and side["edges"] == list(one.edges_ms)
        for name in (*COURSE, "spikes"):
            np.testing.assert_array_equal(side[name], getattr(one, name))
    assert made["sides"][0]["colour"] == style.COLOUR_A
    assert made["sides"][1]["colour"] == style.colour_b(dark)
    (alone,) = unpack(neuron.course(None, b, ticks_ms, dark=dark))["sides"]
    assert alone["who"] == "B"


def test_what_a_neuron_sees_is_framed(dark):
    counts = RNG.integers(0, 5, (3, 2, 6, 8))
    steps = np.array([0, 1, 2, -1])
    made = unpack(neuron.field("B", counts, (1, 4, 2, 7), steps, dark=dark))
    np.testing.assert_array_equal(made["counts"].reshape(made["shape"]), counts)
    assert made["field"] == [1, 4, 2, 7] and made["steps"].tolist() == [0, 1, 2, -1]
    balance = np.abs(counts[:, 1] - counts[:, 0])
    assert made["reach"] == np.percentile(balance[balance > 0], 98)
    assert made["table"].reshape(256, 3)[-1].tolist() == [0x00, 0x9E, 0x73], "ON is green"
    assert unpack(neuron.field("A", counts * 0, (0, 3, 0, 3), steps, dark=dark))["reach"] == 1


def test_equations_of_all_steps_travel_with_what_each_line_does():
    lines = [[("leak", "H = 1"), ("fire", "S = 0")], [("fire", "S = 1"), ("reset", "H = 0")]]
    made = unpack(neuron.equations("A", lines, 1, np.array([0, 1, -1])))
    assert [[(made["what"][i], text) for i, text in step] for step in made["lines"]] == lines
    assert made["spikes"] == 1 and made["steps"].tolist() == [0, 1, -1]


def test_potentials_keep_their_own_bins_and_thresholds(dark):
    edges = np.array([-1.0, 0.0, 0.3, 1.0])
    found = neuron.Potentials("net", np.array([5, 0, 2]), edges, 0.3)
    figure = neuron.potentials([found, None], dark=dark)
    assert list(figure.data[0].x) == [-1, -1, 0, 0.3, 1]
    assert list(figure.data[0].y) == [0.5, 5, 0.5, 2, 0.5]
    assert figure.data[1].text[0] == "A: 5 potentials from \u22121.000 to 0.000"
    both = neuron.potentials([found, found._replace(threshold=1.0)], dark=dark)
    for drawn, thresholds in ((figure, [0.3]), (both, [0.3, 1.0])):
        lines = [trace for trace in drawn.data if not trace.legendgroup]
        assert [list(line.x) for line in lines] == [[value] * 2 for value in thresholds]
        assert [line.name for line in lines] == [f"threshold {value:g}" for value in thresholds]
        low, high = (10**end for end in drawn.layout.yaxis.range)
        assert low < 1 and high > 5 and not drawn.layout.annotations


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
    text = f"{labels[0]}<br>gate {values[0]:.3f}, change {change[0]:+.4f}"
    assert few.text[0] == text.replace("-", "\u2212") and len(few.text) == 9
    (many,) = linkage.gate_against_change(values, change, labels, dark=dark).data
    assert linkage.MAX_DOTS // 2 < len(many.x) <= linkage.MAX_DOTS
    np.testing.assert_array_equal(many.x, values[::3])


def test_lines_of_designs_are_the_numbers_with_their_errors(dark):
    nan = np.nan
    line = depth.Line("MS", range(1, 4), np.array([1.0, nan, 0.0]), np.array([0.1, nan, 0.2]))
    figure = depth.lines({"ms": line}, x="block", y="phi", dark=dark, log=True)
    (drawn,) = figure.data
    assert list(drawn.x) == [1, 2, 3] and drawn.y[0] == 1 and np.isnan(drawn.y[1])
    assert drawn.y[2] > 0, "0 has no logarithm"
    np.testing.assert_allclose(drawn.error_y.array, [0.1, 0, 0.2])
    assert figure.layout.yaxis.type == "log"
    expected = depth.Line("MS", [1, 2, 3], np.array([3.0, 2.0, 1.0]))
    both = depth.lines({"ms": line}, x="b", y="n", dark=dark, beside={"ms": expected}, marks=True)
    assert list(both.data[1].y) == [3, 2, 1] and not both.data[1].showlegend
    colours = {style.design_line(name, dark)[0] for name in DESIGNS}
    assert len(colours) == len(DESIGNS) and style.design_line("mine", dark)[1] == "dot"


def test_pictures_of_a_signal_share_one_scale_and_stand_under_their_names(dark):
    rows = {f"design {i}": [np.full((4, 4), i + j) for j in range(6)] for i in range(4)}
    figure = depth.signals(rows, [f"block {j}" for j in range(6)], dark=dark)
    assert len(figure.data) == 24 and {t.coloraxis for t in figure.data} == {"coloraxis"}
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 8)
    heights = [a.y for a in figure.layout.annotations if a.text.startswith("design")]
    assert heights == sorted(heights, reverse=True) and len(set(heights)) == 4
    depth.signals({"silent": [np.zeros((2, 2))]}, ["output"], dark=dark)


def test_maps_of_blocks_stand_under_each_other_on_one_scale(dark):
    names = ("stem", "stage1_1b", "stage1_2b", "stage2_1b", "stage2_2b", "stage3_1b")
    a, b = ({name: RNG.random((4, 4)) * top for name in names} for top in (1, 2))
    figure = images.block_maps(a, b, dark=dark)
    titles = {t.text: t for t in figure.layout.annotations if t.text.strip()}
    assert list(titles)[:5] == [
        "A stem",
        "A stage1_1b",
        "A stage1_2b",
        "A stage2_1b",
        "A stage2_2b",
    ]
    assert (
        titles["A stage3_1b"].x == titles["B stem"].x
        and titles["A stage3_1b"].y < titles["B stem"].y
    )
    np.testing.assert_allclose(figure.data[1].z, b["stem"], atol=1e-6)
    assert figure.layout.coloraxis.cmax == pytest.approx(max(m.max() for m in b.values()))
    with_traces = {trace.yaxis for trace in figure.data}
    assert len(with_traces) == 12


def test_votes_and_rates_of_images_are_those_given(dark):
    shares = RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3))
    figure = images.votes(("x", "y", "z"), *shares, dark=dark)
    for trace, values in zip(figure.data, shares, strict=True):
        np.testing.assert_allclose(trace.y, values)
        assert list(trace.customdata) == ["x", "y", "z"]
    assert figure.layout.yaxis.range == (0, 1)
    rates = images.layer_rates({"stem": 0.1, "stage1_1a": 0.2}, {"stem": 0.3}, dark=dark)
    assert [list(t.y) for t in rates.data] == [[0.1, 0.2], [0.3]]
    picture = RNG.integers(0, 256, (8, 8), dtype=np.uint8)
    np.testing.assert_array_equal(images.seen(picture, dark=dark).data[0].z, picture)
    colours = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    source = images.seen(colours, dark=dark).data[0].source
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        np.testing.assert_array_equal(np.asarray(image), colours)


def test_of_a_thousand_classes_the_highest_of_both_are_drawn(dark):
    names = [f"a class whose name is long, {i}" for i in range(1000)]
    a, b = (np.full(1000, 1e-3) for _ in range(2))
    a[[3, 500, 999]] = [0.05, 0.03, 0.01]
    b[[500, 7]] = [0.06, 0.02]
    figure = images.votes(names, a, b, dark=dark)
    shown = figure.data[0].customdata
    assert list(shown[:4]) == [names[i] for i in (500, 3, 7, 999)], "by the higher share of both"
    assert len(set(shown)) == len(shown) <= images.MOST_CLASSES
    np.testing.assert_allclose(figure.data[1].y[:4], [0.06, 1e-3, 0.02, 1e-3])
    assert figure.layout.yaxis.range == pytest.approx((0, 1.05 * 0.06))
    assert max(map(len, figure.layout.xaxis.ticktext)) == 18
    means = np.tile(a, (4, 1))
    curves = when.vote_curves([(np.arange(5), means, names, 0)] * 2, names="AB", dark=dark)
    drawn = [trace for trace in curves.data if trace.name != "settled"]
    assert len(drawn) == 2 * 20 and curves.layout.yaxis.range[1] == pytest.approx(1.08 * 0.05)
    assert [t.name for t in drawn if t.showlegend][-1] == names[3], "the highest lies above all"
