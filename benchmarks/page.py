"""Time the server's work for each view, and weigh what travels: python -m benchmarks.page.

Times are medians of script runs with everything cached but the view itself, and stand beside the
time that running both networks takes in the same process: the ratio is what to quote. Sizes are
those of the player's and the tiles' blocks, beside the same spikes as 32-bit floats.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from app.figures import player
from benchmarks.timing import median_ms
from masnn import checkpoints, comparison, rates
from masnn.networks import ConvSNN, three_layer
from masnn.readers import read_events
from masnn.response import Response, record

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
VIEWS = ("Where", "What", "When", "How much", "Gate by gate", "One neuron")


def inference_ms(runs: int) -> float:
    """Return the time that the two networks of the opening comparison take."""
    pairs = []
    for name in ("gesture-vanilla", "gesture-tcsa"):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(EXAMPLE), card.config)
        pairs.append((network.folded(), frames.counts))
    return median_ms(lambda: [record(n, c, potentials=False) for n, c in pairs], runs)


def block_bytes(response: Response, layer: str) -> tuple[int, int]:
    """Return the size of a player's block of a network's layer, and of its spikes as floats."""
    found = response.layers[layer]
    edges = np.arange(response.T + 1) * 15.0
    spikes = found.spikes
    track = player.Track(
        "net", edges, rates.nsfr(response.spikes), rates.running_mean(response.votes),
        [str(i) for i in range(response.votes.shape[1])], 0, None, None,
        player.Fired(found.shape, found.packed, spikes.sum(1, dtype=np.uint16)),
    )  # fmt: skip
    none = np.zeros(0, int)
    seen = player.input_bits(none, none, none, none, response.T, (0, 0, 128, 128))
    alone = track._replace(fired=None)
    how: dict[str, Any] = {"no_difference": "one network", "same_field": True, "dark": False}
    return len(player.content(layer, seen, edges, [track, alone], **how)), spikes.size * 4


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    networks = inference_ms(runs)
    print(f"both networks once: {networks:.0f} ms\n")
    print("view            server ms   of the networks' time")
    page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=300).run()
    for view in VIEWS:
        page.segmented_control(key="view").set_value(view)
        taken = median_ms(page.run, runs)
        print(f"{view:14} {taken:10.0f} {taken / networks:12.1f}x")
    network = ConvSNN(three_layer(attention="TCSA")).eval().folded()
    counts = np.random.default_rng(0).poisson(0.1, (60, 2, 32, 32))
    response = record(network, counts, potentials=False)
    print("\nlayer of the paper's network, T = 60   block kB   as floats kB   ratio")
    for layer in ("conv1", "conv2", "conv3"):
        block, floats = block_bytes(response, layer)
        print(f"{layer:36} {block / 1e3:10.0f} {floats / 1e3:14.0f} {floats / block:7.1f}x")


if __name__ == "__main__":
    main()
