"""The page Data set: shipped responses are the cards', uploads are read, bad ones explained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from test_asrv import ABOUT, COSTS, Noise
from test_explanations import numbers_hold

from app.figures import asrv as figure
from app.figures.block import unpack
from app.studies import RESPONSES
from masnn import asrv, asrv_files, checkpoints, gathering, significance
from masnn.explanations import dataset as told
from masnn.networks import ConvSNN, NetworkConfig

MAIN = Path(__file__).parents[1] / "app" / "main.py"
SHIPPED = asrv_files.decode(RESPONSES.read_bytes())


@pytest.fixture
def page():
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.run()
    app.switch_page("views/dataset.py").run()
    assert not app.exception and not app.error
    return app


def upload(page, content, name="asrv.npz"):
    page.segmented_control(key="asrv_source").set_value("Upload").run()
    page.file_uploader(key="asrv_upload").upload(name, content)
    return page.run()


def small(**changes):
    """Return the responses of a small network to noise."""
    from small_network import network_of

    return gathering.gather(network_of(**changes), Noise(6), ABOUT)


def test_shipped_responses_are_of_the_shipped_weights_and_come_to_the_cards_numbers():
    assert RESPONSES.stat().st_size < 1 << 20
    cards = checkpoints.available()
    for response, name in zip(SHIPPED.values(), ("nmnist-vanilla", "nmnist-tcsa"), strict=True):
        card = cards[name]
        assert (response.about.name, response.about.sha256) == (name, card.sha256)
        assert (response.about.data, response.about.part) == ("N-MNIST", "validation")
        assert response.n == card.metrics["n"] == 200
        assert response.confusion.tolist() == card.metrics["confusion"]
        assert response.nasfr.mean() == pytest.approx(card.metrics["nasfr"], rel=1e-5)
        for layer, rate in card.metrics["lasfr"].items():
            assert response.layer_rates(layer).mean() == pytest.approx(rate, rel=1e-5)


def test_the_page_shows_the_shipped_numbers(page):
    shown = [m.value for m in page.metric]
    a, b = SHIPPED["a"], SHIPPED["b"]
    for r in (a, b):
        assert f"{r.accuracy:.1%}" in shown and f"{r.nasfr.mean():.4f}" in shown
        assert f"{r.spikes.sum(1).mean():,.0f}" in shown
        assert f"{r.energy_uj(COSTS).mean():.1f} \u00b5J" in shown
    test = asrv.paired(a, b)
    assert (
        f"{test.nasfr.mean:+.4f}".replace("-", "\u2212") in shown
        and f"{test.accuracy.p:.3f}" in shown
    )
    assert len(page.get("plotly_chart")) == 7
    table = page.dataframe[0].value.set_index("layer")
    silent = asrv.channels(b, "conv2").silent.sum(1)
    assert table.loc["conv2", "silent B"] == f"{silent.min()} to {silent.max()}"
    classes = page.dataframe[1].value
    assert classes["n"].sum() == 200 and classes["right B"].sum() == b.right.sum()
    for layer in a.maps:
        page.segmented_control(key="asrv_layer").set_value(layer).run()
        assert not page.exception
        assert any(m.value == f"#### Channels of {layer}" for m in page.markdown)


def test_an_uploaded_file_is_shown_and_a_bad_one_is_explained(page):
    deep = small(channels=(4, 6, 8), pools=(1, 2, 2), attention="none")
    upload(page, asrv_files.encode({"a": small(), "b": deep}))
    assert not page.exception and not page.error
    assert f"{deep.nasfr.mean():.4f}" in [m.value for m in page.metric]
    page.segmented_control(key="asrv_layer").set_value("conv3").run()
    assert not page.exception and not page.error
    upload(page, asrv_files.encode({"a": small()}))
    assert not page.exception and any("one network" in m.value for m in page.caption)
    upload(page, b"no archive", "odd.npz")
    assert not page.exception
    (error,) = page.error
    assert "odd.npz: a damaged .npz archive" in error.value


def test_names_in_an_upload_are_no_markdown_and_no_other_visitors_numbers(page):
    a = small()
    odd = replace(ABOUT, name="`x` **bold**", title="*t* [link](http://x)", data="<b>d</b>")
    upload(page, asrv_files.encode({"a": replace(a, about=odd), "b": a}))
    assert not page.exception
    text = "\n".join(m.value for m in page.markdown)
    assert "**bold**" not in text and "](http" not in text and "<b>" not in text
    # The claim of the shipped weights changes nothing of what the shipped responses show.
    liar = replace(SHIPPED["b"], predictions=(SHIPPED["b"].labels + 1) % 10)
    upload(page, asrv_files.encode({"a": SHIPPED["a"], "b": liar}))
    assert [m.value for m in page.metric if m.label == "right only in A"] == ["190"]
    page.segmented_control(key="asrv_source").set_value("Digits (N-MNIST)").run()
    assert [m.value for m in page.metric if m.label == "right only in A"] == ["2"]


def test_the_tiles_travel_as_counted():
    layers = []
    for r in SHIPPED.values():
        kinds = asrv.channels(r, "conv2")
        layers.append(
            figure.Layer(
                r.about.title, r.n, r.counts["conv2"], kinds.silent.sum(1), kinds.near_one.sum(1)
            )
        )
    steps = figure.shown_steps(layers, SHIPPED["a"].moments())
    assert steps == list(range(15))
    sent = unpack(figure.content(layers, steps, 11, 21.0))
    for side, layer in zip(sent["sides"], layers, strict=True):
        assert np.array_equal(side["counts"].reshape(layer.counts.shape), layer.counts)
        assert side["silent"] == layer.silent.tolist() and side["n"] == 200
    assert sent["top"] == max(x.counts.max() for x in layers) / 200
    alone = unpack(figure.content([None, layers[1]], [0, 6], 1, 21.0))
    assert alone["sides"][0]["shape"] is None
    assert np.array_equal(
        alone["sides"][1]["counts"].reshape(2, *layers[1].counts.shape[1:]),
        layers[1].counts[[0, 6]],
    )
    many = layers[0]._replace(n=300, counts=layers[0].counts.astype(np.uint16) + 100)
    wide = unpack(figure.content([many, None], [3], 0, 21.0))["sides"][0]["counts"]
    assert wide.dtype == np.uint16 and np.array_equal(wide, many.counts[3].ravel())


@pytest.mark.parametrize("dark", [False, True])
def test_what_was_shown_is_drawn_once_for_both(dark):
    shown = asrv.shown_inputs(SHIPPED)
    assert list(shown) == ["shown at t = 1", "shown at t = 7", "shown at t = 12"]
    drawn = figure.mean_inputs(shown, dark=dark)
    assert [a.text for a in drawn.layout.annotations] == list(shown)
    for trace, t in zip(drawn.data, (0, 6, 11), strict=True):
        expected = SHIPPED["b"].inputs[t].sum(0) / 200
        np.testing.assert_allclose(trace.z, expected, rtol=1e-6)
    assert len({trace.zmax for trace in drawn.data}) == 1
    # A picture of three channels is itself; one that only B saw says so.
    pictures = {"picture": np.full((3, 4, 5), 99.6, np.float32)}
    assert (np.asarray(figure.mean_inputs(pictures, dark=dark).data[0].z) == 100).all()
    other = replace(SHIPPED["b"], inputs=SHIPPED["b"].inputs[:1] + 1)
    names = list(asrv.shown_inputs({"a": SHIPPED["a"], "b": other}))
    assert names == [*(f"A, {name}" for name in shown), "B, shown at every step"]
    nothing = replace(SHIPPED["a"], inputs=None)
    assert asrv.shown_inputs({"a": nothing}) == {}


def test_of_a_layer_that_is_too_large_a_few_steps_travel(monkeypatch):
    layer = figure.Layer("x", 2, np.zeros((15, 2, 3, 3), np.uint8), *[np.zeros(15, int)] * 2)
    monkeypatch.setattr(figure, "MAX_CELLS", 15 * 18 - 1)
    assert figure.shown_steps([layer, None], [0, 6, 11]) == [0, 6, 11]


@pytest.mark.parametrize("dark", [False, True])
def test_charts_draw_what_was_measured(dark):
    a, b = SHIPPED["a"], SHIPPED["b"]
    names = [r.about.title for r in (a, b)]
    drawn = figure.distribution({"A": a.nasfr, "B": b.nasfr}, names=names, dark=dark)
    outlines, readings = drawn.data[::2], drawn.data[1::2]
    assert [sum(trace.y) for trace in outlines] == [sum(trace.y) for trace in readings] == [200] * 2
    assert [trace.y[0] for trace in outlines] == [trace.y[-1] for trace in outlines] == [0, 0]
    matrices = {"A": a.confusion, "B": b.confusion}
    drawn = figure.confusion(matrices, a.about.classes, names=names, dark=dark)
    assert np.array_equal(drawn.data[1].z, b.confusion)
    assert drawn.data[0].zmax == drawn.data[1].zmax == max(m.max() for m in matrices.values())
    rates = {"B": b.channels["conv1"] / 1e5}
    drawn = figure.channels_by_class(rates, a.about.classes, names=names, dark=dark)
    order = drawn.data[0].customdata[0]
    assert np.array_equal(drawn.data[0].z, rates["B"][:, order])


SMALL = NetworkConfig(
    n_classes=3, T=6, dt_ms=10.0, input_size=(9, 11), channels=(2, 3), pools=(1, 2),
    temporal_reduction=2, channel_reduction=1,
)  # fmt: skip


def test_explanations_hold_for_firing_and_silent_networks():
    network = ConvSNN(SMALL).eval()
    for layer in network.layers:
        layer.synapse.norm.bias.data.fill_(-9.0)
    silent = gathering.gather(network, Noise(6), ABOUT)
    assert not silent.spikes.any()
    for pair in (SHIPPED, {"a": silent, "b": small()}, {"a": small()}):
        explained = [
            *(told.tiles(pair, layer) for layer in ("conv1", "conv2")),
            *(told.kinds(pair, layer) for layer in ("conv1", "conv2")),
            *(told.rates(pair), told.distribution(pair), told.accuracy(pair), told.inputs(pair)),
            *(told.classes(pair), told.by_class(pair, "conv1")),
        ]
        checked = sum(numbers_hold(line) for one in explained for line in one.values)
        assert checked >= 5 * len(pair)
        if "b" in pair:
            found = told.paired(asrv.paired(pair["a"], pair["b"]))
            assert numbers_hold(found.values[0])
    hits = significance.McNemar(40, 5, 1.2e-7)
    many = asrv.Paired(99, hits, significance.paired_mean(np.zeros(9), np.ones(9)))
    assert told.paired(many).values[0] == r"p &: \text{1.20e-07}"
