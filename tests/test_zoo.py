"""The zoo trains what is missing, ships the median, and tabulates what the cards say."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from masnn import checkpoints, recipes, tables, zoo
from masnn.datasets import open_dataset
from masnn.errors import DataError
from masnn.evaluation import evaluate
from masnn.events import Events
from masnn.recipes import Recipe
from masnn.training import TrainConfig
from masnn.whole_files import held
from masnn.writers import write_events


@pytest.fixture
def folder(tmp_path):
    """Two classes of 10 recordings in tonic's N-MNIST layout, told apart by where they lie."""
    root = tmp_path / "NMNIST" / "Train"
    rng = np.random.default_rng(0)
    for i in range(20):
        label = i % 2
        (root / str(label)).mkdir(parents=True, exist_ok=True)
        t = np.sort(rng.integers(0, 300_000, 60))
        x, y = rng.integers(0, 15, 60) + 17 * label, rng.integers(0, 34, 60)
        events = Events(x=x, y=y, t=t, p=rng.integers(0, 2, 60), width=34, height=34)
        write_events(events, root / str(label) / f"{i:05}.bin")
    return tmp_path / "NMNIST"


BASE = Recipe(
    "nmnist",
    TrainConfig(epochs=1, batch=4),
    changes={"channels": (2, 2, 2), "hidden": (4,), "channel_reduction": 1, "T": 6},
    first=12,
    n_validation=4,
    half=True,
)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(zoo, "_BASES", {"nmnist": BASE})


def build(folder, tmp_path, **how):
    lines = []
    zoo.build(
        {"nmnist": folder},
        out=tmp_path / "out",
        runs=tmp_path / "runs",
        cache=tmp_path / "cache",
        device="cpu",
        say=lines.append,
        **how,
    )
    return lines


def test_every_attention_and_two_controls_are_in_it_and_images_at_two_latencies():
    names = [entry.name for entry in zoo.entries()]
    assert len(names) == len(set(names)) == 24
    pair = {f"digits-{kind}18-t{steps}" for kind in ("ms", "csa") for steps in (1, 4)}
    assert pair == {name for name in names if name.startswith("digits")}
    assert {"nmnist-vanilla", "nmnist-tcsa", "nmnist-tcsa-current", "nmnist-relu"} <= set(names)
    assert {"gesture-vanilla", "gesture-csa"} <= set(names)
    # Nothing but the attention differs within a table.
    for base, n in (("nmnist", 1), ("gesture", 1), ("digits", 2)):
        rest = {
            json.dumps(
                {**vars(replace(e, attention="x", site="x", relu=False)), "how": str(e.how)},
                default=str,
            )
            for e in zoo.entries()
            if e.preset == base
        }
        assert len(rest) == n


def test_a_recipe_makes_a_checkpoint_that_measures_what_its_card_says(folder, tmp_path):
    card = recipes.run(BASE, folder, out=tmp_path / "out", runs=tmp_path / "runs", device="cpu")
    network, loaded = checkpoints.load(card.name, tmp_path / "out")
    assert loaded == card and (card.data["training"], card.data["validation"]) == (8, 4)
    part = recipes.part_of(open_dataset(folder, card.classes), card, "validation")
    assert {s.path.name for s in part} <= {f"{i:05}.bin" for i in range(12)}
    measured = evaluate(network, recipes.frames_of(part, network.config))
    assert {"part": "validation", **recipes.metrics(measured)} == card.metrics
    left = sorted(p.suffix for p in (tmp_path / "runs").iterdir())
    assert left == [".csv", ".svg"], "a finished run leaves its history and no state"
    with held(tmp_path / "runs" / f"{card.name}.pt"), pytest.raises(DataError, match="another run"):
        recipes.run(BASE, folder, out=tmp_path / "out", runs=tmp_path / "runs", device="cpu")
    fewer = replace(BASE, first=10)
    recipes.run(fewer, folder, name="x", out=tmp_path / "o", runs=tmp_path / "r", device="cpu")
    other = checkpoints.read_card(tmp_path / "o" / "x.json")
    assert other.training["key"] != card.training["key"]
    (folder / "Train" / "0" / "00000.bin").unlink()
    with pytest.raises(DataError, match=r"first 12|trained on a set"):
        for path in list((folder / "Train").rglob("*.bin"))[:9]:
            path.unlink()
        recipes.part_of(open_dataset(folder, card.classes), card, "validation")


def test_the_command_of_a_recipe_is_the_recipe():
    from masnn.options import parser, recipe_of

    for entry in zoo.entries():
        recipe = replace(entry, how=replace(entry.how, seed=2), n_validation=7, split_seed=3)
        words = recipe.command.removeprefix("python -m masnn ").split()
        assert recipe_of(parser().parse_args(words), "cpu") == recipe
        assert recipe_of(parser().parse_args(words), "cuda") == recipe
    odd = replace(BASE, changes={"decay": 0.8187307530779818})
    words = odd.command.removeprefix("python -m masnn ").split()
    assert recipe_of(parser().parse_args(words), "cuda") == odd


def test_the_zoo_trains_what_is_missing_and_ships_the_median(folder, tmp_path, small):
    lines = build(folder, tmp_path, only="nmnist-ta", seeds=(0, 1, 2))
    assert lines == [f"nmnist-ta-s{s}: training" for s in range(3)]
    card = checkpoints.available(tmp_path / "out")["nmnist-ta"]
    rows = card.metrics["seeds"]
    assert [row["seed"] for row in rows] == [0, 1, 2]
    assert card.metrics["accuracy"] == sorted(row["accuracy"] for row in rows)[1]
    kept = next(row for row in rows if row["seed"] == card.training["seed"])
    assert kept["sha256"] == card.sha256
    as_good = [row["nasfr"] for row in rows if row["accuracy"] == card.metrics["accuracy"]]
    assert kept["nasfr"] == card.metrics["nasfr"] == min(as_good)
    checkpoints.load("nmnist-ta", tmp_path / "out")
    # There already: in the shipped card, whatever became of the runs.
    for path in (tmp_path / "runs").iterdir():
        path.unlink()
    assert build(folder, tmp_path, only="nmnist-ta", seeds=(0, 1, 2)) == [
        f"nmnist-ta-s{s}: there already" for s in range(3)
    ]
    # One seed more: the one that shipped is taken back, the others are trained again.
    again = build(folder, tmp_path, only="nmnist-ta", seeds=(0, 1, 2, 3))
    assert sorted(line.split()[-1] for line in again) == ["already"] + ["training"] * 3
    rows = checkpoints.available(tmp_path / "out")["nmnist-ta"].metrics["seeds"]
    assert [row["seed"] for row in rows] == [0, 1, 2, 3]
    (folder / "Train" / "1" / "00001.bin").write_bytes(b"\x01\x02\x80\x00\x09" * 40)
    assert build(folder, tmp_path, only="nmnist-ta", seeds=(0,)) == ["nmnist-ta-s0: training"]


def test_the_page_says_what_the_cards_say(folder, tmp_path, small):
    build(folder, tmp_path, only="nmnist-vanilla", seeds=(0, 1))
    build(folder, tmp_path, only="nmnist-tcsa", seeds=(0, 1))
    build(folder, tmp_path, only="nmnist-relu", seeds=(0,))
    cards = checkpoints.available(tmp_path / "out")
    page = tables.zoo_page(cards.values())
    rows = {line.split(" | ")[5].strip("`"): line for line in page.splitlines() if "| `" in line}
    assert list(rows) == ["nmnist-vanilla", "nmnist-tcsa", "nmnist-relu", "nmnist-tcsa-current"]
    for name, row in rows.items():
        seeds = cards[name].metrics["seeds"]
        mean = 100 * np.mean([s["accuracy"] for s in seeds])
        assert f"| {mean:.1f} " in row
        assert f"({len(seeds)} seed" in row
    assert "90.63 ± 0.58 | 0.173" in rows["nmnist-vanilla"]
    assert "96.53 ± 0.57 | 0.026 | 85.0% less" in rows["nmnist-tcsa"]
    spikes = {
        n: np.mean([s["spikes_per_recording"] for s in cards[n].metrics["seeds"]]) for n in rows
    }
    change = spikes["nmnist-tcsa"] / spikes["nmnist-vanilla"] - 1
    told = f"{abs(change):.1%} {'less' if change < 0 else 'more'}"
    assert f"| {told} | `nmnist-tcsa`" in rows["nmnist-tcsa"]
    assert "ReLU-only control" in page and "CC-BY-SA-4.0" in page


def test_data_of_other_classes_are_nobody_else_s(folder, tmp_path):
    named = folder.parent / "own"
    for label, kind in enumerate(("cat", "dog")):
        (named / kind).mkdir(parents=True)
        for path in (folder / "Train" / str(label)).iterdir():
            (named / kind / path.name).write_bytes(path.read_bytes())
    own = recipes.description(BASE, named, open_dataset(named))
    assert own["name"] == "own data" and own["licence"].startswith("unknown")
    assert recipes.description(BASE, folder, open_dataset(folder))["name"] == "N-MNIST"
    drawn = folder / "digits.json"
    drawn.write_text(json.dumps({"seed": 5}))
    usual = recipes.description(BASE, folder, open_dataset(folder))
    assert "drawn by seed 5" not in usual["validation_is"], "N-MNIST is not the set of digits"
    digits = replace(BASE, preset="digits", first=None)
    for text in ("{", "{}", "[]"):
        drawn.write_text(text)
        with pytest.raises(DataError, match=r"digits\.json: does not say how the set was made"):
            recipes.description(digits, folder, open_dataset(folder))
    drawn.unlink()
    note = {"simulated": "gestures", "version": 1, "seed": 7}
    (folder.parent / "simulation.json").write_text(json.dumps(note))
    part = recipes.description(BASE, folder, open_dataset(folder))
    assert part["name"] == "Gestures (simulated)", "a part of a simulated set is simulated"


def test_an_evaluation_says_when_the_data_are_others(folder, tmp_path, capsys):
    from masnn.__main__ import main

    recipes.run(BASE, folder, name="x", out=tmp_path / "out", runs=tmp_path / "runs", device="cpu")
    words = ["evaluate", str(tmp_path / "out" / "x.json"), "--part", "validation", "--json"]
    assert main([*words, "--data", str(folder)]) == 0
    assert "other data" not in capsys.readouterr().out
    first = next((folder / "Train" / "0").iterdir())
    for path in (folder / "Train" / "0").iterdir():
        path.write_bytes(first.read_bytes())
    main([*words, "--data", str(folder)])
    assert "other data" in capsys.readouterr().out


def test_a_network_that_fires_more_is_not_said_to_fire_fewer():
    assert [tables.changed(x) for x in (-0.8136, 1.0102, 0.0004, -1.0)] == [
        *("81.4% less", "101.0% more", "as much", "100.0% less"),
    ]
    for text in tables.sections(checkpoints.available().values()).values():
        assert "fewer" not in text and not re.search(r"\| -\d", text)


def test_equal_accuracies_are_called_so():
    card = checkpoints.available()["digits-ms18-t1"]
    told = tables._image_finding(card, card)
    assert (
        f"is on average as accurate as {card.title}, and fires" in told and "0.0 points" not in told
    )
