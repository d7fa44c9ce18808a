"""Networks of growing depth are trained, measured before and after, and kept."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from masnn import degradation, isometry_figure
from masnn.degradation import KEPT, Trial, each, measured
from masnn.framesets import Sample
from masnn.images import Transform
from masnn.imagesets import ImageSet
from masnn.isometry_designs import DESIGNS, config_of, fresh
from masnn.isometry_sweep import Settings, trained
from masnn.residual import still

ROOT = Path(__file__).parents[1]
HOW = Settings(n_inputs=3, n_probes=2)
SHIPPED = json.loads((ROOT / "app" / "measured" / "degradation.json").read_text())


def part(n, seed):
    """Return pictures of which the left half is bright in class 0, the right half in class 1."""
    rng = np.random.default_rng(seed)
    labels = [i % 2 for i in range(n)]
    held = []
    for label in labels:
        pixels = rng.integers(0, 60, (8, 8), dtype=np.uint8)
        pixels[:, 4 * label : 4 * label + 4] += 190
        held.append(pixels)
    samples = tuple(Sample(Path(f"{i}.png"), label) for i, label in enumerate(labels))
    return ImageSet(samples, Transform((8, 8), (0.0,), (255.0,)), tuple(held))


TRAINING, TEST = part(64, 0), part(20, 1)
TRIAL = Trial("ms", 1, 0, width=8, epochs=20)


@pytest.fixture(scope="module")
def row():
    return measured(TRIAL, TRAINING, TEST, HOW)


def test_a_row_says_what_was_trained_and_how_well(row):
    assert row["name"] == "ms" and (row["blocks"], row["seed"], row["width"]) == (1, 0, 8)
    assert (row["n_training"], row["n_test"], row["epochs"]) == (64, 20, 20)
    assert row["training_accuracy"] == 1 and row["test_accuracy"] == 1, "halves are easily told"
    assert 0 < row["nasfr"] < 1


def test_the_untrained_network_is_looked_at_on_test_images_of_all_classes(row):
    images = torch.stack([torch.from_numpy(TEST.clips(i, 1)[0, 0].copy()) for i in (0, 10, 19)])
    shown = still(images, 1)
    network = fresh(config_of("ms", 1, width=8), shown)
    expected = trained("", network, HOW, shown).summary()
    assert [row[f"before_{key}"] for key in KEPT] == [expected[key] for key in KEPT]
    assert row["after_phi"] != row["before_phi"]


def test_what_is_there_is_not_trained_again(row, tmp_path, monkeypatch):
    monkeypatch.setattr(degradation, "measured", lambda *_: row)
    told = []
    assert each([TRIAL], TRAINING, TEST, HOW, tmp_path, told.append) == [row] == told
    monkeypatch.setattr(degradation, "measured", lambda *_: pytest.fail("trained again"))
    assert each([TRIAL], TRAINING, TEST, HOW, tmp_path) == [row]
    monkeypatch.setattr(degradation, "measured", lambda *_: {"other": "data"})
    assert each([TRIAL], TEST, TRAINING, HOW, tmp_path) == [{"other": "data"}]


def test_the_figure_draws_means_and_ranges_and_nothing_where_nothing_arrives():
    rows = [
        {
            "name": name,
            "blocks": n,
            "training_accuracy": 0.9,
            "test_accuracy": 0.5 + n / 100 + s / 50,
            "before_log10_norm": 0.0,
            "after_log10_norm": None if n == 8 else -1.0,
        }
        for name in ("ms", "mine")
        for n in (4, 8)
        for s in (0, 1)
    ]
    training, test, _, after = isometry_figure.degradation(rows).axes
    line, _, (bars,) = test.containers[0].lines
    np.testing.assert_allclose(np.array(line.get_ydata(), float), [55, 59])
    np.testing.assert_allclose([s[:, 1] for s in bars.get_segments()], [[54, 56], [58, 60]])
    assert training.get_title() == "training accuracy, %"
    line = after.containers[0].lines[0]
    np.testing.assert_array_equal(np.array(line.get_ydata(), float), [-1, np.nan])


def documents():
    spec = importlib.util.spec_from_file_location("made", ROOT / "docs" / "degradation.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_what_ships_is_whole_and_the_page_is_made_of_it():
    made = documents()
    seeds = {row["seed"] for row in SHIPPED}
    assert {(row["name"], row["blocks"], row["seed"]) for row in SHIPPED} == {
        (name, n, seed) for name in DESIGNS for n in degradation.DEPTHS for seed in seeds
    }
    assert made.table(SHIPPED) in (ROOT / "docs" / "degradation.md").read_text()


def test_the_shallowest_shipped_network_is_trained_again_to_the_same_accuracy():
    """One of the shipped rows is made again; other processors round otherwise."""
    made = documents()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        again = measured(Trial("ms", degradation.DEPTHS[0], 0), *made.parts(), made.HOW)
    finally:
        torch.set_num_threads(threads)
    (shipped,) = [
        row
        for row in SHIPPED
        if (row["name"], row["blocks"], row["seed"]) == ("ms", degradation.DEPTHS[0], 0)
    ]
    for key in ("training_accuracy", "test_accuracy"):
        assert again[key] == pytest.approx(shipped[key], abs=0.04)
    for key in ("phi", "log10_norm"):
        assert again[f"before_{key}"] == pytest.approx(shipped[f"before_{key}"], abs=1e-3)
