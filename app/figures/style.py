"""Colours and layout that every figure shares; the same thing has the same colour everywhere."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

# Okabe and Ito's palette: told apart with any form of colour blindness.
COLOUR_A = "#D55E00"
COLOUR_B = "#0072B2"
COLOUR_B_DARK = "#56B4E9"
COLOUR_ON = "#009E73"
COLOUR_OFF = "#CC79A7"
COLOUR_GATE = "#E69F00"


# Streamlit's page swaps hex colours #000001 to #000032 for its theme's, and matplotlib's Inferno
# begins at #000004: scales are therefore written as rgb().
def _rgb_scale(*colours: tuple[int, int, int]) -> list[tuple[float, str]]:
    return [(i / (len(colours) - 1), f"rgb{colour}") for i, colour in enumerate(colours)]


#: Rates from silent (dark) to high (bright), matplotlib's Inferno; it survives greyscale printing.
RATE_SCALE = _rgb_scale(
    (0, 0, 4),
    (31, 12, 72),
    (85, 15, 109),
    (136, 34, 106),
    (186, 54, 85),
    (227, 89, 51),
    (249, 140, 10),
    (249, 201, 50),
    (252, 255, 164),
)

#: Gates from closed to open, matplotlib's Cividis.
GATE_SCALE = _rgb_scale(
    (0, 32, 76),
    (0, 48, 111),
    (67, 78, 108),
    (102, 105, 112),
    (138, 134, 120),
    (176, 165, 112),
    (217, 199, 90),
    (255, 233, 69),
)

FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"

#: Passed to every st.plotly_chart.
CONFIG = {
    # Its buttons would lie over legends and titles; a double click shows the whole again, and
    # pictures are under "Take it away".
    "displayModeBar": False,
    "showSendToCloud": False,
    "responsive": True,
}


def colour_b(dark: bool) -> str:
    """Return B's colour, lighter where the page is dark."""
    return COLOUR_B_DARK if dark else COLOUR_B


#: From "A fires more" over the dark page's own lightness to "B fires more", in equal steps of
#: lightness in OKLab, alike on both sides: lightness tells how much, and hue only who. A mixture of
#: A's colour and black would be brown for all but the highest differences.
_DARK_DIFFERENCE = (
    *("#FFBF7C", "#F07B2B", "#B35014", "#6A2F0F"),
    "#111419",
    *("#19446D", "#2976B6", "#4DA9E6", "#98D8F7"),
)


def difference_scale(dark: bool) -> list[tuple[float, str]]:
    """Return a scale from A's colour (A fires more) over the page's own to B's (B fires more)."""
    if not dark:
        return [(0.0, COLOUR_A), (0.5, "#f4f4f2"), (1.0, COLOUR_B)]
    last = len(_DARK_DIFFERENCE) - 1
    return [(i / last, colour) for i, colour in enumerate(_DARK_DIFFERENCE)]


def scale_bar(title: str, *, nticks: int) -> dict[str, Any]:
    """Return how a scale of colours is drawn beside a figure, with its quantity along it."""
    return {
        "thickness": 10,
        "outlinewidth": 0,
        "nticks": nticks,
        "title": {"text": title, "side": "right", "font": {"size": 12}},
    }


def laid_out(figure: go.Figure, *, dark: bool, height: int, **layout: Any) -> go.Figure:
    """Apply the shared layout: transparent, quiet grid, legible in both themes."""
    ink = "#e6e8ec" if dark else "#262730"
    grid = "rgba(255,255,255,0.10)" if dark else "rgba(0,0,0,0.08)"
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": ink},
        hoverlabel={"font": {"family": FONT}},
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "x": 1.0,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
        },
        **layout,
    )
    figure.update_xaxes(gridcolor=grid, zerolinecolor=grid, automargin=True)
    figure.update_yaxes(gridcolor=grid, zerolinecolor=grid, automargin=True)
    figure.update_annotations(font={"size": 13, "color": ink})
    return figure


#: Residual designs: colour in light and in dark, dash, symbol. Vanilla has A's colour, the paper's
#: choice of attention B's.
_DESIGNS = {
    "vanilla": (COLOUR_A, COLOUR_A, "solid", "circle"),
    "ms": (COLOUR_ON, COLOUR_ON, "solid", "square"),
    "att-1": (COLOUR_B, COLOUR_B_DARK, "solid", "triangle-up"),
    "att-2": (COLOUR_OFF, COLOUR_OFF, "solid", "triangle-down"),
    "att-1-code": (COLOUR_GATE, COLOUR_GATE, "dash", "diamond"),
}


def design_line(design: str, dark: bool) -> tuple[str, str, str]:
    """Return colour, dash and symbol of a residual design, grey and dotted of any other name."""
    light, of_dark, dash, symbol = _DESIGNS.get(design, ("#777777", "#aaaaaa", "dot", "x"))
    return (of_dark if dark else light), dash, symbol


def typeset(value: float, form: str) -> str:
    """Write a number as `masnn.numerals.typeset` does, which figures do not know."""
    text = format(value, form)
    if "0" in text and not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "\u2212")
