"""Where, when and how much less B fires than A: the numbers, and the sentences that say them.

Pure functions of two sides. The sentences hold for any two networks, those that share no layer, no
step or no field among them: what cannot be set against each other is said of each alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masnn import comparison, energy, focus, rates
from masnn.numerals import part, share, signed, typeset
from masnn.response import LayerResponse
from masnn.sides import Side, joined, no_difference

#: So many other layers are named one by one.
_MOST_NAMED = 4

#: A layer of A and of B, None where one lacks it.
_Pair = tuple[LayerResponse | None, LayerResponse | None]

#: Says a unit of values of a shape, and what is there: the unit, the shape, the number.
_Says = Callable[[tuple[int, ...], tuple[int, ...], str], str]


@dataclass(frozen=True, eq=False)
class Contrast:
    """Hold by how much B's rates differ from A's, unit by unit.

    Args:
        change: B's rate less A's at each place, (H, W), or step, (T,).
    """

    change: NDArray[np.float64]

    @property
    def less(self) -> int:
        """Return at how many units B fires less than A."""
        return int((self.change < 0).sum())

    @property
    def more(self) -> int:
        """Return at how many units B fires more than A."""
        return int((self.change > 0).sum())

    @property
    def lowest(self) -> tuple[int, ...]:
        """Return the unit, from 0, at which B less A is lowest; the first of several."""
        return _place(int(self.change.argmin()), self.change)

    @property
    def highest(self) -> tuple[int, ...]:
        """Return the unit, from 0, at which B less A is highest; the first of several."""
        return _place(int(self.change.argmax()), self.change)


def over_places(a: Side, b: Side, name: str) -> Contrast | None:
    """Return how B's map of a layer differs from A's, means over T and channels.

    Args:
        a: Network A.
        b: Network B.
        name: A layer.

    Returns:
        None where the two maps do not show the same places.
    """
    one, other = joined(a, b)[name]
    if one is None or other is None or len(one.shape) != 3 or no_difference(a, b, one, other):
        return None
    return Contrast(rates.rate_map(other.spikes) - rates.rate_map(one.spikes))


def over_steps(a: Side, b: Side) -> Contrast | None:
    """Return how NSFR(t) of B differs from A's; None where they do not have the same steps."""
    if not np.array_equal(a.edges_ms, b.edges_ms):
        return None
    one, other = (rates.nsfr(side.response.spikes) for side in (a, b))
    return Contrast(other - one)


def where(a: Side, b: Side, name: str, others: Collection[str] = ()) -> str:
    """Say where B fires less than A, and how much of the firing lies where the input is.

    Args:
        a: Network A.
        b: Network B.
        name: The convolutional layer that is looked at.
        others: More layers, of which is said at how many places B fires less.
    """
    pair = joined(a, b)[name]
    told = (_in_layer(a, b, name, pair), _at_the_input(a, b, pair), _elsewhere(a, b, name, others))
    return " ".join(filter(None, told))


def when(a: Side, b: Side) -> str:
    """Say at which steps B fires less than A, and from which on each network's decision stays."""
    return f"{firing(a, b)} {deciding(a, b)}".rstrip()


def how_much(a: Side, b: Side, prices: str) -> str:
    """Say how much less B fires than A, and what both cost.

    Args:
        a: Network A.
        b: Network B.
        prices: A key of `energy.PRESETS`.
    """
    found = energy.efficiency(*(side.ledger(prices) for side in (a, b)))
    counted, paper = (found[book].value for book in ("exact", "paper"))
    told = f"{how_often(a, b)} {cost(a, b, prices)}"
    if counted is None or paper is None:
        return told
    return (
        f"{told} r_EE, A\u2019s energy over B\u2019s: {counted:.2f} counted, {paper:.2f} by the "
        "paper\u2019s formula."
    )


def how_often(a: Side, b: Side) -> str:
    """Say how much less often B fires than A, over all neurons and steps."""
    change = comparison.difference(a.summary, b.summary)
    more, relative = change["nasfr"], change["nasfr_relative"]  # a silent A has no such relation
    fires = "as often as" if not more else "less often than" if more < 0 else "more often than"
    by = f" ({typeset(relative, '+.1%')})" if relative else ""
    return (
        f"B ({b.card.title}) fires {fires} A ({a.card.title}){by}: NASFR "
        f"{b.summary['nasfr']:.4f} against {a.summary['nasfr']:.4f}."
    )


def cost(a: Side, b: Side, prices: str) -> str:
    """Say what A and B cost, and the share of it that B's gates take.

    Args:
        a: Network A.
        b: Network B.
        prices: A key of `energy.PRESETS`.
    """
    ledgers = [side.ledger(prices) for side in (a, b)]
    one, other = (ledger.energy().pj / 1e6 for ledger in ledgers)
    told = f"Counted operation by operation, A takes {one:.2f} \u00b5J and B {other:.2f} \u00b5J"
    change = energy.relative(*ledgers)
    if change is not None:
        told += f" ({typeset(change, '+.1%')})"
    gates = ledgers[1].energy(group="gates").pj / 1e6
    if gates and other:
        told += f"; {share(gates / other)} of B\u2019s are its gates\u2019"
    return f"{told}."


def firing(a: Side, b: Side) -> str:
    """Say at which steps B fires less than A: all its layers together, and one of them."""
    curves = {who: rates.nsfr(side.response.spikes) for who, side in (("A", a), ("B", b))}
    if (silent := _silent(curves)) is not None:
        return silent
    found = over_steps(a, b)
    if found is None:
        each = " ".join(_most(who, curve, _step) for who, curve in curves.items())
        return f"A and B have other steps, so rates are not compared step by step. {each}"
    return f"Over all layers (NSFR), {_told(found, 'step', _step)}.{_in_one_layer(a, b)}"


def deciding(a: Side, b: Side) -> str:
    """Say from which step on each network's decision stays; nothing of networks of one step."""
    if max(side.response.T for side in (a, b)) == 1:
        return ""
    told = []
    for who, side in (("A", a), ("B", b)):
        at = side.settled_at
        if at is None:
            told.append(f"{who} never votes")
            continue
        ms = "" if side.is_still else f" ({(at + 1) * side.card.config['dt_ms']:g} ms)"
        ahead = ", though its gates see the whole window first" if _looks_ahead(side) else ""
        told.append(f"{who} settles at step {at + 1} of {side.response.T}{ms}{ahead}")
    return f"Decision: {'; '.join(told)}."


def _looks_ahead(side: Side) -> bool:
    """Return whether a gate is computed from steps that are yet to come (non-causal)."""
    return any(
        layer.T > 1 and (gate == "time" or len(weights) < layer.T)
        for layer in side.response.layers.values()
        for gate, weights in layer.gates.items()
    )


def _place(flat: int, values: NDArray[np.floating]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, values.shape))


def _step(at: tuple[int, ...], shape: tuple[int, ...], number: str) -> str:
    return f"step {at[0] + 1} ({number})"


def _spot(at: tuple[int, ...], shape: tuple[int, ...], number: str) -> str:
    y, x = at
    return f"y\u00a0{y}, x\u00a0{x} ({_quarter(at, shape)}, {number})"


def _quarter(at: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Return the part of a map that a place lies in; a middle row or column is in none of two."""
    names = (("upper", "middle", "lower"), ("left", "middle", "right"))
    # Twice the distance from the middle, in whole numbers.
    row, column = (
        words[int(np.sign(2 * i + 1 - n)) + 1] for i, n, words in zip(at, shape, names, strict=True)
    )
    if row == column:
        return "the middle"
    return f"{row} {column}" + ("" if "middle" in (row, column) else " quarter")


def _unit(what: str) -> str:
    """Return the unit of a rate at a "place" or "step"."""
    return {"step": " spikes per neuron", "place": " spikes per neuron and step"}[what]


def _told(found: Contrast, what: str, says: _Says) -> str:
    """Say at how many units B fires less than A, more, and as often, and where most.

    Args:
        found: What differs.
        what: "place" or "step".
        says: Says a unit.
    """
    n, shape = found.change.size, found.change.shape
    counts = {"less": found.less, "more": found.more}
    peaks = {"less": found.lowest, "more": found.highest}
    first, second = sorted(counts, key=lambda way: -counts[way])
    alike = n - sum(counts.values())
    if alike == n:
        return f"B fires as often as A at every {what}"
    change = signed(float(found.change[peaks[first]])) + _unit(what)
    if n == 1:
        return f"B fires {first} than A at the only {what} ({change})"
    most = f"most at {says(peaks[first], shape, change)}"
    if counts[first] == n:
        weakest = peaks[second]
        if found.change[weakest] == found.change[peaks[first]]:
            return f"B fires {first} than A at every {what}, by as much at each ({change})"
        least = f", least at {says(weakest, shape, signed(float(found.change[weakest])))}"
        return f"B fires {first} than A at every {what}, {most}{least}"
    number = {"place": lambda k: part(k, n), "step": lambda k: f"{k} of {n}"}[what]
    told = f"B fires {first} than A at {_of(number(counts[first]), what)}, {most}"
    if counts[second]:
        other = says(peaks[second], shape, signed(float(found.change[peaks[second]])))
        told += f"; {second} at {number(counts[second])}, most at {other}"
    return told + (f"; as often at {number(alike)}" if alike else "")


def _of(number: str, what: str) -> str:
    return f"{number} of {what}s" if number.endswith("%") else f"{number} {what}s"


def _most(who: str, values: NDArray[np.float64], says: _Says) -> str:
    """Say where a network fires most."""
    at = _place(int(values.argmax()), values)
    what = "step" if values.ndim == 1 else "place"
    return f"{who} fires most at {says(at, values.shape, f'{values[at]:.3f}{_unit(what)}')}."


def _silent(values: Mapping[str, NDArray[np.float64]]) -> str | None:
    """Say which of A and B is silent, and where the other fires most; None where both fire."""
    fires = [who for who, of in values.items() if of.any()]
    if len(fires) == len(values):
        return None
    quiet = [who for who in values if who not in fires]
    told = f"{' and '.join(quiet)} {'is' if len(quiet) == 1 else 'are'} silent."
    return " ".join([told, *(_most(who, values[who], _says_of(values[who])) for who in fires)])


def _says_of(values: NDArray[np.float64]) -> _Says:
    return _step if values.ndim == 1 else _spot


def _in_layer(a: Side, b: Side, name: str, pair: _Pair) -> str:
    """Say where B fires less than A in a layer, or why that is not said."""
    found = over_places(a, b, name)
    maps = {
        who: rates.rate_map(layer.spikes)
        for who, layer in zip("AB", pair, strict=True)
        if layer is not None and len(layer.shape) == 3
    }
    silent = _silent(maps)
    if found is not None:
        height, width = found.change.shape
        size = "" if found.change.size == 1 else f" ({height} \u00d7 {width} places)"
        return f"In {name}{size}, {silent or _told(found, 'place', _spot) + '.'}"
    each = silent or " ".join(_most(who, values, _spot) for who, values in maps.items())
    return f"{name}: {no_difference(a, b, *pair)} {each}"


def _at_the_input(a: Side, b: Side, pair: _Pair) -> str:
    """Say which part of each network's spikes lies where most of the input is."""
    told, regions = [], []
    for who, side, layer in zip("AB", (a, b), pair, strict=True):
        if layer is None or len(layer.shape) != 3:
            continue
        inside = side.region(layer.name)
        if inside is None:
            return ""
        found = focus.focus(layer.spikes, inside)
        if found.share is not None and not inside.all():  # a region of all places tells nothing
            share, area = (part(found.inside, found.spikes), part(int(inside.sum()), inside.size))
            told.append((f"{share} of {who}\u2019s spikes", area))
            regions.append(inside)
    if not told:
        return ""
    lie = "ink lies" if a.is_still else "events lie"
    at = f"Where {focus.SHARE:.0%} of the input\u2019s {lie}"
    if all(np.array_equal(regions[0], other) for other in regions):
        return f"{at} ({told[0][1]} of places), there are {' and '.join(of for of, _ in told)}."
    shares = " and ".join(f"{share} ({area} of its places)" for share, area in told)
    return f"{at}, there are {shares}."


def _elsewhere(a: Side, b: Side, name: str, others: Collection[str]) -> str:
    """Say of other layers at how many places B fires less, or more where that is the rule."""
    found = {other: over_places(a, b, other) for other in others if other != name}
    layers = {other: one for other, one in found.items() if one is not None}
    less, more = (
        {layer: getattr(one, way) for layer, one in layers.items()} for way in ("less", "more")
    )
    way, n = ("less", less) if sum(less.values()) >= sum(more.values()) else ("more", more)
    if not any(n.values()):
        return ""
    shares = {layer: (n[layer], one.change.size) for layer, one in layers.items()}
    if len(shares) <= _MOST_NAMED:
        alike: dict[str, list[str]] = {}
        for layer, of in shares.items():
            alike.setdefault(_share(*of), []).append(layer)
        told = ", ".join(f"at {share} of {_listed(of)}" for share, of in alike.items())
        return f"B fires {way} {told}."
    ends = [part(*end(shares.values(), key=lambda of: of[0] / of[1])) for end in (min, max)]
    span = " to ".join(dict.fromkeys(ends))
    return f"In the {len(shares)} other layers shown, B fires {way} at {span} of places."


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _share(n: int, of: int) -> str:
    return {0: "no place", of: "every place"}.get(n, f"{part(n, of)} of the places")


def _in_one_layer(a: Side, b: Side) -> str:
    """Say in which layer, and at which of its steps, A and B differ most."""
    curves = {
        name: [rates.nsfr({name: layer.spikes}) for layer in pair if layer is not None]
        for name, pair in joined(a, b).items()
    }
    found = {name: both[1] - both[0] for name, both in curves.items() if len(both) == 2}
    reach = {name: float(np.abs(change).max()) for name, change in found.items()}
    if len(curves) == 1 or not any(reach.values()):
        return ""
    name = max(reach, key=lambda one: reach[one])
    t = int(np.abs(found[name]).argmax())
    one, other = (curve[t] for curve in curves[name])
    return (
        f" Of single layers {name} differs most, at step {t + 1}: {one:.3f} in A, {other:.3f} in B."
    )
