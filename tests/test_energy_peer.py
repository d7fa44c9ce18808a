"""The ledger against SpikingJelly's `op_counter`, on the same network and the same spikes.

Its counters watch the tensor operations of one forward pass. Where definitions agree the counts
must be equal; where they differ, the difference must be exactly what its reason says:

==================  ==========================================  ===================================
                    SpikingJelly 2.0.0                          this ledger
==================  ==========================================  ===================================
synapses, later     one AC per spike and output in reach        the same
synapses, first     all MACs, padding and empty pixels too;     nonzero pixels, outputs in reach;
                    ACs if no pixel of the batch exceeds one    always MACs
average pooling     p^2 - 1 additions per output                the same
batch norm          one MAC and one AC per output of the        folded: one addition per neuron and
                    convolution at full resolution, one AC      step, with the bias
                    per channel
convolution's bias  not counted                                 in that addition
gates' weights      MACs of both passes, none where the ReLU    MACs of both passes, whatever their
                    left only zeros (they pass for spikes);     values; of the spatial gate those
                    the spatial gate's padding counted          within the map
gates' pooling      additions of the averages                   comparisons of the maxima as well
gates' use          not counted (a product is neither)          one multiplication per neuron, step
                                                                and gate
neurons             whatever tensor additions the code of the   an addition and a comparison each, a
                    neuron happens to make                      leak for each that did not fire
==================  ==========================================  ===================================

    pip install --no-deps spikingjelly loguru
"""

import dataclasses
import json

import numpy as np
import pytest
import torch

from masnn.attention import ATTENTIONS
from masnn.energy import HOROWITZ_45NM_FP32, PRESETS, ledger
from masnn.layers import SITES
from masnn.networks import ConvSNN, NetworkConfig
from masnn.response import record

op_counter = pytest.importorskip("spikingjelly.activation_based.op_counter")

CONFIG = NetworkConfig(
    **{"n_classes": 3, "T": 6, "dt_ms": 10.0, "input_size": (9, 11), "channels": (4, 6, 6)},
    **{"pools": (1, 2, 2), "hidden": (5,), "temporal_reduction": 2, "channel_reduction": 2},
    v_threshold=0.1,
)
aten = torch.ops.aten


def network_of(config):
    """Return a network that fires in every layer."""
    torch.manual_seed(0)
    network = ConvSNN(config).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.5, 1.5)
    return network


def counts_of(most=5):
    return np.random.default_rng(0).integers(0, most + 1, (6, 2, 9, 11)).astype(np.int32)


def theirs(module, x):
    """Return what SpikingJelly counts as {counter: {module's name: {operation: count}}}."""
    counters = {
        "mac": op_counter.MACCounter(),
        "ac": op_counter.ACCounter(),
        "synop": op_counter.SynOpCounter(),
    }
    with op_counter.DispatchCounterMode(list(counters.values())), torch.no_grad():
        module(x)
    return {name: counter.get_counts() for name, counter in counters.items()}


def ours(book, layer, part, written="exact", gate=None):
    found = [
        line.count.value
        for line in book.lines
        if (line.book, line.layer, line.part, line.gate) == (written, layer, part, gate)
    ]
    return sum(found)


def both(config, counts):
    network = network_of(config)
    response = record(network, counts, potentials=False)
    assert all(layer.spikes.any() for layer in response.layers.values())
    book = ledger(json.loads(json.dumps(dataclasses.asdict(config))), counts, response)
    return network, book, theirs(network, torch.from_numpy(counts)[None].float())


def of(counts, i, module, operation):
    """Return the count of one operation of one module of layer `i`, which must have been seen."""
    return counts[f"ConvSNN.layers.{i}.{module}"][operation]


def test_spikes_through_weights_are_counted_alike():
    _, book, found = both(dataclasses.replace(CONFIG, attention="none"), counts_of())
    for i, facts in enumerate(book.layers):
        if i == 0:
            continue
        convolutional = facts.name.startswith("conv")
        module = "synapse.conv" if convolutional else "synapse.linear"
        operation = aten.convolution.default if convolutional else aten.addmm.default
        caused = ours(book, facts.name, "synapses")
        assert caused == of(found["synop"], i, module, operation) > 0
        assert caused == of(found["ac"], i, module, operation)
        assert of(found["mac"], i, module, operation) == 0 and facts.kind == "AC"
    # Together: all synaptic accumulates of the network.
    synops = sum(found["synop"]["Global"].values())
    assert synops == book.energy(group="synapses").acs


def test_the_first_layer_is_dense_there_and_sparse_here():
    _, book, found = both(dataclasses.replace(CONFIG, attention="none"), counts_of())
    dense = of(found["mac"], 0, "synapse.conv", aten.convolution.default)
    assert (
        dense == ours(book, "conv1", "synapses", "ann") == ours(book, "conv1", "synapses", "paper")
    )
    assert ours(book, "conv1", "synapses") < dense
    assert of(found["synop"], 0, "synapse.conv", aten.convolution.default) == 0


def test_counts_of_zero_and_one_pass_for_spikes_there():
    _, book, found = both(dataclasses.replace(CONFIG, attention="none"), counts_of(most=1))
    # As many operations, another kind: there it depends on the data, here on the network.
    caused = of(found["synop"], 0, "synapse.conv", aten.convolution.default)
    assert caused == ours(book, "conv1", "synapses") > 0
    assert of(found["mac"], 0, "synapse.conv", aten.convolution.default) == 0
    assert book.layers[0].kind == "MAC"


def test_pooling_is_counted_alike_and_the_norm_is_folded_here():
    config = dataclasses.replace(CONFIG, attention="none")
    _, book, found = both(config, counts_of())
    shapes = config.neuron_shapes()
    sizes = [config.input_size, *config.map_sizes()]
    for i, facts in enumerate(book.layers):
        pooling = ours(book, facts.name, "pooling")
        if i in (1, 2):
            assert pooling == of(found["ac"], i, "synapse", aten.avg_pool2d.default) > 0
        else:
            assert pooling == 0
        channels = shapes[facts.name][0]
        places = int(np.prod(sizes[i])) if i < 3 else 1
        norm = aten.native_batch_norm.default
        assert of(found["mac"], i, "synapse.norm", norm) == 6 * channels * places
        assert of(found["ac"], i, "synapse.norm", norm) == 6 * channels * places + channels
        assert ours(book, facts.name, "bias") == 6 * int(np.prod(shapes[facts.name]))


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("attention", [name for name in ATTENTIONS if name != "none"])
def test_gates(attention, site):
    config = dataclasses.replace(CONFIG, attention=attention, attention_site=site)
    network, book, found = both(config, counts_of())
    # What goes through each matrix of the perceptrons, product by product: only 0 and 1, or not.
    weighted: dict[str, list[bool]] = {}
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Linear) and ".gates." in name:
            module.register_forward_pre_hook(
                lambda _, args, name=name: weighted.setdefault(name, []).append(
                    not bool(((args[0] == 0) | (args[0] == 1)).all())
                )
            )
    with torch.no_grad():
        network(torch.from_numpy(counts_of())[None].float())
    for i, layer in enumerate(network.layers):
        for gate in layer.gates:
            pooled = ours(book, layer.name, "gate_pooling", gate=gate)
            # They have the averages' additions; the maxima take as many comparisons.
            assert pooled == 2 * of(found["ac"], i, f"gates.{gate}", aten.mean.dim) > 0
            if gate == "space":
                dense = of(found["mac"], i, "gates.space.conv", aten.convolution.default)
                assert dense == ours(book, layer.name, "gate_weights", "paper", "space")
                continue
            made = ours(book, layer.name, "gate_weights", gate=gate)
            products = {m: weighted[f"layers.{i}.gates.{gate}.{m}"] for m in ("squeeze", "expand")}
            # Both matrices have one size: every product costs the same.
            each, rest = divmod(made, sum(map(len, products.values())))
            assert each and not rest
            for matrix, counted in products.items():
                peer = of(found["mac"], i, f"gates.{gate}.{matrix}", aten.mm.default)
                assert peer == each * sum(counted)


def test_a_network_of_their_own_modules():
    """Build conv + norm + pooling + LIF of SpikingJelly's layers: other code, the same spikes."""
    from spikingjelly.activation_based import layer, neuron

    config = dataclasses.replace(CONFIG, attention="none", hidden=())
    network, counts = network_of(config), counts_of()
    modules = []
    for built in network.layers:
        synapse = built.synapse
        if hasattr(synapse, "conv"):
            n_out, n_in = synapse.conv.weight.shape[:2]
            weighted = layer.Conv2d(n_in, n_out, 3, padding=1, step_mode="m")
            norm = layer.BatchNorm2d(n_out, step_mode="m")
            weighted.load_state_dict(synapse.conv.state_dict())
            pool = [layer.AvgPool2d(synapse.pool, step_mode="m")] if synapse.pool > 1 else []
            modules += [weighted, norm, *pool]
        else:
            n_out, n_in = synapse.linear.weight.shape
            weighted = layer.Linear(n_in, n_out, step_mode="m")
            norm = layer.BatchNorm1d(n_out, step_mode="m")
            weighted.load_state_dict(synapse.linear.state_dict())
            modules += [layer.Flatten(step_mode="m"), weighted, norm]
        norm.load_state_dict(synapse.norm.state_dict())
        # decay_input=False: u = v - (v - v_reset) / tau + x, which is Eq. 3-5 for this tau.
        modules.append(
            neuron.LIFNode(
                tau=1 / (1 - config.decay),
                decay_input=False,
                v_threshold=config.v_threshold,
                v_reset=config.v_reset,
                step_mode="m",
            )
        )
    peer = torch.nn.Sequential(*modules).eval().requires_grad_(False)
    fired = []
    for module in peer:
        if isinstance(module, neuron.LIFNode):
            module.register_forward_hook(lambda _, __, out: fired.append(out[:, 0].numpy().copy()))
    found = theirs(peer, torch.from_numpy(counts)[:, None].float())

    response = record(network, counts, potentials=False)
    for spikes, built in zip(fired, response.layers.values(), strict=True):
        np.testing.assert_array_equal(spikes, built.spikes)
        assert built.spikes.any()
    book = ledger(dataclasses.asdict(config), counts, response)
    everything = found["ac"]["Global"]
    exact = book.energy(group="synapses")
    spiking = everything[aten.convolution.default] + everything[aten.addmm.default]
    assert spiking == exact.acs == sum(found["synop"]["Global"].values())
    assert everything[aten.avg_pool2d.default] == sum(
        ours(book, name, "pooling") for name in response.layers
    )
    dense = found["mac"]["Global"]
    assert dense[aten.convolution.default] == ours(book, "conv1", "synapses", "ann")
    # Their neuron is charged for the tensor additions that its code makes, (v - v_reset) / tau and
    # the two terms of the reset among them: more than the two operations of Eq. 3-4 counted here.
    elementwise = (aten.add.Tensor, aten.sub.Tensor, aten.rsub.Scalar)
    assert sum(everything[operation] for operation in elementwise) > sum(
        ours(book, name, part) for name in response.layers for part in ("integrate", "fire")
    )
    # Nothing else was charged for.
    norm = aten.native_batch_norm.default
    named = {aten.convolution.default, aten.addmm.default, aten.avg_pool2d.default, norm}
    assert set(everything) == named | set(elementwise)


def test_prices_are_the_same():
    simple = op_counter.SimpleEnergyCostConfig
    for key, peer in (("fp32", simple.fp32()), ("fp16", simple.fp16()), ("int8", simple.int8())):
        assert (PRESETS[key].mac_pj, PRESETS[key].ac_pj) == (peer.e_mac_pj, peer.e_ac_pj)
    assert HOROWITZ_45NM_FP32 is PRESETS["fp32"]
