"""What the README shows runs, and what it says is what the cards say."""

import re
from pathlib import Path

from masnn import checkpoints, tables
from masnn.architectures import configuration
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
