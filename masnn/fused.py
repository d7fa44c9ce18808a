"""The membrane loop of a layer as one compiled pass over memory, forwards and backwards, on CPUs.

Integrate, weigh by the channel's and the place's gate, fire, reset, leak: written with tensors this
is two dozen passes over memory a step, and autograd keeps most of them. Here a step is two or three
passes over what fits a core's cache, and the derivative is written out. Results are those of
`layers.SpikingLayer`'s plain loop up to the rounding of sums; `tests/test_fused.py` holds the two
together. What Numba cannot run (another device, another type) takes the plain loop.
"""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from masnn.neurons import LIF

log = logging.getLogger(__name__)

#: Switch for tests and benchmarks.
enabled = True


@functools.cache
def _loops() -> Any:
    """Return the compiled loops, or None; Numba takes half a second to import."""
    try:
        from masnn import _membrane_loops
    except (ImportError, RuntimeError) as error:  # not there, or nowhere to keep what it compiles
        log.warning("Numba is not usable (%s): membrane loops run step by step", error)
        return None
    return _membrane_loops


def usable(current: Tensor) -> bool:
    """Return whether the compiled loop can and should run on this input.

    A single recording without gradient does not repay the seconds that compiling takes the first
    time on a machine; training and batches do.
    """
    return (
        enabled
        and current.device.type == "cpu"
        and current.dtype in (torch.float32, torch.float64)
        and (current.requires_grad or len(current) > 1)
        and _loops() is not None
    )


@dataclass(frozen=True)
class Result:
    """Hold what the loop made.

    Args:
        spikes: 0 or 1, (B, T, ...).
        membrane: Gated potential before the reset, (B, T, ...), not differentiable; None unless
            asked for.
        channel: Channel gate's weights, (B, T, C); empty without this gate.
        space: Spatial gate's weights, (B, T, H, W); empty without this gate.
    """

    spikes: Tensor
    membrane: Tensor | None
    channel: Tensor
    space: Tensor


def run(
    current: Tensor,
    neuron: LIF,
    *,
    squeeze: Tensor | None = None,
    expand: Tensor | None = None,
    kernel: Tensor | None = None,
    keep_membrane: bool = False,
) -> Result:
    """Run a layer's neurons over a sequence from rest.

    Args:
        current: Input current, (B, T, C, H, W), or (B, T, N) without gates.
        neuron: The neuron's constants.
        squeeze: First matrix of the channel gate, (C / r, C); None without this gate.
        expand: Its second matrix, (C, C / r).
        kernel: Kernel of the spatial gate, (1, 2, k, k); None without this gate.
        keep_membrane: Whether to return the potentials.
    """
    none = current.new_empty(0)
    matrices = [none.view(0, 0) if m is None else m for m in (squeeze, expand)]
    planes = none.view(0, 0, 0) if kernel is None else kernel[0]
    spikes, membrane, channel, space = _Loop.apply(
        current, *matrices, planes, neuron, keep_membrane
    )
    return Result(spikes, membrane if keep_membrane else None, channel, space)


class _Loop(torch.autograd.Function):
    """The compiled loop; samples of a batch are shared among torch's number of threads."""

    @staticmethod
    def forward(  # type: ignore[no-untyped-def,override]
        ctx, current, squeeze, expand, kernel, neuron: LIF, keep_membrane: bool
    ):
        x = _places_first(current)
        batch, steps, height, width, channels = x.shape
        weights = [w.detach().contiguous().numpy() for w in (squeeze, expand, kernel)]
        constants = _constants(x, neuron)
        spikes, before = np.empty_like(x), np.empty_like(x)
        membrane = np.empty_like(x) if keep_membrane else x[:0]
        has_channel, has_space = squeeze.numel() > 0, kernel.numel() > 0
        pooled = np.empty((batch, steps, 2, channels if has_channel else 0), x.dtype)
        channel = np.empty((batch, steps, channels if has_channel else 0), x.dtype)
        space = np.empty((batch, steps, *((height, width) if has_space else (0, 0))), x.dtype)

        def one(b: int) -> None:
            kept = membrane[b] if keep_membrane else before[b]
            _loops().forward(
                x[b], *weights, constants, spikes[b], before[b], kept, pooled[b], channel[b],
                space[b], keep_membrane,
            )  # fmt: skip

        _each(one, batch)
        ctx.save_for_backward(squeeze, expand, kernel)
        ctx.kept = before, pooled, channel, space, constants
        ctx.form = current.ndim, current.dtype
        outputs = (
            _like(spikes, current.ndim),
            _like(membrane, current.ndim) if keep_membrane else current.new_empty(0),
            torch.from_numpy(channel),
            torch.from_numpy(space),
        )
        ctx.mark_non_differentiable(*outputs[1:])
        return outputs

    @staticmethod
    def backward(ctx, grad_spikes, *_: Any):  # type: ignore[no-untyped-def,override]
        before, pooled, channel, space, constants = ctx.kept
        n_axes, dtype = ctx.form
        tensors = ctx.saved_tensors
        weights = [w.detach().contiguous().numpy() for w in tensors]
        grad = _places_first(grad_spikes.to(dtype))
        grad_current = np.empty_like(before)
        # One sum for each sample: threads must not add into one place.
        sums = [np.zeros((len(before), *w.shape), w.dtype) for w in weights]

        def one(b: int) -> None:
            _loops().backward(
                grad[b], *weights, constants, before[b], pooled[b], channel[b], space[b],
                grad_current[b], *(total[b] for total in sums),
            )  # fmt: skip

        _each(one, len(before))
        grads = [torch.from_numpy(total.sum(0)) for total in sums]
        return _like(grad_current, n_axes), *grads, None, None


def _places_first(x: Tensor) -> Any:
    """Return a (B, T, C, H, W) or (B, T, N) tensor as an array (B, T, H, W, C), C dense."""
    x = x.detach()
    if x.ndim == 3:
        return x.contiguous().numpy()[:, :, None, None, :]
    return x.permute(0, 1, 3, 4, 2).contiguous().numpy()


def _like(array: Any, n_axes: int) -> Tensor:
    """Return an array (B, T, H, W, C) as a tensor (B, T, C, H, W), or of 3 axes (B, T, C)."""
    tensor = torch.from_numpy(array)
    return tensor[:, :, 0, 0, :] if n_axes == 3 else tensor.permute(0, 1, 4, 2, 3)


def _constants(x: Any, neuron: LIF) -> Any:
    """Return decay, threshold, potential after a spike and surrogate's half width."""
    return np.array(
        [neuron.decay, neuron.v_threshold, neuron.v_after_spike, neuron.surrogate_half_width],
        x.dtype,
    )


def _each(work: Any, n: int) -> None:
    """Call `work` for 0 to n - 1 on torch's number of threads; the loops let go of the GIL."""
    threads = min(n, torch.get_num_threads())
    if threads <= 1:
        for i in range(n):
            work(i)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(n)))
