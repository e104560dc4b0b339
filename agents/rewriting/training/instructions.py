"""A small set of instructions whose following code can check: has a tuning made the model forget the rest?

In the manner of IFEval (Zhou et al. 2023): each instruction is plain, and a function says whether an
answer follows it. Thirty items: enough to see a collapse, too few to rank models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from ..policies import TextWriter

Check = Callable[[str], bool]
ANSWER_LIMIT = 64


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What is asked, and whether an answer follows it."""

    text: str
    follows: Check


@dataclass(frozen=True, kw_only=True)
class InstructionScore:
    """How many of the instructions a model followed, and its answers in order."""

    followed: int
    of: int
    answers: tuple[str, ...]


def _has(*words: str) -> Check:
    return lambda said: all(word in said.casefold() for word in words)


def _words(low: int, high: int) -> Check:
    return lambda said: low <= len(said.split()) <= high


def _matches(pattern: str) -> Check:
    return lambda said: re.search(pattern, said.strip()) is not None


def _is_json(said: str) -> bool:
    try:
        return isinstance(json.loads(said[said.index("{") : said.rindex("}") + 1]), dict)
    except ValueError:
        return False


INSTRUCTIONS: tuple[Instruction, ...] = tuple(
    Instruction(text=text, follows=check)
    for text, check in (
        ("What is the capital of France? Answer in one sentence.", _has("paris")),
        ("What is the capital of Italy?", _has("rome")),
        ("What is the capital of Japan?", _has("tokyo")),
        ("What is 2 + 3?", _has("5")),
        ("What is 10 minus 4?", _has("6")),
        ("How many days does a week have?", _matches(r"(?i)\b(7|seven)\b")),
        ("How many legs does a spider have?", _matches(r"(?i)\b(8|eight)\b")),
        ("What colour is the sky on a clear day?", _has("blue")),
        ("What do bees make?", _has("honey")),
        ("Which planet do we live on?", _has("earth")),
        ("Name the opposite of hot.", _has("cold")),
        ("Name the opposite of big.", _matches(r"(?i)\b(small|little|tiny)\b")),
        ("Which animal barks?", _has("dog")),
        ("What is frozen water called?", _has("ice")),
        ("Who wrote Romeo and Juliet?", _has("shakespeare")),
        ("Write the word hello in capital letters only.", _has("hello")),
        ("Repeat this sentence: The cat sat on the mat.", _has("the cat sat on the mat")),
        ("Write a sentence that contains the word river.", _has("river")),
        ("Write a sentence with the words moon and night.", _has("moon", "night")),
        ("Say something about dogs in at most fifteen words.", _words(1, 15)),
        ("Answer with one word: is fire hot or cold?", _words(1, 2)),
        ("List three fruits, separated by commas.", _matches(r"\w+, ?\w+,")),
        ("List three colours, one on each line.", _matches(r"\S.*\n+\S.*\n+\S")),
        ("Count from 1 to 5.", _matches(r"1\D+2\D+3\D+4\D+5")),
        ("Answer with yes or no: is water wet?", _matches(r"(?i)^\W*(yes|no)\b")),
        ("Write a question about the weather.", _matches(r"\?")),
        ('Give a JSON object with the key "name".', _is_json),
        ("Write a sentence about the sea that ends with an exclamation mark.", _matches(r"!\W*$")),
        ("Translate the Spanish word gato into English.", _has("cat")),
        ("Complete the sequence: Monday, Tuesday, Wednesday,", _has("thursday")),
    )
)


def follow_instructions(
    writer: TextWriter, instructions: Sequence[Instruction] = INSTRUCTIONS
) -> InstructionScore:
    """Ask a model for every instruction, greedily, and check what it says.

    Args:
        writer: The model, tuned or not.
        instructions: What to ask.
    """
    from langchain_core.messages import HumanMessage

    prompts: list[list[BaseMessage]] = [[HumanMessage(one.text)] for one in instructions]
    answers = writer.write(prompts, prefill="", limit=ANSWER_LIMIT)
    followed = sum(one.follows(answer) for one, answer in zip(instructions, answers, strict=True))
    return InstructionScore(followed=followed, of=len(instructions), answers=answers)
