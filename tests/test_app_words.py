"""What the views say in words and numbers is what the library says of the same networks."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.state import examples
from masnn import comparison, contrast, energy, focus, rates
from masnn.linkage import opening_gate
from masnn.readers import read_recording
from masnn.report.recorded import Recorded
from masnn.report.subject import subject_of

MAIN = Path(__file__).parents[1] / "app" / "main.py"


@pytest.fixture(scope="module")
def subject():
    """Return the library's own run of the opening comparison."""
    recording = read_recording(examples("Gestures")["right hand wave"])
    return subject_of(Recorded(recording), "gesture-vanilla", "gesture-tcsa", device="cpu")


@pytest.fixture(scope="module")
def app():
    return AppTest.from_file(str(MAIN), default_timeout=120).run()


def turned(app, view, layer=None, before=""):
    """Turn to a view, and then to a layer; `before` stands before keys of the page Images."""
    app.segmented_control(key=f"{before}view").set_value(view).run()
    if layer is not None:
        app.segmented_control(key="layer").set_value(layer).run()
    return app


def said(app):
    return [m.value for m in app.markdown]


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_where_and_when_begin_with_the_librarys_sentences(app, subject, layer):
    a, b = subject.a, subject.b
    names = list(a.response.layers)
    words = contrast.where(a, b, layer, names)
    assert words.startswith(f"In {layer} ") and words in said(turned(app, "Where", layer))
    assert contrast.when(a, b) in said(turned(app, "When"))


def test_how_much_begins_with_rates_energies_and_what_the_formula_says(app, subject):
    a, b = (
        energy.ledger(side.card.config, side.recorded.counts, side.response)
        for side in (subject.a, subject.b)
    )
    (words,) = [m for m in said(turned(app, "How much")) if "Counted operation by" in m]
    fired = [rates.nasfr(side.response.spikes) for side in (subject.b, subject.a)]
    assert f"less often than A (vanilla) (\u2212{1 - fired[0] / fired[1]:.1%})" in words
    assert "NASFR {:.4f} against {:.4f}".format(*fired) in words
    one, other = (ledger.energy().pj for ledger in (a, b))
    assert f"A takes {one / 1e6:.2f} \u00b5J and B {other / 1e6:.2f} \u00b5J" in words
    assert f"(\u2212{1 - other / one:.1%}); " in words
    assert f"{b.energy(group='gates').pj / other:.0%} of B\u2019s are its gates" in words
    formula = a.energy("paper").pj / b.energy("paper").pj
    assert f"{one / other:.2f} counted, {formula:.2f} by the paper\u2019s formula" in words


def test_a_pictures_views_begin_with_sentences_too():
    page = AppTest.from_file(str(MAIN), default_timeout=120).switch_page("views/images.py").run()
    page.segmented_control(key="image_source").set_value("Example").run()
    for view, words in (("Where", ", B fires "), ("When", "Over all layers (NSFR), B fires ")):
        told = said(turned(page, view, before="image_"))
        assert sum(words in m for m in told) == 1
    blocks = said(turned(page, "Where", before="image_"))
    order = [i for i, m in enumerate(blocks) if ", B fires " in m or "Where the blocks" in m]
    assert len(order) == 2 and ", B fires " in blocks[order[0]], "the answer comes first"


def test_numbers_on_the_page_are_the_librarys(app, subject):
    a, b = subject.a, subject.b
    (table,) = [m for m in said(turned(app, "Where", "conv1")) if m.startswith("| layer")]
    layer = b.response.layers["conv2"]
    found = focus.focus(layer.spikes, b.region("conv2"))
    assert f"| {found.area:.1%} | {found.share:.1%} |" in table  # 1: focus
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["NASFR"] == f"{rates.nasfr(b.response.spikes):.4f}"  # 2
    at = rates.settled_at(a.response.votes) + 1
    assert any(f"A settles at step {at} of 15 (" in m for m in said(turned(app, "When")))  # 3
    page = turned(app, "How much")
    rows = page.dataframe[0].value.set_index("layer")
    fired = int(b.response.layers["conv3"].spikes.sum())
    assert rows.loc["conv3", "spikes B"] == fired  # 4
    ledger = energy.ledger(b.card.config, b.recorded.counts, b.response)
    energies = page.dataframe[1].value.set_index("layer")
    assert energies.loc["conv2", "counted B (\u00b5J)"] == pytest.approx(
        ledger.energy(layer="conv2").pj / 1e6
    )  # 5
    relative = comparison.difference(a.summary, b.summary)["spikes_relative"]
    assert metrics["spikes, relative"] == f"\u2212{abs(relative):.1%}"  # 6


def test_a_rerun_counts_no_operation_again(app, monkeypatch):
    def counted(*args):
        raise AssertionError("counted again")

    turned(app, "How much")
    monkeypatch.setattr(energy, "ledger", counted)
    for prices in energy.PRESETS:
        app.selectbox(key="prices").set_value(prices).run()
        assert not app.exception
    pictures = AppTest.from_file(str(MAIN), default_timeout=120).switch_page("views/images.py")
    monkeypatch.undo()
    pictures.run().segmented_control(key="image_source").set_value("Example").run()
    turned(pictures, "How much", before="image_")
    monkeypatch.setattr(energy, "ledger", counted)
    assert not pictures.run().exception


def test_gate_by_gate_opens_on_the_layer_that_plays(app, subject):
    gates = subject.linkage().gates
    for layer in ("conv2", "conv1"):
        opened = turned(app, "Gate by gate", layer).selectbox(key="gate").value
        assert opened == opening_gate(gates, layer) and opened.startswith(f"{layer}.")
    # Whoever chose another keeps it, until they turn to another layer.
    app.selectbox(key="gate").set_value("conv1.time").run()
    assert turned(turned(app, "When"), "Gate by gate").selectbox(key="gate").value == "conv1.time"
    for layer, view in (("conv3", "Gate by gate"), ("conv2", "When")):
        app.selectbox(key="gate").set_value("conv1.time").run()
        turned(app, view, layer)
        opened = turned(app, "Gate by gate").selectbox(key="gate").value
        assert opened == opening_gate(gates, layer)


def test_one_neuron_says_of_what_its_rows_and_columns_are(app, subject):
    captions = [c.value for c in turned(app, "One neuron", "conv1").caption]
    assert f"Rows and columns are those of {subject.b.input_grid}." in captions
    assert subject.b.input_grid == (
        "the network\u2019s 32 \u00d7 32 px, each of 4 \u00d7 4 px of the sensor"
    )
