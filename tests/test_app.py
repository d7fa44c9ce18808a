"""The app without a browser: every page opens, uploads work, bad files are explained."""

import dataclasses
import json
import re
import shutil
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from event_bytes import AEDAT31, hdf5, packet31
from report_pairs import ATTENTION, GESTURES, NETWORKS, write_networks
from streamlit.testing.v1 import AppTest

from app.figures.block import unpack
from app.state import EXAMPLES, examples
from app.studies import course, isometry
from masnn import checkpoints, comparison, energy
from masnn.doctor import examine
from masnn.equations import equations
from masnn.isometry_designs import DESIGNS
from masnn.isometry_sweep import DEPTHS, Settings
from masnn.isometry_sweep import course as measured_course
from masnn.neuron_trace import trace_neuron
from masnn.readers import read_events, read_recording
from masnn.receptive_field import receptive_field
from masnn.response import record

MAIN = Path(__file__).parents[1] / "app" / "main.py"
TIMEOUT_S = 120


@pytest.fixture
def app():
    return AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S)


def metrics(app):
    return {m.label: m.value for m in app.metric}


def view(app, name):
    """Turn to a view under the player."""
    return app.segmented_control(key="view").set_value(name).run()


def charts(app):
    """Count what is drawn on the page: charts, and the components that draw for themselves."""
    return len(app.main.get("plotly_chart")) + len(app.main.get("bidi_component"))


def parts(app):
    """Return what the components of One neuron were sent, by part and network."""
    blocks = [unpack(c.proto.bytes) for c in app.get("bidi_component") if c.proto.bytes]
    return {(b["part"], b.get("who")): b for b in blocks if "part" in b}


def upload(app, name, content, data="N-MNIST"):
    """Upload a recording to the networks of a data set."""
    app.run()
    app.selectbox(key="data").set_value(data).run()
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader[0].upload(name, content)
    return app.run()


def test_the_first_look_is_a_finished_comparison(app):
    app.run()
    assert not app.exception and not app.error
    assert [m.label for m in app.metric].count("vote per step") == 2
    assert "right hand wave" in app.selectbox(key="gestures").value
    assert any(m.value == "#### right hand wave" for m in app.markdown)
    assert not app.warning, "the networks know what they see"
    assert any("simulated" in m.value for m in app.markdown)


@pytest.mark.parametrize("page", ["compare", "images", "recording"])
def test_an_address_may_name_a_choice_without_a_value(app, page):
    app.switch_page(f"views/{page}.py")
    for name in ("view", "source", "image_view", "image_example"):
        app.query_params[name] = ""
    app.query_params["image_source"] = "Example" if page == "images" else ""
    app.run()
    assert not app.exception and not app.error


# Every view, and how many figures it has at least on the opening example.
VIEWS_AND_CHARTS = (
    *(("Where", 6), ("What", 4), ("When", 5)),
    *(("How much", 7), ("Gate by gate", 2), ("One neuron", 4)),
)


def test_every_view_opens_at_every_layer(app):
    app.run()
    for layer in ("conv1", "conv2", "conv3"):
        app.segmented_control(key="layer").set_value(layer).run()
        for name, least in VIEWS_AND_CHARTS:
            view(app, name)
            assert not app.exception and not app.error, (layer, name)
            assert charts(app) >= least, (layer, name)
    # The ledger's numbers are the library's, whatever the prices.
    view(app, "How much")
    frames, did = {}, {}
    path = examples("Gestures")["right hand wave"]
    for side in "ab":
        network, card = checkpoints.load(app.selectbox(key=side).value)
        frames[side] = comparison.window(read_events(path), card.config)
        did[side] = card, record(network.folded(), frames[side].counts, potentials=False)
    for prices, costs in energy.PRESETS.items():
        app.selectbox(key="prices").set_value(prices).run()
        a, b = (
            energy.ledger(did[side][0].config, frames[side].counts, did[side][1], costs)
            for side in "ab"
        )
        ratios = energy.efficiency(a, b)
        shown = metrics(app)
        assert shown["r_EE, counted"] == f"{ratios['exact'].value:.2f}\u00d7"
        assert shown["r_EE, comparable"] == f"{ratios['comparable'].value:.2f}\u00d7"
        assert shown["r_EE, paper's formula"] == f"{ratios['paper'].value:.2f}\u00d7"
        table = app.dataframe[1].value.set_index("layer")
        for who, found in (("A", a), ("B", b)):
            assert table.loc["all", f"counted {who} (\u00b5J)"] == pytest.approx(
                found.energies()["exact"].pj / 1e6
            )
    kinds = view(app, "What").table[0].value
    assert kinds["A"].sum() == kinds["B"].sum() == 32


def test_the_tour_tells_this_comparisons_numbers_and_leads_to_its_views(app):
    def stops():
        told = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.json]
        (found,) = (data["stops"] for data in told if "stops" in data)
        return found

    app.run()
    assert stops() is None, "nothing is computed for who does not ask"
    app.session_state["touring"] = True
    app.run()
    assert not app.exception
    text = {stop["target"].removeprefix(".st-key-"): stop["text"] for stop in stops()}
    a, b = (v.value for v in app.metric if v.label == "NASFR")
    assert f"NASFR {b} against {a}" in text["verdict"]
    views = [stop["view"] for stop in stops()]
    assert views == ["", "", "Where", "What", "How much", "One neuron", ""]
    assert all(any(map(str.isdigit, told)) for told in text.values())
    words = ("When? ", "Where? ", "What? ", "How much? ", "One neuron: ", "Take it away: ")
    assert all(any(told.startswith(word) for told in text.values()) for word in words)
    for spikes in (v.value for v in app.metric if v.label == "spikes"):
        assert spikes in text["take"]
    assert len(" ".join(text.values()).split()) < 260, "a minute\u2019s reading"
    for name, stop in (("Where", "where"), ("What", "what"), ("When", "player")):
        said = [m.value for m in view(app, name).markdown]
        asked = (
            text[stop]
            .removeprefix(f"{name}? ")
            .removesuffix(" Play it, or step with the arrow keys.")
        )
        assert any(words.startswith(asked) for words in said), asked


def test_networks_that_know_an_uploads_classes_are_one_click_away(app):
    content = next(iter(examples("Digits").values())).read_bytes()
    upload(app, "00001.bin", content, data="Gestures (simulated)")
    assert any("the named class means nothing" in w.value for w in app.warning)
    (button,) = [b for b in app.button if b.label == "Compare networks that know digits"]
    button.click().run()
    assert not app.exception and not app.error
    assert app.selectbox(key="data").value == "N-MNIST"
    assert not any("the named class means nothing" in w.value for w in app.warning)
    assert not [b for b in app.button if b.label == button.label]


def test_one_neuron_is_the_librarys(app):
    app.query_params["layer"] = "conv1"
    app.run()
    view(app, "One neuron")
    place = {"channel": 3, "y": 7, "x": 20}
    for axis, value in place.items():
        app.number_input(key=axis).set_value(value)
    app.run()
    assert "step" not in {s.key for s in app.slider}, "the cursor is the player's"
    path = examples("Gestures")["right hand wave"]
    shown = parts(app)
    for side in "ab":
        network, card = checkpoints.load(app.selectbox(key=side).value)
        frames = comparison.window(read_events(path), card.config)
        response = record(network.folded(), frames.counts)
        trace = trace_neuron(response, network.config, "conv1", tuple(place.values()))
        made = shown["equations", side.upper()]
        assert len(made["lines"]) == trace.T == 15 and made["spikes"] == trace.spikes.sum()
        for t, step in enumerate(made["lines"]):
            assert [(made["what"][i], text) for i, text in step] == [
                (f"{line.what} \u00b7 {line.source}", line.plain) for line in equations(trace, t)
            ]
        drawn = shown["course", None]["sides"]["ab".index(side)]
        np.testing.assert_array_equal(drawn["membrane"], trace.membrane)
        np.testing.assert_array_equal(drawn["left"], trace.carried_out)
    seen = receptive_field(network.config, "conv1", 7, 20).clipped
    assert tuple(shown["field", "B"]["field"]) == seen
    # A smaller layer: the place is moved into it, not refused.
    app.number_input(key="x").set_value(31).run()
    app.segmented_control(key="layer").set_value("conv3").run()
    assert not app.exception and app.number_input(key="x").value == 7
    app.selectbox(key="neuron_layer").set_value("fc2").run()
    assert not app.exception and app.number_input(key="n").max == 10


def test_the_recording_page_shows_what_the_file_holds(app):
    app.run()
    app.switch_page("views/recording.py").run()
    assert not app.exception and not app.error
    recording = read_recording(EXAMPLES / "simulated_right_hand_wave.npz")
    events = recording.events
    told = {m.label: m.value for m in app.metric}
    assert told["events"] == f"{len(events):,}" and told["sensor"] == "128 \u00d7 128"
    assert told["ON"] == f"{events.n_on / len(events):.1%}"
    text = " ".join(m.value for m in app.main.markdown)
    assert all(finding.text in text for finding in examine(events))
    assert recording.sha256 in captions(app) and f"of {len(events):,} events" in captions(app)
    app.session_state["take_recording"] = True  # an expander that a visitor opens
    app.run()
    offered = [b.proto.label for b in app.get("download_button")]
    assert offered == ["SVG", "PDF", "PNG", "CSV", "Caption"] * 4
    (cloud,) = (c for c in app.get("plotly_chart") if "cloud" in str(c.proto.id))
    points = json.loads(cloud.proto.spec)["data"]
    assert [trace["name"] for trace in points] == ["OFF", "ON"]


def edit(app, **fields):
    """Go to the Recording page, fill the form of edits and apply it."""
    app.switch_page("views/recording.py").run()
    for label, value in fields.items():
        words = label.replace("_", " ")
        kinds = (app.number_input, app.checkbox, app.selectbox, app.get("button_group"))
        (found,) = (f for kind in kinds for f in kind if f.label.startswith(words))
        found.set_value(value)
    next(button for button in app.button if button.label == "Apply").click()
    return app.run()


def test_edits_of_the_recording_are_what_the_networks_see(app, capsys):
    from masnn.__main__ import main

    app.run()
    edit(app, from_column=20, to_column=99, No_hot_pixels=True, Rotate=1, Swap_left=True)
    assert not app.exception and not app.error
    text = " ".join(m.value for m in app.main.markdown)
    assert "Cropped to columns 20 to 99" in text and "Rotated by 90 degrees" in text
    assert {m.label: m.value for m in app.metric}["sensor"] == "128 \u00d7 80"
    app.switch_page("views/compare.py").run()
    assert "Cropped to columns 20 to 99" in captions(app)
    (command,) = (c.value for c in app.code if "compare FILE" in c.value)
    words = command.replace("FILE", str(examples("Gestures")["right hand wave"])).split()[3:]
    assert main([*words, "--json", "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    shown = [m.value for m in app.metric if m.label == "spikes"]
    assert shown == [f"{told[which]['spikes']:,}" for which in "ab"]
    assert told["provenance"]["edits"] == {
        "crop": [20, 0, 100, 128], "no_hot_pixels": True, "quarter_turns": 1, "flip_x": True,
    }  # fmt: skip
    # And back: every number as it was.
    app.switch_page("views/recording.py").run()
    next(button for button in app.button if button.label == "As the file has it").click()
    app.run()
    assert {m.label: m.value for m in app.metric}["sensor"] == "128 \u00d7 128"
    assert "Cropped" not in " ".join(m.value for m in app.main.markdown)


def test_an_edit_that_does_not_fit_is_explained_and_changes_nothing(app):
    app.run()
    edit(app, from_column=90, to_column=20)
    assert "does not lie in the sensor" in app.error[0].value
    assert {m.label: m.value for m in app.metric}["sensor"] == "128 \u00d7 128"


def test_edits_are_in_the_address(app):
    app.query_params["edits"] = '{"crop":[0,0,64,64],"flip_y":true}'
    app.run()
    assert not app.exception and "Cropped to columns 0 to 63" in captions(app)
    again = dict(app.query_params)["edits"]
    assert json.loads(again[0] if isinstance(again, list) else again)["crop"] == [0, 0, 64, 64]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"crop":"x"}', '{"what":1}', '{"crop":[0,0,999,999]}', "9" * 5000]
)
def test_an_address_with_edits_that_cannot_be_is_harmless(app, text):
    app.query_params["edits"] = text
    app.run()
    assert not app.exception and "edits" not in app.query_params
    assert len(app.error) == ("999" in text and "crop" in text)


def test_the_models_page_shows_every_card(app):
    app.run()
    app.switch_page("views/models.py").run()
    assert not app.exception and not app.error
    assert len(app.metric) == 4 * len(app.get("code")) > 0


def test_the_method_page_tells_its_story(app):
    app.run()
    app.switch_page("views/method.py").run()
    assert not app.exception and not app.error
    # The frame, the convolution, the neuron, the gates.
    assert len(app.latex) >= 10 and charts(app) == 4
    app.slider(key="method_dt").set_value(200).run()
    assert not app.exception
    assert any("one frame of 200 ms" in c.value for c in app.caption)


def test_the_depth_page_sends_signals_back(app):
    app.run()
    app.switch_page("views/depth.py").run()
    assert not app.exception and not app.error
    assert charts(app) == 10
    rows = {(r["name"], r["blocks"]): r for r in isometry()["courses"]}
    text = "\n".join(m.value for m in app.main.markdown)
    assert f"$10^{{{rows['vanilla', 200]['log10_norm']:.1f}}}$ of a signal" in text
    assert text.count("Source: ") == 7, "every chart of a visitor's own explains itself"
    (caption,) = [c.value for c in app.caption if "It starts on the right" in c.value]
    norm = course("att-2", 34, 16, 0.1).passages[0].log10_norms[0]
    assert f"Att-2: $10^{{{norm:.1f}}}$ of it is left." in caption
    app.segmented_control(key="depth_blocks").set_value(8).run()
    app.select_slider(key="depth_gain").set_value(2.0).run()
    assert not app.exception and any("after block 8" in c.value for c in app.caption)
    app.get("button_group")[0].set_value([]).run()
    assert not app.exception and charts(app) == 5 and app.info[0].value == "Choose a design."


def test_the_measured_isometry_is_what_the_library_measures():
    """The file's maker is docs/isometry.py; the cheapest of its courses is made again."""
    found = isometry()
    assert found["settings"] == dataclasses.asdict(Settings()) | {"input": "noise"}
    assert len(found["courses"]) == len(DESIGNS) * len(DEPTHS)
    again = measured_course("ms", 18, Settings()).summary()
    (kept,) = [r for r in found["courses"] if (r["name"], r["blocks"]) == ("ms", 18)]
    for key, value in again.items():
        assert kept[key] == (value if isinstance(value, str) else pytest.approx(value, rel=0.02)), (
            key
        )


def test_every_example_and_the_same_network_twice_work(app):
    app.run()
    for kind in ("Digits", "Gestures"):
        app.segmented_control(key="source").set_value(kind).run()
        names = list(examples(kind))
        for name in (names[0], names[-1]):
            app.selectbox(key=kind.lower()).set_value(name).run()
        assert not app.exception and not app.error
    app.selectbox(key="b").set_value(app.selectbox(key="a").value).run()
    assert not app.exception
    assert metrics(app)["spikes, relative"] == "0.0%"
    for name, gate in (("Where", "spatial"), ("What", "channel"), ("When", "temporal")):
        assert f"B has no {gate} gate." in captions(view(app, name))


def test_an_upload_shows_what_the_library_computes(app):
    path = examples("Digits")["digit 3"]
    upload(app, "mine.bin", path.read_bytes())
    assert not app.exception and not app.error
    from masnn.checkpoints import load
    from masnn.readers import read_recording
    from masnn.response import record

    recording = read_recording(path)
    network, card = load("nmnist-tcsa")
    frames = comparison.window(recording.events, card.config)
    summary = comparison.summarise(card, record(network.folded(), frames.counts))
    values = [m.value for m in app.metric]
    assert f"{summary['spikes']:,}" in values and f"{summary['nasfr']:.4f}" in values


def test_a_bad_file_is_explained_and_the_next_one_works(app):
    upload(app, "notes.txt", b"these are no events")
    assert len(app.error) == 1 and "notes.txt" in app.error[0].value
    assert not app.exception and not app.metric
    assert app.file_uploader[0].value.name == "notes.txt", "another one can be chosen in its place"
    assert app.selectbox(key="device") and app.selectbox(key="a"), "the other controls stay"
    app.switch_page("views/models.py").run()
    assert len(app.metric) >= 8, "a page that needs no recording is not hurt"
    app.switch_page("views/compare.py").run()
    app.segmented_control(key="source").set_value("Digits").run()
    assert not app.error and not app.exception and len(app.metric) > 8


def sidebar(app):
    """Return what the sidebar's controls are set to, by key."""
    kinds = (app.sidebar.selectbox, app.sidebar.get("button_group"), app.sidebar.slider)
    return {one.key: one.value for kind in kinds for one in kind}


@pytest.mark.parametrize("page", ["dataset", "depth", "images", "models", "method"])
def test_the_sidebar_offers_what_acts_on_the_page_and_keeps_the_rest(app, page):
    app.run()
    app.segmented_control(key="source").set_value("Digits").run()
    app.selectbox(key="digits").set_value("digit 3").run()
    app.selectbox(key="a").set_value("nmnist-ta").run()
    app.selectbox(key="device").set_value("cpu").run()
    app.switch_page("views/recording.py").run()
    before = sidebar(app)
    assert {"data", "a", "b", "source", "digits", "device"} <= before.keys()
    app.switch_page(f"views/{page}.py").run()
    app.run()  # Streamlit forgets what two runs in a row do not draw
    assert not app.exception
    assert sidebar(app) == ({"device": "cpu"} if page == "images" else {})
    app.switch_page("views/compare.py").run()
    assert not app.exception and sidebar(app) == before
    assert any("simulated_digit_3.bin" in m.value for m in app.main.markdown)
    kept = {k: v[0] if isinstance(v, list) else v for k, v in app.query_params.items()}
    assert {"source": "Digits", "digits": "digit 3"}.items() <= kept.items()
    assert kept["a"], "the address brings the networks back too"


def test_the_windows_start_is_kept_while_another_page_is_shown(app):
    app.run()
    app.slider[0].set_value(400.0).run()
    app.switch_page("views/models.py").run()
    app.run()
    app.switch_page("views/compare.py").run()
    assert app.slider[0].value == 400.0 and "from 400 ms" in captions(app)


def press(app, key):
    app.button(key=key).click()
    return app.run()


def test_a_recording_is_opened_and_closed_on_the_page_itself(app):
    app.run()
    press(app, "open_own")
    assert app.segmented_control(key="source").value == "Upload"
    assert not app.sidebar.get("file_uploader"), "there is one, where a phone shows it"
    (uploader,) = app.main.get("file_uploader")
    said = captions(app)
    assert "Up to 200 MB" in said and "AEDAT 1.0, 2.0, 3.1 and 4" in said and "recipe.json" in said
    uploader.upload("mine.bin", examples("Digits")["digit 3"].read_bytes())
    app.run()
    assert not app.exception and not app.file_uploader, "what is open needs none"
    assert any("mine.bin" in m.value for m in app.sidebar.markdown)
    assert any("mine.bin" in m.value for m in app.main.markdown)
    # It stays while examples and other pages are looked at.
    app.segmented_control(key="source").set_value("Gestures").run()
    app.switch_page("views/models.py").run()
    app.switch_page("views/recording.py").run()
    app.segmented_control(key="source").set_value("Upload").run()
    assert any("mine.bin" in m.value for m in app.main.markdown)
    assert app.query_params["file"]
    press(app, "close_own")
    assert "file" not in app.query_params and not app.info
    assert len(app.file_uploader) == 1 and app.file_uploader[0].value is None
    press(app, "try_Digits")
    assert app.segmented_control(key="source").value == "Digits"
    assert app.selectbox(key="data").value == "N-MNIST" and metrics(app)["sensor"]


def test_a_recording_without_events_is_explained(app):
    upload(app, "empty.aedat", AEDAT31 + packet31([]))
    assert not app.exception
    assert "no events" in app.error[0].value


def test_a_recording_of_another_camera_comes_with_a_plain_notice(app):
    rng = np.random.default_rng(0)
    events = [
        (int(x), int(y), i * 500, int(p))
        for i, (x, y, p) in enumerate(rng.integers(0, (128, 128, 2), (4000, 3)))
    ]
    upload(app, "wave.aedat", AEDAT31 + packet31(events))
    assert not app.exception and not app.error
    assert any("trained on digits" in w.value for w in app.warning)
    app.slider[0].set_value(1000).run()
    assert not app.exception and not app.error


def test_real_recordings_give_full_pages(app, shared_dir):
    for name in ("nmnist.bin", "dvs128_hand_wave.aedat4", "dvs128_walking_away.aedat"):
        fresh = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S)
        data = "N-MNIST" if name == "nmnist.bin" else "Gestures (simulated)"
        upload(fresh, name, (shared_dir / "fixtures" / name).read_bytes(), data)
        assert not fresh.exception and not fresh.error and not fresh.warning, name
        assert charts(fresh) >= 6


# Networks that agree in nothing: steps, window, field, layers, classes, attention, its site.
ODD = {
    "gestures": ATTENTION,
    "deep": replace(NETWORKS["deep"], input_size=(128, 128)),
    "twin": NETWORKS["twin"],
}


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory):
    """Return a folder of checkpoints: the shipped ones, small odd ones, and a broken one."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for path in checkpoints.FOLDER.glob("nmnist-*"):
        shutil.copy(path, folder)
    write_networks(folder, ODD)
    (folder / "broken.json").write_text("{}")  # which must not hide the others
    return folder


def compare_page(file, a, b):
    """Run the page alone: which networks the sidebar offers together is not its business."""
    import runpy
    from pathlib import Path

    from app import state
    from masnn.readers import read_recording

    recording = read_recording(Path(file))
    state.keep(state.Selection(recording, recording, True, 0.0, a, b, "cpu"))
    runpy.run_path(str(Path(state.__file__).parent / "views" / "compare.py"))


@pytest.fixture
def compare(odd_folder, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", odd_folder)

    def run(a, b):
        names = {"file": str(EXAMPLES / "simulated_digit_7.bin"), "a": a, "b": b}
        app = AppTest.from_function(compare_page, kwargs=names, default_timeout=TIMEOUT_S).run()
        assert not app.exception and not app.error, (a, b)
        return app

    return run


def test_a_guessed_time_unit_is_told_and_its_correction_replaces_it(app):
    lines = "".join(f"{i / 100:.6f} {i % 30} {i % 20} {i % 2}\n" for i in range(200))
    app = upload(app, "a.txt", lines.encode()).switch_page("views/recording.py").run()
    assert any("taken as seconds" in m.value for m in app.main.markdown)
    assert metrics(app)["duration"] == "1.990 s"
    (unit,) = (box for box in app.selectbox if box.label == "Times count")
    assert unit.value == "s"
    app = edit(app, Times_count="ms")
    assert not app.error and metrics(app)["duration"] == "0.002 s"
    assert any("Times read as ms instead of s" in m.value for m in app.main.markdown)
    assert metrics(edit(app, Times_count="s"))["duration"] == "1.990 s"


def test_what_an_uploaded_file_says_of_itself_formats_nothing(app):
    def fill(file):
        for where in ("![a](http://evil.example)", "**b**"):
            for name in "txyp":
                file[f"{where.replace('/', '|')}/{name}"] = np.arange(40) % 2

    app = upload(app, "`![c](http://evil.example)`.h5", hdf5(fill))
    app = app.switch_page("views/recording.py").run()
    shown = [e.value for kind in (app.markdown, app.caption, app.error) for e in kind]
    told = [text for text in shown if "evil.example" in text]
    assert any("Events of /" in text for text in told) and any("HDF5 (/" in text for text in told)
    for text in told:
        # What is left beside code has no bracket and no star that stands for itself.
        assert not re.search(r"(?<!\\)[\[*]", re.sub(r"`[^`]*`", "", text))


def captions(app):
    return "\n".join(c.value for c in app.main.caption)


def maps(app):
    """Return the maps that a component was sent, by what they are called together."""
    blocks = [unpack(c.proto.bytes) for c in app.get("bidi_component") if c.proto.bytes]
    return {b["label"]: b["maps"] for b in blocks if "maps" in b}


def rate_maps(app, layer):
    """Return the maps of a layer that have values."""
    found = maps(app)[f"Firing rate of {layer} over the sensor's plane"]
    return [one for one in found if one["values"] is not None]


def chart(app, alt):
    """Return the figure whose description begins with `alt`."""
    (found,) = (c.proto for c in app.get("plotly_chart") if c.proto.alt.startswith(alt))
    return json.loads(found.spec)["data"]


def test_networks_that_agree_in_nothing_are_compared_in_what_compares(compare):
    for a, b in permutations([*ODD, "nmnist-tcsa"], 2):
        odd = compare(a, b)
        assert metrics(odd)["spikes, B \u2212 A"] == "\u2013"
        assert "spikes, relative" not in metrics(odd) and "NASFR, relative" in metrics(odd)
        said = captions(odd)
        assert "what differs is not attention alone" in said
        assert "Numbers of spikes are therefore not compared; NASFR is" in said
        rates_of = [label for label in maps(odd) if "over the sensor's plane" in label]
        convs = [len(checkpoints.available()[n].config["channels"]) for n in (a, b)]
        assert len(rates_of) == max(convs)
        assert said.count("has this layer") == abs(convs[0] - convs[1])
        for layer in odd.segmented_control(key="layer").options:
            odd.segmented_control(key="layer").set_value(layer).run()
            for name, _ in VIEWS_AND_CHARTS:
                view(odd, name)
                assert not odd.exception and not odd.error, (a, b, layer, name)
        view(odd, "Where")


def test_each_network_keeps_its_own_frames_steps_and_classes(compare):
    odd = compare("gestures", "deep")
    assert [one["shape"] for one in maps(odd)["Events of the window"]] == [
        *([[32, 32]] * 2),
        *([[128, 128]] * 2),
    ]
    assert "in A's window, 32 \u00d7 32" in captions(odd)
    assert "in B's window, 128 \u00d7 128" in captions(odd)
    assert len(rate_maps(odd, "conv1")) == 2 and "places" in captions(odd)
    assert "0 to 6 times in A and 0 to 3 times in B" in captions(view(odd, "How much"))
    assert "A looks at 300 ms in 6 steps of 50 ms, B at 1200 ms in 3 steps" in captions(odd)
    shared = chart(view(odd, "When"), "Mean vote of each class in")
    assert shared[0].get("yaxis") == shared[1].get("yaxis"), "the classes are the same"
    assert metrics(odd)["decision"] in {"same", "differs"}
    odd = compare("nmnist-tcsa", "deep")
    apart = chart(view(odd, "When"), "Mean vote of each class in")
    assert apart[0].get("yaxis") != apart[1].get("yaxis")
    assert metrics(odd)["decision"] == "\u2013"


def test_a_long_class_name_is_shown_in_full_and_as_it_is(compare):
    odd = compare("gestures", "deep")
    shown = [m.value for m in odd.main.markdown if m.value.startswith("#### ")]
    names = "".join(shown).replace("\\", "")
    assert shown and any(name.replace("_", " ") in names for name in GESTURES)
    assert all("\\*" in m for m in shown if "*" in m)


def test_layers_are_joined_by_name_in_maps_and_table(compare):
    odd = compare("twin", "nmnist-tcsa")
    # Other channels, same places, same part of the sensor: a difference of mean rates has a sense.
    assert len(rate_maps(odd, "conv1")) == 3
    assert len(rate_maps(odd, "conv3")) == 1
    assert len(maps(odd)["Events of the window"]) == 2, "both see the same frames"
    view(odd, "How much")
    table = odd.dataframe[0].value.set_index("layer")
    assert list(table.index) == ["conv1", "conv2", "conv3", "fc1", "fc2", "all"]
    assert f"{table.loc['all', 'rate B']:.4f}" == metrics(odd)["NASFR"]
    assert table.loc["all", "share of spikes B"] == 1
    assert table["share of spikes B"][:-1].sum() == pytest.approx(1)
    assert np.isnan(table.loc["conv3", "neurons A"]) and table.loc["fc1", "neurons A"] == 2
    assert table.loc["conv1", "neurons B"] == 24 * 34 * 34
    assert "fc1 is A's output, fc2 B's" in captions(odd)
    assert "A looks at" not in captions(odd) and "A has 6,071 neurons" in captions(odd)


def test_gates_are_compared_with_vanilla_where_a_is_one(compare):
    app = compare("nmnist-vanilla", "nmnist-tcsa")
    view(app, "Gate by gate")
    own = app.dataframe[0].value
    assert "suppressed" in own and len(own) == 9
    against = next(c for c in app.button_group if c.label == "Compared with")
    against.set_value("A, its vanilla").run()
    assert not app.exception
    beside = app.dataframe[0].value
    assert "spikes of A" in beside and "suppressed" not in beside and len(beside) == 9
    rows = beside.set_index(["layer", "gate"])
    assert len(set(rows.loc["conv1", "spikes of A"])) == 1, "one layer, one number, by any gate"
    assert (rows["less"] + rows["more"] + rows["as often"] == rows["n"]).all()


def test_networks_of_one_data_set_and_shape_are_compared_in_spikes(compare):
    odd = compare("nmnist-vanilla", "nmnist-tcsa")
    assert metrics(odd)["spikes, relative"].endswith("%")
    assert "compared" not in captions(odd) and "not attention alone" not in captions(odd)
    assert len(rate_maps(odd, "conv1")) == 3
    assert "neurons" in view(odd, "How much").dataframe[0].value


def test_a_network_on_a_recording_of_other_things_comes_with_a_notice(compare):
    odd = compare("gestures", "nmnist-tcsa")
    (notice,) = (w.value for w in odd.warning)
    assert notice.startswith("A was trained on data of gestures")
    assert "outside the field of A and" in captions(odd)


def test_the_networks_follow_the_kind_of_example(app):
    app.run()
    for kind, data in (("Digits", "N-MNIST"), ("Gestures", "Gestures (simulated)")):
        app.segmented_control(key="source").set_value(kind).run()
        assert app.selectbox(key="data").value == data
        assert not app.warning and not app.error and not app.exception


def test_networks_are_offered_as_in_the_papers_table_and_open_on_all_gates(app, monkeypatch):
    app.run()
    app.selectbox(key="data").set_value("N-MNIST").run()
    offered = app.selectbox(key="b").options
    paper = ["vanilla", "TA", "CA", "SA", "TCA", "TSA", "CSA", "TCSA"]
    assert [title for title in offered if title in paper] == [t for t in paper if t in offered]
    assert offered.index("TCSA") < offered.index("TCSA (current site)")
    assert app.selectbox(key="a").value == "nmnist-vanilla"
    assert app.selectbox(key="b").value == "nmnist-tcsa"


# What each view under the player explains with a "?" of its own on the opening example.
EXPLAINED = {
    "Where": [
        *("**conv1**", "**conv2**", "**conv3**"),
        *("#### Focus", "#### What they see", "#### Where B attends"),
    ],
    "What": [
        "#### Channels of conv1",
        "#### Rates, rank by rank",
        "#### Kinds of channels",
        "#### Each channel",
        "#### What B attends to",
    ],
    "When": [
        *("#### Input events and firing rate", "#### Rate of each layer over time"),
        *("#### Votes", "#### Decision", "#### When B attends"),
    ],
    "How much": [
        *("#### Neurons by firing rate", "#### Spikes of each layer"),
        *("#### Energy ledger", "#### Energy of each layer"),
    ],
    "Gate by gate": [
        *("#### B with and without each gate", "#### What each gate does to units"),
        "#### Weight and change of rate",
    ],
    "One neuron": [
        *("#### What reaches it", "#### Current, potential, spikes"),
        *(":orange[**A vanilla**]", ":blue[**B TCSA**]"),
        "#### Potentials of conv1",
    ],
}


def test_every_panel_and_number_explains_itself(app):
    app.query_params["layer"] = "conv1"
    app.run()
    assert EXPLAINED.keys() == dict(VIEWS_AND_CHARTS).keys()
    for name, titles in EXPLAINED.items():
        shown = [m.value for m in view(app, name).main.markdown]
        told = [at for at, text in enumerate(shown) if "Source: " in text]
        # Each "?" stands right after its heading; columns may come in another order.
        assert sorted(shown[at - 1] for at in told) == sorted(["### Step by step", *titles]), name
        for at in told:
            assert shown[at].count("$$") == 4, "a formula, and the same with values"
        for number in app.metric:
            assert "$" in number.proto.help and "Source: " in number.proto.help, number.label
    for number in app.metric:
        if number.label == "NASFR":
            assert f"= {number.value}" in number.proto.help


def test_what_one_network_lacks_is_not_explained_and_breaks_nothing(compare):
    odd = compare("deep", "twin")
    for name, gate in (("Where", "Where B attends"), ("When", "When B attends")):
        assert not any(gate in m.value for m in view(odd, name).main.markdown)
    assert "B has no gate" in view(odd, "Gate by gate").info[0].value
