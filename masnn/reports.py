"""The command line's results as text for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def table(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as aligned columns: the first flush left, the others flush right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        first, *rest = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in rest)]).rstrip())
    return "\n".join(lines)


def _facts(result: dict[str, Any]) -> str:
    lists = {"warnings": "warning", "findings": "found", "changes": "changed"}
    rows = [
        *((k, v) for k, v in result.items() if k not in lists),
        *(
            (word, told if isinstance(told, str) else told["text"])
            for key, word in lists.items()
            for told in result.get(key, ())
        ),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def _models(result: dict[str, Any]) -> str:
    rows = [("checkpoint", "data", "n", "accuracy", "95 % interval", "NASFR", "spikes")]
    for card in result["models"]:
        m = card["metrics"]
        low, high = m["accuracy_95"]
        rows.append(
            (
                card["name"],
                f"{card['data']['name']} {m['part']}",
                str(m["n"]),
                f"{m['accuracy']:.1%}",
                f"{low:.1%} - {high:.1%}",
                f"{m['nasfr']:.4f}",
                f"{m['spikes_per_recording']:,.0f}",
            )
        )
    return "\n".join([table(rows), *result["problems"].values()])


def _microjoules(ledger: dict[str, Any]) -> float:
    """Return the energy of everything counted."""
    return float(ledger["total"]["energies"]["exact"]["energy_pj"]) * 1e-6


def _compare(result: dict[str, Any]) -> str:
    a, b, change = result["a"], result["b"], result["difference"]
    what = "spikes" if change["spikes"] is not None else "nasfr"
    relative = change[f"{what}_relative"]
    rows: list[tuple[Any, ...]] = [
        ("", "A", "B"),
        ("checkpoint", a["checkpoint"], b["checkpoint"]),
        ("prediction", a["prediction"], b["prediction"]),
        ("its vote", *(f"{s['votes'][s['prediction']]:.3f}" for s in (a, b))),
        ("spikes", f"{a['spikes']:,}", f"{b['spikes']:,}"),
        ("NASFR", f"{a['nasfr']:.4f}", f"{b['nasfr']:.4f}"),
        ("energy, uJ", *(f"{_microjoules(result['energy'][who]):.3f}" for who in "ab")),
    ]
    layers = {
        s["checkpoint"] + x: {e["name"]: e for e in s["layers"]} for s, x in ((a, "A"), (b, "B"))
    }
    names = dict.fromkeys(name for side in layers.values() for name in side)
    for name in names:
        cells = (f"{side[name]['lasfr']:.4f}" if name in side else "-" for side in layers.values())
        rows.append((f"LASFR {name}", *cells))
    ending = "B against A: " + (
        "A is silent" if relative is None else f"{relative:+.1%} {what.replace('nasfr', 'NASFR')}"
    )
    energy = result["energy"]
    if energy["relative"] is not None:
        ending += f", {energy['relative']:+.1%} energy, counted"
    ties = [
        f"{s['checkpoint']}: {s['prediction']} ties with {', '.join(s['tied_with'])}"
        for s in (a, b)
        if s["tied_with"]
    ]
    return "\n".join([table(rows), "", ending, *change["caveats"], *ties, *result["notes"]])


def _classify(result: dict[str, Any]) -> str:
    """Return A's and B's answer, votes and rates."""
    sides = [result[which] for which in "ab" if which in result]
    rows: list[tuple[Any, ...]] = [
        (result["file"], *"AB"[: len(sides)]),
        ("checkpoint", *(s["checkpoint"] for s in sides)),
        ("prediction", *(s["prediction"] for s in sides)),
        *(
            (f"vote for {name}", *(f"{s['shares'].get(name, 0):.1%}" for s in sides))
            for name in sorted(sides[0]["shares"], key=sides[0]["shares"].get, reverse=True)[:5]
        ),
        ("spikes", *(f"{s['spikes']:,}" for s in sides)),
        ("NASFR", *(f"{s['nasfr']:.4f}" for s in sides)),
    ]
    return "\n".join([table(rows), *result["notes"]])


def _report(result: dict[str, Any]) -> str:
    lines = [f"{result['folder']}: {len(result['files'])} files; open report.html"]
    return "\n".join([*lines, *result["notes"]])


def _evaluate(result: dict[str, Any]) -> str:
    low, high = result["accuracy_95"]
    return "\n".join(
        [
            f"{result['checkpoint']} on {result['n']} recordings ({result['part']})",
            f"accuracy              {result['accuracy']:.2%}  (95 %: {low:.1%} - {high:.1%})",
            f"tied decisions        {result['tied']}",
            f"NASFR                 {result['nasfr']:.4f}",
            f"spikes per recording  {result['spikes_per_recording']:,.0f}",
            "",
            "true class (row) against prediction (column)",
            table(
                [
                    ["", *result["classes"]],
                    *(
                        [c, *row]
                        for c, row in zip(result["classes"], result["confusion"], strict=True)
                    ),
                ]
            ),
            *result["notes"],
        ]
    )


def _train(result: dict[str, Any]) -> str:
    m = result["metrics"]
    low, high = m["accuracy_95"]
    return (
        f"{result['name']}: accuracy {m['accuracy']:.2%} (95 %: {low:.1%} - {high:.1%}) on "
        f"{m['n']} validation recordings, NASFR {m['nasfr']:.4f}, "
        f"{m['spikes_per_recording']:,.0f} spikes each"
    )


def _zoo(result: dict[str, Any]) -> str:
    if "table" in result:
        return f"{result['table']}: tables of {len(result['checkpoints'])} checkpoints"
    return "\n".join([*result["zoo"], *result["notes"]])


def _simulate(result: dict[str, Any]) -> str:
    what = f"digit {result['digit']}" if "digit" in result else result["gesture"].replace("_", " ")
    return (
        f"{result['file']}: {what}, seed {result['seed']}, {result['events']:,} simulated events "
        f"in {result['duration_us'] / 1000:.0f} ms"
    )


def _simulate_dataset(result: dict[str, Any]) -> str:
    return f"{result['folder']}: {result['recordings']:,} recordings, seed {result['seed']}"


def _digits(result: dict[str, Any]) -> str:
    return f"{result['folder']}: {result['train']:,} images in train/, {result['val']:,} in val/"


TEXT: dict[str, Callable[[dict[str, Any]], str]] = {
    "inspect": _facts,
    "convert": _facts,
    "models": _models,
    "compare": _compare,
    "classify": _classify,
    "report": _report,
    "evaluate": _evaluate,
    "train": _train,
    "zoo": _zoo,
    "digits": _digits,
    "simulate_digit": _simulate,
    "simulate_gesture": _simulate,
    "simulate_dataset": _simulate_dataset,
}
