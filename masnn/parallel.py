"""Work on several devices or machines, as `torchrun` starts it; alone, all of this is nothing.

Every process holds the whole network and a share of each batch. Batch norm sees the statistics of
the whole batch and gradients are summed over the processes, so that any number of them computes
what one computes, up to rounding. (PyTorch's SyncBatchNorm does this on CUDA devices only.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as differentiable
from torch import Tensor, nn


def launched() -> bool:
    """Return whether torchrun started this process."""
    return "RANK" in os.environ


@contextmanager
def processes(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun started, for the time of the block.

    Args:
        device: The device asked for; "cuda" becomes the one of this process.

    Yields:
        The device of this process.
    """
    if not launched() or dist.is_initialized():
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def world() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Return this process's number, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def share(items: Sequence[Any]) -> Sequence[Any]:
    """Return this process's items: every `world()`-th."""
    return items[rank() :: world()]


def total(values: Tensor) -> Tensor:
    """Return the sum over all processes, in place."""
    if world() > 1:
        dist.all_reduce(values)
    return values


def from_first(content: bytes | None) -> bytes | None:
    """Return the first process's content in all of them: others may not see its disk."""
    if world() == 1:
        return content
    held = [content if rank() == 0 else None]
    dist.broadcast_object_list(held, src=0)
    return held[0]


def to_first(values: Tensor) -> None:
    """Add whole numbers of all processes up in the first one; the others begin again at 0."""
    if world() == 1:
        return
    dist.reduce(values, 0)
    if rank() > 0:
        values.zero_()


def wait() -> None:
    """Wait until all processes are here."""
    if world() > 1:
        dist.barrier()


def total_gradients(network: nn.Module) -> None:
    """Sum the gradients over all processes, in one message."""
    if world() == 1:
        return
    parameters = [p for p in network.parameters() if p.requires_grad]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = total(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    for parameter, part in zip(
        parameters, flat.split([p.numel() for p in parameters]), strict=True
    ):
        parameter.grad = part.view_as(parameter)


def share_norms(network: nn.Module) -> None:
    """Let the network's batch norms see the whole batch; its state and names stay as they are."""
    if world() == 1:
        return
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.__class__ = _SharedNorm


class _SharedNorm(nn.BatchNorm2d):
    """Batch norm whose statistics in training are those of all processes together."""

    def _check_input_dim(self, input: Tensor) -> None:
        pass  # (N, C) of linear layers as well as (N, C, H, W)

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None and self.running_var is not None
        input = input.float()  # sums of 16 bits would lose what they count
        axes = [0, *range(2, input.ndim)]
        count = input.new_tensor([input.numel() / input.shape[1]])
        sums = torch.cat([input.sum(axes), input.square().sum(axes), count])
        sums = differentiable.all_reduce(sums)
        count = sums[-1]
        mean, square = (sums[:-1] / count).chunk(2)
        variance = (square - mean.square()).clamp_min(0)
        with torch.no_grad():
            weight = self.momentum if self.momentum is not None else 0.1
            self.running_mean.lerp_(mean, weight)
            self.running_var.lerp_(variance * count / (count - 1), weight)
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
        shape = (1, -1) + (1,) * (input.ndim - 2)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return input * scale.view(shape) + shift.view(shape)
