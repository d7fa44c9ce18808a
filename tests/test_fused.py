"""The compiled loop computes what the plain one does, forwards and backwards."""

import sys

import pytest
import torch

import masnn
from masnn import fused
from masnn.networks import ConvSNN, NetworkConfig
from masnn.neurons import LIF, lif

ATTENTIONS = ("none", "TA", "CA", "SA", "CSA", "TCSA")


def network(attention, dtype=torch.float64):
    torch.manual_seed(0)
    config = NetworkConfig(
        n_classes=4,
        T=6,
        dt_ms=30.0,
        input_size=(12, 10),
        channels=(6, 8),
        pools=(1, 2),
        hidden=(8,),
        channel_reduction=2,
        temporal_reduction=2,
        attention=attention,
        decay=0.6,
        v_reset=0.05,
    )
    return ConvSNN(config).to(dtype)


def outcome(attention, monkeypatch, enabled, *, grad=True, threads=1):
    """Return rates, all that the taps saw, and the gradients of all weights."""
    monkeypatch.setattr(fused, "enabled", enabled)
    net = network(attention)
    frames = torch.poisson(torch.full((3, 6, 2, 12, 10), 0.4, dtype=torch.float64))
    seen = {}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.set_grad_enabled(grad):
            rates = net(frames, lambda name, value: seen.update({name: value.detach().clone()}))
            if grad:
                (rates * torch.arange(1.0, 5.0, dtype=torch.float64)).sum().backward()
    finally:
        torch.set_num_threads(before)
    return rates.detach(), seen, {k: p.grad for k, p in net.named_parameters()}


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("threads", [1, 2])
def test_training_is_the_plain_loops(attention, threads, monkeypatch):
    plain = outcome(attention, monkeypatch, False)
    quick = outcome(attention, monkeypatch, True, threads=threads)
    assert torch.equal(plain[0], quick[0])
    assert list(plain[1]) == list(quick[1])
    for name, value in plain[1].items():
        torch.testing.assert_close(quick[1][name], value, rtol=0, atol=1e-13)
    assert sum(float(g.abs().sum()) > 1e-6 for g in plain[2].values()) > 8
    for name, value in plain[2].items():
        torch.testing.assert_close(quick[2][name], value, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("attention", ("CA", "SA", "CSA", "TCSA"))
def test_recording_is_the_plain_loops(attention, monkeypatch):
    plain = outcome(attention, monkeypatch, False, grad=False)
    quick = outcome(attention, monkeypatch, True, grad=False)
    assert torch.equal(plain[0], quick[0])
    for name, value in plain[1].items():
        torch.testing.assert_close(quick[1][name], value, rtol=0, atol=1e-13)


def test_ties_share_the_gradient_of_a_maximum(monkeypatch):
    """A silent ground ties thousands of places: tensors share among them, and so must the loop."""
    gates = network("CSA").layers[0].gates
    current = torch.zeros(2, 3, 6, 5, 4, dtype=torch.float64)
    current[:, :, :, 2, 2] = 0.7
    current[:, :, 3] = -0.2
    weights = {
        "squeeze": gates["channel"].squeeze.weight,
        "expand": gates["channel"].expand.weight,
        "kernel": gates["space"].conv.weight,
    }
    layer = network("CSA").layers[0]
    grads = []
    for quick in (False, True):
        x = current.clone().requires_grad_()
        if quick:
            spikes = fused.run(x, layer.neuron, **weights).spikes
        else:
            spikes, _ = layer._gate_membrane(x, dict(gates.items()), None)
        spikes.sum().backward()
        grads.append(x.grad)
    assert float(grads[0].abs().sum()) > 0
    torch.testing.assert_close(grads[1], grads[0], rtol=1e-11, atol=1e-13)


def test_linear_layers_have_no_places():
    neuron = LIF(decay=0.7, v_after_spike=0.1)
    current = torch.rand(3, 9, 7, dtype=torch.float64, requires_grad=True)
    result = fused.run(current, neuron, keep_membrane=True)
    spikes, membrane = lif(current.detach(), neuron)
    assert torch.equal(result.spikes, spikes)
    assert torch.equal(result.membrane, membrane)
    assert not result.membrane.requires_grad


def test_other_types_take_the_plain_loop():
    assert fused.usable(torch.zeros(2)) and fused.usable(torch.zeros(2, dtype=torch.float64))
    assert fused.usable(torch.zeros(1, requires_grad=True)) and not fused.usable(torch.zeros(1))
    assert not fused.usable(torch.zeros(2, dtype=torch.bfloat16))
    assert not fused.usable(torch.zeros(2, device="meta"))


def test_without_numba_the_plain_loop_runs_and_says_so(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "masnn._membrane_loops", None)
    monkeypatch.delattr(masnn, "_membrane_loops", raising=False)
    fused._loops.cache_clear()
    try:
        assert not fused.usable(torch.zeros(2))
        assert "run step by step" in caplog.text
        network("CSA")(torch.ones(2, 6, 2, 12, 10, dtype=torch.float64)).sum().backward()
    finally:
        fused._loops.cache_clear()


@pytest.mark.parametrize("attention", ["CA", "SA", "CSA"])
def test_a_diverged_run_gives_no_number_rather_than_an_exception(attention):
    net = network(attention)
    net.layers[0].synapse.conv.weight.data.fill_(float("nan"))
    net(torch.ones(2, 6, 2, 12, 10, dtype=torch.float64)).sum().backward()
