"""A neuron's step written out with its own numbers, as plain text and as LaTeX.

What each line computes, and where the published code differs from the paper, stands at the top of
`neuron_trace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from masnn.neuron_trace import NeuronTrace

#: Significant digits of a number; more where fewer could not tell a potential from the threshold.
DIGITS = 4
_MAX_DIGITS = 9  # they tell any two float32 apart


@dataclass(frozen=True)
class Line:
    """Hold one line of a step.

    Args:
        what: What it does, in words.
        plain: The equation, then the same with numbers.
        latex: The same for LaTeX's mathematics mode.
        source: Where it stands.
    """

    what: str
    plain: str
    latex: str
    source: str


def equations(trace: NeuronTrace, t: int) -> tuple[Line, ...]:
    """Write out one step of one neuron, from its current to what it leaves to the next step.

    Args:
        trace: The neuron.
        t: The step, from 0.

    Raises:
        ValueError: If there is no such step.
    """
    if not 0 <= t < trace.T:
        raise ValueError(f"steps go from 0 to {trace.T - 1}, found {t}")
    plain, latex = (_write(trace, t, form) for form in (_PLAIN, _LATEX))
    return tuple(
        Line(what, text, tex, source)
        for (what, source, text), (_, _, tex) in zip(plain, latex, strict=True)
    )


@dataclass(frozen=True)
class _Form:
    """Say how symbols, numbers and signs are written; `{}` is where something goes in."""

    symbols: Mapping[str, str]
    times: str
    at_least: str
    since: str
    relu: str
    power: str

    def number(self, value: float, digits: int = DIGITS) -> str:
        """Write a number."""
        mantissa, _, exponent = f"{value + 0.0:.{digits}g}".partition("e")  # + 0.0: never "-0"
        return mantissa + (self.power.format(int(exponent)) if exponent else "")

    def product(
        self, factors: Mapping[str, float], symbol: str, value: float, digits: int = DIGITS
    ) -> tuple[str, str]:
        """Write factors times something: in symbols, and in numbers."""
        in_order = list(factors)[::-1]  # the last to act stands first
        names = [self.symbols[factor] for factor in in_order]
        numbers = [self.number(factors[factor]) for factor in in_order]
        return (
            self.times.join([*names, self.symbols[symbol]]),
            self.times.join([*numbers, _enclosed(self.number(value, digits))]),
        )


_PLAIN = _Form(
    symbols={
        **{"current": "X[t]", "gated": "X'[t]", "carried": "H[t-1]", "integrated": "U'[t]"},
        **{"membrane": "U[t]", "spike": "S[t]", "left": "H[t]"},
        **{"threshold": "u_th", "decay": "β", "reset": "V_reset"},
        **{"time": "g_time", "channel": "g_channel", "space": "g_space"},
        **{"branch": "Y[t]", "branch_gated": "Y'[t]", "shortcut": "R[t]"},
    },
    times=" × ",
    at_least="≥",
    since=", since ",
    relu="ReLU({})",
    power="e{}",
)
_LATEX = _Form(
    symbols={
        **{"current": "X_t", "gated": "X'_t", "carried": "H_{t-1}", "integrated": "U'_t"},
        **{"membrane": "U_t", "spike": "S_t", "left": "H_t"},
        **{"threshold": r"u_{\mathrm{th}}", "decay": r"\beta", "reset": r"V_{\mathrm{reset}}"},
        **{"time": r"g_{\mathrm{time}}", "channel": r"g_{\mathrm{channel}}"},
        **{"space": r"g_{\mathrm{space}}"},
        **{"branch": "Y_t", "branch_gated": "Y'_t", "shortcut": "R_t"},
    },
    times=r" \cdot ",
    at_least=r"\geq",
    since=r" \quad\text{since}\quad ",
    relu=r"\mathrm{{ReLU}}({})",
    power=r" \cdot 10^{{{}}}",
)

_CODE = "authors' code; not in the paper"
_EQUATIONS = {"time": "6", "channel": "8", "space": "10"}


def _write(trace: NeuronTrace, t: int, form: _Form) -> list[tuple[str, str, str]]:
    """Return what, source and text of each line."""
    name, number = form.symbols, form.number
    weights = {gate: float(trace.gates[gate][t]) for gate in _EQUATIONS if gate in trace.gates}
    on_membrane = trace.site == "membrane"
    on_current = {g: w for g, w in weights.items() if g == "time" or not on_membrane}
    on_potential = {g: w for g, w in weights.items() if g not in on_current}
    x, gated, carried, integrated, u = (
        float(values[t])
        for values in (
            *(trace.current, trace.current_gated, trace.carried_in),
            *(trace.integrated, trace.membrane),
        )
    )
    digits = _digits_to_tell(trace.membrane[t], trace.v_threshold)
    potential = number(u, digits)
    lines = []

    if trace.shortcut is not None:
        lines += _sum_of_block(trace, t, form, on_current)
    elif on_current or trace.relu:
        symbols, numbers = form.product(on_current, "current", x)
        if trace.relu:
            symbols, numbers = form.relu.format(symbols), form.relu.format(numbers)
        text = f"{name['gated']} = {symbols} = {numbers} = {number(gated)}"
        lines.append(("weigh the current", "Eq. 6" if on_membrane else _CODE, text))

    weighed = bool(on_current or trace.relu)
    received = name["gated" if weighed else "current"]
    held = name["integrated" if on_potential else "membrane"]
    numbers = f"{_enclosed(number(carried))} + {_enclosed(number(gated))}"
    result = number(integrated) if on_potential else potential
    text = f"{held} = {name['carried']} + {received} = {numbers} = {result}"
    lines.append(("integrate", "Eq. 3", text))

    if on_potential:
        symbols, numbers = form.product(on_potential, "integrated", integrated)
        source = "Eq. " + ", ".join(_EQUATIONS[gate] for gate in on_potential)
        text = f"{name['membrane']} = {symbols} = {numbers} = {potential}"
        lines.append(("weigh the potential", source, text))

    fired = bool(trace.spikes[t])
    sign = form.at_least if fired else "<"
    threshold = number(trace.v_threshold, digits)
    reason = f"{name['membrane']} = {potential} {sign} {name['threshold']} = {threshold}"
    text = f"{name['spike']} = {int(fired)}{form.since}{reason}"
    lines.append(("fire" if fired else "stay silent", "Eq. 4", text))

    left = number(float(trace.carried_out[t]))
    beta = {"decay": trace.decay}
    if not fired:
        what, source = "leak", "Eq. 5"
        symbols, numbers = form.product(beta, "membrane", u, digits)
        text = f"{symbols} = {numbers}"
    elif not trace.keeps_threshold:
        what, source, text = "reset", "Eq. 5", name["reset"]
    else:
        what, source = "reset", "authors' code; V_reset in Eq. 5"
        symbols, numbers = form.product(beta, "threshold", trace.v_threshold)
        text = f"{symbols} = {numbers}"
    lines.append((what, source, f"{name['left']} = {text} = {left}"))
    return lines


def _sum_of_block(
    trace: NeuronTrace, t: int, form: _Form, gates: Mapping[str, float]
) -> list[tuple[str, str, str]]:
    """Return how branch and shortcut of a residual block make a neuron's current.

    Args:
        trace: The neuron; it has a shortcut.
        t: The step.
        form: How it is written.
        gates: The weights that it meets there.
    """
    assert trace.shortcut is not None
    name, number = form.symbols, form.number
    weighed = bool(gates or trace.relu)
    on_branch = trace.site == "branch" and weighed

    def weigh(what: str, symbol: str, value: float, result: float, source: str) -> None:
        symbols, numbers = form.product(gates, symbol, value)
        if trace.relu:
            symbols, numbers = form.relu.format(symbols), form.relu.format(numbers)
            source = f"{source}; the ReLU is the authors' code's"
        left = name["branch_gated" if symbol == "branch" else "gated"]
        text = f"{left} = {symbols} = {numbers} = {number(result)}"
        lines.append((what, source, text))

    lines: list[tuple[str, str, str]] = []
    branch, gated = float(trace.branch[t]), float(trace.current_gated[t])
    if on_branch:
        weigh("weigh the branch", "branch", branch, float(trace.branch_gated[t]), "Eq. 15")
        branch = float(trace.branch_gated[t])
    added = name["branch_gated" if on_branch else "branch"]
    made = name["gated" if on_branch else "current"]
    result = gated if on_branch else float(trace.current[t])
    shortcut = number(float(trace.shortcut[t]))
    numbers = f"{_enclosed(shortcut)} + {_enclosed(number(branch))} = {number(result)}"
    text = f"{made} = {name['shortcut']} + {added} = {numbers}"
    source = "Eq. 16" if trace.site == "sum" else "Eq. 15"
    lines.append(("add the shortcut", source, text))
    if weighed and not on_branch:
        weigh("weigh the sum", "current", float(trace.current[t]), gated, "Eq. 16")
    return lines


def _enclosed(number: str) -> str:
    """Return a number fit to stand after a sign."""
    return f"({number})" if number.startswith("-") else number


def _digits_to_tell(potential: np.float32, threshold: float) -> int:
    """Return how many digits tell a potential from the threshold, where they differ at all."""
    exact = np.float32(threshold)  # as it was compared
    if potential == exact:
        return DIGITS
    written = (
        digits
        for digits in range(DIGITS, _MAX_DIGITS)
        if f"{potential:.{digits}g}" != f"{exact:.{digits}g}"
    )
    return next(written, _MAX_DIGITS)
