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
        if not m:
            rows.append((card["name"], f"{card['data']['name']}, not measured", *"-----"))
            continue
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


def _microjoules(ledger: dict[str, Any], book: str = "exact") -> float:
    """Return the energy of everything counted, or of another book."""
    return float(ledger["total"]["energies"][book]["energy_pj"]) * 1e-6


def _compare(result: dict[str, Any]) -> str:
    a, b, change = result["a"], result["b"], result["difference"]
    what = "spikes" if change["spikes"] is not None else "nasfr"
    relative = change[f"{what}_relative"]
    rows: list[tuple[Any, ...]] = [
        ("", "A", "B"),
        ("checkpoint", a["checkpoint"], b["checkpoint"]),
        ("prediction", a["prediction"], b["prediction"]),
        _vote(a, b),
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


def _vote(a: dict[str, Any], b: dict[str, Any]) -> tuple[str, str, str]:
    """Return the row of what the named classes got: a rate of spikes, or a share of logits."""
    by_logits = ["shares" in side for side in (a, b)]
    label = "share" if all(by_logits) else "vote per step or share" if any(by_logits) else ""
    one, other = (
        f"{side['shares'][side['prediction']]:.1%}"
        if shares
        else f"{side['votes'][side['prediction']]:.3f}"
        for side, shares in zip((a, b), by_logits, strict=True)
    )
    return label or "vote per step", one, other


def _classify(result: dict[str, Any]) -> str:
    """Return A's and B's answer, votes, rates and energy."""
    shown = [which for which in "ab" if which in result]
    sides, energy = [result[which] for which in shown], result["energy"]
    rows: list[tuple[Any, ...]] = [
        (result["file"], *"AB"[: len(sides)]),
        ("checkpoint", *(s["checkpoint"] for s in sides)),
        ("prediction", *(s["prediction"] for s in sides)),
        *(
            (f"share of {name}", *(f"{s['shares'].get(name, 0):.1%}" for s in sides))
            for name in sorted(sides[0]["shares"], key=sides[0]["shares"].get, reverse=True)[:5]
        ),
        ("spikes", *(f"{s['spikes']:,}" for s in sides)),
        ("NASFR", *(f"{s['nasfr']:.4f}" for s in sides)),
        ("energy, uJ", *(f"{_microjoules(energy[which]):.3f}" for which in shown)),
        ("ANN once, uJ", *(f"{_microjoules(energy[which], 'ann_once'):.3f}" for which in shown)),
    ]
    lines = [table(rows)]
    if energy.get("relative") is not None:
        lines += ["", f"B against A: {energy['relative']:+.1%} energy, counted"]
    return "\n".join([*lines, *result["notes"]])


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


def _asrv(result: dict[str, Any]) -> str:
    sides = {who: result[who] for who in "ab" if who in result}
    first = result["a"]
    counted = ("silent channels", "near-one channels")
    rows: list[list[Any]] = [
        ["", *(s["checkpoint"] for s in sides.values())],
        ["accuracy", *(f"{s['accuracy']:.2%}" for s in sides.values())],
        ["NASFR", *(f"{s['nasfr']:.4f}" for s in sides.values())],
        ["  its deviation", *(f"{s['nasfr_sd']:.4f}" for s in sides.values())],
        ["spikes each", *(f"{s['spikes_per_recording']:,.0f}" for s in sides.values())],
        [
            "energy, uJ",
            *("-" if (e := s["energy_uj"]) is None else f"{e:.3f}" for s in sides.values()),
        ],
    ]
    for layer in dict.fromkeys(name for s in sides.values() for name in s["layers"]):
        of = [s["layers"].get(layer) for s in sides.values()]
        rows.append([f"rate {layer}", *("-" if x is None else f"{x['rate']:.4f}" for x in of)])
        if any(x and x["channels"] for x in of):
            for title, key in zip(counted, ("silent", "near_one"), strict=True):
                cells = (f"{min(x[key])} to {max(x[key])}" if x and x[key] else "-" for x in of)
                rows.append([f"  {title}", *cells])
    lines = [f"{first['n']} recordings of {first['data']} ({first['part']})", table(rows)]
    if (test := result["paired"]) is not None:
        hits, change = test["accuracy"], test["nasfr"]
        lines += [
            "",
            f"paired, n = {test['n']}: right only in A {hits['only_a']}, only in B "
            f"{hits['only_b']}, McNemar's exact p = {hits['p']:.3g}",
            f"NASFR, B - A: {change['mean']:+.4f} (95 %: {change['low']:+.4f} to "
            f"{change['high']:+.4f}), lower in {change['lower']:.1%}",
        ]
    kept = ", ".join(
        f"{who.upper()} {s['memory']['bytes']:,} bytes and "
        f"{s['memory']['bytes_per_recording']} for each recording"
        for who, s in sides.items()
    )
    lines += ["", f"kept in memory: {kept}", *result["notes"]]
    return "\n".join([*lines, f"{result['folder']}: {', '.join(result['files'])}"])


def _train(result: dict[str, Any]) -> str:
    m = result["metrics"]
    low, high = m["accuracy_95"]
    return (
        f"{result['name']}: accuracy {m['accuracy']:.2%} (95 %: {low:.1%} - {high:.1%}) on "
        f"{m['n']} validation recordings, NASFR {m['nasfr']:.4f}, "
        f"{m['spikes_per_recording']:,.0f} spikes each"
    )


def _import(result: dict[str, Any]) -> str:
    """Return the report of a conversion."""
    rows = [
        ("taken for", result["layout"]),
        ("weights", f"{result['parameters']:,} parameters in {result['tensors']} tensors"),
        ("T", result["steps"]),
        ("sees", result["sees"]),
        ("neurons", result["neuron"]),
        ("ReLU", result["relu"]),
        ("batch norm", result["batch_norm"]),
    ]
    if result["found_under"]:
        rows.append(("found under", f'"{result["found_under"]}"'))
    if result["widened_from_16_bits"]:
        rows.append(("widened", f"{result['widened_from_16_bits']} tensors of 16 bits, exactly"))
    if result["filled"]:
        rows.append(("filled", f"{result['filled']} tensors that change nothing"))
    rows += [("it says", f"{key} = {value}") for key, value in result["the_file_says"].items()]
    for word, key in (
        ("assumed", "assumed"),
        ("left out", "dropped"),
        ("not the paper's", "differs_from_the_paper"),
    ):
        rows += [(word, text) for text in result[key]]
    lines = [f"{result['checkpoint']}: imported from {result['file']}"]
    return "\n".join([*lines, *(f"{name:<16} {text}" for name, text in rows), *result["notes"]])


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


def _isometry(result: dict[str, Any]) -> str:
    def number(value: float | None, places: int = 3) -> str:
        return "-" if value is None else f"{value:.{places}f}"

    courses: list[tuple[str, ...]] = [
        (
            *("network", "blocks", "phi", "+-", "least", "greatest", "varphi"),
            *("log10 |g|", "+-", "product of phi", "fire first", "last"),
        )
    ]
    for row in result["courses"]:
        keys = ("phi", "phi_error", "phi_least", "phi_greatest", "varphi")
        cells = [number(row[key]) for key in keys]
        cells += [number(row[f"log10_{key}"], 2) for key in ("norm", "norm_error", "product")]
        cells += [f"{row[f'active_{end}']:.1%}" for end in ("first", "last")]
        courses.append((row["name"], str(row["blocks"]), *cells))
    forms = [("map", "phi in theory", "measured", "+-", "varphi in theory", "measured")]
    for row in result["forms"]:
        keys = ("phi_theory", "phi", "phi_error", "varphi_theory", "varphi")
        forms.append((row["name"], *(number(row[key], 4) for key in keys)))  # type: ignore[arg-type]
    words = "|g|: norm of a signal before the first block, relative to after the last"
    return "\n".join([table(courses), words, "", table(forms), *result["files"]])


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
    "asrv": _asrv,
    "train": _train,
    "zoo": _zoo,
    "import_": _import,
    "isometry": _isometry,
    "digits": _digits,
    "simulate_digit": _simulate,
    "simulate_gesture": _simulate,
    "simulate_dataset": _simulate_dataset,
}
