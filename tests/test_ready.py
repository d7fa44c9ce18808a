"""A fresh server makes the first drawing's loops ready, once, and survives where it cannot."""

from pathlib import Path

from matplotlib import font_manager
from streamlit.testing.v1 import AppTest

import masnn.simulate
from app import ready
from masnn.simulate import _loops

MAIN = Path(__file__).parents[1] / "app" / "main.py"


def test_the_first_page_has_the_loops_compiled_once():
    ready.begin.cache_clear()
    AppTest.from_file(str(MAIN), default_timeout=120).switch_page("views/models.py").run()
    assert ready.begin.cache_info().currsize == 1, "the page has begun it"
    begun = ready.begin()
    begun.join(120)
    assert not begun.is_alive() and ready.begin() is begun
    assert _loops.expose.signatures, "what a drawing needs is compiled"


def test_fonts_are_looked_for_without_the_parser_that_no_two_threads_share(monkeypatch, caplog):
    def parse(*_):
        raise ValueError("another thread parses")

    monkeypatch.setattr(font_manager, "parse_fontconfig_pattern", parse)
    ready._make()
    assert "nothing stands ready" not in caplog.text


def test_where_nothing_can_be_made_ready_the_server_goes_on(monkeypatch, caplog):
    def fail(*_, **__):
        raise OSError("no room")

    monkeypatch.setattr(masnn.simulate, "simulate_strokes", fail)
    ready._make()
    assert "nothing stands ready" in caplog.text
