"""Choose where networks run, and say it in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from masnn.errors import DeviceError

#: Neurons times steps up to which a network runs on one thread of the CPU.
SMALL = 10_000_000


def choose_device(wanted: str = "auto") -> tuple[torch.device, str]:
    """Return the device to run on and one plain sentence about it.

    Args:
        wanted: "auto" (a CUDA GPU where there is one, else the CPU), "cpu", "cuda" or "cuda:N".

    Raises:
        DeviceError: If a GPU was asked for that is not there.
    """
    if wanted != "auto" and wanted != "cpu" and not wanted.startswith("cuda"):
        raise ValueError(f"device must be auto, cpu, cuda or cuda:N, found {wanted!r}")
    if wanted == "cpu":
        return torch.device("cpu"), "CPU, as chosen."
    if not torch.cuda.is_available():
        if wanted != "auto":
            raise DeviceError(f"{wanted}: no CUDA GPU was found here; take auto or cpu.")
        return torch.device("cpu"), "No CUDA GPU found: running on the CPU."
    device = torch.device("cuda" if wanted == "auto" else wanted)
    index = 0 if device.index is None else device.index
    if index >= torch.cuda.device_count():
        raise DeviceError(f"{wanted}: not found here; there are {', '.join(usable_devices())}.")
    return torch.device("cuda", index), f"CUDA GPU: {torch.cuda.get_device_name(index)}."


def usable_devices() -> list[str]:
    """Return the names `choose_device` can honour here, "auto" first."""
    gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["auto", "cpu", *gpus]


@contextmanager
def threads_for(n_cells: int) -> Iterator[None]:
    """Run a small network on one thread of the CPU, a large one on as many as torch takes.

    An operation of a small network takes microseconds. Threads that share it wait for each other
    after each, and where other work has one of the cores, ten times as long as the work takes.

    Args:
        n_cells: Its neurons times its steps.
    """
    before = torch.get_num_threads()
    if n_cells <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
