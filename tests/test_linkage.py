"""Gates and spikes unit by unit: against plain loops, and against scipy's rank correlation."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
from small_network import counts_of, network_of

from masnn.ablations import runs_needed
from masnn.attention import ATTENTIONS
from masnn.linkage import (
    against_vanilla,
    gate_linkage,
    linkage_table,
    opening_gate,
    rank_correlation,
)
from masnn.response import record


def recorded(network, off=(), potentials=False, seed=0):
    return record(network, counts_of(seed), off=off, potentials=potentials)


def counted_by_hand(gate, with_gate, without):
    """Sum up spikes by unit of a gate, one neuron and step at a time.

    Returns:
        A dictionary from unit to [with, without, suppressed, enhanced, kept, cells].
    """
    name, values, T = gate
    per_step = len(values) == T
    units = {}
    for cell in itertools.product(*(range(n) for n in with_gate.shape)):
        t, *place = cell
        unit = {"time": (), "channel": tuple(place[:1]), "space": tuple(place[1:])}[name]
        unit = (t, *unit) if per_step else unit
        a, b = int(with_gate[cell]), int(without[cell])
        row = units.setdefault(unit, [0] * 6)
        for i, n in enumerate((a, b, b > a, a > b, a == b == 1, 1)):
            row[i] += int(n)
    return units


AXES = {
    ("membrane", "time"): ("t",),
    ("membrane", "channel"): ("t", "c"),
    ("membrane", "space"): ("t", "y", "x"),
    ("current", "time"): ("t",),
    ("current", "channel"): ("c",),
    ("current", "space"): ("y", "x"),
}


@pytest.mark.parametrize("site", ["membrane", "current"])
@pytest.mark.parametrize("layer", ["conv1", "conv2"])
@pytest.mark.parametrize("gate", ["time", "channel", "space"])
def test_each_units_spikes_are_those_counted_one_by_one(layer, gate, site):
    network = network_of(attention="TCSA", attention_site=site)
    response, without = recorded(network), recorded(network, {f"{layer}.{gate}"})
    linkage = gate_linkage(response, without, layer, gate)
    ours, theirs = response.layers[layer], without.layers[layer]
    units = counted_by_hand((gate, ours.gates[gate], 6), ours.spikes, theirs.spikes)
    assert linkage.axes == AXES[site, gate]
    assert linkage.values.size == len(units)
    for unit, (with_gate, bare, suppressed, enhanced, kept, cells) in units.items():
        assert linkage.spikes_with[unit] == with_gate
        assert linkage.spikes_without[unit] == bare
        assert linkage.suppressed[unit] == suppressed
        assert linkage.enhanced[unit] == enhanced
        assert linkage.kept[unit] == kept
        assert linkage.n_cells == cells
        assert linkage.rate_change[unit] == pytest.approx(with_gate / cells - bare / cells)
        key = unit if len(ours.gates[gate]) == 6 else (0, *unit)
        assert linkage.values[unit] == ours.gates[gate][key]
    rows = np.array(list(units.values()))
    assert linkage.totals == (rows[:, 4].sum(), rows[:, 2].sum(), rows[:, 3].sum())
    assert linkage.totals.before == theirs.spikes.sum()
    assert linkage.totals.after == ours.spikes.sum()
    assert linkage.totals.suppressed > 0 and linkage.totals.kept > 0
    if (layer, site) == ("conv1", "membrane"):
        assert linkage.totals.enhanced > 0, "some spikes should come of the gate"
    assert linkage.units == (
        sum(a < b for a, b in rows[:, :2]),
        sum(a > b for a, b in rows[:, :2]),
        sum(a == b for a, b in rows[:, :2]),
    )
    expected = scipy.stats.spearmanr(linkage.values.ravel(), linkage.rate_change.ravel())
    assert linkage.correlation.rho == pytest.approx(expected.statistic, abs=1e-12)
    assert linkage.correlation.n == len(units)
    alive = [unit for unit, (with_gate, bare, *_) in units.items() if with_gate or bare]
    expected = scipy.stats.spearmanr(*zip(
        *((linkage.values[unit], linkage.rate_change[unit]) for unit in alive), strict=True
    ))  # fmt: skip
    firing = linkage.correlation_where_firing
    assert firing == (pytest.approx(expected.statistic, abs=1e-12), len(alive))


def test_linear_layers_have_the_temporal_gate_alone():
    network = network_of(attention="TCSA", attention_site="current")
    linkage = gate_linkage(recorded(network), recorded(network, {"fc1.time"}), "fc1", "time")
    assert linkage.axes == ("t",) and linkage.n_cells == 5 and linkage.values.shape == (6,)


def test_vanillas_rates_stand_beside_without_a_claim_on_its_spikes():
    network, vanilla = network_of(attention="TCSA"), network_of(seed=0, attention="none")
    response, other = recorded(network), recorded(vanilla)
    linkage = against_vanilla(response, other, "conv2", "channel")
    expected = response.layers["conv2"].spikes.mean((2, 3)) - other.layers["conv2"].spikes.mean(
        (2, 3)
    )
    np.testing.assert_allclose(linkage.rate_change, expected, atol=1e-12)
    assert not hasattr(linkage, "suppressed")
    with pytest.raises(ValueError, match=r"6 steps of .* in one response, 4 of"):
        short = record(network_of(attention="none", T=4), counts_of()[:4])
        against_vanilla(response, short, "conv2", "channel")
    with pytest.raises(ValueError, match="no gate 'channel'; it has none"):
        against_vanilla(other, response, "conv2", "channel")


@pytest.mark.parametrize("site", ["membrane", "current"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_table_holds_every_gate_of_every_layer_and_every_relu(attention, site):
    network = network_of(attention=attention, attention_site=site)
    asked = []

    def run(off):
        asked.append(off)
        return recorded(network, off)

    table = linkage_table(run, iter(network.switches()))
    assert asked == runs_needed(network.switches())
    dotted = [name for name in network.switches() if "." in name]
    assert list(table.gates) == [name for name in dotted if not name.endswith(".relu")]
    assert list(table.relus) == [n.removesuffix(".relu") for n in dotted if n.endswith(".relu")]
    for name, linkage in table.gates.items():
        assert f"{linkage.layer}.{linkage.gate}" == name
        layer, gate = name.split(".")
        alone = gate_linkage(recorded(network), recorded(network, (name,)), layer, gate)
        assert alone.totals == linkage.totals
    spikes = {name: int(layer.spikes.sum()) for name, layer in recorded(network).layers.items()}
    for layer, split in table.relus.items():
        assert split.gates.after == spikes[layer]


def test_the_relu_only_control_has_a_split_whose_gates_do_nothing():
    network = network_of(attention="none", attention_site="current", relu=True)
    table = linkage_table(lambda off: recorded(network, off), network.switches())
    assert not table.gates and list(table.relus) == ["conv1", "conv2", "fc1", "fc2"]
    for split in table.relus.values():
        assert split.gates.suppressed == split.gates.enhanced == 0


def test_runs_that_differ_in_more_than_the_gate_are_refused():
    network = network_of(attention="TCSA")
    response = recorded(network, potentials=True)

    def linked(other, layer="conv2", gate="space"):
        return gate_linkage(response, other, layer, gate)

    with pytest.raises(ValueError, match="should have the gates"):
        linked(response)
    with pytest.raises(ValueError, match="should have the gates"):
        linked(recorded(network, {"conv2.space", "conv2.time"}))
    with pytest.raises(ValueError, match="conv1 fires otherwise"):
        linked(recorded(network, {"S"}))
    with pytest.raises(ValueError, match="conv1 fires otherwise"):
        linked(recorded(network, {"conv2.space"}, seed=1))
    with pytest.raises(ValueError, match="another input current"):
        linked(recorded(network, {"conv1.space"}, seed=1, potentials=True), "conv1")
    with pytest.raises(ValueError, match="no layer"):
        linked(response, "conv7")
    with pytest.raises(ValueError, match="no gate 'relu'; it has time, channel, space"):
        linked(response, gate="relu")
    linked(recorded(network, {"conv2.space"}))


def test_results_cannot_be_written_to():
    network = network_of(attention="TCSA", attention_site="current")
    linkage = gate_linkage(recorded(network), recorded(network, {"conv2.space"}), "conv2", "space")
    for array in (linkage.values, linkage.spikes_with, linkage.suppressed, linkage.enhanced):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_the_gate_to_open_on_is_the_layers_that_moves_most():
    def gate(layer, *weights):
        return SimpleNamespace(layer=layer, values=np.array(weights))

    gates = {
        "conv1.time": gate("conv1", 0.1, 0.9),
        "conv2.time": gate("conv2", 0.5, 0.5),
        "conv2.channel": gate("conv2", 0.2, 0.7),
        "conv2.space": gate("conv2", 0.4, 0.6),
    }
    assert opening_gate(gates, "conv2") == "conv2.channel"
    assert opening_gate(gates, "conv1") == opening_gate(gates, "conv3") == "conv1.time"
    constant = {name: gate("conv2", 0.5) for name in ("conv2.time", "conv2.space")}
    assert opening_gate(constant, "conv2") == "conv2.time"


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_scipys_with_ties(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, (2, 7, 5)).astype(np.float32)
    y = y + x * (seed % 3 - 1)
    expected = scipy.stats.spearmanr(x.ravel(), y.ravel()).statistic
    assert rank_correlation(x, y) == (pytest.approx(expected, abs=1e-12), 35)


def test_rank_correlation_of_orders_known_by_heart():
    x = np.array([0.1, 0.2, 0.9])
    assert rank_correlation(x, x**3) == (pytest.approx(1), 3)
    assert rank_correlation(x, -x) == (pytest.approx(-1), 3)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1.0, 2.0], [1.0, 2.0]),
        ([], []),
        ([0.3] * 7, list(range(7))),
        (list(range(7)), [0.1] * 7),
        ([1.0, 2.0, np.nan], [1.0, 2.0, 3.0]),
    ],
)
def test_no_correlation_where_there_is_none_to_speak_of(x, y):
    assert rank_correlation(np.array(x, float), np.array(y, float)) == (None, len(x))


def test_a_correlation_needs_pairs():
    with pytest.raises(ValueError, match="pairs"):
        rank_correlation(np.zeros(3), np.zeros(4))
