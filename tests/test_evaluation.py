"""An evaluation counts what recordings show."""

import numpy as np
import torch
from test_training import CONFIG, halves

from masnn.evaluation import Evaluation, evaluate
from masnn.networks import ConvSNN


def test_an_evaluation_counts_what_a_recording_shows():
    torch.manual_seed(3)
    network = ConvSNN(CONFIG).eval()
    frames = halves(6)
    measured = evaluate(network, frames, batch=4)
    x = torch.from_numpy(frames.counts.reshape(6, 4, 2, 8, 8)).float()
    spikes = {}
    with torch.no_grad():
        rates = network.folded()(x, lambda n, v: spikes.update({n: v.clone()}))
    for layer, count in measured.spikes.items():
        assert count == int(spikes[f"{layer}.spikes"].sum())
    neurons = sum(measured.neurons.values())
    assert measured.nasfr == sum(measured.spikes.values()) / (neurons * 4 * 6)
    assert measured.correct == int((rates.argmax(1).numpy() == frames.labels).sum())
    assert np.sum(measured.confusion) == 6 == measured.n
    low, high = measured.accuracy_interval
    assert 0 <= low <= measured.accuracy <= high <= 1


def test_the_mean_of_a_recordings_windows_decides():
    torch.manual_seed(3)
    network = ConvSNN(CONFIG).eval()
    frames = halves(5, bins=9)
    measured = evaluate(network, frames, clips=3, batch=4)
    votes = []
    for i in range(5):
        x = torch.from_numpy(np.stack([frames.window(i, start) for start in (0, 2, 5)])).float()
        with torch.no_grad():
            votes.append(int(network.folded()(x).mean(0).argmax()))
    assert measured.correct == int((np.array(votes) == frames.labels).sum())
    once = evaluate(network, frames)
    assert measured.clips == 3 and once.clips == 1
    total = sum(measured.spikes.values())
    assert measured.spikes_per_recording == total / 15
    assert measured.nasfr == total / (sum(measured.neurons.values()) * 4 * 15)


def test_the_interval_is_wilsons():
    measured = Evaluation(200, 190, 0, {"a": 1}, {"a": 1}, 1, [[200]])
    low, high = measured.accuracy_interval
    assert (round(low, 4), round(high, 4)) == (0.9104, 0.9726)
