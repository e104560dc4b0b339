"""Questions to the name indexes: misspelt titles and people, and names that must not be found.

A part of `search_words.py`, which says what is measured.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import measured
from rec_core import Catalog, Item
from rec_core.search.names import key_tokens, tokenise
from rec_core.search.people import MIN_PERSON_CONFIDENCE, PeopleIndex
from rec_core.search.titles import MIN_CONFIDENCE, TitleIndex, names_of

Report = dict[str, object]

THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def typing_errors(text: str, count: int, generator: np.random.Generator) -> str:
    """The text with `count` typing errors; unchanged where it has too few letters for that."""
    for _ in range(count):
        letters = [i for i, c in enumerate(text) if c.isalpha() and (i or generator.random() < 0.1)]
        if len(letters) < 3:
            return text
        place = int(generator.choice(letters))
        text = _one_error(text, place, float(generator.random()), generator)
    return text


def _one_error(text: str, place: int, kind: float, generator: np.random.Generator) -> str:
    letter, after = text[place], text[place + 1 :]
    if kind < 0.3:
        return text[:place] + after
    if kind < 0.5:
        return text[:place] + letter + letter + after
    if kind < 0.75 and after[:1].isalpha() and after[0].casefold() != letter.casefold():
        return text[:place] + after[0] + letter + after[1:]
    row = next((row for row in KEYBOARD if letter.casefold() in row), "aeiou")
    at = max(row.find(letter.casefold()), 0)
    beside = [row[i] for i in (at - 1, at + 1) if 0 <= i < len(row)]
    return text[:place] + str(generator.choice(beside)) + after


def title_key(name: str) -> str:
    """What two spellings of the same title share."""
    return "".join(key_tokens([token.form for token in tokenise(name)]))


def shares_a_name(item: Item, keys: Collection[str]) -> bool:
    """True when some name of the item, a part of its title included, is among the keys."""
    return any(title_key(name) in keys for name in (item.title, *(n for n, _ in names_of(item))))


def everyday_phrases(catalog: Catalog, count: int, generator: np.random.Generator) -> list[str]:
    """Runs of two to six words of prose, in lower case, from texts drawn at random."""
    texts = [text for item in catalog for text in item.texts.values() if len(text) > 60]
    phrases: list[str] = []
    for number in generator.choice(len(texts), size=min(2 * count, len(texts)), replace=False):
        words = re.findall(r"[a-z][a-z']*", texts[number])
        length = int(generator.integers(2, 7))
        if len(words) > length + 2:
            start = int(generator.integers(0, len(words) - length))
            phrases.append(" ".join(words[start : start + length]))
    return phrases[:count]


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Questions to one name index: kind -> (said, every answer that is right), and strangers."""

    known: dict[str, list[tuple[str, frozenset[str]]]]
    strangers: dict[str, list[str]]


def name_report(probes: Probes, look: Callable[[str, float], str | None], chosen: float) -> Report:
    """Shares at the chosen threshold on the held-back half, and the curve on both halves."""

    def rates(half: int, threshold: float) -> dict[str, dict[str, float]]:
        right, wrong = {}, {}
        for kind, asked in probes.known.items():
            answers = [(look(said, threshold), good) for said, good in asked[half::2]]
            right[kind] = share_of([answer in good for answer, good in answers])
            wrong[kind] = share_of(
                [bool(answer) and answer not in good for answer, good in answers]
            )
        false = {
            kind: share_of([look(said, threshold) is not None for said in asked[half::2]])
            for kind, asked in probes.strangers.items()
        }
        return {"right": right, "wrong": wrong, "false_match": false}

    with measured() as watch:
        held_back = rates(1, chosen)
    asked = sum(len(q[1::2]) for q in (*probes.known.values(), *probes.strangers.values()))
    curve = []
    for threshold in THRESHOLDS:
        at = rates(0, threshold)
        typos = [share for kind, share in at["right"].items() if "error" in kind]
        curve.append(
            {
                "threshold": threshold,
                "right_with_errors": round(float(np.mean(typos)), 4),
                "right_all": round(float(np.mean(list(at["right"].values()))), 4),
                **{f"false: {kind}": share for kind, share in at["false_match"].items()},
            }
        )
    return {
        "threshold": chosen,
        "questions": {kind: len(asked) // 2 for kind, asked in probes.known.items()},
        "held_back": held_back,
        "development_curve": curve,
        "milliseconds_a_question": round(1000 * watch.cpu_seconds / asked, 3),
    }


def share_of(outcomes: Sequence[bool]) -> float:
    """How many are true, from 0 to 1."""
    return round(float(np.mean(outcomes)), 4) if outcomes else 0.0


def held_out(catalog: Catalog, seed: int) -> tuple[Catalog, list[Item]]:
    """Nine tenths of the items in their order, and the rest."""
    out = np.random.default_rng(seed).random(len(catalog)) < 0.1
    items = list(catalog)
    kept = Catalog([item for item, gone in zip(items, out, strict=True) if not gone])
    return kept, [item for item, gone in zip(items, out, strict=True) if gone]


def title_probes(kept: Catalog, gone: Sequence[Item], queries: int, seed: int) -> Probes:
    """Known titles in many spellings, titles held out, and everyday phrases."""
    generator = np.random.default_rng(seed + 1)
    by_key: dict[str, set[str]] = {}
    for item in kept:
        for name, _ in names_of(item):
            by_key.setdefault(title_key(name), set()).add(item.item_id)
    items = [kept.at(int(row)) for row in generator.permutation(len(kept))]
    known: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for kind, change in _title_changes(generator).items():
        asked = known[kind] = []
        for item in items:
            said = change(item)
            if said and len(asked) < 2 * queries:
                full = title_key(next(names_of(item))[0])
                same = by_key.get(title_key(said), set()) | by_key.get(full, set())
                asked.append((said, frozenset(same | {item.item_id})))
    absent = [item.title for item in gone if not shares_a_name(item, by_key)]
    phrases = everyday_phrases(kept, 2 * queries, generator)
    phrases = [phrase for phrase in phrases if title_key(phrase) not in by_key]
    strangers = {"titles held out": absent[: 2 * queries], "everyday phrases": phrases}
    return Probes(known=known, strangers=strangers)


def _title_changes(generator: np.random.Generator) -> dict[str, Callable[[Item], str]]:
    def article(item: Item) -> str:
        match = re.match(r"(The|A|An) (.+)$", item.title)
        return "" if not match else f"{match[2]}, {match[1]}" if len(item.title) % 2 else match[2]

    def cut(item: Item) -> str:
        words = item.title.split()
        return " ".join(words[: (2 * len(words) + 2) // 3]) if len(words) > 3 else ""

    def errors(count: int) -> Callable[[Item], str]:
        def change(item: Item) -> str:
            said = typing_errors(item.title.lower(), count, generator)
            return said if len(item.title) > 5 and said != item.title.lower() else ""

        return change

    return {
        "as written": lambda item: item.title,
        "lower case": lambda item: item.title.lower(),
        "capitals, no punctuation": lambda item: re.sub(r"[^\w\s]", "", item.title).upper(),
        "article moved or left out": article,
        "with the year": lambda item: f"{item.title} {item.year}" if item.year else "",
        "one error": errors(1),
        "two errors": errors(2),
        "cut to two thirds of its words": cut,
        "another title": lambda item: item.alt_titles[0] if item.alt_titles else "",
    }


def titles_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Whole titles looked up."""
    kept, gone = held_out(catalog, seed)
    with measured() as watch:
        index = TitleIndex(kept)
        index.find("warm up every tabel", 1)

    def look(said: str, threshold: float) -> str | None:
        found = index.find(said, 1, threshold=threshold)
        return found[0].item_id if found else None

    probes = title_probes(kept, gone, queries, seed)
    return {
        "names": len(index.aliases),
        "build_cpu_seconds": round(watch.cpu_seconds, 2),
        **name_report(probes, look, MIN_CONFIDENCE),
    }


def people_part(catalog: Catalog, queries: int, seed: int) -> Report:
    """Whole names of people looked up; a tenth of the names is taken out of every item."""
    generator = np.random.default_rng(seed + 2)
    full = [name for name in catalog.people if len(tokenise(name)) > 1]
    gone = {full[i] for i in generator.permutation(len(full))[: len(full) // 10]}
    without = Catalog(
        [
            replace(
                item,
                directors=tuple(name for name in item.directors if name not in gone),
                cast=tuple(name for name in item.cast if name not in gone),
            )
            for item in catalog
        ]
    )
    index = PeopleIndex(without)
    keys: dict[str, set[str]] = {}
    for name in without.people:
        keys.setdefault(title_key(name), set()).add(name)
    known_names = [name for name in full if name not in gone]
    order = [known_names[i] for i in generator.permutation(len(known_names))[: 2 * queries]]
    changes: dict[str, Callable[[str], str]] = {
        "as written": str,
        "lower case": str.lower,
        "one error": lambda name: typing_errors(name.lower(), 1, generator),
        "two errors": lambda name: typing_errors(name.lower(), 2, generator),
    }
    known = {
        kind: [(change(name), frozenset(keys[title_key(name)])) for name in order]
        for kind, change in changes.items()
    }
    absent = [name for name in sorted(gone) if title_key(name) not in keys]
    absent = [absent[i] for i in generator.permutation(len(absent))[: 2 * queries]]
    phrases = everyday_phrases(catalog, 2 * queries, generator)
    probes = Probes(known=known, strangers={"people held out": absent, "everyday phrases": phrases})

    def look(said: str, threshold: float) -> str | None:
        match = index.match(said, threshold=threshold)
        return match.name if match is not None else None

    return {"names": len(without.people), **name_report(probes, look, MIN_PERSON_CONFIDENCE)}
