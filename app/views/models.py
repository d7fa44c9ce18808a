"""Page: the trained networks and where their numbers come from."""

from __future__ import annotations

import streamlit as st

from app import state


def show() -> None:
    """Draw the page."""
    st.markdown("### Trained networks")
    st.caption("Each number is the checkpoint's card; its command makes it again.")
    for card in state.cards().values():
        measured = card.metrics
        low, high = measured["accuracy_95"]
        with st.container(border=True):
            st.markdown(f"**{card.title}** &nbsp; `{card.name}`")
            columns = st.columns(4)
            columns[0].metric(
                "accuracy",
                f"{measured['accuracy']:.1%}",
                help=f"{measured['part']}, n = {measured['n']}, 95 % interval {low:.1%} to "
                f"{high:.1%}; {measured['tied']} tied decisions.",
            )
            columns[1].metric("NASFR", f"{measured['nasfr']:.4f}")
            columns[2].metric("spikes per recording", f"{measured['spikes_per_recording']:,.0f}")
            columns[3].metric("steps", f"{card.config['T']} \u00d7 {card.config['dt_ms']:g} ms")
            data = card.data
            st.caption(
                f"{measured['part']} of {data['name']}, n = {measured['n']} (trained on "
                f"{data['training']}), one seed ({card.training['seed']}), last of "
                f"{card.training['epochs']} epochs \u00b7 {card.licence} "
                f"\u00b7 {data['attribution']}"
            )
            st.code(card.command, language="bash", wrap_lines=True)


show()
