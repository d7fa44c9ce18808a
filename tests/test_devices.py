"""Devices: what is not there is said, and the CPU does the work."""

import pytest
import torch

from masnn.devices import choose_device, usable_devices


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == (torch.device("cpu"), "CPU, as chosen.")
    assert usable_devices()[:2] == ["auto", "cpu"]


def test_a_missing_gpu_is_said_in_plain_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for wanted in ("auto", "cuda", "cuda:3"):
        device, sentence = choose_device(wanted)
        assert device.type == "cpu" and "running on the CPU" in sentence
        assert wanted == "auto" or wanted in sentence


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Example GPU")
    assert choose_device("auto") == (torch.device("cuda", 0), "CUDA GPU: Example GPU.")
    assert choose_device("cuda:5")[0].type == "cpu"


def test_other_words_are_refused():
    with pytest.raises(ValueError, match="must be auto"):
        choose_device("tpu")
