"""What deep residual networks cost: memory that does not grow, and peers that compute the same."""

import importlib.util

import pytest

from benchmarks import residual as benchmark


def test_the_deepest_network_is_recorded_in_bounded_memory():
    # A process of its own, torch and weights of 78 million parameters included.
    held = benchmark.memory(benchmark.DEPTH, benchmark.SIDE_PX, benchmark.STEPS, runs=3)
    assert len(held) == 3
    assert max(row["peak_mb"] for row in held) < 2_000
    # An eighth of a byte for each of 12 million neurons and 4 steps.
    assert {round(row["response_mb"], 1) for row in held} == {6.0}
    assert held[-1]["held_mb"] - held[0]["held_mb"] < 40
    assert held[-1]["peak_mb"] - held[0]["peak_mb"] < 40


def test_what_the_page_of_a_photograph_sends_is_bounded():
    sent = benchmark.page(18, 224, 4)
    # Bits of 2 times 64 maps of 112 x 112 at 4 steps, the picture's colours, and little else.
    bits, picture = 64 * 112**2 * 4 / 8, 224**2 * 3
    assert 2 * bits + picture < 1e6 * sent["player_mb"] < 2 * bits + picture + 100_000
    assert sent["gates_mb"] < 0.2


def test_what_it_is_timed_against_computes_the_same():
    apart = benchmark.agree(18, 2)
    assert apart["as published"] <= benchmark.TOLERANCE
    assert ("SpikingJelly" in apart) == (importlib.util.find_spec("spikingjelly") is not None)


def test_another_network_is_told_apart(monkeypatch):
    plain = benchmark.as_published

    def other(network, x):
        network.blocks[3].norm2.bias += 0.2
        return plain(network, x)

    monkeypatch.setattr(benchmark, "as_published", other)
    with pytest.raises(AssertionError, match="other logits"):
        benchmark.agree(18, 2)
