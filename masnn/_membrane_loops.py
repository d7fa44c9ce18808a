"""The compiled loops of `fused`, one recording each. Axes are (T, H, W, C), C dense in memory.

Arrays without an entry stand for a gate that is not there. Literals are kept out of the inner
loops: a Python number is 64 bits wide and would make them so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled: Any = njit(
    cache=True,
    nogil=True,
    fastmath={"reassoc", "contract", "nsz", "arcp"},
    error_model="numpy",  # a diverged run gives NaN as the plain loop does, not an exception
)


@_compiled
def forward(
    x: Any, squeeze: Any, expand: Any, kernel: Any, constants: Any,
    spikes: Any, before: Any, membrane: Any, pooled: Any, channel: Any, space: Any, keep: bool,
) -> None:  # fmt: skip
    """Fill `spikes`, `before` (v + x), `membrane` if kept, and what the gates pooled and gave."""
    steps, height, width, channels = x.shape
    decay, threshold, after, _ = constants
    one, zero = constants.dtype.type(1), constants.dtype.type(0)
    has_channel, has_space = squeeze.size > 0, kernel.size > 0
    v = np.zeros((height, width, channels), x.dtype)
    gate = np.ones(channels, x.dtype)
    place = np.ones((height, width), x.dtype)
    reach = kernel.shape[1] // 2
    padded = np.zeros((2, height + 2 * reach, width + 2 * reach), x.dtype)
    for t in range(steps):
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    before[t, i, j, c] = v[i, j, c] + x[t, i, j, c]
        if has_channel:
            _pool_channels(before[t], pooled[t])
            _weigh_channels(pooled[t], squeeze, expand, gate)
            channel[t] = gate
        if has_space:
            _pool_places(before[t], gate, padded, reach)
            _weigh_places(padded, kernel, place)
            space[t] = place
        for i in range(height):
            for j in range(width):
                q = place[i, j]
                for c in range(channels):
                    u = before[t, i, j, c] * gate[c] * q
                    fired = u >= threshold
                    spikes[t, i, j, c] = one if fired else zero
                    v[i, j, c] = after if fired else decay * u
        if keep:
            for i in range(height):
                for j in range(width):
                    q = place[i, j]
                    for c in range(channels):
                        membrane[t, i, j, c] = before[t, i, j, c] * gate[c] * q


@_compiled
def backward(
    grad: Any, squeeze: Any, expand: Any, kernel: Any, constants: Any,
    before: Any, pooled: Any, channel: Any, space: Any,
    grad_x: Any, grad_squeeze: Any, grad_expand: Any, grad_kernel: Any,
) -> None:  # fmt: skip
    """Fill `grad_x` and add to the gradients of the weights, from the gradient of the spikes."""
    steps, height, width, channels = before.shape
    decay, threshold, after, half_width = constants
    one, zero = constants.dtype.type(1), constants.dtype.type(0)
    slope = one / (half_width + half_width)
    n_places, n_channels = constants.dtype.type(height * width), constants.dtype.type(channels)
    has_channel, has_space = squeeze.size > 0, kernel.size > 0
    later = np.zeros((height, width, channels), before.dtype)  # gradient of what a step hands on
    own = np.empty((height, width, channels), before.dtype)
    gate = np.ones(channels, before.dtype)
    place = np.ones((height, width), before.dtype)
    reach = kernel.shape[1] // 2
    padded = np.zeros((2, height + 2 * reach, width + 2 * reach), before.dtype)
    grad_padded = np.zeros_like(padded)
    score = np.empty((height, width), before.dtype)
    ties = np.empty(channels, before.dtype)
    for t in range(steps - 1, -1, -1):
        a = before[t]
        if has_channel:
            gate = channel[t]
        if has_space:
            place = space[t]
        for i in range(height):
            for j in range(width):
                q = place[i, j]
                for c in range(channels):
                    u = a[i, j, c] * gate[c] * q
                    steep = slope if abs(u - threshold) < half_width else zero
                    leak = decay if u < threshold else zero
                    own[i, j, c] = grad[t, i, j, c] * steep + later[i, j, c] * (
                        leak + (after - decay * u) * steep
                    )
        if has_space:
            _pool_places(a, gate, padded, reach)
            for i in range(height):
                for j in range(width):
                    q = place[i, j]
                    total = zero
                    for c in range(channels):
                        total += own[i, j, c] * a[i, j, c] * gate[c]
                        own[i, j, c] *= q
                    score[i, j] = total * q * (one - q)
            _through_kernel(score, padded, kernel, grad_kernel, grad_padded)
            for i in range(height):
                for j in range(width):
                    share = grad_padded[0, i + reach, j + reach] / n_channels
                    highest = padded[1, i + reach, j + reach]
                    tied = zero
                    for c in range(channels):
                        tied += one if a[i, j, c] * gate[c] == highest else zero
                    top = grad_padded[1, i + reach, j + reach] / tied
                    for c in range(channels):
                        at_top = a[i, j, c] * gate[c] == highest
                        own[i, j, c] += share + (top if at_top else zero)
        if has_channel:
            weighed = np.zeros(channels, before.dtype)
            ties[:] = zero
            highest_of = pooled[t, 1]
            for i in range(height):
                for j in range(width):
                    for c in range(channels):
                        weighed[c] += own[i, j, c] * a[i, j, c]
                        ties[c] += one if a[i, j, c] == highest_of[c] else zero
            for c in range(channels):
                weighed[c] *= gate[c] * (one - gate[c])
            average, top_of = _through_matrices(
                weighed, pooled[t], squeeze, expand, grad_squeeze, grad_expand
            )
            for c in range(channels):
                average[c] /= n_places
                top_of[c] /= ties[c]
            for i in range(height):
                for j in range(width):
                    for c in range(channels):
                        extra = top_of[c] if a[i, j, c] == highest_of[c] else zero
                        own[i, j, c] = own[i, j, c] * gate[c] + average[c] + extra
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    grad_x[t, i, j, c] = own[i, j, c]
                    later[i, j, c] = own[i, j, c]


@_compiled
def _pool_channels(a: Any, pooled: Any) -> None:
    """Fill average and maximum over places of each channel, (2, C)."""
    height, width, channels = a.shape
    pooled[0] = 0
    pooled[1] = -np.inf
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                value = a[i, j, c]
                pooled[0, c] += value
                pooled[1, c] = max(pooled[1, c], value)
    pooled[0] /= a.dtype.type(height * width)


@_compiled
def _weigh_channels(pooled: Any, squeeze: Any, expand: Any, gate: Any) -> None:
    """Fill the channel gate: sigmoid(W1 relu(W0 average) + W1 relu(W0 maximum))."""
    hidden = _hidden(pooled[0], squeeze) + _hidden(pooled[1], squeeze)
    for c in range(gate.size):
        score = hidden.dtype.type(0)
        for k in range(hidden.size):
            score += expand[c, k] * hidden[k]
        gate[c] = 1.0 / (1.0 + np.exp(-score))


@_compiled
def _hidden(values: Any, squeeze: Any) -> Any:
    hidden = np.zeros(squeeze.shape[0], squeeze.dtype)
    for k in range(hidden.size):
        for c in range(values.size):
            hidden[k] += squeeze[k, c] * values[c]
        hidden[k] = max(hidden[k], squeeze.dtype.type(0))
    return hidden


@_compiled
def _through_matrices(
    score: Any, pooled: Any, squeeze: Any, expand: Any, grad_squeeze: Any, grad_expand: Any
) -> Any:
    """Return the gradients of average and maximum; add those of the matrices."""
    channels, units = expand.shape
    grad_pooled = np.zeros((2, channels), squeeze.dtype)
    for which in range(2):
        hidden = _hidden(pooled[which], squeeze)
        for k in range(units):
            back = squeeze.dtype.type(0)
            for c in range(channels):
                grad_expand[c, k] += score[c] * hidden[k]
                back += expand[c, k] * score[c]
            if hidden[k] > 0:
                for c in range(channels):
                    grad_squeeze[k, c] += back * pooled[which, c]
                    grad_pooled[which, c] += squeeze[k, c] * back
    return grad_pooled[0], grad_pooled[1]


@_compiled
def _pool_places(a: Any, gate: Any, padded: Any, reach: int) -> None:
    """Fill average and maximum over gated channels of each place, inside the zero border."""
    height, width, channels = a.shape
    n = a.dtype.type(channels)
    for i in range(height):
        for j in range(width):
            total = a[i, j, 0] * gate[0]
            highest = total
            for c in range(1, channels):
                value = a[i, j, c] * gate[c]
                total += value
                highest = max(highest, value)
            padded[0, i + reach, j + reach] = total / n
            padded[1, i + reach, j + reach] = highest


@_compiled
def _weigh_places(padded: Any, kernel: Any, place: Any) -> None:
    """Fill the spatial gate: sigmoid of the correlation with the kernel."""
    height, width = place.shape
    row = np.empty(width, place.dtype)
    for i in range(height):
        row[:] = 0
        for plane in range(2):
            for di in range(kernel.shape[1]):
                for dj in range(kernel.shape[2]):
                    weight = kernel[plane, di, dj]
                    for j in range(width):
                        row[j] += weight * padded[plane, i + di, j + dj]
        for j in range(width):
            place[i, j] = 1.0 / (1.0 + np.exp(-row[j]))


@_compiled
def _through_kernel(
    score: Any, padded: Any, kernel: Any, grad_kernel: Any, grad_padded: Any
) -> None:
    """Fill the gradient of the padded planes and add that of the kernel."""
    height, width = score.shape
    grad_padded[:] = 0
    for plane in range(2):
        for di in range(kernel.shape[1]):
            for dj in range(kernel.shape[2]):
                weight = kernel[plane, di, dj]
                total = kernel.dtype.type(0)
                for i in range(height):
                    for j in range(width):
                        total += score[i, j] * padded[plane, i + di, j + dj]
                        grad_padded[plane, i + di, j + dj] += weight * score[i, j]
                grad_kernel[plane, di, dj] += total
