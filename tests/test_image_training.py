"""Residual networks learn images by the paper's recipe; recordings are learned as before."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from PIL import Image

from masnn import recipes, zoo
from masnn.evaluation import evaluate
from masnn.framesets import Sample
from masnn.images import Transform
from masnn.imagesets import ImageSet
from masnn.presets import PRESETS
from masnn.residual import ResidualSNN, still
from masnn.residual_config import ResidualConfig
from masnn.training import TrainConfig, _optimiser, train

CONFIG = ResidualConfig(
    n_classes=2,
    T=2,
    input_size=(8, 8),
    in_channels=1,
    blocks=(1, 1),
    width=4,
    stem_kernel=3,
    stem_stride=1,
    stem_pool=False,
    channel_reduction=2,
    dropout=0.0,
)
HOW = replace(PRESETS["digits"].training, epochs=12, batch=8, shift_px=1)


def halves(tmp_path, n=48, seed=0):
    """Return images that are light on the left (class 0) or on the right (class 1)."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (n, 8, 8), dtype=np.uint8)
    for i in range(n):
        images[i, :, 4 * (i % 2) : 4 * (i % 2) + 4] += 150
    samples = tuple(Sample(tmp_path / f"{i}.png", i % 2) for i in range(n))
    return ImageSet(samples, Transform((8, 8), (0.0,), (255.0,)), tuple(images))


def test_a_network_learns_left_from_right_and_a_pause_changes_nothing(tmp_path):
    data, asked = halves(tmp_path), halves(tmp_path, seed=1)
    network, _, measured = train(CONFIG, data, asked, HOW)
    assert measured.accuracy > 0.9 and measured.T == 2

    class Pause(Exception):
        pass

    def stop(epoch):
        if epoch.epoch == 3:
            raise Pause

    file = tmp_path / "run.pt"
    with pytest.raises(Pause):
        train(CONFIG, data, asked, HOW, state_file=file, on_epoch=stop)
    again, _, _ = train(CONFIG, data, asked, HOW, state_file=file)
    for key, value in network.state_dict().items():
        assert torch.equal(value, again.state_dict()[key]), key


def test_the_loss_and_the_steps_are_those_of_the_recipe(tmp_path):
    data = halves(tmp_path, n=4)
    how = replace(HOW, epochs=1, batch=4, shift_px=0, turn_deg=0.0, stretch=0.0)
    torch.manual_seed(how.seed)
    expected = ResidualSNN(CONFIG)
    x = torch.from_numpy(np.concatenate([data.clips(i, 1) for i in range(4)]))
    logits = expected.train()(still(x[:, 0], 2))
    # Smoothed labels: 0.9 and a tenth shared by the two classes.
    target = torch.full((4, 2), 0.05)
    target[torch.arange(4), torch.arange(4) % 2] = 0.95
    loss = -(target * logits.log_softmax(1)).sum(1).mean()
    loss.backward()
    with torch.no_grad():
        for p in expected.parameters():
            if p.grad is not None:  # the first step of momentum is the gradient's own
                p -= how.learning_rate * (p.grad + how.weight_decay * p)
    network, history, _ = train(CONFIG, data, data, how)
    assert history[0].loss == pytest.approx(loss.item(), rel=1e-5)
    for name, value in expected.named_parameters():
        found = network.state_dict()[name]
        assert torch.allclose(found, value, atol=1e-5), name


def test_images_are_measured_as_if_they_were_repeated(tmp_path):
    data = halves(tmp_path, n=6)
    torch.manual_seed(0)
    network = ResidualSNN(CONFIG).eval()
    measured = evaluate(network, data)
    x = torch.from_numpy(np.concatenate([data.clips(i, 1) for i in range(6)]))
    spikes = 0

    def count(name, value):
        nonlocal spikes
        spikes += int(value.sum()) if name.endswith(".spikes") else 0

    with torch.no_grad():
        logits = network.folded()(x.repeat(1, 2, 1, 1, 1), count)
    assert sum(measured.spikes.values()) == spikes
    assert measured.correct == int((logits.argmax(1) == torch.arange(6) % 2).sum())


def test_recordings_are_learned_as_before():
    how = PRESETS["nmnist"].training
    assert (how.loss, how.optimiser, how.weight_decay) == ("squared", "adam", 0)
    optimiser = _optimiser(ResidualSNN(CONFIG), how)
    usual = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], how.learning_rate)
    assert optimiser.defaults == usual.defaults
    with pytest.raises(ValueError, match="loss and optimiser"):
        TrainConfig(loss="hinge")


def test_keys_of_earlier_checkpoints_hold():
    # Written before training knew images; `make zoo` would train everything again otherwise.
    class Data:
        def digest(self):
            return "x"

    (entry,) = (e for e in zoo.entries() if e.name == "nmnist-tcsa")
    assert not set(recipes._LATER) - set(asdict(entry.how))
    known = "d9966f7fc25b78fac0b5b065244ae5aab5ea81ac41da6eeb9007832b3e8d4c24"
    assert recipes.key(entry, Data(), Data()) == known
    other = replace(entry, how=replace(entry.how, weight_decay=1e-4))
    assert recipes.key(other, Data(), Data()) != known


def test_a_folder_of_images_becomes_a_checkpoint_that_is_measured_again(tmp_path):
    from masnn import checkpoints, images
    from masnn.__main__ import main
    from masnn.datasets import open_dataset

    rng = np.random.default_rng(0)
    for part, n in (("train", 8), ("val", 4)):
        for i in range(n):
            pixels = rng.integers(0, 255, (8, 8), dtype=np.uint8)
            file = tmp_path / "data" / part / str(i % 2) / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
    recipe = zoo._BASES["digits"]
    small = {"blocks": (1, 1), "width": 4, "T": 2}
    recipe = replace(recipe, attention="CSA", changes=small, how=replace(recipe.how, epochs=1))
    assert recipe.name == "digits-csa6-t2"
    out = tmp_path / "out"
    card = recipes.run(recipe, tmp_path / "data", out=out, runs=tmp_path / "runs", device="cpu")
    assert card.title == "CSA-Res-SNN-6" and images.sees_images(card)
    assert images.transform_of_card(card) == recipe.transform
    assert (card.data["training"], card.data["validation"]) == (8, 4)
    network, card = checkpoints.load(card.name, out)
    part = recipes.part_of(open_dataset(tmp_path / "data", card.classes), card, "validation")
    frames = recipes.frames_of(part, network.config, transform=images.transform_of_card(card))
    measured = recipes.metrics(evaluate(network, frames))
    assert {"part": "validation", **measured} == card.metrics
    words = ["evaluate", str(out / card.name), "--data", str(tmp_path / "data"), "--json"]
    assert main(words) == 0
