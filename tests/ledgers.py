"""What tests of ledgers share: configurations as cards hold them, made-up responses, one number."""

import dataclasses
import json

import numpy as np

from masnn.architectures import configuration
from masnn.response import LayerResponse, Response


def plain(config):
    """Return a configuration as a card holds it: after a journey through JSON."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def shapes_of(config):
    """Return the shape of each layer's neurons, of a configuration as a card holds it."""
    return configuration(config).neuron_shapes()


def response_of(config, spikes=None, gates=None):
    """Return a response of these spikes, else silent, with gates of these shapes.

    Args:
        config: As a card holds it.
        spikes: By layer, 0 or 1 of every neuron and step, or the places of the ones as tuples.
        gates: Shapes by gate, by layer; every weight is one half.
    """
    layers = {}
    for name, shape in shapes_of(config).items():
        fired = np.zeros((config["T"], *shape), np.uint8)
        found = (spikes or {}).get(name, [])
        if isinstance(found, np.ndarray):
            fired[...] = found
        else:
            for place in found:
                fired[place] = 1
        weights = {
            gate: np.full(size, 0.5, np.float32)
            for gate, size in (gates or {}).get(name, {}).items()
        }
        layers[name] = LayerResponse(name, shape, config["T"], np.packbits(fired), weights)
    return Response(layers, np.zeros((config["T"], config["n_classes"]), np.float32))


def count(book, layer, part, written="exact", gate=None):
    """Return the one such number, 0 where the ledger has no such line."""
    lines = [
        line
        for line in book.lines
        if (line.book, line.layer, line.part, line.gate) == (written, layer, part, gate)
    ]
    assert len(lines) <= 1
    return lines[0].count.value if lines else 0
