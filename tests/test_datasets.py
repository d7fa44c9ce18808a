"""Data sets are recognised by their layout, split fairly, and their frames kept on disk."""

import logging
import os
import pickle
from itertools import pairwise

import event_bytes
import numpy as np
import pytest

from masnn import datasets, layouts
from masnn.datasets import Labelled, open_dataset
from masnn.errors import DataError
from masnn.events import Events
from masnn.framesets import Binning, Sample, frame_set
from masnn.simulate.gestures import GESTURES
from masnn.writers import write_events

BINNING = Binning(4, 10.0, (8, 8))


def events(n=60, seed=0, width=34, until_us=300_000):
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, width, (2, n))
    return Events(*xy, np.sort(rng.integers(0, until_us, n)), rng.integers(0, 2, n), width, width)


def put(path, recording=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_events(events() if recording is None else recording, path)
    return path


def names(samples):
    return [str(sample.path.name) for sample in samples]


@pytest.fixture
def nmnist(tmp_path):
    """Make two classes of six recordings in tonic's N-MNIST layout."""
    for label in range(2):
        for i in range(6):
            put(tmp_path / "NMNIST" / "Train" / f"{label}" / f"{i:05}.bin", events(seed=i))
    return tmp_path / "NMNIST"


# --- the layouts


def test_nmnist_is_found_from_any_level_with_or_without_its_test_part(nmnist):
    for level in (nmnist.parent, nmnist, nmnist / "Train"):
        data = open_dataset(level)
        assert len(data.samples) == 12 and data.classes == ("0", "1") and not data.test
        assert [sample.label for sample in data.samples] == [0] * 6 + [1] * 6
    put(nmnist / "Test" / "1" / "00001.bin")
    data = open_dataset(nmnist)
    assert len(data.samples) == 12 and names(data.test) == ["00001.bin"]
    assert data.parts(4) == (data.samples, data.test), "a test part of its own is what is measured"
    alone = open_dataset(nmnist / "Test")
    assert len(alone.samples) == 1 and alone.classes == ("1",)


def test_a_test_part_without_a_training_part_is_a_set_like_any_other(nmnist):
    (nmnist / "Train").rename(nmnist / "Test")
    data = open_dataset(nmnist)
    assert len(data.samples) == 12 and not data.test


def test_gestures_of_tonic_are_x_y_p_t_in_ms_of_a_dvs128(tmp_path):
    table = np.array([[5, 100, 1, 2], [6, 7, 0, 2], [127, 0, 1, 40]])
    for part, user in (("Train", "user01_fluorescent_led"), ("Test", "user24_led")):
        for label in (10, 2):
            file = tmp_path / "DVSGesture" / f"ibmGesture{part}" / user / f"{label}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(event_bytes.npy(table))
    data = open_dataset(tmp_path)
    assert data.classes == GESTURES and [s.label for s in data.samples] == [2, 10]
    assert {s.group for s in data.samples} == {"user01"} and {s.group for s in data.test} == {
        "user24"
    }
    read = data.samples[0].read()
    assert (read.x.tolist(), read.y.tolist()) == ([5, 6, 127], [100, 7, 0])
    assert (read.t.tolist(), read.p.tolist()) == ([2000, 2000, 40_000], [1, 0, 1])
    assert (read.width, read.height) == (128, 128)


@pytest.mark.parametrize(
    "table",
    [
        np.zeros((3, 3)),
        np.zeros(4),
        np.full((2, 4), np.nan),
        np.full((2, 4), 0.5),
        np.full((2, 4), 200),
        np.full((2, 4), "a"),
    ],
)
def test_what_is_no_gesture_of_tonic_is_named(tmp_path, table):
    file = tmp_path / "ibmGestureTrain" / "user01_led" / "0.npy"
    file.parent.mkdir(parents=True)
    file.write_bytes(event_bytes.npy(table))
    with pytest.raises(DataError, match=r"0\.npy"):
        open_dataset(tmp_path).samples[0].read()
    file.rename(file.with_name("11.npy"))
    with pytest.raises(DataError, match=r"11\.npy"):
        open_dataset(tmp_path)


def ibm(root, rows, user="user01_led", part="train"):
    root.mkdir(exist_ok=True)
    recording = [(i % 128, 3, 1000 * i, i % 2) for i in range(100)]
    (root / f"{user}.aedat").write_bytes(event_bytes.AEDAT31 + event_bytes.packet31(recording))
    lines = ["class,startTime_usec,endTime_usec", *(",".join(map(str, row)) for row in rows)]
    (root / f"{user}_labels.csv").write_text("\n".join(lines) + "\n")
    for name in ("train", "test"):
        with (root / f"trials_to_{name}.txt").open("a") as file:
            file.write(f"{user}.aedat\n" if name == part else "")
    return root


def test_gestures_of_ibm_are_spans_of_a_recording(tmp_path):
    root = ibm(tmp_path / "DvsGesture", [(1, 0, 10_000), (11, 20_000, 50_000)])
    ibm(root, [(3, 5000, 6000)], "user24_led", "test")
    data = open_dataset(tmp_path)
    assert data.classes == GESTURES and not data.warnings
    assert [(s.label, s.span_us, s.group) for s in data.samples + data.test] == [
        (0, (0, 10_000), "user01"),
        (10, (20_000, 50_000), "user01"),
        (2, (5000, 6000), "user24"),
    ]
    read = data.samples[1].read()
    assert read.t.tolist() == list(range(20_000, 50_000, 1000)) and read.width == 128
    assert data.test[0].read().t.tolist() == [5000], "the stop is not part of the span"


def test_rows_of_ibm_that_cannot_be_are_left_out_and_told(tmp_path):
    rows = [(9, 0, 30_000), (10, 20_000, 50_000), (11, 60_000, 60_000)]
    root = ibm(tmp_path / "DvsGesture", rows, "user22_led")
    (root / "user30_led.aedat").write_bytes(b"")
    data = open_dataset(root)
    assert [s.label for s in data.samples] == [8, 9], "rows that overlap are both good"
    overlap, empty, unlisted = data.warnings
    assert "class 9" in overlap and "kept" in overlap
    assert "user22_led" in empty and "class 11" in empty and "left out" in empty
    assert "user30_led" in unlisted


@pytest.mark.parametrize("row", [(12, 0, 1), (0, 0, 1), (1, 0), ("x", 0, 1)])
def test_damaged_labels_of_ibm_are_named(tmp_path, row):
    with pytest.raises(DataError, match="user01_led_labels"):
        open_dataset(ibm(tmp_path / "DvsGesture", [row]))


def test_a_span_without_events_and_a_missing_recording_are_named(tmp_path):
    root = ibm(tmp_path / "DvsGesture", [(1, 500_000, 600_000)])
    with pytest.raises(DataError, match=r"user01_led\.aedat: holds no events between"):
        open_dataset(root).samples[0].read()
    (root / "user01_led.aedat").unlink()
    with pytest.raises(DataError, match=r"user01_led\.aedat: it or .* missing"):
        open_dataset(root)


GAIT = np.array([[10, 5, 100, 1], [20, 6, 7, 0], [30, 3, 0, 1]])


def test_gait_is_text_in_numbered_folders_from_a_dvs128(tmp_path):
    for part in ("train", "test"):
        for subject in (0, 2, 10):
            (tmp_path / part / f"{subject}").mkdir(parents=True)
            np.savetxt(tmp_path / part / f"{subject}" / "1.txt", GAIT, fmt="%d")
    data = open_dataset(tmp_path)
    assert data.classes == ("0", "2", "10") and len(data.samples) == len(data.test) == 3
    read = data.test[2].read()
    assert (read.width, read.height, read.t.tolist()) == (128, 128, [10, 20, 30])


def gait_arrays(root, part, tables, targets):
    folder = root / "npy" / part
    folder.mkdir(parents=True)
    held = np.empty(len(tables), object)
    held[:] = tables
    np.save(folder / f"{part}_data.npy", held, allow_pickle=True)
    np.save(folder / f"{part}_target.npy", np.array(targets))
    return folder / f"{part}_data.npy"


def test_gait_arrays_are_t_x_y_p(tmp_path):
    gait_arrays(tmp_path, "train", [GAIT, GAIT[:2]], [0, 3])
    gait_arrays(tmp_path, "test", [GAIT[:1]], [1])
    data = open_dataset(tmp_path)
    assert data.classes == ("0", "1", "2", "3") and [s.label for s in data.samples] == [0, 3]
    read = data.samples[1].read()
    assert (read.t.tolist(), read.p.tolist()) == ([10, 20], [1, 0])
    assert (read.x.tolist(), read.y.tolist()) == ([5, 6], [100, 7])
    assert len(data.test[0].read()) == 1
    one, two = frame_set(data.samples, BINNING), frame_set(data.test, BINNING)
    assert len(one) == 2 and two.labels.tolist() == [1]


def test_an_array_file_that_would_run_something_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    file = gait_arrays(tmp_path, "train", [GAIT, GAIT[:1]], [0, 1])
    gait_arrays(tmp_path, "test", [GAIT], [0])
    data = open_dataset(tmp_path)
    with file.open("r+b") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        stream.truncate()
        pickle.dump(Evil(), stream)
    with pytest.raises(DataError, match="no array"):
        data.samples[0].read()
    assert not (tmp_path / "ran").exists()


def test_cifar10dvs_is_class_folders_of_aedat(tmp_path):
    for name in ("airplane", "truck"):
        folder = tmp_path / "CIFAR10DVS" / name
        folder.mkdir(parents=True)
        (folder / f"cifar10_{name}_0.aedat").write_bytes(event_bytes.dvs128([(3, 4, 5, 1)]))
        (folder.parent / f"{name}.zip").write_bytes(b"")
    data = open_dataset(tmp_path)
    assert data.classes == ("airplane", "truck")
    assert names(data.samples) == ["cifar10_airplane_0.aedat", "cifar10_truck_0.aedat"]
    assert data.samples[0].read().width == 128


def test_ncaltech101_has_one_field_for_images_of_all_sizes(tmp_path):
    root = tmp_path / "NCALTECH101" / "Caltech101"
    for name, width in (("airplanes", 230), ("BACKGROUND_Google", 100)):
        xy = [(width - 1, 100, 5, 1), (0, 0, 6, 0)]
        (root / name).mkdir(parents=True)
        (root / name / "image_0001.bin").write_bytes(event_bytes.nmnist(xy))
    for level in (tmp_path, root.parent, root):
        data = open_dataset(level)
        assert data.classes == ("BACKGROUND_Google", "airplanes")
        assert {(s.read().width, s.read().height) for s in data.samples} == {(240, 180)}


def test_parts_may_be_called_otherwise_and_files_name_performers(tmp_path):
    put(tmp_path / "TRAINING" / "arm_roll" / "subject001_0.npz")
    put(tmp_path / "Validation" / "arm_roll" / "subject002_0.npz")
    put(tmp_path / "Validation" / "hand_clapping" / "other.npz")
    (tmp_path / "notes").mkdir()
    data = open_dataset(tmp_path)
    assert data.classes == GESTURES, "some of the eleven are these classes in their own order"
    assert [s.group for s in data.samples] == ["subject001"]
    assert [(s.label, s.group) for s in data.test] == [(0, ""), (7, "subject002")]
    assert "notes" in data.warnings[0]


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train", "car"):
        put(tmp_path / name / "1.npz")
    assert open_dataset(tmp_path).classes == ("car", "train")


# --- wrong folders


def test_folders_that_hold_no_data_are_explained(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        open_dataset(tmp_path / "none")
    with pytest.raises(DataError, match="no folder at all"):
        open_dataset(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="hold no files"):
        open_dataset(tmp_path)
    (tmp_path / "a" / "bad.bin").write_bytes(b"\x00")
    with pytest.raises(DataError, match=r"recording 1 of 1: .*a.bad\.bin"):
        frame_set(open_dataset(tmp_path).samples, BINNING)


def test_what_could_mean_two_things_is_asked_back(tmp_path):
    for name in ("NMNIST", "DVSGesture"):
        (tmp_path / "sets" / name).mkdir(parents=True)
    with pytest.raises(DataError, match="several data sets"):
        open_dataset(tmp_path / "sets")
    for name in ("train", "test", "validation"):
        put(tmp_path / "three" / name / "a" / "1.npz")
    with pytest.raises(DataError, match="expected one to train on and one to measure on"):
        open_dataset(tmp_path / "three")


def test_nobody_may_be_in_both_parts(tmp_path):
    for part in ("train", "test"):
        put(tmp_path / part / "a" / "subject001_0.npz")
    with pytest.raises(DataError, match="subject001"):
        open_dataset(tmp_path)


def test_classes_of_a_card_keep_their_order_and_may_be_more(nmnist):
    data = open_dataset(nmnist, ["1", "2", "0"])
    assert data.classes == ("1", "2", "0") and data.samples[0].path.parent.name == "1"
    assert {s.label for s in data.samples} == {0, 2}
    with pytest.raises(DataError, match="none of the network's classes"):
        open_dataset(nmnist, ["0", "cat"])


def test_a_numbered_layout_is_held_against_the_classes_of_a_card(tmp_path):
    root = ibm(tmp_path / "DvsGesture", [(1, 0, 10_000)])
    assert open_dataset(root, GESTURES).classes == GESTURES
    with pytest.raises(DataError, match="not the network's"):
        open_dataset(root, ["0", "1"])


# --- parts


def test_a_draw_is_stratified_disjoint_and_seeded(nmnist):
    data = open_dataset(nmnist)
    one, other = data.parts(4, 0), data.parts(4, 1)
    training, validation = one
    assert one == data.parts(4, 0) != other
    assert not set(training) & set(validation) and len(training) == 8
    assert sorted(s.label for s in validation) == [0, 0, 1, 1]
    for n in (1, 12):
        with pytest.raises(DataError, match="cannot keep"):
            data.parts(n)
    with pytest.raises(DataError, match="the first 13 of 12"):
        data.parts(4, first=13)


def test_who_is_known_is_drawn_with_all_recordings(tmp_path):
    samples = [
        Sample(tmp_path / f"{who}{label}{i}", label, group=f"subject{who:03}")
        for who in range(6)
        for label in range(3)
        for i in range(2)
    ]
    data = Labelled(tuple(samples), ("a", "b", "c"))
    training, validation = data.parts(10, 0)
    assert len(validation) == 12 and len(training) == 24, "two performers of six recordings"
    assert not {s.group for s in training} & {s.group for s in validation}
    assert data.parts(len(validation), 0) == (training, validation)
    with pytest.raises(DataError, match="nobody may be in both"):
        data.parts(35)


# --- frames


def samples_of(tmp_path, n=3):
    return [
        Sample(put(tmp_path / f"{i}.npz", events(seed=i, width=8, until_us=30_000 * (i + 1))), i)
        for i in range(n)
    ]


def test_whole_recordings_are_binned_to_their_end(tmp_path):
    samples = samples_of(tmp_path)
    whole = frame_set(samples, Binning(4, 10.0, (8, 8), whole=True))
    assert [whole.bins(i) for i in range(3)] == [4, 6, 9], "never fewer than T"
    assert [int(whole.counts[a:b].sum()) for a, b in pairwise(whole.starts)] == [60] * 3
    assert not whole.counts[3].any(), "what is missing at the end is empty"
    short = frame_set(samples, BINNING)
    assert [short.bins(i) for i in range(3)] == [4, 4, 4]
    for i in range(3):
        assert np.array_equal(short.window(i, 0), whole.window(i, 0))
        assert whole.clips(i, 3).shape == (3, 4, 2, 8, 8)
        assert np.array_equal(whole.clips(i, 2)[1], whole.window(i, whole.bins(i) - 4))
    with pytest.raises(ValueError, match="no window"):
        whole.window(0, 1)


def test_the_last_event_is_kept_where_a_border_is_rounded_onto_it(tmp_path):
    t = np.array([0, 1])
    path = put(tmp_path / "a.npz", Events([0, 1], [0, 1], t, [0, 1], 8, 8))
    whole = frame_set([Sample(path, 0)], Binning(1, 0.0014, (8, 8), whole=True))
    assert whole.counts.sum() == 2


def test_too_long_a_recording_is_named(tmp_path):
    t = np.array([0, 3_600_000_000])
    path = put(tmp_path / "hour.npz", Events([0, 1], [0, 1], t, [0, 1], 128, 128))
    with pytest.raises(DataError, match=r"hour\.npz: 3600 s are"):
        frame_set([Sample(path, 0)], Binning(4, 10.0, (128, 128), whole=True))


def test_kept_frames_are_found_again_wherever_the_recordings_are(tmp_path):
    cache, calls = tmp_path / "cache", []
    samples = samples_of(tmp_path / "one")
    made = frame_set(samples, BINNING, cache=cache)
    assert made.counts.dtype == np.uint8 and len(list(cache.iterdir())) == 2
    moved = samples_of(tmp_path / "two")
    again = frame_set(moved, BINNING, cache=cache, progress=lambda *done: calls.append(done))
    assert not calls and isinstance(again.counts, np.memmap)
    plain = frame_set(samples, BINNING)
    assert again.digest() == made.digest() == plain.digest()


def test_what_differs_is_binned_anew(tmp_path):
    cache = tmp_path / "cache"
    samples = samples_of(tmp_path)
    one = samples[0]
    variants = [
        (samples, BINNING),
        (samples, Binning(5, 10.0, (8, 8))),
        (samples, Binning(4, 11.0, (8, 8))),
        (samples, Binning(4, 10.0, (4, 4))),
        (samples, Binning(4, 10.0, (8, 8), whole=True)),
        ([one], BINNING),
        ([Sample(one.path, 1)], BINNING),
        ([Sample(one.path, 0, (0, 20_000))], BINNING),
        ([Sample(one.path, 0, reader=layouts.dvs128)], BINNING),
    ]
    for n, (which, binning) in enumerate(variants, start=1):
        frame_set(which, binning, cache=cache)
        assert len(list(cache.iterdir())) == 2 * n


@pytest.mark.parametrize("damage", ["cut", "empty", "other", "starts", "none"])
def test_damaged_frames_are_made_again_and_told(tmp_path, damage, caplog):
    cache = tmp_path / "cache"
    samples = samples_of(tmp_path)
    whole = frame_set(samples, BINNING).digest()
    frame_set(samples, BINNING, cache=cache)
    starts = next(cache.glob("*.starts.npy"))
    file = next(path for path in cache.iterdir() if path != starts)
    match damage:
        case "cut":
            os.truncate(file, file.stat().st_size - 1)
        case "empty":
            file.write_bytes(b"")
        case "other":
            np.save(file, np.zeros((12, 2, 8, 9), np.uint8))
        case "starts":
            np.save(starts, np.array([0, 4, 8, 13]))
        case "none":
            starts.unlink()
    with caplog.at_level(logging.WARNING):
        assert frame_set(samples, BINNING, cache=cache).digest() == whole
    assert "damaged" in caplog.text
    caplog.clear()
    assert frame_set(samples, BINNING, cache=cache).digest() == whole and not caplog.text


def test_an_interrupted_run_leaves_nothing_that_is_taken_for_frames(tmp_path):
    cache = tmp_path / "cache"
    samples = samples_of(tmp_path)

    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frame_set(samples, BINNING, cache=cache, progress=stop)
    assert not list(cache.iterdir())


def test_many_events_in_one_place_take_wider_numbers(tmp_path):
    def crowd(n):
        zeros = np.zeros(n, int)
        return put(tmp_path / f"{n}.npz", Events(zeros, zeros, np.arange(n), zeros, 8, 8))

    binning = Binning(1, 100.0, (8, 8))
    samples = [Sample(crowd(n), 0) for n in (9, 300)]
    for cache in (None, tmp_path / "cache"):
        made = frame_set(samples, binning, cache=cache)
        assert made.counts.dtype == np.uint16 and made.counts.sum() == 309
    with pytest.raises(DataError, match=r"70000\.npz: 70000 events in one bin"):
        frame_set([Sample(crowd(70_000), 0)], binning)


def test_only_known_sets_are_downloaded(tmp_path):
    with pytest.raises(DataError, match="cannot be downloaded"):
        datasets.download("imagenet", tmp_path)
