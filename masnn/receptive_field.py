"""The input pixels that can reach a neuron through the convolutions and poolings before it.

And the part of the input that each place of a map stands for, which follows from these fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from masnn.architectures import Config
    from masnn.networks import NetworkConfig
    from masnn.residual_config import ResidualConfig


@dataclass(frozen=True)
class ReceptiveField:
    """Hold rows y0 to below y1 and columns x0 to below x1 of the network's input, in its px.

    Args:
        clipped: (y0, y1, x0, x1) of pixels that exist.
        whole: The same as if every map went on beyond its border, where padding reads zeros; it
            may begin below 0 and end beyond the input.
    """

    clipped: tuple[int, int, int, int]
    whole: tuple[int, int, int, int]


class _Reader(NamedTuple):
    """A convolution or pooling: kernel, stride, padding, and (H, W) of the map that it reads."""

    kernel: int
    stride: int
    padding: int
    size: Sequence[int]


#: Ways from one map back to another, each through readers from the input on. What reaches a place
#: by any of them reaches it.
_Ways = list[list[_Reader]]


def receptive_field(
    config: Config, layer: str, y: int | None = None, x: int | None = None
) -> ReceptiveField:
    """Return the field of a neuron: pixels that its current depends on through synapses alone.

    A reader of kernel k, stride s and padding p makes places y0 to below y1 of its map from places
    y0 s - p to below (y1 - 1) s - p + k of the map before. Convolutional networks convolve 3 x 3
    (s = 1, p = 1) and average p x p; what such pooling drops at the border of a map that it does
    not divide is reached by padding alone. Residual networks have strided convolutions, max pooling
    after the stem, and a shortcut beside each branch: it reads no farther than the branch but where
    strides of 3 or more are averaged, so both are followed. A neuron of a fully connected layer
    sees what any neuron of the last map sees: the whole input, unless such a border is dropped.

    Gates reach farther: they pool over the whole map, so every pixel has a say in their weights.

    Args:
        config: The network's.
        layer: Name of the layer.
        y: Row of the neuron in its map, from the top; None in a fully connected layer.
        x: Its column, from the left; None likewise.

    Raises:
        ValueError: If there is no such layer or neuron.
    """
    return course_of(config, layer, y, x)[-1][1]


def course_of(
    config: Config, layer: str, y: int | None = None, x: int | None = None
) -> list[tuple[str, ReceptiveField]]:
    """Return what reaches a neuron in each map before its own, back to the input.

    Takes and raises what `receptive_field` does.

    Returns:
        Names of the maps and what of them is read, the nearest first, "input" last.
    """
    from masnn.networks import NetworkConfig

    shapes = config.neuron_shapes()
    if layer not in shapes:
        raise ValueError(f"no layer {layer!r}; there are {', '.join(shapes)}")
    shape = shapes[layer]
    if len(shape) == 1:
        if y is not None or x is not None:
            raise ValueError(f"{layer} is fully connected: its neurons have no row and column")
        maps = [name for name, one in shapes.items() if len(one) == 3]
        layer = maps[-1]
        _, height, width = shapes[layer]
        places = [(0, height), (0, width)]
    else:
        _, height, width = shape
        if y is None or x is None or not (0 <= y < height and 0 <= x < width):
            raise ValueError(
                f"{layer} has {height} rows and {width} columns, found y = {y}, x = {x}"
            )
        places = [(y, y + 1), (x, x + 1)]
    if isinstance(config, NetworkConfig):
        hops = _of_layers(config, layer)
    else:
        hops = _of_blocks(config, layer)
    inside = whole = places
    found = []
    for name, ways in reversed(hops):
        inside = [_back(place, ways, axis, clip=True) for axis, place in enumerate(inside)]
        whole = [_back(place, ways, axis, clip=False) for axis, place in enumerate(whole)]
        found.append((name, ReceptiveField(inside[0] + inside[1], whole[0] + whole[1])))
    return found


class Borders(NamedTuple):
    """Say where the places of a map lie in the input.

    A border may halve a pixel: a map of stride 2 whose kernels are centred on every second pixel
    sees those between from two places alike.

    Args:
        y: Borders of the rows from the top, (H + 1,), in px from the input's upper edge.
        x: Borders of the columns from the left, (W + 1,), in px from its left edge.
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]


@lru_cache(maxsize=1024)
def borders(config: Config, layer: str) -> Borders:
    """Return the part of the input that each place of a layer's map stands for.

    Every point belongs to the place whose receptive field has the nearest middle, as if no map had
    a border; what the first and the last place do not see belongs to none. Where average pooling
    of 2 follows each convolution, places stand for blocks of 2, 4, 8 px from the upper left corner
    on; where convolutions have strides of 2 instead, for the same around every 2nd, 4th, 8th pixel.

    Args:
        config: The network's.
        layer: Name of a layer with a map.

    Raises:
        ValueError: If there is no such layer with a map.
    """
    shapes = {name: shape for name, shape in config.neuron_shapes().items() if len(shape) == 3}
    if layer not in shapes:
        raise ValueError(f"no map of {layer!r}; there are {', '.join(shapes)}")
    _, height, width = shapes[layer]
    first = receptive_field(config, layer, 0, 0)
    last = receptive_field(config, layer, height - 1, width - 1)
    found = []
    for axis, n in enumerate((height, width)):
        start, stop = (sum(of.whole[2 * axis : 2 * axis + 2]) / 2 for of in (first, last))
        middles = np.linspace(start, stop, n)
        between = (middles[1:] + middles[:-1]) / 2
        low, high = first.clipped[2 * axis], last.clipped[2 * axis + 1]
        one = np.array([low, *between, high], np.float64)
        one.flags.writeable = False
        found.append(one)
    return Borders(*found)


def _of_layers(config: NetworkConfig, layer: str) -> list[tuple[str, _Ways]]:
    """Return what the maps of a convolutional network are read by, from the input to a layer."""
    names = ["input", *config.neuron_shapes()]
    sizes = [config.input_size, *config.map_sizes()]
    return [
        (name, [[_Reader(3, 1, 1, size), _Reader(pool, pool, 0, size)]])
        for name, size, pool in zip(names, sizes, config.pools, strict=False)
    ][: names.index(layer)]


def _of_blocks(config: ResidualConfig, layer: str) -> list[tuple[str, _Ways]]:
    """Return what the maps of a residual network are read by, from the input to a layer.

    A block's outer neurons read the map before the block, through its branch and its shortcut.
    """
    kernel, stride = config.stem_kernel, config.stem_stride
    stem = [_Reader(kernel, stride, kernel // 2, config.input_size)]
    if config.pools_stem:
        stem.append(_Reader(3, 2, 1, [(side - 1) // stride + 1 for side in config.input_size]))
    hops: list[tuple[str, _Ways]] = [("input", [stem])]
    shapes = config.neuron_shapes()
    before = "stem"
    for name in config.block_names():
        if before == layer:
            return hops
        stage, _, block = name.removeprefix("stage").partition("_")
        stride = config.stage_strides[int(stage) - 1] if block == "1" else 1
        (_, *read), (_, *made) = shapes[before], shapes[f"{name}a"]
        inner = _Reader(3, stride, 1, read)
        if layer == f"{name}a":
            return [*hops, (before, [[inner]])]
        averages = config.form == "code" and stride > 1
        shortcut = _Reader(stride if averages else 1, stride, 0, read)
        hops.append((before, [[inner, _Reader(3, 1, 1, made)], [shortcut]]))
        before = f"{name}b"
    return hops


def _back(place: tuple[int, int], ways: _Ways, axis: int, *, clip: bool) -> tuple[int, int]:
    """Follow a stretch of one axis back through all ways: within the maps, or beyond them."""
    ends = []
    for readers in ways:
        start, stop = place
        for kernel, stride, padding, size in reversed(readers):
            start, stop = start * stride - padding, (stop - 1) * stride - padding + kernel
            if clip:
                start, stop = max(start, 0), min(stop, size[axis])
        ends.append((start, stop))
    return min(start for start, _ in ends), max(stop for _, stop in ends)
