"""The shelf of responses: bounded by bytes, what was asked for last stays, made once for all."""

import threading
import time

import numpy as np
import pytest

from app.runs import _bytes
from app.shelf import Shelf
from masnn import checkpoints
from masnn.response import record


def test_what_was_asked_for_longest_ago_is_given_up_where_room_is_short():
    shelf, made = Shelf(100, len), []

    def get(key, size):
        def make():
            made.append(key)
            return bytes(size)

        return shelf.get(key, make)

    for key in "abca":
        get(key, 40)  # of three, two have room: a, b, c for a
    assert made == ["a", "b", "c", "a"] and shelf.taken_bytes == 80
    assert len(get("c", 40)) == 40 and made == ["a", "b", "c", "a"], "kept"
    get("b", 40)  # for a, which was asked for before c
    get("c", 40)
    assert made == ["a", "b", "c", "a", "b"]
    assert len(get("huge", 500)) == 500 and shelf.taken_bytes == 500
    get("huge", 500)
    assert made.count("huge") == 1, "what was made last stays"
    get("a", 40)
    assert shelf.taken_bytes == 40


def test_what_fails_is_tried_again_and_what_two_want_is_made_once():
    shelf, calls = Shelf(100, len), []
    with pytest.raises(ZeroDivisionError):
        shelf.get("x", lambda: bytes(1 // 0))
    assert shelf.get("x", lambda: b"ok") == b"ok"

    def slow():
        calls.append(1)
        time.sleep(0.05)
        return b"slow"

    visitors = [threading.Thread(target=shelf.get, args=("y", slow)) for _ in range(5)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert len(calls) == 1


def test_a_responses_bytes_are_those_of_its_arrays():
    network, _ = checkpoints.load("nmnist-tcsa")
    counts = np.zeros((network.config.T, 2, 34, 34), int)
    bare = record(network, counts, potentials=False)
    whole = record(network, counts)
    neurons = sum(layer.n_neurons for layer in bare.layers.values())
    # Current before and after the gates, and the potential, as float32.
    assert _bytes(whole) - _bytes(bare) == 3 * 4 * bare.T * neurons
    gates = sum(g.nbytes for layer in bare.layers.values() for g in layer.gates.values())
    packed = sum(-(-bare.T * layer.n_neurons // 8) for layer in bare.layers.values())
    assert _bytes(bare) == bare.votes.nbytes + gates + packed
