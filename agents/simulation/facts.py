"""What a seeking person knows of the item in mind: facts to tell, answers to give, contrasts to what is shown.

All of it is true of the item by the catalog; nothing is taken from a recommender. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rec_core import Catalog, Item

from .leaks import LeakGuard
from .types import Persona

FactKind = Literal["genre", "decade", "year", "director", "actor", "tag", "plot", "like"]

# Small letters alone: a capital may be the name of somebody in the story, who gives too much away.
_WORD = re.compile(r"(?<![\w’'-])[a-z]{5,}(?![\w’'-])")
_PLAIN_TAG = re.compile(r"[^\W_]+(?:[ -][^\W_]+)*")
_DECADE = re.compile(r"\b(?:19|20)?(\d)0'?s\b|\b((?:19|20)\d0)'?s\b")
_OPEN_YEARS = re.compile(
    r"\b(?:(before|until|older than)|newer than|after|since|from(?=\s+\d))\b\D{0,12}"
    r"((?:19|20)\d\d)\b(?!'?s)"
)
_RAREST, _RARE, _PLOT_WORDS = 2, 25, 2
_ENOUGH_TAGS = 3
_FAR_YEARS = 6
_MOST_TAGS, _MOST_ACTORS = 3, 2
# Ways to say a genre in an answer offered; the catalog's own names are always understood.
_GENRE_WORDS = {
    "sci-fi": ("science fiction", "sci-fi"),
    "children": ("for the whole family", "family", "children"),
    "animation": ("animated", "animation"),
    "comedy": ("comedy", "funny"),
    "romance": ("romance", "romantic"),
    "war": ("war film", "war movie", "war"),
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something true of the item in mind. `value` is a genre, decade, year, name, word(s) or title."""

    kind: FactKind
    value: str


class ItemKnowledge:
    """What can be said about items of one catalog; made once, shared between people."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    @cached_property
    def genre_names(self) -> tuple[str, ...]:
        """The catalog's genres but for "unknown" and "none"."""
        return tuple(name for name in self.catalog.genres if name.isascii() and _is_genre(name))

    @cached_property
    def _word_counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for item in self.catalog:
            counts.update(_prose_words(item))
        return counts

    def facts(self, item: Item, persona: Persona, generator: np.random.Generator) -> list[Fact]:
        """All facts in the order they will be told: drawn, kinds that narrow little mostly first.

        Facts that would give the title away are left out.
        """
        guard = LeakGuard(item)
        found = [Fact(kind="genre", value=name) for name in item.genres if _is_genre(name)]
        if item.year is not None:
            found.append(Fact(kind="decade", value=str(10 * (item.year // 10))))
            found.append(Fact(kind="year", value=str(item.year)))
        found += [Fact(kind="director", value=name) for name in item.directors[:1]]
        found += [Fact(kind="actor", value=name) for name in item.cast[:_MOST_ACTORS]]
        found += [Fact(kind="tag", value=tag) for tag in _plain_tags(item)[:_MOST_TAGS]]
        plot = self._plot_words(item, guard)
        if plot:
            found.append(Fact(kind="plot", value=" and ".join(plot)))
        alike = self._most_alike(item, persona, guard)
        if alike:
            found.append(Fact(kind="like", value=alike))
        told = [fact for fact in found if not guard.leaks(fact.value)]
        late = {"genre": 0.0, "decade": 0.3, "tag": 0.3, "like": 0.3, "plot": 0.5, "year": 0.8}
        order = [late.get(fact.kind, 0.6) + float(generator.random()) for fact in told]
        ordered = [told[place] for place in np.argsort(order, kind="stable").tolist()]
        return _without_known_decade(ordered)

    def _plot_words(self, item: Item, guard: LeakGuard) -> list[str]:
        """Up to two words of the item's texts that few other items have, rarest first, unique ones left out."""
        names = {word for name in item.people for word in name.lower().split()}
        rare = {
            word: self._word_counts[word]
            for word in _prose_words(item)
            if _RAREST <= self._word_counts[word] <= _RARE and word not in names
        }
        ordered = sorted(rare, key=lambda word: (rare[word], word))
        return [word for word in ordered if not guard.leaks(word)][:_PLOT_WORDS]

    def _most_alike(self, item: Item, persona: Persona, guard: LeakGuard) -> str:
        """The title of a film of the own history that has most in common with the item; "" for none."""
        best, title = 0.0, ""
        for item_id, rating in zip(persona.history[-60:], persona.ratings[-60:], strict=True):
            if item_id not in self.catalog or (rating is not None and rating < 4):
                continue
            other = self.catalog[item_id]
            alike = _likeness(item, other)
            if alike > best and not guard.leaks(other.title):
                best, title = alike, other.title
        return title if best >= 1.0 else ""

    def is_true(self, answer: str, item: Item) -> bool | None:
        """Whether an offered answer is true of the item; None where nothing in it can be judged."""
        said = answer.casefold()
        verdicts = [
            *self._judged_genres(said, item),
            *_judged_years(said, item),
            *(True for name in item.people if name.casefold() in said),
            *(True for tag in item.tags if _holds(said, tag.casefold())),
        ]
        return all(verdicts) if verdicts else None

    def _judged_genres(self, said: str, item: Item) -> list[bool]:
        named = [
            name
            for name in self.genre_names
            if any(_holds(said, word) for word in (name.casefold(), *_ways(name)))
        ]
        own = {name.casefold() for name in item.genres}
        return [any(name.casefold() in own for name in named)] if named else []

    def contrasts(self, item: Item, shown: Sequence[str]) -> list[tuple[str, str]]:
        """True differences from everything shown: ("older" or "newer", ""), ("genre", name), ("tag", tag)."""
        others = [self.catalog[item_id] for item_id in shown if item_id in self.catalog]
        found: list[tuple[str, str]] = []
        if not others:
            return found
        years = [other.year for other in others if other.year is not None]
        if years and item.year is not None:
            if min(years) - item.year >= _FAR_YEARS:
                found.append(("older", ""))
            if item.year - max(years) >= _FAR_YEARS:
                found.append(("newer", ""))
        genre = _commonest([other.genres for other in others], lambda name: name not in item.genres)
        if genre and _is_genre(genre):
            found.append(("genre", genre))
        if len(item.tags) >= _ENOUGH_TAGS:  # of an item with few tags nobody can say what it lacks
            tag = _commonest(
                [_plain_tags(other) for other in others], lambda tag: _lacks(item, tag)
            )
            if tag:
                found.append(("tag", tag))
        return found


def _commonest(lists: Sequence[Sequence[str]], is_usable: Callable[[str], bool]) -> str:
    """The usable value that most lists have, in half of them at least; "" for none, ties by name."""
    counts = Counter(value for values in lists for value in set(values) if is_usable(value))
    often = [value for value, count in sorted(counts.items()) if 2 * count >= len(lists)]
    return max(often, key=lambda value: counts[value], default="")


def _plain_tags(item: Item) -> list[str]:
    """Tags that can stand in a sentence, but for those that only repeat a genre."""
    genres = {_squeezed(name) for name in item.genres}
    return [tag for tag in item.tags if _PLAIN_TAG.fullmatch(tag) and _squeezed(tag) not in genres]


def _lacks(item: Item, tag: str) -> bool:
    """Whether nothing that is known of the item holds the tag, however it is spelt."""
    squeezed = _squeezed(tag)
    known = [*item.tags, *item.genres, *(way for name in item.genres for way in _ways(name))]
    if any(squeezed in (other := _squeezed(value)) or other in squeezed for value in known):
        return False
    return not any(squeezed in _squeezed(text) for text in item.texts.values())


def _squeezed(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _is_genre(name: str) -> bool:
    return name.casefold() not in {"unknown", "(no genres listed)", "imax"}


def _ways(genre: str) -> tuple[str, ...]:
    return _GENRE_WORDS.get(genre.casefold(), ())


def _holds(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _judged_years(said: str, item: Item) -> list[bool]:
    year = item.year
    bounds = _OPEN_YEARS.findall(said)
    if bounds:
        return [
            year is not None and (year < int(bound) if before else year >= int(bound))
            for before, bound in bounds
        ]
    decades = _DECADE.findall(said)
    fits = [
        year is not None
        and (year // 10 * 10 == int(whole) if whole else year // 10 % 10 == int(short))
        for short, whole in decades
    ]
    return [any(fits)] if fits else []


def _without_known_decade(facts: list[Fact]) -> list[Fact]:
    """Who has told the year does not go on to tell the decade."""
    kinds = [fact.kind for fact in facts]
    if "year" in kinds and "decade" in kinds and kinds.index("year") < kinds.index("decade"):
        return [fact for fact in facts if fact.kind != "decade"]
    return facts


def _prose_words(item: Item) -> set[str]:
    return {word for text in item.texts.values() for word in _WORD.findall(text)}


def _likeness(one: Item, other: Item) -> float:
    genres = set(one.genres) & set(other.genres)
    people = set(one.people) & set(other.people)
    tags = set(one.tags) & set(other.tags)
    near = one.year is not None and other.year is not None and abs(one.year - other.year) <= 5
    return 0.5 * len(genres) + 1.0 * len(people) + 0.7 * len(tags) + 0.3 * near
