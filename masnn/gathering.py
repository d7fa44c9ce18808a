"""Gather a network's responses over a data set: one recording after the other, in bounded memory.

All that is kept are sums of whole numbers: of each neuron and step, of each class, and a row of
numbers for each recording. So any number of processes comes to what one comes to, and a run that
was stopped goes on from a file as if it had not been. Batches are the same however many processes
share them, for rounding may depend on what a recording is computed with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from masnn import energy, interrupts, parallel
from masnn.architectures import Config, Network
from masnn.asrv import About, Asrv
from masnn.errors import DataError, reason
from masnn.response import LayerResponse, Response
from masnn.sources import Pictures, Source
from masnn.whole_files import written

#: Raised whenever what is gathered changes, so that old files are not taken for new ones.
VERSION = 2

#: Seconds between two writings of the state.
SAVE_EVERY_S = 30.0

#: The most numbers that spikes by class and channel may be.
MAX_CLASS_CHANNELS = 1 << 24


def footprint(config: Config, *, pictures: bool = False) -> tuple[int, int]:
    """Return the bytes that gathering keeps whatever the number of recordings, and for each one.

    Args:
        config: The network's.
        pictures: Whether it sees still images, the same at each step.
    """
    sums = _empty(config, 1, 1 if pictures else config.T)
    rows = sum(sums[name].nbytes for name in _ROWS if name in sums)
    return sum(values.nbytes for values in sums.values()) - rows, rows


def gather(
    network: Network,
    source: Source,
    about: About,
    *,
    batch: int = 32,
    device: str | torch.device = "cpu",
    state_file: Path | None = None,
    on_recording: Callable[[int, int], None] | None = None,
) -> Asrv | None:
    """Return what a network does on all recordings of a source.

    Args:
        network: The network; it is folded, and left as it was.
        source: The recordings, at least one.
        about: What the result says of itself.
        batch: Recordings run at once.
        device: Where to run.
        state_file: Where an unfinished run is kept, every `SAVE_EVERY_S`, at the end and when it is
            interrupted; a finished one is returned at once. Only the first process reads and
            writes it. None keeps nothing.
        on_recording: Called with the number of recordings done and the number in all.

    Returns:
        The responses; None in all processes of torchrun but the first.

    Raises:
        DataError: If `state_file` belongs to other weights, recordings or settings, or is damaged.
        KeyboardInterrupt: If the run was asked to stop, after any batch, the last one too.
        ValueError: If there are no recordings, or the network does not spike.
    """
    if getattr(network.config, "neurons", "lif") != "lif":
        raise ValueError("this network has no spikes: its neurons are ReLUs")
    if not len(source.labels):
        raise ValueError("nothing to gather: no recordings")
    run = _Run(network, source, batch, torch.device(device))
    if state_file is not None:
        run.resume(state_file)
    saved = time.monotonic()
    with interrupts.held() as stopped, torch.inference_mode():
        while run.done < run.n_batches:
            run.next_batches()
            if on_recording is not None:
                on_recording(min(run.done * batch, run.n), run.n)
            due = time.monotonic() - saved > SAVE_EVERY_S
            stop, due = run.agreed(bool(stopped), due or run.done == run.n_batches)
            if state_file is not None and (stop or due):
                run.save(state_file)
                saved = time.monotonic()
            if stop:
                raise KeyboardInterrupt
    run.merge()
    return run.result(about) if parallel.rank() == 0 else None


#: Sums that have a row for each recording.
_ROWS = ("spikes", "predictions", "tied", "operations")


def _empty(config: Config, n: int, steps: int) -> dict[str, Tensor]:
    """Return all sums at 0; inputs have so many steps."""
    shapes = config.neuron_shapes()
    whole = torch.int64
    sums = {
        f"counts.{name}": torch.zeros((config.T, *shape), dtype=torch.int32)
        for name, shape in shapes.items()
    }
    sums["steps"] = torch.zeros((config.n_classes, len(shapes), config.T), dtype=whole)
    maps = {name: shape[0] for name, shape in shapes.items() if len(shape) == 3}
    if config.n_classes * sum(maps.values()) <= MAX_CLASS_CHANNELS:
        for name, n_channels in maps.items():
            sums[f"channels.{name}"] = torch.zeros((config.n_classes, n_channels), dtype=whole)
    sums["spikes"] = torch.zeros((n, len(shapes)), dtype=whole)
    sums["predictions"] = torch.zeros(n, dtype=whole)
    sums["tied"] = torch.zeros(n, dtype=whole)
    sums["operations"] = torch.zeros((n, 2), dtype=whole)
    sums["inputs"] = torch.zeros((steps, config.in_channels, *config.input_size), dtype=whole)
    return sums


class _Run:
    """Hold a gathering under way."""

    def __init__(self, network: Network, source: Source, batch: int, device: torch.device) -> None:
        self.config, self.source, self.batch, self.device = network.config, source, batch, device
        self.plain = dataclasses.asdict(network.config)
        steps = 1 if isinstance(source, Pictures) else self.config.T
        self.n = len(source.labels)
        self.n_batches = math.ceil(self.n / batch)
        self.done = 0
        self.network = network.folded().to(device)
        self.layers = list(self.config.neuron_shapes())
        self.sums = {
            name: values.to(device) for name, values in _empty(self.config, self.n, steps).items()
        }
        self.settings = _sha256(
            [VERSION, self.plain, _weights(network), source.digest(), batch, device.type]
        )

    def next_batches(self) -> None:
        """Run the next batch of each process."""
        mine = self.done + parallel.rank()
        self.done = min(self.done + parallel.world(), self.n_batches)
        if mine >= self.n_batches:
            return
        rows = range(mine * self.batch, min((mine + 1) * self.batch, self.n))
        inputs = self.source.windows(rows)
        shown = self.source.whole(inputs).sum(0, dtype=np.int64)
        self.sums["inputs"] += torch.from_numpy(shown).to(self.device)
        seen = _Seen(self, rows)
        x = torch.from_numpy(np.asarray(inputs, np.float32)).to(self.device)
        x = x.expand(-1, self.config.T, -1, -1, -1)  # a still image at every step, not copied
        outputs = self.network(x, seen)
        self.sums["predictions"][rows.start : rows.stop] += outputs.argmax(1)
        best = outputs == outputs.amax(1, keepdim=True)
        self.sums["tied"][rows.start : rows.stop] += best.sum(1) > 1
        for row, counts, response in zip(rows, inputs, seen.responses(), strict=True):
            at_each = np.broadcast_to(counts, (self.config.T, *counts.shape[1:]))
            cost = energy.ledger(self.plain, at_each, response).energy()
            pair = torch.tensor([cost.macs, cost.acs], device=self.device)
            self.sums["operations"][row] += pair

    def agreed(self, stop: bool, due: bool) -> tuple[bool, bool]:
        """Return whether any process was asked to stop, and whether the first one wants to save."""
        told = [float(stop), float(due and parallel.rank() == 0)]
        said = parallel.total(torch.tensor(told, device=self.device)).tolist()
        return bool(said[0]), bool(said[1])

    def merge(self) -> None:
        """Add the sums of all processes up in the first one."""
        for values in self.sums.values():
            parallel.to_first(values)

    def save(self, file: Path) -> None:
        """Write the run; of several processes the first one does."""
        self.merge()
        if parallel.rank() > 0:
            return
        sums = {name: values.cpu().numpy() for name, values in self.sums.items()}
        # An interrupted write must not cost the run.
        with written(file) as beside, beside.open("wb") as stream:
            np.savez(stream, done=self.done, settings=_bytes(self.settings), **sums)  # type: ignore[arg-type]

    def resume(self, file: Path) -> None:
        """Go on where `file` left off, if the first process finds it."""
        first = parallel.rank() == 0
        content = parallel.from_first(file.read_bytes() if first and file.exists() else None)
        if content is None:
            return
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as saved:
                settings, done = saved["settings"].tobytes().decode(), int(saved["done"])
                fits = settings == self.settings
                mine = self.sums if fits and first else {}
                sums = {name: torch.from_numpy(saved[name]) for name in mine}
        except Exception as error:  # whatever a damaged archive makes NumPy raise
            raise DataError(
                f"{file}: cannot be read as an unfinished run ({reason(error)}); remove it to "
                "start anew."
            ) from error
        if not fits:
            raise DataError(
                f"{file}: an unfinished run of another network, other recordings or settings; "
                "remove it or name another folder."
            )
        self.done = done
        for name, values in sums.items():
            self.sums[name].copy_(values)

    def result(self, about: About) -> Asrv:
        """Return the sums of all recordings."""
        found = {name: values.cpu().numpy() for name, values in self.sums.items()}
        of = {
            kind: {
                name.partition(".")[2]: values
                for name, values in found.items()
                if name.startswith(f"{kind}.")
            }
            for kind in ("counts", "channels")
        }
        return Asrv(
            about,
            {
                name: counts.astype(np.min_scalar_type(self.n))
                for name, counts in of["counts"].items()
            },
            np.asarray(self.source.labels, np.int64),
            found["predictions"],
            found["tied"] > 0,
            found["spikes"],
            found["steps"],
            of["channels"],
            found["operations"],
            found["inputs"],
        )


class _Seen:
    """Add what a tap is told of a batch to a run's sums; keep bits and gates to price them."""

    def __init__(self, run: _Run, rows: range) -> None:
        self.run, self.rows = run, rows
        labels = np.asarray(run.source.labels)[rows.start : rows.stop]
        self.labels = torch.from_numpy(labels).to(run.device)
        self.bits: dict[str, NDArray[np.uint8]] = {}
        self.gates: dict[str, dict[str, NDArray[np.float32]]] = {}

    def __call__(self, name: str, value: Tensor) -> None:
        layer, _, part = name.partition(".")
        if part == "spikes":
            self._count(layer, value)
        elif part.startswith("attention."):
            gate = part.removeprefix("attention.")
            self.gates.setdefault(layer, {})[gate] = value.float().cpu().numpy()

    def _count(self, layer: str, spikes: Tensor) -> None:
        sums, place = self.run.sums, self.run.layers.index(layer)
        fired = spikes.to(torch.uint8)
        sums[f"counts.{layer}"] += fired.sum(0, dtype=torch.int32)
        # Spikes of each recording, step and channel: all else is a sum of them.
        fine = fired.flatten(3).sum(3, dtype=torch.int64) if fired.ndim == 5 else fired.long()
        by_step = fine.sum(2)
        sums["steps"][:, place].index_add_(0, self.labels, by_step)
        sums["spikes"][self.rows.start : self.rows.stop, place] += by_step.sum(1)
        if f"channels.{layer}" in sums:
            sums[f"channels.{layer}"].index_add_(0, self.labels, fine.sum(1))
        self.bits[layer] = np.packbits(fired.cpu().flatten(1).numpy(), axis=1)

    def responses(self) -> list[Response]:
        """Return what the network did on each recording of the batch, without potentials."""
        shapes, T = self.run.config.neuron_shapes(), self.run.config.T
        no_votes = np.empty((T, 0), np.float32)  # of no price
        return [
            Response(
                {
                    name: LayerResponse(
                        name,
                        shape,
                        T,
                        self.bits[name][i],
                        {gate: w[i] for gate, w in self.gates.get(name, {}).items()},
                    )
                    for name, shape in shapes.items()
                },
                no_votes,
            )
            for i in range(len(self.rows))
        ]


def _weights(network: Network) -> str:
    """Return a hash of a network's weights."""
    digest = hashlib.sha256()
    for name, values in network.state_dict().items():
        digest.update(name.encode() + values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _sha256(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)
