"""The input pixels that can reach a neuron through the convolutions and poolings before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masnn.architectures import Config


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


def receptive_field(
    config: Config, layer: str, y: int | None = None, x: int | None = None
) -> ReceptiveField:
    """Return the field of a neuron: pixels that its current depends on through synapses alone.

    A neuron of layer n reads the average of pool x pool outputs of a 3 x 3 convolution with
    padding 1: (y, y + 1) in its own map is (y * pool - 1, (y + 1) * pool + 1) in the one before.
    What pooling drops at the border of a map that it does not divide is reached by padding alone.
    A neuron of a fully connected layer sees what any neuron of the last map sees: the whole input,
    unless such a border is dropped.

    Gates reach farther: they pool over the whole map, so every pixel has a say in their weights.

    Args:
        config: The network's.
        layer: Name of the layer.
        y: Row of the neuron in its map, from the top; None in a fully connected layer.
        x: Its column, from the left; None likewise.

    Raises:
        ValueError: If there is no such layer or neuron.
    """
    from masnn.networks import NetworkConfig

    if not isinstance(config, NetworkConfig):
        raise ValueError("only fields of convolutional networks are known")
    shapes = config.neuron_shapes()
    if layer not in shapes:
        raise ValueError(f"no layer {layer!r}; there are {', '.join(shapes)}")
    sizes = config.map_sizes()
    if len(shapes[layer]) == 1:
        if y is not None or x is not None:
            raise ValueError(f"{layer} is fully connected: its neurons have no row and column")
        depth = len(sizes)
        (height, width), top, left = sizes[-1], 0, 0
    else:
        depth = 1 + list(shapes).index(layer)
        bounds = sizes[depth - 1]
        if y is None or x is None or not (0 <= y < bounds[0] and 0 <= x < bounds[1]):
            raise ValueError(
                f"{layer} has {bounds[0]} rows and {bounds[1]} columns, found y = {y}, x = {x}"
            )
        (height, width), top, left = (1, 1), y, x
    # Sizes of the maps that layers read, the network's input first.
    read = [config.input_size, *sizes[:-1]][:depth]
    rows, columns = (
        _backwards(start, start + length, config.pools[:depth], [size[axis] for size in read])
        for axis, (start, length) in enumerate(((top, height), (left, width)))
    )
    return ReceptiveField(rows[0] + columns[0], rows[1] + columns[1])


def _backwards(
    start: int, stop: int, pools: tuple[int, ...], sizes: list[int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Follow a stretch of one axis back to the input: within the maps, and as if they went on."""
    inside = whole = (start, stop)
    for pool, size in zip(reversed(pools), reversed(sizes), strict=True):
        inside, whole = ((begin * pool - 1, end * pool + 1) for begin, end in (inside, whole))
        inside = max(inside[0], 0), min(inside[1], size)
    return inside, whole
