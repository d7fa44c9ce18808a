"""Layers and networks against the paper's equations written out; shapes, folding, switches."""

import math

import pytest
import torch

from masnn.attention import ATTENTIONS, ChannelGate, SpatialGate, TemporalGate
from masnn.networks import ConvSNN, NetworkConfig, five_layer, three_layer

SMALL = {
    "n_classes": 3,
    "T": 6,
    "dt_ms": 10.0,
    "input_size": (9, 11),
    "channels": (4, 6, 6),
    "pools": (1, 2, 2),
    "hidden": (5,),
    "temporal_reduction": 2,
    "channel_reduction": 2,
}


def network_of(seed=0, **changes):
    torch.manual_seed(seed)
    network = ConvSNN(NetworkConfig(**{**SMALL, **changes}))
    for module in network.modules():  # statistics and gains as after some training
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.7, 1.5)
            torch.nn.init.uniform_(module.bias, 0.3, 1.3)
    return network.eval()


def frames_of(seed=0, n=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 4, (n, 6, 2, 9, 11), generator=generator).float()


def recorded(network, frames, **how):
    seen = {}
    with torch.no_grad():
        output = network(frames, lambda name, value: seen.update({name: value.clone()}), **how)
    return output, seen


def mlp(gate, avg, top):
    """Return sigma(W1 relu(W0 avg) + W1 relu(W0 max)), Eq. 7 and 9."""
    w0, w1 = gate.squeeze.weight, gate.expand.weight
    return torch.sigmoid(w1 @ torch.relu(w0 @ avg) + w1 @ torch.relu(w0 @ top))


def paper_layer(layer, x, config):
    """Compute one recording's spikes of a layer by Eq. 3-14, one step and one equation at a time.

    x is the layer's input, (T, C, H, W).
    """
    gates = layer.gates
    current = torch.stack([layer.synapse(step[None])[0] for step in x])  # X = AvgPool(BN(Conv(S)))
    if "time" in gates:  # Eq. 6-7
        avg = torch.stack([step.mean() for step in current])
        top = torch.stack([step.max() for step in current])
        weights = mlp(gates["time"], avg, top)
        current = torch.stack([w * step for w, step in zip(weights, current, strict=True)])
    h, spikes = torch.zeros_like(current[0]), []
    for step in current:
        u = h + step  # Eq. 3
        if "channel" in gates:  # Eq. 8-9
            avg = torch.stack([plane.mean() for plane in u])
            top = torch.stack([plane.max() for plane in u])
            u = torch.stack(
                [g * p for g, p in zip(mlp(gates["channel"], avg, top), u, strict=True)]
            )
        if "space" in gates:  # Eq. 10-11
            pooled = torch.stack((u.mean(0), u.max(0).values))
            weight = gates["space"].conv.weight
            logits = torch.nn.functional.conv2d(pooled[None], weight, padding=weight.shape[-1] // 2)
            u = torch.sigmoid(logits[0]) * u
        s = (u >= config.v_threshold).float()  # Eq. 4
        h = config.v_reset * s + config.decay * u * (1 - s)  # Eq. 5
        spikes.append(s)
    return torch.stack(spikes)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_membrane_site_equals_the_papers_equations_written_out(attention):
    network = network_of(attention=attention, v_reset=0.05)
    frames = frames_of()
    _, seen = recorded(network, frames)
    with torch.no_grad():
        for sample in range(len(frames)):
            x = frames[sample]
            for layer in network.layers:
                expected = paper_layer(layer, x, network.config)
                assert torch.equal(expected, seen[f"{layer.name}.spikes"][sample])
                x = expected
    fired = torch.cat([seen[f"{layer.name}.spikes"].flatten() for layer in network.layers]).mean()
    assert 0.02 < fired < 0.98, "the comparison needs neurons that fire and that do not"


@pytest.mark.parametrize("site", ["membrane", "current"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_folding_changes_nothing_but_rounding(site, attention):
    network = network_of(attention=attention, attention_site=site)
    frames = frames_of()
    plain, seen = recorded(network, frames)
    folded, quick = recorded(network.folded(), frames)
    for name, value in seen.items():
        if name.endswith("conv1.current"):
            torch.testing.assert_close(value, quick[name], rtol=1e-5, atol=1e-5)
    margin = min(
        float((seen[f"{layer.name}.membrane"] - network.config.v_threshold).abs().min())
        for layer in network.layers
    )
    if margin > 1e-5:  # no neuron sits on its threshold within rounding
        assert torch.equal(plain, folded)
    torch.testing.assert_close(plain, folded, atol=1 / network.config.T, rtol=0)


def test_folding_is_exact_on_odd_maps_and_leaves_the_network_as_it_was():
    network = network_of(input_size=(9, 11))
    before = {k: v.clone() for k, v in network.state_dict().items()}
    synapse = network.layers[1].synapse
    x = torch.rand(3, 4, 9, 11)
    torch.testing.assert_close(synapse.fold()(x), synapse(x), rtol=1e-5, atol=1e-5)
    network.folded()
    for key, value in network.state_dict().items():
        assert torch.equal(before[key], value)


def test_taps_are_the_names_that_a_tap_hears():
    for site in ("membrane", "current"):
        for attention in ATTENTIONS:
            network = network_of(attention=attention, attention_site=site)
            _, seen = recorded(network, frames_of())
            assert sorted(seen) == sorted(network.taps())


def test_a_tap_changes_nothing():
    network = network_of()
    with torch.no_grad():
        plain = network(frames_of())
    assert torch.equal(plain, recorded(network, frames_of())[0])


def test_gates_switched_off_weigh_one():
    network = network_of(attention="TCSA", v_reset=0.0)
    bare = ConvSNN(NetworkConfig(**{**SMALL, "attention": "none"}))
    weights = {k: v for k, v in network.state_dict().items() if ".gates." not in k}
    bare.load_state_dict(weights)
    off, seen = recorded(network, frames_of(), off=("T", "C", "S"))
    assert torch.equal(off, recorded(bare.eval(), frames_of())[0])
    assert not [name for name in seen if "attention" in name]


def test_relu_only_control_never_receives_negative_current():
    control = network_of(attention="none", attention_site="current", relu=True)
    plain = network_of(attention="none", attention_site="current")
    _, with_relu = recorded(control, frames_of())
    _, without = recorded(plain, frames_of())
    assert with_relu["conv1.current_gated"].min() == 0
    assert without["conv1.current_gated"].min() < 0


def test_sites_gate_the_layers_they_should():
    membrane = network_of(attention="TCSA")
    current = network_of(attention="TCSA", attention_site="current")
    assert not membrane.layers[-1].gates
    assert list(current.layers[-1].gates) == ["time"]
    assert membrane.layers[0].gates["space"].conv.kernel_size == (7, 7)
    assert current.layers[0].gates["space"].conv.kernel_size == (3, 3)


def test_networks_have_the_papers_numbers_of_neurons():
    def neurons(config, kind=""):
        shapes = config.neuron_shapes().items()
        return sum(math.prod(shape) for name, shape in shapes if name.startswith(kind))

    assert neurons(three_layer()) == 106_763  # Table 1, FC layers included
    assert neurons(five_layer(), "conv") == 2_793_472  # Table 1, convolutional layers alone


def test_five_layer_network_runs_and_averages_its_votes():
    small = five_layer(
        input_size=(32, 32), channels=(4,) * 5, T=5, n_classes=4, channel_reduction=2
    )
    torch.manual_seed(0)
    network = ConvSNN(small).train()
    output, seen = recorded(network, torch.rand(2, 5, 2, 32, 32))
    assert output.shape == (2, 4)
    assert seen["fc2.spikes"].shape == (2, 5, 40)
    groups = seen["fc2.spikes"].reshape(2, 5, 4, 10).mean(-1)
    torch.testing.assert_close(seen["votes"], groups)


def test_gradients_reach_every_parameter_with_all_gates():
    for site in ("membrane", "current"):
        network = network_of(attention="TCSA", attention_site=site).train()
        network(frames_of(n=4)).square().sum().backward()
        silent = [name for name, p in network.named_parameters() if p.grad is None]
        assert not silent


def test_gates_on_weights_of_ones_are_as_computed_by_hand():
    with torch.no_grad():
        time = TemporalGate(2, 1)
        channel = ChannelGate(2, 1)
        space = SpatialGate(1)
        for parameter in (*time.parameters(), *channel.parameters(), *space.parameters()):
            parameter.fill_(1)
        x = torch.tensor(
            [[[[1.0, 3.0]], [[-2.0, 0.0]]]]
        )  # (1, 2, 1, 2): averages 2, -1; maxima 3, 0
        # squeeze: sum of both entries, ReLU; expand: each output sums both hidden units
        expected = torch.sigmoid(torch.tensor([2.0 * (2 - 1) + 2.0 * (3 + 0)]))
        torch.testing.assert_close(time(x), expected.expand(1, 2))
        torch.testing.assert_close(channel(x), expected.expand(1, 2))
        # places: averages over channels -0.5, 1.5; maxima 1, 3
        torch.testing.assert_close(space(x), torch.sigmoid(torch.tensor([[[0.5, 4.5]]])))


@pytest.mark.parametrize(
    "changes",
    [
        {"attention": "ACT"},
        {"attention_site": "spikes"},
        {"relu": True},
        {"T": 0},
        {"channels": ()},
        {"pools": (1, 2)},
        {"input_size": (3, 3)},
        {"decay": 1.5},
        {"temporal_reduction": 7},
        {"channel_reduction": 9},
        {"spatial_kernel": 4},
    ],
)
def test_configs_that_describe_no_network_are_refused(changes):
    with pytest.raises(ValueError):
        ConvSNN(NetworkConfig(**{**SMALL, **changes}))


def test_frames_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="expected frames"):
        network_of()(torch.zeros(1, 7, 2, 9, 11))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("site", ["membrane", "current"])
def test_cuda_gives_the_cpus_spikes_up_to_threshold_ties(site):
    network = network_of(attention_site=site)
    _, cpu = recorded(network, frames_of())
    _, gpu = recorded(network.cuda(), frames_of().cuda())
    for layer in network.layers:
        different = cpu[f"{layer.name}.spikes"] != gpu[f"{layer.name}.spikes"].cpu()
        margin = (cpu[f"{layer.name}.membrane"] - network.config.v_threshold).abs()[different]
        assert (margin < 1e-3).all()


def test_at_the_current_s_site_reset_and_linear_gates_can_be_another_library_s():
    own = network_of(attention_site="current", attention="TCSA")
    bare = network_of(attention_site="current", attention="TCSA", gates_linear=False)
    assert own.config.neuron.v_after_spike == own.config.decay * own.config.v_threshold
    assert [bool(layer.switches()) for layer in own.layers] == [True] * 5
    assert [bool(layer.switches()) for layer in bare.layers] == [True] * 3 + [False] * 2
    after = network_of(attention_site="current", v_after_spike=-0.5)
    assert after.config.neuron.v_after_spike == -0.5
    with pytest.raises(ValueError, match="at 'membrane' it is v_reset"):
        NetworkConfig(n_classes=2, T=4, dt_ms=1.0, v_after_spike=0.0)
    with pytest.raises(ValueError, match="finite"):
        NetworkConfig(2, 4, 1.0, attention_site="current", v_after_spike=float("inf"))
