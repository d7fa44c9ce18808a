"""MA-SNN Lens: page frame, sidebar, navigation, and the one place that shows errors.

Run it with `streamlit run app/main.py`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from app import choices, ready, sidebar
from app.inert import inert
from masnn.errors import MasnnError

st.set_page_config(
    page_title="MA-SNN Lens",
    page_icon=str(Path(__file__).with_name("icon.png")),
    layout="wide",
    menu_items={"About": "See what attention does to a spiking network."},
)

st.html(Path(__file__).with_name("page.css"))

page = st.navigation(
    [
        st.Page("views/compare.py", title="Compare", icon=":material/compare:", default=True),
        st.Page("views/recording.py", title="Recording", icon=":material/videocam:"),
        st.Page("views/dataset.py", title="Data set", icon=":material/grid_view:"),
        st.Page("views/depth.py", title="Depth", icon=":material/stacks:"),
        st.Page("views/images.py", title="Images", icon=":material/draw:"),
        st.Page("views/models.py", title="Models", icon=":material/deployed_code:"),
        st.Page("views/method.py", title="Method", icon=":material/school:"),
    ],
    position="top",
)

choices.enter(page.title)

# Where there is no room for the sidebar, the header says where one is.
st.html(f"<style>:root {{ --where: 'MA-SNN Lens \u00b7 {page.title}'; }}</style>")

# A recording that cannot be read must not take a page that needs none with it.
for part in (partial(sidebar.show, page.title), page.run):
    try:
        part()
    except MasnnError as error:
        st.error(inert(str(error)), icon=":material/error:")

ready.begin()
