"""The views of a comparison without a browser: what stands on them is the library's."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.state import examples
from masnn import channels, checkpoints, comparison
from masnn.readers import read_events, read_recording
from masnn.response import record
from masnn.sides import Side, opening_layer

MAIN = Path(__file__).parents[1] / "app" / "main.py"


@pytest.fixture
def app():
    return AppTest.from_file(str(MAIN), default_timeout=120)


@pytest.fixture(scope="module")
def sides():
    """Return the opening comparison."""
    events = read_events(examples("Gestures")["right hand wave"])
    found = []
    for name in ("gesture-vanilla", "gesture-tcsa"):
        network, card = checkpoints.load(name)
        frames = comparison.window(events, card.config)
        response = record(network.folded(), frames.counts, potentials=False)
        found.append(Side.of(card, frames, response))
    return found


def test_every_channel_stands_in_the_table(app, sides):
    app.query_params["view"], app.query_params["layer"] = "What", "conv2"
    app.run()
    assert not app.exception
    table = app.dataframe[0].value
    rows = channels.table(*sides, "conv2")
    assert list(table["rank"]) == list(range(1, 33))
    for title, key in (
        *(("A\u2019s channel", "channel_A"), ("rate A", "rate_A")),
        *(("B\u2019s channel", "channel_B"), ("rate B", "rate_B")),
        *(("B \u2212 A at the rank", "rate_B-A"), ("gate B", "gate_B")),
    ):
        assert list(table[title]) == [row[key] for row in rows], title
    assert "gate A" not in table, "vanilla has none"
    assert "B \u2212 A" not in table, "a difference by number means nothing here"
    marks = {"silent": "\u00d7", "saturated": "\u25a1", "background": "\u25cb"}
    for who in "AB":
        kinds = [row[f"kind_{who}"] for row in rows]
        assert [told[2:] for told in table[f"{who} is"]] == kinds
        assert all(told[0] == marks.get(told[2:], "\u25cf") for told in table[f"{who} is"])
        assert len(set(kinds)) > 1
    assert channels.told(*sides, "conv2") in [one.value for one in app.markdown]
    said = " ".join(caption.value for caption in app.caption)
    assert "from other initial weights (seeds 2 and 1): channel k of A and channel k of B" in said


def test_channels_of_one_network_stand_by_their_number(app, sides):
    app.query_params["view"], app.query_params["layer"] = "What", "conv2"
    app.run()
    app.selectbox(key="a").set_value("gesture-tcsa").run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["channel"]) == list(range(32))
    assert set(table["B \u2212 A"]) == {0} and "B \u2212 A at the rank" not in table
    said = channels.told(sides[1], sides[1], "conv2")
    assert "as often as A\u2019s in all 32 channels" in said
    assert said in [one.value for one in app.markdown]


def test_the_player_opens_where_the_temporal_gate_moves_and_the_address_says_so(app, sides):
    app.run()
    gates = {name: x.gates["time"] for name, x in sides[1].response.layers.items() if x.gates}
    reach = {name: weights.max() - weights.min() for name, weights in gates.items()}
    assert max(reach, key=reach.get) == "conv2" and reach["conv1"] < 0.001
    assert app.segmented_control(key="layer").value == "conv2"
    assert app.query_params["layer"] == "conv2", "a link to it stays one to it"
    app.segmented_control(key="layer").set_value("conv1").run()
    assert app.query_params["layer"] == "conv1"
    said = "B\u2019s temporal gate of conv1 is 0.500 at every step"
    assert any(said in caption.value for caption in app.caption)
    # Another network: what is looked at stays.
    app.selectbox(key="b").set_value("gesture-ta").run()
    assert app.segmented_control(key="layer").value == "conv1"


def test_an_address_from_before_the_layer_was_always_told_means_the_first(app):
    app.query_params["view"] = "When"
    app.run()
    assert app.segmented_control(key="layer").value == "conv1"
    assert app.query_params["layer"] == "conv1"


@pytest.mark.parametrize("layer", ["conv9", "fc1", ""])
def test_an_address_with_a_layer_that_is_none_is_harmless(app, layer):
    app.query_params["layer"] = layer
    app.run()
    assert not app.exception and app.segmented_control(key="layer").value == "conv1"


def test_what_an_address_or_a_recipe_calls_a_recording_formats_nothing(app):
    app.query_params["source"], app.query_params["file"] = "Upload", "**b**<i>"
    app.session_state["wanted_name"] = "a` ![x](http://evil.example/p.png)"
    app.run()
    assert not app.exception
    (said,) = (info.value for info in app.info)
    assert "`a' ![x](http://evil.example/p.png)`" in said
    assert said.endswith("`**b**<i>`.")


def test_a_file_name_formats_nothing_under_the_page(app):
    recording = read_recording(examples("Gestures")["right hand wave"])
    app.session_state["uploaded"] = replace(recording, name="a_*b*_[c](d).npz")
    app.query_params["source"] = "Upload"
    app.run()
    assert not app.exception
    (said,) = (c.value for c in app.main.caption if "sha256" in c.value)
    assert said.startswith("a\\_\\*b\\*\\_\\[c\\](d).npz \u00b7 sha256")


def test_the_width_of_figures_outlives_their_panel(app):
    app.session_state["take"] = True  # an expander that a visitor opens
    app.run()
    app.segmented_control(key="width").set_value("One column").run()
    app.session_state["take"] = False
    app.run()
    assert all(control.key != "width" for control in app.segmented_control)
    app.session_state["take"] = True
    app.segmented_control(key="view").set_value("When").run()
    assert app.segmented_control(key="width").value == "One column"


def test_without_a_gate_that_moves_the_rates_decide(sides):
    a = sides[0]
    network, card = checkpoints.load("gesture-sa")
    response = record(network.folded(), a.frames.counts, potentials=False)
    b = Side.of(card, a.frames, response)
    spikes = [side.response.spikes for side in (a, b)]
    change = {
        name: abs(float(spikes[1][name].mean()) - float(spikes[0][name].mean()))
        for name in ("conv1", "conv2", "conv3")
    }
    assert opening_layer(a, b) == max(change, key=change.get)
    assert opening_layer(b, sides[1]) == opening_layer(sides[1], b) == "conv2"
