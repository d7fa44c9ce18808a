"""Arrays on their way to a component: one block of bytes, read without copies on the other side.

A block is a 4-byte little-endian length, a JSON header of that length, then the arrays, each from
a multiple of 4 bytes on. Where the header names an array it says its type, offset and bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb, unlabel_rgb

_TYPES = {"u1": np.uint8, "u2": np.uint16, "i4": np.int32, "f4": np.float32}


class Block:
    """Gather arrays and close them under a header that names them."""

    def __init__(self) -> None:
        self._arrays: list[bytes] = []

    def put(self, values: NDArray[Any], kind: str) -> dict[str, Any]:
        """Add an array and return what the header says of it.

        Args:
            values: The array; it travels flat.
            kind: "u1", "u2", "i4" or "f4".
        """
        flat = np.ascontiguousarray(values, dtype=_TYPES[kind]).tobytes()
        offset = sum(map(len, self._arrays))
        self._arrays.append(flat + bytes(-len(flat) % 4))
        return {"type": kind, "offset": offset, "bytes": len(flat)}

    def closed(self, header: Mapping[str, Any]) -> bytes:
        """Return the block; its header has an "id" that equal contents share."""
        body = b"".join(self._arrays)
        name = hashlib.sha256(json.dumps(header).encode() + body).hexdigest()[:16]
        told = json.dumps({"id": name, **header}).encode()
        told += b" " * (-len(told) % 4)
        return len(told).to_bytes(4, "little") + told + body


def unpack(block: bytes) -> Mapping[str, Any]:
    """Return the header of a block with its arrays in their places: what a component reads."""
    length = int.from_bytes(block[:4], "little")
    body = memoryview(block)[4 + length :]

    def filled(value: Any) -> Any:
        if isinstance(value, dict) and {"type", "offset", "bytes"} <= set(value):
            part = body[value["offset"] : value["offset"] + value["bytes"]]
            return np.frombuffer(part, _TYPES[value["type"]])
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value

    header: Mapping[str, Any] = filled(json.loads(block[4 : 4 + length]))
    return header


def colour_table(scale: Sequence[tuple[float, str]]) -> NDArray[np.uint8]:
    """Return a colour scale of hex or rgb() colours at 256 places, (256, 3)."""
    colours = [
        hex_to_rgb(colour) if colour.startswith("#") else unlabel_rgb(colour) for _, colour in scale
    ]
    at = np.linspace(0, 1, 256)
    places = [place for place, _ in scale]
    channels = [np.interp(at, places, channel) for channel in zip(*colours, strict=True)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
