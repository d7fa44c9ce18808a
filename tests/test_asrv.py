"""Responses over a data set: sums of what single recordings show, however they are gathered."""

import csv
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import small_residual
import torch
from PIL import Image
from scipy import stats
from small_network import IN, SIZE, T, network_of

from masnn import (
    archives,
    asrv,
    asrv_files,
    checkpoints,
    datasets,
    energy,
    evaluation,
    framesets,
    gathering,
    images,
    imagesets,
    networks,
    recipes,
    significance,
    sources,
    surveys,
)
from masnn.__main__ import main
from masnn.asrv import About, channels, paired
from masnn.errors import DataError
from masnn.report import asrv as report
from masnn.residual import ResidualSNN
from masnn.residual_config import ResidualConfig
from masnn.response import record
from masnn.surveys import Survey

ABOUT = About("tiny", "vanilla", "0" * 64, ("x", "y", "z"), 10.0, "noise", "all", "c")
COSTS = energy.HOROWITZ_45NM_FP32


class Noise:
    """Give random recordings, made when they are asked for, and note how many were at once."""

    def __init__(self, n=10, seed=0, shape=(T, IN, *SIZE)):
        self.labels = np.random.default_rng(seed).integers(0, 3, n)
        self.seed, self.shape, self.asked = seed, shape, []

    def one(self, i):
        return np.random.default_rng((self.seed, i)).integers(0, 4, self.shape, dtype=np.int32)

    def windows(self, chosen):
        self.asked.append(len(chosen))
        return np.stack([self.one(i) for i in chosen])

    def whole(self, inputs):
        return inputs

    def digest(self):
        return f"noise {self.seed} {len(self.labels)}"


def same(one, other):
    """Check that two responses are equal in every number."""
    for field in ("labels", "predictions", "tied", "spikes", "steps", "operations", "inputs"):
        assert np.array_equal(getattr(one, field), getattr(other, field)), field
    for field in ("counts", "channels"):
        ours, theirs = getattr(one, field), getattr(other, field)
        assert list(ours) == list(theirs)
        assert all(np.array_equal(ours[layer], theirs[layer]) for layer in ours), field


@pytest.mark.parametrize(
    "changes",
    [{"attention": "none"}, {"attention": "TCSA"}, {"attention_site": "current"}],
    ids=["vanilla", "membrane", "current"],
)
def test_every_number_is_the_sum_of_single_recordings(changes):
    network, source = network_of(**changes), Noise(7)
    found = gathering.gather(network, source, ABOUT, batch=3)
    folded = network.folded()
    each = [record(folded, source.one(i), potentials=False) for i in range(7)]
    for place, (layer, counts) in enumerate(found.counts.items()):
        spikes = np.stack([response.layers[layer].spikes for response in each]).astype(int)
        assert np.array_equal(counts, spikes.sum(0)) and counts.dtype == np.uint8
        assert np.array_equal(found.rates(layer), (spikes.sum(0) / 7).astype(np.float32))
        assert np.array_equal(found.spikes[:, place], spikes.reshape(7, -1).sum(1))
        for label in range(3):
            mine = spikes[found.labels == label]
            assert np.array_equal(found.steps[label, place], mine.sum((0, *range(2, mine.ndim))))
            if layer in found.maps:
                assert np.array_equal(found.channels[layer][label], mine.sum((0, 1, 3, 4)))
    assert found.predictions.tolist() == [response.prediction for response in each]
    plain = gathering.dataclasses.asdict(network.config)
    costs = [
        energy.ledger(plain, source.one(i), response).energy().pj / 1e6
        for i, response in enumerate(each)
    ]
    np.testing.assert_allclose(found.energy_uj(COSTS), costs, rtol=1e-12)
    shown = [source.one(i).astype(np.int64) for i in range(7)]
    assert np.array_equal(found.inputs, sum(shown))
    np.testing.assert_allclose(found.mean_input(2), sum(shown)[2] / 7, rtol=1e-6)
    assert found.confusion.sum() == 7 and found.confusion.trace() == found.right.sum()


def test_residual_networks_are_gathered_alike():
    config = ResidualConfig(
        n_classes=3, T=2, input_size=(8, 8), in_channels=2, blocks=(1, 1), width=4,
        channel_reduction=2, stem_kernel=3, stem_stride=1, stem_pool=False,
    )  # fmt: skip
    torch.manual_seed(0)
    network, source = ResidualSNN(config).eval(), Noise(5, shape=(2, 2, 8, 8))
    found = gathering.gather(network, source, ABOUT, batch=2)
    each = [record(network.folded(), source.one(i), potentials=False) for i in range(5)]
    assert list(found.counts) == list(config.neuron_shapes()) == found.maps
    for layer, counts in found.counts.items():
        assert np.array_equal(counts, sum(r.layers[layer].spikes.astype(int) for r in each))
    books = [
        energy.ledger(dataclasses.asdict(config), source.one(i), response).energy()
        for i, response in enumerate(each)
    ]
    assert np.array_equal(found.operations, [[book.macs, book.acs] for book in books])
    np.testing.assert_allclose(found.energy_uj(COSTS), [book.pj / 1e6 for book in books])
    rows = asrv_files.class_rows({"a": found}, COSTS)
    of_first = [books[i].pj / 1e6 for i in range(5) if found.labels[i] == 0]
    assert rows[0]["energy_uj"] == pytest.approx(sum(of_first) / len(of_first))
    with pytest.raises(ValueError, match="no spikes"):
        ann = ResidualSNN(replace(config, neurons="relu"))
        gathering.gather(ann, source, ABOUT)


def hand_made(counts, n=4, labels=(0, 1, 2, 0)):
    """Return a response whose only layer fires as told, all its spikes in the first recordings."""
    counts = np.array(counts, np.uint8)
    total = int(counts.sum())
    spikes = np.array([[total // n + (i < total % n)] for i in range(n)])
    steps = np.zeros((3, 1, len(counts)), np.int64)
    steps[0, 0] = counts.sum((1, 2, 3))
    labels = np.array(labels)
    return asrv.Asrv(
        ABOUT, {"conv1": counts}, labels, labels.copy(), np.zeros(n, bool), spikes, steps, {}
    )


def test_silent_and_near_one_channels_are_counted_by_hand():
    # Two steps, three channels of 1 x 2 neurons, four recordings.
    response = hand_made(
        [[[[0, 0]], [[4, 4]], [[4, 3]]], [[[0, 1]], [[0, 0]], [[4, 4]]]],
    )
    found = channels(response, "conv1")
    assert found.mean.tolist() == [[0, 1, 0.875], [0.125, 0, 1]]
    assert found.highest.tolist() == [[0, 1, 1], [0.25, 0, 1]]
    assert found.silent.tolist() == [[True, False, False], [False, True, False]]
    assert found.near_one.tolist() == [[False, True, False], [False, False, True]]
    assert response.nsfr.tolist() == [15 / 24, 9 / 24]
    assert response.nasfr.tolist() == [6 / 12] * 4 and response.nasfr_sd == 0
    with pytest.raises(ValueError, match="has no channels"):
        channels(response, "fc1")


@pytest.mark.parametrize(("T", "steps"), [(60, [0, 24, 48]), (15, [0, 6, 11]), (1, [0])])
def test_the_moments_are_the_papers(T, steps):
    assert hand_made(np.zeros((T, 1, 1, 1))).moments() == steps


def test_a_run_stopped_anywhere_goes_on_as_if_it_had_not(tmp_path):
    network, source, state = network_of(), Noise(11), tmp_path / "run.npz"
    whole = gathering.gather(network, source, ABOUT, batch=2)
    asked = []
    for at in (2, 6):

        def stop(done, of, at=at):
            if done == at:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            gathering.gather(network, source, ABOUT, batch=2, state_file=state, on_recording=stop)
        asked.append(len(source.asked))
    resumed = gathering.gather(network, source, ABOUT, batch=2, state_file=state)
    same(whole, resumed)
    assert len(source.asked) - asked[-1] == 3, "only the rest was run again"
    assert len(source.asked) == 6 + 6, "no recording was run twice"
    again = gathering.gather(network, source, ABOUT, batch=2, state_file=state)
    same(whole, again)
    assert len(source.asked) == 12, "a finished run is read"
    assert not list(tmp_path.glob("*.new"))


def test_a_request_to_stop_in_the_last_batch_is_heard(tmp_path):
    """Of two networks the second one must not be run by somebody who asked to stop."""
    network, source, state = network_of(), Noise(4), tmp_path / "run.npz"

    def stop(done, of):
        if done == of:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        gathering.gather(network, source, ABOUT, batch=2, state_file=state, on_recording=stop)
    assert done_in(state) == 2, "what was done is kept"
    same(gathering.gather(network, source, ABOUT, batch=2, state_file=state),
         gathering.gather(network, source, ABOUT, batch=2))  # fmt: skip


def test_a_process_that_cannot_see_the_first_ones_disk_goes_on_with_it(tmp_path, monkeypatch):
    network, source, state = network_of(), Noise(6), tmp_path / "run.npz"
    gathering.gather(network, source, ABOUT, batch=2, state_file=state)
    content = state.read_bytes()
    monkeypatch.setattr(gathering.parallel, "rank", lambda: 1)
    monkeypatch.setattr(gathering.parallel, "from_first", lambda mine: mine or content)
    run = gathering._Run(network, source, 2, torch.device("cpu"))
    run.resume(tmp_path / "elsewhere" / "run.npz")
    assert run.done == 3 and not any(values.any() for values in run.sums.values())


def test_a_state_of_something_else_is_not_resumed(tmp_path):
    network, source, state = network_of(), Noise(4), tmp_path / "run.npz"
    gathering.gather(network, source, ABOUT, batch=2, state_file=state)
    for other, data, batch in (
        (network_of(seed=2), source, 2),
        (network, Noise(4, seed=1), 2),
        (network, source, 3),
    ):
        with pytest.raises(DataError, match="of another network, other recordings or settings"):
            gathering.gather(other, data, ABOUT, batch=batch, state_file=state)
    state.write_bytes(state.read_bytes()[:300])
    with pytest.raises(DataError, match="cannot be read as an unfinished run"):
        gathering.gather(network, source, ABOUT, batch=2, state_file=state)


def done_in(state):
    with np.load(state) as saved:
        return int(saved["done"])


def test_the_state_is_kept_every_so_often(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "SAVE_EVERY_S", 0.0)
    state, seen = tmp_path / "run.npz", []

    def look(done, of):
        seen.append(done_in(state) if state.exists() else 0)

    gathering.gather(network_of(), Noise(6), ABOUT, batch=2, state_file=state, on_recording=look)
    assert seen == [0, 1, 2] and done_in(state) == 3


def test_memory_is_what_is_told_whatever_the_number_of_recordings():
    network = network_of()
    fixed, each = gathering.footprint(network.config)
    for n in (3, 40):
        source = Noise(n)
        run = gathering._Run(network, source, 4, torch.device("cpu"))
        assert sum(values.nbytes for values in run.sums.values()) == fixed + n * each
        while run.done < run.n_batches:
            run.next_batches()
        assert sum(values.nbytes for values in run.sums.values()) == fixed + n * each
        assert max(source.asked) <= 4 and sum(source.asked) == n


PROCESS = """
import sys, torch
from pathlib import Path
from masnn import asrv_files, gathering, parallel
from small_network import network_of
from test_asrv import ABOUT, Noise
torch.set_num_threads(1)
with parallel.processes(torch.device("cpu")):
    assert parallel.world() == int(sys.argv[2])
    gathering.SAVE_EVERY_S = 0.0
    state = Path(sys.argv[1] + ".state.npz")
    found = gathering.gather(network_of(), Noise(11), ABOUT, batch=2, state_file=state)
    assert (found is None) == (parallel.rank() > 0)
    if found is not None:
        Path(sys.argv[1]).write_bytes(asrv_files.encode({"a": found}))
"""


def test_two_processes_come_to_exactly_what_one_does(tmp_path):
    """Six batches of two and one of one do not divide evenly, and each is saved on the way."""
    (tmp_path / "process.py").write_text(PROCESS)
    for n in (1, 2):
        words = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        done = subprocess.run(
            [*words, "--nproc-per-node", str(n), str(tmp_path / "process.py"),
             str(tmp_path / f"{n}.npz"), str(n)],
            env={**os.environ, "PYTHONPATH": f"tests:{os.environ.get('PYTHONPATH', '.')}",
                 "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = ((tmp_path / f"{n}.npz").read_bytes() for n in (1, 2))
    assert one == two
    same(asrv_files.decode(one)["a"], gathering.gather(network_of(), Noise(11), ABOUT, batch=2))


def test_paired_tests_are_those_of_scipy():
    rng = np.random.default_rng(3)
    a, b = rng.random(200) < 0.9, rng.random(200) < 0.8
    found = significance.mcnemar(a, b)
    n = found.only_a + found.only_b
    assert (found.only_a, found.only_b) == ((a & ~b).sum(), (b & ~a).sum())
    assert found.p == pytest.approx(stats.binomtest(found.only_b, n).pvalue, rel=1e-12)
    assert significance.mcnemar(a, a) == (0, 0, 1.0)
    x, y = rng.normal(size=80), rng.normal(0.3, size=80)
    mean = significance.paired_mean(x, y)
    assert mean.mean == pytest.approx((y - x).mean())
    assert mean.lower == (y < x).mean()
    peer = stats.bootstrap(
        (y - x,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (mean.low, mean.high) == pytest.approx(tuple(peer), abs=0.02)
    assert significance.paired_mean(x, y) == mean


def test_a_large_set_is_compared_in_no_time():
    """Whole numbers of a million bits and ten thousand draws of a million took hours."""
    rng = np.random.default_rng(4)
    a, b = rng.random(1_500_000) < 0.5, rng.random(1_500_000) < 0.5005
    found = significance.mcnemar(a, b)
    peer = stats.binomtest(found.only_b, found.only_a + found.only_b).pvalue
    assert found.p == pytest.approx(peer, rel=1e-7) and 1e-6 < found.p < 0.99
    alike = np.arange(1_000_000) % 2 == 0
    assert significance.mcnemar(alike, ~alike).p == 1.0
    none, every = np.zeros(1_000_000, bool), np.ones(1_000_000, bool)
    assert significance.mcnemar(none, every).p == 0.0
    change = rng.normal(0.2, 1, 200_000)
    mean = significance.paired_mean(np.zeros(200_000), change)
    half = stats.norm.ppf(0.975) * stats.sem(change)
    assert (mean.low, mean.high) == pytest.approx(
        (change.mean() - half, change.mean() + half), abs=1e-8
    )


def test_only_the_same_recordings_are_paired():
    a, b = (gathering.gather(network_of(seed), Noise(6), ABOUT) for seed in (1, 2))
    test = paired(a, b)
    assert test.n == 6 and test.nasfr.mean == pytest.approx(b.nasfr.mean() - a.nasfr.mean())
    other = gathering.gather(network_of(2), Noise(6, seed=1), replace(ABOUT, content="d"))
    with pytest.raises(ValueError, match="did not see the same recordings"):
        paired(a, other)


def test_other_windows_of_the_same_recordings_are_a_caveat():
    a = gathering.gather(network_of(1), Noise(6), ABOUT)
    b = replace(a, about=replace(ABOUT, dt_ms=20.0))
    assert paired(a, a).caveat == ""
    assert paired(a, b).caveat.startswith(f"A sees {T} steps of 10 ms and B {T} steps of 20 ms: ")
    longer = {name: np.concatenate([x, x * 0]) for name, x in a.counts.items()}
    assert f"B {2 * T} steps of 10 ms" in paired(a, replace(a, counts=longer)).caveat


def test_a_file_holds_all_and_is_read_back():
    pair = {
        "a": gathering.gather(network_of(attention="none"), Noise(6), ABOUT),
        "b": gathering.gather(network_of(), Noise(6), replace(ABOUT, title="TCSA")),
    }
    content = asrv_files.encode(pair)
    back = asrv_files.decode(content)
    assert list(back) == ["a", "b"] and back["b"].about == pair["b"].about
    for who in pair:
        same(pair[who], back[who])
    assert asrv_files.encode(back) == content


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x.pop("about"), "not a file that"),
        (lambda x: x.update(about=np.frombuffer(b"{}", np.uint8)), "does not say whose"),
        (lambda x: x.update({"a.labels": x["a.labels"] + 3}), "beyond its 3"),
        (lambda x: x.update({"a.spikes": x["a.spikes"] + 1}), "other sums"),
        (
            lambda x: x.update({"a.spikes": x["a.spikes"].astype(int) << 40}),
            "a recording has more than",
        ),
        (lambda x: x.update({"a.spikes": x["a.spikes"][::-1]}), "other sums"),
        (lambda x: x.update({"a.steps": x["a.steps"][:, :, ::-1]}), "other sums"),
        (lambda x: x.update({"a.steps": x["a.steps"][::-1]}), "other sums"),
        (lambda x: x.update({"a.labels": 2 - x["a.labels"]}), "other sums"),
        (
            lambda x: x.update({"a.channels.conv1": x["a.channels.conv1"][:, ::-1]}),
            "sums in conv1",
        ),
        (lambda x: x.update({"a.channels.conv2": x["a.channels.conv2"][::-1]}), "sums in conv2"),
        (lambda x: x.update({"a.steps": x["a.steps"][:2]}), "has the shape"),
        (lambda x: x.update({"a.counts.conv1": x["a.counts.conv1"] * 0 + 7}), "more than its 6"),
        (lambda x: x.update({"a.counts.conv1": x["a.counts.conv1"][0]}), "not .T, C, H, W."),
        (lambda x: x.update({"a.spikes": x["a.spikes"] * 1.0}), "no count"),
        (lambda x: x.update({"a.else": np.zeros(3, np.uint8)}), "has the shape"),
        (lambda x: x.update({"a.inputs": x["a.inputs"][0]}), "has the shape"),
        (lambda x: x.update({"a.inputs": x["a.inputs"][:2]}), "has the shape"),
        (lambda x: x.update({"a.inputs": x["a.inputs"] * 1.5}), "no count"),
        (lambda x: x.update({"a.inputs": np.uint8(3)}), "has the shape"),
        (lambda x: x.update({"a.inputs": np.zeros((1, 65, 2, 2), np.uint8)}), "has the shape"),
        (lambda x: x.pop("a.predictions"), "predictions"),
        (lambda x: x.update({"a.tied": np.array(["x"] * 6)}), "expected numbers"),
        (lambda x: x.update({"a.tied": np.zeros(6, np.uint8)[:, None]}), "has the shape"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(change, says):
    content = asrv_files.encode({"a": gathering.gather(network_of(), Noise(6), ABOUT)})
    arrays = archives.unpack(content, "x", 1 << 27)
    change(arrays)
    with pytest.raises(DataError, match=says):
        asrv_files.decode(archives.pack(arrays), "mine.npz")


def test_a_file_that_is_none_or_too_large_is_refused():
    content = asrv_files.encode({"a": gathering.gather(network_of(), Noise(6), ABOUT)})
    for cut in (0, 10, 500, len(content) - 3):
        with pytest.raises(DataError, match=r"damaged \.npz"):
            asrv_files.decode(content[:cut], "mine.npz")
    bomb = archives.pack({"about": np.zeros((1 << 27) + 1, np.uint8)})
    assert len(bomb) < 1 << 18
    with pytest.raises(DataError, match="at most 134,217,728 are read"):
        asrv_files.decode(bomb)


def zipped(names, kind):
    """Return an archive of the same small array under each name."""
    array, held = io.BytesIO(), io.BytesIO()
    np.save(array, np.zeros(3, np.uint8))
    with zipfile.ZipFile(held, "w", kind) as archive:
        for name in names:
            archive.writestr(name, array.getvalue())
    return held.getvalue()


def test_an_archive_is_read_as_numpy_writes_it_and_no_name_twice():
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert list(archives.unpack(zipped(["a.npy", "b"], kind), "x", 1 << 20)) == ["a", "b"]
    with pytest.raises(DataError, match="two arrays of one name"):
        archives.unpack(zipped(["a.npy", "a"], zipfile.ZIP_STORED), "x", 1 << 20)
    for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(DataError, match="compressed otherwise than NumPy does"):
            archives.unpack(zipped(["a.npy"], kind), "x", 1 << 20)


def bare(n=1, T=1, layers=None, k=3):
    """Return a small file of a network that never fires, whatever it claims to be."""
    shapes = layers or {"conv1": (1, 1, 1)}
    zeros = {name: np.zeros((T, *shape), np.uint8) for name, shape in shapes.items()}
    rows, spikes = np.zeros(n, np.uint8), np.zeros((n, len(shapes)), np.uint8)
    steps = np.zeros((k, len(shapes), T), np.uint8)
    about = replace(ABOUT, classes=tuple(map(str, range(k))))
    return asrv_files.encode(
        {"a": asrv.Asrv(about, zeros, rows, rows, rows > 0, spikes, steps, {})}
    )


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ({"k": 1_001}, "classes that are none"),
        ({"n": 2_000_001}, "2,000,001 recordings; at most 2,000,000"),
        ({"T": 10_001}, "10,001 steps of 1 layers"),
        ({"T": 1_000, "layers": {f"conv{i}": (1, 1, 1) for i in range(132)}}, "of 132 layers"),
        ({"layers": {"conv1": (1, 2_049, 1)}}, "larger than are read"),
        ({"T": 1_000, "layers": {"conv1": (4_195, 1, 1)}}, "larger than are read"),
    ],
)
def test_a_small_file_of_something_large_is_refused(claim, says):
    content = bare(**claim)
    assert len(content) < 1 << 20
    with pytest.raises(DataError, match=says):
        asrv_files.decode(content)


def test_what_a_file_holds_is_kept_as_small_as_it_came():
    read = asrv_files.decode(bare(n=200_000, k=1_000))["a"]
    arrays = (read.spikes, read.steps, *read.counts.values(), *read.channels.values())
    assert all(values.itemsize == 1 for values in arrays)
    assert read.confusion is read.confusion and read.confusion[0, 0] == 200_000
    assert (asrv_files.MAX_STEPS, asrv_files.MAX_SIDE) == (networks.MAX_STEPS, networks.MAX_SIDE)


def test_names_in_a_file_are_bounded():
    response = gathering.gather(network_of(), Noise(6), ABOUT)
    for field, value in (("title", "x" * 301), ("dt_ms", -1), ("classes", ("x", "x", "z"))):
        odd = replace(response, about=replace(ABOUT, **{field: value}))
        with pytest.raises(DataError, match="does not say whose"):
            asrv_files.decode(asrv_files.encode({"a": odd}))


def test_tables_and_figures_of_two_networks_of_other_layers(tmp_path):
    deep = network_of(channels=(4, 6, 8), pools=(1, 2, 2), attention="none")
    pair = {
        "a": gathering.gather(network_of(), Noise(6), ABOUT),
        "b": gathering.gather(deep, Noise(6), ABOUT),
    }
    found = Survey(pair, "conv3", tuple(f"r{i}" for i in range(6)), {}, ())
    names = report.write(found, tmp_path, COSTS, ("svg",))
    assert all((tmp_path / name).stat().st_size for name in names)

    def rows(name):
        return list(csv.DictReader(io.StringIO((tmp_path / name).read_text())))

    assert len(rows("samples.csv")) == 12 and len(rows("classes.csv")) == 6
    first = rows("samples.csv")[0]
    assert int(first["spikes"]) == pair["a"].spikes[0].sum() and first["spikes_conv3"] == ""
    assert len(rows("layers.csv")) == T * (len(pair["a"].counts) + len(pair["b"].counts))
    of_class = [row for row in rows("classes.csv") if row["network"] == "B"]
    assert sum(int(row["right"]) for row in of_class) == pair["b"].right.sum()
    assert len(rows("channels.csv")) == T * (4 + 6 + 4 + 6 + 8)
    picture = report.tiles(pair, "conv1")
    strip, below = picture.subfigs
    moments = pair["a"].moments()
    assert len(below.axes) == 2 * len(moments) + 1
    limits = {image.get_clim() for axes in below.axes for image in axes.images}
    assert len(limits) == 1, "one colour scale"
    # Both saw the same recordings: what was shown stands above them once, on one scale.
    *shown, _ = strip.axes
    assert [axes.get_title() for axes in shown] == [f"shown at t = {t + 1}" for t in moments]
    for axes, t in zip(shown, moments, strict=True):
        expected = pair["a"].inputs[t].sum(0) / 6
        np.testing.assert_allclose(axes.images[0].get_array(), expected, rtol=1e-6)
    assert len({axes.images[0].get_clim() for axes in shown}) == 1
    bare = {who: replace(response, inputs=None) for who, response in pair.items()}
    assert not report.tiles(bare, "conv1").subfigs


def test_layers_of_a_deep_network_stay_on_a_page():
    deep = ResidualConfig(
        n_classes=3, T=2, input_size=(8, 8), in_channels=2, blocks=(3, 8, 32, 8), width=2,
        channel_reduction=2, stem_kernel=3, stem_stride=1, stem_pool=False,
    )  # fmt: skip
    found = gathering.gather(
        small_residual.network_of(deep), Noise(3, shape=(2, 2, 8, 8)), ABOUT, batch=3
    )
    assert len(found.counts) == 103
    drawn = report.layers({"a": found, "b": found})
    assert drawn.get_figheight() * 25.4 < 240
    rate, silent, near_one = drawn.axes
    for axes, values in (
        (rate, [found.layer_rates(name).mean() for name in found.counts]),
        (silent, [channels(found, name).silent.mean() for name in found.counts]),
        (near_one, [channels(found, name).near_one.mean() for name in found.counts]),
    ):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), values)
    assert near_one.get_xticklabels()[0].get_text() == "stem"


def test_tiles_of_networks_of_other_steps_lie_at_the_same_share_of_each(tmp_path):
    long = hand_made(np.zeros((60, 2, 2, 2)))
    short, single = hand_made(np.zeros((20, 2, 2, 2))), hand_made(np.zeros((1, 2, 2, 2)))
    drawn = report.tiles({"a": long, "b": short}, "conv1")
    told = [axes.get_title().rpartition("t = ")[2].partition(":")[0] for axes in drawn.axes[:6]]
    assert told == ["1", "1", "25", "9", "49", "16"]
    drawn = report.tiles({"a": long, "b": single}, "conv1")
    assert [axes.get_visible() for axes in drawn.axes[:6]] == [True, True, *[True, False] * 2]
    with pytest.raises(IndexError):
        report.tiles({"a": long, "b": short}, "conv1", steps=[30])


def test_what_was_gathered_is_kept_whole_whatever_happens_to_its_figures(tmp_path, monkeypatch):
    response = gathering.gather(network_of(), Noise(6), ABOUT)
    found = Survey({"a": response}, "conv1", tuple("abcdef"), {}, ())
    (tmp_path / "unfinished-a.npz").write_bytes(b"")

    def broken(*given):
        raise RuntimeError("no ink")

    monkeypatch.setattr(report, "tiles", broken)
    with pytest.raises(RuntimeError, match="no ink"):
        report.write(found, tmp_path, COSTS, ("png",))
    same(asrv_files.decode((tmp_path / "asrv.npz").read_bytes())["a"], response)
    assert not (tmp_path / "unfinished-a.npz").exists() and not list(tmp_path.glob("*.new"))
    before = (tmp_path / "asrv.npz").read_bytes()
    write = report.Path.write_bytes
    monkeypatch.setattr(report.Path, "write_bytes", lambda path, all: (write(path, b"P"), broken()))
    with pytest.raises(RuntimeError, match="no ink"):
        report.write(found, tmp_path, COSTS, ("png",))
    assert (tmp_path / "asrv.npz").read_bytes() == before, "an interrupted write costs nothing"


@pytest.fixture
def digit_data(tmp_path):
    """Return a folder of eight simulated recordings of two classes."""
    for digit in (0, 7):
        (tmp_path / "data" / str(digit)).mkdir(parents=True)
        for seed in range(4):
            path = tmp_path / "data" / str(digit) / f"{seed}.bin"
            main(["simulate", "digit", str(digit), "--seed", str(seed), "-o", str(path)])
    return tmp_path / "data"


def test_recordings_are_own_only_if_the_card_knows_what_they_hold(digit_data, monkeypatch):
    network, card = checkpoints.load("nmnist-vanilla")
    told = {"name": "N-MNIST", "recordings": 8, "validation": 2, "split_seed": 0}

    def surveyed(part, digest):
        mine = replace(card, data={**told, "validation_digest": digest})
        monkeypatch.setattr(surveys.checkpoints, "load", lambda name: (network, mine))
        found = surveys.survey(["nmnist-vanilla"], digit_data, part)
        return found.responses["a"].about.data, " ".join(found.notes)

    data = datasets.open_dataset(digit_data, card.classes)
    samples = recipes.part_of(data, replace(card, data=told), "validation")
    known = recipes.frames_of(samples, network.config).digest()
    assert surveyed("validation", known) == ("N-MNIST", "")
    name, notes = surveyed("validation", "0" * 64)
    assert name == "data" and "but not the same" in notes
    assert surveyed("all", "0" * 64) == ("data", "")
    name, notes = surveyed("all", known)
    assert name == "N-MNIST" and "most of them were learned from" in notes


def test_each_file_is_read_once_for_its_hash(digit_data, monkeypatch):
    asked = []
    contents = sources.contents
    monkeypatch.setattr(sources, "contents", lambda all: asked.append(1) or contents(all))
    found = surveys.survey(["nmnist-vanilla", "nmnist-tcsa"], digit_data)
    assert len(asked) == 1
    a, b = (found.responses[who].about.content for who in "ab")
    assert a == b and len(a) == 64


def test_the_frames_digest_is_that_of_the_set_in_one_byte_or_two(digit_data):
    samples = datasets.open_dataset(digit_data).samples
    for steps, dt_ms in ((4, 5.0), (2, 150.0)):
        binning = framesets.Binning(steps, dt_ms, (2, 2))
        held = framesets.frame_set(samples, binning)
        mine = sources.Recordings(sources.Files(samples), binning)
        assert mine.frames_digest() == held.digest()
    assert held.counts.dtype == np.uint16


def test_networks_of_images_are_measured_on_image_folders(tmp_path, monkeypatch):
    shown = np.random.default_rng(2).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    for i, pixels in enumerate(shown):
        path = tmp_path / "pictures" / str(i % 2) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    names = ["digits-ms18-t4", "digits-csa18-t4"]
    found = surveys.survey(names, tmp_path / "pictures", batch=4)
    network, card = checkpoints.load(names[0])
    a, folded = found.responses["a"], network.folded()
    order = [0, 2, 4, 1, 3, 5]  # by class
    change = images.transform_of_card(card)
    inputs = np.stack([np.stack([change.apply(shown[i])] * 4) for i in order])
    each = [record(folded, one, potentials=False) for one in inputs]
    assert a.T == 4 and a.labels.tolist() == [0, 0, 0, 1, 1, 1]
    books = [
        energy.ledger(card.config, one, response).energy()
        for one, response in zip(inputs, each, strict=True)
    ]
    assert a.operations.tolist() == [[book.macs, book.acs] for book in books]
    assert a.inputs.shape == (1, 1, 8, 8)
    assert np.array_equal(a.inputs[0, 0], shown.astype(int).sum(0))
    assert np.array_equal(a.mean_input(3), a.mean_input(0))
    strip = report.tiles({"a": a}, "stem").subfigs[0]
    assert [axes.get_title() for axes in strip.axes] == ["shown at every step"]
    assert a.predictions.tolist() == [response.prediction for response in each]
    for layer, counts in a.counts.items():
        assert np.array_equal(counts, sum(r.layers[layer].spikes.astype(int) for r in each))
    assert found.recordings[:2] == ("0/0.png", "0/2.png")
    assert paired(a, found.responses["b"]).n == 6
    measured = evaluation.evaluate(
        network, recipes.frames_of(datasets.open_dataset(tmp_path / "pictures", card.classes)
                                   .samples, network.config, transform=change)
    )  # fmt: skip
    assert measured.confusion == a.confusion.tolist()
    assert sum(measured.spikes.values()) == a.spikes.sum()
    assert found.footprints["a"] == gathering.footprint(network.config, pictures=True)
    with pytest.raises(DataError, match="one sees images, the other recordings"):
        surveys.survey([names[0], "nmnist-vanilla"], tmp_path / "pictures")


def test_another_transform_is_another_run_of_the_same_images(tmp_path):
    path = tmp_path / "0" / "a.png"
    path.parent.mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    files = sources.Files((framesets.Sample(path, 0),))
    one, other = (
        sources.Pictures(files, imagesets.image_set(files.samples, images.Transform((8, 8), m, s)))
        for m, s in (((0.0,), (255.0,)), ((1.0,), (255.0,)))
    )
    assert one.files.digest == other.files.digest and one.digest() != other.digest()


def test_the_command_measures_a_labelled_folder(tmp_path, capsys):
    data, out = tmp_path / "data", tmp_path / "out"
    for digit in (0, 7):
        (data / str(digit)).mkdir(parents=True)
        for seed in (1, 2):
            path = data / str(digit) / f"{seed}.bin"
            main(["simulate", "digit", str(digit), "--seed", str(seed), "-o", str(path)])
    capsys.readouterr()
    words = ["asrv", "nmnist-vanilla", "--b", "nmnist-tcsa", "--data", str(data), "-o", str(out)]
    assert main([*words, "--formats", "svg", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["a"]["n"] == told["paired"]["n"] == 4 and told["a"]["data"] == "data"
    back = asrv_files.decode((out / "asrv.npz").read_bytes())
    assert told["b"]["nasfr"] == float(back["b"].nasfr.mean())
    table = (out / "samples.csv").read_text()
    called = [row["recording"] for row in csv.DictReader(io.StringIO(table))]
    assert called[:2] == ["0/1.bin", "0/2.bin"] and len(called) == 8
    assert not list(out.glob("unfinished*"))
    assert main(words) == 2 and "is there already" in capsys.readouterr().err
    assert main([*words, "--overwrite", "--layer", "fc1"]) == 2
    assert "no layer 'fc1' with channels" in capsys.readouterr().err
    assert main([*words[:2], *words[4:], "--overwrite", "--formats", "png"]) == 0
    assert "4 recordings of data (all)" in capsys.readouterr().out
