"""Writing one answer token by token under a grammar.

Three things make it quick: what the grammar forces is read together with the next token instead of
one by one; words that the answer seems to copy from the request are tried ahead and kept only when
the model would have chosen them; and the beginning that a request shares with the last one is not
read again. None of them changes what is written, but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .constrained import Answer
from .network import KeyValueCache, LlamaNetwork

_DRAFT = 5

Choose = Callable[[np.ndarray, np.ndarray], int]
"""(logits, allowed) → a token."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a model wrote.

    Attributes:
        tokens: Without the end token.
        is_complete: False when the limit cut it off.
        read: Prompt tokens that had to be read; the others were in the cache.
        passes: Times that the network ran after the prompt.
    """

    tokens: list[int]
    is_complete: bool
    read: int
    passes: int


def greedy(logits: np.ndarray, allowed: np.ndarray) -> int:
    """The likeliest allowed token; of equal ones the first."""
    return int(np.where(allowed, logits, -np.inf).argmax())


def sampler(generator: np.random.Generator, temperature: float) -> Choose:
    """Draws an allowed token, by softmax(logits / temperature)."""

    def choose(logits: np.ndarray, allowed: np.ndarray) -> int:
        noise = generator.gumbel(size=logits.shape)
        return int(np.where(allowed, logits / temperature + noise, -np.inf).argmax())

    return choose


def write_answer(
    network: LlamaNetwork,
    prompt: Sequence[int],
    answer: Answer,
    *,
    cache: KeyValueCache,
    end_token: int,
    limit: int,
    choose: Choose = greedy,
    check: Callable[[], None] = lambda: None,
    drafts: Drafts | None = None,
) -> Written:
    """Write until the grammar is satisfied, the model ends, or `limit` tokens are there.

    Args:
        network: What writes.
        prompt: Everything before the answer.
        answer: The grammar, at its beginning.
        cache: Of the last request; its common beginning with `prompt` is used again.
        end_token: What the model writes after an answer.
        limit: The most tokens of the answer.
        choose: How one of the allowed tokens is taken.
        check: Called before each pass of the network; may raise to stop.
        drafts: What may be copied; None tries nothing ahead.
    """
    # The last token is read in any case: what follows it is wanted.
    shared = min(_common(cache.tokens, prompt), len(prompt) - 1)
    cache.keep(shared)
    written = answer.forced()[:limit]
    pending = [*prompt[shared:], *written]
    passes = 0
    while len(written) < limit and not answer.is_complete:
        check()
        draft = drafts.after(written)[: limit - len(written) - 1] if drafts is not None else []
        states = network.read([*pending, *draft], cache)
        passes += 1
        logits = network.logits(states[len(pending) - 1 :]).numpy()
        new, ended = _take(logits, draft, answer, choose, end_token)
        kept = _common(new, draft)
        cache.keep(len(cache.tokens) - len(draft) + kept)
        written.extend(new)
        pending = new[kept:]
        if ended:
            break
    complete = answer.is_complete and len(written) <= limit
    return Written(
        tokens=written[:limit],
        is_complete=complete,
        read=len(prompt) - shared,
        passes=passes,
    )


def _take(
    logits: np.ndarray, draft: Sequence[int], answer: Answer, choose: Choose, end_token: int
) -> tuple[list[int], bool]:
    """(tokens that follow, whether the model ended): as far as the draft is what it chooses itself."""
    new: list[int] = []
    while True:
        token = choose(logits[len(new)], answer.allowed())
        answer.write(token)
        if token == end_token:
            return new, True
        new.append(token)
        new.extend(answer.forced())
        if answer.is_complete:
            return new, True
        if len(new) > len(draft) or list(draft[: len(new)]) != new:
            return new, False


class Drafts:
    """Guesses what an answer copies: what followed the same word where it was last in the request.

    Args:
        prompt: Tokens of the request.
        word_of: A token as text.
    """

    def __init__(self, prompt: Sequence[int], word_of: Callable[[int], str]) -> None:
        self._prompt = list(prompt)
        self._word_of = word_of
        self._places: dict[str, list[int]] = {}
        for place, token in enumerate(self._prompt[:-1]):
            self._places.setdefault(self._key(token), []).append(place)

    def after(self, written: Sequence[int]) -> list[int]:
        """At most five tokens that may follow; empty when the last word is not in the request."""
        if not written or not (key := self._key(written[-1])):
            return []
        places = self._places.get(key)
        if not places:
            return []
        before = self._key(written[-2]) if len(written) > 1 else ""
        best = max(places, key=lambda place: (place > 0 and self._before(place) == before, place))
        return self._prompt[best + 1 : best + 1 + _DRAFT]

    def _before(self, place: int) -> str:
        return self._key(self._prompt[place - 1])

    def _key(self, token: int) -> str:
        """The token's letters and digits: at the start of a JSON string a word has no blank before it."""
        return "".join(part for part in self._word_of(token) if part.isalnum()).lower()


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    pairs = zip(first, second, strict=False)
    return next(
        (place for place, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second))
    )
