"""How people really type: case, slips of the keyboard, greetings, a story around the wish.

A slip hits a word, and every copy of that word in the parse is hit alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from .banks import load_banks

_MARKS = re.compile(r"[.?!,]+(?=\s|$)")
_WORD = re.compile(r"[^\W\d_]{4,}")
_COPIED = (
    "people",
    "without",
    "like",
    "unlike",
    "words",
    "less",
    "liked",
    "disliked",
    "seen",
    "about",
)
_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "k": "jl", "l": "kö",
    "m": "n", "n": "mb", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "y": "tu",
}  # fmt: skip
_SLANG = {
    "you": "u", "please": "pls", "something": "sth", "because": "cuz", "want to": "wanna", "movies": "movs", "thanks": "thx",
    "really": "rly", "with": "w/", "without": "w/o", "and": "&", "for": "4", "to": "2", "great": "gr8", "people": "ppl",
}  # fmt: skip


class Roughener:
    """Makes clean messages look typed.

    Args:
        generator: Decides everything.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._banks = load_banks()

    def rough(
        self, text: str, names: Mapping[str, tuple[str, ...]]
    ) -> tuple[str, dict[str, tuple[str, ...]]]:
        """The message as typed, and the values of its parse with the same slips in what they copy.

        Args:
            text: The clean message.
            names: The parse's lists by key.
        """
        change = self._case(self._punctuation(self._slips(text)))
        if self._chance(0.1):
            change = self._shortened(change)
        message = change(text)
        rough = {
            key: tuple(one if one.startswith("#") else change(one) for one in values)
            if key in _COPIED
            else values
            for key, values in names.items()
        }
        copied = [one for key, values in rough.items() if key in _COPIED for one in values]
        begins = any(one[:1] == message[:1] for one in copied)
        return self._surrounded(message, keep_start=begins), rough

    def _chance(self, probability: float) -> bool:
        return bool(self._generator.random() < probability)

    def _one_of(self, name: str) -> str:
        lines = self._banks[name]
        return lines[int(self._generator.integers(len(lines)))]

    def _slips(self, text: str) -> Callable[[str], str]:
        """A change of words that hits each word the same way wherever it stands."""
        rate = (0.0, 0.06, 0.15)[int(self._generator.choice(3, p=[0.7, 0.2, 0.1]))]
        words = dict.fromkeys(_WORD.findall(text))
        table = {word: self._slipped(word) for word in words if rate and self._chance(rate)}
        return lambda said: _WORD.sub(lambda match: table.get(match[0], match[0]), said)

    def _punctuation(self, change: Callable[[str], str]) -> Callable[[str], str]:
        """Leave out all marks at the ends of words in a quarter of the messages."""
        if not self._chance(0.25):
            return change
        return lambda said: _MARKS.sub("", change(said))

    def _shortened(self, change: Callable[[str], str]) -> Callable[[str], str]:
        """Some words as people shorten them in chats, each the same way wherever it stands."""
        table = {word: short for word, short in _SLANG.items() if self._chance(0.5)}
        words = re.compile(rf"\b(?:{'|'.join(map(re.escape, table))})\b") if table else None
        if words is None:
            return change
        return lambda said: words.sub(lambda match: table[match[0]], change(said))

    def _slipped(self, word: str) -> str:
        place = int(self._generator.integers(1, len(word) - 1))
        match int(self._generator.integers(4)):
            case 0:
                return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            case 1:
                return word[:place] + word[place + 1 :]
            case 2:
                return word[:place] + word[place] + word[place:]
            case _:
                near = _NEAR.get(word[place].lower(), "e")
                return (
                    word[:place]
                    + near[int(self._generator.integers(len(near)))]
                    + word[place + 1 :]
                )

    def _case(self, slips: Callable[[str], str]) -> Callable[[str], str]:
        draw = self._generator.random()
        if draw < 0.45:
            return lambda said: slips(said).lower()
        if draw < 0.47:
            return lambda said: slips(said).upper()
        return slips

    def _surrounded(self, message: str, *, keep_start: bool) -> str:
        """A greeting before, politeness after, a story around; punctuation now and then missing."""
        if self._chance(0.4) and not keep_start:
            message = f"{message[:1].upper()}{message[1:]}"
        if self._chance(0.12):
            message = f"{self._one_of('before')}{', ' if self._chance(0.5) else ' '}{message}"
        if self._chance(0.1):
            message = f"{message} {self._one_of('after')}"
        if self._chance(0.08):
            message = f"{self._one_of('story')} {message}"
        if self._chance(0.03):
            message = f"{message}. {self._one_of('story')}"
        if self._chance(0.03):
            message = f"{message} {self._one_of('reason')}"
        if self._chance(0.2) and message[-1:].isalnum():
            message += "." if self._chance(0.7) else "!"
        return re.sub(r"\s+", " ", message).strip()
