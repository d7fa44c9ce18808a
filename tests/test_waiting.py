"""Long work tells how far it is, can be stopped, and can be run after all."""

from streamlit.testing.v1 import AppTest


def page():
    import time

    import streamlit as st

    from app import waiting

    waiting._QUIET_S = waiting._EVERY_S = st.session_state.get("quiet", 0.0)
    with waiting.told("work", "Working") as move:
        for part in range(4):
            time.sleep(0.01)
            move(part + 1, 4)
            if st.session_state.get("held"):
                st.stop()  # as Streamlit does where something else is asked for
    st.write("done")


def test_long_work_can_be_stopped_and_run_after_all():
    app = AppTest.from_function(page, default_timeout=20)
    app.session_state["held"] = True
    app.run()
    assert not app.exception and [b.label for b in app.button] == ["Stop"]
    assert not any(m.value == "done" for m in app.markdown)
    app.button[0].click().run()
    assert [b.label for b in app.button] == ["Run it"]
    assert "Stopped" in app.markdown[0].value
    app.session_state["held"] = False
    app.button[0].click().run()
    assert not app.exception and app.markdown[-1].value == "done"
    assert not app.button, "nothing is left of the bar"


def test_short_work_shows_no_bar():
    app = AppTest.from_function(page, default_timeout=20)
    app.session_state["quiet"] = 60.0
    app.session_state["held"] = True
    app.run()
    assert not app.exception and not app.button
