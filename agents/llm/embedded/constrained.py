"""Answers that fit a JSON schema by construction: what may come next, and what must.

llguidance was chosen by measurement (benchmarks/embedded_model.py): it compiles a schema in a
millisecond, tells forced tokens, and needs no other package. Apart from the decoding loop so that no
other module knows the library.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer

_MOST_SCHEMAS = 32


class Answer:
    """One answer being written: which tokens may come next. Not for use by two threads at once."""

    def __init__(self, matcher: LLMatcher, vocabulary: int) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._bits = np.zeros((vocabulary + 31) // 32, dtype=np.int32)

    def allowed(self) -> np.ndarray:
        """Bool (vocabulary,): the tokens that may come next."""
        self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
        self._check()
        bits = np.unpackbits(self._bits.view(np.uint8), count=self._vocabulary, bitorder="little")
        return bits.view(bool)

    def forced(self) -> list[int]:
        """Tokens that must come next, taken as written; empty when there is a choice."""
        tokens = self._matcher.compute_ff_tokens()
        if tokens:
            self._matcher.consume_tokens(tokens)
            self._check()
        return tokens

    def write(self, token: int) -> None:
        """Take one allowed token. Raises ValueError when it is not."""
        self._matcher.consume_token(token)
        self._check()

    @property
    def is_complete(self) -> bool:
        """True when nothing but the end can follow."""
        return self._matcher.is_stopped()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise ValueError(self._matcher.get_error())


class AnswerGrammars:
    """Compiles schemas for one tokenizer and keeps them. Safe between threads.

    Args:
        tokenizer_file: tokenizer.json.
        end_token: What a model writes after an answer.
        vocabulary: Rows of the model's output, which may be more than the tokenizer has.
    """

    def __init__(self, tokenizer_file: Path, *, end_token: int, vocabulary: int) -> None:
        self._tokenizer = LLTokenizer(
            tokenizer_file.read_text(encoding="utf-8"), n_vocab=vocabulary, eos_token=end_token
        )
        self._vocabulary = vocabulary
        self._compiled: dict[str, LLMatcher] = {}
        self._lock = threading.Lock()

    def begin(self, schema: Mapping[str, Any]) -> Answer:
        """An empty answer to a schema, without blanks between its parts, keys in the schema's order.

        Raises:
            ValueError: The schema uses what the grammar cannot express.
        """
        return Answer(self._matcher(schema), self._vocabulary)

    def fits(self, text: str, schema: Mapping[str, Any]) -> bool:
        """Whether a text is a whole answer to the schema, in the form that `begin` allows."""
        tokens = self._tokenizer.tokenize_str(text)
        matcher = self._matcher(schema)
        return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()

    def _matcher(self, schema: Mapping[str, Any]) -> LLMatcher:
        key = json.dumps(schema)
        with self._lock:
            if key not in self._compiled:
                if len(self._compiled) >= _MOST_SCHEMAS:
                    self._compiled.pop(next(iter(self._compiled)))
                self._compiled[key] = self._compile(key)
            return self._compiled[key].deep_copy()

    def _compile(self, schema: str) -> LLMatcher:
        grammar = LLMatcher.grammar_from_json_schema(
            schema, defaults={"whitespace_flexible": False}
        )
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher


def closed_early(text: str, fits: Callable[[str], bool]) -> str | None:
    """The longest beginning of a JSON text that can be closed after a whole value; None without one.

    For an answer that ran into its limit: what was being written is dropped, not cut in half.

    Args:
        text: The beginning of one JSON object, without blanks.
        fits: Whether a closed text is allowed.
    """
    for end, closers in reversed(_ends_of_values(text)):
        closed = text[:end] + closers
        if fits(closed):
            return closed
    return None


def _ends_of_values(text: str) -> Sequence[tuple[int, str]]:
    """(position, what closes everything open there) of each place where a value has just ended."""
    ends: list[tuple[int, str]] = []
    open_parts: list[str] = []
    in_string = escaped = False
    for place, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
            continue
        if character in ",]}":
            ends.append((place, "".join(reversed(open_parts))))
        if character == '"':
            in_string = True
        elif character in "[{":
            open_parts.append("]" if character == "[" else "}")
        elif character in "]}" and open_parts:
            open_parts.pop()
    if not in_string and text.endswith(('"', "]", "}")):
        ends.append((len(text), "".join(reversed(open_parts))))
    return ends
