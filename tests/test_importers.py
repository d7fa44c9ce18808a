"""Foreign checkpoints: what comes out computes what their code does, or one line says why not."""

import dataclasses
import json
import pickle
import struct
import zipfile
from pathlib import Path

import foreign_networks as foreign
import numpy as np
import pytest
import torch

from masnn import checkpoints, images, sight, tables
from masnn.__main__ import main
from masnn.attention import ATTENTIONS
from masnn.errors import CheckpointError
from masnn.importers import Told, Writing, _child, _opening, import_checkpoint
from masnn.residual import still


@pytest.fixture
def in_process(monkeypatch):
    """Open files in this process, as the child does: a child takes seconds to load torch."""

    def opened(path):
        file, n_bytes = path.name, path.stat().st_size
        try:
            _child.refuse_archives_that_grow(path, n_bytes)
            container, found, rest = _child.state_dict(_child.unpickled(path))
            weights, widened = _child.own_weights(found, n_bytes)
        except _child.Refused as problem:
            raise CheckpointError(f"{file}: {problem}") from None
        return weights, _child.told_of(weights, container, rest, widened)

    monkeypatch.setattr(_opening, "_in_child", opened)


def authors_weights(path):
    with np.load(path) as archive:
        data = {name: archive[name] for name in archive.files}
    weights = {
        f"module.{name.removeprefix('param/')}": torch.from_numpy(value)
        for name, value in data.items()
        if name.startswith("param/")
    }
    return data, weights


def conv_file(shared_dir, folder, attention="TCSA", **beside):
    """Write a golden network as the authors' process.py saves it; return its data and path."""
    theirs = "no" if attention == "none" else attention
    data, weights = authors_weights(shared_dir / "golden" / f"authors_threelayer_{theirs}.npz")
    path = (
        folder
        / f"{theirs}_SNN(CNN)-DVS-Gesture_dt=25ms_T={json.loads(str(data['config']))['T']}.t7"
    )
    saved = {"net": weights, "acc": 95.5, "epoch": 12, "acc_record": [90.0, 95.5], **beside}
    torch.save(saved, path, _use_new_zipfile_serialization=False)
    return data, path


def residual_file(shared_dir, folder):
    data, weights = authors_weights(shared_dir / "golden" / "authors_resnet_1111_CSA.npz")
    torch.save(weights, folder / "resnet18-250-best.pth")
    return data, folder / "resnet18-250-best.pth"


def loaded(card, folder):
    network, found = checkpoints.load(card.name, folder)
    assert found == card and card.is_imported and card.metrics == {}
    return network


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_authors_three_layers_give_their_output(attention, shared_dir, tmp_path, request):
    if attention != "TCSA":  # one goes all the way
        request.getfixturevalue("in_process")
    data, path = conv_file(shared_dir, tmp_path, attention)
    card, report = import_checkpoint(path, tmp_path)
    network = loaded(card, tmp_path)
    assert network.config.attention == attention and network.config.T == 12
    assert network.config.dt_ms == 25 and network.config.input_size == (32, 32)
    output = network(torch.from_numpy(data["input"]).float())
    np.testing.assert_array_equal(output.numpy(), data["output"])
    assert report["layout"] == "the authors' convolutional network"
    assert report["the_file_says"] == {"acc": 95.5, "epoch": 12}
    assert report["found_under"] == "net" and any("module." in d for d in report["dropped"])
    assert ("after the gates" in report["relu"]) == (attention != "none")
    assert card.training["imported"] == report
    assert "--dt-ms 25.0: the file's name" in report["assumed"]
    by_name = "--T 12: the file's name" in report["assumed"]
    assert by_name == ("T" not in ATTENTIONS[attention]), "temporal gates know their T"


@pytest.mark.parametrize("T", [1, 4])
def test_the_authors_residual_network_gives_their_output(T, shared_dir, tmp_path, request):
    if T == 1:
        request.getfixturevalue("in_process")
    data, path = residual_file(shared_dir, tmp_path)
    card, report = import_checkpoint(path, tmp_path, Told(T=T, input_size=(64, 64)))
    network = loaded(card, tmp_path)
    images = torch.from_numpy(data["input"]).float() / 128 - 1
    np.testing.assert_array_equal(network(still(images, T)).numpy(), data[f"output_T{T}"])
    assert network.config.blocks == (1, 1, 1, 1) and network.config.channel_reduction == 8
    assert report["neuron"].startswith("fires above 0.5 and not at it")


@pytest.mark.parametrize("T", [1, 4])
def test_ms_resnet_gives_its_output(T, tmp_path, in_process):
    weights = foreign.ms_resnet_weights((2, 1, 2), width=4, classes=5)
    torch.save(weights, tmp_path / "ms.pth")
    card, report = import_checkpoint(tmp_path / "ms.pth", tmp_path, Told(T=T, input_size=(33, 48)))
    network = loaded(card, tmp_path)
    images = torch.randn(3, 3, 33, 48, generator=torch.Generator().manual_seed(1))
    expected = foreign.ms_resnet(weights, images, T)
    torch.testing.assert_close(network(still(images, T)), expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 0.1 and card.title == "MS-Res-SNN-12"
    assert report["layout"] == "MS-ResNet" and "0.50000006;" in report["neuron"]


@pytest.mark.parametrize(
    ("channels", "size", "told", "transform"),
    [
        (
            3,
            (224, 224),
            None,
            ("imagenet", 256, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
        ),
        (3, (288, 288), "published", ("", 320, [128.0] * 3, [128.0] * 3)),
        (3, (32, 32), "unit", ("", None, [0.0] * 3, [255.0] * 3)),
        (1, (28, 28), None, ("unit", None, [0.0], [255.0])),
        (3, (32, 32), "none", None),
        (2, (32, 32), None, None),
    ],
)
def test_how_pictures_are_seen_is_told_or_assumed(
    channels, size, told, transform, tmp_path, in_process
):
    weights = foreign.ms_resnet_weights((1, 1), 4, 5, channels=channels)
    torch.save(weights, tmp_path / "ms.pth")
    told = Told(T=1, input_size=size, transform=told)
    card, report = import_checkpoint(tmp_path / "ms.pth", tmp_path, told)
    assumed = [line for line in report["assumed"] if line.startswith("--transform")]
    if transform is None:
        assert not images.sees_images(card) and report["sees"].startswith("recordings")
        assert ("none that can be read here" in report["sees"]) == (channels == 3)
        return
    name, resize, mean, std = transform
    assert card.data["transform"] == {"resize": resize, "mean": mean, "std": std, "prepare": ""}
    assert images.transform_of_card(card).channels == channels
    assert bool(assumed) == bool(name) and all(name in line for line in assumed)
    assert report["sees"].startswith(f"pictures, {size[0]} x {size[1]} px")


def test_a_transform_of_other_channels_is_refused(tmp_path, in_process):
    for channels, told, reason in (
        (2, "imagenet", "the network sees 2; networks of 2 see recordings"),
        (1, "published", "pictures of 3 channels, the network sees 1"),
        (3, "grey", "one of imagenet, published, unit, none"),
    ):
        weights = foreign.ms_resnet_weights((1, 1), 4, 5, channels=channels)
        torch.save(weights, tmp_path / "ms.pth")
        with pytest.raises(CheckpointError, match=reason):
            import_checkpoint(tmp_path / "ms.pth", tmp_path, Told(T=1, transform=told))
        assert not list(tmp_path.glob("*.json"))


def test_a_picture_of_the_authors_network_is_scaled_as_their_code_does(
    shared_dir, tmp_path, in_process
):
    data, path = residual_file(shared_dir, tmp_path)
    card, report = import_checkpoint(path, tmp_path, Told(T=4, input_size=(64, 64)))
    assert any(line.startswith("--transform published") for line in report["assumed"])
    network = loaded(card, tmp_path)
    pixels = data["input"][0].transpose(1, 2, 0)
    seen = sight.look(card, network, np.ascontiguousarray(pixels))
    np.testing.assert_array_equal(seen.frames.pixels, pixels)
    np.testing.assert_allclose(seen.response.rates, data["output_T4"][0], rtol=1e-5, atol=1e-5)


def test_a_neuron_of_ms_resnet_at_its_threshold_stays_silent(tmp_path, in_process):
    weights = foreign.ms_resnet_weights((1,), width=2, classes=2)
    weights = {k: torch.zeros_like(v) if "running" not in k else v for k, v in weights.items()}
    weights["conv1.1.bn.bias"] += 0.5  # the stem's neurons get 0.5 and nothing else
    torch.save(weights, tmp_path / "ms.pth")
    card, _ = import_checkpoint(tmp_path / "ms.pth", tmp_path, Told(T=1, input_size=(16, 16)))
    seen = {}
    loaded(card, tmp_path)(torch.zeros(1, 1, 3, 16, 16), lambda n, v: seen.update({n: v.clone()}))
    assert (seen["stem.membrane"] == 0.5).all() and not seen["stem.spikes"].any()


STATED = {"input_size": (8, 8), "dt_ms": 10.0, "pools": (1, 2)}


@pytest.mark.parametrize("normed", [True, False])
@pytest.mark.parametrize(
    "neuron",
    [
        {},
        {"tau": 4.0, "decay_input": False, "v_threshold": 0.5},
        {"v_threshold": 1.25, "v_reset": -0.25},
        {"decay_input": False, "v_reset": 0.25},
    ],
    ids=str,
)
def test_a_spikingjelly_network_gives_its_output(neuron, normed, tmp_path, in_process):
    weights = foreign.spikingjelly_weights(normed=normed)
    torch.save(weights, tmp_path / "sj.pth")
    card, report = import_checkpoint(
        tmp_path / "sj.pth", tmp_path, Told(votes=2, **STATED, **neuron)
    )
    network = loaded(card, tmp_path)
    frames = torch.randint(
        0, 4, (2, 4, 2, 8, 8), generator=torch.Generator().manual_seed(2)
    ).float()
    expected = foreign.spikingjelly(weights, frames.transpose(0, 1), votes=2, **neuron)
    torch.testing.assert_close(network(frames), expected, rtol=0, atol=1e-6)
    assert 0 < expected.mean() < 1
    assert [layer.switches() for layer in network.layers][2:] == [[], []], "linear layers are bare"
    assert report["filled"] == (7 if normed else 12), "two biases and the last norm, and a norm"
    assert any("--tau" in a for a in report["assumed"]) == ("tau" not in neuron)


def test_our_spikingjelly_is_theirs():
    pytest.importorskip("spikingjelly")
    pytest.importorskip("einops")
    from spikingjelly.activation_based import functional, layer, neuron

    net = torch.nn.Sequential(
        layer.Conv2d(2, 6, 3, padding=1, bias=False),
        layer.BatchNorm2d(6),
        layer.MultiDimensionalAttention(T=4, C=6, reduction_t=2, reduction_c=2),
        neuron.LIFNode(),
        layer.Conv2d(6, 8, 3, padding=1),
        layer.BatchNorm2d(8),
        layer.AvgPool2d(2),
        layer.MultiDimensionalAttention(T=4, C=8, reduction_t=2, reduction_c=2),
        neuron.LIFNode(),
        layer.Flatten(),
        layer.Dropout(0.5),
        layer.Linear(128, 10, bias=False),
        layer.BatchNorm1d(10),
        neuron.LIFNode(),
        layer.Linear(10, 6),
        neuron.LIFNode(),
        layer.VotingLayer(2),
    ).eval()
    functional.set_step_mode(net, "m")
    weights = foreign.spikingjelly_weights()
    net.load_state_dict({k.removeprefix("net."): v for k, v in weights.items()})
    frames = torch.randint(
        0, 4, (4, 2, 2, 8, 8), generator=torch.Generator().manual_seed(2)
    ).float()
    with torch.no_grad():
        expected = net(frames).mean(0)
    torch.testing.assert_close(foreign.spikingjelly(weights, frames, votes=2), expected)


def test_weights_of_16_bits_are_widened_and_counted(shared_dir, tmp_path, in_process):
    _, path = residual_file(shared_dir, tmp_path)
    weights = {k: v.half() if v.is_floating_point() else v for k, v in torch.load(path).items()}
    torch.save(weights, tmp_path / "half.pth")
    card, report = import_checkpoint(tmp_path / "half.pth", tmp_path, Told(input_size=(64, 64)))
    assert report["widened_from_16_bits"] == sum(v.is_floating_point() for v in weights.values())
    state = loaded(card, tmp_path).state_dict()
    assert torch.equal(state["classifier.weight"], weights["module.fc.weight"].float())


# What cannot be converted is refused, and nothing is written.


def changed(**to):
    """Return a function that changes some tensors of a state dict; None takes one out."""

    def change(weights):
        for name, value in to.items():
            name = name.replace("__", ".")
            if value is None:
                del weights[name]
            else:
                weights[name] = value
        return weights

    return change


def moved(weights, start):
    """Return a SpikingJelly state dict with one more module without weights before `start`."""
    renamed = {}
    for name, value in weights.items():
        net, index, rest = name.split(".", 2)
        renamed[f"{net}.{int(index) + (int(index) >= start)}.{rest}"] = value
    return renamed


BLOCK = "conv2_x__0__residual_function__"


@pytest.mark.parametrize(
    ("change", "told", "reason"),
    [
        (changed(fc__bias=None), {}, "fc.bias is missing"),
        (changed(fc__weight=None), {}, "lacks fc.weight"),
        (changed(extra=torch.zeros(1)), {}, "holds also extra"),
        (changed(fc__weight=torch.zeros(5, 9)), {}, r"fc.weight is of shape \(5, 9\)"),
        (changed(fc__weight=torch.zeros(5, 16).double()), {}, "64 bits"),
        (changed(fc__weight=torch.zeros(5, 16, dtype=torch.int8)), {}, "stored as torch.int8"),
        (changed(fc__weight=torch.full((5, 16), torch.nan)), {}, "no finite number"),
        (changed(fc__weight=torch.zeros(5, 16).to_sparse()), {}, "no plain tensor"),
        (changed(conv1__1__bn__running_var=-torch.ones(4)), {}, "negative variance"),
        (changed(conv1__1__bn__running_var=None), {}, "keeps no running statistics"),
        (changed(conv1__0__bias=torch.zeros(4)), {}, "MS-ResNet-104"),
        (changed(conv1__0__weight=torch.zeros(4, 3, 6, 6)), {}, "kernel must be odd"),
        (changed(**{f"{BLOCK}6__w": torch.zeros(1, 2, 3, 3)}), {}, "holds also conv2_x.0"),
        (changed(conv1__0__weight=torch.zeros(())), {}, "describes no network"),
        (changed(conv1__0__weight=torch.zeros(0, 3, 7, 7)), {}, "describes no network"),
        (changed(), {"dt_ms": 0.0}, "must be > 0"),
        (changed(), {"tau": 2.0}, "--tau: MS-ResNet has no use for it"),
        (lambda w: {"a": torch.zeros(2), "b": torch.zeros(2)}, {}, "of no layout that is known"),
        (lambda w: [1, 2], {}, "holds a list, not a state dict"),
        (lambda w: {"epoch": 3}, {}, "no state dict of tensors; it holds epoch"),
        (lambda w: {"net": {}}, {}, "no state dict of tensors"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change, told, reason, tmp_path, in_process):
    weights = change(foreign.ms_resnet_weights((1, 1, 1), width=4, classes=5))
    torch.save(weights, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=reason) as refused:
        import_checkpoint(tmp_path / "x.pth", tmp_path / "out", Told(**told))
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:.*uantize")
def test_quantised_weights_are_refused(tmp_path):
    quantised = torch.quantize_per_tensor(torch.zeros(5, 16), 1.0, 0, torch.qint8)
    torch.save({"fc.weight": quantised}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=r"fc\.weight is quantised"):
        import_checkpoint(tmp_path / "x.pth", tmp_path)


@pytest.mark.parametrize(
    ("change", "told", "reason"),
    [
        (changed(net__3__w=torch.zeros(())), {}, "learned constant"),
        (changed(), {"pools": None}, "max pooling cannot be converted"),
        (changed(), {"pools": (2, 2)}, "does not fit"),
        (changed(), {"input_size": None}, "--input-size"),
        (changed(), {"input_size": (16, 16)}, "net.11.weight is of shape"),
        (changed(), {"T": 5}, "made for T = 4, not 5"),
        (changed(), {"votes": 4}, "not 4 votes a class"),
        (changed(), {"decay": 0.5}, "--decay"),
        (changed(), {"tau": 0.5}, "at least 1"),
        (changed(net__7__sa__conv__weight=None), {}, "lacks net.7.sa.conv.weight"),
        (changed(net__0__weight=torch.zeros(0, 2, 3, 3)), {}, "describes no network"),
        (changed(net__2__ta__sharedMLP__0__weight=torch.zeros(3)), {}, "describes no|no one"),
        (lambda w: moved(w, 4), {}, "pooling after the neurons cannot be converted"),
        (lambda w: moved(w, 7), {}, "stands where no network here has one"),
        (lambda w: {k.replace("net.14", "head.0"): v for k, v in w.items()}, {}, "single Sequen"),
        (lambda w: {k: v for k, v in w.items() if "net.2." not in k}, {}, "MultiDimensional|stand"),
    ],
)  # fmt: skip
def test_what_of_spikingjelly_does_not_fit_is_refused(change, told, reason, tmp_path, in_process):
    torch.save(change(foreign.spikingjelly_weights()), tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=reason):
        import_checkpoint(tmp_path / "x.pth", tmp_path, Told(**STATED | told))


def test_what_of_the_authors_does_not_fit_is_refused(shared_dir, tmp_path, in_process):
    _, path = conv_file(shared_dir, tmp_path)
    liaf = path.with_name(path.name.replace("(CNN)", "(CNN)_LIAF"))
    liaf.write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match="name says LIAF"):
        import_checkpoint(liaf, tmp_path)
    with pytest.raises(CheckpointError, match="made for T = 12, not 60"):
        import_checkpoint(path, tmp_path, Told(T=60))
    weights = torch.load(path)["net"]
    del weights["module.FC0.attention.ta.sharedMLP.0.weight"]
    torch.save(weights, tmp_path / "bare.t7")
    with pytest.raises(CheckpointError, match="its linear layers carry different gates"):
        import_checkpoint(tmp_path / "bare.t7", tmp_path)
    weights = {k: v for k, v in torch.load(path)["net"].items() if "convAttLIF2" not in k}
    torch.save(weights, tmp_path / "two.t7")
    with pytest.raises(CheckpointError, match="say how they pool with --pools"):
        import_checkpoint(tmp_path / "two.t7", tmp_path, Told(T=12, dt_ms=1.0))


# Hostile files, through the child itself.


class Runs:
    """Unpickles to a command."""

    def __reduce__(self):
        return (print, ("the code of a file ran",))


def refused(path, tmp_path):
    with pytest.raises(CheckpointError) as error:
        import_checkpoint(path, tmp_path / "out")
    text = str(error.value)
    assert "\n" not in text and len(text) < 500 and not (tmp_path / "out").exists()
    return text


def test_code_in_a_pickle_does_not_run(tmp_path, capfd):
    path = tmp_path / "x.pth"
    for legacy in (True, False):
        torch.save({"net": Runs()}, path, _use_new_zipfile_serialization=not legacy)
        text = refused(path, tmp_path)
        assert "print" in text and "torch.save(model.state_dict(), FILE)" in text
    path.write_bytes(pickle.dumps(Runs()))
    refused(path, tmp_path)
    assert "ran" not in capfd.readouterr().out


def test_a_whole_model_is_refused_with_what_to_do(tmp_path, in_process):
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), tmp_path / "x.pth")
    text = refused(tmp_path / "x.pth", tmp_path)
    assert "Sequential" in text and "state_dict()" in text


def test_tensors_that_declare_more_than_the_file_holds_are_refused(tmp_path, in_process):
    path = tmp_path / "x.pth"
    for shape in ((1 << 28,), (1 << 14, 1 << 14)):  # a gigabyte over four stored bytes
        torch.save({"a": torch.zeros(1).expand(shape)}, path)
        assert path.stat().st_size < 10_000
        assert "declares 1,073,741,824 bytes" in refused(path, tmp_path)


def test_a_storage_that_is_declared_and_not_there_is_refused(tmp_path):
    """A legacy file whose pickle says four gigabytes, of which a few bytes follow."""
    path = tmp_path / "x.pth"
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert content.count(b"K\x03") >= 1
    path.write_bytes(content.replace(b"K\x03", b"J" + struct.pack("<i", 1 << 30)))
    text = refused(path, tmp_path)
    assert "declares more" in text or "damaged" in text


def test_a_zip_bomb_is_refused(tmp_path, in_process):
    path, bomb = tmp_path / "x.pth", tmp_path / "bomb.pth"
    torch.save({"a": torch.zeros(1 << 20)}, path)
    with zipfile.ZipFile(path) as source:
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
            for part in source.namelist():
                target.writestr(part, source.read(part))
    assert bomb.stat().st_size < path.stat().st_size / 100
    assert "compressed" in refused(bomb, tmp_path)


def test_a_program_is_refused(tmp_path, in_process):
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:  # as torch.jit.save lays it out
        archive.writestr("x/constants.pkl", b"\x80\x02.")
    assert "TorchScript" in refused(path, tmp_path)


def test_damaged_files_are_refused(tmp_path, in_process):
    path = tmp_path / "x.pth"
    for legacy in (True, False):
        weights = foreign.ms_resnet_weights((1,), width=4, classes=5)
        torch.save(weights, path, _use_new_zipfile_serialization=not legacy)
        whole = path.read_bytes()
        for share in (0.0, 0.01, 0.3, 0.6, 0.99):
            path.write_bytes(whole[: int(share * len(whole))])
            refused(path, tmp_path)
    for content in (b"PK\x03\x04 nothing", b"\x80\x02.", b"text", bytes(1000)):
        path.write_bytes(content)
        refused(path, tmp_path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        import_checkpoint(tmp_path / "absent.pth", tmp_path)


def test_large_files_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(_opening, "MAX_BYTES", 10)
    (tmp_path / "x.pth").write_bytes(bytes(11))
    assert "more than 10 bytes" in refused(tmp_path / "x.pth", tmp_path)


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(CheckpointError, match="a folder, a device or a pipe"):
            import_checkpoint(path, tmp_path / "out")


def test_what_a_child_tells_is_not_trusted(tmp_path, monkeypatch):
    (tmp_path / "x.pth").write_bytes(b"x")
    good = {
        "order": ["module.a"], "container": "net", "widened": 0, "says": {"acc": 1.5},
        "left_out": ["optimizer"],
    }  # fmt: skip
    weights = {"module.a": torch.zeros(1)}
    monkeypatch.setattr(_opening, "_in_child", lambda path: (weights, told))
    told = good
    assert _opening.opened(tmp_path / "x.pth").prefix == "module."
    for wrong in (
        {"order": []},
        {"order": ["b"]},
        {"order": ["module.a"] * 2},
        {"order": "module.a"},
        {"container": "elsewhere"},
        {"container": ["net"]},
        {"widened": 2},
        {"widened": True},
        {"says": ["acc"]},
        {"says": {"acc": [1]}},
        {"says": {"acc": "x" * 201}},
        {"left_out": "optimizer"},
        {"left_out": ["x" * 201]},
        {"left_out": ["x"] * 51},
    ):
        told = good | wrong
        with pytest.raises(CheckpointError, match="inconsistent"):
            _opening.opened(tmp_path / "x.pth")
    weights, told = {}, good | {"order": []}  # every name of none begins with anything
    with pytest.raises(CheckpointError, match="inconsistent"):
        _opening.opened(tmp_path / "x.pth")
    weights, told = {"module.": torch.zeros(1)}, good | {"order": ["module."]}
    with pytest.raises(CheckpointError, match="no name of a layer"):
        _opening.opened(tmp_path / "x.pth")


def test_a_child_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(_opening, "WALL_S", 0.01)
    (tmp_path / "x.pth").write_bytes(b"x")
    assert "took more than" in refused(tmp_path / "x.pth", tmp_path)


# The command.


def test_the_command_writes_a_checkpoint_and_says_what_it_did(tmp_path, capsys):
    torch.save({"state_dict": foreign.ms_resnet_weights((1, 1), 4, 3)}, tmp_path / "My net.pth")
    names = tmp_path / "names.txt"
    names.write_text("cat\ndog\n\nhen\n", encoding="utf-8")
    words = ["import", tmp_path / "My net.pth", "--out", tmp_path, "--classes", names]
    words = [*map(str, words), "--T", "2", "--input-size", "32", "32", "--data-name", "Farm"]
    assert main(words) == 0
    text = capsys.readouterr().out
    told = ("My-net: imported from My net.pth", "MS-ResNet", "fires above 0.5")
    assert all(words in text for words in (*told, "Nothing was measured here"))
    card = checkpoints.read_card(tmp_path / "My-net.json")
    assert card.classes == ("cat", "dog", "hen") and card.data["name"] == "Farm"
    assert str(tmp_path) not in json.dumps(dataclasses.asdict(card))
    assert (
        "'My net.pth' --classes names.txt --data-name Farm --T 2 --input-size 32 32" in card.command
    )
    assert main(words) == 2 and "--overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["steps"] == 2 and result["config"]["width"] == 4
    assert main(["models", "--folder", str(tmp_path)]) == 0
    assert "Farm, not measured" in capsys.readouterr().out
    assert main([*words, "--overwrite", "--classes", "one", "two"]) == 2
    assert "names 2 classes, its n_classes is 3" in capsys.readouterr().err


def test_tables_name_imported_networks_and_measure_none(tmp_path, in_process):
    torch.save(foreign.ms_resnet_weights((1, 1), 4, 3), tmp_path / "x.pth")
    card, _ = import_checkpoint(tmp_path / "x.pth", tmp_path, None, Writing(data="N-MNIST"))
    shipped = [c for c in checkpoints.available().values() if c.data["name"] == "N-MNIST"]
    alone, both, without = (tables.sections(of) for of in ([card], [*shipped, card], shipped))
    line = "Imported, and not measured here: `x`.\n"
    assert alone == {"N-MNIST": line}
    assert both == {"N-MNIST": without["N-MNIST"] + "\n" + line}


def test_a_card_claims_no_measurement_of_an_imported_network(tmp_path, in_process):
    torch.save(foreign.ms_resnet_weights((1, 1), 4, 3), tmp_path / "x.pth")
    card, _ = import_checkpoint(tmp_path / "x.pth", tmp_path, None, Writing(name="x"))
    path = tmp_path / "x.json"
    for change, reason in (
        (lambda c: c["metrics"].update(accuracy=1.0), "which has none"),
        (lambda c: c["training"].update(imported="yes"), "report of a conversion"),
        (lambda c: c.update(training={"seed": 0, "epochs": 1}), "lacks"),
    ):
        content = dataclasses.asdict(card) | {"classes": list(card.classes)}
        content = json.loads(json.dumps(content))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(CheckpointError, match=reason):
            checkpoints.read_card(path)
