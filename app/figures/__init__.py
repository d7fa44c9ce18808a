"""Figures: arrays in, Plotly figures out; no Streamlit, no torch. One module for each question."""
