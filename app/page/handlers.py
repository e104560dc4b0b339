"""What each event of the page changes. Values in, gradio updates out; who is speaking comes with the event.

Most events return `Whole`: conversation id, sidebar, transcript, live turn, message box, in this order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from .service import PageService, explain
from .transcript import trouble

# Gradio's updates are untyped dicts.
Update = Any
Whole = tuple[Update, Update, Update, Update, Update]

_log = logging.getLogger(__name__)
_SAME: Update = gr.skip()


@dataclass(frozen=True, kw_only=True)
class Event:
    """Who did it, what their browser said about it, and how to tell them something."""

    user_id: str
    words: Mapping[str, str]
    tell: Callable[..., None]

    def word(self, name: str) -> str:
        """A value of the clicked button; "" when it has none."""
        return self.words.get(name, "")


class Handlers:
    """One method per event; names as in the page's wiring."""

    def __init__(self, service: PageService) -> None:
        self._service = service

    # -- turns --------------------------------------------------------------------------------

    def send(self, event: Event, conversation_id: str, text: str, turn_id: str) -> Iterator[Whole]:
        """Enter in the message box."""
        if text.strip():
            yield from self._run(event, conversation_id or "", text, turn_id or "")
        else:
            yield _SAME, _SAME, _SAME, _SAME, _SAME

    def say(self, event: Event, conversation_id: str) -> Iterator[Whole]:
        """A suggestion, an example or a card's "Why" was clicked."""
        yield from self._run(event, conversation_id or "", event.word("text"), event.word("id"))

    def again(self, event: Event, conversation_id: str) -> Iterator[Whole]:
        """Retry: take the last turn back and say the same once more."""
        text = self._service.take_back(event.user_id, conversation_id or "")
        if text:
            yield _SAME, _SAME, self._transcript(event, conversation_id), "", _SAME
            yield from self._run(event, conversation_id, text, event.word("id"))
        else:
            yield self._whole(event, conversation_id or "")

    def back(self, event: Event, conversation_id: str) -> Whole:
        """Undo: take the last turn back and put its words into the box, to edit."""
        text = self._service.take_back(event.user_id, conversation_id or "")
        return self._whole(event, conversation_id or "", box=text or None)

    def stop(self, event: Event, conversation_id: str) -> None:
        """End the running turn; `send` notices and tidies up."""
        self._service.stop(event.user_id, conversation_id or "")

    def _run(self, event: Event, conversation_id: str, text: str, turn_id: str) -> Iterator[Whole]:
        user_id = event.user_id
        last_turn_id = turn_id
        try:
            conversation_id, running = self._service.begin(user_id, conversation_id, turn_id, text)
            yield conversation_id, _SAME, _SAME, _SAME, _busy()
            for progress, markup in self._service.watch(user_id, conversation_id, running):
                last_turn_id = progress.turn_id
                yield _SAME, _SAME, _SAME, markup, _SAME
        # The page's outermost edge for a turn: the question stays, with a sentence and a way on.
        except Exception as fault:  # noqa: BLE001
            problem, remedy = explain(fault)
            _log.warning("a turn failed: %s", problem, exc_info=fault)
            failed = trouble(text, problem, remedy)
            yield _SAME, _SAME, _SAME, failed, _idle()
            return
        if running.is_stopped and not self._service.is_committed(
            user_id, conversation_id, last_turn_id, running
        ):
            event.tell("Stopped. Your message is back in the box.", duration=4)
            yield self._whole(event, conversation_id, box=text)
            return
        yield self._whole(event, conversation_id)

    # -- conversations ------------------------------------------------------------------------

    def open(self, event: Event, wanted_id: str) -> tuple[Update, ...]:
        """The page was loaded: the conversation of the address, or the newest."""
        conversation_id = self._service.resolve(event.user_id, wanted_id or "")
        return *self._whole(event, conversation_id), self._service.is_paused(event.user_id)

    def pick(self, event: Event) -> Whole:
        """A conversation was chosen from the list."""
        wanted = event.word("conversation")
        return self._whole(event, self._service.resolve(event.user_id, wanted))

    def create(self, event: Event) -> Whole:
        """A new conversation; it is stored with its first turn."""
        return self._whole(event, "")

    def rename(self, event: Event, conversation_id: str) -> tuple[Update]:
        """A conversation got another title."""
        self._service.rename(event.user_id, event.word("conversation"), event.word("title"))
        return (self._service.sidebar(event.user_id, conversation_id or ""),)

    def erase(self, event: Event, conversation_id: str) -> Whole:
        """A conversation was deleted; the newest of the others opens if it was the current one."""
        erased = event.word("conversation")
        self._service.erase(event.user_id, erased)
        keep = conversation_id if conversation_id != erased else ""
        return self._whole(event, self._service.resolve(event.user_id, keep) if keep else "")

    # -- judging and memory -------------------------------------------------------------------

    def judge(self, event: Event, conversation_id: str) -> tuple[Update]:
        """Like, dislike or not seen; the card itself then says that it is saved."""
        self._service.judge(
            event.user_id,
            conversation_id or "",
            event.word("id"),
            event.word("item"),
            event.word("kind"),
        )
        return (self._transcript(event, conversation_id),)

    def remembered(self, event: Event) -> tuple[Update, Update]:
        """The memory tab was opened."""
        return self._service.memory(event.user_id), self._service.is_paused(event.user_id)

    def amend(self, event: Event) -> tuple[Update, Update]:
        """A preference was changed."""
        self._service.amend(
            event.user_id,
            event.word("preference"),
            kind=event.word("kind"),
            note=event.word("note"),
        )
        event.tell("Saved.", duration=2)
        return self.remembered(event)

    def drop(self, event: Event) -> tuple[Update, Update]:
        """A preference was deleted."""
        self._service.drop(event.user_id, event.word("preference"))
        event.tell("Forgotten.", duration=2)
        return self.remembered(event)

    def forget(self, event: Event) -> tuple[Update, ...]:
        """Everything about this person was deleted."""
        self._service.forget(event.user_id)
        event.tell("Everything about you is deleted.", duration=5)
        return *self.remembered(event), *self._whole(event, "")

    def pause(self, event: Event, is_paused: bool) -> tuple[Update, Update]:
        """Learning was switched off or on."""
        self._service.pause(event.user_id, bool(is_paused))
        return self.remembered(event)

    def export(self, event: Event) -> tuple[Update]:
        """All data of this person, for the browser to save."""
        return (self._service.export(event.user_id),)

    def _transcript(self, event: Event, conversation_id: str) -> str:
        return self._service.transcript(event.user_id, conversation_id or "")

    def _whole(self, event: Event, conversation_id: str, *, box: str | None = None) -> Whole:
        return (
            conversation_id,
            self._service.sidebar(event.user_id, conversation_id),
            self._transcript(event, conversation_id),
            "",
            _idle(box),
        )


def _busy() -> Update:
    return gr.update(value="", submit_btn=False, stop_btn=True)


def _idle(text: str | None = None) -> Update:
    if text is None:
        return gr.update(submit_btn=True, stop_btn=False)
    return gr.update(value=text, submit_btn=True, stop_btn=False)
