import threading
import time
from collections.abc import Iterator

import pytest

from agents import PlanMade, TextDelta, TurnEvent, TurnFinished, TurnResult, TurnStarted
from app.page.turns import RunningTurn

STARTED = TurnStarted(turn_id="t", conversation_id="c", text="hello")
RESULT = TurnResult(turn_id="t", conversation_id="c", text="Hi.", planner="rules")


def test_the_last_snapshot_has_the_result() -> None:
    events = [STARTED, TextDelta(text="Hi."), TurnFinished(result=RESULT)]
    *_, last = RunningTurn(iter(events)).watch()
    assert last.result == RESULT


def test_a_fault_in_the_turn_reaches_the_watcher() -> None:
    def events() -> Iterator[TurnEvent]:
        yield STARTED
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(RunningTurn(events()).watch())


def test_stop_ends_the_watch_at_once_and_the_turn_at_its_next_event() -> None:
    gate, closed = threading.Event(), threading.Event()

    def events() -> Iterator[TurnEvent]:
        try:
            yield STARTED
            gate.wait(10)
            yield PlanMade(planner="rules", intent="chat", summary="late")
            yield TurnFinished(result=RESULT)
        finally:
            closed.set()

    running = RunningTurn(events())
    snapshots = running.watch()
    assert next(snapshots).question == "hello"
    running.stop()
    assert all(snapshot.result is None for snapshot in snapshots)
    assert running.is_stopped
    gate.set()
    assert running.wait(5)
    assert closed.is_set()


def test_the_turn_goes_on_when_nobody_watches_any_more() -> None:
    ended = threading.Event()

    def events() -> Iterator[TurnEvent]:
        yield STARTED
        time.sleep(0.01)
        yield TurnFinished(result=RESULT)
        ended.set()

    running = RunningTurn(events())
    watcher = running.watch()
    next(watcher)
    watcher.close()
    assert ended.wait(5)


def test_stop_wakes_a_turn_that_waits() -> None:
    gate = threading.Event()

    def events() -> Iterator[TurnEvent]:
        yield STARTED
        gate.wait(10)

    running = RunningTurn(events(), interrupt=gate.set)
    next(running.watch())
    running.stop()
    assert running.wait(5)
