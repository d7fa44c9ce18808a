"""A data set of simulated gestures in folders, with performers of its test part apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from masnn.simulate.gestures import GESTURES
from masnn.simulate.performance import simulate_gesture, subject
from masnn.simulate.room import lights
from masnn.writers import write_events

#: Illuminations of every performer, as in DVS128 Gesture.
N_LIGHTS = 3
#: Raised whenever the simulation changes, so that two sets of one version and seed are one set.
VERSION = 1


@dataclass(frozen=True)
class GestureSet:
    """Say what a set holds: every performer does every gesture once in each of three lights.

    Args:
        seed: Chooses performers and performances.
        training_subjects: Performers of the training part.
        test_subjects: Performers of the test part; none is in both.
        duration_s: Length of a recording in s.
    """

    seed: int = 0
    training_subjects: int = 48
    test_subjects: int = 12
    duration_s: float = 6.0

    def __post_init__(self) -> None:
        if self.training_subjects < 1 or self.test_subjects < 1:
            raise ValueError("a set needs at least one performer in each part")
        if not 0.05 <= self.duration_s <= 60:
            raise ValueError(f"duration_s must be 0.05 to 60, found {self.duration_s}")

    def __len__(self) -> int:
        return (self.training_subjects + self.test_subjects) * N_LIGHTS * len(GESTURES)

    def file(self, index: int) -> Path:
        """Return the path of a recording inside the set's folder."""
        who, light, gesture = self._which(index)
        part = "train" if who < self.training_subjects else "test"
        name = ("natural", "fluorescent", "led")[light]
        return Path(part) / GESTURES[gesture] / f"subject{who:03d}_{name}.npz"

    def write(self, folder: Path, index: int) -> Path:
        """Simulate one recording and write it into the set's folder."""
        who, light, gesture = self._which(index)
        # A performer is the same in all recordings, and so is the light of a session.
        performer = subject(np.random.default_rng((self.seed, who)))
        room = lights(np.random.default_rng((self.seed, who, light)))[light]
        events = simulate_gesture(
            GESTURES[gesture],
            # One seed for each recording of each set: 2^20 recordings a set are far out of reach.
            (self.seed << 20) + index,
            duration_s=self.duration_s,
            who=performer,
            light=room,
        )
        path = folder / self.file(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: what is there is whole, so that a stopped run goes on.
        beside = path.with_name(f".{path.name}")
        write_events(events, beside)
        beside.replace(path)
        return path

    def _which(self, index: int) -> tuple[int, int, int]:
        rest, gesture = divmod(index, len(GESTURES))
        who, light = divmod(rest, N_LIGHTS)
        return who, light, gesture


def simulate_gesture_set(
    folder: Path,
    what: GestureSet,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a set of simulated gestures, or what is missing of it.

    Args:
        folder: Where; recordings go to train/GESTURE/ and test/GESTURE/.
        what: The set.
        workers: Processes; None for one a processor.
        progress: Called with the number of recordings there and the number in all.

    Raises:
        FileExistsError: If the folder holds another set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "simulation.json"
    content = json.dumps({"simulated": "gestures", "version": VERSION, **asdict(what)}, indent=1)
    if note.exists() and note.read_text(encoding="utf-8") != content + "\n":
        raise FileExistsError(f"{folder} holds a set of other settings; name another folder.")
    note.write_text(content + "\n", encoding="utf-8")
    missing = [i for i in range(len(what)) if not (folder / what.file(i)).exists()]
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(what.write, folder, index) for index in missing]
        try:
            for done, job in enumerate(as_completed(jobs), start=len(what) - len(missing) + 1):
                job.result()
                if progress is not None:
                    progress(done, len(what))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else the error is told when all others are done
            raise
