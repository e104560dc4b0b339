"""kill -9 in the middle of turns: no acknowledged turn is lost, none is doubled."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from agents.memory import ConversationStore

from .kill9_driver import message

ROOT = Path(__file__).resolve().parents[2]
N_KILLS = 50


@dataclass
class Client:
    """A person's program: it repeats whatever was not acknowledged, under the same id."""

    name: str
    turns: int = 0
    clicks: int = 0

    @property
    def next(self) -> int:
        """The first turn of which something is not acknowledged yet."""
        return min(self.turns, self.clicks)

    def hear(self, what: str, index: int) -> None:
        """Note an acknowledgement; they come in order, and again after a repetition."""
        done = index + 1
        if what == "turn":
            assert done <= self.turns + 1
            self.turns = max(self.turns, done)
        else:
            assert done <= self.clicks + 1
            self.clicks = max(self.clicks, done)


@dataclass
class Server:
    """The driver process, and the clients that talk to the children it forks."""

    process: subprocess.Popen[str]
    clients: list[Client] = field(default_factory=list)

    def line(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def start(self, stop: int) -> int:
        """Fork a child that goes on where the clients are; its process id once it is ready."""
        assert self.process.stdin is not None
        wanted = " ".join(f"{client.name}={client.next}" for client in self.clients)
        self.process.stdin.write(f"{stop} {wanted}\n")
        self.process.stdin.flush()
        child, ready = 0, False
        while not (child and ready):
            said = self.line()
            assert said, "the driver ended"
            assert said[0] != "DEAD", "the child died by itself"
            if said[0] == "PID":
                child = int(said[1])
            elif said[0] == "READY":
                ready = True
            elif said[0] == "ACK":
                self.hear(said)
        return child

    def until_dead(self) -> int:
        """Take in what the child still said; its exit code."""
        while True:
            said = self.line()
            assert said, "the driver ended"
            if said[0] == "DEAD":
                return int(said[1])
            if said[0] == "ACK":
                self.hear(said)

    def hear(self, said: list[str]) -> None:
        _, name, what, index = said
        client = next(one for one in self.clients if one.name == name)
        client.hear(what, int(index))


@contextmanager
def server(folder: Path, kind: str, names: tuple[str, ...]) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.kill9_driver", str(folder), kind],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        running = Server(process, [Client(name) for name in names])
        assert running.line() == ["LOADED"]
        yield running
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def seconds_of_a_turn(running: Server) -> float:
    """How long a turn with its click takes here, by holding four without a kill."""
    running.start(4)
    begun = time.monotonic()
    assert running.until_dead() == 0
    return (time.monotonic() - begun) / 4


def kill_often(
    folder: Path, kind: str, names: tuple[str, ...], seed: int, n_kills: int = N_KILLS
) -> Counter[str]:
    """Kill the child so many times at seeded moments, then let it finish; what was hit when."""
    moments = np.random.default_rng(seed)
    hit: Counter[str] = Counter()
    with server(folder, kind, names) as running:
        turn_seconds = seconds_of_a_turn(running)
        for _ in range(n_kills):
            child = running.start(1_000_000)
            time.sleep(float(moments.uniform(0, 2.5 * turn_seconds)))
            os.kill(child, signal.SIGKILL)
            assert running.until_dead() == -signal.SIGKILL
            hit[open_turns(folder)] += 1
        last = max(client.turns for client in running.clients) + 3
        running.start(last)
        assert running.until_dead() == 0
        assert [(one.turns, one.clicks) for one in running.clients] == [(last, last)] * len(names)
    hit["turns"] = last
    return hit


def open_turns(folder: Path) -> str:
    """Whether the kill left a turn begun and not committed."""
    raw = sqlite3.connect(folder / "rapport.db")
    (begun,) = raw.execute("SELECT count(*) FROM turns WHERE status = 'begun'").fetchone()
    raw.close()
    return "inside a turn" if begun else "between turns"


def lost_and_doubled(folder: Path, names: tuple[str, ...], n_turns: int) -> tuple[int, int]:
    """Acknowledged turns and clicks that are not there, and those that are there more than once."""
    store = ConversationStore(f"sqlite:///{folder}/rapport.db")
    kept: Counter[str] = Counter()
    for name in names:
        kept.update(one.turn_id for one in store.turns(f"user-{name}", f"talk-{name}"))
        kept.update(store_id["feedback_id"] for store_id in clicks_of(store, name))
    store.close()
    expected = {
        f"{name}-t{index}{what}"
        for name in names
        for index in range(n_turns)
        for what in ("", "-click")
    }
    return len(expected - kept.keys()), sum(kept.values()) - len(kept)


def clicks_of(store: ConversationStore, name: str) -> list[dict[str, str]]:
    return store.export(f"user-{name}")["tables"]["feedback"]


def check_nothing_lost_or_doubled(
    folder: Path, kind: str, names: tuple[str, ...], n_turns: int
) -> None:
    assert lost_and_doubled(folder, names, n_turns) == (0, 0)
    raw = sqlite3.connect(folder / "rapport.db")
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert raw.execute("SELECT DISTINCT status FROM turns").fetchall() == [("committed",)]
    said_twice = raw.execute(
        "SELECT source_turn_id, kind, subject, value FROM preferences WHERE source_turn_id <> ''"
        " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    ).fetchall()
    assert said_twice == []
    raw.close()
    store = ConversationStore(f"sqlite:///{folder}/rapport.db")
    for name in names:
        user_id, conversation_id = f"user-{name}", f"talk-{name}"
        kept = store.turns(user_id, conversation_id)
        expected = [(f"{name}-t{index}", message(name, index)) for index in range(n_turns)]
        assert [(one.turn_id, one.text) for one in kept] == expected
        assert [one.state.turn_count for one in kept] == list(range(1, n_turns + 1))
        clicks = clicks_of(store, name)
        ids = {f"{name}-t{index}-click" for index in range(n_turns)}
        assert len(clicks) == n_turns
        assert {click["feedback_id"] for click in clicks} == ids
        statements = store.export(user_id)["tables"]["preferences"]
        origins = Counter(row["origin"] for row in statements)
        assert origins["button"] == n_turns
        if kind == "store":  # each of its turns learns one thing
            assert origins["turn"] == n_turns
    store.close()


ARRANGEMENTS = [
    (kind, names) for kind in ("store", "agent") for names in (("one",), ("one", "two"))
]


@pytest.mark.slow
@pytest.mark.parametrize("names", [("one",), ("one", "two")], ids=["one client", "two clients"])
@pytest.mark.parametrize("kind", ["store", "agent"])
def test_fifty_kills_lose_and_double_nothing(
    tmp_path: Path, kind: str, names: tuple[str, ...]
) -> None:
    hit = kill_often(tmp_path, kind, names, seed=len(names))
    assert hit["inside a turn"] >= N_KILLS // 10, hit
    check_nothing_lost_or_doubled(tmp_path, kind, names, hit["turns"])
    if kind == "agent":
        raw = sqlite3.connect(tmp_path / "checkpoints.db")
        assert raw.execute("SELECT DISTINCT thread_id FROM checkpoints").fetchall() == []
        raw.close()
    print(f"{kind}, {len(names)} client(s): {dict(hit)}")
