"""Record deep residual networks, and time them against their peers: python -m benchmarks.residual.

    memory  a child process builds Att-Res-SNN-104 for pictures of 288 x 288 px at T = 4, folds it
            and records a picture again and again (spikes as bits, gates, votes; no potentials):
            what the process holds after each recording, and held at most.
    time    the same network, folded, against the authors' structure run as their code runs it (one
            convolution a step, batch norm after each, neurons step by step; the same weights, in
            the same process), and against SpikingJelly's AttMSResNet where it is installed. That
            all three compute the same is checked first, on a small picture in double precision:
            in single, a sum that rounding moves over the threshold flips a spike, and a hundred
            layers make much of it.

    page    what the page Images makes of two such networks: the time until both are seen and their
            numbers known, and what travels to the browser for the layer of most neurons.

`--depth`, `--side` and `--steps` take other networks; `--only memory` or `--only time` one part.
Absolute numbers depend on the machine; the ratios of times are what to quote.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from app.figures import player, spatial
from benchmarks.timing import paired
from masnn.architectures import build
from masnn.cards import Card
from masnn.layers import gate_sequence
from masnn.residual import ResidualBlock, ResidualSNN, still
from masnn.residual_config import residual
from masnn.response import record
from masnn.sides import Side
from masnn.sight import Sight, look

#: Numbers of the part "page", and how wide they are printed.
_PAGE = {"run_s": 15, "numbers_s": 16, "player_mb": 12, "gates_mb": 19}

#: What the paper's deepest network is run at.
DEPTH, SIDE_PX, STEPS = 104, 288, 4

#: Side of the picture on which all must agree, and how far apart logits may be, relative to the
#: largest, in double precision.
SMALL_PX, TOLERANCE = 64, 1e-6


def network_of(depth: int, side: int, steps: int) -> ResidualSNN:
    """Return the authors' Att-Res-SNN with weights drawn at random."""
    torch.manual_seed(0)
    changes: dict[str, Any] = {"T": steps, "input_size": (side, side), "form": "code"}
    network = build(residual(depth, **changes, channel_reduction=8))
    assert isinstance(network, ResidualSNN)
    return network.eval().requires_grad_(False)


def picture(side: int) -> Any:
    """Return a picture of noise as a network sees one, (3, side, side)."""
    return np.random.default_rng(0).normal(size=(3, side, side)).astype(np.float32)


# --- memory --------------------------------------------------------------------------------------


def recorded(depth: int, side: int, steps: int, runs: int) -> None:
    """Record a picture so often, and print what the process holds in MB after each (a child)."""
    network = network_of(depth, side, steps).folded()
    shown = np.broadcast_to(picture(side), (steps, 3, side, side))
    for _ in range(runs):
        response = record(network, shown, potentials=False)
        kept = sum(layer.packed.nbytes for layer in response.layers.values())
        status = Path("/proc/self/status").read_text()
        held, peak = (
            int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1000  # type: ignore[index]
            for name in ("VmRSS", "VmHWM")
        )
        print(json.dumps({"held_mb": held, "peak_mb": peak, "response_mb": kept / 1e6}), flush=True)


def memory(depth: int, side: int, steps: int, runs: int) -> list[dict[str, float]]:
    """Return what a child process holds after each of so many recordings (Linux)."""
    sizes = [f"--{n}={v}" for n, v in (("depth", depth), ("side", side), ("steps", steps))]
    words = [sys.executable, "-m", "benchmarks.residual", "--child", *sizes, "--runs", str(runs)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- page ----------------------------------------------------------------------------------------


def seen(depth: int, side: int, steps: int) -> Sight:
    """Return what the network sees in a picture of noise, with all numbers of the page's cards."""
    network = network_of(depth, side, steps)
    image = torch.from_numpy(picture(side))[None]
    settled(network, still(image, steps))
    transform = {"resize": None, "mean": [128.0] * 3, "std": [128.0] * 3, "prepare": ""}
    card = Card(
        name="benchmark",
        config=dataclasses.asdict(network.config),
        classes=tuple(f"class {i}" for i in range(network.config.n_classes)),
        data={"name": "noise", "transform": transform},
        training={},
        metrics={},
        command="",
        licence="",
        sha256="",
    )
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return look(card, network.folded(), pixels)


def page(depth: int, side: int, steps: int) -> dict[str, float]:
    """Return seconds and megabytes of the page Images for two networks, here one beside itself."""
    one = seen(depth, side, steps)
    network = network_of(depth, side, steps).folded()
    begun = time.perf_counter()
    response = record(network, one.frames.shown, potentials=False)
    ran = time.perf_counter()
    Sight.of(one.card, one.frames, response)
    known = time.perf_counter()
    layers = one.response.layers
    name = max(layers, key=lambda name: layers[name].n_neurons)
    gated = [layer for layer in layers if "space" in layers[layer].gates][:12]
    ticks = one.edges_ms
    track = _track(one, name)
    played = player.content(
        name, player.picture(one.frames.pixels), ticks, [track, track],  # type: ignore[union-attr]
        no_difference="", same_field=True, dark=False, in_steps=True,
    )  # fmt: skip
    gates = spatial.content(
        {layer: layers[layer].gates["space"] for layer in gated},
        {layer: one.borders(layer) for layer in gated},
        one.frames.strength,  # type: ignore[union-attr]
        np.arange(steps),
        {},
        over="",
    )
    return {
        "run_s": ran - begun,
        "numbers_s": known - ran,
        "player_mb": len(played) / 1e6,
        "gates_mb": len(gates) / 1e6,
    }


def _track(side: Side, name: str) -> player.Track:
    layer, (height, width) = side.response.layers[name], side.frames.shown.shape[2:]
    rows, columns = side.borders(name)
    counts = layer.spikes.sum(1, dtype=np.uint16)
    fired = player.Fired(layer.shape, layer.packed, counts, rows / height, columns / width)
    nsfr = layer.spikes.mean((1, 2, 3))
    classes, best = side.card.classes, side.response.prediction
    return player.Track(
        "",
        np.arange(len(nsfr)),
        nsfr,
        side.votes_so_far,
        classes,
        best,
        None,
        None,
        fired,
        shares=True,
    )


# --- time ----------------------------------------------------------------------------------------


def settled(network: ResidualSNN, x: Tensor) -> None:
    """Let batch norms know what they see, so that neurons of all layers fire."""
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(x)
    for norm in norms:
        norm.eval()


def as_published(network: ResidualSNN, x: Tensor) -> Tensor:
    """Return the logits as the authors' code computes them, step by step, nothing folded.

    Args:
        network: Of the form "code"; its weights are used.
        x: Pictures at each step, (T, B, C, H, W).
    """
    config = network.config

    def conv(module: torch.nn.Module, x: Tensor) -> Tensor:
        assert isinstance(module, torch.nn.Conv2d)
        steps = [
            F.conv2d(step, module.weight, None, module.stride, module.padding)  # type: ignore[arg-type]
            for step in x
        ]
        out = x.new_zeros(len(x), *steps[0].shape)
        for t, step in enumerate(steps):
            out[t] = step
        return out

    def norm(module: torch.nn.Module, x: Tensor) -> Tensor:
        assert isinstance(module, torch.nn.BatchNorm2d)
        # (T, B, C, H, W) -> (B, C, T, H, W) and back: their norm is over three dimensions.
        y = x.permute(1, 2, 0, 3, 4).contiguous()
        stats = (module.running_mean, module.running_var, module.weight, module.bias)
        y = F.batch_norm(y, *stats, training=False, eps=module.eps)
        return y.permute(2, 0, 1, 3, 4).contiguous()

    def neurons(x: Tensor) -> Tensor:
        spike, out = torch.zeros_like(x[0]), torch.zeros_like(x)
        old = torch.zeros_like(x[0])
        for t in range(len(x)):
            mem = old * config.decay * (1 - spike) + x[t] if t else x[t]
            spike = (mem > config.v_threshold).to(mem.dtype)
            old = mem.clone()
            out[t] = spike
        return out

    def block(module: ResidualBlock, x: Tensor) -> Tensor:
        y = norm(module.norm1, conv(module.conv1, neurons(x)))
        y = norm(module.norm2, conv(module.conv2, neurons(y)))
        y = gate_sequence(y.transpose(0, 1), dict(module.gates), module.name, None).relu()
        if isinstance(module.shortcut, torch.nn.Sequential):
            pool, weights, last = module.shortcut
            x = norm(last, conv(weights, torch.stack([pool(step) for step in x])))
        return y.transpose(0, 1) + x

    x = norm(network.stem_norm, conv(network.stem, x))
    for module in network.each_block():
        x = block(module, x)
    return network.classifier(neurons(x).mean((3, 4)).mean(0))


def of_spikingjelly(network: ResidualSNN) -> Any:
    """Return SpikingJelly's AttMSResNet of the same weights, or None where it is not installed."""
    try:
        from spikingjelly.activation_based.model.masnn import AttMSResNet
    except ImportError:
        return None
    config = network.config
    peer = AttMSResNet(
        T=config.T,
        num_classes=config.n_classes,
        layers=config.blocks,
        base_channels=config.width,
        reduction_c=config.channel_reduction,
    )
    theirs = [block for stage in (1, 2, 3, 4) for block in getattr(peer, f"layer{stage}")]
    pairs: list[tuple[Any, Any]] = [(peer.stem[0], network.stem), (peer.stem[1], network.stem_norm)]
    for other, own in zip(theirs, network.each_block(), strict=True):
        pairs += [(other.conv1, own.conv1), (other.bn1, own.norm1)]
        pairs += [(other.conv2, own.conv2), (other.bn2, own.norm2)]
        if other.downsample is not None:
            pairs += zip(other.downsample, own.shortcut, strict=True)  # type: ignore[arg-type]
        perceptron = other.attention.ca.sharedMLP
        gate: Any = own.gates["channel"]
        for i, matrix in ((0, gate.squeeze), (2, gate.expand)):
            perceptron[i].weight.data = matrix.weight.view_as(perceptron[i].weight)
        space: Any = own.gates["space"]
        pairs.append((other.attention.sa.conv, space.conv))
    for other, own in (*pairs, (peer.head, network.classifier)):
        other.load_state_dict(own.state_dict())
    return peer.eval().requires_grad_(False).to(network.classifier.weight.dtype)


def ways(network: ResidualSNN, image: Tensor) -> dict[str, Callable[[], Tensor]]:
    """Return ways of computing the same logits of a picture (B, C, H, W), ours first."""
    T, folded, peer = network.config.T, network.folded(), of_spikingjelly(network)

    def spikingjelly() -> Tensor:
        from spikingjelly.activation_based import functional

        functional.reset_net(peer)
        return peer(image)

    found: dict[str, Callable[[], Tensor]] = {
        "folded": lambda: folded(still(image, T)),
        "as published": lambda: as_published(network, image.expand(T, *image.shape)),
    }
    return found if peer is None else {**found, "SpikingJelly": spikingjelly}


def agree(depth: int, steps: int) -> dict[str, float]:
    """Return how far each peer's logits are from ours, relative to the largest, on a small picture.

    Raises:
        AssertionError: If any are too far.
    """
    network = network_of(depth, SMALL_PX, steps).double()
    image = torch.from_numpy(picture(SMALL_PX)).double()[None]
    settled(network, still(image, steps))
    (_, ours), *peers = ways(network, image).items()
    expected = ours()
    apart = {
        name: float((peer() - expected).abs().max() / expected.abs().max()) for name, peer in peers
    }
    assert all(value <= TOLERANCE for value in apart.values()), f"other logits: {apart}"
    return apart


def times(
    depth: int, side: int, steps: int, runs: int
) -> Iterator[tuple[str, float, float, float]]:
    """Return each peer's name, our time and its own in ms, and their ratio, when it is measured."""
    agree(depth, steps)
    network, image = network_of(depth, side, steps), torch.from_numpy(picture(side))[None]
    settled(network, still(image, steps))
    (_, ours), *peers = ways(network, image).items()
    for name, peer in peers:
        with torch.inference_mode():
            measured = paired(ours, peer, runs)
        yield name, *measured


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--depth", type=int, choices=(18, 34, 104), default=DEPTH)
    parser.add_argument("--side", type=int, default=SIDE_PX, metavar="PX")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="T")
    parser.add_argument(
        "--runs", type=int, default=3, help="recordings, and timed runs of each (3)"
    )
    parser.add_argument("--only", choices=("memory", "time", "page"))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    asked = (options.depth, options.side, options.steps, options.runs)
    if options.child:
        recorded(*asked)
        return
    print(
        f"Att-Res-SNN-{options.depth}, {options.side} x {options.side} px, T = {options.steps}; "
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    if options.only in (None, "page"):
        told = page(*asked[:3])
        print("page: one run s   its numbers s   player MB   spatial gates MB")
        print("".join(f"{told[key]:{width}.2f}" for key, width in _PAGE.items()))
    if options.only in (None, "memory"):
        print("recording   held MB   at most MB   response MB")
        for run, row in enumerate(memory(*asked), start=1):
            print(
                f"{run:9} {row['held_mb']:9.0f} {row['peak_mb']:12.0f} {row['response_mb']:13.2f}"
            )
    if options.only in (None, "time"):
        print(f"\npeer           folded ms   its ms   ratio   (medians of {options.runs} runs)")
        for name, own_ms, peer_ms, ratio in times(*asked):
            print(f"{name:14} {own_ms:9.0f} {peer_ms:8.0f} {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
