"""What a fresh server makes ready once its first page stands, so that no visitor waits for it.

Numba compiles the loops of the simulated camera on first use, and keeps them beside their source:
seconds, once after installing. Matplotlib looks through all fonts on first use.
"""

from __future__ import annotations

import logging
import threading
from functools import cache

log = logging.getLogger(__name__)

#: A drawing that takes the camera through all of its loops.
_STROKE = [(0.3, 0.2), (0.7, 0.8)]


@cache
def begin() -> threading.Thread:
    """Begin, once in this process, beside what visitors ask for."""
    made = threading.Thread(target=_make, name="ready", daemon=True)
    made.start()
    return made


def _make() -> None:
    try:
        from masnn.simulate import simulate_strokes

        simulate_strokes([_STROKE], seed=0)

        from matplotlib.font_manager import FontProperties, findfont

        # A list of names: a text would go through a parser that no two threads can use at once.
        findfont(FontProperties(family=["sans-serif"]))
    except Exception:  # nothing is lost but time: whoever needs it makes it, and says why not
        log.warning("nothing stands ready for the first drawing", exc_info=True)
