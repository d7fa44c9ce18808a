"""Record everything one network did on one recording: the only door from torch to NumPy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from masnn.architectures import Network

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayerResponse:
    """Hold what one layer did at every step.

    Args:
        name: Name of the layer, such as "conv2".
        shape: Shape of its neurons: (C, H, W), or (N,) for a fully connected layer.
        T: Time steps.
        packed: Spikes as bits (`np.packbits` of the flattened (T, *shape) array).
        gates: Attention weights in (0, 1) by gate. "time": (T,). "channel": (T, C) and
            "space": (T, H, W) where the gate differs from step to step (site "membrane"), with
            a first axis of one where a weight holds for the whole sequence (site "current").
        current: Input current X before any gate, (T, *shape), or None if not recorded.
        current_gated: Input current as it is integrated, same shape, or None.
        membrane: Potential U that is compared with the threshold, same shape, or None.
        shortcut: What a residual block's shortcut adds to its branch, same shape, or None; the
            rest of X is the branch's.
    """

    name: str
    shape: tuple[int, ...]
    T: int
    packed: NDArray[np.uint8]
    gates: Mapping[str, Floats]
    current: Floats | None = None
    current_gated: Floats | None = None
    membrane: Floats | None = None
    shortcut: Floats | None = None

    @property
    def n_neurons(self) -> int:
        """Return the number of neurons."""
        return int(np.prod(self.shape))

    @property
    def spikes(self) -> NDArray[np.uint8]:
        """Return the spikes, 0 or 1, shape (T, *shape)."""
        bits = np.unpackbits(self.packed, count=self.T * self.n_neurons)
        return bits.reshape(self.T, *self.shape)


@dataclass(frozen=True, eq=False)
class Response:
    """Hold what a network did on one recording.

    Args:
        layers: What each layer did, by name, from the input on.
        votes: Output of each class at each step, (T, n_classes): the mean of its output spikes.
    """

    layers: Mapping[str, LayerResponse]
    votes: Floats

    def layer(self, name: str) -> LayerResponse:
        """Return what a layer did; refuse a name that is not there with those that are."""
        if name not in self.layers:
            raise ValueError(f"no layer {name!r}; there are {', '.join(self.layers)}")
        return self.layers[name]

    @property
    def T(self) -> int:
        """Return the number of time steps."""
        return len(self.votes)

    @property
    def rates(self) -> NDArray[np.float64]:
        """Return each class's mean vote over time, shape (n_classes,)."""
        return self.votes.mean(axis=0, dtype=np.float64)

    @property
    def prediction(self) -> int:
        """Return the class of the highest rate; the lowest index where several share it."""
        return int(np.argmax(self.rates))

    @property
    def tied(self) -> tuple[int, ...]:
        """Return the classes that share the highest rate: one, if the decision is clear."""
        return tuple(np.flatnonzero(np.isclose(self.rates, self.rates.max(), atol=1e-9)).tolist())

    @property
    def spikes(self) -> dict[str, NDArray[np.uint8]]:
        """Return every layer's spikes, 0 or 1, (T, *shape), by layer."""
        return {name: layer.spikes for name, layer in self.layers.items()}


#: What is recorded of a layer beside its spikes and gates, where it is asked for.
_POTENTIALS = ("current", "current_gated", "membrane", "shortcut")


def record(
    network: Network,
    counts: NDArray[np.integer] | Floats,
    *,
    potentials: bool | Collection[str] = True,
    off: Collection[str] = (),
    on_layer: Callable[[int, int], None] | None = None,
) -> Response:
    """Run a network on one recording and return all it did.

    The network is not changed and keeps nothing: threads may share one. Spikes become bits layer by
    layer, so that without potentials a deep network's response takes an eighth of a byte for each
    neuron and step, and recording it little more than running it.

    Args:
        network: In evaluation mode, on any device; `network.folded()` is the fast form.
        counts: Frames of the recording, event counts (T, C, H, W), as `Frames.counts`; or what a
            network of images is shown at each step. One image broadcast over the steps
            (`np.broadcast_to`) is not copied, and meets the first layer once.
        potentials: Whether to keep currents and membrane potentials (32 times the spikes' size
            each as they are stored); or the names of the layers of which they are kept.
        off: What to switch off, names of `network.switches()`: a gate in all layers ("S") or in
            one ("conv2.space"), a ReLU likewise ("relu", "conv2.relu").
        on_layer: Called whenever a layer has fired, with the number of layers that have and the
            number in all. What it raises stops the run.

    Raises:
        ValueError: If the network is in training mode, what is shown is not of its shape, `off`
            names what the network does not have, or `potentials` a layer that is not there.
    """
    import torch

    if network.training:
        raise ValueError("record() needs a network in evaluation mode: call network.eval() first")
    names = list(network.config.neuron_shapes())
    if isinstance(potentials, bool):
        potentials = names if potentials else ()
    elif isinstance(potentials, str) or not set(potentials) <= set(names):
        raise ValueError(f"potentials of {potentials!r}: there are the layers {', '.join(names)}")
    parameter = next(network.parameters())
    steps, is_still = len(counts), counts.strides[0] == 0
    shown = np.array(counts[:1] if is_still else counts, dtype=np.float32)
    frames = torch.from_numpy(shown).to(parameter.device)
    frames = frames.expand(steps, *frames.shape[1:])[None]
    seen: dict[str, Floats] = {}
    packed: dict[str, NDArray[np.uint8]] = {}

    def keep(name: str, value: torch.Tensor) -> None:
        layer, _, part = name.partition(".")
        if part == "spikes":
            packed[layer] = np.packbits((value[0] != 0).contiguous().cpu().numpy())
            packed[layer].flags.writeable = False
            if on_layer is not None:
                on_layer(len(packed), len(names))
        elif (
            name == "votes"
            or part.startswith("attention.")
            or (part in _POTENTIALS and layer in potentials)
        ):
            # The copy is what a later write to the tensor must not reach.
            seen[name] = _frozen(value.detach()[0].to("cpu", copy=True).contiguous())

    with torch.inference_mode():
        network(frames, keep, off)
    shapes = network.config.neuron_shapes()
    return Response(
        {name: _layer(name, shape, steps, packed[name], seen) for name, shape in shapes.items()},
        seen["votes"],
    )


def _layer(
    name: str,
    shape: tuple[int, ...],
    steps: int,
    packed: NDArray[np.uint8],
    seen: Mapping[str, Floats],
) -> LayerResponse:
    """Collect one layer's parts from what the tap saw."""
    prefix = f"{name}.attention."
    gates = {k.removeprefix(prefix): v for k, v in seen.items() if k.startswith(prefix)}
    floats = {part: seen[f"{name}.{part}"] for part in _POTENTIALS if f"{name}.{part}" in seen}
    return LayerResponse(name, shape, steps, packed, gates, **floats)


def _frozen(tensor: torch.Tensor) -> Floats:
    array: Floats = tensor.numpy().astype(np.float32, copy=False)
    array.flags.writeable = False
    return array
