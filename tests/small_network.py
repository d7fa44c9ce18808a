"""A network small enough to test in no time, whose neurons fire and do not, and a recording."""

import numpy as np
import torch

from masnn.layers import ConvSynapse
from masnn.networks import ConvSNN, NetworkConfig

T, IN, SIZE = 6, 2, (9, 11)


def network_of(seed=1, **changes):
    """Return a network in evaluation, with statistics and gains as after some training."""
    torch.manual_seed(seed)
    fields = {
        "n_classes": 3,
        "T": T,
        "dt_ms": 10.0,
        "in_channels": IN,
        "input_size": SIZE,
        "channels": (4, 6),
        "pools": (1, 2),
        "hidden": (5,),
        "temporal_reduction": 2,
        "channel_reduction": 2,
        "decay": 0.7,
    }
    network = ConvSNN(NetworkConfig(**fields | changes))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.7, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 1.3)
    for layer in network.layers:
        for gate in layer.gates.values():
            for parameter in gate.parameters():  # weights that spread over (0, 1)
                parameter.data *= 1.5
        if isinstance(layer.synapse, ConvSynapse):
            layer.synapse.conv.weight.data *= 3  # currents of either sign in one channel
    return network.eval().requires_grad_(False)


def counts_of(seed=0):
    """Return frames of a recording, (T, C, H, W)."""
    return np.random.default_rng(seed).integers(0, 4, (T, IN, *SIZE), dtype=np.int32)
