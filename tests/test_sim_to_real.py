"""Networks trained on simulated gestures, on real recordings of a waving right hand."""

from collections import Counter

import pytest

from masnn import checkpoints, recipes
from masnn.framesets import Sample

#: Recordings that a network calls something else: README names them, and a change must be seen.
MISSED = {("gesture-tsa", "dvs128_hand_wave.aedat4")}

NETWORKS = [n for n, c in checkpoints.available().items() if "hand_clapping" in c.classes]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("file", ["dvs128_hand_wave.aedat4", "dvs128_ibm_layout_aedat31.aedat"])
def test_a_real_wave_is_a_wave(name, file, shared_dir, capsys):
    """Six windows spread over the recording decide together, as in an evaluation with 6 clips."""
    import torch

    network, card = checkpoints.load(name)
    sample = Sample(shared_dir / "fixtures" / file, card.classes.index("right_hand_wave"))
    frames = recipes.frames_of((sample,), network.config, whole=True)
    with torch.no_grad():
        rates = network.folded()(torch.from_numpy(frames.clips(0, 6)).float())
    decided = [card.classes[i] for i in rates.argmax(1).tolist()]
    together = card.classes[int(rates.mean(0).argmax())]
    with capsys.disabled():
        print(f"\n{name} on {file}: {dict(Counter(decided))}, together {together}")
    a_wave = together in ("right_hand_wave", "left_hand_wave")
    assert a_wave == ((name, file) not in MISSED)
