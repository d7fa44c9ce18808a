"""Headers of `.npy` (`numpy.lib.format`), held against what follows before an array is made."""

from __future__ import annotations

import math
import tokenize
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

# What NumPy raises on headers that are no headers.
_DAMAGE = (
    *(ValueError, OSError, EOFError, LookupError, MemoryError, RecursionError, SyntaxError),
    *(TypeError, OverflowError, tokenize.TokenError),
)


@dataclass(frozen=True)
class Header:
    """Hold what a `.npy` says of its array.

    Args:
        shape: Its shape.
        by_columns: Whether its first axis varies fastest.
        dtype: Of numbers, or of fields of numbers.
    """

    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]


def read_header(stream: IO[bytes], size: int, axes: int = 2) -> Header:
    """Read a header; what is read from the stream next is the array.

    Args:
        stream: The file.
        size: Its bytes.
        axes: So many at most.

    Raises:
        ValueError: If it is damaged, declares other than numbers, or has more axes.
    """
    try:
        major, _ = npy.read_magic(stream)
        read = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}.get(major)
        found = read(stream) if read is not None else None
    except _DAMAGE as error:
        raise ValueError(f"a damaged NumPy header ({error})") from error
    if found is None:
        raise ValueError(f"NumPy format version {major} is not one with plain numbers")
    shape, by_columns, dtype = found
    kinds = {dtype[n].kind for n in dtype.names} if dtype.names else {dtype.kind}
    if dtype.hasobject or not kinds <= set("iufb"):
        raise ValueError(f"expected numbers, found {dtype}; pickled objects are never read")
    if len(shape) > axes or any(side < 0 for side in shape):
        raise ValueError(f"expected up to {axes} axes, found the shape {shape}"[:200])
    declared, follow = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if declared != follow:
        raise ValueError(f"its header declares {declared:,} bytes, {follow:,} follow")
    return Header(shape, by_columns, dtype)
