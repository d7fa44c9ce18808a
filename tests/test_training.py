"""Training on a task small enough to learn in seconds: pauses, precision, several processes."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from masnn import training
from masnn.augmentation import Augmentation
from masnn.errors import DataError
from masnn.framesets import FrameSet
from masnn.history import write_history
from masnn.networks import NetworkConfig
from masnn.training import TrainConfig, train

CONFIG = NetworkConfig(
    n_classes=2,
    T=4,
    dt_ms=10.0,
    input_size=(8, 8),
    channels=(4, 6),
    pools=(1, 2),
    hidden=(8,),
    temporal_reduction=2,
    channel_reduction=2,
    attention="TCSA",
)
HOW = TrainConfig(epochs=4, batch=8, learning_rate=0.02, shift_px=1, keep_events=0.9)


def halves(n=48, seed=0, bins=4):
    """Return recordings whose events lie in the left (class 0) or right half (class 1)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    counts = np.zeros((n, bins, 2, 8, 8), np.uint8)
    for i, label in enumerate(labels):
        counts[i, ..., 4 * label : 4 * label + 4] = rng.integers(0, 3, (bins, 2, 8, 4))
    starts = np.arange(n + 1, dtype=np.int64) * bins
    return FrameSet(counts.reshape(-1, 2, 8, 8), starts, labels.astype(np.int64), 4)


def weights(network):
    return {k: v.clone() for k, v in network.state_dict().items()}


def test_a_network_learns_left_from_right():
    config = replace(CONFIG, attention="none")
    network, history, measured = train(config, halves(), halves(seed=1), replace(HOW, epochs=10))
    assert measured.accuracy > 0.9 and len(history) == 10
    assert history[-1].validation_accuracy == measured.accuracy
    assert not network.training


@pytest.mark.parametrize("at", [3, 8, 13])
def test_a_run_stopped_at_any_step_goes_on_as_if_it_had_not(at, tmp_path):
    state = tmp_path / "run.pt"
    how = replace(HOW, random_start=True)
    data, other = halves(bins=7), halves(seed=1)
    whole, history, _ = train(CONFIG, data, other, how)

    def stop(step, *_):
        if step == at:  # asked after a step, granted after the next: all processes must agree
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, data, other, how, state_file=state, on_step=stop)
    assert torch.load(state, weights_only=True)["progress"]["step"] == (at + 1) % 6
    steps = []
    resumed, again, _ = train(
        CONFIG, data, other, how, state_file=state, on_step=lambda step, *_: steps.append(step)
    )
    assert steps == list(range(at + 2, 25))
    assert again == history
    for key, value in weights(whole).items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_the_state_is_kept_every_so_often(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVE_EVERY_S", 0.0)
    state, seen = tmp_path / "run.pt", []

    def look(step, *_):
        if state.exists():
            seen.append(torch.load(state, weights_only=True)["progress"]["step"])

    train(CONFIG, halves(), halves(seed=1), replace(HOW, epochs=1), state_file=state, on_step=look)
    assert seen == [1, 2, 3, 4, 5]


def test_a_state_of_other_settings_or_none_at_all_is_not_resumed(tmp_path):
    state = tmp_path / "run.pt"
    how = TrainConfig(epochs=1, batch=8)
    train(CONFIG, halves(8), halves(8), how, state_file=state)
    with pytest.raises(DataError, match="other settings or data"):
        train(CONFIG, halves(8), halves(8), replace(how, epochs=2), state_file=state)
    with pytest.raises(DataError, match="other settings or data"):
        train(CONFIG, halves(8, seed=5), halves(8), how, state_file=state)
    state.write_bytes(state.read_bytes()[:500])
    with pytest.raises(DataError, match="cannot be read as an unfinished run"):
        train(CONFIG, halves(8), halves(8), how, state_file=state)


def test_mixed_precision_fires_in_full_precision():
    seen = []
    config = replace(CONFIG, attention="none")
    how = replace(HOW, precision="bfloat16", epochs=6)
    run = training._Run(config, halves(), how, torch.device("cpu"))
    for layer in run.network.layers:
        layer.synapse.register_forward_hook(lambda *a: seen.append(a[2].dtype))
    run.step(torch.arange(8))
    assert seen == [torch.bfloat16] * 4
    assert all(p.grad.dtype == torch.float32 for p in run.network.parameters())
    _, _, measured = train(config, halves(), halves(seed=1), how)
    assert measured.accuracy > 0.8


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_mixed_precision_on_a_gpu_learns_too():
    how = replace(HOW, precision="bfloat16", epochs=8)
    _, _, measured = train(CONFIG, halves(), halves(seed=1), how, device="cuda")
    assert measured.accuracy > 0.8


PROCESS = """
import sys, torch
from dataclasses import replace
from masnn import parallel
from masnn.training import train
from test_training import CONFIG, HOW, halves
torch.set_num_threads(1)
how = replace(HOW, epochs=1, batch=7, learning_rate=1e-3, random_start=True)
if len(sys.argv) > 3:
    how = replace(how, precision=sys.argv[3])
with parallel.processes(torch.device("cpu")):
    assert parallel.world() == int(sys.argv[2])
    network, history, measured = train(CONFIG, halves(20, bins=6), halves(9, seed=1), how)
    if parallel.rank() == 0:
        result = network.state_dict(), history, measured.confusion, measured.spikes
        torch.save(result, sys.argv[1])
"""


def test_two_processes_compute_what_one_does(tmp_path):
    """Batches of 7, 7 and 6 do not divide evenly, and batch norms must see all of each."""
    results = []
    for n in (1, 2):
        file = tmp_path / f"{n}.pt"
        (tmp_path / "process.py").write_text(PROCESS)
        words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
        environment = {**os.environ, "PYTHONPATH": "tests", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*words, str(n), str(tmp_path / "process.py"), str(file), str(n)],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results.append(torch.load(file, weights_only=False))
    (one, history, confusion, spikes), (two, same, matrix, counts) = results
    for key, value in one.items():
        # A batch norm takes away what a bias before it adds: the bias's gradient is nothing but
        # rounding, of which Adam makes steps as large as any, and the mean follows it.
        if not key.endswith(("conv.bias", "linear.bias", "running_mean")):
            torch.testing.assert_close(two[key], value, rtol=1e-4, atol=2e-5, msg=key)
    assert same[0].loss == pytest.approx(history[0].loss, rel=1e-4)
    assert np.sum(matrix) == np.sum(confusion) == 9
    for layer, n in spikes.items():
        assert counts[layer] == pytest.approx(n, rel=0.02, abs=3)


def test_two_processes_train_in_mixed_precision(tmp_path):
    (tmp_path / "process.py").write_text(PROCESS)
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*words, str(tmp_path / "process.py"), str(tmp_path / "2.pt"), "2", "bfloat16"],
        env={**os.environ, "PYTHONPATH": "tests", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


RESUME = """
import os, signal, sys, torch
from pathlib import Path
from dataclasses import replace
from masnn import parallel
from masnn.training import train
from test_training import CONFIG, HOW, halves
torch.set_num_threads(1)
how = replace(HOW, epochs=2, batch=7, learning_rate=1e-3, random_start=True)
with parallel.processes(torch.device("cpu")):
    data = halves(20, bins=6), halves(9, seed=1)
    whole, _, _ = train(CONFIG, *data, how)
    # A disk of its own for each machine: the second one finds no state.
    state = Path(sys.argv[1]) / str(parallel.rank()) / "run.pt"
    def stop(step, *_):
        if step == 4 and parallel.rank() == 1:
            os.kill(os.getpid(), signal.SIGINT)
    try:
        train(CONFIG, *data, how, state_file=state, on_step=stop)
        raise SystemExit("was not stopped")
    except KeyboardInterrupt:
        assert state.exists() == (parallel.rank() == 0)
    steps = []
    seen = lambda step, *_: steps.append(step)
    went_on, _, _ = train(CONFIG, *data, how, state_file=state, on_step=seen)
    assert steps == [6], steps
    for key, value in whole.state_dict().items():
        assert torch.equal(went_on.state_dict()[key], value), key
"""


def test_two_machines_go_on_where_the_first_one_s_state_says(tmp_path):
    (tmp_path / "process.py").write_text(RESUME)
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*words, str(tmp_path / "process.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": "tests", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_stop_in_the_last_validation_is_heard(tmp_path):
    def stop(epoch):
        os.kill(os.getpid(), signal.SIGINT)

    state = tmp_path / "run.pt"
    how = replace(HOW, epochs=1)
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, halves(8), halves(8), how, state_file=state, on_epoch=stop)
    _, history, _ = train(CONFIG, halves(8), halves(8), how, state_file=state)
    assert len(history) == 1


def test_augmentation_moves_whole_recordings_and_only_drops_events():
    counts = np.zeros((2, 2, 8, 8), np.uint8)
    counts[..., 3, 4] = 9
    rng = np.random.default_rng(0)
    moved = [Augmentation(2, 1.0).apply(counts, rng) for _ in range(60)]
    places = {tuple(np.argwhere(x)[0, 2:]) for x in moved}
    assert all(x.sum() == counts.sum() for x in moved) and len(places) > 15
    assert all(abs(y - 3) <= 2 and abs(x - 4) <= 2 for y, x in places)
    kept = [Augmentation(0, 0.5).apply(counts, rng) for _ in range(60)]
    assert all((x <= counts).all() for x in kept)
    assert 0.65 < np.mean([x.sum() for x in kept]) / counts.sum() < 0.85
    assert not Augmentation(8, 1.0).apply(np.ones((1, 2, 2, 2), np.uint8), rng).sum() > 8


def test_a_window_starts_anywhere_in_a_recording_and_nowhere_else():
    rng = np.random.default_rng(1)
    starts = {Augmentation(random_start=True).start(7, 4, rng) for _ in range(100)}
    assert starts == {0, 1, 2, 3}
    assert {Augmentation().start(7, 4, rng) for _ in range(9)} == {0}


def test_the_history_is_a_table_and_a_plot(tmp_path):
    _, history, _ = train(CONFIG, halves(8), halves(8), replace(HOW, epochs=2))
    write_history(history, "tiny", tmp_path / "deep" / "tiny")
    lines = (tmp_path / "deep" / "tiny.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,training_accuracy,validation_accuracy,nasfr" and len(lines) == 3
    assert float(lines[2].split(",")[1]) == history[1].loss
    assert (tmp_path / "deep" / "tiny.svg").read_text().count("<path") > 20


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"batch": 0},
        {"learning_rate": 0},
        {"keep_events": 0},
        {"shift_px": -1},
        {"precision": "float16"},
    ],
)
def test_settings_that_train_nothing_are_refused(changes):
    with pytest.raises(ValueError):
        TrainConfig(**changes)
