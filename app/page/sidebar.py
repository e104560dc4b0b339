"""The list of conversations as markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from agents import Conversation

from ..render import one_line
from .icons import icon
from .prose import escape


def sidebar(conversations: Sequence[Conversation], current_id: str, now: datetime) -> str:
    """Newest first, the current one marked; rename and delete appear with each row."""
    rows = "".join(_row(one, one.conversation_id == current_id, now) for one in conversations)
    empty = '<p class="rp-none">Your conversations will appear here.</p>'
    return (
        f'<div class="rp-brand"><span class="rp-logo">{icon("spark")}</span>'
        "<div><strong>Rapport</strong><small>a recommender to talk to</small></div></div>"
        '<button type="button" class="rp-new" data-act="create">'
        f"{icon('plus')}<span>New conversation</span></button>"
        f'<nav aria-label="Conversations"><ul class="rp-list">{rows}</ul>{"" if rows else empty}</nav>'
    )


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the coarsest unit that says something: "now", "5 min", "3 h", "12 Nov"."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h"
    return f"{moment.day} {moment:%b}" + (f" {moment.year}" if moment.year != now.year else "")


def _row(conversation: Conversation, is_current: bool, now: datetime) -> str:
    key = escape(conversation.conversation_id)
    title = escape(one_line(conversation.title, 80) or "New conversation")
    current = ' aria-current="true"' if is_current else ""
    return (
        f'<li class="rp-row" data-conversation="{key}"{current}>'
        f'<button type="button" class="rp-pick" data-act="pick" data-conversation="{key}">'
        f'<span class="rp-name">{title}</span><small>{ago(conversation.updated_at, now)}</small></button>'
        f'<button type="button" class="rp-mini" data-act="edit-title" data-conversation="{key}" '
        f'aria-label="Rename {title}" title="Rename">{icon("pencil")}</button>'
        f'<button type="button" class="rp-mini rp-danger" data-act="erase" data-conversation="{key}" '
        f'data-confirm="Delete?" aria-label="Delete {title}" title="Delete">{icon("trash")}</button></li>'
    )
