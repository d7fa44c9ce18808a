"""Training and evaluation on a task small enough to learn in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from masnn import datasets, recipes, training
from masnn.errors import DataError
from masnn.events import Events
from masnn.networks import ConvSNN, NetworkConfig
from masnn.training import TrainConfig, augment, evaluate, train
from masnn.writers import write_events

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


def halves(n=48, seed=0):
    """Return frames whose events lie in the left (class 0) or right half (class 1)."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    frames = torch.zeros(n, 4, 2, 8, 8)
    for i, label in enumerate(labels.tolist()):
        frames[i, ..., 4 * label : 4 * label + 4] = torch.randint(
            0, 3, (4, 2, 8, 4), generator=generator
        ).float()
    return frames.short(), labels


def test_a_network_learns_left_from_right():
    config = replace(CONFIG, attention="none")
    how = replace(HOW, epochs=10)
    network, history, measured = train(config, halves(), halves(seed=1), how)
    assert measured.accuracy > 0.9 and len(history) == 10
    assert history[-1].validation_accuracy == measured.accuracy
    assert not network.training


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    state = tmp_path / "run.pt"
    whole, history, _ = train(CONFIG, halves(), halves(seed=1), HOW)

    class Stop(Exception):
        pass

    def stop(epoch):
        if epoch.epoch == 3:
            raise Stop

    with pytest.raises(Stop):
        train(CONFIG, halves(), halves(seed=1), HOW, state_file=state, on_epoch=stop)
    assert state.exists()
    resumed, again, _ = train(CONFIG, halves(), halves(seed=1), HOW, state_file=state)
    assert again == history
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_a_state_of_other_settings_is_not_resumed(tmp_path):
    state = tmp_path / "run.pt"
    how = TrainConfig(epochs=1, batch=8)
    train(CONFIG, halves(8), halves(8), how, state_file=state)
    with pytest.raises(DataError, match="other settings"):
        train(CONFIG, halves(8), halves(8), TrainConfig(epochs=2, batch=8), state_file=state)
    with pytest.raises(DataError, match="other settings"):
        train(CONFIG, halves(8, seed=5), halves(8), how, state_file=state)


def test_an_evaluation_counts_what_a_recording_shows():
    torch.manual_seed(3)
    network = ConvSNN(CONFIG).eval()
    frames, labels = halves(6)
    measured = evaluate(network, frames, labels, batch=4)
    spikes = {}
    with torch.no_grad():
        rates = network.folded()(frames.float(), lambda n, v: spikes.update({n: v.clone()}))
    for layer, count in measured.spikes.items():
        assert count == int(spikes[f"{layer}.spikes"].sum())
    neurons = sum(measured.neurons.values())
    assert measured.nasfr == sum(measured.spikes.values()) / (neurons * 4 * 6)
    assert measured.correct == int((rates.argmax(1) == labels).sum())
    assert np.sum(measured.confusion) == 6 == measured.n
    low, high = measured.accuracy_interval
    assert 0 <= low <= measured.accuracy <= high <= 1


def test_the_interval_is_wilsons():
    measured = training.Evaluation(200, 190, 0, {"a": 1}, {"a": 1}, 1, [[200]])
    low, high = measured.accuracy_interval
    assert (round(low, 4), round(high, 4)) == (0.9104, 0.9726)


def test_augmentation_moves_whole_recordings_and_only_drops_events():
    frames = torch.zeros(40, 2, 2, 8, 8)
    frames[..., 3, 4] = 9
    generator = torch.Generator().manual_seed(0)
    moved = augment(frames, TrainConfig(shift_px=2, keep_events=1.0), generator)
    places = {tuple(x.nonzero()[0, 2:].tolist()) for x in moved}
    assert moved.sum() == frames.sum() and len(places) > 8
    assert all(abs(y - 3) <= 2 and abs(x - 4) <= 2 for y, x in places)
    kept = augment(frames, TrainConfig(shift_px=0, keep_events=0.5), generator)
    assert (kept <= frames).all() and 0.6 < float(kept.sum() / frames.sum()) < 0.9


@pytest.fixture
def folder(tmp_path):
    """Make a folder of 2 classes of 6 recordings in tonic's N-MNIST layout."""
    root = tmp_path / "NMNIST" / "Train"
    rng = np.random.default_rng(0)
    for label in range(2):
        (root / str(label)).mkdir(parents=True)
        for i in range(6):
            x = rng.integers(0, 15, 60) + 17 * label
            t = np.sort(rng.integers(0, 300_000, 60))
            events = Events(x, rng.integers(0, 34, 60), t, rng.integers(0, 2, 60), 34, 34)
            write_events(events, root / str(label) / f"{i:05}.bin")
    return tmp_path / "NMNIST"


def test_class_folders_are_listed_from_any_level(folder):
    for level in (folder.parent, folder, folder / "Train"):
        data = datasets.labelled_folder(level)
        assert len(data) == 12 and data.classes == ("0", "1") and data.labels == (0,) * 6 + (1,) * 6


def test_classes_of_a_card_keep_their_order(folder):
    data = datasets.labelled_folder(folder, ["1", "0"])
    assert data.classes == ("1", "0") and data.paths[0].parent.name == "1"
    with pytest.raises(DataError, match="none of the network's classes"):
        datasets.labelled_folder(folder, ["0", "cat"])


def test_a_split_is_stratified_disjoint_and_seeded(folder):
    data = datasets.labelled_folder(folder)
    one, two = datasets.split(data, 4, 0), datasets.split(data, 4, 0)
    other = datasets.split(data, 4, 1)
    training_part, validation = one
    assert one == two and one != other
    assert not set(training_part.paths) & set(validation.paths)
    assert len(training_part) == 8 and sorted(validation.labels) == [0, 0, 1, 1]
    for n in (1, 12):
        with pytest.raises(DataError):
            datasets.split(data, n, 0)


def test_folders_that_hold_no_data_are_explained(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        datasets.labelled_folder(tmp_path / "none")
    with pytest.raises(DataError, match="no folder at all"):
        datasets.labelled_folder(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="hold no files"):
        datasets.labelled_folder(tmp_path)
    (tmp_path / "a" / "bad.bin").write_bytes(b"\x00")
    with pytest.raises(DataError, match=r"bad\.bin"):
        datasets.load_frames(datasets.labelled_folder(tmp_path), CONFIG)


def test_a_recipe_makes_a_checkpoint_that_measures_what_its_card_says(folder, tmp_path):
    from masnn import checkpoints

    card = recipes.run(
        "tiny",
        folder,
        preset="nmnist",
        changes={"channels": (2, 2, 2), "channel_reduction": 1},
        how=TrainConfig(epochs=1, batch=4),
        n_validation=4,
        out=tmp_path / "out",
        runs=tmp_path / "runs",
        device="cpu",
        command="python -m masnn train",
    )
    network, loaded = checkpoints.load("tiny", tmp_path / "out")
    assert loaded == card and card.data["validation"] == 4 and card.data["training"] == 8
    part = recipes.part_of(datasets.labelled_folder(folder, card.classes), card, "validation")
    measured = evaluate(network, *datasets.load_frames(part, network.config))
    assert {"part": "validation", **recipes.metrics(measured)} == card.metrics
    assert not list((tmp_path / "runs").iterdir()), "a finished run leaves no state behind"
    with pytest.raises(DataError, match="trained on a set of 12"):
        recipes.part_of(part, card, "validation")


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 0}, {"batch": 0}, {"learning_rate": 0}, {"keep_events": 0}, {"shift_px": -1}],
)
def test_settings_that_train_nothing_are_refused(changes):
    with pytest.raises(ValueError):
        TrainConfig(**changes)
