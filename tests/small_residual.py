"""Residual networks for tests: any configuration, as after some training."""

import torch

from masnn.residual import ResidualSNN


def network_of(config, seed=0):
    """Return a network in evaluation, with statistics and gains as after some training."""
    torch.manual_seed(seed)
    network = ResidualSNN(config)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.8, 2.0)
            torch.nn.init.uniform_(module.bias, -1.0, 1.2)
    return network.eval().requires_grad_(False)
