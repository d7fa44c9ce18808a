"""All formats: how each is recognised by its bytes, and what decodes it.

To add one: a decoder from bytes to `_raw.Raw` in a module of its own, a line in `FORMATS`, and a
test on bytes built from the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from masnn.events import Events
from masnn.readers import (
    _aedat,
    _arrays,
    _event_stream,
    _native,
    _nmnist,
    _packed,
    _prophesee,
)
from masnn.readers._blocks import Source, Window, outside
from masnn.readers._raw import Malformed, Raw, finish

#: Larger files are refused before they are read, if they are read whole.
MAX_BYTES = 512 << 20


@dataclass(frozen=True, eq=False)
class Decoded:
    """Hold what was found in a file: validated events, the format's name, and the warnings."""

    events: Events
    format: str
    warnings: list[str]


@dataclass(frozen=True)
class Format:
    """Name a format, recognise it by its bytes, decode it.

    Args:
        name: Its name.
        recognises: Whether a file's bytes are of it.
        decode: Decodes them.
        usual_sensor: (width, height) where the format's files come from one sensor.
        native: Whether native code decodes it, which belongs into the sandbox.
        blocks: Whether it is decoded block by block from a `Source`, and a window of it by itself.
    """

    name: str
    recognises: Callable[[bytes], bool]
    decode: Callable[..., Raw]
    usual_sensor: tuple[int, int] | None = None
    native: bool = False
    blocks: bool = False


def _is_text(content: bytes) -> bool:
    head = content[:4096]
    return bool(head) and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head[3:])


# In order: those with a magic number first, the one that has none of its own last.
FORMATS = (
    Format("AEDAT4", lambda c: c.startswith(b"#!AER-DAT4.0"), _native.aedat4, native=True),
    Format("AEDAT 3.1", lambda c: _aedat.version(c) == "3.1", _aedat.decode_31),
    Format("AEDAT 1.0", lambda c: _aedat.version(c) == "1.0", _aedat.decode_1, blocks=True),
    Format("AEDAT 2.0", lambda c: _aedat.version(c) == "2.0", _aedat.decode_2, blocks=True),
    Format("DAT CD", lambda c: _prophesee.kind(c) == "DAT CD", _prophesee.decode, blocks=True),
    Format(
        "Prophesee RAW",
        lambda c: _prophesee.kind(c).startswith("EVT"),
        _prophesee.decode,
        blocks=True,
    ),
    Format(
        "Event Stream",
        lambda c: c.startswith(_event_stream.SIGNATURE),
        _event_stream.decode,
        blocks=True,
    ),
    Format("HDF5", lambda c: c.startswith(b"\x89HDF\r\n"), _native.hdf5, native=True),
    Format("NumPy .npy", lambda c: c.startswith(b"\x93NUMPY"), _arrays.decode_npy),
    Format(
        "NumPy .npz", lambda c: c.startswith((b"PK\x03\x04", b"PK\x05\x06")), _arrays.decode_npz
    ),
    Format("text table", _is_text, _arrays.decode_text),
    Format("N-MNIST .bin", _nmnist.looks_like, _nmnist.decode, (34, 34)),
)

# Files that people bring and that hold no events this reader knows: what they are, by their magic.
FOREIGN = (
    (
        b"% ",
        "a Prophesee file that is neither RAW (EVT 2.0, 2.1, 3.0) nor DAT",
        "convert it to RAW",
    ),
    (b"#ROSBAG", "a ROS bag", "extract its event topic to npz or csv"),
    (
        b"#!AER-DAT",
        "an AEDAT file of a version other than 1.0, 2.0, 3.1 and 4.0",
        "convert it to AEDAT4",
    ),
    (b"\x89PNG", "a PNG image", "bring an event recording"),
    (b"\xff\xd8\xff", "a JPEG image", "bring an event recording"),
)


@dataclass(frozen=True, eq=False)
class Opened:
    """Hold a file whose format is known.

    Args:
        format: Its format.
        content: Its bytes, unpacked, or the file itself where it is read block by block.
        packed: How it was packed, ", gzip" or ", zip", or nothing.
    """

    format: Format
    content: bytes | Source
    packed: str

    def decode(self, window: Window | None = None) -> Decoded:
        """Decode it here, native code included; only a window of it where one is given.

        Raises:
            Malformed: If it is damaged or too large.
        """
        name = self.format.name
        try:
            if self.format.blocks:
                raw = self.format.decode(self.content, window)
            else:
                raw = self.format.decode(self.content)
            events = finish(raw, self.format.usual_sensor)
        except Malformed as problem:
            raise Malformed(f"{name}: {problem}") from problem
        except MemoryError as problem:
            raise Malformed(f"{name}: too large for this machine's memory; cut it") from problem
        found = Decoded(events, (raw.format or name) + self.packed, raw.warnings)
        return found if window is None or self.format.blocks else within(found, window)


def within(found: Decoded, window: Window) -> Decoded:
    """Return what lies in a window.

    Raises:
        Malformed: If that is nothing, of a file that holds something.
    """
    events = found.events
    if not len(events):
        return found
    first = int(events.t[0])
    inside = events.between(first + window[0], first + window[1])
    if not len(inside):
        raise Malformed(outside(window, events.duration_us))
    return Decoded(inside, found.format, found.warnings)


def opened(content: bytes | Source) -> Opened:
    """Recognise a file's format, and unpack it; a file that need not be held whole is not.

    Raises:
        Malformed: If it is none that is read, with its name where it is known.
    """
    source = Source.of(content)
    chosen = _recognised(source.head)
    if chosen is not None and chosen.blocks:
        return Opened(chosen, source, "")
    content, packed = _packed.unpack(source.read(MAX_BYTES), MAX_BYTES)
    chosen = _recognised(content)
    foreign = next((f for f in FOREIGN if content.startswith(f[0])), None)
    if foreign is not None and (chosen is None or chosen.decode is _nmnist.decode):
        raise Malformed(f"this is {foreign[1]}, which is not read here; {foreign[2]}")
    if chosen is None:
        known = ", ".join(known.name for known in FORMATS)
        raise Malformed(
            f"no event recording was found in it (it begins {content[:8]!r}); known: {known}"
        )
    return Opened(chosen, content, packed)


def _recognised(content: bytes) -> Format | None:
    return next((known for known in FORMATS if known.recognises(content)), None)
