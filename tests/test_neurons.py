"""LIF neurons: values by hand, the analytic derivative, and no memory between calls."""

import pytest
import torch

from masnn.neurons import LIF, fire, lif


def naive(current, neuron):
    """Run Eq. 3-5 step by step under plain autograd, with the surrogate as its own function."""

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx, u):
            ctx.save_for_backward(u)
            return (u >= neuron.v_threshold).to(u.dtype)

        @staticmethod
        def backward(ctx, grad):
            (u,) = ctx.saved_tensors
            near = (u - neuron.v_threshold).abs() < neuron.surrogate_half_width
            return grad * near.to(u.dtype) / (2 * neuron.surrogate_half_width)

    v = torch.zeros_like(current[:, 0])
    spikes, membrane = [], []
    for t in range(current.shape[1]):
        u = v + current[:, t]
        s = Step.apply(u)
        v = neuron.v_after_spike * s + neuron.decay * u * (1 - s)
        spikes.append(s)
        membrane.append(u)
    return torch.stack(spikes, 1), torch.stack(membrane, 1)


def test_a_neuron_integrates_fires_and_resets_as_computed_by_hand():
    neuron = LIF(decay=0.5, v_threshold=1.0, v_after_spike=0.0)
    spikes, membrane = lif(torch.full((1, 5), 0.6), neuron)
    torch.testing.assert_close(membrane, torch.tensor([[0.6, 0.9, 1.05, 0.6, 0.9]]))
    assert spikes.tolist() == [[0, 0, 1, 0, 0]]


def test_a_potential_on_the_threshold_fires():
    spikes, _ = lif(torch.tensor([[0.25, 0.5]]), LIF(0.0, v_threshold=0.25))
    assert spikes.tolist() == [[1, 1]]


def test_v_after_spike_is_what_the_next_step_starts_from():
    neuron = LIF(decay=0.5, v_threshold=1.0, v_after_spike=0.25)
    _, membrane = lif(torch.tensor([[2.0, 0.0, 0.0]]), neuron)
    assert membrane.tolist() == [[2.0, 0.25, 0.125]]


@pytest.mark.parametrize("v_after_spike", [0.0, 0.09, -0.2])
def test_spikes_and_gradient_equal_autograd_through_the_plain_loop(v_after_spike):
    neuron = LIF(v_after_spike=v_after_spike)
    generator = torch.Generator().manual_seed(1)
    current = torch.randn(3, 9, 4, 5, generator=generator, dtype=torch.float64) * 0.5
    weights = torch.randn(3, 9, 4, 5, generator=generator, dtype=torch.float64)
    results = []
    for run in (lif, naive):
        x = current.clone().requires_grad_()
        spikes, membrane = run(x, neuron)
        (spikes * weights).sum().backward()
        results.append((spikes.detach(), membrane.detach(), x.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert results[0][2].abs().gt(0).any(dim=1).all(), "every neuron hands some gradient back"


def test_fire_matches_the_sequence_when_stepped_by_hand():
    neuron = LIF(v_after_spike=0.05)
    current = torch.randn(2, 6, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    x, y = current.clone().requires_grad_(), current.clone().requires_grad_()
    whole, _ = lif(x, neuron)
    v, steps = torch.zeros(2, 7, dtype=torch.float64), []
    for t in range(6):
        s, v = fire(v + y[:, t], neuron)
        steps.append(s)
    stepped = torch.stack(steps, 1)
    torch.testing.assert_close(whole, stepped)
    cosine = torch.arange(84.0, dtype=torch.float64).cos().reshape(2, 6, 7)
    (whole * cosine).sum().backward()
    (stepped * cosine).sum().backward()
    torch.testing.assert_close(x.grad, y.grad)


def test_the_future_does_not_change_the_past_and_samples_do_not_meet():
    current = torch.rand(3, 8, 6, generator=torch.Generator().manual_seed(3))
    spikes, _ = lif(current, LIF())
    changed = current.clone()
    changed[:, 5:] += 1
    changed[2] = 0
    later, _ = lif(changed, LIF())
    assert torch.equal(spikes[:2, :5], later[:2, :5])
    assert not torch.equal(spikes[:2, 5:], later[:2, 5:])


def test_calls_start_from_rest_and_do_not_write_to_their_input():
    current = torch.rand(2, 8, 6, generator=torch.Generator().manual_seed(4))
    before = current.clone()
    first, membrane = lif(current, LIF())
    second, none = lif(current, LIF(), keep_membrane=False)
    assert torch.equal(first, second) and none is None and membrane is not None
    assert torch.equal(current, before)


def test_overwriting_the_current_changes_the_memory_and_not_the_spikes():
    current = torch.rand(2, 8, 6, generator=torch.Generator().manual_seed(5))
    expected, _ = lif(current, LIF())
    spikes, _ = lif(current, LIF(), keep_membrane=False, overwrite=True)
    assert torch.equal(spikes, expected) and spikes.data_ptr() == current.data_ptr()
