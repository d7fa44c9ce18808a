"""Time this package against its peers and print a table: python -m benchmarks [--runs N].

Every row times two ways of computing the same thing in turn, A B A B ..., after a warm-up, checks
that their results agree, and prints medians and the median of the pairwise ratios. Absolute times
depend on the machine; the ratios are what to quote.

    evaluation  the three-layer network of the paper, one recording, T = 60, 32 x 32 px: folded
                against plain, and against SpikingJelly's multi-step modules where installed
                (`pip install --no-deps spikingjelly`)
    training    one LIF layer, forward and backward: one autograd function against autograd
                through the loop; whole networks, the membrane loop compiled against plain
    frames      a million events binned: to_frames against tonic's ToFrame
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.timing import paired
from masnn import fused
from masnn.events import Events
from masnn.frames import fixed_duration, to_frames
from masnn.networks import ConvSNN, three_layer
from masnn.neurons import LIF, lif

Row = tuple[str, str, str, float, float, float]


def evaluation(runs: int) -> Iterator[Row]:
    """Compare one recording's evaluation, folded against plain and SpikingJelly."""
    torch.manual_seed(0)
    plain = ConvSNN(three_layer(attention="none")).eval().requires_grad_(False)
    folded = plain.folded()
    x = (torch.rand(1, 60, 2, 32, 32) < 0.1).float()
    with torch.inference_mode():
        difference = float((plain(x) - folded(x)).abs().max())
        assert difference <= 2 / 60, f"folding changed a rate by {difference}"
        yield (
            "three-layer, T = 60",
            "folded",
            "plain",
            *paired(lambda: folded(x), lambda: plain(x), runs),
        )
        attention = ConvSNN(three_layer()).eval().requires_grad_(False)
        quick = attention.folded()
        yield (
            "the same with TCSA",
            "folded",
            "plain",
            *paired(lambda: quick(x), lambda: attention(x), runs),
        )
        peer = spikingjelly_network(plain)
        if peer is None:
            print("SpikingJelly is not installed: its row is left out.")
            return

        def run_peer() -> torch.Tensor:
            from spikingjelly.activation_based import functional

            functional.reset_net(peer)
            return peer(x.transpose(0, 1)).mean(0)

        difference = float((run_peer() - folded(x)).abs().max())
        assert difference <= 2 / 60, f"SpikingJelly's rates differ by {difference}"
        yield (
            "three-layer, T = 60",
            "folded",
            "SpikingJelly",
            *paired(lambda: folded(x), run_peer, runs),
        )


def spikingjelly_network(plain: ConvSNN) -> Any:
    """Return the same network, weights copied, of SpikingJelly's multi-step modules."""
    try:
        from spikingjelly.activation_based import layer, neuron
    except ImportError:
        return None

    modules: list[torch.nn.Module] = []
    for ours in plain.layers:
        synapse = ours.synapse
        if hasattr(synapse, "conv"):
            n_out, n_in = synapse.conv.weight.shape[:2]
            weighted = layer.Conv2d(n_in, n_out, 3, padding=1, step_mode="m")
            weighted.load_state_dict(synapse.conv.state_dict())
            norm = layer.BatchNorm2d(n_out, step_mode="m")
            modules += [weighted, norm]
            if synapse.pool > 1:
                modules.append(layer.AvgPool2d(synapse.pool, step_mode="m"))
        else:
            weighted = layer.Linear(
                synapse.linear.in_features, synapse.linear.out_features, step_mode="m"
            )
            weighted.load_state_dict(synapse.linear.state_dict())
            norm = layer.BatchNorm1d(synapse.linear.out_features, step_mode="m")
            modules += [layer.Flatten(step_mode="m"), weighted, norm]
        norm.load_state_dict(synapse.norm.state_dict())
        # decay_input=False: u = v - (v - v_reset) / tau + x, which is Eq. 3-5 for tau as below.
        modules.append(
            neuron.LIFNode(
                tau=1 / (1 - plain.config.decay),
                decay_input=False,
                v_threshold=plain.config.v_threshold,
                v_reset=plain.config.v_reset,
                step_mode="m",
            )
        )
    return torch.nn.Sequential(*modules).eval().requires_grad_(False)


def training(runs: int) -> Iterator[Row]:
    """Compare a LIF layer's training step with autograd through the loop."""
    current = torch.randn(8, 16, 64, 32, 32)
    neuron = LIF()

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, u: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(u)
            return (u >= neuron.v_threshold).to(u.dtype)

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
            return grad * neuron.surrogate(ctx.saved_tensors[0])

    def loop(x: torch.Tensor) -> torch.Tensor:
        v, spikes = torch.zeros_like(x[:, 0]), []
        for t in range(x.shape[1]):
            u = v + x[:, t]
            s = Step.apply(u)
            v = neuron.v_after_spike * s + neuron.decay * u * (1 - s)
            spikes.append(s)
        return torch.stack(spikes, 1)

    def step(function: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        x = current.clone().requires_grad_()
        function(x).sum().backward()
        assert x.grad is not None
        return x.grad

    def ours(x: torch.Tensor) -> torch.Tensor:
        return lif(x, neuron)[0]

    torch.testing.assert_close(step(ours), step(loop))
    yield (
        "LIF layer, training step",
        "one function",
        "autograd loop",
        *paired(lambda: step(ours), lambda: step(loop), runs),
    )


def compiled(runs: int) -> Iterator[Row]:
    """Compare a training step of whole networks with the membrane loop compiled and plain."""
    x = torch.poisson(torch.full((8, 30, 2, 32, 32), 0.3))
    for attention in ("none", "TCSA"):
        torch.manual_seed(0)
        config = three_layer(T=30, channels=(16, 32, 32), hidden=(128,), attention=attention)
        config = dataclasses.replace(config, channel_reduction=8)
        network = ConvSNN(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def step(enabled: bool, network: ConvSNN = network) -> torch.Tensor:
            fused.enabled = enabled
            network.zero_grad()
            network(x).square().sum().backward()
            fused.enabled = True
            gradient = network.layers[0].synapse.conv.weight.grad
            assert gradient is not None
            return gradient

        torch.testing.assert_close(step(True), step(False), rtol=0.02, atol=1e-3)
        yield (
            f"three-layer network 16-32-32, {attention}, training step, T = 30, batch 8",
            "compiled",
            "plain",
            *paired(lambda: step(True), lambda: step(False), runs),
        )


def frames(runs: int) -> Iterator[Row]:
    """Compare binning a million events with tonic's ToFrame."""
    from tonic.transforms import ToFrame

    rng = np.random.default_rng(0)
    n = 1_000_000
    t = np.sort(rng.integers(0, 6_000_000, n))
    t[0], t[-1] = 0, 6_000_000
    xy, p = rng.integers(0, 128, (2, n)), rng.integers(0, 2, n)
    events = Events(*xy, t, p, 128, 128)
    theirs = np.zeros(n, dtype=[("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i2")])
    for name in "xytp":
        theirs[name] = getattr(events, name)
    edges = fixed_duration(100.0, 60)
    transform = ToFrame(sensor_size=(128, 128, 2), time_window=100_000)
    ours = to_frames(events, edges, (128, 128)).counts
    np.testing.assert_array_equal(ours, transform(theirs)[:60])
    yield (
        "1,000,000 events to frames",
        "to_frames",
        "tonic ToFrame",
        *paired(lambda: to_frames(events, edges, (128, 128)), lambda: transform(theirs), runs),
    )


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--runs", type=int, default=9, help="counted runs of each (9)")
    runs = parser.parse_args().runs
    rows = [*evaluation(runs), *training(runs), *compiled(runs), *frames(runs)]
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"medians of {runs} runs"
    )
    print("| what | A | B | A ms | B ms | B / A |")
    print("| --- | --- | --- | --- | --- | --- |")
    for what, a, b, a_ms, b_ms, ratio in rows:
        print(f"| {what} | {a} | {b} | {a_ms:.1f} | {b_ms:.1f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
