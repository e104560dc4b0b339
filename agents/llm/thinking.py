"""What a model mumbles to itself before it answers: cut out of whole texts and out of streams.

Pure. Reasoning models write it between tags; some servers swallow the opening tag.
"""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|reasoning|reflection|analysis|scratchpad"
_TAGGED = re.compile(rf"<({_NAMES})\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.S | re.I)
_BRACKETED = re.compile(r"\[THINK\].*?(?:\[/THINK\]|\Z)", re.S | re.I)
_UP_TO_CLOSING = re.compile(rf"\A.*</(?:{_NAMES})\s*>", re.S | re.I)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?:analysis|commentary)\b.*?(?=<\|channel\|>\s*final|\Z)", re.S | re.I
)
_MARKER = re.compile(r"<\|channel\|>\s*final\b|<\|[a-z_]{1,20}\|>", re.I)
# Longer than any marker: what may still become one is held back.
_LONGEST_MARKER = 40


def spoken(text: str) -> str:
    """The text without reasoning and control markers; "" when there is nothing else."""
    for pattern in (_TAGGED, _BRACKETED, _UP_TO_CLOSING, _CHANNEL, _MARKER):
        text = pattern.sub("", text)
    return text.strip()


class SpokenStream:
    """Text that arrives in pieces, without the reasoning in it.

    What could be the beginning of a marker is held back until it is known not to be one.
    """

    def __init__(self) -> None:
        self._heard = ""
        self._told = 0

    def hear(self, piece: str) -> str:
        """What can be told now that this piece has come; "" when nothing can."""
        self._heard += piece
        return self._tell(_settled(self._heard))

    def end(self) -> str:
        """What is left when no more pieces come."""
        return self._tell(self._heard)

    def _tell(self, heard: str) -> str:
        told = spoken(heard)
        piece = told[self._told :]
        self._told += len(piece)
        return piece


def _settled(text: str) -> str:
    """The text up to a bracket near its end that may yet become a marker."""
    place = max(text.rfind("<"), text.rfind("["))
    is_open = place >= 0 and not re.search(r"[>\]]", text[place:])
    return text[:place] if is_open and len(text) - place <= _LONGEST_MARKER else text
