"""Leaky integrate-and-fire neurons over whole sequences: from rest, nothing kept between calls."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LIF:
    """Describe a leaky integrate-and-fire neuron.

        u[t] = v[t-1] + x[t]                              integrate
        s[t] = 1 if u[t] >= v_threshold else 0            fire
        v[t] = v_after_spike if s[t] else decay * u[t]    reset, or leak

    Yao et al. 2023, Eq. 3-5, with `v_after_spike` = V_reset. Their published code leaves
    `decay * v_threshold` after a spike instead; both are a value of the same field.
    In training the step function's derivative is a rectangle of half width
    `surrogate_half_width` and area one around the threshold.

    Args:
        decay: Share of the potential kept by a neuron that did not fire, exp(-dt / tau), in [0, 1].
        v_threshold: Firing threshold, in units of the input current.
        v_after_spike: Potential left by a spike.
        surrogate_half_width: Half width of the surrogate derivative, same unit.
    """

    decay: float = 0.3
    v_threshold: float = 0.3
    v_after_spike: float = 0.0
    surrogate_half_width: float = 0.25

    def surrogate(self, u: Tensor) -> Tensor:
        """Return the rectangular surrogate of ds/du at membrane potential `u`, same shape."""
        inside = (u - self.v_threshold).abs() < self.surrogate_half_width
        return inside.to(u.dtype) / (2 * self.surrogate_half_width)


def lif(
    current: Tensor, neuron: LIF, *, keep_membrane: bool = True, overwrite: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Run LIF neurons over a sequence, starting from rest (v = 0).

    Args:
        current: Input current, shape (B, T, ...).
        neuron: The neuron's constants.
        keep_membrane: Whether to return the potentials; leaving them out saves memory.
        overwrite: Whether the spikes may take the current's memory, where no gradient needs it.

    Returns:
        spikes: 0 or 1 in the dtype of `current`, shape of `current`; differentiable.
        membrane: Potential u before the reset, shape of `current`, not differentiable; what a
            plot of "membrane" shows. None where `keep_membrane` is false.
    """
    if torch.is_grad_enabled() and current.requires_grad:
        spikes, kept = _SequenceLIF.apply(current, neuron)
        return spikes, kept if keep_membrane else None
    membrane = torch.empty_like(current) if keep_membrane else None
    spikes = current if overwrite else torch.empty_like(current)
    return _integrate(current, neuron, membrane, spikes), membrane


def fire(u: Tensor, neuron: LIF) -> tuple[Tensor, Tensor]:
    """Fire and reset once: the second half of a time step, for neurons whose u is gated first.

    Args:
        u: Membrane potential, any shape.
        neuron: The neuron's constants.

    Returns:
        spikes: 0 or 1, shape of `u`; differentiable through the surrogate.
        v: Potential handed to the next step, shape of `u`; differentiable through the reset.
    """
    spikes, v = _Fire.apply(u, neuron)
    return spikes, v


def _integrate(current: Tensor, neuron: LIF, membrane: Tensor | None, spikes: Tensor) -> Tensor:
    """Write the potentials into `membrane` when given, fill `spikes` and return it."""
    scratch = torch.empty_like(current[:, 0])
    v = torch.zeros_like(scratch)
    for t in range(current.shape[1]):
        u = scratch if membrane is None else membrane[:, t]
        torch.add(v, current[:, t], out=u)
        _fire_into(spikes[:, t], v, u, neuron)
    return spikes


def _fire_into(spikes: Tensor, v: Tensor, u: Tensor, neuron: LIF) -> None:
    """Write what potential `u` fires and leaves behind into `spikes` and `v`."""
    torch.ge(u, neuron.v_threshold, out=spikes)
    torch.mul(u, neuron.decay, out=v)
    # v - v * 1 is exactly 0: the same as filling by a mask, four times faster on a CPU.
    torch.addcmul(v, v, spikes, value=-1, out=v)
    if neuron.v_after_spike:
        v.add_(spikes, alpha=neuron.v_after_spike)


def _through_fire(u: Tensor, neuron: LIF, grad_spikes: Tensor, grad_v: Tensor | None) -> Tensor:
    """Return dL/du of one step from dL/ds and dL/dv, the derivative of the equations of `LIF`."""
    slope = neuron.surrogate(u)
    grad = grad_spikes * slope
    if grad_v is not None:
        leak = (u < neuron.v_threshold).to(u.dtype) * neuron.decay
        grad += grad_v * (leak + (neuron.v_after_spike - neuron.decay * u) * slope)
    return grad


class _SequenceLIF(torch.autograd.Function):
    """The loop of `lif` without autograd, and its derivative as a loop backwards in time.

    Autograd through the plain loop would keep about seven tensors a step; this keeps u.
    """

    @staticmethod
    def forward(ctx, current: Tensor, neuron: LIF):  # type: ignore[no-untyped-def,override]
        membrane = torch.empty_like(current)
        spikes = _integrate(current, neuron, membrane, torch.empty_like(current))
        ctx.save_for_backward(membrane)
        ctx.neuron = neuron
        ctx.mark_non_differentiable(membrane)
        return spikes, membrane

    @staticmethod
    def backward(ctx, grad_spikes: Tensor, _: Tensor):  # type: ignore[no-untyped-def,override]
        (membrane,) = ctx.saved_tensors
        grad_current = torch.empty_like(membrane)
        grad_v = None
        for t in reversed(range(membrane.shape[1])):
            grad_v = _through_fire(membrane[:, t], ctx.neuron, grad_spikes[:, t], grad_v)
            grad_current[:, t] = grad_v  # v[t-1] and x[t] enter u[t] alike
        return grad_current, None


class _Fire(torch.autograd.Function):
    """One fire-and-reset step with its analytic derivative."""

    @staticmethod
    def forward(ctx, u: Tensor, neuron: LIF):  # type: ignore[no-untyped-def,override]
        ctx.save_for_backward(u)
        ctx.neuron = neuron
        spikes, v = torch.empty_like(u), torch.empty_like(u)
        _fire_into(spikes, v, u, neuron)
        return spikes, v

    @staticmethod
    def backward(ctx, grad_spikes: Tensor, grad_v: Tensor):  # type: ignore[no-untyped-def,override]
        (u,) = ctx.saved_tensors
        return _through_fire(u, ctx.neuron, grad_spikes, grad_v), None
