"""What the README shows runs, and what it says is what the cards say."""

import re
from pathlib import Path

from masnn import asrv, asrv_files, checkpoints, tables
from masnn.architectures import configuration
from masnn.energy import PRESETS
from masnn.gathering import footprint
from masnn.options import parser, recipe_of

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_library_example_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "7 0." in capsys.readouterr().out


def test_every_command_of_the_readme_exists():
    words = set(re.findall(r"python -m masnn (\w+)", README))
    choices = next(a.choices for a in parser()._actions if a.choices)
    assert words <= set(choices) and len(words) >= 6


def test_the_numbers_of_the_responses_are_those_that_ship():
    responses = asrv_files.decode((ROOT / "app" / "examples" / "asrv_nmnist.npz").read_bytes())
    rows = {}
    for line in README.splitlines():
        if line.startswith("| ") and line.count("|") == 4:
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            rows[name] = cells
    a, b = responses.values()
    for i, r in enumerate((a, b)):
        share = r.nasfr_sd / r.nasfr.mean()
        told = f"{r.nasfr.mean():.4f} ± {r.nasfr_sd:.4f} ({100 * share:.1f} %)"
        assert rows["NASFR, mean ± deviation over recordings"][i] == told
        energy = r.energy_uj(PRESETS["fp32"]).mean()
        assert rows["energy of a recording, counted, 45 nm fp32"][i] == f"{energy:.1f} µJ"
        assert rows["accuracy; right only here"][i].startswith(f"{100 * r.accuracy:.1f} %; 2")
        busy = int((asrv.channels(r, "conv1").mean[11] > 0.4).sum())
        row = rows["channels of conv1 (24) with a mean rate above 0.4 at step 12"]
        assert row[i] == str(busy)
        for layer in ("conv2", "conv3"):
            silent = asrv.channels(r, layer).silent.sum(1)
            few, many = silent.min(), silent.max()
            told = str(few) if few == many else f"{few} to {many}"
            row = rows[f"silent channels of {layer} (48), by step"]
            assert row[i].partition(",")[0] == told
    assert asrv.channels(b, "conv2").silent.all(0).sum() == 4
    near = [asrv.channels(r, "conv3").near_one.sum(1).tolist() for r in (a, b)]
    assert near == [[7] + [0] * 14, [0] * 15]
    test = asrv.paired(a, b)
    assert (test.accuracy.only_a, test.accuracy.only_b, test.accuracy.p) == (2, 2, 1.0)
    numbers = [test.nasfr.mean, test.nasfr.low, test.nasfr.high]
    mean, low, high = (f"{value:.4f}".replace("-", "−") for value in numbers)
    row = rows["NASFR, B − A, recording by recording"]
    assert row[1] == f"{mean} (95 %: {low} to {high}), lower in all 200" and test.nasfr.lower == 1
    network, _ = checkpoints.load("nmnist-tcsa")
    fixed, each = footprint(network.config)
    assert f"({fixed / 1e6:.1f} MB for these networks, and {each} bytes for each" in README


def test_the_page_of_checkpoints_is_made_from_the_cards():
    page = (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
    assert page == tables.zoo_page(checkpoints.available().values())
    for name, card in checkpoints.available().items():
        row = next(line for line in page.splitlines() if f"| `{name}` |" in line)
        assert f"{card.metrics['accuracy']:.1%} of {card.metrics['n']}" in row


def test_every_command_of_the_cards_is_one_that_the_parser_knows():
    for card in checkpoints.available().values():
        words = card.command.removeprefix("python -m masnn ").split()
        arguments = parser().parse_args(words)
        recipe = recipe_of(arguments, "cpu")
        assert recipe_of(arguments, "cuda") == recipe, "it trains the same wherever it runs"
        assert recipe.command == card.command
        # A field that a card does not have came later, and means its default.
        config = recipe.config(len(card.classes))
        assert configuration(card.config) == config, "the command makes the network of the card"
        assert recipe.how.seed == card.training["seed"]
        assert recipe.how.epochs == card.training["epochs"]
