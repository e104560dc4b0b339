"""`rapport ask`: one message, one answer; as JSON where a machine reads it."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated

import typer

from ..progress import progress_bars
from ..settings import load_settings


def ask(
    message: Annotated[str, typer.Argument(help="What you would say, in quotes.")],
    user: Annotated[
        str | None, typer.Option(help="Who asks; their preferences count.", show_default=False)
    ] = None,
    conversation: Annotated[
        str | None,
        typer.Option(help="Continue this conversation; a new name starts one.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Annotated[
        str | None, typer.Option(help="Data set to talk about.", show_default=False)
    ] = None,
) -> None:
    """Ask once and get recommendations with reasons.

    Examples:
      rapport ask "a funny film for kids from the eighties, not animated"
      rapport ask "another one" --conversation friday --json
    """
    from agents import UserMessage
    from rec_core import SettingsError

    from ..build import build_agent, ensure_set_up, open_conversation

    if not message.strip():
        raise SettingsError(
            "There is nothing to answer: the message is empty.",
            'Say what you like: rapport ask "…".',
        )
    settings = load_settings(user=user, data=data)
    with progress_bars(quiet=not sys.stderr.isatty()) as progress:
        ensure_set_up(settings, progress)
    agent = build_agent(settings)
    conversation_id = open_conversation(agent.store, settings.user, conversation)
    asked = UserMessage(
        user_id=settings.user,
        conversation_id=conversation_id,
        turn_id=uuid.uuid4().hex,
        text=message,
    )
    if as_json:
        typer.echo(agent.reply(asked).model_dump_json(indent=2))
        return
    from ..terminal import Terminal

    Terminal(agent, settings.user, conversation_id=conversation_id).say(message)
