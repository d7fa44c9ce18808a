"""Columns t, x, y and p: what else they are called, which is which unnamed, what times count.

The unit of times, in this order:

1. A column's name may say it: `t_ms`, `time_s`, `t (us)`, `timestamp [ns]`.
2. The layout's specification says it, as DSEC's does.
3. Whole numbers: us; ns where all lie beyond 10^17, which is 3,000 years of us. A text that writes
   a decimal point in its times and none in its columns is taken as if it had fractions.
4. Numbers with fractions: the longest of s, ms and us in which the recording takes no more than
   10,000 s, as none takes three hours: s to a span of 10^4, ms to 10^7, else us.

What was guessed (3 and 4) is told with its reason, and `edits.Edits.time_unit` replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.events import MAX_SENSOR_PX
from masnn.readers._raw import MAX_TIME_US, Malformed, Raw

#: What the columns are called elsewhere, by our name.
SPELLINGS = {
    "t": ("t", "ts", "time", "times", "timestamp", "timestamps"),
    "x": ("x", "xs", "col", "column", "x_coordinate"),
    "y": ("y", "ys", "row", "y_coordinate"),
    "p": ("p", "ps", "pol", "polarity", "polarities", "on"),
}

#: So many us are one of what times may count, by its name.
TIME_UNITS = {"ns": 0.001, "us": 1.0, "ms": 1000.0, "s": 1_000_000.0}

_WORDS = {
    **dict.fromkeys(("ns", "nsec", "nanoseconds"), "ns"),
    **dict.fromkeys(("us", "usec", "\u00b5s", "\u03bcs", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msec", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("px", "pixel", "pixels"), "px"),
}
_WITH_UNIT = re.compile(r"([a-z_]+?)\s*[_\s\[(]\s*([a-z\u00b5\u03bc]+)\s*[\])]?")

#: Longer names mean nothing here, and would take their time.
_MAX_NAME = 40

#: Orders of four unnamed columns: RPG and v2e, MVSEC and tonic, Prophesee's csv.
_ORDERS = ("txyp", "xytp", "xypt")
#: So many rows tell the order.
ROWS = 1 << 16

#: No recording takes so many seconds.
_LONGEST = 10_000
#: Times beyond it are ns since 1970.
_EPOCH_NS = 10**17


def meaning(name: str) -> tuple[str, str] | None:
    """Return which column a name means and the unit that it says, or nothing of it; else None."""
    if len(name) > _MAX_NAME:
        return None
    name = name.strip().lower()
    found = _WITH_UNIT.fullmatch(name)
    for ours, spellings in SPELLINGS.items():
        if name in spellings:
            return ours, ""
        unit = _WORDS.get(found[2]) if found and found[1] in spellings else None
        if unit and (ours == "t") == (unit in TIME_UNITS) and ours != "p":
            return ours, unit
    return None


def one_each(names: Iterable[str]) -> dict[str, str]:
    """Return which of these names means t, x, y and p; those that mean nothing are left alone.

    Raises:
        Malformed: If one of them is missing, or there are two.
    """
    names = list(names)
    found = {}
    for ours, spellings in SPELLINGS.items():
        matches = [name for name in names if (meaning(name) or ("",))[0] == ours]
        if len(matches) != 1:
            raise Malformed(
                f"expected one column {ours} ({', '.join(spellings[:4])}), found "
                f"{', '.join(map(repr, matches or names))[:200]}"
            )
        found[ours] = matches[0]
    return found


def from_columns(
    columns: dict[str, NDArray[np.generic]],
    *,
    unit: str | None = None,
    pointed: bool = False,
    overwrite: bool = False,
) -> Raw:
    """Return events from named columns in any spelling, their times in us.

    Args:
        columns: Arrays of shape (n,) by name; those that mean nothing here are left alone.
        unit: What the layout's specification says that whole times count, if it does.
        pointed: Whether the file is a text with a decimal point in the times alone.
        overwrite: Whether times of 8 bytes may be overwritten with what becomes of them.

    Raises:
        Malformed: If a column is missing, of another length, or holds what its name forbids.
    """
    names = one_each(columns)
    found = {ours: columns[name] for ours, name in names.items()}
    said = (meaning(names["t"]) or ("", ""))[1]
    shapes = {values.shape for values in found.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise Malformed(f"t, x, y, p must be 1-D and of one length, found {sorted(shapes)}")
    warnings: list[str] = []
    t, counted = _times(found.pop("t"), said, unit, pointed, overwrite, warnings)
    whole = {name: _whole(name, values) for name, values in found.items()}
    p = whole["p"]
    if p.size and (p.min() < -1 or p.max() > 1 or (p.min() < 0 and np.any(p == 0))):
        raise Malformed(f"polarities must be 0 and 1 or -1 and 1, found {p.min()} to {p.max()}")
    on = (p > 0).view(np.uint8)
    return Raw(whole["x"], whole["y"], t, on, warnings=warnings, time_unit=counted)


def order_of(table: NDArray[np.generic], usual: str = "txyp") -> str:
    """Return which of t, x, y, p each of four unnamed columns holds, by their first rows' values.

    Coordinates are whole and lie in a sensor, polarities are two values, times do not go back.

    Args:
        table: Rows of four numbers, (n, 4).
        usual: The order that is taken where several fit, or none does.
    """
    head = table[:ROWS]
    orders = (usual, *(order for order in _ORDERS if order != usual))
    fit = [order for order in orders if _fits(dict(zip(order, head.T, strict=True)))]
    run = [order for order in fit if np.all(np.diff(head[:, order.index("t")]) >= 0)]
    return (run or fit or [usual])[0]


def from_table(
    columns: Sequence[NDArray[np.generic]], usual: str = "txyp", *, unit: str | None = None
) -> Raw:
    """Return events from four unnamed columns, and say in which order they were taken."""
    order = order_of(np.stack([column[:ROWS] for column in columns], axis=1), usual)
    raw = from_columns(dict(zip(order, columns, strict=True)), unit=unit)
    raw.warnings.append(told_order(order))
    return raw


def small(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return a copy of numbers in as few bytes as whole ones need; others stay what they are.

    Parts of a column that are made small one by one are the whole column once they are joined.
    """
    if not values.size:
        return values.copy()
    low, high = values.min().item(), values.max().item()
    for kind in (np.uint8, np.int8, np.uint16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:  # NaN lies in none
            made = values.astype(kind)
            if values.dtype.kind != "f" or np.array_equal(made, values):
                return made
            break
    return values.copy()


def told_order(order: str) -> str:
    """Return the sentence that says in which order unnamed columns were taken."""
    return f"The columns have no names; they were taken as {', '.join(order)}."


def _fits(columns: dict[str, NDArray[np.generic]]) -> bool:
    places = (columns[name].astype(np.float64) for name in "xy")
    return bool(
        all(np.all((v >= 0) & (v < MAX_SENSOR_PX) & (v == np.floor(v))) for v in places)
        and (np.isin(columns["p"], (0, 1)).all() or np.isin(columns["p"], (-1, 1)).all())
    )


def _times(
    t: NDArray[np.generic],
    said: str,
    unit: str | None,
    pointed: bool,
    overwrite: bool,
    warnings: list[str],
) -> tuple[NDArray[np.int64], str]:
    """Return times in us, and what the file was taken to count; guesses are told."""
    exact = t.dtype.kind in "iub"
    if exact and t.dtype == np.uint64 and t.size and int(t.max()) > np.iinfo(np.int64).max:
        raise Malformed("times beyond 64-bit whole numbers")
    # All that is made of them lies in one array.
    values: NDArray[Any] = t.astype(np.int64 if exact else np.float64, copy=False)
    room = values if overwrite or values is not t else np.empty(len(values), values.dtype)
    if not exact:
        if values.size and not (values.min() > -(2.0**63) and values.max() < 2.0**63):  # or is NaN
            raise Malformed("times must be finite numbers of at most 2^63")
        if all(np.array_equal(part, np.rint(part)) for part in _parts(values)):
            values = _as_whole(values, 1.0, room)
    whole = values.dtype == np.int64
    low, high = (values.min().item(), values.max().item()) if values.size else (0, 0)
    guess, why = _guess(low, high, whole, pointed)
    if said or (unit and whole):
        guess, why = said or str(unit), ""
    if said and said != "us":
        warnings.append(f"Times count {said}, as their column's name says, and became us.")
    elif why and values.size:
        warnings.append(
            f"The file does not say what its times count: {why}, so they were taken as "
            f"{ {'ns': 'ns', 'us': 'us', 'ms': 'ms', 's': 'seconds'}[guess] }; correct the time "
            "unit where that is wrong."
        )
    furthest = max(-low, high)
    if not exact and guess != "ns" and furthest >= 2**53:
        raise Malformed(f"times reach {furthest:g} as numbers with a point, which skip beyond 2^53")
    if furthest * TIME_UNITS[guess] > MAX_TIME_US and guess != "us":
        raise Malformed(f"times reach {furthest:g} {guess}, which no clock shows")
    if values.dtype != np.int64:
        return _as_whole(values, TIME_UNITS[guess], room), guess
    room = room.view(np.int64)
    if guess == "ns":
        return np.floor_divide(values, 1000, out=room), guess
    if guess != "us":
        return np.multiply(values, int(TIME_UNITS[guess]), out=room), guess
    return values, guess


def _as_whole(
    values: NDArray[np.float64], factor: float, room: NDArray[np.generic]
) -> NDArray[np.int64]:
    """Return values times a factor, rounded, in a room of 8 bytes each, which may be their own."""
    whole: NDArray[np.int64] = room.view(np.int64)
    for part, to in zip(_parts(values), _parts(whole), strict=True):
        to[:] = np.rint(part * factor).astype(np.int64)
    return whole


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield an array's parts, so that what is computed of one takes no memory to speak of."""
    for start in range(0, len(values), ROWS):
        yield values[start : start + ROWS]


def _guess(low: float, high: float, whole: bool, pointed: bool) -> tuple[str, str]:
    """Return what times count that nobody names, and why."""
    if whole and low > _EPOCH_NS:
        return "ns", f"they are whole numbers beyond {_EPOCH_NS:g}"
    if whole and not pointed:
        return "us", "they are whole numbers"
    span = high - low
    have = "a decimal point and the coordinates none" if pointed else "fractions"
    unit = "s" if span <= _LONGEST else "ms" if span <= 1000 * _LONGEST else "us"
    return unit, f"they have {have}, and span {span:g}"


def _whole(name: str, values: NDArray[np.generic]) -> NDArray[np.integer]:
    """Return whole numbers, those of a whole type as they are."""
    if values.dtype.kind == "f":
        for part in _parts(values):
            if not np.all(np.isfinite(part)) or np.any(part != np.rint(part)):
                raise Malformed(f"{name} must hold whole numbers")
        if values.size and (far := max(abs(float(values.min())), abs(float(values.max())))) > 1e6:
            raise Malformed(f"{name} reaches {far:g}, which is no coordinate")
    elif values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise Malformed(f"{name} reaches {int(values.max())}, which is no coordinate")
    elif values.dtype.kind == "b":
        return values.view(np.uint8)
    if np.issubdtype(values.dtype, np.integer) and values.dtype != np.uint64:
        return values  # type: ignore[return-value]
    return values.astype(np.int32 if values.dtype.kind == "f" else np.int64)
