"""Page: the trained networks and where their numbers come from."""

from __future__ import annotations

import streamlit as st

from app import pictures, state
from masnn.cards import Card
from masnn.tables import sections

# Eight rows fit into a screen where their numbers stay on one line.
_STYLE = """<style>
[data-testid="stMarkdownContainer"] > table {
  font-size: 0.8rem;
  font-variant-numeric: tabular-nums;
  min-width: 60rem;
}
[data-testid="stMarkdownContainer"] > table :is(td, th) { padding: 0.3rem 0.4rem; }
[data-testid="stMarkdownContainer"] td:is(:nth-child(3), :nth-child(5), :nth-child(9)),
[data-testid="stMarkdownContainer"] td:is(:nth-child(10), :last-child) { white-space: nowrap; }
[data-testid="stMarkdownContainer"] td:nth-child(7) { min-width: 8rem; }
</style>"""


def show() -> None:
    """Draw the page."""
    st.html(_STYLE)
    cards = state.cards()
    st.markdown("### Trained networks")
    st.caption(
        "Every number comes from the checkpoints' cards; the command on a card makes it again. "
        "The rows of a table differ in attention alone. The paper\u2019s columns are of DVS128 "
        "Gesture, or for networks of images of ImageNet, whatever our data: compare ratios and "
        "order, not values."
    )
    sets = state.data_sets() | pictures.image_sets()
    for title, text in sections(cards.values()).items():
        st.markdown(f"#### {title}")
        st.markdown(text)
        for name in sets[title]:
            _card(cards[name])
    for problem in state.problems().values():
        st.warning(problem, icon=":material/broken_image:")


def _card(card: Card) -> None:
    """Draw one card, folded."""
    measured, data = card.metrics, card.data
    if card.is_imported:
        _imported_card(card)
        return
    low, high = measured["accuracy_95"]
    with st.expander(f"**{card.title}** \u00b7 `{card.name}` \u00b7 {measured['accuracy']:.1%}"):
        columns = st.columns(4)
        columns[0].metric(
            "accuracy",
            f"{measured['accuracy']:.1%}",
            help=f"{measured['part']}, n = {measured['n']}, 95 % interval {low:.1%} to "
            f"{high:.1%}; {measured['tied']} tied decisions.",
        )
        columns[1].metric(
            "NASFR",
            f"{measured['nasfr']:.4f}",
            help="Spikes per neuron and step, all layers, the output included; the mean over these "
            "recordings.",
        )
        columns[2].metric(
            "spikes per recording",
            f"{measured['spikes_per_recording']:,.0f}",
            help=f"NASFR times neurons times {card.config['T']} steps.",
        )
        columns[3].metric(
            "steps",
            f"{card.config['T']} \u00d7 {card.config['dt_ms']:g} ms",
            help="Steps of a window, and how long one of them is.",
        )
        n_seeds = len(measured.get("seeds", [])) or 1
        of_seeds = "one seed" if n_seeds == 1 else f"of {n_seeds} seeds the one of median accuracy"
        st.caption(
            f"{measured['part']} of {data['name']}, n = {measured['n']} (trained on "
            f"{data['training']}), {of_seeds} ({card.training['seed']}), last of "
            f"{card.training['epochs']} epochs \u00b7 {card.licence} \u00b7 {data['attribution']}"
        )
        st.code(card.command, language="bash", wrap_lines=True)


def _imported_card(card: Card) -> None:
    """Draw the card of an imported network: what its conversion found."""
    report = card.training["imported"]
    with st.expander(f"**{card.title}** \u00b7 `{card.name}` \u00b7 imported"):
        st.caption(f"Nothing was measured here. {card.data['attribution']} {card.licence}")
        told = [str(report[key]) for key in ("layout", "neuron") if key in report]
        st.text("\n".join(told))
        st.code(card.command, language="bash", wrap_lines=True)


show()
