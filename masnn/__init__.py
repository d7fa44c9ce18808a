"""MA-SNN Lens: see vanilla and attention spiking networks fire on event-camera recordings.

Four nouns, one direction: `Events` -> `Frames` -> network -> `Response`.

Conventions of the whole package
--------------------------------
events      x, y in px with the origin at the top left; t int64 in us; p uint8, 1 = ON, 0 = OFF
frames      event counts per time bin, axes (T, 2, H, W), the 2 being (OFF, ON)
axes        (B, T, C, H, W) inside networks, (T, C, H, W) for one recording
units       are suffixes: `_us`, `_ms`, `_px`; `n_` marks a count
potentials  in units of the current that drives the neuron; `v_threshold` is the firing threshold
rates       spikes per neuron and time step, 0 to 1; NASFR over a network, LASFR over a layer
            (the paper also writes NSAR, NASAR and LASAR, "activity rate", for the same quantities)

The science is that of Yao et al., "Attention Spiking Neural Networks", IEEE TPAMI 45(8), 2023
(doi 10.1109/TPAMI.2023.3241201); equation numbers in docstrings are those of arXiv 2209.13929.

Importing `masnn` loads nothing heavy: take what you need from its modules.
"""

__version__ = "0.1.0"
