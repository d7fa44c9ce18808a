"""Recordings packed as .gz, or alone in a .zip: unpacked in memory, bounded, one level deep.

No path from inside an archive is ever used. Specifications: RFC 1952 (.gz) and PKWARE's APPNOTE
(.zip).
"""

from __future__ import annotations

import io
import zipfile
import zlib

from masnn.readers._blocks import Source
from masnn.readers._raw import Malformed

#: Events shrink to a tenth or so; more than this is no recording.
_MAX_RATIO = 200
#: Small files may shrink more.
_ALWAYS = 1 << 20

#: Parts of a .gz; tools that pack blocks of 64 kB for random access stay below it.
_MAX_MEMBERS = 100_000
#: So much of a part is unpacked at first; each further piece is twice as long, up to the most.
_PIECE_BYTES, _MAX_PIECE_BYTES = 1 << 8, 1 << 20

_GZIP = b"\x1f\x8b\x08"
_ZIP = b"PK\x03\x04"

# What zipfile and zlib raise on archives that are none.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, LookupError, NotImplementedError, RuntimeError),
    *(ValueError, OSError),
)


def unpack(source: Source, most: int) -> tuple[Source, str]:
    """Return what an archive holds and how it was packed; anything else as it is.

    A .zip with NumPy arrays in it is an .npz, and a format of its own.

    Args:
        source: A whole file.
        most: So many bytes are accepted.

    Raises:
        Malformed: If the archive is damaged, holds other than one file, or would grow too large.
    """
    if source.head.startswith(_GZIP):
        return Source(_gunzip(source.read(most), most)), ", gzip"
    if source.head.startswith(_ZIP):
        try:
            with source.stream() as file, zipfile.ZipFile(file) as archive:
                files = [info for info in archive.infolist() if not _is_by_the_way(info)]
                if any(info.filename.endswith(".npy") for info in files):
                    return source, ""
                return Source(_only(archive, files, source.size, most)), ", zip"
        except _BROKEN as error:
            raise Malformed(f"a damaged .zip archive ({error})") from error
    return source, ""


def _is_by_the_way(info: zipfile.ZipInfo) -> bool:
    """Return whether a member is a folder, or what macOS puts beside the files."""
    last = info.filename.rpartition("/")[2]
    return (
        info.is_dir()
        or info.filename.startswith("__MACOSX/")
        or last.startswith("._")
        or last == ".DS_Store"
    )


def _limit(stored: int, most: int) -> int:
    return min(most, max(stored * _MAX_RATIO, _ALWAYS))


def _gunzip(content: bytes, most: int) -> bytes:
    limit = _limit(len(content), most)
    # The last four bytes declare how many the last part has, which is all of most files.
    unpacked = _room(int.from_bytes(content[-4:], "little"), limit)
    at = n_members = 0
    try:
        while content.startswith(_GZIP, at):  # a .gz may be several, one after the other
            n_members += 1
            if n_members > _MAX_MEMBERS:
                raise Malformed(
                    f"a .gz archive of more than {_MAX_MEMBERS:,} parts; unpack it first"
                )
            one = zlib.decompressobj(16 + zlib.MAX_WBITS)
            # Piece by piece: what follows a part is copied out of its last piece alone.
            piece_bytes = _PIECE_BYTES
            while not one.eof:
                piece = content[at : at + piece_bytes]
                if not piece:
                    raise Malformed("a .gz archive that is cut short")
                at += len(piece)
                unpacked.write(one.decompress(piece, limit + 1 - unpacked.tell()))
                if unpacked.tell() > limit:
                    raise Malformed(_too_large(len(content), limit))
                piece_bytes = min(2 * piece_bytes, _MAX_PIECE_BYTES)
            at -= len(one.unused_data)
    except zlib.error as error:
        raise Malformed(f"a damaged .gz archive ({error})") from error
    unpacked.truncate()
    return unpacked.getvalue()


def _only(archive: zipfile.ZipFile, files: list[zipfile.ZipInfo], stored: int, most: int) -> bytes:
    if len(files) != 1:
        raise Malformed(f"a .zip archive of {len(files)} files; bring one recording at a time")
    limit = _limit(stored, most)
    if files[0].flag_bits & 1:
        raise Malformed("a .zip archive with a password; unpack it first")
    unpacked = _room(files[0].file_size, limit)
    with archive.open(files[0]) as member:
        # What is declared may be untrue: reading stops where the limit is.
        while piece := member.read(_MAX_PIECE_BYTES):
            unpacked.write(piece)
            if unpacked.tell() > limit:
                raise Malformed(_too_large(stored, limit))
    unpacked.truncate()
    return unpacked.getvalue()


def _room(declared: int, limit: int) -> io.BytesIO:
    """Return room for what is unpacked; one that has to grow is there twice for a moment."""
    room = io.BytesIO()
    if 0 < declared <= limit:
        room.seek(declared - 1)
        room.write(b"\0")
        room.seek(0)
    return room


def _too_large(stored: int, limit: int) -> str:
    return f"{stored:,} bytes that unpack to more than {limit:,} are not an event recording"
