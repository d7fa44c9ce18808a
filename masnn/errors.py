"""The errors a user can cause: each message is complete and fit to be shown as it stands.

    MasnnError
    +-- EventFileError     a recording cannot be read
    +-- ImageFileError     a picture cannot be read
    +-- CheckpointError    a checkpoint cannot be loaded
    +-- DataError          a data set folder is not laid out as it must be
    +-- ReportError        a report cannot be made as asked, or a recipe does not fit

A programmer's mistake raises ValueError or TypeError instead.
"""


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
