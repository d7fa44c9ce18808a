"""The views of a comparison without a browser: what stands on them is the library's."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.state import examples
from masnn import channels, checkpoints, comparison
from masnn.readers import read_events
from masnn.response import record
from masnn.sides import Side

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
    assert list(table["channel"]) == [row["channel"] for row in rows] == list(range(32))
    for title, key in (
        *(("rate A", "rate_A"), ("rate B", "rate_B"), ("B \u2212 A", "rate_B-A")),
        ("gate B", "gate_B"),
    ):
        assert list(table[title]) == [row[key] for row in rows], title
    assert "gate A" not in table, "vanilla has none"
    marks = {"silent": "\u00d7", "saturated": "\u25a1", "background": "\u25cb"}
    for who in "AB":
        kinds = [row[f"kind_{who}"] for row in rows]
        assert [told[2:] for told in table[f"{who} is"]] == kinds
        assert all(told[0] == marks.get(told[2:], "\u25cf") for told in table[f"{who} is"])
        assert len(set(kinds)) > 1
    said = " ".join(caption.value for caption in app.caption)
    assert "from other initial weights (seeds 2 and 1): channel k of A and channel k of B" in said
