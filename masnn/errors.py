"""The errors a user can cause: each message is complete and fit to be shown as it stands.

    MasnnError
    +-- EventFileError     a recording cannot be read
    +-- ImageFileError     a picture cannot be read
    +-- CheckpointError    a checkpoint cannot be loaded
    +-- DataError          a data set folder is not laid out as it must be
    +-- ReportError        a report cannot be made as asked, or a recipe does not fit
    +-- DeviceError        a device was asked for that is not there
    +-- OptionError        the command line's options say nothing that can be done

A programmer's mistake raises ValueError or TypeError instead.
"""

import re


class MasnnError(Exception):
    """Base class: says where, what was expected, what was found and what to do."""


class EventFileError(MasnnError):
    """A recording cannot be read: unknown format, cut short, inconsistent or too large."""


class ImageFileError(MasnnError):
    """A picture cannot be read: neither PNG nor JPEG, damaged or too large."""


class CheckpointError(MasnnError):
    """A checkpoint cannot be loaded: missing, foreign, damaged or of another network."""


class DataError(MasnnError):
    """A data set folder is missing, empty or not laid out as needed."""


class ReportError(MasnnError):
    """A report cannot be made as asked, or its recipe does not fit the file or the networks."""


class DeviceError(MasnnError):
    """A device was asked for that is not there."""


class OptionError(MasnnError):
    """The options of the command line are unknown, incomplete or out of range."""


def reason(error: BaseException) -> str:
    """Return in words why something failed, without an error's number."""
    return re.sub(r"\[Errno -?\d+\] ", "", str(error)) or type(error).__name__


def shown(text: str) -> str:
    """Return a text in one line that a terminal only shows: what would steer it is written out.

    Names of files may hold anything: line breaks, escape sequences, marks that turn text round.
    """
    return "".join(c if c.isprintable() or c in _SPACES else ascii(c)[1:-1] for c in text)


#: Spaces that are no steering: of no break, thin, and thin of no break.
_SPACES = "\u00a0\u2009\u202f"
