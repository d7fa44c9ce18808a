"""Two networks on one recording: the numbers that the app and the command line both show."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from masnn import __version__, rates
from masnn.errors import MasnnError
from masnn.frames import Frames, fixed_duration, to_frames

if TYPE_CHECKING:
    from masnn.checkpoints import Card
    from masnn.events import Events
    from masnn.response import Response


class WindowError(MasnnError):
    """The chosen time window holds no events."""


def window(events: Events, config: dict[str, Any], start_ms: float = 0.0) -> Frames:
    """Bin the window that a network looks at.

    Args:
        events: The recording.
        config: A card's `config`: T, dt_ms and input_size are read.
        start_ms: Start of the window in ms after the first event.

    Raises:
        WindowError: If no event lies in the window, or the network sees no events.
    """
    if config.get("in_channels", 2) != 2:
        raise WindowError(
            "This network sees pictures, not recordings of an event camera: choose another, or "
            "give it a picture (the page Images, `classify`, `report`); one that was imported "
            "without a transform of pictures needs `import --transform` first."
        )
    if not len(events):
        raise WindowError("The recording holds no events: there is nothing to run a network on.")
    first_us = int(events.t[0]) + round(start_ms * 1000)
    edges_us = fixed_duration(config["dt_ms"], config["T"], first_us)
    frames = to_frames(events, edges_us, tuple(config["input_size"]))
    if not frames.counts.any():
        raise WindowError(
            f"No event lies in the window from {start_ms:g} ms to "
            f"{start_ms + config['T'] * config['dt_ms']:g} ms: the recording lasts "
            f"{events.duration_us / 1000:.0f} ms. Choose an earlier start."
        )
    return frames


def summarise(card: Card, response: Response) -> dict[str, Any]:
    """Return what one network did, as plain numbers under stable names."""
    spikes = response.spikes
    tied = response.tied
    return {
        "checkpoint": card.name,
        "attention": card.config["attention"],
        "data": card.data["name"],
        "classes": list(card.classes),
        "T": response.T,
        "dt_ms": card.config["dt_ms"],
        "still": "transform" in card.data,
        "neurons": sum(layer.n_neurons for layer in response.layers.values()),
        "prediction": card.classes[response.prediction],
        "tied_with": [card.classes[i] for i in tied if i != response.prediction],
        "votes": {
            name: float(rate) for name, rate in zip(card.classes, response.rates, strict=True)
        },
        "spikes": sum(rates.spike_count(s) for s in spikes.values()),
        "nasfr": rates.nasfr(spikes),
        "nasfr_conv": rates.nasfr(rates.conv_only(spikes)),
        "layers": [
            {
                "name": name,
                "neurons": response.layers[name].n_neurons,
                "spikes": rates.spike_count(layer),
                "lasfr": rates.lasfr(layer),
            }
            for name, layer in spikes.items()
        ],
    }


def layer_table(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers of a `summarise` one by one, and all of them together as the last row.

    Rows hold the layer's name ("all" for the last), neurons, spikes, rate (LASFR; NASFR for all;
    spikes per neuron and step) and its share of all spikes, None where there is no spike.
    """
    total = summary["spikes"]
    rows = [
        {"layer": x["name"], "neurons": x["neurons"], "spikes": x["spikes"], "rate": x["lasfr"]}
        for x in summary["layers"]
    ]
    rows.append(
        {"layer": "all", "neurons": summary["neurons"], "spikes": total, "rate": summary["nasfr"]}
    )
    return [row | {"share": row["spikes"] / total if total else None} for row in rows]


def difference(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Return B against A, of two summaries.

    Returns:
        same_prediction: None where they name other classes.
        spikes, spikes_relative: None where numbers of spikes are not comparable, the share also
            where A is silent.
        nasfr, nasfr_relative: Rates always compare; the share is None where A is silent.
        caveats: What else than attention differs, in sentences.
    """
    counts = counts_compare(a, b)
    return {
        "same_prediction": a["prediction"] == b["prediction"]
        if a["classes"] == b["classes"]
        else None,
        "spikes": b["spikes"] - a["spikes"] if counts else None,
        "spikes_relative": b["spikes"] / a["spikes"] - 1 if counts and a["spikes"] else None,
        "nasfr": b["nasfr"] - a["nasfr"],
        "nasfr_relative": b["nasfr"] / a["nasfr"] - 1 if a["nasfr"] else None,
        "caveats": caveats(a, b),
    }


def counts_compare(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Return whether both had as many chances to fire: neurons, steps, and steps as long."""
    return all(a[key] == b[key] for key in ("neurons", "T", "dt_ms"))


def caveats(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Return in sentences what else than attention differs, and what is therefore compared."""
    sentences = []
    if a["data"] != b["data"]:
        sentences.append(
            f"A was trained on {a['data']}, B on {b['data']}: what differs is not attention alone."
        )
    if a["still"] and a["T"] != b["T"]:
        times = ["once" if side["T"] == 1 else f"{side['T']} times" for side in (a, b)]
        sentences.append(f"A sees the picture {times[0]}, B {times[1]}: steps differ.")
    elif (a["T"], a["dt_ms"]) != (b["T"], b["dt_ms"]):
        steps = [
            f"{side['T'] * side['dt_ms']:g} ms in {side['T']} steps of {side['dt_ms']:g} ms"
            for side in (a, b)
        ]
        sentences.append(f"A looks at {steps[0]}, B at {steps[1]}.")
    if a["neurons"] != b["neurons"]:
        sentences.append(f"A has {a['neurons']:,} neurons, B {b['neurons']:,}.")
    if not counts_compare(a, b):
        sentences.append(
            "Numbers of spikes are therefore not compared; NASFR is: a rate, spikes per neuron "
            "and step."
        )
    return sentences


def versions() -> dict[str, str]:
    """Return what computes numbers here, by name."""
    return {
        "masnn": __version__,
        "torch": version("torch"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
    }
