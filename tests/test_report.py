"""Whole reports: every file opens and says what the library says; the same again from a recipe."""

import base64
import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from html.parser import HTMLParser

import pytest
from PIL import Image

from app.state import EXAMPLES, examples
from masnn.__main__ import main
from masnn.errors import ReportError
from masnn.images import read_picture
from masnn.readers import read_recording
from masnn.report import write
from masnn.report.numbers import numbers
from masnn.report.panel import render, table
from masnn.report.panels import PANELS
from masnn.report.pictured import Pictured
from masnn.report.recipe import read
from masnn.report.recorded import Recorded
from masnn.report.style import WIDTHS_MM
from masnn.report.subject import subject_of
from masnn.report.write import archive, files

WAVE = EXAMPLES / "simulated_right_hand_wave.npz"
NETWORKS = ("--a", "gesture-vanilla", "--b", "gesture-tcsa", "--device", "cpu")


@pytest.fixture(scope="module", params=["recording", "picture"])
def subject(request):
    if request.param == "picture":
        scene = Pictured(read_picture(EXAMPLES / "digit_7.png"))
        return subject_of(scene, "digits-ms18-t4", "digits-csa18-t4", device="cpu")
    recording = read_recording(WAVE)
    return subject_of(Recorded(recording), "gesture-vanilla", "gesture-tcsa", device="cpu")


@pytest.fixture(scope="module")
def report(subject):
    """Return a report's files, with what `on_part` was told."""
    told = []
    made = dict(files(subject, columns=(1,), on_part=lambda *part: told.append(part)))
    return made, told


class Page(HTMLParser):
    """Gather what a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.links = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        if tag == "img":
            self.images.append(values)
        if "download" in values:
            self.links[values["download"]] = values["href"]


def test_names_and_views_of_panels_fit_the_page():
    from app.choices import VIEWS
    from app.panels.take import ALWAYS

    assert len({panel.name for panel in PANELS}) == len(PANELS) >= 18
    views = [panel.view for panel in PANELS]
    assert list(dict.fromkeys(views)) == [ALWAYS, *VIEWS], "every view, in the page's order"
    assert all(re.fullmatch(r"[a-z_]+", panel.name) for panel in PANELS)


def test_every_file_of_a_report_opens_and_is_right(subject, report):
    made, told = report
    drawn = [panel for panel in PANELS if not panel.absent(subject)]
    assert len(drawn) >= 16
    for panel in drawn:
        stem = f"figures/{panel.name}-1col"
        ElementTree.fromstring(made[f"{stem}.svg"])
        assert made[f"{stem}.pdf"].startswith(b"%PDF")
        with Image.open(io.BytesIO(made[f"{stem}.png"])) as picture:
            assert picture.width == pytest.approx(WIDTHS_MM[1] / 25.4 * 300, abs=1)
            assert len(picture.convert("L").resize((60, 60)).getcolors()) > 5, "not empty"
        caption = made[f"figures/{panel.name}.txt"].decode()
        assert panel.caption(subject) in caption
        assert subject.scene.sha256[:12] in caption and subject.b.card.sha256[:12] in caption
        rows = list(csv.DictReader(io.StringIO(made[f"data/{panel.name}.csv"].decode())))
        expected = panel.rows(subject)
        assert len(rows) == len(expected) > 0
        for got, row in zip(rows, expected, strict=True):
            plain = {k: int(v) if isinstance(v, bool) else v for k, v in row.items()}
            assert got == {k: "" if v is None else str(v) for k, v in plain.items()}
        assert not any(v in ("nan", "inf", "-inf") for row in rows for v in row.values())
    assert json.loads(made["numbers.json"]) == json.loads(json.dumps(numbers(subject)))
    assert read(made["recipe.json"]).sha256 == subject.scene.sha256
    with Image.open(io.BytesIO(made["player.gif"])) as film:
        assert film.n_frames == subject.b.response.T
    assert told == [(i + 1, len(drawn) + 1) for i in range(len(drawn) + 1)]


def test_the_page_needs_nothing_but_itself(subject, report):
    made, _ = report
    text = made["report.html"].decode()
    page = Page(text)
    assert "script" not in page.tags and "link" not in page.tags and "iframe" not in page.tags
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text), "no address but its own"
    assert not re.findall(r"url\(|@import", text)
    drawn = [panel for panel in PANELS if not panel.absent(subject)]
    assert len(page.images) == len(drawn) + 1
    for image in page.images:
        assert len(image["alt"]) > 40
    for panel in drawn:
        kind, content = page.links[f"{panel.name}.csv"].split(",", 1)
        assert kind == "data:text/csv;base64"
        assert base64.b64decode(content).decode() == table(panel.rows(subject))
    for side in (subject.a, subject.b):
        assert f"{side.summary['spikes']:,}" in text and f"{side.summary['nasfr']:.4f}" in text


def test_the_tables_stand_in_the_page_folded(subject, report):
    text = report[0]["report.html"].decode()
    tables = re.findall(r"<details>(.*?)</details>", text, re.DOTALL)
    drawn = [panel for panel in PANELS if not panel.absent(subject)]
    assert len(tables) == len(drawn) and "<details open" not in text
    for panel, found in zip(drawn, tables, strict=True):
        rows = panel.rows(subject)
        assert f"<summary>Data, {len(rows):,} row" in found
        shown = [
            re.findall(r"<t[hd]>(.*?)</t[hd]>", line)
            for line in re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
        ]
        assert shown[0] == list(rows[0])
        assert len(shown) - 1 == min(len(rows), 300)
        assert ("The first 300 rows" in found) == (len(rows) > 300)
        for cells, row in zip(shown[1:], rows, strict=False):
            for cell, value in zip(cells, row.values(), strict=True):
                if isinstance(value, float):
                    assert float(cell.replace("\u2212", "-")) == pytest.approx(value, rel=1e-5)
                elif isinstance(value, int) and not isinstance(value, bool):
                    assert cell == str(value)
                elif value is None:
                    assert cell == "\u2013"


def test_the_figures_of_the_page_follow_the_readers_theme_and_the_files_do_not(report):
    made, _ = report
    files_of = [made[name].decode() for name in made if name.endswith(".svg")]
    in_page = [
        base64.b64decode(content).decode()
        for content in re.findall(
            r"data:image/svg\+xml;base64,([^\"]+)", made["report.html"].decode()
        )
    ]
    assert len(in_page) == len(files_of) > 10
    for svg in in_page:
        ElementTree.fromstring(svg)
        assert "prefers-color-scheme: dark" in svg
    assert not any("prefers-color-scheme" in svg for svg in files_of), "those are for print"


@pytest.fixture
def few(monkeypatch):
    """Draw two panels alone where what they show is not the question."""
    monkeypatch.setattr(write, "PANELS", PANELS[:2])


def test_a_page_shows_a_file_name_as_it_is(tmp_path, few):
    path = tmp_path / "<img src=x onerror=alert(1)>&.npz"
    path.write_bytes(WAVE.read_bytes())
    recording = read_recording(path)
    hostile = subject_of(Recorded(recording), "gesture-vanilla", "gesture-tcsa", device="cpu")
    made = dict(files(hostile, formats=(), columns=()))
    text = made["report.html"].decode()
    assert "<img src=x" not in text and "&lt;img src=x onerror=alert(1)&gt;&amp;.npz" in text


def test_an_archive_is_the_report_and_the_same_each_time(subject, few):
    once, again = (archive(subject, formats=("svg",)) for _ in range(2))
    assert once == again
    packed = zipfile.ZipFile(io.BytesIO(once))
    assert packed.testzip() is None
    panel = PANELS[0]
    assert packed.read(f"figures/{panel.name}-2col.svg") == render(panel, subject, "svg", 2)


def run(*words):
    return main(["report", *map(str, words)])


def test_a_report_is_made_again_from_its_recipe(tmp_path, capsys, few):
    first, second = tmp_path / "one", tmp_path / "two"
    small = ("--formats", "png", "--columns", "1")
    part = ("--from-ms", 200, "--to-ms", 3000)
    look = ("--layer", "conv2", "--neuron", 3, 2, 1, "--step", 4, "--prices", "int8")
    assert run(WAVE, *NETWORKS, "--start-ms", 120, *look, *small, *part, "-o", first) == 0
    recipe = first / "recipe.json"
    assert read(recipe.read_bytes()).window_us == (200_000, 3_000_000)
    caption = next((first / "figures").glob("*.txt")).read_text()
    assert "Of it, only what lies 200 to 3,000 ms after the first event." in caption
    assert read(recipe.read_bytes()).look.neuron == (3, 2, 1)
    words = (WAVE, "--recipe", recipe, *small, "--device", "cpu", "-o", second)
    capsys.readouterr()
    assert run(*words) == 0
    assert "Every number is the recipe's." in capsys.readouterr().out
    names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name

    def refused(*words):
        assert run(*words) == 2
        return capsys.readouterr().err

    assert "not empty" in refused(*words)
    assert "give no other options" in refused(*words, "--start-ms", 3)
    assert "give no other options" in refused(*words, "--layer", "conv1")
    assert "give no other options" in refused(*words, "--to-ms", 9)
    other = examples("Gestures")["hand clapping"]
    assert "not the recipe's recording" in refused(other, *words[1:])
    assert "another network" in refused(*words, "--b", "gesture-vanilla")
    changed = tmp_path / "changed.json"
    text = json.loads(recipe.read_text())
    text["numbers"]["a"]["spikes"] += 1
    changed.write_text(json.dumps(text))
    assert run(WAVE, "--recipe", changed, *small[:2], "--columns", 1, "-o", tmp_path / "3") == 0
    assert "in the recipe" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Name two checkpoints"),
        (("--a", "gesture-vanilla"), "Name two checkpoints"),
        ((*NETWORKS, "--layer", "conv9"), "no layer conv9"),
        ((*NETWORKS, "--step", "16"), "no step 16"),
        ((*NETWORKS, "--neuron", "1", "2"), "no neuron (1, 2)"),
        ((*NETWORKS, "--prices", "free"), "No prices free"),
        ((*NETWORKS, "--start-ms", "1e9"), "No event lies in the window"),
        (("--recipe", str(WAVE)), "No recipe"),
        (("--recipe", "missing.json"), "missing.json"),
    ],
)
def test_a_report_that_cannot_be_made_is_explained(tmp_path, capsys, words, told):
    assert run(WAVE, *words, "-o", tmp_path / "out") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists(), "nothing half done"


def test_a_file_in_the_place_of_the_folder_stays(tmp_path, subject):
    path = tmp_path / "out"
    path.write_text("mine")
    with pytest.raises(ReportError, match="name a folder"):
        write.write(subject, path)
    assert path.read_text() == "mine"
