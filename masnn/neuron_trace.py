"""One neuron, step by step: its current, its gates, its potential, its spikes and its resets.

With the paper's letters (Yao et al. 2023), the site "membrane" computes

    X'[t] = g_time * X[t]                                (Eq. 6)
    U'[t] = H[t-1] + X'[t]                               (Eq. 3)
    U[t]  = g_space * g_channel * U'[t]                  (Eq. 8, 10, 14)
    S[t]  = 1 if U[t] >= u_th else 0                     (Eq. 4)
    H[t]  = V_reset if S[t] else beta * U[t]             (Eq. 5)

and the site "current", the authors' published code, which differs from the paper in three places:

    X'[t] = ReLU(g_space * g_channel * g_time * X[t])    all gates on the current, then a ReLU
    U[t]  = H[t-1] + X'[t]
    H[t]  = beta * u_th if S[t] else beta * U[t]         a spike leaves beta * u_th

A gate that is not there, or is switched off, weighs one. `equations` writes a trace out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from masnn.response import LayerResponse, Response

if TYPE_CHECKING:
    from masnn.architectures import Config

Floats = NDArray[np.float32]

# Far above what float32 rounds on any device, far below what other constants would make of it.
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6


@dataclass(frozen=True, eq=False)
class NeuronTrace:
    """Hold all that decides when one neuron fires. Arrays are (T,), in units of the current.

    Args:
        layer: Name of its layer.
        index: Its place there: (c, y, x), or (n,) in a fully connected layer.
        site: Where the gates act, one of `layers.SITES`.
        relu: Whether a ReLU passes the gated current (site "current"). It is taken from the
            layer's record: a current is negative before and none after. Where none is negative,
            it would change nothing, and this is false.
        decay: beta, the share of the potential that a step without spike leaves.
        v_threshold: u_th.
        v_after_spike: H[t] after a spike.
        gates: The weights that this neuron meets at each step, by gate ("time", "channel",
            "space"); only those that act in this layer.
        current: X[t], before any gate.
        current_after_time: X[t] weighed by the temporal gate alone.
        current_gated: X'[t] as it is integrated: after the temporal gate at the site "membrane",
            after all gates and the ReLU at the site "current".
        carried_in: H[t-1], what the step before leaves; 0 at first.
        integrated: H[t-1] + X'[t]: U'[t] at the site "membrane", U[t] at the other.
        membrane: U[t], which meets the threshold.
        spikes: S[t], 0 or 1.
        carried_out: H[t], after reset or leak.
    """

    layer: str
    index: tuple[int, ...]
    site: str
    relu: bool
    decay: float
    v_threshold: float
    v_after_spike: float
    gates: Mapping[str, Floats]
    current: Floats
    current_after_time: Floats
    current_gated: Floats
    carried_in: Floats
    integrated: Floats
    membrane: Floats
    spikes: NDArray[np.uint8]
    carried_out: Floats

    @property
    def keeps_threshold(self) -> bool:
        """Return whether a spike leaves `decay * v_threshold`, the published code's way."""
        return self.site == "current" and self.v_after_spike == self.decay * self.v_threshold

    @property
    def T(self) -> int:
        """Return the number of time steps."""
        return len(self.current)


def trace_neuron(
    response: Response, config: Config, layer: str, index: tuple[int, ...]
) -> NeuronTrace:
    """Return what one neuron received, held and fired at each step.

    Currents, gates, potentials U and spikes are the recorded ones; what lies between them is
    computed by the equations, step from step, and has to lead to the recorded ones.

    Args:
        response: Recorded with potentials.
        config: The network's own.
        layer: Name of the layer.
        index: The neuron's place there: (c, y, x), or (n,) in a fully connected layer.

    Raises:
        ValueError: If there is no such layer or neuron, potentials were not recorded, or the
            response is not of a network of this `config`.
    """
    found = response.layer(layer)
    _refuse_index(found, index)
    column: tuple[Any, ...] = (slice(None), *index)
    layer_current, layer_gated, membrane = _recorded(found)
    # Copies: a view would keep the whole layer in memory for one neuron.
    current, gated, u = (a[column].copy() for a in (layer_current, layer_gated, membrane))
    spikes = found.spikes[column].copy()
    neuron = config.neuron
    gates = {gate: _weights(found, gate, index) for gate in found.gates}
    left = np.where(spikes, np.float32(neuron.v_after_spike), np.float32(neuron.decay) * u)
    carried_in = np.concatenate((np.zeros(1, np.float32), left[:-1]))
    trace = NeuronTrace(
        layer=layer,
        index=tuple(index),
        site=config.attention_site,
        # Gates are positive: nothing but a ReLU turns all negative currents away.
        relu=config.attention_site == "current"
        and bool(layer_current.min() < 0 <= layer_gated.min()),
        decay=neuron.decay,
        v_threshold=neuron.v_threshold,
        v_after_spike=neuron.v_after_spike,
        gates=gates,
        current=current,
        current_after_time=current * gates.get("time", np.float32(1)),
        current_gated=gated,
        carried_in=carried_in,
        integrated=carried_in + gated,
        membrane=u,
        spikes=spikes,
        carried_out=left,
    )
    _refuse_another_network(trace)
    for value in (*vars(trace).values(), *gates.values()):
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return trace


def _refuse_index(layer: LayerResponse, index: tuple[int, ...]) -> None:
    inside = len(index) == len(layer.shape) and all(
        0 <= i < size for i, size in zip(index, layer.shape, strict=True)
    )
    if not inside:
        axes = "(c, y, x)" if len(layer.shape) == 3 else "(n,)"
        raise ValueError(
            f"{layer.name} has neurons {axes} from 0 to below {layer.shape}, found {tuple(index)}"
        )


def _recorded(layer: LayerResponse) -> tuple[Floats, Floats, Floats]:
    if layer.current is None or layer.current_gated is None or layer.membrane is None:
        raise ValueError(
            f"{layer.name} was recorded without currents and potentials: "
            "call record(..., potentials=True)"
        )
    return layer.current, layer.current_gated, layer.membrane


def _weights(layer: LayerResponse, gate: str, index: tuple[int, ...]) -> Floats:
    """Return the weights of a gate that a neuron meets at each step, (T,)."""
    values = layer.gates[gate]
    if gate == "channel":
        values = values[:, index[0]]
    elif gate == "space":
        values = values[:, index[1], index[2]]
    return np.broadcast_to(values, (layer.T,)).copy()


def _refuse_another_network(trace: NeuronTrace) -> None:
    """Refuse a record that the equations with these constants do not lead to."""
    after_time = trace.current_after_time
    others = np.ones(trace.T, np.float32)
    for gate in trace.gates.keys() - {"time"}:
        others = others * trace.gates[gate]
    if trace.site == "current":
        gated, membrane = after_time * others, trace.integrated
        gated = np.maximum(gated, 0) if trace.relu else gated
    else:
        gated, membrane = after_time, trace.integrated * others
    summed = np.abs(trace.carried_in) + np.abs(trace.current_gated)
    rounding = _ABSOLUTE + _RELATIVE * summed
    fires = trace.membrane >= np.float32(trace.v_threshold)  # in float32, as it was computed
    for name, expected, found, wrong in (
        ("X'", gated, trace.current_gated, np.abs(gated - trace.current_gated) > rounding),
        ("U", membrane, trace.membrane, np.abs(membrane - trace.membrane) > rounding),
        ("S", fires, trace.spikes, fires != trace.spikes),
    ):
        if wrong.any():
            t = int(np.argmax(wrong))
            raise ValueError(
                f"the response is not of a network of this config: {trace.layer} {trace.index} "
                f"at step {t} should have {name} = {float(expected[t]):g}, "
                f"recorded {float(found[t]):g}"
            )
