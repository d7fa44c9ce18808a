"""The page Images without a browser: drawings, examples and uploads, good and bad."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from app import pictures
from app.figures.block import unpack
from app.state import EXAMPLES
from app.strokes import MOST_TEXT, SIDE, packed, unpacked
from masnn import checkpoints, energy
from masnn.equations import equations
from masnn.images import read_picture
from masnn.linkage import linkage_table
from masnn.neuron_trace import trace_neuron
from masnn.readers import read_recording
from masnn.receptive_field import receptive_field
from masnn.report.pictured import Pictured
from masnn.report.recipe import dump, recipe_of
from masnn.report.recorded import Recorded
from masnn.report.subject import Look, subject_of
from masnn.response import record
from masnn.sight import stills

MAIN = Path(__file__).parents[1] / "app" / "main.py"
SEVEN = [[(250, 200), (450, 205), (700, 200), (550, 500), (400, 850)]]


@pytest.fixture
def app():
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.run()
    return app.switch_page("views/images.py")


def shown(app):
    """Return what the cards say, by label."""
    told = {}
    for metric in app.main.metric:
        told.setdefault(metric.label, []).append(metric.value)
    return told


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_the_page_waits_for_a_drawing(app):
    app.run()
    assert not app.exception and not app.error and not app.main.metric
    assert any("Draw a digit" in c.value for c in app.main.caption)
    assert app.selectbox(key="image_a").value == "digits-ms18-t4"
    assert app.selectbox(key="image_b").value == "digits-csa18-t4"


def test_a_drawn_seven_is_seen_by_four_networks(app):
    app.session_state["strokes"] = SEVEN
    app.run()
    assert not app.exception and not app.error
    assert shown(app)["prediction"] == ["7"] * 4
    assert len(app.get("plotly_chart")) == 3
    assert any("26 x 20 px" in c.value for c in app.main.caption)


def test_an_example_is_chosen(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Example").run()
    app.pills(key="image_example").set_value("3").run()
    assert not app.exception and shown(app)["prediction"] == ["3", "3"]
    helps = {m.label: m.help for m in app.metric if m.label in ("prediction", "spikes", "NASFR")}
    assert "mean logit" in helps["prediction"] and "per neuron" in helps["NASFR"]
    assert "in 4 steps; the outputs do not fire." in helps["spikes"]
    assert f"{shown(app)['spikes'][1]}" in helps["spikes"].replace("{,}", ",")
    app.selectbox(key="image_a").set_value("digits-csa18-t1").run()
    assert not app.exception and len(shown(app)["prediction"]) == 2


# Every view, and how many charts and components it has at least under the votes.
VIEWS = (
    *(("Where", 6), ("What", 2), ("When", 2)),
    *(("How much", 6), ("Gate by gate", 1), ("One neuron", 5)),
)


@pytest.mark.parametrize("pair", [(4, 4), (1, 1), (1, 4)], ids=str)
def test_every_view_of_the_lens_opens_for_residual_networks(app, pair):
    app.run()
    app.segmented_control(key="image_source").set_value("Example").run()
    app.selectbox(key="image_a").set_value(f"digits-ms18-t{pair[0]}")
    app.selectbox(key="image_b").set_value(f"digits-csa18-t{pair[1]}").run()
    assert app.selectbox(key="image_layer").value == "stage1_2b"
    before = 2 + (max(pair) > 1)  # the picture, the votes, the player
    for name, least in VIEWS:
        app.segmented_control(key="image_view").set_value(name).run()
        assert not app.exception and not app.error, name
        assert len(app.get("plotly_chart")) + len(app.get("bidi_component")) >= before + least
    app.segmented_control(key="image_stage").set_value("stage4").run()
    assert app.selectbox(key="image_layer").value == "stage4_2b"
    assert not app.exception and not app.error
    app.selectbox(key="image_layer").set_value("stage4_1a").run()
    for name, _ in VIEWS:
        app.segmented_control(key="image_view").set_value(name).run()
        assert not app.exception and not app.error, name


def test_a_neuron_is_the_librarys_and_its_address_brings_it_back():
    app = AppTest.from_file(str(MAIN), default_timeout=120).switch_page("views/images.py")
    address = {"layer": "stage3_1b", "channel": "5", "y": "1", "x": "0", "view": "One neuron"}
    for key, value in (address | {"source": "Example"}).items():
        app.query_params[f"image_{key}"] = value
    app.run()
    assert not app.exception and app.segmented_control(key="image_stage").value == "stage3"
    blocks = [unpack(c.proto.bytes) for c in app.get("bidi_component") if c.proto.bytes]
    parts = {(b["part"], b.get("who")): b for b in blocks if "part" in b}
    network, card = checkpoints.load("digits-csa18-t4")
    config = network.config
    assert parts["field", "B"]["field"] == list(receptive_field(config, "stage3_1b", 1, 0).clipped)
    picture = read_picture(EXAMPLES / "digit_7.png")
    frames = stills(card, picture.pixels)
    trace = trace_neuron(record(network.folded(), frames.shown), config, "stage3_1b", (5, 1, 0))
    assert parts["equations", "B"]["spikes"] == trace.spikes.sum()
    course = parts["course", None]
    np.testing.assert_array_equal(course["sides"][1]["membrane"], trace.membrane)
    assert course["in_steps"] and course["clock"] == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert parts["field", "B"]["shape"] == [1, 1, 8, 8]
    lines = [text for at, text in parts["equations", "B"]["lines"][0]]
    assert lines == [line.plain for line in equations(trace, 0)]


def looked_at(app, before=""):
    """Return what a page whose choices begin so looks at: view, layer, neuron."""
    layer = [c.value for c in (*app.segmented_control, *app.selectbox) if c.key == f"{before}layer"]
    axes = [app.number_input(key=f"{before}{axis}").value for axis in ("channel", "y", "x")]
    return [app.segmented_control(key=f"{before}view").value, *layer, *axes]


def test_each_page_keeps_its_own_look(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Example").run()
    app.segmented_control(key="image_view").set_value("One neuron").run()
    app.number_input(key="image_channel").set_value(9).run()
    of_images = looked_at(app, "image_")
    assert of_images[:3] == ["One neuron", "stage1_2b", 9]
    app.switch_page("views/compare.py").run()
    fresh = AppTest.from_file(str(MAIN), default_timeout=120).run()
    assert not app.exception
    for key in ("view", "layer"):
        opened = fresh.segmented_control(key=key).value
        assert app.segmented_control(key=key).value == opened
    app.segmented_control(key="layer").set_value("conv1").run()
    app.segmented_control(key="view").set_value("One neuron").run()
    app.number_input(key="y").set_value(3).run()
    of_compare = looked_at(app)
    for page, before, look in (("images", "image_", of_images), ("compare", "", of_compare)):
        app.switch_page(f"views/{page}.py").run()
        assert not app.exception and looked_at(app, before) == look
        named = {
            f"{before}{k}": str(v) for k, v in zip(("layer", "channel"), look[1:3], strict=True)
        }
        told = {k: v[0] if isinstance(v, list) else v for k, v in app.query_params.items()}
        assert named.items() <= told.items()
        assert told[f"{before}view"] == "One neuron"


def test_the_tables_are_the_librarys(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Example").run()
    network, card = checkpoints.load("digits-csa18-t4")
    folded = network.folded()
    frames = stills(card, read_picture(EXAMPLES / "digit_7.png").pixels)

    def run(off=()):
        return record(folded, frames.shown, potentials=False, off=off)

    app.segmented_control(key="image_view").set_value("How much").run()
    table = app.dataframe[0].value.set_index("layer")
    for name, spikes in run().spikes.items():
        assert table.loc[name, "spikes B"] == spikes.sum()
    other, its_card = checkpoints.load("digits-ms18-t4")
    theirs = record(other.folded(), frames.shown, potentials=False)
    costs = [
        energy.ledger(c.config, frames.shown, response)
        for c, response in ((its_card, theirs), (card, run()))
    ]
    ratio = energy.efficiency(*costs)["exact"].value
    assert shown(app)["r_EE, counted"] == [f"{ratio:.2f}\u00d7"]
    assert shown(app)["energy, relative"] == [f"{1 / ratio - 1:+.1%}".replace("-", "\u2212")]
    app.segmented_control(key="image_view").set_value("Gate by gate").run()
    gates = [name for name in network.switches() if name.startswith("stage1")]
    found = linkage_table(run, gates).gates
    table = app.dataframe[0].value
    assert [f"{x}.{y}" for x, y in zip(table["layer"], table["gate"], strict=True)] == gates
    assert table["suppressed"].tolist() == [one.totals.suppressed for one in found.values()]
    app.segmented_control(key="image_view").set_value("What").run()
    kinds = app.table[0].value
    assert kinds["A"].sum() == kinds["B"].sum() == 16


def taken(app):
    """Return the labels of what is offered, once the panel is opened."""
    app.session_state["take"] = True  # an expander that a visitor opens
    app.run()
    assert not app.exception and not app.error
    return [b.proto.label for b in app.get("download_button")]


def offered(app):
    """Return how many figures each view offers, and the recipe."""
    n, files = {}, ["SVG", "PDF", "PNG", "CSV", "Caption"]
    for name, _ in VIEWS:
        app.segmented_control(key="image_view").set_value(name).run()
        labels = taken(app)
        figures = labels[: -len(["Film (GIF)", "Recipe"])]
        n[name] = len(figures) // len(files)
        assert figures == files * n[name] and labels[-2:] == ["Film (GIF)", "Recipe"]
    return n


def test_every_view_can_be_taken_away(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Example").run()
    found = offered(app)
    # One is the player's; no gate of time, and no ReLU, is in these networks.
    drawn = {"Where": 4, "What": 4, "When": 3, "How much": 3, "Gate by gate": 2, "One neuron": 3}
    assert found == {name: n + 1 for name, n in drawn.items()}


def test_a_recipe_of_an_example_brings_its_view_back(app):
    scene = Pictured(read_picture(EXAMPLES / "digit_3.png"))
    look = Look("stage3_1b", "stage3_1b", (5, 1, 0), step=2, prices="int8", view="One neuron")
    made = subject_of(
        scene, "digits-ms18-t1", "digits-csa18-t4", device="cpu", look=lambda a, b: look
    )
    app.run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    upload(app, "recipe.json", dump(recipe_of(made)).encode())
    assert not app.exception and not app.error
    assert app.pills(key="image_example").value == "3"
    assert app.selectbox(key="image_a").value == "digits-ms18-t1"
    assert app.selectbox(key="image_layer").value == "stage3_1b"
    assert [app.number_input(key=f"image_{i}").value for i in ("channel", "y", "x")] == [5, 1, 0]
    assert any("The view of the recipe" in c.value for c in app.caption)
    app.pills(key="image_example").set_value("4").run()
    assert not any("The view of the recipe" in c.value for c in app.caption)


def test_a_recipe_of_a_drawing_asks_for_the_picture_in_its_report(app):
    drawing = pictures.drawn(SEVEN)
    made = subject_of(Pictured(drawing), "digits-ms18-t4", "digits-csa18-t4", device="cpu")
    app.run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    upload(app, "recipe.json", dump(recipe_of(made)).encode())
    assert not app.exception and not app.error and not app.main.metric
    assert any("open the picture in its report" in i.value for i in app.info)
    upload(app, "other.png", (EXAMPLES / "digit_1.png").read_bytes())
    assert any("another picture" in i.value for i in app.info) and app.main.metric
    upload(app, "picture.png", drawing.content)
    assert not app.info and any("The view of the recipe" in c.value for c in app.caption)
    assert shown(app)["prediction"] == ["7", "7"]


def test_recipes_are_sent_to_their_page(app):
    drawing = subject_of(
        Pictured(pictures.drawn(SEVEN)), "digits-ms18-t4", "digits-csa18-t4", device="cpu"
    )
    text = dump(recipe_of(drawing)).encode()
    recording = read_recording(EXAMPLES / "simulated_digit_7.bin")
    events = subject_of(Recorded(recording), "nmnist-vanilla", "nmnist-tcsa", device="cpu")
    app.run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    upload(app, "events.json", dump(recipe_of(events)).encode())
    assert "on the page Compare" in app.error[0].value
    app.switch_page("views/compare.py").run()
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader[0].upload("drawing.json", text)
    app.run()
    assert not app.exception and "on the page Images" in app.error[0].value


def upload(app, name, content):
    """Open a file, in place of the picture that is open."""
    if any(button.key == "close_picture" for button in app.button):
        app.button(key="close_picture").click().run()
    uploader = next(u for u in app.file_uploader if u.label == "Picture")
    uploader.upload(name, content)
    return app.run()


def test_uploads_are_read_or_refused(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    page = np.full((120, 80), 250, np.uint8)
    page[10:110, 36:44] = 10
    upload(app, "one.png", png(page))
    assert not app.exception and not app.error
    assert shown(app)["prediction"] == ["1", "1"]
    for name, content, says in (
        ("grey.png", png(np.full((9, 9), 7, np.uint8)), "one colour"),
        ("cut.png", png(page)[:70], "damaged"),
    ):
        upload(app, name, content)
        assert not app.exception and says in app.error[0].value
        closers = [b for b in app.button if b.key == "close_picture"]
        assert len(app.file_uploader) + len(closers) == 1, "another one can be chosen"


def test_an_uploaded_picture_is_kept_until_it_is_closed(app):
    app.run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    upload(app, "mi*n*e.png", (EXAMPLES / "digit_3.png").read_bytes())

    def is_open():
        assert not app.exception and not app.error
        named = any(m.value == "`mi*n*e.png`" for m in app.main.markdown)
        assert named == (not app.file_uploader) == bool(app.main.metric)
        return named

    assert is_open() and shown(app)["prediction"] == ["3", "3"]
    app.segmented_control(key="image_source").set_value("Draw").run()
    assert not any("mi*n*e" in m.value for m in app.main.markdown)
    app.switch_page("views/compare.py").run()
    assert any("right hand wave" in m.value for m in app.main.markdown), "a page of its own"
    app.switch_page("views/images.py").run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    assert is_open() and shown(app)["prediction"] == ["3", "3"]
    app.button(key="close_picture").click().run()
    assert not is_open() and app.file_uploader[0].value is None
    app.switch_page("views/models.py").run()
    app.switch_page("views/images.py").run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    assert not is_open(), "closed is closed"


def test_what_a_browser_sends_is_checked(monkeypatch):
    import streamlit as st

    from app import choices, strokes

    class Sent:
        def __init__(self, drawn):
            self.drawn = drawn

    memory = {}
    monkeypatch.setattr(st, "session_state", memory)
    monkeypatch.setattr(st, "query_params", {})
    for sent, kept in (
        ([[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        ("text", []),
        ([[[1, 2], [1e9, 0], ["a", 1], [True, 1], [5]], 7, []], [[(1, 2)]]),
        ([], []),
    ):
        memory["pad"] = Sent(sent)
        choices.keep_drawing("pad")
        assert choices.drawing() == kept
    memory["pad"] = Sent([[[1, 1]] * (strokes.MOST + 1)])
    choices.keep_drawing("pad")
    assert choices.drawing() == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a machine may be busy
@given(
    st.lists(st.lists(st.tuples(*[st.integers(0, SIDE)] * 2), min_size=1, max_size=40), max_size=8)
)
def test_an_address_holds_a_drawing(drawn):
    text = packed(drawn)
    assert re.fullmatch("[A-Za-z0-9_-]*", text) and len(text) <= MOST_TEXT
    assert unpacked(text) == drawn


def test_a_known_drawing_has_this_text():
    # 2 points; (5, 0); then 64 to the right, which needs two bytes, and 1 down.
    written = bytes([4, 10, 0, 0x80, 0x01, 2])
    assert packed([[(5, 0), (69, 1)]]) == base64.urlsafe_b64encode(written).decode()


@pytest.mark.parametrize(
    "text", ["A", "!", "BAoA", "_w", "a" * (MOST_TEXT + 1), "AgFA", "é", "gICA"]
)
def test_any_text_that_is_no_drawing_is_none(text):
    assert unpacked(text) == []


def test_what_is_too_long_for_an_address_stays_out_of_it():
    assert packed([[(i % 2 * SIDE, i % 2 * SIDE) for i in range(2000)]]) == ""
    assert packed([[(0.5, 1)]]) == ""


def test_an_address_brings_a_drawing_back(app):
    app.query_params["drawing"] = packed(SEVEN)
    app.run()
    assert not app.exception and not app.error
    assert shown(app)["prediction"] == ["7"] * 4
    assert app.query_params["drawing"] == packed(SEVEN)


def test_event_pages_offer_no_network_of_images():
    from app import pictures, state

    events = {name for names in state.data_sets().values() for name in names}
    stills = {name for names in pictures.image_sets().values() for name in names}
    assert events and stills and not events & stills
    assert events | stills == set(state.cards())
