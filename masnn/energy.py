"""The energy ledger: what the operations of one network on one recording cost, in pJ.

Yao et al. 2023, Section 4:

    E_base = E_MAC FL_conv1 + E_AC (sum of FL of all later layers)                        (Eq. 17)
    E_att  = E_base + E_MAC (dMAC1 + dMAC2) - E_AC dAC,    r_EE = E_base / E_att      (Eq. 18-19)

The term -E_AC dAC needs no line of its own: each network is charged for its own spikes. What is
counted, and where the exact count differs from the paper's formula, stands in `operations`. What is
neither MAC nor AC is priced as the nearer of the two: a lone multiplication as a MAC, as in the
paper, an addition or a comparison as an AC.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from masnn import conv_operations, residual_operations
from masnn.kinds import is_residual
from masnn.operations import PARTS, Book, Kind, LayerFacts, Line

if TYPE_CHECKING:
    from masnn.response import Response

#: Belongs to every energy that is shown.
NOT_INCLUDED = (
    "Not included: memory, addressing and the routing of spikes, which cost most on real chips; "
    "leakage and idle power; a few operations per attention weight (division of the mean, ReLU and "
    "sum of the two passes, sigmoid); the mean of the votes; the making of frames from events."
)

#: Why the paper's formula and the exact count differ, over the lines that both have.
GAP = (
    "The paper's formula charges the first layer for empty pixels, a spike for places beyond the "
    "border, a spatial gate for its padding, and a perceptron for one of its two passes."
)

#: The same, for residual networks.
RESIDUAL_GAP = (
    f"{GAP} It has the first layer see a still picture at every step, and nothing but spikes come "
    "to a shortcut\u2019s convolution and to the classifier."
)

_HOROWITZ = (
    "M. Horowitz: Computing's energy problem (and what we can do about it). ISSCC 2014, "
    "doi 10.1109/ISSCC.2014.6757323, 45 nm, 0.9 V: "
)


@dataclass(frozen=True)
class Costs:
    """Price operations.

    Args:
        name: Short name to show.
        mac_pj: Energy of a multiply-accumulate, and of a lone multiplication, in pJ.
        ac_pj: Energy of an accumulate, an addition or a comparison, in pJ.
        source: Where the prices are from.

    Raises:
        ValueError: If a price is negative or not finite.
    """

    name: str
    mac_pj: float
    ac_pj: float
    source: str = "custom"

    def __post_init__(self) -> None:
        if not all(math.isfinite(pj) and pj >= 0 for pj in (self.mac_pj, self.ac_pj)):
            raise ValueError("an operation costs a finite number of pJ, 0 or more")

    def of(self, kind: Kind) -> float:
        """Return the price of one operation in pJ."""
        return self.mac_pj if kind == "MAC" else self.ac_pj


#: The paper's prices.
HOROWITZ_45NM_FP32 = Costs(
    "fp32, 45 nm", 4.6, 0.9, _HOROWITZ + "multiplication 3.7 pJ, addition 0.9 pJ (32-bit float)"
)
HOROWITZ_45NM_FP16 = Costs(
    "fp16, 45 nm", 1.5, 0.4, _HOROWITZ + "multiplication 1.1 pJ, addition 0.4 pJ (16-bit float)"
)
HOROWITZ_45NM_INT8 = Costs(
    "int8, 45 nm", 0.23, 0.03, _HOROWITZ + "multiplication 0.2 pJ, addition 0.03 pJ (8-bit integer)"
)
# Sums of 8 bits overflow after a few inputs: what an int8 network does is add in 32 bits.
HOROWITZ_45NM_INT8_SUM32 = Costs(
    "int8 summed in int32, 45 nm",
    0.3,
    0.1,
    _HOROWITZ + "multiplication 0.2 pJ (8-bit integer), addition 0.1 pJ (32-bit integer)",
)

#: Presets by a stable key; any other `Costs` will do as well.
PRESETS = {
    "fp32": HOROWITZ_45NM_FP32,
    "fp16": HOROWITZ_45NM_FP16,
    "int8": HOROWITZ_45NM_INT8,
    "int8_sum32": HOROWITZ_45NM_INT8_SUM32,
}


@dataclass(frozen=True)
class Energy:
    """Hold priced operations.

    Args:
        macs: Number of multiply-accumulates.
        acs: Number of accumulates.
        costs: Their prices.
    """

    macs: int
    acs: int
    costs: Costs

    @property
    def pj(self) -> float:
        """Return the energy in pJ."""
        return self.macs * self.costs.mac_pj + self.acs * self.costs.ac_pj

    @property
    def formula(self) -> str:
        """Return the sum with its values."""
        macs = f"{self.macs:,} MAC · {self.costs.mac_pj:g} pJ"
        acs = f"{self.acs:,} AC · {self.costs.ac_pj:g} pJ"
        return f"{macs} + {acs} = {self.pj:,.2f} pJ"


@dataclass(frozen=True)
class Ratio:
    """Compare two energies.

    Args:
        above: Numerator.
        below: Denominator.

    Raises:
        ValueError: If their prices differ: the ratio would compare prices, not networks.
    """

    above: Energy
    below: Energy

    def __post_init__(self) -> None:
        if self.above.costs != self.below.costs:
            raise ValueError("energies compare only under the same costs")

    @property
    def value(self) -> float | None:
        """Return above / below; None where below is 0."""
        return self.above.pj / self.below.pj if self.below.pj else None

    @property
    def formula(self) -> str:
        """Return the quotient with its values."""
        result = "undefined" if self.value is None else f"{self.value:.4g}"
        return f"{self.above.pj:,.2f} pJ / {self.below.pj:,.2f} pJ = {result}"


@dataclass(frozen=True)
class Ledger:
    """Hold the operations of one network on one recording, and their prices.

    `dataclasses.replace(ledger, costs=...)` prices the same operations anew.

    Args:
        T: Time steps.
        layers: What each layer is and saw, from the input on.
        lines: The entries of all books.
        costs: Prices.
    """

    T: int
    layers: tuple[LayerFacts, ...]
    lines: tuple[Line, ...]
    costs: Costs

    @property
    def gap_is(self) -> str:
        """Return why the paper's formula and the exact count differ."""
        residual = any(layer.name == residual_operations.CLASSIFIER for layer in self.layers)
        return RESIDUAL_GAP if residual else GAP

    def energy(
        self,
        book: Book = "exact",
        *,
        layer: str | None = None,
        group: str | None = None,
        comparable: bool = False,
    ) -> Energy:
        """Add up lines of a book.

        Args:
            book: Which book, see `operations`.
            layer: Only this layer.
            group: Only this group of `operations.PARTS`.
            comparable: Only what the paper's formula has too: synapses, gates' weights, their use.
        """
        total = {"MAC": 0, "AC": 0}
        for line in self.lines:
            part = PARTS[line.part]
            if (
                line.book == book
                and layer in (None, line.layer)
                and group in (None, part.group)
                and (part.in_paper or not comparable)
            ):
                total[line.kind] += line.count.value
        return Energy(total["MAC"], total["AC"], self.costs)

    def energies(self, layer: str | None = None) -> dict[str, Energy]:
        """Return all sums of a layer, or of the network, by a stable name.

        Returns:
            exact: Everything in the ledger, as it happened.
            comparable: Of it, what the paper's formula has too.
            paper: The paper's formula, Eq. 17-19.
            ann: The network of the same shape without spikes and gates, run at every step.
            ann_once: The same run once.
            synapses, pooling, gates, neurons: The groups that make up "exact".
        """
        groups = dict.fromkeys(part.group for part in PARTS.values())
        return {
            "exact": self.energy(layer=layer),
            "comparable": self.energy(layer=layer, comparable=True),
            "paper": self.energy("paper", layer=layer),
            "ann": self.energy("ann", layer=layer),
            "ann_once": self.energy("ann_once", layer=layer),
            **{group: self.energy(layer=layer, group=group) for group in groups},
        }


def ledger(
    config: Mapping[str, Any],
    counts: NDArray[Any],
    response: Response,
    costs: Costs = HOROWITZ_45NM_FP32,
    off: Collection[str] = (),
) -> Ledger:
    """Count and price what one recording made a network do.

    Args:
        config: The fields of the network's configuration, as in a checkpoint's card.
        counts: What the network saw, event counts or pictures (T, C, H, W).
        response: What it did; potentials are not needed.
        costs: Prices.
        off: What was switched off in it, as `response.record` was told.

    Raises:
        ValueError: If frames or response are not of the configuration's shapes, or the network's
            neurons do not spike.
    """
    book = residual_operations if is_residual(config) else conv_operations
    layers, lines = book.count_operations(config, counts, response, off)
    return Ledger(response.T, layers, lines, costs)


def efficiency(a: Ledger, b: Ledger) -> dict[str, Ratio]:
    """Return how many times less energy B takes than A: r_EE of Eq. 19, A vanilla, B attention.

    It is attention's doing only if both saw the same (`comparison.caveats` says if not).

    Returns:
        paper: Both by the paper's formula.
        comparable: Both counted exactly, over what the paper's formula has.
        exact: Both counted exactly, over everything in the ledger.
    """
    ours, theirs = a.energies(), b.energies()
    return {book: Ratio(ours[book], theirs[book]) for book in ("paper", "comparable", "exact")}


def relative(a: Ledger, b: Ledger) -> float | None:
    """Return (E_B - E_A) / E_A, everything counted; None where A takes no energy."""
    found = Ratio(b.energy(), a.energy()).value
    return None if found is None else found - 1


def as_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """Return every line as a flat row under stable names, fit for CSV."""
    return [
        {
            "book": line.book,
            "layer": line.layer,
            "group": PARTS[line.part].group,
            "part": line.part,
            "gate": line.gate,
            "kind": line.kind,
            "count": line.count.value,
            "energy_pj": line.count.value * ledger.costs.of(line.kind),
            "in_paper": PARTS[line.part].in_paper,
            "formula": line.count.formula,
            "meaning": PARTS[line.part].meaning,
        }
        for line in ledger.lines
    ]


def as_dict(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as plain values under stable names, fit for JSON; undefined is None."""
    return {
        "T": ledger.T,
        "costs": dataclasses.asdict(ledger.costs),
        "not_included": NOT_INCLUDED,
        "gap_is": ledger.gap_is,
        "total": _sums(ledger.energies()),
        "layers": [
            dataclasses.asdict(layer) | _sums(ledger.energies(layer.name))
            for layer in ledger.layers
        ],
        "lines": as_rows(ledger),
    }


def as_comparison(ledgers: Mapping[str, Ledger]) -> dict[str, Any]:
    """Return the ledgers of "a", or of "a" and "b" with what they say of each other, as `as_dict`.

    Returns:
        a, b: `as_dict` of each.
        efficiency: `efficiency` of both, by book.
        relative: `relative` of both.
    """
    told: dict[str, Any] = {who: as_dict(ledger) for who, ledger in ledgers.items()}
    if "b" in ledgers:
        a, b = ledgers["a"], ledgers["b"]
        ratios = efficiency(a, b).items()
        told["efficiency"] = {n: {"value": r.value, "formula": r.formula} for n, r in ratios}
        told["relative"] = relative(a, b)
    return told


def _sums(energies: Mapping[str, Energy]) -> dict[str, Any]:
    """Return energies, the gap between formula and count, and the ANN's disadvantage."""
    exact, comparable, paper = (energies[name] for name in ("exact", "comparable", "paper"))
    ratios = {
        "paper_over_comparable": Ratio(paper, comparable),
        "ann_over_exact": Ratio(energies["ann"], exact),
        "ann_once_over_exact": Ratio(energies["ann_once"], exact),
    }
    return {
        "energies": {
            name: {"macs": e.macs, "acs": e.acs, "energy_pj": e.pj, "formula": e.formula}
            for name, e in energies.items()
        },
        "gap_pj": paper.pj - comparable.pj,
        "ratios": {
            name: {"value": ratio.value, "formula": ratio.formula} for name, ratio in ratios.items()
        },
    }
