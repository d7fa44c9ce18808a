"""The tables of the zoo, beside the paper's, as Markdown made from the cards."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Any

from masnn.cards import Card
from masnn.kinds import is_residual
from masnn.numerals import typeset

#: Yao et al. 2023, Table 6 (three-layer network, DVS128 Gesture, 15 ms x 60, 10 runs): accuracy in
#: % with its spread, NASFR.
PAPER = {
    "none": ("90.63 \u00b1 0.58", 0.173),
    "TA": ("92.60 \u00b1 0.47", 0.073),
    "CA": ("93.88 \u00b1 0.34", 0.072),
    "SA": ("92.50 \u00b1 0.47", 0.058),
    "TCA": ("95.73 \u00b1 0.49", 0.034),
    "TSA": ("94.31 \u00b1 0.50", 0.030),
    "CSA": ("94.79 \u00b1 0.82", 0.030),
    "TCSA": ("96.53 \u00b1 0.57", 0.026),
}

#: Its three-layer network, as far as a table tells of it.
_THREE_LAYER = {
    "T": 60,
    "dt_ms": 15.0,
    "input_size": [32, 32],
    "channels": [64, 128, 128],
    "hidden": [256],
    "decay": 0.3,
}
#: The same, Table 3 (ImageNet, 224 x 224 px, T = 1, 18 layers): accuracy in %, NASFR.
PAPER_IMAGES = {"none": ("61.70", 0.224), "CA": ("63.42", 0.165), "CSA": ("63.97", 0.148)}

_HEAD = """# Checkpoints

`NAME.safetensors` holds the weights, `NAME.json` the card: the network's configuration, its
classes, the data with its licence, the training with its history, what was measured on which part,
the command, and the hash of the weights. `python -m masnn models` prints them. A file that does not
fit its card is refused.

Each row below is one recipe trained with several seeds; the rows of a table differ in attention
alone. The checkpoint that ships is the one of median accuracy (of equal ones, the one that fires
less): what it saves may be more or less than the mean over seeds. Window, widths, leak and rate of
a table were found in trial runs, some of them measured on the validation part: all rows share them,
so that rows compare, but accuracies are a little flattered throughout. The last three columns are
the paper's Table 6, which is of DVS128 Gesture, whatever our data, or for networks of images its
Table 3, which is of ImageNet at T = 1: compare ratios and order, not values. "Against vanilla" are
the spikes, as a share of vanilla's, that are fired less or more: in the fifth column of the means
over seeds, under "its" of the two checkpoints that ship.

`python -m masnn evaluate NAME --data DIR --part validation` measures a checkpoint again. On another
processor sums are rounded in another order, and a neuron that lies on its threshold may fire or
not: expect the same number of recordings, the same NASFR to a thousandth of it, and the same
decisions but for one recording or two. A card's `command` trains its checkpoint again, into
`runs/`; a training of the same seed ends near the card's numbers, within the spread over seeds, and
on the same machine on them. `python -m masnn zoo --table checkpoints/README.md` writes this page
from the cards.
"""

#: Standard deviation over seeds, in points of accuracy, from which single seeds are told.
_WIDE = 3.0

_COLUMNS = (
    "network",
    "accuracy over seeds, %",
    "NASFR over seeds",
    "spikes",
    "against vanilla",
    "ships as",
    "its accuracy",
    "its NASFR",
    "its, against vanilla",
    "paper, DVS128 Gesture: accuracy, %",
    "NASFR",
    "against vanilla",
)


_IMAGE_COLUMNS = (*_COLUMNS[:9], "paper, ImageNet, T = 1: accuracy, %", *_COLUMNS[10:])


def zoo_page(cards: Iterable[Card]) -> str:
    """Return the page of all checkpoints: for each data set its terms, a table, the findings."""
    return _HEAD + "".join(f"\n## {title}\n\n{text}" for title, text in sections(cards).items())


def sections(cards: Iterable[Card]) -> dict[str, str]:
    """Return terms, table and findings of each data set by its title."""
    sets: dict[str, list[Card]] = {}
    for card in cards:
        sets.setdefault(str(card.data["name"]), []).append(card)
    return {title: _measured_section(of_set) for title, of_set in sets.items()}


def _measured_section(cards: list[Card]) -> str:
    """Return the section of a set; imported networks, of which nothing was measured, by name."""
    measured = [card for card in cards if not card.is_imported]
    names = ", ".join(f"`{card.name}`" for card in cards if card.is_imported)
    imported = f"Imported, and not measured here: {names}.\n" if names else ""
    return "\n".join(filter(None, (_of_kind(measured)(measured) if measured else "", imported)))


def _of_kind(cards: list[Card]) -> Callable[[list[Card]], str]:
    """Return what makes the section of networks of images, or of recordings."""
    return _image_section if is_residual(cards[0].config) else _section


def _image_section(cards: list[Card]) -> str:
    """Return terms, table and findings of the residual networks of a data set of images."""
    cards = sorted(cards, key=lambda c: (c.config["T"], c.config["attention"] != "none", c.name))
    data, training, config = cards[0].data, cards[0].training, cards[0].config
    size = " x ".join(map(str, config["input_size"]))
    stages = [config["width"] << stage for stage in range(len(config["blocks"]))]
    lines = [
        f"{data['training']} images to learn from, {cards[0].metrics['n']} to measure on "
        f"({data.get('validation_is', 'as the card says')}). {size} px, shown at each of T steps; "
        f"blocks {'-'.join(map(str, config['blocks']))}, channels "
        f"{'-'.join(map(str, stages))}; {training['epochs']} epochs of SGD from "
        f"{training['learning_rate']}, batch {training['batch']}, labels smoothed by "
        f"{training['label_smoothing']}; the last epoch is taken. {data['attribution']} "
        f"{cards[0].licence}.\n",
        "\n",
        _line(_IMAGE_COLUMNS),
        _line(["---"] * len(_IMAGE_COLUMNS)),
    ]
    findings = []
    for card in cards:
        plain = next(
            (
                c
                for c in cards
                if c.config == {**card.config, "attention": "none"} and c is not card
            ),
            None,
        )
        lines.append(_row(card, plain, PAPER_IMAGES, f"{card.title}, T = {card.config['T']}"))
        if plain is not None:
            findings.append(_image_finding(card, plain))
    return "".join([*lines, "\n\n" if findings else "\n", " ".join(findings), "\n"])


def _image_finding(card: Card, plain: Card) -> str:
    """Say in words what attention changed, means over seeds, and what it changed in the paper."""
    points, rates = (
        [statistics.fmean(s[key] for s in _seeds(c)) for c in (card, plain)]
        for key in ("accuracy", "nasfr")
    )
    change = rates[0] / rates[1] - 1
    apart = f"{100 * abs(points[0] - points[1]):.1f}"
    than = f"{apart} points {'less' if points[0] < points[1] else 'more'} accurate than"
    if float(apart) == 0:
        than = "as accurate as"
    text = (
        f"At T = {card.config['T']} {card.title} is on average {than} {plain.title}, and fires "
        f"{changed(change)}"
    )
    paper = PAPER_IMAGES.get(card.config["attention"])
    if paper is None:
        return f"{text}."
    base = PAPER_IMAGES["none"]
    gain = typeset(float(paper[0]) - float(base[0]), "+.2f")
    return f"{text}; in the paper (ImageNet) {gain} points and {changed(paper[1] / base[1] - 1)}."


def _section(cards: list[Card]) -> str:
    order = list(PAPER)
    cards = sorted(
        cards,
        key=lambda c: (_is_control(c), *(c.config["attention"] == name for name in order[::-1])),
    )
    vanilla = next(
        (c for c in cards if c.config["attention"] == "none" and not _is_control(c)), None
    )
    data, training, config = cards[0].data, cards[0].training, cards[0].config
    size = " x ".join(map(str, config["input_size"]))
    window = f"{config['T']} steps of {config['dt_ms']:g} ms at {size} px"
    widths = [
        "-".join(map(str, sizes)) if isinstance(sizes := config.get(part), list) else "as usual"
        for part in ("channels", "hidden")
    ]
    lines = [
        f"{data['training']} recordings to learn from, {cards[0].metrics['n']} to measure on "
        f"({data.get('validation_is', 'as the card says')}). {window}; convolutions {widths[0]}, "
        f"FC {widths[1]}, leak "
        f"{config.get('decay', 'as usual')} a step; {training['epochs']} epochs of Adam from "
        f"{training.get('learning_rate', '?')}, batch {training.get('batch', '?')}, the last epoch "
        f"is taken. {data['attribution']} {cards[0].licence}.{_smaller(config)}\n",
        "\n",
        _line(_COLUMNS),
        _line(["---"] * len(_COLUMNS)),
        *(_row(card, vanilla) for card in cards),
        "\n",
        *_findings(cards, vanilla),
    ]
    return "".join(lines)


def _smaller(config: dict[str, Any]) -> str:
    """Say where a network is not the paper's three-layer one."""
    own = {key: config.get(key) for key in _THREE_LAYER}
    if own["channels"] is None or own == _THREE_LAYER:
        return ""
    return (
        " The paper's three-layer network looks at 60 steps of 15 ms at 32 x 32 px, its "
        "convolutions are 64-128-128, FC 256, leak 0.3: these are smaller or shorter, so that two "
        "processor cores train one in minutes."
    )


def _is_control(card: Card) -> bool:
    return card.config["attention_site"] == "current"


def _seeds(card: Card) -> list[dict[str, Any]]:
    seeds: list[dict[str, Any]] = card.metrics.get("seeds") or [card.metrics]
    return seeds


def _seeds_told(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _spread(values: list[float], form: str) -> str:
    """Return mean and standard deviation over seeds."""
    mean, n = format(statistics.fmean(values), form), len(values)
    spread = "" if n < 2 else f" \u00b1 {format(statistics.stdev(values), form)}"
    return f"{mean}{spread}"


def _row(
    card: Card,
    vanilla: Card | None,
    published: dict[str, tuple[str, float]] = PAPER,
    title: str = "",
) -> str:
    seeds, m = _seeds(card), card.metrics
    low, high = m["accuracy_95"]
    paper = None if _is_control(card) else published.get(card.config["attention"])
    spikes = statistics.fmean(s["spikes_per_recording"] for s in seeds)
    base = vanilla is None or card is vanilla
    return _line(
        [
            title or card.title,
            f"{_spread([100 * s['accuracy'] for s in seeds], '.1f')} ({_seeds_told(len(seeds))})",
            _spread([s["nasfr"] for s in seeds], ".4f"),
            f"{spikes:,.0f}",
            "" if base else changed(-_saving(card, vanilla)),
            f"`{card.name}`",
            f"{m['accuracy']:.1%} of {m['n']} (95 %: {low:.1%} to {high:.1%})",
            f"{m['nasfr']:.4f}",
            "" if base else changed(m["spikes_per_recording"] / _shipped_spikes(vanilla) - 1),
            "" if paper is None else paper[0],
            "" if paper is None else f"{paper[1]:.3f}",
            "" if paper is None or base else changed(paper[1] / published["none"][1] - 1),
        ]
    )


def changed(share: float) -> str:
    """Return a change in words that need no sign: "81.4% less", "101.0% more", "as much".

    Args:
        share: The change as a share of what it is compared with, -1 at the least.
    """
    told = f"{abs(share):.1%}"
    if float(told[:-1]) == 0:
        return "as much"
    return f"{told} {'less' if share < 0 else 'more'}"


def _than(share: float) -> str:
    """Return a change as `changed` does, to be followed by what it is compared with."""
    told = changed(share)
    return "as much as" if told == "as much" else f"{told} than"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _shipped_spikes(card: Card | None) -> float:
    """Return the spikes of a recording in the network that ships."""
    assert card is not None
    return float(card.metrics["spikes_per_recording"]) or 1.0


def _saving(card: Card, vanilla: Card | None) -> float:
    """Return by which share a network fires less than vanilla, means over seeds."""
    assert vanilla is not None
    own, base = (
        statistics.fmean(s["spikes_per_recording"] for s in _seeds(c)) for c in (card, vanilla)
    )
    return 1 - own / base if base else 0.0


def _findings(cards: list[Card], vanilla: Card | None) -> list[str]:
    """Say in words which claims of the paper this table shows and which it does not."""
    if vanilla is None:
        return []

    def mean(card: Card, key: str) -> float:
        return statistics.fmean(s[key] for s in _seeds(card))

    gated = [c for c in cards if not _is_control(c) and c is not vanilla]
    if not gated:
        return []
    base = mean(vanilla, "accuracy")
    fewer = [c for c in gated if mean(c, "nasfr") < mean(vanilla, "nasfr")]
    better = [c.title for c in gated if mean(c, "accuracy") >= base]
    worse = [c.title for c in gated if mean(c, "accuracy") < base]
    text = [
        f"\nOf the attention networks (membrane site) {len(fewer)} of {len(gated)} fire less than "
        f"vanilla on average. At least as accurate on average: {', '.join(better) or 'none'}; "
        f"less accurate: {', '.join(worse) or 'none'}. In the paper all seven are more accurate."
    ]
    in_paper = PAPER["none"][1]
    short = [
        c.title
        for c in gated
        if c.config["attention"] in PAPER
        and _saving(c, vanilla) < 1 - PAPER[c.config["attention"]][1] / in_paper
    ]
    text.append(
        f" They save less than in the paper: {', '.join(short)}." if short else
        " None saves less than in the paper."
    )  # fmt: skip
    for card in gated:
        accuracies = [100 * s["accuracy"] for s in _seeds(card)]
        if len(accuracies) > 1 and statistics.stdev(accuracies) > _WIDE:
            told = ", ".join(f"{s['accuracy']:.1%} at {s['nasfr']:.4f}" for s in _seeds(card))
            text.append(f" The seeds of {card.title} differ widely: {told}.")
    controls = {c.config["attention"]: c for c in cards if _is_control(c)}
    for attention, control in controls.items():
        saving = _saving(control, vanilla)
        points = 100 * (mean(control, "accuracy") - base)
        named = f"{attention} at the published code's site"
        who = "The ReLU-only control" if attention == "none" else named
        text.append(
            f" {who} ({_seeds_told(len(_seeds(control)))}) fires {_than(-saving)} vanilla at "
            f"{typeset(points, '+.1f')} points of accuracy; of the shipped one's "
            f"{control.metrics['n']} decisions {control.metrics['tied']} are ties."
        )
    if "none" in controls and _saving(controls["none"], vanilla) <= 0:
        text.append(
            " The ReLU alone saves nothing: what the published code's form saves is its gates' "
            "doing, and so is what it costs or gains in accuracy beyond the control's."
        )
    return [*text, "\n"]
