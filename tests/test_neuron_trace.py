"""One neuron: its equations written out step by step lead to what was recorded."""

import dataclasses
import itertools
import re

import matplotlib.mathtext
import numpy as np
import pytest
from small_network import counts_of, network_of

from masnn.attention import ATTENTIONS
from masnn.equations import equations
from masnn.neuron_trace import trace_neuron
from masnn.response import record

SITES = ["membrane", "current"]


def recorded(network, **how):
    return record(network, counts_of(), **how)


def neurons_of(shape, n=8):
    """Return corners and some neurons of a layer."""
    corners = list(itertools.product(*({0, size - 1} for size in shape)))
    rng = np.random.default_rng(0)
    others = [tuple(int(rng.integers(size)) for size in shape) for _ in range(n)]
    return corners + others


def written_out(current, weights, config, relu):
    """Run one neuron from rest by the equations at the top of `neuron_trace`, in float32.

    Returns:
        For each step X' after the temporal gate, X', H[t-1], H[t-1] + X', U, S, H.
    """
    h, rows = np.float32(0), []
    for t, x in enumerate(current):
        g = {gate: weights[gate][t] for gate in weights}
        after_time = x * g["time"] if "time" in g else x
        if config.attention_site == "membrane":
            gated = after_time
            integrated = h + gated
            u = integrated
            for gate in ("channel", "space"):
                u = u * g[gate] if gate in g else u
            after = np.float32(config.v_reset)
        else:
            gated = after_time
            for gate in ("channel", "space"):
                gated = gated * g[gate] if gate in g else gated
            gated = max(gated, np.float32(0)) if relu else gated
            integrated = u = h + gated
            after = np.float32(config.decay * config.v_threshold)
        s = u >= np.float32(config.v_threshold)
        left = after if s else np.float32(config.decay) * u
        rows.append((after_time, gated, h, integrated, u, s, left))
        h = left
    return np.array(rows, np.float32).T


@pytest.mark.parametrize("folded", [False, True], ids=["plain", "folded"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_trace_is_the_equations_and_the_record(attention, site, folded):
    network = network_of(attention=attention, attention_site=site, v_reset=0.05)
    config, relus = network.config, [layer.relu for layer in network.layers]
    response = recorded(network.folded() if folded else network)
    fired = 0
    for (name, layer), relu in zip(response.layers.items(), relus, strict=True):
        for index in neurons_of(layer.shape):
            column = (slice(None), *index)
            trace = trace_neuron(response, config, name, index)
            weights = {}
            for gate, values in layer.gates.items():
                place = {"time": (), "channel": index[:1], "space": index[1:]}[gate]
                weights[gate] = [values[(t % len(values), *place)] for t in range(trace.T)]
                np.testing.assert_array_equal(trace.gates[gate], weights[gate])
            assert list(trace.gates) == list(layer.gates)
            np.testing.assert_array_equal(trace.current, layer.current[column])
            after_time, gated, carried, integrated, u, s, left = written_out(
                layer.current[column], weights, config, relu
            )
            np.testing.assert_array_equal(s, layer.spikes[column])
            for ours, expected in (
                (layer.membrane[column], u),
                (trace.current_after_time, after_time),
                (trace.current_gated, gated),
                (trace.carried_in, carried),
                (trace.integrated, integrated),
                (trace.membrane, u),
                (trace.carried_out, left),
            ):
                np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-7)
            np.testing.assert_array_equal(trace.spikes, s)
            assert trace.relu == (relu and layer.current.min() < 0)
            fired += int(s.sum())
    assert fired > 20, "neurons that never fire reset nothing"


def test_a_gate_or_relu_switched_off_is_not_in_the_trace():
    network = network_of(attention="TCSA", attention_site="current")
    off = {"conv1.time", "conv1.relu"}
    response = recorded(network, off=off)
    trace = trace_neuron(response, network.config, "conv1", (0, 4, 4))
    assert set(trace.gates) == {"channel", "space"} and not trace.relu
    np.testing.assert_array_equal(trace.current_after_time, trace.current)
    assert trace_neuron(recorded(network), network.config, "conv1", (0, 4, 4)).relu


def test_a_trace_cannot_be_written_to_and_keeps_no_layer_in_memory():
    network = network_of()
    trace = trace_neuron(recorded(network), network.config, "conv1", (0, 4, 4))
    arrays = [v for v in vars(trace).values() if isinstance(v, np.ndarray)]
    for array in (*arrays, *trace.gates.values()):
        assert array.shape == (6,) and (array.base is None or array.base.size <= 6)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("index", [(4, 0, 0), (0, 9, 0), (0, 0, -1), (0, 0), (0,), (0, 0, 0, 0)])
def test_neurons_that_are_not_there_are_refused(index):
    network = network_of()
    with pytest.raises(ValueError, match=r"conv1 has neurons \(c, y, x\)"):
        trace_neuron(recorded(network), network.config, "conv1", index)


def test_what_cannot_be_traced_is_refused():
    network = network_of()
    with pytest.raises(ValueError, match=r"fc1 has neurons \(n,\)"):
        trace_neuron(recorded(network), network.config, "fc1", (5,))
    with pytest.raises(ValueError, match="no layer 'pool1'; there are conv1"):
        trace_neuron(recorded(network), network.config, "pool1", (0,))
    with pytest.raises(ValueError, match="potentials=True"):
        trace_neuron(recorded(network, potentials=False), network.config, "fc1", (0,))


@pytest.mark.parametrize(
    "change",
    [{"decay": 0.71}, {"v_threshold": 0.2}, {"v_reset": 0.1}, {"attention_site": "current"}],
)
def test_constants_of_another_network_are_refused(change):
    network = network_of(attention="CSA")
    config = dataclasses.replace(network.config, **change)
    response = recorded(network)

    def trace_all():
        for y, x in itertools.product(range(9), range(11)):
            trace_neuron(response, config, "conv1", (0, y, x))

    with pytest.raises(ValueError, match="not of a network of this config"):
        trace_all()


def value_of(text):
    """Compute an expression of numbers as it is written."""
    text = text.replace("ReLU", "relu").replace("×", "*")
    assert re.fullmatch(r"(relu|[-+*()0-9.e ])+", text), text
    return eval(text, {"relu": lambda v: max(v, 0.0)})


def test_a_reset_that_is_not_the_published_code_s_is_written_as_one():
    network = network_of(attention="TCSA", attention_site="current", v_after_spike=0.1)
    response = recorded(network)
    written = set()
    for index in neurons_of(response.layers["conv1"].shape, 5):
        trace = trace_neuron(response, network.config, "conv1", index)
        assert not trace.keeps_threshold
        written |= {
            line.plain
            for t in range(trace.T)
            for line in equations(trace, t)
            if line.what == "reset"
        }
    assert written == {"H[t] = V_reset = 0.1"}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("attention", ["none", "TA", "CA", "TSA", "TCSA"])
def test_equations_hold_as_they_are_written(attention, site):
    network = network_of(attention=attention, attention_site=site, v_reset=0.05)
    response = recorded(network)
    latex = matplotlib.mathtext.MathTextParser("path")
    seen = set()
    for name in ("conv1", "fc1"):
        for index in neurons_of(response.layers[name].shape, 5):
            trace = trace_neuron(response, network.config, name, index)
            for t in range(trace.T):
                lines = equations(trace, t)
                for line in lines:
                    if line.what not in seen:  # each kind once: parsing takes its time
                        latex.parse(f"${line.latex}$")
                seen |= {line.what for line in lines}
                results = {}
                for line in lines:
                    if ", since " in line.plain:
                        spike, reason = line.plain.split(", since ")
                        u, comparison = reason.removeprefix("U[t] = ").split(" ", 1)
                        sign, threshold = comparison.split(" u_th = ")
                        assert (float(u) >= float(threshold)) is (sign == "≥")
                        assert spike == f"S[t] = {int(sign == '≥')}"
                        results["S"] = int(sign == "≥")
                        continue
                    symbol, *middle, result = line.plain.split(" = ")
                    results[symbol.removesuffix("[t]")] = float(result)
                    if middle[-1] != "V_reset":
                        scale = max(map(abs, map(float, re.findall(r"\d[\d.e-]*", middle[-1]))))
                        assert value_of(middle[-1]) == pytest.approx(
                            float(result), abs=2e-3 * max(scale, abs(float(result)))
                        )
                assert results["U"] == pytest.approx(float(trace.membrane[t]), rel=1e-3)
                assert results["H"] == pytest.approx(float(trace.carried_out[t]), rel=1e-3)
                assert results["S"] == trace.spikes[t]
                if "X'" in results:
                    assert results["X'"] == pytest.approx(float(trace.current_gated[t]), rel=1e-3)
    assert {"integrate", "fire", "stay silent", "reset", "leak"} <= seen
    gated_current = "T" in ATTENTIONS[attention] or (site == "current" and attention != "none")
    assert ("weigh the current" in seen) is gated_current
    on_membrane = site == "membrane" and bool(set(ATTENTIONS[attention]) & {"C", "S"})
    assert ("weigh the potential" in seen) is on_membrane


def one_step(**numbers):
    """Return a trace of one step with numbers chosen by hand."""
    network = network_of(attention="TCSA", attention_site=numbers.get("site", "membrane"))
    trace = trace_neuron(recorded(network), network.config, "conv1", (0, 4, 4))
    arrays = {
        key: np.array([value], np.uint8 if key == "spikes" else np.float32)
        for key, value in numbers.items()
        if isinstance(value, float | int)
    }
    gates = {gate: np.array([w], np.float32) for gate, w in numbers["gates"].items()}
    others = {key: v for key, v in numbers.items() if isinstance(v, str | bool)}
    return dataclasses.replace(trace, **others | arrays | {"gates": gates})


def test_a_step_of_the_membrane_site_reads_as_in_the_paper():
    trace = one_step(
        site="membrane",
        gates={"time": 0.5, "channel": 0.8, "space": 0.25},
        current=-0.4,
        current_gated=-0.2,
        carried_in=0.1,
        integrated=-0.1,
        membrane=-0.02,
        spikes=0,
        carried_out=-0.014,
    )
    lines = equations(trace, 0)
    assert [line.plain for line in lines] == [
        "X'[t] = g_time × X[t] = 0.5 × (-0.4) = -0.2",
        "U'[t] = H[t-1] + X'[t] = 0.1 + (-0.2) = -0.1",
        "U[t] = g_space × g_channel × U'[t] = 0.25 × 0.8 × (-0.1) = -0.02",
        "S[t] = 0, since U[t] = -0.02 < u_th = 0.3",
        "H[t] = β × U[t] = 0.7 × (-0.02) = -0.014",
    ]
    assert [line.source for line in lines] == ["Eq. 6", "Eq. 3", "Eq. 8, 10", "Eq. 4", "Eq. 5"]
    assert lines[2].latex == (
        r"U_t = g_{\mathrm{space}} \cdot g_{\mathrm{channel}} \cdot U'_t"
        r" = 0.25 \cdot 0.8 \cdot (-0.1) = -0.02"
    )


def test_a_step_of_the_current_site_says_where_the_code_differs():
    trace = one_step(
        site="current",
        gates={"time": 0.5, "channel": 0.8, "space": 0.25},
        current=4.0,
        current_gated=0.4,
        carried_in=0.00001,
        integrated=0.40001,
        membrane=0.40001,
        spikes=1,
        carried_out=0.21,
    )
    lines = equations(trace, 0)
    assert [line.plain for line in lines] == [
        "X'[t] = ReLU(g_space × g_channel × g_time × X[t]) = ReLU(0.25 × 0.8 × 0.5 × 4) = 0.4",
        "U[t] = H[t-1] + X'[t] = 1e-5 + 0.4 = 0.4",
        "S[t] = 1, since U[t] = 0.4 ≥ u_th = 0.3",
        "H[t] = β × u_th = 0.7 × 0.3 = 0.21",
    ]
    assert "authors' code" in lines[0].source and "authors' code" in lines[3].source
    assert r"1 \cdot 10^{-5} + 0.4" in lines[1].latex
    assert lines[0].latex.count(r"\mathrm{ReLU}(") == 2


def test_a_potential_just_below_the_threshold_does_not_look_like_it():
    just_below = np.nextafter(np.float32(0.3), np.float32(0))
    trace = one_step(
        gates={},
        current=float(just_below),
        current_gated=float(just_below),
        carried_in=0.0,
        integrated=float(just_below),
        membrane=float(just_below),
        spikes=0,
        carried_out=0.21,
    )
    plain = [line.plain for line in equations(trace, 0)]
    assert plain[0] == "U[t] = H[t-1] + X[t] = 0 + 0.3 = 0.29999998"
    u, threshold = re.fullmatch(
        r"S\[t\] = 0, since U\[t\] = (\S+) < u_th = (\S+)", plain[1]
    ).groups()
    assert float(u) < float(threshold)


def test_steps_that_are_not_there_are_refused():
    network = network_of()
    trace = trace_neuron(recorded(network), network.config, "conv1", (0, 4, 4))
    for t in (-1, 6):
        with pytest.raises(ValueError, match="steps go from 0 to 5"):
            equations(trace, t)
