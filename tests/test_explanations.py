"""Explanations hold: their numbers, worked out as they are written, give what the panels show."""

import dataclasses
import math
import re
from functools import cache
from itertools import permutations

import numpy as np
import pytest
import torch
from small_network import network_of
from test_app import GESTURES, ODD

from app.state import examples
from masnn import checkpoints, comparison, energy
from masnn.cards import Card
from masnn.explanations import (
    depth,
    formulas,
    gates,
    how_much,
    neuron,
    verdict,
    weights,
    what,
    when,
    where,
    writing,
)
from masnn.isometry_designs import DESIGNS
from masnn.isometry_sweep import Settings
from masnn.isometry_sweep import course as measured
from masnn.linkage import linkage_table
from masnn.networks import ConvSNN
from masnn.neuron_trace import trace_neuron
from masnn.potentials import potential_histogram
from masnn.readers import read_recording
from masnn.response import record
from masnn.sides import Side, joined

#: What a unit of a result is, in its quantity's own.
UNITS = {r"\mu\mathrm{J}": 1.0, r"\mathrm{pJ}": 1e-6, r"\mathrm{ms}": 1.0, r"\%": 0.01}


def worked_out(latex):
    """Return what numbers in LaTeX come to."""
    text = latex
    for unit, size in UNITS.items():
        text = text.replace(rf"\,{unit}", f"*{size}")
    # From the innermost outwards.
    while r"\frac" in text:
        text, n = re.subn(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
        assert n, latex
    for tex, plain in ((r"\cdot", "*"), (r"\max", "max"), (r"\min", "min"), (r"\Big/", "/")):
        text = text.replace(tex, plain)
    assert re.fullmatch(r"[-+*/()., \d]|(max|min|e-|[-+*/()., \d])+", text), (latex, text)
    return eval(text, {"max": max, "min": min})


def numbers_hold(line):
    """Check a line "symbol &= numbers = result"; return whether there was something to check."""
    line = line.replace("{,}", "").replace(writing.BREAK, " ").replace(r"\\ &=", "=")
    assert line.count("&") == 1, line
    left, right = line.split("&")
    assert left.strip() and right[0] in "=:", line
    if right[0] == ":":
        return False
    *numbers, result = (part.strip() for part in right[1:].split("="))
    if not numbers:  # a constant, or a measured weight
        assert math.isfinite(float(result)), line
        return False
    unit = next((u for u in UNITS if result.endswith(u)), "")
    shown = result.removesuffix(unit).removesuffix(r"\,").strip()
    places = len(shown.partition(".")[2])
    for expression in numbers:
        found = worked_out(expression) / (UNITS[unit] if unit else 1)
        # Python rounds a tie by its last bit: both neighbours are right then.
        assert abs(found - float(shown)) <= 0.5 * 10**-places * (1 + 1e-9), (line, found)
    return True


SILENT = dataclasses.replace(ODD["gestures"], attention="TA", dt_ms=62.5)
BARE = dataclasses.replace(ODD["deep"], attention="none", relu=True)
MADE = {**ODD, "silent": SILENT, "relu": BARE}
SHIPPED = ("nmnist-vanilla", "nmnist-tcsa")
RECORDING = read_recording(examples("Digits")["digit 7"])


@cache
def network(name):
    """Return a network, its card, and what it did with and without potentials."""
    if name in SHIPPED:
        found, card = checkpoints.load(name)
    else:
        config = MADE[name]
        torch.manual_seed(0)
        found = ConvSNN(config).eval()
        for layer in found.layers:
            layer.synapse.norm.bias.data.fill_(-9.0 if name == "silent" else 0.2)
        classes = ("0", "1") if config.n_classes == 2 else tuple(GESTURES)
        fields = dataclasses.asdict(config)
        card = Card(name, fields, classes, {"name": name}, {}, {}, "", "", name)
    frames = comparison.window(RECORDING.events, card.config)
    run = found.folded()
    return run, Side.of(card, frames, record(run, frames.counts))


def side(name):
    return network(name)[1]


@cache
def ledger(name, prices):
    of = side(name)
    return energy.ledger(of.card.config, of.frames.counts, of.response, energy.PRESETS[prices])


@cache
def table_of(name):
    run, of = network(name)
    return linkage_table(
        lambda off: record(run, of.frames.counts, potentials=False, off=off), run.switches()
    )


def explained(one, other):
    """Yield every explanation of a pair of networks, by name."""
    a, b = side(one), side(other)
    for who, of in (("A", a), ("B", b)):
        yield "prediction", verdict.prediction(of)
        yield "vote", verdict.vote(of, who)
        yield "spikes", verdict.spikes(of, who)
        yield "nasfr", verdict.nasfr(of, who)
    for name in ("decision", "relative", "fewer", "rate_change"):
        yield name, getattr(verdict, name)(a, b)
    for name in ("activity", "layer_rates", "votes", "decision"):
        yield f"when.{name}", getattr(when, name)(a, b)
    yield "focus", where.focus(a, b)
    yield "seen", where.seen(a, b)
    yield "histograms", how_much.histograms(a, b)
    yield "layers", how_much.layers(a, b)
    for name, pair in joined(a, b).items():
        if any(layer is not None and len(layer.shape) == 3 for layer in pair):
            yield "response_map", where.response_map(a, b, name)
            yield "channels", what.channels(a, b, name)
            yield "each_channel", what.each_channel(a, b, name)
            yield "kinds", what.kinds(a, b, name)
            yield "playing", when.playing(a, b, name)
    for prices in energy.PRESETS:
        ledgers = ledger(one, prices), ledger(other, prices)
        yield "ledger", how_much.ledger(*ledgers)
        yield "layer_energies", how_much.layer_energies(*ledgers)
        for ratio in energy.efficiency(*ledgers).values():
            yield "ratio", how_much.ratio(ratio, "What is counted.")
        sums = ledgers[1].energies()
        yield "ann", how_much.ann(energy.Ratio(sums["ann_once"], sums["exact"]))


def of_one(name):
    """Yield every explanation of one network as B: its gates and its neurons."""
    (run, b), found = network(name), table_of(name)
    for kind in ("time", "channel", "space"):
        if any(kind in layer.gates for layer in b.response.layers.values()):
            yield kind, weights.gate(b, kind)
    for linked in found.gates.values():
        yield "table", gates.table(linked)
        yield "units", gates.units(linked)
        yield "beside vanilla", gates.beside_vanilla(linked)
        yield "picture", gates.picture(linked)
    for split in found.relus.values():
        yield "relu", gates.relu(split)
    for layer in b.response.layers.values():
        for corner in (0, -1):
            index = tuple(range(size)[corner] for size in layer.shape)
            trace = trace_neuron(b.response, run.config, layer.name, index)
            yield "course", neuron.course({"B": trace})
            yield "step", neuron.step(trace, "B")
            place = index[1:] if len(index) == 3 else (None, None)
            yield "field", neuron.field(run.config, layer.name, *place)
        histogram = potential_histogram(layer, run.config.v_threshold)
        yield "potentials", neuron.potentials({"A": histogram, "B": histogram})


def check(found):
    """Check all lines of explanations; return the names of those with numbers worked out."""
    with_numbers = set()
    for name, explanation in found:
        assert explanation.what.endswith((".", ":")) and explanation.source, name
        assert all(line.count("&") >= 1 for line in explanation.formula), name
        if any([numbers_hold(line) for line in explanation.values]):
            with_numbers.add(name)
    return with_numbers


PAIRS = [*permutations(MADE, 2), SHIPPED, SHIPPED[::-1], ("nmnist-tcsa", "nmnist-tcsa")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_numbers_as_written_give_the_result_that_is_shown(one, other):
    checked = check(explained(one, other))
    everywhere = {
        *("spikes", "nasfr", "rate_change", "when.activity", "when.layer_rates", "when.votes"),
        *("focus", "seen", "histograms", "layers", "response_map", "playing", "ledger"),
        *("layer_energies", "ratio", "ann", "vote"),
    }
    assert everywhere <= checked
    if {one, other} <= set(SHIPPED):
        assert {"relative", "fewer", "when.decision", "channels", "kinds"} <= checked


@pytest.mark.parametrize("name", [*MADE, *SHIPPED])
def test_the_numbers_of_gates_and_neurons_give_the_result_that_is_shown(name):
    checked = check(of_one(name))
    config = side(name).card.config
    assert {"course", "field", "potentials"} <= checked
    if config["attention"] != "none":
        assert {"table", "picture", "time"} <= checked
    if config["attention_site"] == "current":
        assert {"step", "relu"} <= checked


def lines(explanation):
    return "\n".join(explanation.values)


def test_what_is_shown_is_the_summarys():
    a, b = (side(name) for name in SHIPPED)
    for who, of in (("A", a), ("B", b)):
        told = lines(verdict.nasfr(of, who))
        assert told.splitlines()[0].endswith(f"= {of.summary['nasfr']:.4f}")
        assert told.endswith(f"= {of.summary['nasfr_conv']:.4f}")
        best = of.summary["votes"][of.summary["prediction"]]
        assert lines(verdict.vote(of, who)).endswith(f"= {best:.2f}")
        assert lines(when.votes(a, b)).count(f"= {best:.3f}") >= 1
        first = of.summary["layers"][0]
        assert f"= {first['lasfr']:.4f}" in lines(how_much.layers(a, b))
    change = comparison.difference(a.summary, b.summary)
    assert rf"= {100 * change['spikes_relative']:.1f}\,\%" in lines(verdict.relative(a, b))
    assert lines(verdict.rate_change(a, b)).endswith(f"= {change['nasfr']:.4f}")
    ratio = energy.efficiency(ledger(SHIPPED[0], "fp32"), ledger(SHIPPED[1], "fp32"))["exact"]
    assert lines(how_much.ratio(ratio, "")).endswith(f"= {ratio.value:.2f}")


def test_a_gate_tells_its_least_and_greatest_weight_and_its_mean():
    b = side("nmnist-tcsa")
    for kind in ("time", "channel", "space"):
        told = weights.gate(b, kind).values
        found = [x.gates[kind] for x in b.response.layers.values() if kind in x.gates]
        assert len(told) == len(found) + 1
        for values, line in zip(found, told, strict=False):
            assert f"{values.min():.3f}" in line and f"{values.max():.3f}" in line
        assert told[-1].endswith(f"= {found[0].mean(dtype=np.float64):.3f}")
    with pytest.raises(ValueError, match="no layer has a gate"):
        weights.gate(side("nmnist-vanilla"), "time")


def test_the_written_out_correlation_is_the_tables():
    for linked in table_of("nmnist-tcsa").gates.values():
        rho = linked.correlation.rho
        told = [v for v in gates.picture(linked).values if v.startswith(r"\rho")]
        assert [line.rpartition("= ")[2] for line in told] == (
            [] if rho is None else [f"{rho:.3f}"]
        )


def test_a_silent_network_has_no_share_and_no_latency():
    a, b = side("gestures"), side("silent")
    assert r"\mathrm{B} &: \text{no spike in conv1}" in where.focus(a, b).values
    assert not [v for v in when.decision(a, b).values if "B" in v]
    assert verdict.prediction(b).values == ()
    assert verdict.relative(b, a).values == ()


def test_a_layer_that_one_network_lacks_is_told_of_the_other_alone():
    a, b = side("twin"), side("nmnist-tcsa")
    for explain in (where.response_map, what.channels, what.each_channel, what.kinds):
        told = lines(explain(a, b, "conv3"))
        assert r"\mathrm{B}" in told and r"\mathrm{A}" not in told
    assert len(where.response_map(a, b, "conv1").formula) == 2, "a difference has a sense"


def test_a_field_that_ends_at_a_border_says_so():
    config = network_of().config
    told = lines(neuron.field(config, "conv2", 0, 0))
    assert told.count(r"\max(0 \cdot") == 2 and r"\min" not in told
    assert r"\min(" in lines(neuron.field(config, "conv1", 8, 10))


def test_a_class_of_any_name_is_written_as_text():
    assert writing.words("other_*ge$tures*\\frac{1}") == r"\text{other ge tures frac 1}"


@pytest.mark.parametrize("value", [0.0, -0.0004, 1 / 3, math.pi, 12345.678])
def test_measured_numbers_get_the_places_that_the_result_needs(value):
    (written,) = writing.enough({"x": value}, lambda x: x * 7, 2)
    assert f"{float(written.replace('{,}', '')) * 7:.2f}" == f"{value * 7:.2f}"


def test_the_page_depth_explains_itself_with_its_own_numbers():
    courses = {d: measured(d, 3, Settings(width=4, n_inputs=2, n_seeds=1)) for d in DESIGNS}
    found = {
        name: getattr(depth, name)(courses) for name in ("returning", "phi", "varphi", "active")
    }
    rows = [one.summary() for one in courses.values()]
    found |= {"signals": depth.signals(), "sweep": depth.sweep(rows)}
    assert check(found.items()) == {"sweep"}, "products of phi are worked out"
    for design, one in courses.items():
        first = one.passages[0]
        name = rf"\text{{{DESIGNS[design].short}}} &"
        assert f"{name}: \\phi_1 = {first.moments[0].phi:.3f}" in lines(found["phi"])
        assert f"{name}= " in lines(found["sweep"])
        assert f"= {first.log10_norms[0]:.2f}" in lines(found["returning"])
    assert "networks of 3 to 3 blocks" in depth.sweep(rows).what
    assert "mean of 1 networks" in depth.sweep(rows).what
    rows[0]["log10_product"] = None
    assert len(depth.sweep(rows).values) == len(DESIGNS) - 1, "what is lost has no product"


def test_the_trained_networks_are_explained_by_their_answers():
    rows = [
        {"name": name, "blocks": n, "training_accuracy": right / 7, "n_training": 7}
        for name, right in (("ms", 6), ("ms", 5), ("att-2", 1))
        for n in (2, 9)
    ]
    found = depth.trained(rows)
    assert check({"trained": found}.items()) == {"trained"}
    assert r"\frac{11}{14}" in lines(found) and "78.6" in lines(found)
    assert "of 9 blocks" in found.here


def test_every_formula_of_the_app_says_where_it_is_from():
    found = [f for f in vars(formulas).values() if isinstance(f, writing.Formula)]
    assert len(found) > 25 and all(f.source and f.right and f.left for f in found)
    written = [part for f in found for part in (f.left, f.right)]
    assert all(text.isascii() and r"\u2" not in text and "[t]" not in text[:3] for text in written)
    assert {f.name for f in formulas.NUMBERS} >= {"NSFR(t)", "NASFR", "LASFR", "energy", "r_EE"}
