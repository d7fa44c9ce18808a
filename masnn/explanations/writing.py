"""How an explanation and its numbers are written: LaTeX in short lines, for a phone shows no long.

Every line of values reads "symbol &= numbers = result"; working out the numbers gives the result
to the places that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

#: Starts a new line of one equation.
BREAK = r" \\ &\quad "


@dataclass(frozen=True)
class Formula:
    """Define a number or a picture.

    Args:
        name: What it is called.
        left: Its symbol, in LaTeX.
        right: What it is, in LaTeX; `BREAK` starts a new line.
        source: Where it is from.
    """

    name: str
    left: str
    right: str
    source: str

    @property
    def line(self) -> str:
        """Return it as a line of aligned equations."""
        return f"{self.left} &= {self.right}"


@dataclass(frozen=True)
class Explanation:
    """Explain a panel or a number.

    Args:
        what: What it is, in plain words (markdown).
        formula: Its formula: lines of aligned LaTeX.
        values: The same with this comparison's numbers; empty where there are none to fill in.
        source: Where the formula is from.
        here: What of this comparison the values are, where they are not of all of it.
    """

    what: str
    formula: tuple[str, ...]
    values: tuple[str, ...]
    source: str
    here: str = ""

    @classmethod
    def of(
        cls, what: str, formulas: Iterable[Formula], values: Iterable[str], here: str = ""
    ) -> Explanation:
        """Return the explanation of what these formulas define."""
        formulas = tuple(formulas)
        names: dict[str, list[str]] = {}
        for formula in formulas:
            names.setdefault(formula.source, []).append(formula.name)
        source = "; ".join(f"{', '.join(of)}: {source}" for source, of in names.items())
        lines = tuple(formula.line for formula in formulas)
        only = next(iter(names), "")
        return cls(what, lines, tuple(values), only if len(names) == 1 else source, here)


def aligned(lines: Iterable[str]) -> str:
    """Return lines under each other, their "=" in one column; fractions keep apart."""
    rows = [
        line + (r" \\[0.85em] " if r"\frac" in line or r"\sum" in line else r" \\[0.2em] ")
        for line in lines
    ]
    return "".join((r"\begin{aligned} ", *rows, r"\end{aligned}"))


def line(left: str, numbers: str, result: str) -> str:
    """Return a line of values."""
    return f"{left} &= {numbers} = {result}"


def whole(number: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{number:,}".replace(",", "{,}")


def product(*factors: int) -> str:
    """Write whole numbers times each other."""
    return r" \cdot ".join(whole(factor) for factor in factors)


def quotient(above: int, *below: int) -> str:
    """Write a whole number over a product of others."""
    return rf"\frac{{{whole(above)}}}{{{product(*below)}}}"


def percent(share: float, digits: int = 2) -> str:
    """Write a share in percent."""
    return rf"{100 * share:.{digits}f}\,\%"


def exact(value: float) -> str:
    """Write a number of few places as it is, such as a price or picojoules, thousands apart."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.replace(",", "{,}")


def enough(values: Mapping[str, float], result: Callable[..., float], digits: int) -> list[str]:
    """Write measured numbers with so many places that they give the result to its last digit.

    Args:
        values: The numbers, by the name under which `result` takes them.
        result: Returns what they give.
        digits: Places of the result that are shown.
    """
    shown = f"{result(**values):.{digits}f}"
    written: list[str] = []
    for places in range(digits, 17):
        written = [f"{value:,.{places}f}".replace(",", "{,}") for value in values.values()]
        rounded = {name: round(value, places) for name, value in values.items()}
        if f"{result(**rounded):.{digits}f}" == shown:
            break
    return written


def words(text: str) -> str:
    """Return text for LaTeX; a class's name is anybody's, and may hold any sign."""
    kept = re.sub(r"[^\w .,:;()+/\u2212-]|_", " ", text)
    return rf"\text{{{' '.join(kept.split())}}}"


def escaped(layer: str) -> str:
    """Write a layer's name for LaTeX, to which an underscore is a sign."""
    return layer.replace("_", r"\_")


def of_side(symbol: str, who: str, *at: int | str) -> str:
    """Write a symbol of A or of B, at a step or place, such as "R_A(3, 7)"."""
    place = f"({', '.join(str(i) for i in at)})" if at else ""
    return rf"{symbol}_{{\mathrm{{{who}}}}}{place}"


def silent(who: str, thing: str) -> str:
    """Say that there is no spike to take a share of."""
    return rf"\mathrm{{{who}}} &: {words(f'no spike in {thing}')}"
