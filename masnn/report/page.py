"""The report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from masnn import comparison, energy
from masnn.numerals import share, typeset
from masnn.report.panel import Panel, Rows, table
from masnn.report.recipe import dump, recipe_of, settings
from masnn.report.subject import Subject
from masnn.sides import Side

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1f24; --quiet: #5c616b; --page: #fff; --card: #f5f5f2;
  --line: #d9d9d4; --a: #b34e00; --b: #0067a5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --quiet: #a7adb8; --page: #14171c;
  --card: #1d2128; --line: #353b45; --a: #ff9a57; --b: #6fc3f2 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.2rem 4rem; background: var(--page);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere }
h2 { font-size: 1.25rem; margin: 3rem 0 .8rem; border-top: 1px solid var(--line);
  padding-top: 1.2rem }
h3 { font-size: 1rem; margin: 2rem 0 .5rem }
.a { color: var(--a) } .b { color: var(--b) }
p.settings, figcaption { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere }
nav a { display: inline-block; margin-right: 1rem }
a { color: var(--b) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left }
figure { margin: 0 0 1.2rem }
figure .wide { background: var(--card); border-radius: 6px; border: 1px solid var(--line) }
figure img { display: block; width: 100%; min-width: 36rem; padding: 1rem }
details { margin: .4rem 0 1.6rem; font-size: .8125rem }
summary { cursor: pointer; color: var(--b); width: fit-content; padding: .25rem 0 }
details .wide { max-height: 24rem; overflow: auto; border: 1px solid var(--line);
  border-radius: 6px }
details th { position: sticky; top: 0; background: var(--card) }
details p { color: var(--quiet); margin: .4rem 0 }
pre { background: var(--card); padding: 1rem; overflow-x: auto; font-size: .8rem;
  border-radius: 6px }
@media print { body { max-width: none } figure { break-inside: avoid } nav { display: none } }
"""


# A figure is drawn on white for print. Within the page its ink follows the reader's theme, as the
# page's does, and its ground is the page's card; maps keep their colours, which mean numbers.
_THEMES = """
[style*="fill: #ffffff"], rect[fill="#ffffff"] { fill: #f5f5f2 !important }
[style*="stroke: #ffffff"] { stroke: #f5f5f2 !important }
@media (prefers-color-scheme: dark) {
  g[id^="text_"] { fill: #e8eaee }
  [style*="fill: #ffffff"], rect[fill="#ffffff"] { fill: #1d2128 !important }
  [style*="stroke: #ffffff"] { stroke: #1d2128 !important }
  [style*="fill: #000000"], [style*="fill: #333333"] { fill: #e8eaee !important }
  [style*="stroke: #000000"], [style*="stroke: #333333"] { stroke: #e8eaee !important }
  [style*="fill: #0072b2"] { fill: #56b4e9 !important }
  [style*="stroke: #0072b2"] { stroke: #56b4e9 !important }
  [style*="fill: #d55e00"] { fill: #f0803c !important }
  [style*="stroke: #d55e00"] { stroke: #f0803c !important }
  [style*="fill: #4d535e"] { fill: #c9ced8 !important }
  [style*="fill: #d3d7de"] { fill: #555c68 !important }
  [style*="stroke: #e4e6ea"] { stroke: #353b45 !important }
}
"""

#: So many rows of a table are shown; the CSV beside it has all.
_MOST_ROWS = 300


def page(
    subject: Subject, panels: Sequence[Panel], pictures: Mapping[str, bytes], moving: bytes
) -> str:
    """Return the report's page.

    Args:
        subject: What the report is about.
        panels: The panels that have something to draw.
        pictures: Their figures as SVG, by panel's name.
        moving: The film of the player, a GIF.
    """
    views = list(dict.fromkeys(panel.view for panel in panels))
    title = f"{subject.a.card.title} and {subject.b.card.title} on {subject.scene.name}"
    links = "".join(f'<a href="#{_anchor(view)}">{escape(view)}</a>' for view in views)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="settings">{escape(settings(subject))}</p>',
        f"<nav>{links}</nav>",
        _verdict(subject),
        _figure(
            _data_uri("image/gif", moving),
            "The player",
            f"The {subject.scene.input_told}, {_FILM}",
        ),
    ]
    for view in views:
        parts.append(f'<h2 id="{_anchor(view)}">{escape(view)}</h2>')
        parts += [
            _panel(panel, subject, pictures[panel.name]) for panel in panels if panel.view == view
        ]
    parts.append(
        "<h2>Make it again</h2><p>With this recipe, saved as <code>recipe.json</code>, and the "
        f"{subject.scene.noun}:</p><pre>python -m masnn report {escape(_quoted(_file(subject)))} "
        f"--recipe recipe.json -o DIR</pre><pre>{escape(dump(recipe_of(subject)))}</pre>"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


_FILM = (
    "the share of channels that fire at each place in A and in B, and the rate of both "
    "networks at each step."
)


def _verdict(subject: Subject) -> str:
    """Return the table of both networks' numbers, and what may be compared of them."""
    a, b = subject.a, subject.b
    change = comparison.difference(a.summary, b.summary)
    spikes = "" if change["spikes"] is None else typeset(change["spikes"], "+,")
    relative = change["spikes_relative"]
    if relative is not None:
        spikes += f" ({typeset(relative, '+.1%')})"
    rate = typeset(change["nasfr"], "+.4f")
    if change["nasfr_relative"] is not None:
        rate += f" ({typeset(change['nasfr_relative'], '+.1%')})"
    rows = [
        ("prediction", *(_decision(side) for side in (a, b)), ""),
        ("spikes", *(f"{side.summary['spikes']:,}" for side in (a, b)), spikes),
        ("NASFR", *(f"{side.summary['nasfr']:.4f}" for side in (a, b)), rate),
        _energy(subject),
    ]
    titles = list(subject.titles.values())
    head = (
        f'<tr><th></th><th class="a">{escape(titles[0])}</th>'
        f'<th class="b">{escape(titles[1])}</th><th>B \u2212 A</th></tr>'
    )
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    caveats = "".join(f"<p>{escape(sentence)}</p>" for sentence in change["caveats"])
    return f'<div class="wide"><table>{head}{body}</table></div>{caveats}'


def _energy(subject: Subject) -> tuple[str, str, str, str]:
    """Return the row of both networks' counted energy."""
    ledgers = [side.ledger(subject.look.prices) for side in (subject.a, subject.b)]
    one, other = (found.energy().pj * 1e-6 for found in ledgers)
    change, relative = f"{typeset(other - one, '+.3f')} \u00b5J", energy.relative(*ledgers)
    if relative is not None:
        change += f" ({typeset(relative, '+.1%')})"
    return ("energy, counted", f"{one:.3f} \u00b5J", f"{other:.3f} \u00b5J", change)


def _decision(side: Side) -> str:
    summary = side.summary
    if not any(summary["votes"].values()):
        return "silent"
    decided = " / ".join([summary["prediction"], *summary["tied_with"]]).replace("_", " ")
    vote = f"{summary['votes'][summary['prediction']]:.2f} per step"
    if side.by_logits:
        vote = share(float(side.shares.max()))
    return f"{decided} ({vote})"


def _panel(panel: Panel, subject: Subject, picture: bytes) -> str:
    rows = panel.rows(subject)
    data = _data_uri("text/csv", table(rows).encode())
    name = f"{panel.name}.csv"
    return (
        f"<h3>{escape(panel.title)}</h3>"
        + _figure(_data_uri("image/svg+xml", _themed(picture)), panel.title, panel.caption(subject))
        + f"<details><summary>Data, {len(rows):,} {'row' if len(rows) == 1 else 'rows'}</summary>"
        + f'<p>{_shown(len(rows))} <a download="{name}" href="{data}">Download all (CSV)</a></p>'
        + f'<div class="wide">{_table(rows)}</div></details>'
    )


def _themed(svg: bytes) -> bytes:
    """Return a figure that Matplotlib drew on white, as it looks on a page of either theme."""
    before, end, after = svg.partition(b"</style>")
    return before + _THEMES.encode() + end + after if end else svg


def _shown(n: int) -> str:
    """Say how much of a table is shown."""
    first = f"The first {_MOST_ROWS:,} rows" if n > _MOST_ROWS else "All rows"
    return f"{first}, to six digits."


def _table(rows: Rows) -> str:
    """Return the first rows of a table as HTML."""
    names = list(rows[0]) if rows else []
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row[name]))}</td>" for name in names) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    """Write a value of a table: numbers to six digits, a dash for none."""
    if value is None:
        return "\u2013"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return typeset(value, ".6g" if isinstance(value, float) else "")
    return str(value)


def _figure(source: str, alt: str, caption: str) -> str:
    return (
        f'<figure><div class="wide"><img src="{source}" alt="{escape(alt)}. {escape(caption)}">'
        f"</div><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _anchor(view: str) -> str:
    return view.lower().replace(" ", "-")


def _file(subject: Subject) -> str:
    """Return what the scene's file is called beside the report, or wherever it was opened."""
    kept = subject.scene.kept
    return kept[0] if kept else subject.scene.name


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)
