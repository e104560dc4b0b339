"""The contestant's side of the comparison: one process, which obeys one command a line.

`run.py` starts it, and then tells it on standard input to train for some CPU-seconds, to write the
recommendations for a part of the split, to serve everybody once against the clock, or to stop. Each
command gets one line of JSON on standard output; whatever the library itself prints goes to standard
error. So the contestants take turns, whoever is not on turn costs nothing, and only training is on
the training clock. When the driver goes away, so does the contestant.

Needs numpy only: it runs in the environments of the peers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.split_files import Events, read_events

Recommend = Callable[[str, int], Any]
"""(part, k) -> the library's own answer for all users: k items each, seen items removed."""
AsRows = Callable[[Any], np.ndarray]
"""That answer as (n_users, k) item rows, best first, -1 where there are fewer."""


@dataclass
class Session:
    """Clock and command loop of one contestant.

    Attributes:
        task: Name, seed and settings, as `contestants.py` gives them.
        events: All events; a contestant trains on `events.history("valid")`.
        folder: For its own files.
    """

    task: Mapping[str, Any]
    events: Events
    folder: Path
    _out: Any = None
    _recommend: Recommend | None = None
    _as_rows: AsRows | None = None
    _epochs: float = 0.0
    _loss: float | None = None
    _clock: float = 0.0
    _resumed: float = 0.0
    _until: float = 0.0
    _finished: bool = False
    _prepared_from: float = field(default_factory=time.process_time)

    @classmethod
    def start(cls) -> Session:
        """Read the command line and the split. What follows, up to `ready`, counts as preparation."""
        parser = argparse.ArgumentParser(description="One contestant; started by run.py.")
        parser.add_argument("--events", type=Path, required=True, help="written by split_files.py")
        parser.add_argument("--folder", type=Path, required=True, help="for its own files")
        parser.add_argument("--task", required=True, help="JSON object")
        arguments = parser.parse_args()
        out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # libraries print; only answers may reach the driver
        arguments.folder.mkdir(parents=True, exist_ok=True)
        events = read_events(arguments.events)
        session = cls(json.loads(arguments.task), events, arguments.folder, out)
        session._prepared_from = time.process_time()
        return session

    def __deepcopy__(self, memo: object) -> Session:
        """Itself: a library that copies its callbacks must not copy the conversation."""
        return self

    def ready(
        self,
        *,
        recommend: Recommend,
        as_rows: AsRows,
        hashes: Mapping[str, str],
        versions: Mapping[str, str],
    ) -> None:
        """Say what data the library holds, and wait for the first command to train.

        Args:
            recommend: Recommends with the model as it is at that moment.
            as_rows: Turns the answer into rows; not timed.
            hashes: Fingerprints of the library's own training data: "set", and where it keeps an
                order "order" or "last <n>", see `split_files.py`.
            versions: Library -> version.
        """
        self._recommend, self._as_rows = recommend, as_rows
        self._answer(
            prepare_cpu_seconds=time.process_time() - self._prepared_from,
            hashes=dict(hashes),
            versions=dict(versions),
        )
        self._obey()

    def trained(self, epochs: float, loss: float | None = None) -> None:
        """Call after each batch (or epoch) with the epochs done so far; pauses when the turn is over."""
        self._epochs, self._loss = epochs, loss
        now = time.process_time()
        if self._clock + now - self._resumed >= self._until:
            self._clock += now - self._resumed
            self._report()
            self._obey()

    def finish(self) -> None:
        """Call when training has come to its own end; serves on until it is told to stop."""
        self._clock += time.process_time() - self._resumed
        self._finished = True
        self._report()
        while True:
            self._obey()
            self._report()

    def _report(self) -> None:
        self._answer(
            train_cpu_seconds=self._clock,
            epochs=self._epochs,
            loss=self._loss,
            finished=self._finished,
            peak_megabytes=_peak_megabytes(),
        )

    def _obey(self) -> None:
        """Answer commands until one says to train."""
        for line in iter(sys.stdin.readline, ""):
            command = json.loads(line)
            if command["do"] == "train":
                self._until = self._clock + command["cpu_seconds"]
                self._resumed = time.process_time()
                return
            if command["do"] == "recommend":
                self._write_lists(command["part"], command["k"], Path(command["file"]))
            elif command["do"] == "serve":
                self._serve(command["k"])
            else:
                break
        self._answer(peak_megabytes=_peak_megabytes())
        raise SystemExit(0)

    def _write_lists(self, part: str, k: int, file: Path) -> None:
        assert self._recommend is not None
        assert self._as_rows is not None
        np.save(file, self._as_rows(self._recommend(part, k)).astype(np.int32))
        self._answer(file=str(file))

    def _serve(self, k: int) -> None:
        assert self._recommend is not None
        started = time.process_time()
        self._recommend("test", k)
        seconds = time.process_time() - started
        self._answer(users=self.events.n_users, cpu_seconds=seconds)

    def _answer(self, **values: object) -> None:
        self._out.write(json.dumps(values) + "\n")
        self._out.flush()


def _peak_megabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
