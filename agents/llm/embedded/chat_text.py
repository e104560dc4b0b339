"""A conversation as the tokens that SmolLM2 was trained on (ChatML).

The words of people and of catalogs are untrusted: marks such as <|im_end|> in them are read as plain
characters, so that nobody can write a system message into theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from langchain_core.messages import BaseMessage
from tokenizers import Tokenizer

from rec_core import ArtifactError

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}
_BEGIN, _END = "<|im_start|>", "<|im_end|>"


class ChatTokens:
    """Text to tokens and back. Safe between threads.

    Args:
        tokenizer_file: tokenizer.json.

    Raises:
        ArtifactError: It cannot be read.
    """

    def __init__(self, tokenizer_file: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        except Exception as fault:  # the library raises nothing narrower
            raise ArtifactError(
                f"The tokenizer {str(tokenizer_file)!r} cannot be read.",
                "Remove its folder; it is made again when it is next needed.",
            ) from fault
        self._tokenizer.encode_special_tokens = True
        self._begin = self._id(_BEGIN)
        self.end = self._id(_END)
        self._newline = self._plain("\n")

    def prompt(self, messages: Sequence[BaseMessage]) -> list[int]:
        """Everything up to where the model's answer begins.

        Each message is cut into tokens by itself: equal first messages give equal first tokens.

        Raises:
            ValueError: A message is neither of the system, nor of a person, nor of the model.
        """
        tokens: list[int] = []
        for message in messages:
            if message.type not in _ROLES:
                raise ValueError(f"no role for a message of type {message.type!r}")
            said = self._plain(f"{_ROLES[message.type]}\n{message.text}")
            tokens += [self._begin, *said, self.end, *self._newline]
        return [*tokens, self._begin, *self._plain("assistant\n")]

    def answer(self, text: str) -> list[int]:
        """An answer as the model should have written it, the end token included."""
        return [*self._plain(text), self.end]

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text; bytes that are no UTF-8 become replacement characters."""
        return self._tokenizer.decode(list(tokens), skip_special_tokens=False)

    def word(self, token: int) -> str:
        """One token as text."""
        return self._tokenizer.decode([token], skip_special_tokens=False)

    def _plain(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _id(self, mark: str) -> int:
        found = self._tokenizer.token_to_id(mark)
        if found is None:
            raise ArtifactError(f"The tokenizer does not know {mark!r}: it is of another model.")
        return found
