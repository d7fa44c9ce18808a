"""Checkpoints: what is written is what is loaded, and nothing else is."""

import json

import numpy as np
import pytest
import torch

from masnn import checkpoints
from masnn.errors import CheckpointError
from masnn.networks import ConvSNN, NetworkConfig

CONFIG = NetworkConfig(
    n_classes=2,
    T=4,
    dt_ms=10.0,
    input_size=(8, 8),
    channels=(3,),
    pools=(2,),
    hidden=(),
    temporal_reduction=2,
    channel_reduction=1,
)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    network = ConvSNN(CONFIG).eval()
    card = checkpoints.save(
        network,
        tmp_path,
        name="small",
        classes=["a", "b"],
        data={"name": "none"},
        training={"seed": 0},
        metrics={"n": 1},
        command="none",
        licence="MIT",
    )
    return network, card, tmp_path


def test_a_loaded_network_computes_what_the_saved_one_did(saved):
    network, card, folder = saved
    loaded, again = checkpoints.load("small", folder)
    assert again.sha256 == card.sha256 and again.classes == ("a", "b")
    assert loaded.config == CONFIG and not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    x = torch.rand(2, 4, 2, 8, 8)
    with torch.no_grad():
        assert torch.equal(loaded(x), network(x))
    assert list(checkpoints.available(folder)) == ["small"]
    assert checkpoints.load(str(folder / "small.safetensors"))[1] == again


def test_an_unknown_name_lists_the_known_ones(saved):
    with pytest.raises(CheckpointError, match="Available: small"):
        checkpoints.load("smal", saved[2])


def test_changed_weights_are_refused(saved):
    path = saved[2] / "small.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256"):
        checkpoints.load("small", saved[2])


def edit(folder, change):
    path = folder / "small.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(version=99), "version"),
        (lambda c: c.pop("classes"), "classes"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.update(classes=["a"]), "n_classes"),
        (lambda c: c.update(metrics=[]), "metrics must be"),
        (lambda c: c["config"].update(attention="XA"), "describes no network"),
        (lambda c: c["config"].update(layers=3), "describes no network"),
        (lambda c: c["config"].update(T="four"), "describes no network"),
        (lambda c: c["config"].update(channels=[5]), "does not fit its card"),
        (lambda c: c["config"].update(channels=[10**9], hidden=[10**9]), "does not fit|no network"),
        (lambda c: c["config"].pop("attention"), "lacks attention"),
        (lambda c: c["config"].pop("input_size"), "lacks input_size"),
        (lambda c: c["config"].update(T=10**9), "describes no network"),
        (lambda c: c["config"].update(T=4.5), "describes no network"),
        (lambda c: c["config"].update(v_threshold=float("nan")), "describes no network"),
        (lambda c: c["config"].update(v_threshold=None), "describes no network"),
        (lambda c: c["config"].update(hidden=[1] * 20000), "describes no network"),
        (lambda c: c.update(classes=["a", "a"]), "one name"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(saved, change, message):
    edit(saved[2], change)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load("small", saved[2])


def test_damaged_files_are_refused(saved):
    folder = saved[2]
    garbage = np.arange(100, dtype=np.uint8).tobytes()
    (folder / "small.safetensors").write_bytes(garbage)
    edit(folder, lambda c: c.update(sha256=__import__("hashlib").sha256(garbage).hexdigest()))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        checkpoints.load("small", folder)
    (folder / "small.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.load("small", folder)
    (folder / "small.json").write_text("{")
    with pytest.raises(CheckpointError, match="JSON card"):
        checkpoints.load("small", folder)


@pytest.mark.parametrize("name", sorted(checkpoints.available()))
def test_every_shipped_checkpoint_loads_and_says_where_its_numbers_come_from(name):
    network, card = checkpoints.load(name)
    assert network.config.n_classes == len(card.classes)
    assert card.metrics["n"] >= 150 and 0 < card.metrics["nasfr"] < 1
    assert card.data["attribution"] and card.licence and card.command.startswith("python -m masnn")
    assert sum(map(sum, card.metrics["confusion"])) == card.metrics["n"]
