"""The app without a browser: every page opens, uploads work, bad files are explained."""

from pathlib import Path

import numpy as np
import pytest
from event_bytes import AEDAT31, packet31
from streamlit.testing.v1 import AppTest

from app.state import examples
from masnn import comparison

MAIN = Path(__file__).parents[1] / "app" / "main.py"
TIMEOUT_S = 120


@pytest.fixture
def app():
    return AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S)


def metrics(app):
    return {m.label: m.value for m in app.metric}


def upload(app, name, content):
    app.run()
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader[0].upload(name, content)
    return app.run()


def test_the_first_look_is_a_finished_comparison(app):
    app.run()
    assert not app.exception and not app.error
    assert [m.label for m in app.metric].count("prediction") == 2
    assert len(app.get("plotly_chart")) >= 14
    assert any("simulated" in m.value for m in app.markdown)


def test_the_models_page_shows_every_card(app):
    app.run()
    app.switch_page("views/models.py").run()
    assert not app.exception and not app.error
    assert len(app.metric) == 4 * len(app.get("code")) > 0


def test_every_example_and_the_same_network_twice_work(app):
    app.run()
    for name in (next(iter(examples())), list(examples())[-1]):
        app.selectbox(key="example").set_value(name).run()
        assert not app.exception and not app.error
    app.selectbox(key="b").set_value(app.selectbox(key="a").value).run()
    assert not app.exception
    assert metrics(app)["spikes, relative"] == "+0.0%"
    assert any("no attention gates" in i.value for i in app.info)


def test_an_upload_shows_what_the_library_computes(app):
    path = examples()["digit 3"]
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
    app.segmented_control(key="source").set_value("Examples").run()
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
        upload(fresh, name, (shared_dir / "fixtures" / name).read_bytes())
        assert not fresh.exception and not fresh.error, name
        assert len(fresh.get("plotly_chart")) >= 14
        assert bool(fresh.warning) == (name != "nmnist.bin")
