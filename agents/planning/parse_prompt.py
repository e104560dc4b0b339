"""The messages by which a model is asked for a parse; training uses the same, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from prompts import Prompt, read_prompt

from .parse import ParseContext, context_text

TUNED_PROMPT = "message_parse_tuned"
GENERAL_PROMPT = "message_parse"
_EXAMPLES = "message_parse_examples"


def parse_prompt(*, tuned: bool) -> Prompt:
    """The system prompt: one line for a model trained on this very task, the whole format for others."""
    return read_prompt(TUNED_PROMPT if tuned else GENERAL_PROMPT)


def parse_messages(context: ParseContext, message: str, *, tuned: bool) -> tuple[BaseMessage, ...]:
    """System, examples (for untuned models only), then state and message."""
    system = SystemMessage(parse_prompt(tuned=tuned).text)
    examples = () if tuned else _examples()
    return (system, *examples, HumanMessage(context_text(context, message)))


def _examples() -> Sequence[BaseMessage]:
    """The worked examples: blocks parted by blank lines, each ending in its answer."""
    shown: list[BaseMessage] = []
    for block in read_prompt(_EXAMPLES).text.split("\n\n"):
        asked, _, answer = block.strip().rpartition("\n")
        shown += [HumanMessage(asked), AIMessage(answer)]
    return shown
