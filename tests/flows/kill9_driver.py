"""The side that gets killed: `python -m tests.flows.kill9_driver FOLDER store|agent`.

Loads everything once, then forks a fresh child for each line on standard input, so that a start
costs milliseconds. A line is "STOP CLIENT=FIRST …": each client is a thread with a conversation
of its own that holds its turns FIRST … STOP-1. The child says ACK only after what it says is
done; the parent kills that child, never this process.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from agents.events import TurnResult
from agents.memory import ConversationStore
from agents.state import ConversationState
from rec_core import Recommender

from ..agents.store_kit import preference

MESSAGES = (
    "something like Heat but less violent",
    "I love science fiction",
    "a funny film for kids from the eighties",
    "another one",
    "I hate horror films",
    "two films with Tom Hanks",
    "why the first one?",
    "thanks",
)
Respond = Callable[[str, str, str, str], TurnResult]


def message(client: str, index: int) -> str:
    """What the client says in its turn of this number; the same every time."""
    return MESSAGES[(index + len(client)) % len(MESSAGES)]


def click_kind(index: int) -> str:
    """Which button the client presses after its turn of this number."""
    return ("like", "dislike")[index % 2]


def say(line: str) -> None:
    """One line, written at once and whole: a kill cannot cut it."""
    os.write(1, f"{line}\n".encode())


def store_alone(folder: Path) -> tuple[ConversationStore, Respond]:
    """A turn without an agent: begun, some work, committed with state and a preference."""
    store = ConversationStore(f"sqlite:///{folder}/rapport.db")

    def respond(user_id: str, conversation_id: str, turn_id: str, text: str) -> TurnResult:
        done = store.begin_turn(user_id, conversation_id, turn_id, text)
        if done is not None:
            return done
        before = store.state(user_id, conversation_id)
        sum(number * number for number in range(20_000))
        count = before.turn_count + 1
        state = ConversationState(
            turn_count=count, shown_item_ids=(*before.shown_item_ids, turn_id)
        )
        outcome = TurnResult(
            turn_id=turn_id,
            conversation_id=conversation_id,
            text=f"Answer {count}",
            planner="rules",
        )
        told = [preference(f"p-{turn_id}", value=turn_id, subject="note")]
        store.commit_turn(user_id, conversation_id, turn_id, outcome, state, told, [])
        return outcome

    return store, respond


def whole_agent(folder: Path, recommender: Recommender) -> tuple[ConversationStore, Respond]:
    """A turn as people get it: finished when TurnFinished has come and the stream has ended."""
    from .agent_world import message as user_message, open_agent

    agent = open_agent(recommender, folder)

    def respond(user_id: str, conversation_id: str, turn_id: str, text: str) -> TurnResult:
        return agent.reply(user_message(user_id, conversation_id, turn_id, text))

    return agent.store, respond


def load_core(folder: Path) -> Recommender:
    """The core, loaded once for all children; its index is written by a process of its own.

    Threads that building starts would not survive the forks.
    """
    from .agent_world import build_search, load_recommender

    index = folder / "search"
    builder = multiprocessing.get_context("spawn").Process(target=build_search, args=(index,))
    builder.start()
    builder.join()
    return load_recommender(index)


def hold_turns(
    store: ConversationStore, respond: Respond, client: str, numbers: Iterator[int]
) -> None:
    """One client: says something, and when the answer is finished presses a button."""
    user_id, conversation_id = f"user-{client}", f"talk-{client}"
    store.create_conversation(user_id, conversation_id=conversation_id)
    for index in numbers:
        turn_id = f"{client}-t{index}"
        outcome = respond(user_id, conversation_id, turn_id, message(client, index))
        say(f"ACK {client} turn {index}")
        item_id = outcome.items[0].item_id if outcome.items else turn_id
        store.record_feedback(
            user_id, conversation_id, f"{turn_id}-click", item_id, item_id, click_kind(index)
        )
        say(f"ACK {client} click {index}")


def run_child(folder: Path, recommender: Recommender | None, line: str) -> None:
    """Hold the turns that a line of standard input asks for."""
    stop, *clients = line.split()
    parts = store_alone(folder) if recommender is None else whole_agent(folder, recommender)
    store, respond = parts
    threads = []
    for client in clients:
        name, _, first = client.partition("=")
        numbers = iter(range(int(first), int(stop)))
        threads.append(threading.Thread(target=hold_turns, args=(store, respond, name, numbers)))
    say("READY")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Fork one child at a time until standard input ends."""
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    recommender = load_core(folder) if kind == "agent" else None
    say("LOADED")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                run_child(folder, recommender, line)
                status = 0
            finally:
                os._exit(status)
        say(f"PID {child}")
        _, status = os.waitpid(child, 0)
        say(f"DEAD {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
