"""Imported residual networks in the app: those of recordings on Compare, of pictures on Images."""

import io
import shutil
from pathlib import Path

import foreign_networks as foreign
import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.choices import VIEWS
from app.state import EXAMPLES
from masnn import checkpoints, comparison, rates
from masnn.__main__ import main
from masnn.importers import Told, Writing, import_checkpoint
from masnn.readers import read_recording
from masnn.response import record
from masnn.sides import Side

MAIN = Path(__file__).parents[1] / "app" / "main.py"
DIGIT = EXAMPLES / "simulated_digit_7.bin"
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of a shipped network and imported ones, of recordings and of pictures."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for path in checkpoints.FOLDER.glob("nmnist-vanilla.*"):
        shutil.copy(path, folder)
    digits = Writing(classes=tuple("0123456789"), data="N-MNIST")
    many = Writing(classes=tuple(f"a thing of some name, {i}" for i in range(40)), data="Things")
    of = {"ms2": (2, 10, (34, 34), digits, 5), "ms3": (3, 40, (224, 224), many, 2)}
    for name, (channels, classes, size, writing, steps) in of.items():
        weights = foreign.ms_resnet_weights((1, 1), 4, classes, channels=channels)
        torch.save(weights, folder / f"{name}.pth")
        told = Told(T=steps, dt_ms=63.0, input_size=size)
        import_checkpoint(folder / f"{name}.pth", folder, told, writing)
    deeper = foreign.ms_resnet_weights((2, 1), 4, 40)
    torch.save(deeper, folder / "ms3-deeper.pth")
    told = Told(T=2, dt_ms=63.0)
    import_checkpoint(folder / "ms3-deeper.pth", folder, told, many)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", folder)


def compare_page(file, a, b):
    """Run the page alone."""
    import runpy
    from pathlib import Path

    from app import state
    from masnn.readers import read_recording

    recording = read_recording(Path(file))
    state.keep(state.Selection(recording, recording, True, 0.0, a, b, "cpu"))
    runpy.run_path(str(Path(state.__file__).parent / "views" / "compare.py"))


def side_of(name):
    network, card = checkpoints.load(name)
    frames = comparison.window(read_recording(DIGIT).events, card.config)
    return Side.of(card, frames, record(network.folded(), frames.counts, potentials=False))


def metrics(app):
    told = {}
    for metric in app.main.metric:
        told.setdefault(metric.label, []).append(metric.value)
    return told


def test_a_residual_network_of_recordings_votes_by_shares_of_its_logits():
    names = {"file": str(DIGIT), "a": "nmnist-vanilla", "b": "ms2"}
    app = AppTest.from_function(compare_page, kwargs=names, default_timeout=TIMEOUT_S).run()
    assert not app.exception and not app.error
    a, b = (side_of(name) for name in ("nmnist-vanilla", "ms2"))
    assert b.by_logits and not a.by_logits and not b.is_still
    shares = rates.shares(b.response.rates)
    assert metrics(app)["its share"] == [f"{shares.max():.0%}"]
    assert metrics(app)["vote per step"] == [f"{a.response.rates.max():.2f}"]
    np.testing.assert_allclose(b.votes_so_far.sum(1), 1)
    numbers = b.numbers()
    assert "votes" not in numbers and sum(numbers["shares"].values()) == pytest.approx(1)
    assert "votes" in a.numbers()
    with pytest.raises(ValueError, match="votes by spikes"):
        _ = a.shares
    for view in VIEWS:  # among them the neuron of a layer that one lacks
        app.segmented_control(key="view").set_value(view).run()
        assert not app.exception and not app.error, view
    assert any("A has no such neuron" in c.value for c in app.main.caption)


def test_networks_of_pictures_are_not_offered_for_recordings():
    app = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S).run()
    assert not app.exception and not app.error
    offered = {option for box in app.selectbox for option in box.options}
    assert not any("ms3" in option or "Things" in option for option in offered)


def test_an_imported_network_of_pictures_is_offered_on_images():
    app = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT_S).run()
    app.switch_page("views/images.py").run()
    app.segmented_control(key="image_source").set_value("Upload").run()
    assert app.selectbox(key="image_a").value == "ms3", "fewer blocks come first"
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (60, 90, 3), dtype=np.uint8)).save(stream, "PNG")
    (uploader,) = app.main.get("file_uploader")
    uploader.upload("photograph.png", stream.getvalue())
    app.run()
    app.selectbox(key="image_b").set_value("ms3-deeper").run()
    assert not app.exception and not app.error
    assert len(metrics(app)["its share"]) == 2
    assert any("highest in A or in B of 40 classes" in c.value for c in app.main.caption)
    for view in VIEWS:
        app.segmented_control(key="image_view").set_value(view).run()
        assert not app.exception and not app.error, view
    app.selectbox(key="image_layer").set_value("stage1_2b").run()  # which A lacks
    assert not app.exception and not app.error
    assert any("A has no such neuron" in c.value for c in app.main.caption)


def test_a_comparison_in_words_tells_votes_from_shares(capsys):
    words = ["compare", str(DIGIT), "--a", "nmnist-vanilla", "--b", "ms2", "--device", "cpu"]
    assert main(words) == 0
    a, b = (side_of(name) for name in ("nmnist-vanilla", "ms2"))
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("vote")]
    told = line.removeprefix("vote per step or share").split()
    assert told == [f"{a.response.rates.max():.3f}", f"{b.shares.max():.1%}"]
