"""The app without a browser: every page opens, uploads work, bad files are explained."""

import json
import shutil
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from event_bytes import AEDAT31, packet31
from streamlit.testing.v1 import AppTest

from app.state import EXAMPLES, examples
from masnn import checkpoints, comparison
from masnn.networks import ConvSNN, NetworkConfig

MAIN = Path(__file__).parents[1] / "app" / "main.py"
TIMEOUT_S = 120


@pytest.fixture
def app():
    return AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S)


def metrics(app):
    return {m.label: m.value for m in app.metric}


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
    assert [m.label for m in app.metric].count("its vote") == 2
    assert "right hand wave" in app.selectbox(key="gestures").value
    assert any(m.value == "#### right hand wave" for m in app.markdown)
    assert not app.warning, "the networks know what they see"
    assert len(app.get("plotly_chart")) >= 14
    assert any("simulated" in m.value for m in app.markdown)


def test_the_models_page_shows_every_card(app):
    app.run()
    app.switch_page("views/models.py").run()
    assert not app.exception and not app.error
    assert len(app.metric) == 4 * len(app.get("code")) > 0


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
    assert metrics(app)["spikes, relative"] == "+0.0%"
    assert any("no attention gates" in i.value for i in app.info)


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
    assert app.selectbox(key="device") and app.selectbox(key="a"), "the other controls stay"
    app.switch_page("views/models.py").run()
    assert len(app.metric) >= 8, "a page that needs no recording is not hurt"
    app.switch_page("views/compare.py").run()
    app.segmented_control(key="source").set_value("Digits").run()
    assert not app.error and not app.exception and len(app.metric) > 8


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
        assert len(fresh.get("plotly_chart")) >= 14


GESTURES = ["hand clap", "right arm counter clockwise", "other_*gestures*"]
# Networks that agree in nothing: steps, window, field, layers, classes, attention, its site.
SMALL = NetworkConfig(
    n_classes=3,
    T=6,
    dt_ms=50.0,
    input_size=(32, 32),
    channels=(4, 6, 6),
    hidden=(8,),
    channel_reduction=2,
    temporal_reduction=2,
)
ODD = {
    "gestures": SMALL,
    "deep": replace(
        SMALL,
        T=3,
        dt_ms=400.0,
        input_size=(128, 128),
        channels=(4,) * 5,
        pools=(1, 2, 2, 2, 2),
        votes_per_class=2,
        attention_site="current",
    ),
    "twin": replace(
        SMALL,
        n_classes=2,
        T=15,
        dt_ms=21.0,
        input_size=(34, 34),
        channels=(4, 6),
        pools=(1, 2),
        hidden=(),
        attention="none",
    ),
}


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory):
    """Return a folder of checkpoints: the shipped ones, small odd ones, and a broken one."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for path in checkpoints.FOLDER.glob("nmnist-*"):
        shutil.copy(path, folder)
    for name, config in ODD.items():
        classes = ["0", "1"] if name == "twin" else GESTURES
        torch.manual_seed(0)
        network = ConvSNN(config)
        for layer in network.layers:
            layer.synapse.norm.bias.data.fill_(0.2)  # so that they fire
        checkpoints.save(
            network.eval(),
            folder,
            name=name,
            classes=classes,
            data={"name": f"data of {name}", "attribution": "nobody", "training": 1},
            training={"seed": 0, "epochs": 1},
            metrics={
                **{"part": "validation", "n": 1, "accuracy": 1.0, "accuracy_95": [0.1, 1.0]},
                **{"tied": 0, "nasfr": 0.1, "spikes_per_recording": 1.0},
            },
            command="none",
            licence="MIT",
        )
    (folder / "broken.json").write_text("{}")  # which must not hide the others
    return folder


def compare_page(file, a, b):
    """Run the page alone: which networks the sidebar offers together is not its business."""
    import runpy
    from pathlib import Path

    from app import state
    from masnn.readers import read_recording

    state.keep(state.Selection(read_recording(Path(file)), True, 0.0, a, b, "cpu"))
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


def captions(app):
    return "\n".join(c.value for c in app.main.caption)


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
        maps = [c for c in odd.get("plotly_chart") if "over the sensor's plane" in c.proto.alt]
        convs = [len(checkpoints.available()[n].config["channels"]) for n in (a, b)]
        assert len(maps) == max(convs)
        assert said.count("has this layer") == abs(convs[0] - convs[1])


def test_each_network_keeps_its_own_frames_steps_and_classes(compare):
    odd = compare("gestures", "deep")
    assert len(chart(odd, "Events of the window")) == 4
    assert "in A's window, 32 \u00d7 32" in captions(odd)
    assert "in B's window, 128 \u00d7 128" in captions(odd)
    assert "0 to 6 times in A and 0 to 3 times in B" in captions(odd)
    assert "A looks at 300 ms in 6 steps of 50 ms, B at 1200 ms in 3 steps" in captions(odd)
    shared = chart(odd, "Mean output rate")
    assert shared[0].get("yaxis") == shared[1].get("yaxis"), "the classes are the same"
    assert metrics(odd)["decision"] in {"same", "differs"}
    conv1 = chart(odd, "Firing rate of conv1")
    assert len(conv1) == 2 and "places" in captions(odd)
    odd = compare("nmnist-tcsa", "deep")
    apart = chart(odd, "Mean output rate")
    assert apart[0].get("yaxis") != apart[1].get("yaxis")
    assert metrics(odd)["decision"] == "\u2013"


def test_a_long_class_name_is_shown_in_full_and_as_it_is(compare):
    odd = compare("gestures", "deep")
    shown = [m.value for m in odd.main.markdown if m.value.startswith("#### ")]
    names = "".join(shown).replace("\\", "")
    assert shown and any(name in names for name in GESTURES)
    assert all("\\*" in m for m in shown if "*" in m)


def test_layers_are_joined_by_name_in_maps_and_table(compare):
    odd = compare("twin", "nmnist-tcsa")
    table = odd.dataframe[0].value.set_index("layer")
    assert list(table.index) == ["conv1", "conv2", "conv3", "fc1", "fc2"]
    assert np.isnan(table.loc["conv3", "neurons A"]) and table.loc["fc1", "neurons A"] == 2
    assert table.loc["conv1", "neurons B"] == 24 * 34 * 34
    assert "fc1 is A's output, fc2 B's" in captions(odd)
    # Other channels, same places, same part of the sensor: a difference of mean rates has a sense.
    assert len(chart(odd, "Firing rate of conv1")) == 3
    assert len(chart(odd, "Firing rate of conv3")) == 1
    assert len(chart(odd, "Events of the window")) == 2, "both see the same frames"
    assert "A looks at" not in captions(odd) and "A has 6,360 neurons" in captions(odd)


def test_networks_of_one_data_set_and_shape_are_compared_in_spikes(compare):
    odd = compare("nmnist-vanilla", "nmnist-tcsa")
    assert metrics(odd)["spikes, relative"].endswith("%")
    assert "compared" not in captions(odd) and "not attention alone" not in captions(odd)
    assert "neurons" in odd.dataframe[0].value
    assert len(chart(odd, "Firing rate of conv1")) == 3


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
