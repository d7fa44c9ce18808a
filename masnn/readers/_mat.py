"""MATLAB 5.0 `.mat` files, as CIFAR10-DVS is handed on in: one matrix of events.

The file's specification is MathWorks' "MAT-File Format" (level 5). The matrix is what `dat2mat.m`
of CAVIAR's tools returns, by its comments: a row an event; t in us, x from the left, y and polarity
(1 or -1), with two columns for a simulator after t in the older of its versions. The script turns
jAER's x round and leaves its y, which counts from the bottom of a DVS128; here rows count from the
top. SciPy's decoder is compiled, so this runs in the sandbox's child alone.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.readers._columns import from_columns, from_table
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

#: What scripts call dat2mat's matrix; the authors of MA-SNN say "out".
_OURS = ("out", "out1", "CIN")
_COLUMNS = {4: (0, 1, 2, 3), 6: (0, 3, 4, 5)}
_SIDE_PX = 128
_CLASSES = {
    *("double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
}
_MAX_BYTES = 1 << 31
_MAX_RATIO = 200


def looks_like(content: bytes) -> bool:
    """Return whether a file's first line and its mark of byte order are those of level 5."""
    return content.startswith(b"MATLAB 5.0 MAT-file") and content[126:128] in (b"IM", b"MI")


def decode(content: bytes) -> Raw:
    """Decode the one matrix of events in a file.

    Raises:
        Malformed: If there is no such matrix, or more than one, or the file is damaged.
    """
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    damage = (MatReadError, ValueError, TypeError, KeyError, IndexError, OverflowError, OSError)
    try:
        found: list[Any] = whosmat(io.BytesIO(content))
    except damage as error:
        raise Malformed(f"a damaged MATLAB file ({error})") from error
    fit = [
        (name, shape)
        for name, shape, kind in found
        if kind in _CLASSES and len(shape) == 2 and shape[1] in _COLUMNS
    ]
    fit = [f for f in fit if f[0] in _OURS] or fit
    if len(fit) != 1:
        told = ", ".join(f"{name} {shape} of {kind}" for name, shape, kind in found[:6])
        raise Malformed(
            f"expected one matrix of events with 4 or 6 columns, found {told or 'nothing'}"[:300]
        )
    ((name, shape),) = fit
    if shape[0] > MAX_EVENTS:
        raise Malformed(f"{shape[0]:,} events are more than the {MAX_EVENTS:,} accepted")
    declared = 8 * math.prod(shape)
    if declared > _MAX_BYTES or declared > max(len(content) * _MAX_RATIO, 1 << 20):
        raise Malformed(f"{len(content):,} bytes that declare {declared:,} are no recording")
    try:
        matrix = loadmat(io.BytesIO(content), variable_names=[name])[name]
    except damage as error:
        raise Malformed(f"a damaged MATLAB file ({error})") from error
    if matrix.dtype.kind not in "iuf" or matrix.shape != shape:
        raise Malformed(f"{name} declares {shape} and holds {matrix.shape} of {matrix.dtype}")
    if name in _OURS or shape[1] == 6:
        return _from_dat2mat(matrix)
    return from_table(matrix)


def _from_dat2mat(matrix: NDArray[Any]) -> Raw:
    columns = dict(zip("txyp", matrix.T[list(_COLUMNS[matrix.shape[1]])], strict=True))
    raw = from_columns(columns, unit="us")
    for axis, values in (("x", raw.x), ("y", raw.y)):
        if len(values) and not 0 <= values.min() <= values.max() < _SIDE_PX:
            raise Malformed(
                f"{axis} goes from {values.min()} to {values.max()}; dat2mat's matrices are of a "
                f"DVS128, 0 to {_SIDE_PX - 1}"
            )
    raw.y = _SIDE_PX - 1 - np.asarray(raw.y)
    raw.width = raw.height = _SIDE_PX
    raw.warnings.append("Rows count from the bottom in dat2mat's matrices; they were turned.")
    return raw
