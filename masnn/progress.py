"""Progress of long work on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from masnn.training import Epoch


class Progress:
    """Show bars one after the other: recordings read or made, then training steps.

    tqdm adds the time gone and the time left.

    Args:
        silent: Show nothing, for a machine that reads the output.
    """

    def __init__(self, silent: bool = False) -> None:
        self._silent = silent
        self._bar: Any = None
        self._title = ""
        self._nasfr = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def count(self, title: str, done: int, of: int) -> None:
        """Show that `done` of `of` recordings are done."""
        self._open(title, done - 1, of).update(1)

    def reach(self, title: str, done: int, of: int) -> None:
        """Show that `done` of `of` recordings are done; more than one may have been since."""
        bar = self._open(title, done, of)
        bar.update(done - bar.n)

    def step(self, done: int, of: int, loss: float, accuracy: float) -> None:
        """Show a training step; a resumed run begins in the middle."""
        bar = self._open("training", done - 1, of)
        bar.set_postfix_str(f"loss {loss:.4f}, accuracy {accuracy:.1%}{self._nasfr}", refresh=False)
        bar.update(1)

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        if not self._silent:
            from tqdm import tqdm

            tqdm.write(line, file=sys.stderr)

    def epoch(self, epoch: Epoch) -> None:
        """Write what an epoch reached above the bar."""
        self._nasfr = f", NASFR {epoch.nasfr:.4f}"
        self.say(
            f"epoch {epoch.epoch}: loss {epoch.loss:.4f}, training "
            f"{epoch.training_accuracy:.1%}, validation {epoch.validation_accuracy:.1%}"
            f"{self._nasfr}"
        )

    def _open(self, title: str, done: int, of: int) -> Any:
        """Return the bar of this title, a new one where another was or its count began anew."""
        if self._bar is None or title != self._title or done < self._bar.n:
            from tqdm import tqdm

            if self._bar is not None:
                self._bar.close()
            self._title = title
            self._bar = tqdm(total=of, desc=title, disable=self._silent, initial=done)
        return self._bar
