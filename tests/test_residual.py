"""Residual networks: the equations written out, both forms, both shortcuts, folding, sizes."""

import math
from dataclasses import replace

import pytest
import torch
from small_residual import network_of
from torch.nn import functional as F

from masnn import checkpoints
from masnn.architectures import build, configuration
from masnn.attention import ATTENTIONS
from masnn.residual import ResidualSNN, still
from masnn.residual_config import DEPTHS, ResidualConfig, residual
from masnn.response import record

SMALL = ResidualConfig(
    n_classes=3,
    T=3,
    input_size=(16, 12),
    in_channels=2,
    blocks=(1, 2),
    width=8,
    channel_reduction=2,
    stem_kernel=3,
    stem_stride=1,
    v_threshold=0.2,
)
FORMS = [replace(SMALL, form=form) for form in ("paper", "code")]


def frames_of(config, batch=2):
    shape = (batch, config.T, config.in_channels, *config.input_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def tapped(network, x, off=()):
    seen = {}
    out = network(x, lambda name, value: seen.__setitem__(name, value.clone()), off)
    return out, seen


def by_hand(network, x):
    """Return output and spikes of a network from the paper's equations, one step at a time."""
    config, spikes = network.config, {}

    def norm(module, y):
        std = torch.sqrt(module.running_var + module.eps)
        scaled = (y - module.running_mean[:, None, None]) / std[:, None, None]
        return scaled * module.weight[:, None, None] + module.bias[:, None, None]

    def fire(name, currents):
        u, fired = torch.zeros_like(currents[0]), []
        for current in currents:
            u = u + current
            if config.form == "code":
                s = (u > config.v_threshold).float()
            else:
                s = (u >= config.v_threshold).float()
            u = config.decay * u * (1 - s) + config.v_reset * s
            fired.append(s)
        spikes[name] = torch.stack(fired, 1)
        return fired

    def perceptron(gate, y):
        hidden = (gate.squeeze.weight @ y.unsqueeze(-1)).relu()
        return (gate.expand.weight @ hidden).squeeze(-1)

    def gated(block, ys):
        """Gates of each step by themselves (paper), or of all steps together (code)."""
        ys = torch.stack(ys, 1)
        if "time" in block.gates:
            flat = ys.flatten(2)
            gate = block.gates["time"]
            g = (perceptron(gate, flat.mean(2)) + perceptron(gate, flat.amax(2))).sigmoid()
            ys = ys * g[:, :, None, None, None]
        if "channel" in block.gates:
            gate = block.gates["channel"]
            axes = (3, 4) if config.form == "paper" else (1, 3, 4)
            mean, most = ys.mean(axes), ys.amax(axes)
            g = (perceptron(gate, mean) + perceptron(gate, most)).sigmoid()
            ys = ys * (g[..., None, None] if config.form == "paper" else g[:, None, :, None, None])
        if "space" in block.gates:
            kernel = block.gates["space"].conv.weight
            pad = kernel.shape[-1] // 2
            if config.form == "paper":
                for t in range(config.T):
                    y = ys[:, t]
                    both = torch.stack((y.mean(1), y.amax(1)), 1)
                    ys[:, t] = y * F.conv2d(both, kernel, padding=pad).sigmoid()
            else:
                both = torch.stack((ys.mean((1, 2)), ys.amax(2).amax(1)), 1)
                ys = ys * F.conv2d(both, kernel, padding=pad).sigmoid()[:, None]
        ys = ys.relu() if config.form == "code" and config.letters else ys
        return list(ys.unbind(1))

    pad = config.stem_kernel // 2
    xs = [
        norm(network.stem_norm, F.conv2d(f, network.stem.weight, None, config.stem_stride, pad))
        for f in x.unbind(1)
    ]
    if config.form == "paper":
        xs = [F.max_pool2d(y, 3, 2, 1) for y in xs]
    s = fire("stem", xs)
    for block in network.blocks:
        stride = block.conv1.stride[0]
        inner = [norm(block.norm1, F.conv2d(y, block.conv1.weight, None, stride, 1)) for y in s]
        a = fire(f"{block.name}a", inner)
        ys = [norm(block.norm2, F.conv2d(y, block.conv2.weight, padding=1)) for y in a]
        carried = xs if config.shortcut == "membrane" else s
        if len(block.shortcut) if isinstance(block.shortcut, torch.nn.Sequential) else 0:
            _, conv, last = block.shortcut
            if config.form == "code":
                carried = [F.avg_pool2d(y, stride) if stride > 1 else y for y in carried]
                carried = [norm(last, F.conv2d(y, conv.weight)) for y in carried]
            else:
                carried = [norm(last, F.conv2d(y, conv.weight, stride=stride)) for y in carried]
        if config.attention_site == "branch":
            xs = [c + y for c, y in zip(carried, gated(block, ys), strict=True)]
        else:
            xs = gated(block, [c + y for c, y in zip(carried, ys, strict=True)])
        s = fire(f"{block.name}b", xs)
    logits = [network.classifier(y.mean((2, 3))) for y in s]
    return sum(logits) / config.T, spikes


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("site", ["branch", "sum"])
@pytest.mark.parametrize("shortcut", ["membrane", "spike"])
@pytest.mark.parametrize("form", ["paper", "code"])
def test_it_computes_the_equations(form, shortcut, site, attention):
    config = replace(SMALL, form=form, shortcut=shortcut, attention_site=site, attention=attention)
    network, x = network_of(config), frames_of(config)
    out, seen = tapped(network, x)
    expected, spikes = by_hand(network, x)
    assert list(seen) == network.taps()
    for name, fired in spikes.items():
        margin = (seen[f"{name}.membrane"] - config.v_threshold).abs()
        differs = fired != seen[f"{name}.spikes"]
        assert not (differs & (margin > 1e-4)).any(), name
        assert differs.sum() <= 2, f"{name}: a sum's rounding flips no more than a neuron or two"
        assert 0 < fired.mean() < 1
    if all(torch.equal(f, seen[f"{n}.spikes"]) for n, f in spikes.items()):
        torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", FORMS, ids=["paper", "code"])
def test_folding_changes_nothing_but_rounding(config):
    network, x = network_of(config), frames_of(config)
    folded = network.folded()
    (out, plain), (fast, quick) = tapped(network, x), tapped(folded, x)
    for name in config.neuron_shapes():
        flips = (plain[f"{name}.spikes"] != quick[f"{name}.spikes"]).float().mean()
        assert flips < 1e-3
    torch.testing.assert_close(out, fast, rtol=0.05, atol=0.05)
    kinds = {type(m).__name__ for m in folded.modules()}
    assert "BatchNorm2d" not in kinds and "BatchNorm2d" in {
        type(m).__name__ for m in network.modules()
    }


@pytest.mark.parametrize("config", FORMS, ids=["paper", "code"])
def test_in_double_precision_folding_flips_no_spike(config):
    network, x = network_of(config).double(), frames_of(config).double()
    (out, plain), (fast, quick) = tapped(network, x), tapped(network.folded(), x)
    for name in config.neuron_shapes():
        assert 0 < plain[f"{name}.spikes"].mean() < 1
        assert torch.equal(plain[f"{name}.spikes"], quick[f"{name}.spikes"])
    torch.testing.assert_close(out, fast, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("form", ["paper", "code"])
def test_shapes_are_those_that_come_out(form):
    config = replace(SMALL, form=form, input_size=(32, 16), blocks=(1, 1, 2))
    _, seen = tapped(network_of(config), frames_of(config, 1))
    for name, shape in config.neuron_shapes().items():
        assert seen[f"{name}.spikes"].shape == (1, config.T, *shape)
    assert seen["votes"].shape == (1, config.T, config.n_classes)


def test_the_paper_s_depths():
    # Two convolutions a block, the stem and the classifier.
    assert {depth: 2 * sum(blocks) + 2 for depth, blocks in DEPTHS.items()} == {
        18: 18,
        34: 34,
        104: 104,
    }
    assert len(residual(104).neuron_shapes()) == 1 + 2 * 51
    with torch.device("meta"):
        n = sum(p.numel() for p in build(residual(18, attention="none")).parameters())
    # torchvision's ResNet-18 has 11,689,512 parameters; the blocks, norms and classifier agree.
    assert n == 11_689_512


def test_a_still_image_is_shown_at_every_step():
    config = replace(SMALL, T=4)
    network, image = network_of(config), frames_of(replace(config, T=1))[:, 0]
    shown = still(image, 4)
    assert shown.shape == (2, 4, 2, 16, 12) and shown.stride(1) == 0
    once, copied = tapped(network, shown)[1], tapped(network, shown.contiguous())[1]
    for name in once:
        torch.testing.assert_close(once[name], copied[name], rtol=1e-5, atol=1e-6)


def test_gates_can_be_switched_off():
    network, x = network_of(FORMS[1]), frames_of(FORMS[1])
    assert network.switches()[:3] == ["C", "S", "relu"]
    assert "stage2_1b.channel" in network.switches()
    bare = replace(FORMS[1], attention="none", relu=False)
    twin = network_of(bare)
    twin.load_state_dict({k: v for k, v in network.state_dict().items() if ".gates." not in k})
    off, _ = tapped(network, x, {"C", "S", "relu"})
    torch.testing.assert_close(off, twin(x))
    _, seen = tapped(network, x, {"stage1_1b.channel"})
    assert "stage1_1b.attention.channel" not in seen and "stage2_1b.attention.channel" in seen
    with pytest.raises(ValueError, match="cannot switch off T"):
        network(x, off={"T"})


def test_the_ann_of_the_same_shape_is_a_resnet():
    config = replace(SMALL, T=1, neurons="relu", attention="none")
    network, x = network_of(config), frames_of(replace(SMALL, T=1))
    out, seen = tapped(network, x)
    current = seen["stage2_1b.current"]
    assert torch.equal(seen["stage2_1b.spikes"], current.relu())
    assert out.shape == (2, 3)


def test_gradients_reach_the_stem_through_every_design():
    for site in ("branch", "sum"):
        config = replace(SMALL, attention_site=site)
        torch.manual_seed(0)
        network = ResidualSNN(config)
        network(frames_of(config)).square().sum().backward()
        assert network.stem.weight.grad.abs().sum() > 0


def test_it_is_recorded_and_kept_like_any_network(tmp_path):
    network = network_of(SMALL)
    card = checkpoints.save(
        network,
        tmp_path,
        name="small",
        classes=["a", "b", "c"],
        data={"name": "nothing", "attribution": "nobody", "training": 1},
        training={"seed": 0, "epochs": 1},
        metrics={
            **{"part": "validation", "n": 1, "accuracy": 1.0, "accuracy_95": [0.1, 1.0]},
            **{"tied": 0, "nasfr": 0.1, "spikes_per_recording": 1.0},
        },
        command="none",
        licence="MIT",
    )
    loaded, found = checkpoints.load("small", tmp_path)
    assert found == card and found.title == "CSA-Res-SNN-8"
    assert configuration(card.config) == SMALL
    x = frames_of(SMALL, 1)
    assert torch.equal(loaded(x), network(x))
    response = record(loaded.folded(), x[0].numpy())
    assert list(response.layers) == list(SMALL.neuron_shapes())
    layer = response.layers["stage2_2b"]
    assert layer.gates["channel"].shape == (3, 16) and layer.gates["space"].shape == (3, 4, 3)
    assert layer.membrane.shape == layer.spikes.shape == (3, 16, 4, 3)
    assert math.isclose(response.rates[0], float(network(x)[0, 0]), rel_tol=0.05, abs_tol=0.05)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"attention": "XA"}, "attention must be one of"),
        ({"form": "mine"}, "form must be one of"),
        ({"blocks": ()}, "one length"),
        ({"blocks": (1, 0)}, "at least 1"),
        ({"blocks": (600, 600)}, "1000 blocks"),
        ({"strides": (1,)}, "one length"),
        ({"stem_kernel": 4}, "odd"),
        ({"stem_kernel": 100_001}, "kernel of at most"),
        ({"spatial_kernel": 100_001}, "kernel of at most"),
        ({"form": "code", "input_size": (15, 16)}, "divide evenly"),
        ({"decay": 1.5}, "decay in 0..1"),
        ({"dropout": 1.0}, "dropout"),
        ({"v_threshold": math.nan}, "finite"),
        ({"width": 1 << 16}, "65,536 channels"),
    ],
)
def test_impossible_configurations_are_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        replace(SMALL, **changes)
