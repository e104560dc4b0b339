"""The words of seeking people, read strictly from `wording.toml`, and the slips of their fingers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).with_name("wording.toml")
_SHORTEST_SLIP = 5

Sentences = Mapping[str, tuple[str, ...]]


class Wording(BaseModel):
    """Sentences by occasion; see the file. Unknown sections are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    openings: Sentences
    facts: Sentences
    contrasts: Sentences
    answers: Sentences
    genres: Mapping[str, str] = Field(default_factory=dict)

    def say_genre(self, genre: str) -> str:
        """A genre as people say it: "Comedy" → "a comedy"."""
        return self.genres.get(genre, f"{genre.lower()} films")

    def say_bare(self, genre: str) -> str:
        """The same as what something is not or is more of: "comedy", "action"."""
        said = self.say_genre(genre).removeprefix("a ").removeprefix("an ")
        return said if "'" in said else said.removesuffix(" film").removesuffix(" films")


@cache
def read_wording() -> Wording:
    """The bank of sentences that comes with the package."""
    return Wording.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def pick(sentences: tuple[str, ...], generator: np.random.Generator) -> str:
    """One sentence, each equally likely."""
    return sentences[int(generator.integers(len(sentences)))]


def with_slips(text: str, share: float, generator: np.random.Generator) -> str:
    """Swap, drop or double a letter inside about `share` of the words of five letters and more."""
    if share <= 0:
        return text
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) >= _SHORTEST_SLIP and word.isalpha() and generator.random() < share:
            at = int(generator.integers(1, len(word) - 2))
            kind = int(generator.integers(3))
            words[place] = (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :]
                if kind == 0
                else word[:at] + word[at + 1 :]
                if kind == 1
                else word[:at] + word[at] + word[at:]
            )
    return " ".join(words)
