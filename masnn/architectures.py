"""Every kind of network behind one door: a configuration says which, and all else follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from masnn.kinds import is_residual
from masnn.networks import ConvSNN, NetworkConfig
from masnn.residual import ResidualSNN
from masnn.residual_config import ResidualConfig

#: What a network is built from: both have `neuron_shapes()`, `neuron`, `letters`, T, dt_ms,
#: in_channels, input_size and n_classes.
Config = NetworkConfig | ResidualConfig

#: A network: `forward(frames, tap, off)`, `taps()`, `switches()`, `folded()` and its `config`.
Network = ConvSNN | ResidualSNN


def configuration(values: Mapping[str, Any]) -> Config:
    """Return the configuration that a card's `config` holds.

    Raises:
        TypeError: If a field is missing or unknown.
        ValueError: If the fields describe no network.
    """
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return ResidualConfig(**fields) if is_residual(values) else NetworkConfig(**fields)


def build(config: Config) -> Network:
    """Return the network of a configuration, with weights drawn by torch's generator."""
    return ResidualSNN(config) if isinstance(config, ResidualConfig) else ConvSNN(config)
