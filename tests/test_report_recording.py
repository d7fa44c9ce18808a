"""Pictures of a recording for a paper: they are drawn, and their tables are of every event."""

import csv
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from app.state import EXAMPLES
from masnn.events import Events
from masnn.readers import Recording, read_recording
from masnn.report.overview import MOST, PICTURES
from masnn.report.panel import FORMATS

BY_NAME = {picture.name.removeprefix("recording_"): picture for picture in PICTURES}


@pytest.fixture(scope="module")
def recording():
    return read_recording(EXAMPLES / "simulated_right_hand_wave.npz")


def table(picture, recording):
    rows = list(csv.DictReader(io.StringIO(picture.data(recording))))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def test_the_rate_counts_every_event_in_its_part(recording):
    found = table(BY_NAME["rate"], recording)
    events = recording.events
    assert len(found["from_ms"]) == 240 and found["to_ms"][-1] == events.duration_us / 1000
    np.testing.assert_array_equal(found["from_ms"][1:], found["to_ms"][:-1])
    elapsed_ms = (events.t - events.t[0]) / 1000
    for p, name in enumerate(("off_events", "on_events")):
        edges = np.append(found["from_ms"], found["to_ms"][-1])
        expected, _ = np.histogram(elapsed_ms[events.p == p], edges)
        # An event on a border may fall to either side by a rounding.
        assert np.abs(np.cumsum(found[name] - expected)).max() <= 1
        assert found[name].sum() == (events.p == p).sum()


def test_pixels_and_waits_are_counted_by_hand(recording):
    events = recording.events
    n = np.zeros((2, events.height, events.width), int)
    last, waits = {}, []
    for t, x, y, p in zip(events.t, events.x, events.y, events.p, strict=True):
        n[p, y, x] += 1
        if (x, y) in last:
            waits.append(max(int(t - last[x, y]), 1))
        last[x, y] = t
    found = table(BY_NAME["pixels"], recording)
    for p, name in enumerate(("off_pixels", "on_pixels")):
        for start, end, pixels in zip(
            found["from_events"], found["to_events"], found[name], strict=True
        ):
            assert ((n[p] >= start) & (n[p] <= end)).sum() == pixels
        assert found[name].sum() == (n[p] > 0).sum(), "no pixel is left out"
    found = table(BY_NAME["waits"], recording)
    assert found["waits"].sum() == len(waits) and found["to_us"][-1] == max(waits)
    assert found["waits"][-1] == sum(w >= found["from_us"][-1] for w in waits)


def test_the_cloud_is_of_events_of_the_recording(recording):
    found = table(BY_NAME["cloud"], recording)
    assert len(found["t"]) == MOST < len(recording.events)
    of = set(zip(*(getattr(recording.events, k).tolist() for k in "txyp"), strict=True))
    assert set(zip(*(found[k].astype(int).tolist() for k in "txyp"), strict=True)) <= of


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
@pytest.mark.parametrize("columns", [1, 2])
def test_every_picture_is_drawn_in_every_format(recording, picture, columns):
    files = {kind: picture.render(recording, kind, columns) for kind in FORMATS}
    ElementTree.fromstring(files["svg"])
    assert files["pdf"].startswith(b"%PDF")
    assert max(map(len, files.values())) < 3_000_000
    image = Image.open(io.BytesIO(files["png"]))
    width_mm = {1: 88.9, 2: 181.9}[columns]
    assert image.width == pytest.approx(width_mm / 25.4 * 300, abs=1)
    assert np.asarray(image.convert("L")).std() > 5, "something is drawn"
    assert picture.render(recording, "png", columns) == files["png"], "the same bytes again"


def test_a_caption_says_what_and_of_which_recording(recording):
    for picture in PICTURES:
        told = picture.caption(recording)
        assert told.startswith(f"{picture.title}. ") and recording.sha256[:12] in told
        assert "23,191 events" in told and "masnn" in told


@pytest.mark.parametrize("n", [1, 2])
def test_a_recording_of_next_to_nothing_breaks_no_picture(n):
    events = Events(*(np.arange(n), np.arange(n), np.arange(n) * 7, np.ones(n, int)), 5, 4)
    tiny = Recording(events, "test", "tiny", "0" * 64, 1, ())
    drawn = [picture for picture in PICTURES if not picture.absent(tiny)]
    assert {p.name for p in PICTURES} - {p.name for p in drawn} == {"recording_waits"}
    for picture in drawn:
        picture.render(tiny, "svg", 1)
        assert picture.data(tiny)
