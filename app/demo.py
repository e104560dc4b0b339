"""The scripted conversation of `rapport demo`: the main job, checkable without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from agents import ConversationalRecommender, TurnResult
from rec_core import Catalog

from .render import item_label
from .terminal import Terminal

_USER = "demo"
_WISH = "something like Heat but less violent, from the 90s"


def run_demo(agent: ConversationalRecommender, *, console: Console | None = None) -> bool:
    """Talk through a wish, a refinement, a why, a dislike with more, and a question about memory.

    Every item shown must be in the catalog, a disliked one must not come back, and no answer may be
    blank. Returns True when all of that held.
    """
    console = console or Console(highlight=False)
    talk = _Script(agent, console)
    first = talk.say(_first_wish(agent.recommender.catalog))
    refined = talk.say("only dramas, please")
    shown = refined.items or first.items
    if shown:
        talk.say(f"Why {item_label(shown[0])}?")
        disliked = shown[-1]
        talk.say(f"I don't like {item_label(disliked)}")
        more = talk.say("show me more")
        talk.check(
            all(item.item_id != disliked.item_id for item in more.items),
            f"{item_label(disliked)} was disliked and came back",
        )
    talk.check(bool(shown), "the first two wishes brought nothing to show")
    talk.say("what do you know about me?")
    agent.store.delete_conversation(_USER, talk.conversation_id)
    agent.store.delete_all_preferences(_USER)
    return talk.report()


class _Script:
    """Says lines in one conversation of its own and collects what is wrong with the answers."""

    def __init__(self, agent: ConversationalRecommender, console: Console) -> None:
        self._catalog = agent.recommender.catalog
        self._console = console
        # A new conversation each time; preferences of an earlier, broken-off demo must not count.
        agent.store.delete_all_preferences(_USER)
        self.conversation_id = agent.store.create_conversation(
            _USER, conversation_id=uuid.uuid4().hex
        ).conversation_id
        self._terminal = Terminal(
            agent, _USER, conversation_id=self.conversation_id, console=console
        )
        self._n_turns = 0
        self._n_items = 0
        self._faults: list[str] = []

    def say(self, text: str) -> TurnResult:
        self._console.print(Text(f"> {text}", style="bold"))
        result = self._terminal.say(text)
        self._n_turns += 1
        self._n_items += len(result.items)
        self._faults += _faults_of(result, self._catalog)
        return result

    def check(self, holds: bool, fault: str) -> None:
        if not holds:
            self._faults.append(fault)

    def report(self) -> bool:
        if self._faults:
            for fault in self._faults:
                self._console.print(Text(f"wrong: {fault}", style="red"))
            return False
        done = f"All well: {self._n_turns} turns, {self._n_items} items shown, every one from the catalog."
        self._console.print(Text(done, style="bold green"))
        return True


def _faults_of(result: TurnResult, catalog: Catalog) -> Sequence[str]:
    faults = [
        f"{item.item_id} ({item.title}) is not in the catalog"
        for item in result.items
        if item.item_id not in catalog or catalog[item.item_id].title != item.title
    ]
    if not result.text.strip():
        faults.append("an answer was blank")
    return faults


def _first_wish(catalog: Catalog) -> str:
    """The usual wish, or one about this catalog's most frequent genre when it has no Heat."""
    if any(item.title == "Heat" for item in catalog):
        return _WISH
    return f"something with {catalog.genres[0]}" if catalog.genres else "surprise me"
