"""Networks of still images are shown pictures, and nothing else; drawings are recognised."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masnn import checkpoints, comparison, sight
from masnn.__main__ import main
from masnn.digits import as_digit, rendered
from masnn.errors import CheckpointError
from masnn.images import read_picture, sees_images
from masnn.readers import read_recording
from masnn.response import record
from masnn.sides import is_vanilla_of
from masnn.simulate import glyphs, simulate_strokes

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "app" / "examples").glob("digit_*.png"))
SEVEN = [[(250, 200), (450, 205), (700, 200), (550, 500), (400, 850)]]
NAMES = sorted(name for name, card in checkpoints.available().items() if sees_images(card))


@pytest.fixture(scope="module")
def networks():
    loaded = {name: checkpoints.load(name) for name in NAMES}
    return {name: (card, network.folded()) for name, (network, card) in loaded.items()}


def strokes_of(digit, rng):
    """Return a digit as a simulated writer draws it."""
    ways = glyphs.STROKES[digit]
    lines = [glyphs._spline(np.array(stroke)) for stroke in ways[rng.integers(len(ways))]]
    pen = glyphs.Pen.by_chance(rng)
    points = glyphs._bend(np.concatenate(lines), pen, rng).tolist()
    return [[points.pop(0) for _ in line] for line in lines]


def test_the_vanilla_of_a_network_has_its_shortcut(networks):
    pixels = read_picture(EXAMPLES[0]).pixels
    a, b, once = (
        sight.look(*networks[name], pixels)
        for name in ("digits-ms18-t4", "digits-csa18-t4", "digits-ms18-t1")
    )
    assert is_vanilla_of(a, b) and not is_vanilla_of(b, a) and not is_vanilla_of(once, b)
    for change in ({"shortcut": "spike"}, {"form": "code"}):
        other = replace(a.card, config={**a.card.config, **change})
        assert not is_vanilla_of(replace(a, card=other), b)
    (said,) = comparison.caveats(once.summary, b.summary)[:1]
    assert said == "A sees the picture once, B 4 times: steps differ."


def test_four_networks_of_images_ship():
    names = [f"digits-{kind}18-t{steps}" for kind in ("csa", "ms") for steps in (1, 4)]
    assert names == NAMES


def test_the_bundled_digits_are_recognised(networks):
    right = {name: 0 for name in networks}
    for path in EXAMPLES:
        picture = read_picture(path)
        for name, (card, network) in networks.items():
            pixels, notes = sight.prepared(picture, sight.transform_for(card))
            assert np.array_equal(pixels, picture.pixels) and "image of the set" in notes[0]
            seen = sight.look(card, network, pixels)
            right[name] += seen.prediction == path.stem.removeprefix("digit_")
            assert seen.shares.sum() == pytest.approx(1)
            assert seen.response.T == card.config["T"]
    assert len(EXAMPLES) == 10 and min(right.values()) >= 8


def test_most_simulated_handwriting_is_recognised(networks):
    rng = np.random.default_rng(1)
    drawn = [(d, as_digit(rendered(strokes_of(d, rng)))) for d in range(10) for _ in range(4)]
    for name, (card, network) in networks.items():
        hits = sum(sight.look(card, network, x).prediction == str(d) for d, x in drawn)
        assert hits >= 32, f"{name}: {hits} of 40"


def test_a_drawn_seven_is_one_to_most(networks):
    seven = as_digit(rendered(SEVEN))
    answers = [sight.look(card, net, seven).prediction for card, net in networks.values()]
    assert answers.count("7") >= 3, answers


def test_a_photograph_of_a_digit_is_made_like_the_set(networks, tmp_path):
    page = np.full((300, 200, 3), 240, np.uint8)
    page[50:250, 90:110] = 20  # a vertical stroke
    Image.fromarray(page).save(tmp_path / "one.jpg", quality=95)
    card, network = networks["digits-csa18-t4"]
    pixels, notes = sight.prepared(read_picture(tmp_path / "one.jpg"), sight.transform_for(card))
    assert "darker than the border" in notes[0]
    assert sight.look(card, network, pixels).prediction == "1"


def test_votes_are_the_softmax_of_the_mean_logits(networks):
    card, network = networks["digits-ms18-t4"]
    seen = sight.look(card, network, read_picture(EXAMPLES[3]).pixels)
    means = [sum(step) / 4 for step in zip(*seen.response.votes.tolist(), strict=True)]
    total = sum(math.exp(x) for x in means)
    numbers = seen.numbers()
    assert list(numbers["shares"].values()) == pytest.approx([math.exp(x) / total for x in means])
    assert list(numbers["logits"].values()) == pytest.approx(means)
    assert numbers["spikes"] == sum(int(s.sum()) for s in seen.response.spikes.values())


def test_the_ledger_is_of_what_the_network_was_shown(networks):
    card, network = networks["digits-csa18-t4"]
    pixels = read_picture(EXAMPLES[3]).pixels
    seen = sight.look(card, network, pixels)
    book = seen.ledger("fp32")
    assert [layer.name for layer in book.layers][:: len(book.layers) - 1] == ["stem", "classifier"]
    image = sight.transform_for(card).apply(pixels)
    assert book.layers[0].active_inputs == 4 * int((image != 0).sum())
    assert sum(layer.spikes for layer in book.layers) == seen.numbers()["spikes"]
    assert {line.gate for line in book.lines} == {None, "channel", "space"}


def test_recordings_and_pictures_are_not_mixed_up(networks):
    recording = read_recording(EXAMPLES[0].with_name("simulated_digit_7.bin"))
    card, _ = networks["digits-ms18-t1"]
    with pytest.raises(comparison.WindowError, match="sees pictures, not recordings"):
        comparison.window(recording.events, card.config)
    other = checkpoints.available()["nmnist-tcsa"]
    with pytest.raises(CheckpointError, match="sees recordings of an event camera"):
        sight.transform_for(other)


def test_classify_says_what_both_networks_see(capsys):
    words = ["classify", str(EXAMPLES[7]), "--a", "digits-ms18-t4", "--b", "digits-csa18-t4"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["a"]["prediction"] == told["b"]["prediction"] == "7"
    assert told["b"]["T"] == 4 and len(told["b"]["layers"]) == 17
    energies = [told["energy"][who]["total"]["energies"]["exact"]["energy_pj"] for who in "ab"]
    assert told["energy"]["relative"] == pytest.approx(energies[1] / energies[0] - 1)
    assert told["energy"]["efficiency"]["exact"]["value"] == pytest.approx(
        energies[0] / energies[1]
    )
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "share of 7" in printed
    for energy in energies:
        assert f"{energy * 1e-6:.3f}" in printed
    assert main([*words, "--prices", "int8", "--json"]) == 0
    cheap = json.loads(capsys.readouterr().out)["energy"]["a"]
    assert cheap["costs"]["mac_pj"] == 0.23
    assert cheap["total"]["energies"]["exact"]["energy_pj"] < energies[0] / 10
    assert main(["classify", str(EXAMPLES[7]), "--a", "nmnist-tcsa"]) == 2
    assert "not pictures" in capsys.readouterr().err
    assert main(["classify", __file__, "--a", "digits-ms18-t1"]) == 2
    assert "neither PNG nor JPEG" in capsys.readouterr().err


def test_a_drawing_is_recorded_by_a_moving_camera():
    events = simulate_strokes(SEVEN, 0)
    assert (events.width, events.height) == (34, 34) and 300_000 < events.duration_us < 315_000
    network, card = checkpoints.load("nmnist-tcsa")
    frames = comparison.window(events, card.config)
    assert record(network.folded(), frames.counts, potentials=False).prediction == 7
    again = simulate_strokes(SEVEN, 0)
    assert np.array_equal(events.t, again.t) and np.array_equal(events.x, again.x)
    # Size and place of the drawing do not matter.
    moved = simulate_strokes([[(x / 3 + 100, y / 3) for x, y in line] for line in SEVEN], 0)
    assert abs(len(moved) - len(events)) < 0.02 * len(events)
    with pytest.raises(ValueError, match="at least one point"):
        simulate_strokes([[]], 0)
