"""The ledger of residual networks: by hand, by brute force, against torch's and SpikingJelly's."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from ledgers import count, plain, response_of
from torch.utils.flop_counter import FlopCounterMode

from masnn.architectures import build
from masnn.energy import (
    GAP,
    HOROWITZ_45NM_FP32,
    RESIDUAL_GAP,
    Energy,
    Ratio,
    as_dict,
    as_rows,
    efficiency,
    ledger,
)
from masnn.residual_config import ResidualConfig, residual
from masnn.response import LayerResponse, Response, record

TINY = ResidualConfig(
    n_classes=2,
    T=2,
    input_size=(4, 4),
    in_channels=1,
    blocks=(1, 1),
    width=1,
    attention="none",
    stem_kernel=3,
    stem_stride=1,
    stem_pool=False,
)
SMALL = ResidualConfig(
    n_classes=3,
    T=3,
    input_size=(16, 12),
    in_channels=2,
    blocks=(1, 2),
    width=4,
    temporal_reduction=1,
    channel_reduction=2,
    stem_kernel=5,
    stem_stride=1,
    v_threshold=0.2,
)


# --- by hand -------------------------------------------------------------------------------------

#: (t, c, y, x) of every spike of the tiny network.
SPIKES = {
    "stem": [(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 1, 1), (1, 0, 3, 3)],
    "stage1_1a": [(0, 0, 2, 2)],
    "stage1_1b": [(0, 0, 0, 0), (0, 0, 0, 1), (1, 0, 3, 3)],
    "stage2_1a": [(0, 0, 0, 0), (1, 1, 1, 1)],
    "stage2_1b": [(0, 0, 0, 0), (0, 0, 0, 1), (1, 0, 0, 0)],
}


def tiny(**changes):
    """Return the ledger of 4 x 4 px -> 1C3 -> block of 1 -> block of 2, stride 2 -> FC2, T = 2."""
    config = replace(TINY, **changes)
    shown = np.zeros((2, 1, 4, 4), np.float32)
    shown[0, 0, 0, 0], shown[1, 0, 1, 1] = 0.5, -1.0
    return ledger(plain(config), shown, response_of(plain(config), SPIKES))


def test_synapses_of_the_tiny_network():
    book = tiny()
    assert {layer.name: layer.kind for layer in book.layers} == {
        "stem": "MAC",
        "stage1_1a": "AC",
        "stage1_1b": "AC",
        "stage2_1a": "AC",
        "stage2_1.shortcut": "MAC",
        "stage2_1b": "AC",
        "classifier": "MAC",
    }
    # A corner reaches 4 places, the middle 9; pixels of any sign multiply.
    assert count(book, "stem", "synapses") == 4 + 9
    assert count(book, "stage1_1a", "synapses") == 4 + 4 + 9 + 4
    assert count(book, "stage1_1b", "synapses") == 9
    # Stride 2: rows 0, 1, 2, 3 reach 1, 2, 1, 1 of two rows. (0, 0), (0, 1), (3, 3): 1 + 2 + 1.
    assert count(book, "stage2_1a", "synapses") == 2 * (1 + 2 + 1)
    # Potentials, whatever fired: T 2, 1 -> 2 channels, 2 x 2 places.
    assert count(book, "stage2_1.shortcut", "synapses") == 2 * 1 * 2 * 4
    # On 2 x 2 every place reaches all four.
    assert count(book, "stage2_1b", "synapses") == 2 * (4 + 4)
    # Channel 0 fires at both steps, channel 1 at none: two averages meet two weights.
    assert count(book, "classifier", "synapses") == 2 * 2


def test_what_the_tiny_network_costs_beside_synapses():
    book = tiny()
    for name, n in (("stem", 16), ("stage1_1a", 16), ("stage1_1b", 16), ("stage2_1b", 8)):
        for part in ("bias", "integrate", "fire"):
            assert count(book, name, part) == 2 * n
    assert [count(book, name, "leak") for name in SPIKES] == [28, 31, 29, 14, 13]
    # Two potentials are added for every neuron and step of a block's end, nowhere else.
    assert [count(book, layer.name, "add") for layer in book.layers] == [0, 0, 32, 0, 0, 16, 0]
    # A shortcut has a norm's shift and no neurons; so has the classifier a bias.
    assert count(book, "stage2_1.shortcut", "bias") == 16 and count(book, "classifier", "bias") == 4
    assert count(book, "stage2_1.shortcut", "fire") == count(book, "classifier", "fire") == 0
    # The mean of four places: three additions for each of two channels and steps.
    assert [count(book, layer.name, "pooling") for layer in book.layers] == [0] * 6 + [12]
    assert [layer.n_neurons for layer in book.layers] == [16, 16, 16, 8, 0, 8, 0]
    assert [layer.spikes for layer in book.layers] == [4, 1, 3, 2, 0, 3, 0]
    # Synapses 13 + 16 + 4, leak 115; synapses 21 + 9 + 8 + 16, each neuron and step (64 of 128)
    # thrice, additions 48, biases of what has no neurons 20, averages 12.
    assert book.energy() == Energy(33 + 115, 54 + 3 * 128 + 48 + 20 + 12, HOROWITZ_45NM_FP32)


def test_the_tiny_network_by_the_papers_formula_and_as_an_ann():
    book = tiny()
    dense = [144, 144, 144, 72, 8, 144, 4]
    names = [layer.name for layer in book.layers]
    assert names[3:5] == ["stage2_1a", "stage2_1.shortcut"]
    assert [count(book, name, "synapses", "ann_once") for name in names] == dense
    assert [count(book, name, "synapses", "ann") for name in names] == [2 * n for n in dense]
    # FL T rate: 144 x 2 x 4/32, 144 x 2 x 1/32, 72 x 2 x 3/32 = 13.5, 8 x 2 x 3/32 = 1.5,
    # 144 x 2 x 2/16, and 4 x 2 x 3/16 = 1.5; the first dense at both steps.
    found = [count(book, name, "synapses", "paper") for name in names]
    assert found == [288, 36, 9, 14, 2, 36, 2]
    assert book.energy("paper") == Energy(288, 36 + 9 + 14 + 2 + 36 + 2, HOROWITZ_45NM_FP32)
    assert book.gap_is == RESIDUAL_GAP != GAP and as_dict(book)["gap_is"] == RESIDUAL_GAP


def test_spikes_in_the_shortcut_add():
    book = tiny(shortcut="spike")
    kinds = {layer.name: layer.kind for layer in book.layers}
    # Of (0, 0), (0, 1) and (3, 3) a stride of 2 takes the first alone, to two channels.
    assert kinds["stage2_1.shortcut"] == "AC" and count(book, "stage2_1.shortcut", "synapses") == 2
    # An identity adds once for each of the stem's four spikes; two maps are added everywhere.
    assert count(book, "stage1_1b", "add") == 4 and count(book, "stage2_1b", "add") == 16
    assert "spikes of stage1_1b, 0 or 1" in book.layers[4].reason


def test_averaged_spikes_multiply():
    config = replace(TINY, shortcut="spike", form="code", strides=(1, 2))
    book = ledger(plain(config), np.ones((2, 1, 4, 4)), response_of(plain(config), SPIKES))
    name = "stage2_1.shortcut"
    # (0, 0) and (0, 1) are averaged into one of t = 0, (3, 3) is one of t = 1.
    assert book.layers[4].kind == "MAC" and count(book, name, "synapses") == 2 * (1 + 1)
    assert count(book, name, "pooling") == 2 * 1 * 4 * 3
    membrane = replace(config, shortcut="membrane")
    book = ledger(plain(membrane), np.ones((2, 1, 4, 4)), response_of(plain(membrane), SPIKES))
    assert count(book, name, "synapses") == 2 * 1 * 2 * 4
    assert count(book, name, "pooling") == 24 and "averaged over 2 × 2" in book.layers[4].reason


def test_a_still_picture_meets_the_stem_once():
    config = replace(TINY, T=4, stem_pool=True)
    image = np.ones((1, 4, 4), np.float32)
    silent = response_of(plain(config))
    book = ledger(plain(config), np.broadcast_to(image, (4, 1, 4, 4)), silent)
    # In a row of four: 2 + 3 + 3 + 2 outputs reached.
    assert count(book, "stem", "synapses") == 100
    assert "once" in book.layers[0].reason and "at all 4 steps" in book.layers[0].reason
    # Windows of 3 of a row of 4, stride 2: two of them, with 2 + 3 values; each less its first.
    assert count(book, "stem", "pooling") == 25 - 4
    assert count(book, "stem", "bias") == 4 and count(book, "stem", "integrate") == 4 * 4
    moving = np.ones((4, 1, 4, 4), np.float32)
    moving[3] = 2.0
    other = ledger(plain(config), moving, silent)
    assert count(other, "stem", "synapses") == 400 and count(other, "stem", "pooling") == 84
    assert count(other, "stem", "bias") == 16 and "once" not in other.layers[0].reason
    # The paper's formula and the ANN at every step have the first layer dense at all of them.
    for written in ("paper", "ann"):
        assert count(book, "stem", "synapses", written) == 4 * 144


def test_a_map_of_one_place_is_no_average():
    config = replace(TINY, input_size=(2, 2))
    spikes = {"stage2_1b": [(0, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0)]}
    book = ledger(plain(config), np.ones((2, 1, 2, 2)), response_of(plain(config), spikes))
    last = book.layers[-1]
    assert last.kind == "AC" and count(book, "classifier", "synapses") == 3 * 2
    assert count(book, "classifier", "pooling") == 0 and "average" not in last.reason


# --- what a network does is what is counted ------------------------------------------------------


def network_of(config, seed=0):
    """Return a network in evaluation that fires in every layer."""
    torch.manual_seed(seed)
    network = build(config).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.8, 2.0)
            torch.nn.init.uniform_(module.bias, -1.0, 1.2)
    return network


def shown_to(config, seed=0):
    rng = np.random.default_rng(seed)
    shape = (config.T, config.in_channels, *config.input_size)
    return (rng.normal(size=shape) * (rng.random(shape) < 0.6)).astype(np.float32)


def counted(config):
    """Return a network, what each of its weights saw, and its ledger."""
    network, frames, seen = network_of(config), shown_to(config), {}

    def keep(name):
        return lambda _, given: seen.__setitem__(name, given[0].clone())

    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and ".gates." not in name:
            module.register_forward_pre_hook(keep(name))
    response = record(network, frames, potentials=False)
    assert all(0 < layer.spikes.mean() < 1 for layer in response.layers.values())
    return network, seen, ledger(plain(config), frames, response)


def weights_of(network):
    """Return the ledger's name of each convolution, and the classifier, by its module's name."""
    names = {"stem": "stem", "classifier": "classifier"}
    for i, block in enumerate(network.blocks):
        names[f"blocks.{i}.conv1"] = f"{block.name}a"
        if isinstance(block.shortcut, torch.nn.Sequential):
            names[f"blocks.{i}.shortcut.1"] = f"{block.name}.shortcut"
        names[f"blocks.{i}.conv2"] = f"{block.name}b"
    return names


def walked(module, x):
    """Return how many sums are made: every nonzero input walked over every output, one by one."""
    _, _, height, width = x.shape
    k, stride, pad = module.kernel_size[0], module.stride[0], module.padding[0]
    high, wide = ((side - 1) // stride + 1 for side in (height, width))
    total = 0
    for _, _, y, x_at in np.argwhere(x.numpy() != 0):
        for i, j in product(range(high), range(wide)):
            inside = 0 <= y - i * stride + pad < k and 0 <= x_at - j * stride + pad < k
            total += module.out_channels * inside
    return total


FORMS = list(product(("paper", "code"), ("membrane", "spike"), ("branch", "sum")))


@pytest.mark.parametrize("form, shortcut, site", FORMS)
def test_a_walk_over_every_input_finds_the_same(form, shortcut, site):
    config = replace(SMALL, form=form, shortcut=shortcut, attention_site=site)
    config = replace(config, input_size=(8, 8), T=2)
    network, seen, book = counted(config)
    names = weights_of(network)
    assert set(names.values()) == {layer.name for layer in book.layers}
    for module, name in names.items():
        inputs = seen[module]
        found = count(book, name, "synapses")
        if name == "classifier":
            assert found == 3 * int((inputs != 0).sum())
        elif name.endswith(".shortcut") and shortcut == "membrane":
            if not (config.has_relu and site == "sum"):
                assert (inputs != 0).all()
            # Where a ReLU follows the sum, it makes zeros; no potential is taken for one.
            assert found == walked(network.get_submodule(module), torch.ones_like(inputs))
        else:
            assert found == walked(network.get_submodule(module), inputs)
    kinds = {layer.name: layer.kind for layer in book.layers}
    assert kinds["classifier"] == "MAC"
    for module, name in names.items():
        if name == "classifier":
            continue  # its averages may all be 0 or 1 by chance
        only_spikes = bool(((seen[module] == 0) | (seen[module] == 1)).all())
        assert (kinds[name] == "AC") == only_spikes, name


@pytest.mark.parametrize("attention", ["none", "CA", "SA", "CSA", "TCSA"])
@pytest.mark.parametrize("form", ["paper", "code"])
@pytest.mark.parametrize("relu", [None, True, False])
def test_gates_and_relus_are_those_of_the_network(form, attention, relu):
    config = replace(SMALL, form=form, attention=attention, relu=relu)
    network, _, book = counted(config)
    shapes = config.neuron_shapes()
    for block in network.each_block():
        c, h, w = shapes[f"{block.name}b"]
        n, T, name = c * h * w, config.T, f"{block.name}b"
        evaluations = T if form == "paper" else 1
        assert count(book, name, "relu") == T * n * config.has_relu
        for gate in ("time", "channel", "space"):
            used = gate in block.gates
            assert count(book, name, "gate_apply", gate=gate) == T * n * used
            assert count(book, f"{block.name}a", "gate_apply", gate=gate) == 0
        made = 2 * evaluations * 2 * c * (c // 2) if "channel" in block.gates else 0
        assert count(book, name, "gate_weights", gate="channel") == made
        side = 7 if form == "paper" else 3
        padded = evaluations * 2 * side**2 * h * w if "space" in block.gates else 0
        assert count(book, name, "gate_weights", "paper", "space") == padded
        assert count(book, name, "gate_weights", gate="space") <= padded


def test_what_was_switched_off_costs_nothing():
    config = replace(SMALL, form="code", attention="CSA")
    network, frames = network_of(config), shown_to(config)
    off = {"S", "stage2_1b.relu", "stage1_1b.channel"}
    response = record(network, frames, potentials=False, off=off)
    book = ledger(plain(config), frames, response, off=off)
    assert {line.gate for line in book.lines} == {None, "channel"}
    found = {
        p: {line.layer for line in book.lines if line.part == p} for p in ("relu", "gate_apply")
    }
    assert found == {
        "relu": {"stage1_1b", "stage2_2b"},
        "gate_apply": {"stage2_1b", "stage2_2b"},
    }


# --- against other counters ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["paper", "code"])
def test_dense_numbers_are_those_of_torchs_flop_counter(form):
    # The ANN of the same shape: ReLUs in place of neurons, no gates.
    config = replace(SMALL, form=form, attention="none")
    network, seen, book = counted(config)
    twin = build(replace(config, neurons="relu")).eval()
    with FlopCounterMode(display=False) as counter:
        twin(torch.from_numpy(shown_to(config))[None])
    for module, name in weights_of(network).items():
        with FlopCounterMode(display=False) as alone:
            network.get_submodule(module)(seen[module])
        # A MAC is two floating-point operations.
        assert alone.get_total_flops() == 2 * count(book, name, "synapses", "ann")
    assert counter.get_total_flops() == 2 * book.energy("ann").macs
    assert book.energy("ann").macs == config.T * book.energy("ann_once").macs


def dense(config):
    """Return the multiply-accumulates of a network's shape, run once; nothing is computed."""
    shown = np.zeros((config.T, config.in_channels, *config.input_size), np.float32)
    return ledger(plain(config), shown, response_of(plain(config))).energy("ann_once").macs


@pytest.mark.parametrize(
    ("depth", "published"),
    # GFLOPS of ResNet18_Weights and ResNet34_Weights, torchvision 0.2x, 224 x 224 px.
    [(18, 1.814e9), (34, 3.664e9)],
)
def test_macs_are_those_published_of_resnets(depth, published):
    assert round(dense(residual(depth, attention="none")) / 1e6) == published / 1e6


@pytest.mark.parametrize("depth, side", [(18, 224), (18, 288), (104, 288)])
def test_macs_at_other_sizes_are_torchs(depth, side):
    config = residual(depth, input_size=(side, side), attention="none")
    with torch.device("meta"):
        twin = build(replace(config, neurons="relu")).eval()
        frames = torch.empty(1, 1, 3, side, side)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        twin(frames)
    assert counter.get_total_flops() == 2 * dense(config)


def test_the_papers_advantage_over_the_ann_is_bounded_by_its_first_layer():
    # Res-SNN-18 in the authors' form at NASAR 0.148, as CSA's in Table 3, uniform in all layers:
    # Eq. 17 gives 10.9, whatever fires at most 15.5; Table 2 claims 29.7.
    config = residual(18, form="code", attention="none")
    assert round(dense(config) / 1e6) == 1827
    rng = np.random.default_rng(0)
    layers = {
        name: LayerResponse(name, shape, 1, np.packbits(rng.random((1, *shape)) < 0.148), {})
        for name, shape in config.neuron_shapes().items()
    }
    response = Response(layers, np.zeros((1, 1000), np.float32))
    book = ledger(plain(config), rng.normal(size=(1, 3, 224, 224)).astype(np.float32), response)
    sums = book.energies()
    assert Ratio(sums["ann_once"], sums["paper"]).value == pytest.approx(10.9, abs=0.05)
    stem = book.energy("paper", layer="stem")
    assert Ratio(sums["ann_once"], stem).value == pytest.approx(15.5, abs=0.05)


@pytest.mark.parametrize("shortcut", ["membrane", "spike"])
def test_spikes_through_weights_are_those_of_spikingjellys_counter(shortcut):
    op_counter = pytest.importorskip("spikingjelly.activation_based.op_counter")
    config = replace(SMALL, attention="none", shortcut=shortcut)
    network, seen, book = counted(config)
    kinds = {layer.name: layer.kind for layer in book.layers}
    for module, name in weights_of(network).items():
        synop, mac = op_counter.SynOpCounter(), op_counter.MACCounter()
        with op_counter.DispatchCounterMode([synop, mac]), torch.no_grad():
            network.get_submodule(module)(seen[module])
        spiking, multiplied = (
            sum(counter.get_counts()["Global"].values()) for counter in (synop, mac)
        )
        if kinds[name] == "AC":
            assert spiking == count(book, name, "synapses") > 0 == multiplied
        else:  # there zeros and padding are multiplied as well
            assert spiking == 0 and multiplied == count(book, name, "synapses", "ann")
            assert 0 < count(book, name, "synapses") <= multiplied
            # Potentials through a shortcut's weights: no zeros among them, and no padding.
            is_potential = name.endswith(".shortcut")
            assert (count(book, name, "synapses") == multiplied) == is_potential


# --- forms and edges -----------------------------------------------------------------------------


def test_layers_groups_formulas_and_rows_add_up():
    config = replace(SMALL, form="code", attention="TCSA")
    _, _, book = counted(config)
    for written in ("exact", "paper", "ann", "ann_once"):
        per_layer = [book.energy(written, layer=layer.name) for layer in book.layers]
        assert book.energy(written).macs == sum(e.macs for e in per_layer)
        assert book.energy(written).acs == sum(e.acs for e in per_layer)
    rows = as_rows(book)
    assert len({(r["book"], r["layer"], r["part"], r["gate"]) for r in rows}) == len(rows)
    for row in rows:
        _, values, result = row["formula"].split(" = ")
        plain_values = values.replace(",", "").replace("·", "*").replace("−", "-")
        assert set(plain_values) <= set("0123456789*-/ ")
        assert abs(eval(plain_values) - row["count"]) <= 0.5
        assert int(result.replace(",", "")) == row["count"]
        assert row["book"] == "paper" or "/" not in values  # only an estimate is rounded
    assert json.loads(json.dumps(as_dict(book), allow_nan=False)) == as_dict(book)


def test_less_firing_takes_less_energy():
    quiet, loud = (
        ledger(plain(TINY), np.ones((2, 1, 4, 4)), response_of(plain(TINY), spikes))
        for spikes in ({"stem": SPIKES["stem"][:1]}, SPIKES)
    )
    found = efficiency(loud, quiet)
    assert found["exact"].value > 1 and found["comparable"].value > 1 and found["paper"].value > 1


def test_what_another_network_saw_or_did_is_refused():
    book = plain(TINY), np.zeros((2, 1, 4, 4)), response_of(plain(TINY))
    with pytest.raises(ValueError, match="expected frames"):
        ledger(book[0], np.zeros((2, 1, 4, 5)), book[2])
    with pytest.raises(ValueError, match="expected a response"):
        ledger(*book[:2], response_of(plain(replace(TINY, width=2))))
    with pytest.raises(ValueError, match="expected a response of 3 steps"):
        ledger(plain(replace(TINY, T=3)), np.zeros((3, 1, 4, 4)), book[2])
    gated = response_of(plain(TINY))
    layers = dict(gated.layers)
    layers["stage1_1b"] = replace(layers["stage1_1b"], gates={"channel": np.ones((2, 1))})
    with pytest.raises(ValueError, match="allows"):
        ledger(*book[:2], replace(gated, layers=layers))
    with pytest.raises(ValueError, match="ReLUs"):
        ledger(plain(replace(TINY, neurons="relu")), *book[1:])
