"""Reports of pictures: made, made again, refused; what they say of the picture is the library's."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.state import EXAMPLES
from masnn import checkpoints, rates, sight
from masnn.__main__ import main
from masnn.digits import as_digit, ink_of
from masnn.images import read_picture
from masnn.readers import read_recording
from masnn.report import write
from masnn.report.panels import BY_NAME, PANELS
from masnn.report.pictured import Pictured
from masnn.report.recipe import read
from masnn.report.recorded import Recorded
from masnn.report.subject import subject_of

SEVEN = EXAMPLES / "digit_7.png"
WAVE = EXAMPLES / "simulated_right_hand_wave.npz"
NETWORKS = ("--a", "digits-ms18-t4", "--b", "digits-csa18-t4", "--device", "cpu")
SMALL = ("--formats", "png", "--columns", "1")


@pytest.fixture
def few(monkeypatch):
    """Draw two panels alone where what they show is not the question."""
    monkeypatch.setattr(write, "PANELS", PANELS[:2])


@pytest.fixture(scope="module")
def subject():
    scene = Pictured(read_picture(SEVEN))
    return subject_of(scene, "digits-ms18-t1", "digits-csa18-t4", device="cpu")


def run(*words):
    return main(["report", *map(str, words)])


def refused(capsys, *words):
    assert run(*words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(("file", "read"), [(SEVEN, read_picture), (WAVE, read_recording)])
def test_a_name_that_is_no_text_becomes_one(tmp_path, file, read):
    try:
        path = Path(shutil.copy(file, tmp_path / f"a\udcff{file.suffix}"))
    except OSError:  # systems whose names are always text
        pytest.skip("no such names here")
    assert read(path).name == f"a?{file.suffix}"


def test_tables_are_the_librarys(subject):
    picture = read_picture(SEVEN)
    seen = []
    for name in ("digits-ms18-t1", "digits-csa18-t4"):
        network, card = checkpoints.load(name)
        seen.append(sight.look(card, network.folded(), picture.pixels))
    for side, expected in zip((subject.a, subject.b), seen, strict=True):
        assert side.numbers() == expected.numbers() and "logits" in side.numbers()
    last = {}
    for row in BY_NAME["when_votes"].rows(subject):
        last[row["network"], row["class"]] = row["share"]
    for who, expected in zip("AB", seen, strict=True):
        shares = [last[who, name] for name in expected.card.classes]
        np.testing.assert_allclose(shares, expected.shares)
    maps = {}
    for row in BY_NAME["where_response_maps"].rows(subject):
        maps.setdefault((row["layer"], row["map"]), []).append(row["rate"])
    layers = seen[1].response.layers
    assert {name for name, _ in maps} == {n for n in layers if n.startswith("stage1")}
    for name in ("stage1_1a", "stage1_2b"):
        expected = rates.rate_map(layers[name].spikes)
        np.testing.assert_array_equal(np.reshape(maps[name, "B"], expected.shape), expected)
    shown = [row["level"] for row in BY_NAME["where_input"].rows(subject)]
    assert shown == picture.pixels.ravel().tolist()
    lasfr = {x["name"]: x["lasfr"] for x in seen[1].summary["layers"]}
    for row in BY_NAME["how_much_layers"].rows(subject):
        if row["network"] == "B" and row["layer"] != "all":
            assert row["rate"] == lasfr[row["layer"]]


def test_a_step_of_a_picture_has_a_number_and_no_time(subject):
    for panel in PANELS:
        if panel.absent(subject):
            continue
        assert not any("ms" in key.split("_") for row in panel.rows(subject) for key in row)
        caption = write.caption(panel, subject)
        told = caption.replace("the making of frames from events", "")  # what no ledger has
        assert " ms" not in told and "event" not in told
        assert "Picture digit_7.png (PNG, L, 8 \u00d7 8 px, sha256 " in caption
        assert "taken for an image of the set" in caption and "T = 1" in caption
    steps = [row["step"] for row in BY_NAME["when_activity"].rows(subject)]
    assert steps == [1, 1, 2, 3, 4]


def test_a_photograph_in_colours_says_where_nothing(subjects):
    photo = subjects["still-104", "still-104-tcsa"]
    absent = {panel.name for panel in PANELS if panel.absent(photo)}
    assert absent == {"where_focus", "gates_relu"}
    rows = BY_NAME["where_input"].rows(photo)
    assert [row["colour"] for row in rows[:: 32 * 32]] == ["red", "green", "blue"]
    assert "background" not in BY_NAME["what_channels"].caption(photo)
    for panel in PANELS:
        if panel.view in ("Gate by gate", "What") and not panel.absent(photo):
            layers = {row["layer"] for row in panel.rows(photo)}
            assert layers <= {*photo.layers} and len(photo.layers) == 12


def test_a_report_is_made_again_from_the_picture_beside_it(tmp_path, capsys, few):
    first, second = tmp_path / "one", tmp_path / "two"
    look = ("--layer", "stage2_1b", "--neuron", 3, 2, 1, "--step", 4, "--prices", "int8")
    assert run(SEVEN, *NETWORKS, *look, *SMALL, "-o", first) == 0
    assert (first / "picture.png").read_bytes() == SEVEN.read_bytes()
    recipe = read((first / "recipe.json").read_bytes())
    assert recipe.look.neuron == (3, 2, 1) and recipe.look.layer == "stage2_1b"
    card = checkpoints.load("digits-csa18-t4")[1]
    assert recipe.transforms["b"] == card.data["transform"]
    text = (first / "report.html").read_text()
    assert "python -m masnn report picture.png --recipe" in text and " ms" not in text
    words = (first / "picture.png", "--recipe", first / "recipe.json", *SMALL, "-o", second)
    capsys.readouterr()
    assert run(*words) == 0
    assert "Every number is the recipe's." in capsys.readouterr().out
    numbers = [json.loads((at / "numbers.json").read_text()) for at in (first, second)]
    for each in numbers:  # the same content under another name
        assert each["provenance"].pop("file") in ("digit_7.png", "picture.png")
    assert numbers[0] == numbers[1]
    other = EXAMPLES / "digit_3.png"
    assert "not the recipe's picture" in refused(capsys, other, *words[1:])
    assert "not the recipe's picture" in refused(capsys, WAVE, *words[1:])
    assert "give no other options" in refused(capsys, *words, "--start-ms", 3)
    changed = json.loads((first / "recipe.json").read_text())
    changed["transforms"]["a"]["mean"] = [1.0]
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    again = (SEVEN, "--recipe", tmp_path / "changed.json", *SMALL, "-o", tmp_path / "3")
    assert "shown pictures otherwise" in refused(capsys, *again)


def test_a_photograph_of_a_digit_is_prepared_and_told(tmp_path, few):
    page = np.full((120, 80, 3), 250, np.uint8)
    page[10:110, 36:44] = (10, 30, 60)
    path = tmp_path / "one.jpg"
    Image.fromarray(page).save(path, quality=95)
    assert run(path, *NETWORKS, *SMALL, "-o", tmp_path / "out") == 0
    assert (tmp_path / "out" / "picture.jpg").read_bytes() == path.read_bytes()
    told = json.loads((tmp_path / "out" / "numbers.json").read_text())["provenance"]
    assert (told["width"], told["height"]) == (80, 120)
    (note,) = told["networks"]["a"]["prepared"]
    assert note in (tmp_path / "out" / "figures" / "step_maps.txt").read_text()
    with (tmp_path / "out" / "data" / "step_maps.csv").open() as file:
        rows = [float(row["value"]) for row in csv.DictReader(file) if row["map"] == "grey level"]
    expected = as_digit(ink_of(read_picture(path).pixels)[0])
    assert rows == expected.ravel().tolist()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((SEVEN, "--a", "nmnist-vanilla", "--b", "digits-csa18-t4"), "nmnist-vanilla sees record"),
        ((SEVEN, "--a", "digits-ms18-t4", "--b", "nmnist-tcsa"), "nmnist-tcsa sees recordings"),
        ((WAVE, "--a", "gesture-vanilla", "--b", "digits-csa18-t4"), "digits-csa18-t4 sees pict"),
        ((SEVEN, *NETWORKS, "--start-ms", "5"), "a picture has no time and no events"),
        ((SEVEN, *NETWORKS, "--to-ms", "5"), "a picture has no time and no events"),
        ((SEVEN, *NETWORKS, "--no-hot-pixels"), "a picture has no time and no events"),
        ((SEVEN, *NETWORKS, "--layer", "conv1"), "no layer conv1"),
        ((SEVEN, *NETWORKS, "--step", "5"), "no step 5: there are 4"),
        ((SEVEN,), "Name two checkpoints"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(tmp_path, capsys, words, told):
    assert told in refused(capsys, *words, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists(), "nothing half done"


def test_a_damaged_picture_is_named(tmp_path, capsys):
    path = tmp_path / "cut.png"
    path.write_bytes(SEVEN.read_bytes()[:60])
    assert "cut.png: damaged" in refused(capsys, path, *NETWORKS, "-o", tmp_path / "out")


def test_a_scene_is_hashed_by_its_file(tmp_path):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    scene = Pictured(read_picture(file.getvalue(), "x.png"))
    assert scene.kept == ("picture.png", file.getvalue()) and scene.again() == {"start_ms": 0.0}
    assert Recorded.noun != Pictured.noun
