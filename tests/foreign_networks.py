"""Networks of other code, written out by the names in their state dicts, to compare imports with.

Nothing here uses the package: `ms_resnet` follows github.com/Ariande1/MS-ResNet's forward, and
`spikingjelly` the modules of spikingjelly 2.0's documentation, in torch's plain functions.
"""

import torch
from torch.nn import functional as F


def norm(sd, name, x):
    """Apply a batch norm of a state dict over maps (N, C, H, W) or vectors (N, C)."""
    parts = (sd[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts)


def random_norm(sd, name, n):
    """Put a batch norm with statistics and gains as after some training into a state dict."""
    sd[f"{name}.weight"] = torch.rand(n) + 0.6
    sd[f"{name}.bias"] = torch.rand(n) + 0.2
    sd[f"{name}.running_mean"] = torch.rand(n) * 0.4 - 0.2
    sd[f"{name}.running_var"] = torch.rand(n) + 0.5
    sd[f"{name}.num_batches_tracked"] = torch.tensor(7)


def ms_resnet_weights(blocks, width, classes, stem=7, channels=3):
    """Return a state dict with the names of MS-ResNet-18 and -34."""
    torch.manual_seed(3)
    sd = {"conv1.0.weight": torch.randn(width, channels, stem, stem) * 0.1}
    random_norm(sd, "conv1.1.bn", width)
    n_in = width
    for stage, n in enumerate(blocks):
        n_out = width << stage
        for block in range(n):
            name = f"conv{stage + 2}_x.{block}"
            for place, wide in ((1, n_in), (4, n_out)):
                weight = torch.randn(n_out, wide, 3, 3) * 0.3
                sd[f"{name}.residual_function.{place}.weight"] = weight
                random_norm(sd, f"{name}.residual_function.{place + 1}.bn", n_out)
            if block == 0:
                sd[f"{name}.shortcut.0.weight"] = torch.randn(n_out, n_in, 1, 1) * 0.5
                random_norm(sd, f"{name}.shortcut.1.bn", n_out)
            n_in = n_out
    sd["fc.weight"], sd["fc.bias"] = torch.randn(classes, n_in), torch.randn(classes)
    return sd


def ms_resnet(sd, image, T, threshold=0.5, decay=0.25):
    """Return the logits of MS-ResNet-18 or -34 for images shown T times."""
    blocks = list(dict.fromkeys(".".join(k.split(".")[:2]) for k in sd if "_x." in k))

    def each(function, x):
        return [function(step) for step in x]

    def mem_update(x):
        out, mem, spike = [], None, None
        for step in x:
            mem = step if mem is None else mem * decay * (1 - spike) + step
            spike = (mem > threshold).float()
            out.append(spike)
        return out

    stem = sd["conv1.0.weight"]
    pad = stem.shape[-1] // 2
    x = each(
        lambda i: norm(sd, "conv1.1.bn", F.conv2d(i, stem, stride=2, padding=pad)), [image] * T
    )
    for block in blocks:
        stride = 2 if block.endswith(".0") else 1
        f = f"{block}.residual_function"
        w1, w2 = sd[f"{f}.1.weight"], sd[f"{f}.4.weight"]
        y = mem_update(x)
        y = each(lambda i: norm(sd, f"{f}.2.bn", F.conv2d(i, w1, None, stride, 1)), y)  # noqa: B023
        y = mem_update(y)
        y = each(lambda i: norm(sd, f"{f}.5.bn", F.conv2d(i, w2, None, 1, 1)), y)  # noqa: B023
        if stride == 2:
            w = sd[f"{block}.shortcut.0.weight"]
            name = f"{block}.shortcut.1.bn"
            x = each(lambda i: norm(sd, name, F.conv2d(i, w, stride=2)), x)  # noqa: B023
        x = [a + b for a, b in zip(y, x, strict=True)]
    rates = torch.stack(mem_update(x)).mean((3, 4)).mean(0)
    return F.linear(rates, sd["fc.weight"], sd["fc.bias"])


def spikingjelly_weights(T=4, *, normed=True, side=8):
    """Return a state dict: conv, norm, gates, LIF; conv, norm, pool, gates, LIF; two linears."""
    torch.manual_seed(5)
    sd = {}

    def gates(name, c):
        for part, n in (("ta", T), ("ca", c)):
            sd[f"{name}.{part}.sharedMLP.0.weight"] = torch.randn(n // 2, n, 1, 1, 1)
            sd[f"{name}.{part}.sharedMLP.2.weight"] = torch.randn(n, n // 2, 1, 1, 1)
        sd[f"{name}.sa.conv.weight"] = torch.randn(1, 2, 3, 3)

    sd["net.0.weight"] = torch.randn(6, 2, 3, 3)
    random_norm(sd, "net.1", 6)
    gates("net.2", 6)
    sd["net.4.weight"], sd["net.4.bias"] = torch.randn(8, 6, 3, 3) * 0.5, torch.randn(8)
    random_norm(sd, "net.5", 8)
    gates("net.7", 8)
    sd["net.11.weight"] = torch.randn(10, 8 * (side // 2) ** 2) * 0.4
    if normed:
        random_norm(sd, "net.12", 10)
    sd["net.14.weight"], sd["net.14.bias"] = torch.randn(6, 10) * 3, torch.randn(6) * 2
    return sd


def spikingjelly(sd, frames, *, tau=2.0, decay_input=True, v_threshold=1.0, v_reset=0.0, votes=1):
    """Return the class rates of `spikingjelly_weights` for frames (T, B, C, H, W)."""
    T = len(frames)

    def lif(x):
        v, out = torch.full_like(x[0], v_reset), []
        for step in x:
            v = v + (step - (v - v_reset)) / tau if decay_input else v - (v - v_reset) / tau + step
            spike = (v >= v_threshold).float()
            v = (1 - spike) * v + spike * v_reset
            out.append(spike)
        return torch.stack(out)

    def perceptron(name, y):
        squeeze, expand = (sd[f"{name}.sharedMLP.{i}.weight"].flatten(1) for i in (0, 2))
        return F.linear(F.linear(y, squeeze).relu(), expand)

    def attention(name, x):
        x = x.transpose(0, 1)  # (B, T, C, H, W)
        seen = [perceptron(f"{name}.ta", f(x.flatten(2), -1)) for f in (torch.mean, torch.amax)]
        x = x * sum(seen).sigmoid()[:, :, None, None, None]
        flat = x.transpose(1, 2).flatten(2)
        seen = [perceptron(f"{name}.ca", f(flat, -1)) for f in (torch.mean, torch.amax)]
        x = x * sum(seen).sigmoid()[:, None, :, None, None]
        maps = torch.stack((x.mean((1, 2)), x.amax((1, 2))), 1)
        x = x * F.conv2d(maps, sd[f"{name}.sa.conv.weight"], padding=1).sigmoid()[:, None]
        return x.relu().transpose(0, 1)

    def over_time(function, x):
        return function(x.flatten(0, 1)).unflatten(0, (T, -1))

    x = over_time(lambda y: norm(sd, "net.1", F.conv2d(y, sd["net.0.weight"], padding=1)), frames)
    x = lif(attention("net.2", x))
    bias = sd["net.4.bias"]
    x = over_time(lambda y: norm(sd, "net.5", F.conv2d(y, sd["net.4.weight"], bias, padding=1)), x)
    x = lif(attention("net.7", over_time(lambda y: F.avg_pool2d(y, 2), x)))
    x = over_time(lambda y: F.linear(y.flatten(1), sd["net.11.weight"]), x)
    x = lif(over_time(lambda y: norm(sd, "net.12", y), x) if "net.12.weight" in sd else x)
    x = lif(over_time(lambda y: F.linear(y, sd["net.14.weight"], sd["net.14.bias"]), x))
    return x.unflatten(-1, (-1, votes)).mean((0, 3))
