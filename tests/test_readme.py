"""What the README shows runs, and what it says is what the cards say."""

import re
from pathlib import Path

from masnn import checkpoints

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_library_example_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "7 0." in capsys.readouterr().out


def test_every_command_of_the_readme_exists():
    from masnn.__main__ import parser

    words = set(re.findall(r"python -m masnn (\w+)", README))
    choices = next(a.choices for a in parser()._actions if a.choices)
    assert words <= set(choices) and len(words) >= 6


def test_the_table_of_networks_is_the_cards():
    for name, card in checkpoints.available().items():
        m = card.metrics
        row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
        assert f"{m['accuracy']:.1%}" in row and f"{m['nasfr']:.4f}" in row
        assert f"{m['spikes_per_recording']:,.0f}" in row
