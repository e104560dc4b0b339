"""Prompt texts as versioned files beside this module, and the strict loader for them.

A prompt is a Markdown file with `{{ name }}` where a value goes. Values are put in once and never
looked at again, so that a value which contains braces stays what it is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Prompt", "PromptError", "prompt_names", "read_prompt"]

_SLOT = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")


class PromptError(Exception):
    """A prompt does not exist, or is given other variables than it has. A fault of the program."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt text.

    Attributes:
        name: The file's name without its ending.
        text: The file's text, slots not filled.
        sha: First 12 hex digits of the text's SHA-256; kept with every model call.
    """

    name: str
    text: str
    sha: str

    @property
    def variables(self) -> frozenset[str]:
        """The names of its slots."""
        return frozenset(_SLOT.findall(self.text))

    def render(self, **values: str) -> str:
        """The text with its slots filled.

        Raises:
            PromptError: A slot has no value, or a value no slot.
        """
        missing, unused = self.variables - values.keys(), values.keys() - self.variables
        if missing or unused:
            raise PromptError(
                f"prompt {self.name!r}: missing {sorted(missing)}, unused {sorted(unused)}"
            )
        return _SLOT.sub(lambda slot: values[slot[1]], self.text)


@cache
def read_prompt(name: str) -> Prompt:
    """The prompt of that name.

    Raises:
        PromptError: There is none.
    """
    if name not in prompt_names():
        raise PromptError(f"no prompt is called {name!r}; there are {', '.join(prompt_names())}")
    text = (resources.files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()
    return Prompt(name=name, text=text, sha=hashlib.sha256(text.encode()).hexdigest()[:12])


@cache
def prompt_names() -> tuple[str, ...]:
    """The names of all prompts, sorted."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in files if name.endswith(".md")))
