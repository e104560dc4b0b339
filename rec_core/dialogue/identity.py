"""Whether two examples come from one dialogue: the audit that keeps evaluation honest.

Ids are not enough. E-ReDial rewrites the recommender's side of ReDial dialogues under ids of its
own, so what the seeker wrote is compared too: the same long message, or the same two middling
ones, make it the same dialogue. Only hashes are kept, so that a shipped model can tell what it was
trained on without carrying the texts.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..search.words import words
from .utterances import DialogueExample, Utterance

_LONG = 14
"""Words; nobody else writes a message of that many words again."""
_MIDDLING = 8
_HASH_CHARACTERS = 16


def dialogue_hash(dialogue_id: str) -> str:
    """16 hex digits that stand for a dialogue's id."""
    return _hashed("id", dialogue_id)


def message_hashes(context: Iterable[Utterance]) -> dict[str, bool]:
    """Hash → whether one match suffices, for the seeker's messages of eight words and more.

    Case, accents, punctuation and spaces make no difference.
    """
    found: dict[str, bool] = {}
    for utterance in context:
        spoken = words(utterance.text)
        if utterance.role == "user" and len(spoken) >= _MIDDLING:
            found[_hashed("message", " ".join(spoken))] = len(spoken) >= _LONG
    return found


def is_same_dialogue(known: Iterable[str], messages: Mapping[str, bool]) -> bool:
    """True when one long or two middling messages are among the known hashes."""
    shared = [messages[code] for code in known if code in messages]
    return any(shared) or len(shared) > 1


def same_dialogue_groups(examples: Sequence[DialogueExample]) -> list[int]:
    """A number for each example, equal where the dialogue is the same, by id or by text.

    Numbers count up from 0 in order of first appearance.
    """
    messages: dict[str, dict[str, bool]] = {}
    for example in examples:
        messages.setdefault(example.dialogue_id, {}).update(message_hashes(example.context))
    parent = {name: name for name in messages}
    for one, other in _pairs_that_share(messages):
        parent[_root(parent, other)] = _root(parent, one)
    numbers: dict[str, int] = {}
    return [
        numbers.setdefault(_root(parent, example.dialogue_id), len(numbers)) for example in examples
    ]


def _pairs_that_share(messages: Mapping[str, Mapping[str, bool]]) -> Iterable[tuple[str, str]]:
    holders: dict[str, list[str]] = defaultdict(list)
    for name, codes in messages.items():
        for code in codes:
            holders[code].append(name)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for code, names in holders.items():
        for position, one in enumerate(names):
            for other in names[position + 1 :]:
                shared[one, other] += 2 if messages[one][code] else 1
    return [pair for pair, weight in shared.items() if weight > 1]


def _root(parent: dict[str, str], name: str) -> str:
    while parent[name] != name:
        parent[name] = name = parent[parent[name]]
    return name


def _hashed(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()[:_HASH_CHARACTERS]
