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

Neurons of a residual block that fire from its sum add what the shortcut carries, R, to the branch
Y, X[t] = R[t] + Y[t]; gates act on the branch (site "branch") or on the sum (site "sum"):

    X'[t] = R[t] + g_space * g_channel * g_time * Y[t]   (Eq. 15)
    X'[t] = g_space * g_channel * g_time * X[t]          (Eq. 16)
    U[t]  = H[t-1] + X'[t], S and H as in Eq. 4 and 5

with a ReLU after the gates in the published code's form. All other neurons of such a network have
X' = X. A gate that is not there, or is switched off, weighs one. `equations` writes a trace out.
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

#: Where gates act in residual blocks; `residual_config`, which says so too, loads torch.
_OF_BLOCKS = ("branch", "sum")
_ONE = np.float32(1)

# Far above what float32 rounds on any device, far below what other constants would make of it.
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6


@dataclass(frozen=True, eq=False)
class NeuronTrace:
    """Hold all that decides when one neuron fires. Arrays are (T,), in units of the current.

    Args:
        layer: Name of its layer.
        index: Its place there: (c, y, x), or (n,) in a fully connected layer.
        site: Where the gates act, one of `layers.SITES` or of `residual_config.RESIDUAL_SITES`.
        relu: Whether a ReLU passes what the gates weighed. At the site "current" it is taken from
            the layer's record: a current is negative before and none after. Where none is negative,
            it would change nothing, and this is false.
        decay: beta, the share of the potential that a step without spike leaves.
        v_threshold: u_th.
        v_after_spike: H[t] after a spike.
        gates: The weights that this neuron meets at each step, by gate ("time", "channel",
            "space"); only those that act in this layer.
        current: X[t], before any gate.
        current_after_time: X[t] weighed by the temporal gate alone; X[t] in a residual network.
        current_gated: X'[t] as it is integrated: after the temporal gate at the site "membrane",
            after all gates and the ReLU at the site "current".
        carried_in: H[t-1], what the step before leaves; 0 at first.
        integrated: H[t-1] + X'[t]: U'[t] at the site "membrane", U[t] at the other.
        membrane: U[t], which is compared with the threshold.
        spikes: S[t], 0 or 1.
        carried_out: H[t], after reset or leak.
        shortcut: R[t], what a residual block's shortcut adds; None of other neurons.
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
    shortcut: Floats | None = None

    @property
    def branch(self) -> Floats:
        """Return Y[t], what a residual block's branch adds before any gate."""
        return self.current if self.shortcut is None else self.current - self.shortcut

    @property
    def branch_gated(self) -> Floats:
        """Return the same as it is added: after the gates, where they act on the branch."""
        return self.current_gated if self.shortcut is None else self.current_gated - self.shortcut

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
    # Copies: a view would keep the whole layer in memory for one neuron.
    current, gated, u = (a[column].copy() for a in _recorded(found))
    spikes = found.spikes[column].copy()
    neuron, site = config.neuron, config.attention_site
    gates = {gate: _weights(found, gate, index) for gate in found.gates}
    left = np.where(spikes, np.float32(neuron.v_after_spike), np.float32(neuron.decay) * u)
    carried_in = np.concatenate((np.zeros(1, np.float32), left[:-1]))
    trace = NeuronTrace(
        layer=layer,
        index=tuple(index),
        site=site,
        relu=_has_relu(found, config),
        decay=neuron.decay,
        v_threshold=neuron.v_threshold,
        v_after_spike=neuron.v_after_spike,
        gates=gates,
        current=current,
        current_after_time=current * (1 if site in _OF_BLOCKS else gates.get("time", _ONE)),
        current_gated=gated,
        carried_in=carried_in,
        integrated=carried_in + gated,
        membrane=u,
        spikes=spikes,
        carried_out=left,
        shortcut=None if found.shortcut is None else found.shortcut[column].copy(),
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


def _has_relu(layer: LayerResponse, config: Config) -> bool:
    """Return whether a ReLU passes what the gates of a layer weighed."""
    if config.attention_site in _OF_BLOCKS:
        return layer.shortcut is not None and bool(getattr(config, "has_relu", False))
    current, gated, _ = _recorded(layer)
    # Gates are positive: nothing but a ReLU turns all negative currents away.
    return config.attention_site == "current" and bool(current.min() < 0 <= gated.min())


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
    summed = np.abs(trace.carried_in) + np.abs(trace.current_gated)
    others = np.ones(trace.T, np.float32)
    for gate in trace.gates.keys() - {"time"}:
        others = others * trace.gates[gate]
    if trace.site in _OF_BLOCKS:
        gated, membrane = _gated_in_block(trace, others), trace.integrated
        summed = summed + np.abs(trace.current) + np.abs(trace.branch)
    elif trace.site == "current":
        gated, membrane = after_time * others, trace.integrated
        gated = np.maximum(gated, 0) if trace.relu else gated
    else:
        gated, membrane = after_time, trace.integrated * others
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


def _gated_in_block(trace: NeuronTrace, others: Floats) -> Floats:
    """Return what X' of a residual network's neuron should be; `others` are all gates but time."""
    if trace.shortcut is None:
        return trace.current
    weights = others * trace.gates.get("time", _ONE)
    weighed = weights * (trace.branch if trace.site == "branch" else trace.current)
    weighed = np.maximum(weighed, 0) if trace.relu else weighed
    return weighed + trace.shortcut if trace.site == "branch" else weighed
