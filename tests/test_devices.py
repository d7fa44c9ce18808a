"""Devices: the CPU does the work where no GPU is, and one that was asked for is not replaced."""

import pytest
import torch

from masnn.devices import SMALL, choose_device, threads_for, usable_devices
from masnn.errors import DeviceError


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == (torch.device("cpu"), "CPU, as chosen.")
    assert usable_devices()[:2] == ["auto", "cpu"]


def test_a_missing_gpu_is_said_in_plain_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    device, sentence = choose_device("auto")
    assert device.type == "cpu" and "running on the CPU" in sentence
    for wanted in ("cuda", "cuda:3"):
        with pytest.raises(DeviceError, match=f"{wanted}: no CUDA GPU was found"):
            choose_device(wanted)


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Example GPU")
    assert choose_device("auto") == (torch.device("cuda", 0), "CUDA GPU: Example GPU.")
    with pytest.raises(DeviceError, match="cuda:5: not found here; there are auto, cpu, cuda:0"):
        choose_device("cuda:5")


def test_other_words_are_refused():
    with pytest.raises(ValueError, match="must be auto"):
        choose_device("tpu")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_network_runs_on_one_thread_and_a_large_one_on_all(two_threads):
    for n_cells, threads in ((0, 1), (SMALL, 1), (SMALL + 1, 2)):
        with pytest.raises(KeyError), threads_for(n_cells):
            assert torch.get_num_threads() == threads
            raise KeyError
        assert torch.get_num_threads() == 2


def test_the_apps_networks_are_small(two_threads):
    from app import runs
    from masnn import checkpoints

    card = checkpoints.available()["gesture-tcsa"]
    with runs.inference(card.name, card.sha256, "cpu"):
        assert torch.get_num_threads() == 1
    with runs.turn():
        assert torch.get_num_threads() == 1
    with runs.turn(SMALL + 1):
        assert torch.get_num_threads() == 2
