"""The conversation in a terminal: the same events as the page, drawn with rich. Works with piped input."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agents import ConversationalRecommender, FeedbackKind, SlateItem, TurnResult, UserMessage

from .render import (
    TurnProgress,
    advance,
    clean,
    evidence_chips,
    item_label,
    noted,
    one_line,
    usage_label,
)

_HELP = """/why 2          why was the second one shown?
/like 2         I like it            /dislike 2   never show it again
/notseen 2      I haven't seen it    /memory      what do you know about me?
/undo           take the last turn back
/new            start a new conversation
/quit           leave (or Ctrl-D)"""


class Terminal:
    """One person talking to one agent on one console.

    Args:
        conversation_id: Continue this one; None starts a new one with the first message.
        console: Where to draw; the terminal by default.
    """

    def __init__(
        self,
        agent: ConversationalRecommender,
        user_id: str,
        *,
        conversation_id: str | None = None,
        console: Console | None = None,
    ) -> None:
        self._agent = agent
        self._user_id = user_id
        self._conversation_id = conversation_id
        self._console = console or Console(highlight=False)
        self._slate: tuple[SlateItem, ...] = ()
        self._commands: Mapping[str, Callable[[str], None]] = {
            "why": self._why,
            "like": lambda rest: self._judge("like", rest),
            "dislike": lambda rest: self._judge("dislike", rest),
            "notseen": lambda rest: self._judge("not_seen", rest),
            "memory": lambda _rest: self._memory(),
            "undo": lambda _rest: self._undo(),
            "new": lambda _rest: self._new(),
            "help": lambda _rest: self._print(_HELP, style="dim"),
        }

    def run(self) -> None:
        """Talk until /quit or the end of the input."""
        self._print("What would you like to watch? Say it in your own words; /help lists commands.")
        for line in self._lines():
            if line.lower() in {"/quit", "/exit", "/q"}:
                break
            if line.startswith("/"):
                self._command(line)
            elif line:
                self.say(line)

    def say(self, text: str) -> TurnResult:
        """One turn, drawn as it happens; returns its outcome."""
        message = UserMessage(
            user_id=self._user_id,
            conversation_id=self._conversation(),
            turn_id=uuid.uuid4().hex,
            text=text,
        )
        progress = TurnProgress()
        with self._console.status("Thinking…", spinner="dots") as status:
            for event in self._agent.stream(message):
                progress = advance(progress, event)
                if progress.steps:
                    status.update(f"{progress.steps[-1].title}…")
        if progress.result is None:
            raise RuntimeError("a turn ended without a result")
        self._draw(progress, progress.result)
        return progress.result

    # -- drawing ------------------------------------------------------------------------------

    def _draw(self, progress: TurnProgress, result: TurnResult) -> None:
        self._console.print()
        for step in progress.steps:
            mark = "·" if step.ok else "!"
            self._print(
                f"  {mark} {step.title}: {step.detail}"
                if step.detail
                else f"  {mark} {step.title}",
                style="dim",
            )
        self._print(_plain(result.text))
        for notice in result.notices:
            if notice not in result.text:
                self._print(f"  Note: {one_line(notice, 300)}", style="yellow")
        for position, item in enumerate(result.items, start=1):
            self._item(position, item)
        if result.items:
            self._slate = result.items
        for label in result.saved:
            self._print(f"  ✓ {noted(label)}", style="green")
        if result.suggestions:
            self._print(
                "  Try: " + "  |  ".join(one_line(one, 60) for one in result.suggestions),
                style="cyan",
            )
        self._print(f"  {usage_label(result.planner, result.usage)}", style="dim")
        self._console.print()

    def _item(self, position: int, item: SlateItem) -> None:
        head = Text.assemble(
            (f"{position:>3}. ", "bold cyan"),
            (item_label(item), "bold"),
            (f"  {', '.join(one_line(genre, 30) for genre in item.genres[:4])}", "dim"),
        )
        self._console.print(head)
        self._console.print(Padding(Text(one_line(item.reason, 320)), (0, 0, 0, 5)))
        chips = " · ".join(chip.text for chip in evidence_chips(item.evidence, self._title_of))
        if chips:
            self._console.print(Padding(Text(chips, style="dim cyan"), (0, 0, 0, 5)))

    def _print(self, text: str, *, style: str = "") -> None:
        self._console.print(Text(text, style=style))

    # -- commands -----------------------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        is_person = sys.stdin.isatty()
        while True:
            try:
                line = input("> " if is_person else "")
            except EOFError:
                return
            line = clean(line).strip()
            if line and not is_person:
                self._print(f"> {line}", style="bold")
            yield line

    def _command(self, line: str) -> None:
        name, _, rest = line[1:].partition(" ")
        action = self._commands.get(name.lower())
        if action is None:
            self._print(
                f"There is no command /{one_line(name, 20)}. These there are:", style="yellow"
            )
            self._print(_HELP, style="dim")
            return
        action(rest.strip())

    def _why(self, rest: str) -> None:
        item = self._chosen(rest)
        if item is not None:
            self.say(f"Why {item_label(item)}?")

    def _judge(self, kind: FeedbackKind, rest: str) -> None:
        item = self._chosen(rest)
        if item is None:
            return
        label = item_label(item)
        self._agent.store.record_feedback(
            self._user_id, self._conversation(), uuid.uuid4().hex, item.item_id, label, kind
        )
        said = {"like": "you like", "dislike": "you dislike", "not_seen": "you haven't seen"}
        self._print(f"  ✓ Saved: {said[kind]} {label}.", style="green")

    def _chosen(self, rest: str) -> SlateItem | None:
        if not self._slate:
            self._print("Nothing has been shown yet.", style="yellow")
            return None
        if rest.isdecimal() and 1 <= int(rest) <= len(self._slate):
            return self._slate[int(rest) - 1]
        self._print(f"Which one? Give its number, 1 to {len(self._slate)}.", style="yellow")
        return None

    def _memory(self) -> None:
        preferences = self._agent.store.preferences(self._user_id)
        if not preferences:
            self._print("I know nothing about you yet.")
        for one in preferences:
            source = f" (you said: “{one_line(one.quote, 80)}”)" if one.quote else ""
            kind = one.kind.replace("_", " ")
            self._print(f"  {kind}: {one_line(one.label)}{source}")

    def _undo(self) -> None:
        undone = None
        if self._conversation_id is not None:
            undone = self._agent.store.undo_last_turn(self._user_id, self._conversation_id)
        said = (
            f"Taken back: “{one_line(undone.text, 80)}”" if undone else "There is nothing to undo."
        )
        self._print(said)

    def _new(self) -> None:
        self._conversation_id = None
        self._slate = ()
        self._print("A new conversation.")

    def _conversation(self) -> str:
        if self._conversation_id is None:
            made = self._agent.store.create_conversation(self._user_id)
            self._conversation_id = made.conversation_id
        return self._conversation_id

    def _title_of(self, item_id: str) -> str | None:
        catalog = self._agent.recommender.catalog
        return catalog[item_id].title if item_id in catalog else None


def _plain(text: str) -> str:
    """The answer without Markdown's stars; what is left reads well in a terminal."""
    return clean(text).replace("**", "").strip()
