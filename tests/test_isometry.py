"""Isometry: probes against Jacobians written out, closed forms, what is known of each design."""

import csv
import json
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from masnn import isometry_blocks, isometry_figure, isometry_forms, isometry_report
from masnn.__main__ import main
from masnn.isometry import Moments, moments, passage
from masnn.isometry_designs import DESIGNS, config_of, fresh, noise
from masnn.isometry_sweep import Course, Settings, course
from masnn.neurons import LIF, lif
from masnn.options import DESIGNS as OPTIONS
from masnn.report.panel import DRAWING, saved
from masnn.residual import ResidualSNN
from masnn.residual_config import ResidualConfig


def network_of(design, T=1, blocks=2, seed=0, gain=1.0):
    """Return a small network and its input; at this gain every part of a block matters."""
    config = config_of(design, blocks, width=4, side_px=4, T=T)
    frames = noise(config, 3, seed)
    return fresh(config, frames, gain=gain, seed=seed), frames


def written_out(f, x):
    """Return the Jacobian of each row, (B, n_out, n_in), in 64 bits."""
    rows = []
    for row in x:
        found = jacobian(lambda one: f(one[None])[0], row)
        n_out = math.prod(found.shape[: found.ndim // 2])
        rows.append(found.reshape(n_out, -1).double())
    return torch.stack(rows)


def exact(f, x):
    """Return phi and varphi from the Jacobians written out."""
    J = written_out(f, x)
    A = J @ J.mT
    n = A.shape[1]
    phi = A.diagonal(dim1=1, dim2=2).sum(1).mean() / n
    second = (A @ A).diagonal(dim1=1, dim2=2).sum(1).mean() / n
    return float(phi), float(second - phi**2)


def plain_lif(current, neuron):
    """Run neurons in torch's own operations, the surrogate as a slope that is held fast."""
    v, spikes = torch.zeros_like(current[:, 0]), []
    for x in current.unbind(1):
        u = v + x
        slope = ((u - neuron.v_threshold).abs() < neuron.surrogate_half_width).to(u.dtype)
        slope = (slope / (2 * neuron.surrogate_half_width)).detach()
        s = (u >= neuron.v_threshold).to(u.dtype).detach() + slope * (u - u.detach())
        v = neuron.decay * u * (1 - s) + neuron.v_after_spike * s
        spikes.append(s)
    return torch.stack(spikes, 1)


@pytest.mark.parametrize("T", [1, 4])
def test_the_neurons_derivative_is_that_of_plain_operations(T):
    neuron = LIF(0.25, 0.5, 0.0, 0.5)
    x = torch.randn((2, T, 6), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ours, plain = (
        written_out(f, x) for f in (lambda x: lif(x, neuron)[0], lambda x: plain_lif(x, neuron))
    )
    torch.testing.assert_close(ours, plain)
    assert ours.abs().sum() > 0


@pytest.mark.parametrize("T", [1, 4])
@pytest.mark.parametrize("design", DESIGNS)
def test_probes_of_a_block_find_what_its_jacobian_says(design, T):
    network, frames = network_of(design, T)
    block = network.each_block()[0]
    carried = network.into_blocks(frames)

    def f(x):
        return network.through(block, x)

    phi, varphi = exact(f, carried)
    found = moments(f, carried, 500, torch.Generator().manual_seed(3))
    # Errors are over inputs, of which three differ by more than probes do: be stricter than they.
    assert found.phi == pytest.approx(phi, rel=0.03)
    # The square of the mean is corrected for the spread between inputs.
    assert found.varphi - found.phi_error**2 == pytest.approx(varphi, rel=0.1)


def test_probes_are_exact_where_any_probe_is():
    x = torch.zeros(2, 5)
    found = moments(lambda x: 3 * x, x, 2, torch.Generator().manual_seed(0))
    assert found == Moments(9.0, 0.0, 0.0, 0.0)
    flat = moments(lambda x: x * 0 + 1, x, 2, torch.Generator().manual_seed(0))
    assert flat.phi == flat.varphi == 0


def test_errors_are_the_spread_of_what_they_are_errors_of():
    weight = torch.randn((6, 6), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    x = torch.ones((1, 6), dtype=torch.float64)

    def f(x):
        return (x @ weight.T).tanh()

    phi, varphi = exact(f, x)
    found = [moments(f, x, 40, torch.Generator().manual_seed(seed)) for seed in range(300)]
    for name, truth in (("phi", phi), ("varphi", varphi)):
        values = np.array([getattr(m, name) for m in found])
        told = np.mean([getattr(m, f"{name}_error") for m in found])
        assert values.mean() == pytest.approx(truth, abs=4 * values.std() / math.sqrt(300))
        assert told == pytest.approx(values.std(), rel=0.15)


def test_one_number_has_no_error_and_none_is_refused():
    one = moments(torch.sin, torch.ones(1, 4), 1, torch.Generator().manual_seed(0))
    assert math.isnan(one.phi_error) and one.phi == pytest.approx(math.cos(1) ** 2)
    for x, n in ((torch.ones(0, 4), 1), (torch.ones(1, 4), 0)):
        with pytest.raises(ValueError, match="at least one of each"):
            moments(torch.sin, x, n, torch.Generator())
    network, frames = network_of("ms")
    with pytest.raises(ValueError, match="eval"):
        passage(network.train(), frames, 1)


def test_networks_drawn_anew_have_the_error_of_their_mean():
    found = Moments.across([Moments(p, 2 * p, 9, 9) for p in (1.0, 2.0, 6.0)])
    assert (found.phi, found.varphi) == (3.0, 6.0)
    assert found.phi_error == pytest.approx(math.sqrt(7 / 3))
    assert Moments.across([Moments(1, 2, 3, 4)]) == Moments(1, 2, 3, 4)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_signal_comes_back_as_the_chain_of_jacobians_says(design):
    network, frames = network_of(design, blocks=3)
    found = passage(network, frames[:1], 400, seed=1)
    x, chain, expected = network.into_blocks(frames[:1]), [], []
    for block in network.each_block():
        chain.append(written_out(lambda x, b=block: network.through(b, x), x)[0])
        x = network.through(block, x)
    J = torch.eye(len(chain[-1]), dtype=torch.float64)
    for block in reversed(chain):
        J = J @ block
        expected.append(float(J.square().sum() / len(J)))  # E |J^T v|^2 / E |v|^2
    squares = 10 ** (2 * found.log10_norms)
    assert squares[-1] == 1 and found.log10_norms.shape == (4,)
    np.testing.assert_allclose(squares[:-1], expected[::-1], rtol=0.25)
    assert found.names == ("stage1_1", "stage1_2", "stage1_3")
    product = sum(math.log10(m.phi) for m in found.moments) / 2
    assert found.log10_product == pytest.approx(product)
    # The first signal's picture holds its norm: rms over channels, white noise at the end.
    assert found.pictures[-1].shape == (4, 4)
    assert np.sqrt(np.square(found.pictures[-1]).mean()) == pytest.approx(1, abs=0.3)


def test_what_fires_before_a_block_is_what_the_network_fires():
    for design in ("vanilla", "ms"):
        network, frames = network_of(design)
        seen = {}
        network(frames, seen.__setitem__)
        found = passage(network, frames, 1)
        expected = [float(seen[name].mean()) for name in ("stem.spikes", "stage1_1b.spikes")]
        np.testing.assert_allclose(found.active, expected)


def test_a_signal_of_which_nothing_is_left_is_told_and_breaks_nothing():
    network, frames = network_of("vanilla")
    for block in network.each_block():
        block.norm2.bias.fill_(100.0)  # every potential far beyond the surrogate's reach
    found = passage(network, frames, 1)
    assert list(found.log10_norms) == [-math.inf, -math.inf, 0] and found.log10_product == -math.inf
    lost = Course("vanilla", (found,))
    assert lost.summary()["log10_norm"] is None and lost.rows()[0]["log10_norm"] is None
    json.dumps([lost.summary(), lost.rows()], allow_nan=False)
    drawn = saved(lambda: isometry_figure.sweep([lost.summary()], lost.rows()), "svg")
    assert drawn.startswith(b"<?xml")


def test_calibrated_norms_give_each_branch_the_scale_that_was_asked_for():
    config = config_of("ms", 3, width=8)
    frames = noise(config, 8)
    before = torch.random.get_rng_state()
    network = fresh(config, frames, gain=0.3, seed=4)
    assert torch.equal(before, torch.random.get_rng_state()), "drawing leaves no trace"
    seen = {}
    network(frames, seen.__setitem__)
    for block in range(1, 4):
        inner = seen[f"stage1_{block}a.current"]
        before = seen["stem.current"] if block == 1 else seen[f"stage1_{block - 1}b.current_gated"]
        branch = seen[f"stage1_{block}b.current"] - before
        for x, scale in ((inner, 0.5), (branch, 0.3)):
            torch.testing.assert_close(x.mean((0, 1, 3, 4)), torch.zeros(8), atol=0.01, rtol=0)
            deviation = x.transpose(1, 2).transpose(0, 1).flatten(1).std(1)
            torch.testing.assert_close(deviation, torch.full((8,), scale), rtol=0.02, atol=0)


FORMS = {form.name: form.found for form in isometry_forms.table(3)}
EXACT = ("ReLU", "Orthogonal matrix", "Sigmoid", "LIF at T = 1")


def test_table_8_is_what_is_measured_where_its_assumptions_are_met():
    for name in EXACT:
        found = FORMS[name]
        assert found.measured.phi == pytest.approx(found.phi, rel=1e-3), name
        assert found.measured.varphi == pytest.approx(found.varphi, abs=2e-3), name
    for name in ("Convolution", "Convolution, zeros around", "Channel gate\u2019s weights"):
        found = FORMS[name]
        assert found.measured.phi == pytest.approx(found.phi, rel=0.03), name
    assert FORMS["Convolution"].measured.varphi == pytest.approx(1 / 9, rel=0.06)
    assert FORMS["Convolution, zeros around"].phi == pytest.approx(22 / 8 * 22 / 8 / 27)
    assert FORMS["Spatial gate\u2019s weights"].measured.phi == pytest.approx(0.0129, rel=0.25)
    # Eq. 31-32 take the slope at 0 and a gate of 1/2: near, and not exact.
    assert FORMS["What both gates weigh"].measured.phi == pytest.approx(1 / 16, rel=0.3)
    assert FORMS["Sigmoid, away from 0"].measured.phi < 0.75 / 16


def test_a_convolution_s_phi_is_the_mean_of_its_jacobians():
    conv = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False)
    with torch.no_grad():
        conv.weight.fill_(2.0)
    J = written_out(conv, torch.zeros(1, 3, 4, 4))
    assert isometry_forms.conv_phi(conv, 4, 4.0) == pytest.approx(
        float(J.square().sum() / J.shape[1])
    )


@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_blocks_are_as_theorem_1_says_from_their_own_parts(gain):
    for form in isometry_blocks.table(3, gain):
        assert form.found.measured.phi == pytest.approx(form.found.phi, rel=0.12), form.name


def test_what_is_known_of_the_designs_at_ordinary_initialisation():
    how = Settings(n_inputs=4, n_probes=2, n_seeds=2)
    found = {name: course(name, 18, how).summary() for name in DESIGNS}
    for name in ("ms", "att-1", "att-1-code"):
        assert found[name]["phi"] == pytest.approx(1, abs=0.05), name
        assert abs(found[name]["log10_norm"]) < 0.2
    assert found["att-1"]["varphi"] < 0.02 < found["ms"]["varphi"]
    assert 0.04 < found["att-2"]["phi"] < 0.18 and found["att-2"]["log10_norm"] < -8
    assert 0.4 < found["vanilla"]["phi"] < 0.65 and -4 < found["vanilla"]["log10_norm"] < -1.5
    assert all(
        row["networks"] == 2 and row["log10_norm_error"] is not None for row in found.values()
    )


def test_a_great_gain_keeps_signals_of_the_second_design_alive_and_its_directions_apart():
    found = course("att-2", 18, Settings(gain=2.0, n_inputs=4, n_probes=2, n_seeds=1))
    first = found.passages[0].moments[0]
    assert first.phi == pytest.approx(1, abs=0.3) and first.varphi > 2
    assert abs(found.summary()["log10_norm"]) < 3


def test_what_no_design_can_be_is_refused():
    how = Settings(n_inputs=2, n_probes=1, n_seeds=1)
    for design, n, changes in (
        ("att-3", 2, {}),
        ("ms", 0, {}),
        ("ms", 2, {"width": 3}),
        ("ms", 2, {"gain": math.nan}),
        ("ms", 2, {"n_seeds": 0}),
        ("ms", 2, {"side_px": 0}),
    ):
        with pytest.raises(ValueError):
            course(design, n, replace(how, **changes))
    with pytest.raises(ValueError, match="at least once"):
        isometry_forms.table(0)
    assert OPTIONS == tuple(DESIGNS)


SMALL = ["--blocks", "2", "--seeds", "2", "--inputs", "2", "--probes", "1", "--width", "4"]


@pytest.fixture
def few_forms(monkeypatch):
    """Measure closed forms once, and not as often as weights are drawn."""
    rows = isometry_report.forms(1)
    monkeypatch.setattr(isometry_report, "forms", lambda: rows)


def test_the_command_prints_and_writes_the_same_numbers(tmp_path, capsys, few_forms):
    assert (
        main(["isometry", "--designs", "ms", "att-2", *SMALL, "--json", "-o", str(tmp_path)]) == 0
    )
    result = json.loads(capsys.readouterr().out)
    with (tmp_path / "isometry_courses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["phi"]) for row in rows] == [row["phi"] for row in result["courses"]]
    assert [row["name"] for row in rows] == ["ms", "att-2"]
    assert len(result["blocks"]) == 4 and result["settings"]["n_seeds"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"isometry_{part}.csv" for part in ("courses", "blocks", "forms")),
        *("isometry.png", "isometry.svg"),
    }
    assert main(["isometry", "--designs", "ms", *SMALL]) == 0
    out = capsys.readouterr().out
    assert "ms" in out and "ReLU" in out


def test_tables_and_figures_are_the_reports(tmp_path, monkeypatch):
    """One way to write a table, one to draw a figure: alone, the same bytes each time."""
    row = course("ms", 2, Settings(n_inputs=2, n_probes=1, n_seeds=1))
    result = {
        "courses": [row.summary()],
        "blocks": row.rows(),
        "forms": [{"name": "x", "phi": None}],
    }
    draw, alone = isometry_figure.sweep, []

    def watched(*given):
        found = []
        other = threading.Thread(target=lambda: found.append(DRAWING.acquire(blocking=False)))
        other.start()
        other.join()
        alone.append(found == [False])
        return draw(*given)

    monkeypatch.setattr(isometry_figure, "sweep", watched)
    names = isometry_report.write(result, tmp_path)
    assert alone == [True, True], "nobody else draws meanwhile"
    assert (tmp_path / "isometry_forms.csv").read_bytes() == b"name,phi\nx,\n"
    before = [(tmp_path / name).read_bytes() for name in names]
    isometry_report.write(result, tmp_path)
    assert before == [(tmp_path / name).read_bytes() for name in names]


def test_a_trained_network_is_looked_at_as_it_stands(tmp_path, capsys, monkeypatch, few_forms):
    config = ResidualConfig(
        3, input_size=(8, 8), in_channels=1, blocks=(1, 1), width=4, channel_reduction=2,
        stem_kernel=3, stem_stride=1,
    )  # fmt: skip
    torch.manual_seed(0)
    network = ResidualSNN(config)
    monkeypatch.setattr(isometry_report, "load", lambda name: (network, None))
    images = tmp_path / "images.npy"
    np.save(images, np.random.default_rng(0).random((3, 1, 8, 8)))
    assert main(["isometry", "--network", "mine", "--frames", str(images), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    (row,) = result["courses"]
    assert (row["name"], row["blocks"], row["networks"]) == ("mine", 2, 1)
    assert [r["block_name"] for r in result["blocks"]] == ["stage1_1", "stage2_1"]
    assert result["settings"]["input"] == "images.npy"
    frames = torch.from_numpy(np.load(images).astype(np.float32))[:, None]
    f = network.eval().through
    phi, _ = exact(lambda x: f(network.each_block()[0], x), network.into_blocks(frames))
    assert result["blocks"][0]["phi"] == pytest.approx(phi, rel=0.2)


def test_what_the_command_cannot_use_is_told_in_one_line(tmp_path, capsys):
    def told(*words):
        assert main(["isometry", *words]) == 2
        return capsys.readouterr().err

    wrong = tmp_path / "wrong.npy"
    np.save(wrong, np.zeros((2, 3, 8, 8)))
    assert "one channel" in told("--frames", str(wrong), *SMALL)
    np.save(wrong, np.zeros((2, 3)))
    assert "expected finite numbers" in told("--frames", str(wrong), *SMALL)
    wrong.write_bytes(b"nothing")
    assert "cannot be read" in told("--frames", str(wrong), *SMALL)
    assert "no residual blocks" in told("--network", "nmnist-vanilla")
    assert "at least one of --designs" in told("--designs")
    assert "4 channels" in told("--designs", "ms", "--width", "2", "--blocks", "2")
