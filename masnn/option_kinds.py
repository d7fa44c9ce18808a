"""What options may be: each function returns a text as what it says, or tells argparse why not."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from masnn.errors import OptionError


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong, so that all errors are shown in one way."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where to look.

        Raises:
            OptionError: Always.
        """
        raise OptionError(f"{message.rstrip('.')}; see {self.prog} --help")


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def natural(text: str) -> int:
    """Return a whole number of at least 0."""
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def finite(text: str) -> float:
    """Return a number of at least 0."""
    value = float(text)
    if not 0 <= value < 1e12:
        raise argparse.ArgumentTypeError("must be a number of at least 0")
    return value


def name(text: str) -> str:
    """Return a name that is fit for a file."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        return text
    raise argparse.ArgumentTypeError("must be letters, digits, dots, dashes and underscores")


def device(text: str) -> str:
    """Return a device's name."""
    kind, _, index = text.partition(":")
    if text in {"auto", "cpu", "cuda"} or (kind == "cuda" and index.isascii() and index.isdigit()):
        return text
    raise argparse.ArgumentTypeError("must be auto, cpu, cuda or cuda:N")
