"""Requests and answers as batches of tokens for fine-tuning. Pure, and without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rec_core import SettingsError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from .chat_text import ChatTokens

_POOL = 16


@dataclass(frozen=True, kw_only=True)
class TrainingPair:
    """One request and what the model shall write.

    Attributes:
        messages: Exactly what `EmbeddedModel.complete` will be given.
        answer: Exactly what it shall write: JSON without blanks, keys in the schema's order. The end
            token is added.
    """

    messages: tuple[BaseMessage, ...]
    answer: str


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """A pair as tokens; the first `n_prompt` of them are not learnt."""

    tokens: tuple[int, ...]
    n_prompt: int

    @property
    def n_answer(self) -> int:
        """Tokens to learn."""
        return len(self.tokens) - self.n_prompt


def token_pairs(
    pairs: Sequence[TrainingPair], chat: ChatTokens, *, longest: int
) -> tuple[list[TokenPair], int]:
    """Pairs as tokens, and how many were left out because they have more than `longest`.

    Raises:
        SettingsError: None is short enough.
    """
    cut = []
    for pair in pairs:
        prompt = chat.prompt(pair.messages)
        tokens = (*prompt, *chat.answer(pair.answer))
        cut.append(TokenPair(tokens=tokens, n_prompt=len(prompt)))
    short = [pair for pair in cut if len(pair.tokens) <= longest]
    if not short:
        raise SettingsError(
            f"None of the {len(pairs)} pairs to learn from has at most {longest} tokens.",
            "Give more pairs, shorter prompts, or a larger `longest`.",
        )
    return short, len(cut) - len(short)


def fingerprint(pairs: Sequence[TokenPair]) -> str:
    """sha256 (hex) over all tokens, in order."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(np.array([pair.n_prompt, len(pair.tokens), *pair.tokens], np.int32).tobytes())
    return digest.hexdigest()


def batches_of_epoch(
    lengths: Sequence[int], batch_size: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Places of one epoch's batches: every place once, pairs of like length together.

    Places are shuffled, sorted by length within pools of sixteen batches, and the batches shuffled
    again: little is padded, and no batch is the same from epoch to epoch.

    Returns:
        int64 arrays of at most `batch_size`; only one is smaller.
    """
    order = generator.permutation(len(lengths))
    sizes = np.asarray(lengths)[order]
    pool = batch_size * _POOL
    sorted_places = [
        order[start : start + pool][np.argsort(sizes[start : start + pool], kind="stable")]
        for start in range(0, len(order), pool)
    ]
    places = np.concatenate(sorted_places)
    batches = [places[start : start + batch_size] for start in range(0, len(places), batch_size)]
    return [batches[place] for place in generator.permutation(len(batches))]


def padded(pairs: Sequence[TokenPair], *, filler: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and what to learn, one row a pair, filled up on the right.

    Returns:
        (int64 (n, length) tokens, bool (n, length) true at each token that is to be learnt).
    """
    length = max(len(pair.tokens) for pair in pairs)
    tokens = np.full((len(pairs), length), filler, dtype=np.int64)
    learnt = np.zeros((len(pairs), length), dtype=bool)
    for row, pair in enumerate(pairs):
        tokens[row, : len(pair.tokens)] = pair.tokens
        learnt[row, pair.n_prompt : len(pair.tokens)] = True
    return tokens, learnt


def parts_of_batch(pairs: Sequence[TokenPair], *, most_tokens: int) -> list[list[TokenPair]]:
    """A batch in parts of at most `most_tokens` padded tokens each (one pair at least)."""
    parts: list[list[TokenPair]] = []
    for pair in sorted(pairs, key=lambda one: len(one.tokens)):
        # Sorted: the newest is the longest, to which the others of its part are filled up.
        if parts and (len(parts[-1]) + 1) * len(pair.tokens) <= most_tokens:
            parts[-1].append(pair)
        else:
            parts.append([pair])
    return parts
