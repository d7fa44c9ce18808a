"""The Recording page on every real recording: its numbers, or why it holds no plain events."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).parents[1] / "app" / "main.py"
FIXTURES = Path(__file__).resolve().parents[2] / "shared" / "fixtures"

#: What a right reader finds, computed from the formats' specifications.
EXPECTED = {"none": {}}
if FIXTURES.is_dir():
    EXPECTED = json.loads((FIXTURES / "expected.json").read_text())

#: An EVT3 word of the clock's upper half may come before or after its lower one.
LOOSE_US = {"prophesee_evt3.raw": 20}

WITHOUT_EVENTS = {
    "not_dvs_color.es": "Event Stream: holds events of type color",
    "not_dvs_generic.es": "Event Stream: holds events of type generic",
    "unsupported_ros1.bag": "this is a ROS bag, which is not read here",
}


@pytest.fixture(scope="module")
def page():
    """Open the page once, and wait for a visitor's file."""
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.switch_page("views/recording.py").run()
    app.segmented_control(key="source").set_value("Upload").run()
    return app


def upload(page, name):
    if not page.file_uploader:
        page.button(key="close_own").click().run()
    page.file_uploader[0].upload(name, (FIXTURES / name).read_bytes())
    page.run()
    assert not page.exception
    return page


def test_every_recording_is_looked_at(shared_dir):
    names = {path.name for path in FIXTURES.iterdir()} - {"README.md", "expected.json"}
    assert names == {*EXPECTED, *WITHOUT_EVENTS, "txyp.csv"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_real_recording_opens_with_the_numbers_of_its_specification(page, shared_dir, name):
    right = EXPECTED[name]
    upload(page, name)
    assert not page.error
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["events"] == f"{right['events']:,}"
    assert shown["ON"] == f"{right['on_events'] / right['events']:.1%}"
    if right["width"]:
        assert shown["sensor"] == f"{right['width']} \u00d7 {right['height']}"
    recording = page.session_state["uploaded"]  # what the page draws from
    events = recording.events
    for found, name_of in ((events.t[0], "first_t_us"), (events.t[-1], "last_t_us")):
        assert abs(int(found) - right[name_of]) <= LOOSE_US.get(name, 0)
    for axis in ("x", "y"):
        values = getattr(events, axis)
        assert [values.min(), values.max()] == right[f"{axis}_range"]
        assert int(values.sum(dtype=np.int64)) == right[f"{axis}_sum"]
    assert len(page.get("plotly_chart")) >= 2 and len(page.get("bidi_component")) >= 1


def test_a_real_text_table_opens(page, shared_dir):
    upload(page, "txyp.csv")
    n_lines = len((FIXTURES / "txyp.csv").read_text().split())
    shown = {metric.label: metric.value for metric in page.metric}
    assert not page.error and int(shown["events"]) in (n_lines, n_lines - 1)


@pytest.mark.parametrize("name", sorted(WITHOUT_EVENTS))
def test_a_file_without_plain_events_is_explained(page, shared_dir, name):
    upload(page, name)
    (error,) = page.error
    assert error.value.startswith(f"{name}: ") and "\n" not in error.value
    assert WITHOUT_EVENTS[name] in error.value
    assert not page.metric
