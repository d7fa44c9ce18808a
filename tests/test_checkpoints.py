"""Checkpoints: what is written is what is loaded, and nothing else is."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
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

METRICS = {
    "part": "validation",
    "n": 1,
    "accuracy": 1.0,
    "accuracy_95": [0.2, 1.0],
    "tied": 0,
    "nasfr": 0.1,
    "spikes_per_recording": 9.5,
}

CARD = {
    "name": "small",
    "classes": ["a", "b"],
    "data": {"name": "none", "attribution": "nobody", "training": 3},
    "training": {"seed": 0, "epochs": 1},
    "metrics": METRICS,
    "command": "none",
    "licence": "MIT",
}


def small(config=CONFIG):
    torch.manual_seed(0)
    return ConvSNN(config).eval()


@pytest.fixture
def saved(tmp_path):
    network = small()
    return network, checkpoints.save(network, tmp_path, **CARD), tmp_path


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


def test_saving_twice_gives_one_hash(saved, tmp_path):
    assert checkpoints.save(small(), tmp_path / "again", **CARD).sha256 == saved[1].sha256


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


def edit(folder, change, name="small"):
    path = folder / f"{name}.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def replace_weights(folder, content):
    """Write other weights and a card that vouches for them."""
    (folder / "small.safetensors").write_bytes(content)
    edit(folder, lambda c: c.update(sha256=hashlib.sha256(content).hexdigest()))


def with_tensors(folder, change, metadata=None):
    """Change the stored tensors; the metadata stay unless others are given."""
    path = folder / "small.safetensors"
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata() if metadata is None else metadata
    tensors = safetensors.torch.load(path.read_bytes())
    change(tensors)
    replace_weights(folder, safetensors.torch.save(tensors, metadata=metadata))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["config"].update(decay=0.9), r"config\.decay is 0\.9, but .* with 0\.3"),
        (lambda c: c["config"].update(attention="none"), r"config\.attention is"),
        (lambda c: c["config"].update(channels=[5]), r"config\.channels"),
        (lambda c: c["config"].update(relu=False), r"config\.relu is false, .* with null"),
        (lambda c: c["config"].update(layers=3), r"config\.layers is 3, .* with missing"),
        (lambda c: c["config"].pop("decay"), r"config\.decay is missing"),
        (lambda c: c.update(classes=["b", "a"]), "classes is"),
    ],
)
def test_the_hash_covers_configuration_and_classes(saved, change, message):
    edit(saved[2], change)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load("small", saved[2])


def test_weights_that_say_no_configuration_are_refused(saved):
    for metadata, message in (
        ({}, "earlier version"),
        ({"card": "[[1, 2]]"}, "metadata are damaged"),
        ({"card": "[" * 100_000}, "metadata are damaged"),
        ({"card": '{"1": []}'}, "is missing"),
    ):
        with_tensors(saved[2], lambda tensors: None, metadata)
        with pytest.raises(CheckpointError, match=message):
            checkpoints.load("small", saved[2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(version=99), "version"),
        (lambda c: c.pop("classes"), "classes"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.update(classes=["a"]), "n_classes"),
        (lambda c: c.update(classes=["a", "a"]), "one name"),
        (lambda c: c.update(classes=["a", 1]), "classes must be a list of texts"),
        (lambda c: c.update(metrics=[]), "metrics must be"),
        (lambda c: c.update(sha256="\x1b[2J" * 16), "sha256 must be 64 hexadecimal digits"),
        (lambda c: c.update(sha256="A" * 64), "sha256 must be 64 hexadecimal digits"),
        (lambda c: c.update(sha256="0" * 63), "sha256 must be 64 hexadecimal digits"),
        (lambda c: c["config"].pop("attention"), "lacks attention"),
        (lambda c: c["config"].pop("input_size"), "lacks input_size"),
        (lambda c: c["config"].update(T="four"), r"config\.T must be a whole number.*\"four\""),
        (lambda c: c["config"].update(T=4.5), r"config\.T must be"),
        (lambda c: c["config"].update(T=True), r"config\.T must be"),
        (lambda c: c["config"].update(T=10**9), "larger than any recording"),
        (lambda c: c["config"].update(T=10**30), "64 bits"),
        (lambda c: c["config"].update(dt_ms=1e-9), r"config\.dt_ms must be"),
        (lambda c: c["config"].update(input_size=[8]), r"config\.input_size must be two"),
        (lambda c: c["config"].update(decay={"a": 1}), r"config\.decay must be"),
        (lambda c: c["config"].update(channels=[3, "x"]), r"config\.channels must be"),
        (lambda c: c["config"].update(v_threshold=float("nan")), "v_threshold must be a finite"),
        (lambda c: c["config"].update(v_threshold=-float("inf")), "v_threshold must be a finite"),
        (lambda c: c["data"].pop("attribution"), "data lacks attribution"),
        (lambda c: c["data"].update(training="many"), r"data\.training must be"),
        (lambda c: c["data"].update(recordings=2.5), r"data\.recordings must be"),
        (lambda c: c["training"].update(seed=None), r"training\.seed must be"),
        (lambda c: c["training"].update(history=[{"loss": float("nan")}]), r"history\[0\]\.loss"),
        (lambda c: c["metrics"].pop("accuracy_95"), "metrics lacks accuracy_95"),
        (lambda c: c["metrics"].update(accuracy_95=0.5), r"accuracy_95 must be two numbers"),
        (lambda c: c["metrics"].update(accuracy="high"), r"metrics\.accuracy must be"),
        (lambda c: c["metrics"].update(nasfr=True), r"metrics\.nasfr must be"),
        (lambda c: c["metrics"].update(n=[0] * 99), r"metrics\.n must be .*\.\.\.\."),
    ],
)
def test_a_card_that_does_not_fit_is_refused_and_hides_no_other(saved, change, message):
    folder = saved[2]
    checkpoints.save(small(), folder, **{**CARD, "name": "other"})
    edit(folder, change)
    with pytest.raises(CheckpointError, match=message) as refusal:
        checkpoints.load("small", folder)
    assert "small.json" in str(refusal.value)
    assert list(checkpoints.available(folder)) == ["other"]
    assert checkpoints.problems(folder) == {"small": str(refusal.value)}


def test_a_card_nested_without_end_is_refused(saved):
    (saved[2] / "small.json").write_text('{"version": ' + "[" * 100_000)
    assert "JSON card" in checkpoints.problems(saved[2])["small"]
    data = CARD["data"]
    for _ in range(20):
        data = {**CARD["data"], "inner": data}
    with pytest.raises(CheckpointError, match="nested deeper"):
        checkpoints.save(small(), saved[2], **{**CARD, "data": data})


def test_a_card_that_would_be_refused_is_not_written(tmp_path):
    metrics = {**METRICS, "nasfr": float("nan")}
    with pytest.raises(CheckpointError, match="finite"):
        checkpoints.save(small(), tmp_path, **{**CARD, "metrics": metrics})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attention": "XA"}, "describes no network"),
        ({"layers": 3}, "describes no network"),
        ({"T": 10**5}, "describes no network"),
        ({"v_threshold": None}, "describes no network"),
        ({"hidden": [1] * 20000}, "describes no network"),
        ({"channels": [5]}, "does not fit its card"),
        ({"channels": [10**9], "hidden": [10**9]}, "does not fit|no network"),
    ],
)
def test_a_configuration_that_fits_no_network_is_refused(saved, change, message):
    # File and card agree here: what is left is whether such a network and its weights exist.
    from masnn.cards import bound

    edit(saved[2], lambda c: c["config"].update(change))
    config = json.loads((saved[2] / "small.json").read_text())["config"]
    metadata = {"card": json.dumps(bound(config, CARD["classes"]))}
    with_tensors(saved[2], lambda tensors: None, metadata)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load("small", saved[2])


def test_damaged_files_are_refused(saved):
    folder = saved[2]
    replace_weights(folder, np.arange(100, dtype=np.uint8).tobytes())
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        checkpoints.load("small", folder)
    (folder / "small.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoints.load("small", folder)
    assert "weights are missing" in checkpoints.problems(folder)["small"]
    (folder / "small.json").write_text("{")
    with pytest.raises(CheckpointError, match="JSON card"):
        checkpoints.load("small", folder)


def test_half_precision_keeps_running_statistics_and_loads_as_32_bits(saved, tmp_path):
    network = small(replace(CONFIG, hidden=(64,)))
    for key, value in network.state_dict().items():
        if ".running_var" in key:
            value.fill_(1e6)
    whole = checkpoints.save(network, tmp_path, **{**CARD, "name": "whole"})
    half = checkpoints.save(network, tmp_path, half=True, **{**CARD, "name": "half"})
    size = {n: (tmp_path / f"{n}.safetensors").stat().st_size for n in ("whole", "half")}
    assert size["half"] < 0.7 * size["whole"] and half.sha256 != whole.sha256
    loaded, _ = checkpoints.load("half", tmp_path)
    measured = checkpoints.rounded(network)
    for key, value in network.state_dict().items():
        stored = loaded.state_dict()[key]
        assert stored.dtype == value.dtype
        assert torch.equal(stored, measured.state_dict()[key]), key
        assert torch.equal(stored, value if ".running_" in key else value.half().to(value)), key
    x = torch.rand(2, 4, 2, 8, 8)
    with torch.no_grad():
        assert torch.equal(loaded(x), measured(x))


def test_a_weight_beyond_16_bits_is_refused(tmp_path):
    network = small()
    network.layers[0].synapse.conv.weight.data[0] = 1e5
    with pytest.raises(CheckpointError, match=r"conv\.weight .* 16 bits"):
        checkpoints.save(network, tmp_path, half=True, **CARD)
    checkpoints.save(network, tmp_path, **CARD)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int8])
def test_weights_of_other_number_types_are_refused(saved, dtype):
    key = "layers.0.synapse.conv.weight"
    with_tensors(saved[2], lambda tensors: tensors.update({key: tensors[key].to(dtype)}))
    with pytest.raises(CheckpointError, match=rf"{key} is stored as \w+; F32 or F16 can be read"):
        checkpoints.load("small", saved[2])


@pytest.mark.parametrize("name", sorted(checkpoints.available()))
def test_every_shipped_checkpoint_loads_and_says_where_its_numbers_come_from(name):
    network, card = checkpoints.load(name)
    assert network.config.n_classes == len(card.classes)
    assert card.metrics["n"] >= 150 and 0 < card.metrics["nasfr"] < 1
    assert card.data["attribution"] and card.licence and card.command.startswith("python -m masnn")
    assert sum(map(sum, card.metrics["confusion"])) == card.metrics["n"]


def test_no_shipped_checkpoint_is_broken():
    assert not checkpoints.problems()
