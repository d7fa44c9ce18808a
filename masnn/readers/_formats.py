"""All formats: how each is recognised by its bytes, and what decodes it.

To add one: a decoder from bytes to `_raw.Raw` in a module of its own, a line in `FORMATS`, and a
test on bytes built from the specification.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from masnn.events import Events
from masnn.readers import (
    _aedat,
    _arrays,
    _event_stream,
    _mat,
    _native,
    _nmnist,
    _packed,
    _prophesee,
    _text,
)
from masnn.readers._blocks import Source, Window, outside
from masnn.readers._raw import Malformed, Raw, finish

#: Larger files are refused before they are read, if they are read whole.
MAX_BYTES = 512 << 20


@dataclass(frozen=True, eq=False)
class Decoded:
    """Hold what was found in a file.

    Args:
        events: Validated events.
        format: The format's name.
        warnings: What was left out, assumed or changed, each a sentence.
        time_unit: What the file was taken to count time in.
    """

    events: Events
    format: str
    warnings: list[str]
    time_unit: str = "us"


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
        whole: Whether its decoder takes all bytes, and no `Source`.
    """

    name: str
    recognises: Callable[[bytes], bool]
    decode: Callable[..., Raw]
    usual_sensor: tuple[int, int] | None = None
    native: bool = False
    blocks: bool = False
    whole: bool = False


# In order: those with a magic number first, those that have none of their own last.
FORMATS = (
    Format("AEDAT4", lambda c: c.startswith(b"#!AER-DAT4.0"), _native.aedat4, native=True),
    Format("AEDAT 3.1", lambda c: _aedat.version(c) == "3.1", _aedat.decode_31, whole=True),
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
    Format("MATLAB .mat", _mat.looks_like, _mat.decode),
    Format("text table", _text.looks_like, _text.decode, blocks=True),
)

#: Has no magic number: any bytes in fives may be of it, so the file's name counts too.
_NMNIST = Format("N-MNIST .bin", _nmnist.looks_like, _nmnist.decode, (34, 34), whole=True)

_EXTRACT = "extract its event topic to npz or csv"
_PCAP = (
    *(b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"),
    b"\x0a\x0d\x0d\x0a",
)

# Files that people bring and that hold no events this reader knows: what they are, by their magic.
FOREIGN = (
    (
        b"% ",
        "a Prophesee file that is neither RAW (EVT 2.0, 2.1, 3.0) nor DAT",
        "convert it to RAW",
    ),
    (b"#ROSBAG", "a ROS bag", _EXTRACT),
    (
        b"#!AER-DAT",
        "an AEDAT file of a version other than 1.0, 2.0, 3.1 and 4.0",
        "convert it to AEDAT4",
    ),
    (b"SQLite format 3\0", "an SQLite database, as a ROS 2 bag (.db3) is", _EXTRACT),
    (b"\x89MCAP0\r\n", "an MCAP file, as a ROS 2 bag is", _EXTRACT),
    (b"MATLAB 7.3 MAT-file", "a MATLAB 7.3 file", "save it with -v7"),
    *((magic, "a network capture (pcap)", "decode its packets to npz or csv") for magic in _PCAP),
    (b"\x89PNG", "a PNG image", "bring an event recording"),
    (b"\xff\xd8\xff", "a JPEG image", "bring an event recording"),
)


@dataclass(frozen=True, eq=False)
class Opened:
    """Hold a file whose format is known.

    Args:
        format: Its format.
        source: Its bytes, unpacked, or the file itself.
        packed: How it was packed, ", gzip" or ", zip", or nothing.
    """

    format: Format
    source: Source
    packed: str

    def decode(self, window: Window | None = None) -> Decoded:
        """Decode it here, native code included; only a window of it where one is given.

        Raises:
            Malformed: If it is damaged or too large.
        """
        name = self.format.name
        try:
            if self.format.blocks:
                raw = self.format.decode(self.source, window)
            elif self.format.whole:
                raw = self.format.decode(self.source.read(MAX_BYTES))
            else:
                raw = self.format.decode(self.source)
            events = finish(raw, self.format.usual_sensor)
        except Malformed as problem:
            raise Malformed(f"{name}: {problem}") from problem
        except MemoryError as problem:
            raise Malformed(f"{name}: too large for this machine's memory; cut it") from problem
        found = Decoded(events, (raw.format or name) + self.packed, raw.warnings, raw.time_unit)
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
    return dataclasses.replace(found, events=inside)


def opened(content: bytes | Source, suffix: str = "") -> Opened:
    """Recognise a file's format, and unpack it; a file that need not be held whole is not.

    Args:
        content: The file's bytes.
        suffix: How its name ends, ".bin"; it decides where the bytes leave it open.

    Raises:
        Malformed: If it is none that is read, with its name where it is known.
    """
    source, packed = _packed.unpack(Source.of(content), MAX_BYTES)
    chosen = recognised(source.head)
    foreign = next((f for f in FOREIGN if source.head.startswith(f[0])), None)
    named = suffix.lower() == ".bin"
    if (chosen is None and foreign is None) or (named and not _has_magic(chosen, foreign)):
        fits = _NMNIST.recognises if named else _nmnist.is_plausible
        chosen = _NMNIST if fits(source.read(MAX_BYTES)) else chosen
    if chosen is None and foreign is not None:
        raise Malformed(f"this is {foreign[1]}, which is not read here; {foreign[2]}")
    if chosen is None:
        known = ", ".join(known.name for known in (*FORMATS, _NMNIST))
        hint = "if it is N-MNIST's, let its name end in .bin; " * _NMNIST.recognises(
            source.read(MAX_BYTES)
        )
        raise Malformed(
            f"no event recording was found in it (it begins {source.head[:8]!r}); {hint}known: "
            f"{known}"
        )
    return Opened(chosen, source, packed)


def recognised(content: bytes) -> Format | None:
    """Return the format whose mark a file's beginning bears; None where it has none."""
    return next((known for known in FORMATS if known.recognises(content)), None)


def _has_magic(chosen: Format | None, foreign: tuple[bytes, str, str] | None) -> bool:
    """Return whether a file begins with what no chance puts there."""
    if chosen is not None:
        return chosen.decode is not _text.decode
    return foreign is not None and len(foreign[0]) > 3
