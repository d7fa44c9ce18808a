"""Recipes: what they hold, what is refused, and that they bring the same view back."""

import dataclasses
import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.figures.block import unpack
from app.state import EXAMPLES, examples
from masnn import checkpoints
from masnn.errors import ReportError
from masnn.readers import read_recording
from masnn.report import recipe as recipes
from masnn.report.recorded import Recorded
from masnn.report.subject import Look, checked, first_look, subject_of
from masnn.sides import opening_layer

MAIN = Path(__file__).parents[1] / "app" / "main.py"
WAVE = EXAMPLES / "simulated_right_hand_wave.npz"
LOOK = Look("conv2", "conv2", (5, 2, 3), step=4, prices="int8", view="One neuron")


@pytest.fixture(scope="module")
def subject():
    recording = read_recording(WAVE)
    return subject_of(
        Recorded(recording, 250.0),
        "gesture-vanilla",
        "gesture-tcsa",
        device="cpu",
        look=lambda a, b: LOOK,
    )


@pytest.fixture
def text(subject):
    return recipes.dump(recipes.recipe_of(subject))


def test_a_recipe_holds_what_makes_the_same_again(subject, text):
    recipe = recipes.read(text)
    assert recipe == recipes.recipe_of(subject)
    assert recipes.dump(recipe) == text
    assert recipe.look == LOOK and recipe.start_ms == 250.0
    assert recipe.sha256 == read_recording(WAVE).sha256
    card = checkpoints.load("gesture-tcsa")[1]
    assert recipe.networks["b"] == {"checkpoint": "gesture-tcsa", "sha256": card.sha256}
    assert recipe.numbers["b"]["spikes"] == subject.b.summary["spikes"]
    recipes.expect_scene(recipe, subject.scene)
    recipes.expect_networks(recipe, subject.a, subject.b)
    assert recipes.deviations(recipe, subject.a, subject.b) == []
    assert subject.scene.sha256[:12] in recipes.settings(subject)


def test_a_recipe_of_before_it_named_the_view_opens_the_first(text):
    older = json.loads(text)
    del older["look"]["view"]
    assert recipes.read(json.dumps(older)).look == dataclasses.replace(LOOK, view="Where")


def test_other_files_networks_and_numbers_are_told(subject, text):
    recipe = recipes.read(text)
    other = dataclasses.replace(recipe, sha256="e" * 64)
    with pytest.raises(ReportError, match=r"not the recipe's recording: .* of eeeeeeeeeeee"):
        recipes.expect_scene(other, subject.scene)
    with pytest.raises(ReportError, match="gesture-vanilla is another network"):
        recipes.expect_networks(recipe, subject.b, subject.a)
    changed = dataclasses.replace(
        recipe, numbers=recipe.numbers | {"a": recipe.numbers["a"] | {"spikes": 1}}
    )
    (told,) = recipes.deviations(changed, subject.a, subject.b)
    assert f"A's spikes is {subject.a.summary['spikes']}, in the recipe 1 (cpu)." == told


def with_numbers(recipe, wrong):
    numbers = recipe["numbers"]
    return recipe | {"numbers": numbers | {"b": numbers["b"] | wrong}}


def as_picture(recipe, wrong):
    """Return a recipe as if it were of a picture, something wrong with B's transform."""
    grey = {"resize": None, "mean": [0], "std": [255.0], "prepare": "digit"}
    sides = {"transforms": {"a": grey, "b": grey | wrong}}
    return recipe | sides | {"start_ms": 0.0, "edits": {}}


def test_numbers_and_transforms_are_checked_by_type_alone(text):
    good = json.loads(text)
    assert recipes.read(json.dumps(with_numbers(good, {"nasfr": 0}))).numbers["b"]["nasfr"] == 0
    rgb = {"resize": 256, "mean": [1, 2.5, 3], "std": [1, 1, 2], "prepare": ""}
    assert recipes.read(json.dumps(as_picture(good, rgb))).transforms["b"] == rgb


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r | {"recipe": "MA-SNN Lens recipe 2"}, "does not say"),
        (lambda r: r | {"more": 1}, "missing or unknown"),
        (lambda r: {k: v for k, v in r.items() if k != "start_ms"}, "missing or unknown"),
        (lambda r: {k: v for k, v in r.items() if k != "look"}, "missing or unknown"),
        (lambda r: r | {"look": []}, "missing or unknown"),
        (lambda r: r | {"look": r["look"] | {"neuron": 3}}, "missing or unknown"),
        (lambda r: r | {"look": r["look"] | {"neuron": [1, 2]}}, "neuron"),
        (lambda r: r | {"look": r["look"] | {"neuron": [True, 0, 0]}}, "neuron"),
        (lambda r: r | {"look": r["look"] | {"neuron": [-1, 0, 0]}}, "neuron"),
        (lambda r: r | {"look": r["look"] | {"step": 1.5}}, "step"),
        (lambda r: r | {"look": r["look"] | {"layer": ""}}, "layer"),
        (lambda r: r | {"look": r["look"] | {"layer": ["conv1"]}}, "layer"),
        (lambda r: r | {"look": r["look"] | {"view": "Why"}}, "view"),
        (lambda r: r | {"look": r["look"] | {"view": ["Where"]}}, "view"),
        (lambda r: r | {"start_ms": -1}, "start_ms"),
        (lambda r: r | {"start_ms": float("nan")}, "start_ms"),
        (lambda r: r | {"start_ms": True}, "start_ms"),
        (lambda r: r | {"start_ms": 10**400}, "start_ms"),
        (lambda r: r | {"sha256": "0" * 63}, "sha256"),
        (lambda r: r | {"sha256": 7}, "sha256"),
        (lambda r: r | {"file": "x" * 301}, "file"),
        (lambda r: r | {"networks": {"a": {}, "b": {}}}, "networks"),
        (lambda r: r | {"networks": {"a": r["networks"]["a"]}}, "networks"),
        (lambda r: r | {"numbers": {"a": 1, "b": 2}}, "numbers"),
        (lambda r: r | {"numbers": {"a": {}, "b": {}}}, "numbers"),
        *(
            (lambda r, wrong=wrong: with_numbers(r, wrong), "numbers")
            for wrong in (
                {"prediction": 7},
                {"prediction": ["a"]},
                {"spikes": "many"},
                {"spikes": 1.5},
                {"spikes": True},
                {"spikes": -1},
                {"nasfr": "low"},
                {"nasfr": float("nan")},
                {"nasfr": 1.1},
                {"nasfr": {"a": []}},
            )
        ),
        *(
            (lambda r, wrong=wrong: as_picture(r, wrong), "transforms")
            for wrong in (
                {"mean": 3},
                {"mean": []},
                {"mean": ["x"]},
                {"std": [1, 2]},
                {"std": [float("inf")]},
                {"resize": "32"},
                {"resize": -1},
                {"prepare": None},
                {"more": 1},
            )
        ),
        (lambda r: r | {"transforms": {"a": [1], "b": [1]}}, "transforms"),
        (lambda r: as_picture(r, {}) | {"start_ms": 1}, "transforms"),
        (lambda r: r | {"device": None}, "device"),
        (lambda r: r | {"versions": []}, "versions"),
        (lambda r: r | {"window_us": [0]}, "window_us"),
        (lambda r: r | {"window_us": [5, 5]}, "window_us"),
        (lambda r: r | {"window_us": [-1, 5]}, "window_us"),
        (lambda r: r | {"window_us": [0, 1.5]}, "window_us"),
        (lambda r: r | {"window_us": "all"}, "window_us"),
    ],
)
def test_what_is_no_recipe_is_refused(text, change, told):
    with pytest.raises(ReportError, match=told):
        recipes.read(json.dumps(change(json.loads(text))))


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{", "{" * 50_000, b"\xff\xfe", '{"recipe": 1}', "x" * (1 << 17)]
)
def test_any_text_is_refused_in_words(text):
    with pytest.raises(ReportError, match="No recipe"):
        recipes.read(text)


def rewritten(text):
    """Yield a recipe as other programs write it."""
    in_order = json.dumps(json.loads(text), sort_keys=True, indent=2)
    assert in_order.index('"recipe"') > 600
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        yield in_order.encode(encoding)


def test_a_recipe_may_be_rewritten_by_other_programs(text):
    for content in rewritten(text):
        assert recipes.wants_to_be(content)
        assert recipes.read(content) == recipes.read(text)


@pytest.mark.parametrize(
    ("beginning", "wants"),
    [
        (b'\n {"a": "\xff', False),
        (b'{"a": 1, "recipe": ', True),  # cut off: refused as a recipe
        (b'["recipe"]', False),
        (b"", False),
        (b"\xff\xfe", False),
        (b"\x00" * 9, False),
        (b'\x89PNG{"recipe"', False),
    ],
)
def test_recordings_and_pictures_do_not_want_to_be_recipes(beginning, wants):
    assert recipes.wants_to_be(beginning) is wants


def test_no_bundled_file_wants_to_be_a_recipe():
    files = [path for path in EXAMPLES.iterdir() if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert not recipes.wants_to_be(path.read_bytes()[: recipes.MAX_BYTES]), path.name


def test_a_file_too_large_for_a_recipe_is_never_read(text, tmp_path, monkeypatch):
    path = tmp_path / "recipe.json"
    path.write_bytes(text.encode("utf-8-sig"))
    assert recipes.open_file(path) == recipes.read(text)
    with pytest.raises(ReportError, match="is no file"):
        recipes.open_file(tmp_path)
    with path.open("wb") as file:
        file.truncate(1 << 40)  # of which the disk holds nothing
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read before its size was seen"))
    with pytest.raises(ReportError, match="at most 65536 bytes, this 1,099,511,627,776"):
        recipes.open_file(path)


@pytest.mark.parametrize("field", ["file", "device", "\ud800"])
def test_halves_of_characters_are_refused(text, field):
    with pytest.raises(ReportError, match="No recipe") as refused:
        recipes.read(json.dumps(json.loads(text) | {field: "\ud800"}))
    str(refused.value).encode()  # a page and a terminal can show it


def test_a_look_must_be_one_of_these_networks(subject):
    a, b = subject.a, subject.b
    good = first_look(a, b)
    assert checked(good, a, b) == good
    assert good.layer == opening_layer(a, b) == "conv2", "as the page opens"
    assert checked(Look("conv1", "fc1", (3,)), a, b).neuron == (3,)
    for change, told in (
        ({"layer": "conv9"}, "no layer conv9"),
        ({"layer": "fc1"}, "no channels"),
        ({"neuron_layer": "fc1"}, "no neuron"),
        ({"neuron_layer": "conv3"}, "neither conv2"),
        ({"neuron": (0, 0, 99)}, "no neuron"),
        ({"neuron": (0,)}, "no neuron"),
        ({"step": 15}, "no step 16"),
        ({"prices": "free"}, "No prices free"),
    ):
        with pytest.raises(ReportError, match=told):
            checked(dataclasses.replace(good, **change), a, b)


@pytest.fixture
def app():
    return AppTest.from_file(str(MAIN), default_timeout=120).run()


def open_file(app, name, content):
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader[0].upload(name, content)
    return app.run()


def asked_of(component):
    content = unpack(component.proto.bytes) if component.proto.bytes else {}
    return content.get("asked", "no player")


def test_a_recipe_of_a_bundled_recording_brings_its_view_back(app, subject, text):
    open_file(app, "recipe.json", text.encode())
    assert not app.exception and not app.error
    (asked,) = (found for found in map(asked_of, app.get("bidi_component")) if found != "no player")
    assert asked == 4, "the player goes to the recipe's step"
    assert app.segmented_control(key="source").value == "Gestures"
    assert app.selectbox(key="gestures").value == "right hand wave"
    assert app.slider[0].value == 250.0
    assert app.segmented_control(key="layer").value == "conv2"
    assert any("The view of the recipe" in c.value for c in app.caption)
    values = [m.value for m in app.metric]
    for side in (subject.a, subject.b):
        assert f"{side.summary['spikes']:,}" in values
    assert app.segmented_control(key="view").value == "One neuron"
    assert app.selectbox(key="neuron_layer").value == "conv2"
    assert [app.number_input(key=k).value for k in ("channel", "y", "x")] == [5, 2, 3]
    assert app.query_params["step"] in ("5", ["5"])
    app.segmented_control(key="view").set_value("How much").run()
    assert app.selectbox(key="prices").value == "int8"
    app.slider[0].set_value(0.0).run()
    assert not any("The view of" in c.value for c in app.caption), "another view than the recipe's"


def test_a_recipe_in_another_order_is_followed(app, text):
    for content in rewritten(text):
        open_file(app, "sorted.json", content)
        assert not app.exception and not app.error
        assert any("The view of the recipe" in c.value for c in app.caption)
        app.session_state["recipe"] = None


def test_a_window_beyond_the_recording_is_told(app, text):
    open_file(app, "late.json", json.dumps(json.loads(text) | {"start_ms": 1e11}).encode())
    assert not app.exception and not app.error
    latest = app.slider[0].max
    assert app.slider[0].value == latest > 0
    (warning,) = app.warning
    assert warning.value == (
        f"Not as in the recipe: The window starts at {latest:,g} ms, the latest that this page "
        "offers of this recording, not at 100,000,000,000 ms."
    )
    app.slider[0].set_value(0.0).run()
    assert not app.warning, "the visitor's own choice"


def test_a_recipe_of_an_upload_asks_for_the_file(app, tmp_path):
    path = tmp_path / "mine.bin"
    path.write_bytes(examples("Digits")["digit 3"].read_bytes() + bytes(5))
    recording = read_recording(path)
    made = subject_of(Recorded(recording), "nmnist-vanilla", "nmnist-tcsa", device="cpu")
    open_file(app, "r.json", recipes.dump(recipes.recipe_of(made)).encode())
    assert not app.exception and not app.error and not app.metric[:1]
    (info,) = app.info
    begins = recording.sha256[:12]
    assert info.value == (
        f"This recipe is of `mine.bin`, which you have to open again: its sha256 begins `{begins}`."
    )
    assert app.selectbox(key="b").value == "nmnist-tcsa"
    app.file_uploader[0].upload("other.bin", examples("Digits")["digit 4"].read_bytes())
    app.run()
    (warning,) = app.warning
    assert "another recording than mine.bin, which the recipe is of" in warning.value
    app.button(key="close_own").click().run()
    assert any("mine.bin" in i.value for i in app.info), "it still asks for what was meant"
    app.file_uploader[0].upload("mine.bin", path.read_bytes())
    app.run()
    assert not app.warning and not app.error
    assert any("The view of the recipe" in c.value for c in app.caption)
    assert app.query_params["file"] == recording.sha256[:12]


def with_a(recipe, network):
    return recipe | {"networks": recipe["networks"] | {"a": network}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r | {"start_ms": "now"}, "start_ms"),
        (lambda r: with_a(r, r["networks"]["b"] | {"sha256": "0" * 64}), "not among those here"),
        (lambda r: with_a(r, {"checkpoint": "../x", "sha256": "0" * 64}), "not among those here"),
        (lambda r: r | {"window_us": [0, 5000]}, "python -m masnn report"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_explained(app, text, change, told):
    open_file(app, "r.json", json.dumps(change(json.loads(text))).encode())
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("r.json: ") and told in error.value
    app.segmented_control(key="source").set_value("Gestures").run()
    assert not app.error and len(app.metric) > 8


def test_an_address_names_the_upload_that_it_is_about(app):
    fresh = AppTest.from_file(str(MAIN), default_timeout=120)
    content = examples("Digits")["digit 3"].read_bytes()
    for key, value in (("source", "Upload"), ("data", "N-MNIST"), ("file", "0123456789ab")):
        fresh.query_params[key] = value
    fresh.run()
    (info,) = fresh.info
    assert info.value == (
        "This link is of a recording that you have to open again: its sha256 begins `0123456789ab`."
    )
    fresh.file_uploader[0].upload("d.bin", content)
    fresh.run()
    (warning,) = fresh.warning
    assert "another recording than the one that the link is of" in warning.value
    assert warning.value.endswith(", not 0123456789ab.")


def test_an_address_keeps_the_windows_start(app):
    app.slider[0].set_value(400.0).run()
    assert app.query_params["start"] == "400"
    fresh = AppTest.from_file(str(MAIN), default_timeout=120)
    fresh.query_params["start"] = "400"
    fresh.run()
    assert fresh.slider[0].value == 400.0
    fresh.selectbox(key="gestures").set_value("hand clapping").run()
    assert fresh.slider[0].value == 0.0, "it was the other recording's"
    for odd in ("soon", "-5", "nan", "1e99"):
        fresh = AppTest.from_file(str(MAIN), default_timeout=120)
        fresh.query_params["start"] = odd
        fresh.run()
        assert not fresh.exception and fresh.slider[0].value == 0.0
