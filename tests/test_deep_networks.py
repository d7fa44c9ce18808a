"""The lens for residual networks: traces from weights, layers by stage, records layer by layer."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_residual import network_of

from masnn import checkpoints, sight
from masnn.equations import equations
from masnn.kinds import is_deep, layer_title, stage_of
from masnn.linkage import linkage_table
from masnn.neuron_trace import trace_neuron
from masnn.rates import leads_from, settled_at, shares
from masnn.residual_config import ResidualConfig
from masnn.response import record
from masnn.sides import MAX_AROUND, around, joined, no_difference, some_of_each
from masnn.stills import Stills

SMALL = ResidualConfig(
    n_classes=3, T=3, input_size=(8, 10), in_channels=2, blocks=(1, 2), width=4, attention="TCSA",
    channel_reduction=2, stem_kernel=3, stem_stride=1, stem_pool=False, v_threshold=0.2,
    v_reset=0.05, strides=(1, 2),
)  # fmt: skip


def shown_to(config, seed=5):
    shape = (config.T, config.in_channels, *config.input_size)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def convolved(conv, maps, c, y, x):
    """Return one output of a folded convolution at each step, weight by weight, (T,)."""
    weight, bias = conv.weight.numpy().astype(np.float64), float(conv.bias[c])
    (stride, _), (pad, _) = conv.stride, conv.padding
    total = np.full(len(maps), bias)
    for i, dy, dx in itertools.product(*map(range, weight.shape[1:])):
        row, column = y * stride - pad + dy, x * stride - pad + dx
        if 0 <= row < maps.shape[2] and 0 <= column < maps.shape[3]:
            total += weight[c, i, dy, dx] * maps[:, i, row, column]
    return total


DESIGNS = [
    {"attention_site": site, "form": form, "shortcut": shortcut, "attention": attention}
    for site in ("branch", "sum")
    for form in ("paper", "code")
    for shortcut, attention in (("membrane", "TCSA"), ("spike", "CSA"), ("membrane", "none"))
]


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_a_trace_of_a_block_is_what_its_weights_make(design):
    config = replace(SMALL, **design)
    network = network_of(config).folded()
    response = record(network, shown_to(config))
    blocks = {block.name: block for block in network.each_block()}
    before = {"stage1_1": "stem", "stage2_1": "stage1_1b", "stage2_2": "stage2_1b"}
    fired = 0
    for name, block in blocks.items():
        outer, inner = response.layers[f"{name}b"], response.layers[f"{name}a"]
        below = response.layers[before[name]]
        carried = below.current_gated if config.shortcut == "membrane" else below.spikes
        C, H, W = outer.shape
        for c, y, x in ((0, 0, 0), (C - 1, H - 1, W - 1), (1, H // 2, W // 2)):
            trace = trace_neuron(response, config, f"{name}b", (c, y, x))
            branch = convolved(block.conv2, inner.spikes, c, y, x)
            if isinstance(block.shortcut, torch.nn.Identity):
                added = carried[:, c, y, x]
            else:
                pool, conv = block.shortcut
                pooled = pool(torch.from_numpy(np.array(carried, np.float32))).numpy()
                added = convolved(conv, pooled, c, y, x)
            g = np.ones(config.T)
            for gate, values in outer.gates.items():
                place = {"time": (), "channel": (c,), "space": (y, x)}[gate]
                g *= [values[(t % len(values), *place)] for t in range(config.T)]
            relu = (lambda v: np.maximum(v, 0)) if config.has_relu else (lambda v: v)
            if config.attention_site == "branch":
                gated = added + relu(g * branch)
            else:
                gated = relu(g * (added + branch))
            h, left, spikes = 0.0, [], []
            for value in gated:
                u = h + value
                spikes.append(u >= config.neuron.v_threshold)
                h = config.v_reset if spikes[-1] else config.decay * u
                left.append(h)
            for ours, expected in (
                (trace.branch, branch), (trace.shortcut, added), (trace.current, added + branch),
                (trace.current_gated, gated), (trace.carried_out, left),
            ):  # fmt: skip
                np.testing.assert_allclose(ours, expected, rtol=2e-4, atol=2e-5)
            np.testing.assert_array_equal(trace.spikes, spikes)
            assert trace.relu == config.has_relu and trace.site == config.attention_site
            _written_out(trace)
            fired += sum(spikes)
        plain = trace_neuron(response, config, f"{name}a", (0, 0, 0))
        assert plain.shortcut is None and not plain.relu
        np.testing.assert_array_equal(plain.current, plain.current_gated)
    assert fired


def _written_out(trace):
    """Check that the numbers in a block's lines give the result in them."""
    kinds = set()
    for t in range(trace.T):
        for line in equations(trace, t):
            left, *_, numbers, result = line.plain.split(" = ")
            if line.what not in ("weigh the branch", "weigh the sum", "add the shortcut"):
                continue
            kinds.add(line.what)
            sum_ = numbers.replace("\u00d7", "*").replace("ReLU", "max0")
            found = eval(sum_, {"max0": lambda v: max(v, 0)})
            assert found == pytest.approx(float(result), rel=5e-3, abs=2e-3), line.plain
            assert line.source.startswith("Eq. 15" if trace.site == "branch" else "Eq. 16")
            assert left in ("Y'[t]", "X'[t]", "X[t]")
    weighs = bool(trace.gates) or trace.relu
    site = "weigh the branch" if trace.site == "branch" else "weigh the sum"
    assert kinds == {"add the shortcut"} | ({site} if weighs else set())


def test_a_response_of_another_design_is_refused():
    config = replace(SMALL, attention_site="branch")
    response = record(network_of(config), shown_to(config))
    other = replace(config, attention_site="sum")
    with pytest.raises(ValueError, match="not of a network of this config"):
        for c in range(8):
            trace_neuron(response, other, "stage2_1b", (c, 1, 1))


def test_potentials_are_recorded_of_the_layers_that_are_asked_for():
    network = network_of(SMALL)
    whole = record(network, shown_to(SMALL))
    one = record(network, shown_to(SMALL), potentials=("stage2_1b",))
    bare = record(network, shown_to(SMALL), potentials=False)
    for name, layer in whole.layers.items():
        for other in (one, bare):
            np.testing.assert_array_equal(layer.packed, other.layers[name].packed)
            assert layer.gates.keys() == other.layers[name].gates.keys()
        for part in ("current", "current_gated", "membrane", "shortcut"):
            kept = getattr(one.layers[name], part)
            assert getattr(bare.layers[name], part) is None
            if name == "stage2_1b":
                np.testing.assert_array_equal(kept, getattr(layer, part))
            else:
                assert kept is None
    assert whole.layers["stem"].shortcut is None and whole.layers["stage1_1a"].shortcut is None
    for wrong in (("stage9_1b",), "stage2_1b"):
        with pytest.raises(ValueError, match="there are the layers stem, stage1_1a"):
            record(network, shown_to(SMALL), potentials=wrong)


def test_a_record_tells_how_far_it_is_and_stops_when_told():
    network, told = network_of(SMALL), []
    record(network, shown_to(SMALL), on_layer=lambda *at: told.append(at))
    assert told == [(n, 7) for n in range(1, 8)]

    class Stopped(Exception):
        pass

    def stop(done, of):
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        record(network, shown_to(SMALL), on_layer=stop)


def test_a_stages_linkage_is_its_part_of_the_whole():
    network = network_of(SMALL)

    def run(off):
        return record(network, shown_to(SMALL), potentials=False, off=off)

    whole = linkage_table(run, network.switches())
    stage = [name for name in network.switches() if name.startswith("stage2")]
    part = linkage_table(run, stage)
    assert list(part.gates) == stage and set(part.gates) < set(whole.gates)
    for name, found in part.gates.items():
        assert found.totals == whole.gates[name].totals
        layer = name.partition(".")[0]
        ours, theirs = run(()).layers[layer].spikes, run((name,)).layers[layer].spikes
        assert found.totals.suppressed == int((theirs > ours).sum())
        assert found.totals.enhanced == int((ours > theirs).sum())
    assert any(found.totals.suppressed for found in part.gates.values())


def test_layers_are_shown_by_stage():
    plain = ["conv1", "conv2", "fc1"]
    assert not is_deep(plain) and around(plain, "conv2") == plain
    config = replace(SMALL, blocks=(1, 20), attention="none")
    names = list(config.neuron_shapes())
    assert is_deep(names) and stage_of("stem") == "stem" and stage_of("stage2_11a") == "stage2"
    assert layer_title("stage2_11a") == "stage2_11a: block 11, inside"
    assert [layer_title(name) for name in ("stem", "conv2")] == ["stem", "conv2"]
    assert around(names, "stem") == ["stem"]
    assert around(names, "stage1_1a") == ["stage1_1a", "stage1_1b"]
    for name in ("stage2_1a", "stage2_7b", "stage2_20b"):
        shown = around(names, name)
        at = names.index(shown[0])
        assert name in shown and len(shown) == MAX_AROUND
        assert shown == names[at : at + MAX_AROUND]


def test_a_still_is_the_same_at_each_step():
    image = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    still = Stills(image, pixels, 3, True)
    assert still.shown.shape == (3, 1, 4, 6) and (still.shown == image).all()
    assert still.strength.shape == (3, 1, 4, 6) and (still.strength[2, 0] == pixels).all()
    assert still.edges_ms.tolist() == [0.5, 1.5, 2.5, 3.5]
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0, 0] = (255, 0, 0)
    rgb[1, 1] = (255, 255, 255)
    grey = Stills(np.zeros((3, 4, 6), np.float32), rgb, 1, False).strength[0, 0]
    assert grey[0, 0] == 76 and grey[1, 1] == 255 and grey.sum() == 76 + 255
    with pytest.raises(ValueError, match="not those of an input"):
        Stills(image, pixels.T, 3, True)


def test_some_layers_of_each_stage_stand_for_all():
    names = [
        "stem",
        *(f"stage1_{i}b" for i in range(1, 4)),
        *(f"stage2_{i}b" for i in range(1, 33)),
    ]
    blocks = [1, 9, 17, 24, 32]
    assert some_of_each(names) == [*names[:4], *(f"stage2_{i}b" for i in blocks)]
    assert some_of_each(names, 1) == ["stem", "stage1_1b", "stage2_1b"]


@pytest.fixture(scope="module")
def sights():
    """Return what two shipped networks see in a vertical stroke."""
    pixels = np.zeros((8, 8), np.uint8)
    pixels[1:7, 4] = 255
    made = {}
    for name in ("digits-ms18-t4", "digits-csa18-t1"):
        network, card = checkpoints.load(name)
        made[name] = sight.look(card, network.folded(), pixels)
    return pixels, made["digits-ms18-t4"], made["digits-csa18-t1"]


def test_a_sight_is_a_side_of_a_comparison(sights):
    pixels, a, b = sights
    assert a.is_still and a.field == (0, 0, 8, 8) and not a.sees_what(b) and a.sees_what(a)
    np.testing.assert_array_equal(a.frames.pixels, pixels)
    inside = a.region("stem")
    assert inside.sum() == 5 and inside[1:6, 4].all(), "5 of 6 px hold 80 % of the ink"
    # Places of stage 3 lie around columns 0 and 4, and share column 2 alone.
    assert a.region("stage3_1a").tolist() == [[False, True], [False, True]]
    photograph = replace(a, frames=replace(a.frames, is_ink=False))
    assert not photograph.says_where and photograph.region("stem") is None
    layers = joined(a, b)
    assert no_difference(a, b, *layers["stage2_1b"]) == ""
    with pytest.raises(ValueError, match="no recording"):
        _ = a.recorded


def test_votes_so_far_are_shares_of_the_mean_logits(sights):
    _, a, _ = sights
    logits = a.response.votes.astype(np.float64)
    for t in range(4):
        means = logits[: t + 1].mean(0)
        expected = np.exp(means) / np.exp(means).sum()
        np.testing.assert_allclose(a.votes_so_far[t], expected, rtol=1e-6)
    np.testing.assert_allclose(a.votes_so_far[-1], a.shares)
    leaders = a.votes_so_far.argmax(1)
    last = max((t for t in range(1, 4) if leaders[t] != leaders[t - 1]), default=0)
    assert a.settled_at == last
    assert shares(np.array([[1000.0, 1000.0]])).tolist() == [[0.5, 0.5]]
    votes = np.array([[0, 0, 1], [0, 1, 0], [0, 1, 0]], float)
    assert settled_at(votes) == leads_from(votes.cumsum(0)) == 2
