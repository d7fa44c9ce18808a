"""MA-SNN Lens: page frame, sidebar, navigation, and the one place that shows errors.

Run it with `streamlit run app/main.py`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import choices, sidebar
from masnn.errors import MasnnError

st.set_page_config(
    page_title="MA-SNN Lens",
    page_icon=str(Path(__file__).with_name("icon.png")),
    layout="wide",
    menu_items={"About": "See what attention does to a spiking network."},
)

st.html(Path(__file__).with_name("page.css"))

choices.remember()
page = st.navigation(
    [
        st.Page("views/compare.py", title="Compare", icon=":material/compare:", default=True),
        st.Page("views/recording.py", title="Recording", icon=":material/videocam:"),
        st.Page("views/images.py", title="Images", icon=":material/draw:"),
        st.Page("views/models.py", title="Models", icon=":material/deployed_code:"),
        st.Page("views/method.py", title="Method", icon=":material/school:"),
    ],
    position="top",
)

# A recording that cannot be read must not take a page that needs none with it.
for part in (sidebar.show, page.run):
    try:
        part()
    except MasnnError as error:
        st.error(str(error), icon=":material/error:")
