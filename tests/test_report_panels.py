"""Panels of a report, drawn for any two networks: they open, fit their page and say what is not."""

import io
import math
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from report_pairs import PAIRS

from masnn.report import style
from masnn.report.panel import render, table
from masnn.report.panels import PANELS


def in_pairs(test):
    return pytest.mark.parametrize("pair", PAIRS, ids="-".join)(test)


def drawn(subject):
    return [panel for panel in PANELS if not panel.absent(subject)]


def test_every_panel_of_a_full_pair_is_a_file_of_each_kind_and_width(subject):
    assert {panel.name for panel in PANELS} - {p.name for p in drawn(subject)} == {"gates_relu"}
    for panel in drawn(subject):
        for columns, width_mm in style.WIDTHS_MM.items():
            points = width_mm / 25.4 * 72
            svg = ElementTree.fromstring(render(panel, subject, "svg", columns))
            assert float(svg.get("width").removesuffix("pt")) == pytest.approx(points, abs=0.1)
            assert render(panel, subject, "pdf", columns).startswith(b"%PDF")
            with Image.open(io.BytesIO(render(panel, subject, "png", columns))) as picture:
                assert picture.width == pytest.approx(width_mm / 25.4 * 300, abs=1)
                assert picture.height < 230 / 25.4 * 300, "it fits a page"
                assert len(set(picture.convert("L").resize((60, 60)).tobytes())) > 5, panel.name


def test_the_same_again_gives_the_same_bytes_and_other_networks_others(subjects):
    both = subjects["vanilla", "attention"], subjects["twin", "deep"]
    for panel in PANELS:
        drawings = set()
        for subject in both:
            if not panel.absent(subject):
                once, again = (render(panel, subject, "svg", 1) for _ in range(2))
                assert once == again, panel.name
                drawings.add(once)
        assert len(drawings) == (1 if panel.name == "gates_relu" else 2), panel.name


def letters(figure):
    """Yield every text of a figure that is seen, with its box in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in [*figure.texts, *(x for legend in figure.legends for x in legend.get_texts())]:
        yield text.get_text(), text.get_window_extent()
    for axes in figure.axes:
        found = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        found += [axes.xaxis.offsetText, axes.yaxis.offsetText]
        if axes.get_legend():
            found += [*axes.get_legend().get_texts(), axes.get_legend().get_title()]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found += [
                tick.label1
                for tick in axis.get_major_ticks()
                if tick.label1.get_visible() and low - 1e-9 <= tick.get_loc() <= high + 1e-9
            ] + [
                tick.label2
                for tick in axis.get_major_ticks()
                if tick.label2.get_visible() and low - 1e-9 <= tick.get_loc() <= high + 1e-9
            ]
        for text in found:
            if text.get_visible() and text.get_text().strip():
                yield text.get_text(), text.get_window_extent()


@in_pairs
@pytest.mark.parametrize("columns", [1, 2])
def test_no_text_covers_another_or_leaves_the_figure(subjects, pair, columns):
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style.RC)
        for panel in drawn(subjects[pair]):
            figure = panel.draw(subjects[pair], columns)
            seen = list(letters(figure))
            assert seen, panel.name
            for text, box in seen:
                inside = box.x0 >= -1 and box.y0 >= -1
                inside &= box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1
                assert inside, (panel.name, text)
            for (one, box), (other, another) in combinations(seen, 2):
                width = min(box.x1, another.x1) - max(box.x0, another.x0)
                height = min(box.y1, another.y1) - max(box.y0, another.y0)
                assert width <= 1 or height <= 1, (panel.name, one, other)


@in_pairs
def test_tables_hold_plain_finite_numbers(subjects, pair):
    for panel in drawn(subjects[pair]):
        rows = panel.rows(subjects[pair])
        assert rows, panel.name
        for row in rows:
            assert list(row) == list(rows[0])
            for value in row.values():
                assert value is None or type(value) in (bool, int, float, str), (panel.name, row)
                assert not isinstance(value, float) or math.isfinite(value), (panel.name, row)
        assert table(rows).count("\n") == len(rows) + 1


@in_pairs
def test_captions_are_sentences(subjects, pair):
    for panel in drawn(subjects[pair]):
        caption = panel.caption(subjects[pair])
        assert caption[0].isupper() and caption.endswith(".") and len(caption) > 60, panel.name
        assert "\n" not in caption and "nan" not in caption.lower().split()


def test_what_is_not_there_is_said(subjects):
    nothing = "B has no gate and no ReLU."
    reasons = {
        "where_spatial_gates": "B has no spatial gate.",
        "what_channel_gates": "B has no channel gate.",
        "what_gate_against_rate": "B has no channel gate.",
        "when_temporal_gates": "B has no temporal gate.",
        **dict.fromkeys(("gates_effect", "gates_scatter", "gates_relu"), nothing),
    }
    for panel in PANELS:
        assert panel.absent(subjects["attention", "twin"]) == reasons.get(panel.name, "")
        lacks = "B has no ReLU." if panel.name == "gates_relu" else ""
        assert panel.absent(subjects["vanilla", "attention"]) == lacks
        assert panel.absent(subjects["twin", "deep"]) == ""


def test_every_scale_of_colours_says_what_it_is_of(subject):
    found = set()
    for panel in drawn(subject):
        figure = panel.draw(subject, 1)
        for axes in figure.axes:
            if hasattr(axes, "_colorbar"):
                assert axes.yaxis.label.get_text(), panel.name
                found.add(panel.name)
    assert {"where_response_maps", "where_input", "step_maps"} <= found
