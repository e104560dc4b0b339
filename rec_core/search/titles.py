"""Titles by name: the index of every name an item goes by, and lookup of one given title."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import OSA

from ..types import Item, TitleMatch
from .names import (
    edits_allowed,
    is_everyday,
    is_typo_of,
    key_tokens,
    tokenise,
    without_little_words,
)
from .spellings import NumbersByKey, Spellings

if TYPE_CHECKING:
    from ..catalog import Catalog

MIN_CONFIDENCE = 0.7
_REAL_WORDS = 0.8
_TITLE_LIMIT = 200
_MAX_MASKED = 8
_WELL_KNOWN = 3_000
_FAMOUS = 250
_FAME_BONUS = 0.08
_RATED_SHARE = 0.3
_POSTPOSED = re.compile(
    r"^(?P<name>.+), (?P<article>the|an?|les?|la|l'|el|il|lo|los|las|der|die|das|une?|det|den|o|os)$",
    re.IGNORECASE,
)
_ENGLISH_ARTICLES = frozenset({"the", "a", "an"})
_IN_BRACKETS = re.compile(r"\s*\((?:a\.?k\.?a\.? )?(?P<inner>[^()]+)\)")
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–—]\s+")
_OF_SOMEBODY = re.compile(r"^\w+ \w+['’]s (?P<rest>\S+ .+)$")
_YEAR_AT_END = re.compile(r"[\s,]*[(\[]?\b(?P<year>(?:18|19|20)\d\d)\b[)\]]?\s*$")
_EMPTY_SUBTITLES = frozenset(
    {"movie", "beginning", "sequel", "final chapter", "next generation", "untold story"}
)
_ACRONYM = re.compile(r"^(?P<letters>(?:[^\W\d_]\.){2,}) \w")
_FILLER = re.compile(
    r"^(?:the )?(?:movie|film)s?\b\s*|\s*\b(?:the )?(?:movie|film)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of an item: `key` for comparing, `quality` 1 for the full title, less for a part."""

    key: tuple[str, ...]
    row: int
    name: str
    quality: float


class TitleIndex:
    """Every name of every item, and the ways to reach it.

    Args:
        catalog: The items.
        popularity: (n_items,) or None; larger first among equal names, else catalog order.
    """

    def __init__(self, catalog: Catalog, popularity: np.ndarray | None = None) -> None:
        self._catalog = catalog
        self._popularity = popularity
        self.aliases: list[Alias] = []
        for row, item in enumerate(catalog):
            for name, quality in names_of(item):
                key = key_tokens([token.form for token in tokenise(name)])
                if key:
                    self.aliases.append(Alias(tuple(map(sys.intern, key)), row, name, quality))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of every name."""
        return frozenset(word for alias in self.aliases for word in alias.key)

    @cached_property
    def _by_squashed(self) -> NumbersByKey:
        return NumbersByKey(("".join(alias.key), n) for n, alias in enumerate(self.aliases))

    @cached_property
    def _by_content(self) -> NumbersByKey:
        contents = (without_little_words(alias.key) for alias in self.aliases)
        return NumbersByKey(
            ("".join(words), n) for n, words in enumerate(contents) if len(words) > 1
        )

    @cached_property
    def _by_masked(self) -> NumbersByKey:
        return NumbersByKey(
            (masked, number)
            for number, alias in enumerate(self.aliases)
            if 2 <= len(alias.key) <= _MAX_MASKED
            for masked in _masked(alias.key)
        )

    @cached_property
    def _by_word(self) -> NumbersByKey:
        return NumbersByKey(
            (word, number)
            for number, alias in enumerate(self.aliases)
            for word in dict.fromkeys(without_little_words(alias.key))
        )

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings("".join(alias.key) for alias in self.aliases)

    @cached_property
    def _word_spellings(self) -> Spellings:
        return Spellings(word for word in self.vocabulary if len(word) >= 4)

    def _of_squashed(self, squashed: str) -> list[Alias]:
        aliases = [self.aliases[number] for number in self._by_squashed.get(squashed)]
        return [alias for alias in aliases if "".join(alias.key) == squashed]

    def exact(self, key: Sequence[str]) -> list[tuple[Alias, float]]:
        """Names with this key, or with it but for "the", "of", "and"; spaces do not matter."""
        same = self._of_squashed("".join(key))
        if same:
            return [(alias, alias.quality) for alias in same]
        content = without_little_words(key)
        if len(content) < 2 or sum(map(len, content)) < 8:
            return []
        squashed = "".join(content)
        near = [self.aliases[number] for number in self._by_content.get(squashed)]
        near = [alias for alias in near if "".join(without_little_words(alias.key)) == squashed]
        return [(alias, alias.quality * 0.92) for alias in near]

    def one_word_wrong(self, key: Sequence[str]) -> list[tuple[Alias, float]]:
        """Names of two words and more that differ from the key by typing errors in one word."""
        found: list[tuple[Alias, float]] = []
        if not 2 <= len(key) <= _MAX_MASKED or sum(map(len, key)) < 7:
            return found
        for position, masked in enumerate(_masked(key)):
            for number in self._by_masked.get(masked):
                alias = self.aliases[number]
                same = _same_but_one(key, alias.key, position)
                if same and is_typo_of(key[position], alias.key[position]):
                    closeness = OSA.normalized_similarity(" ".join(key), " ".join(alias.key))
                    found.append((alias, alias.quality * closeness))
        return found

    def correct(self, word: str) -> str | None:
        """The word of some name that `word` most likely misspells; None when there is none."""
        if len(word) < 5 or word.isdecimal():
            return None
        allowed = 1 if len(word) < 7 else 2
        near = self._word_spellings.near(word, allowed, other_first_letter=False)
        return near[0][0] if near else None

    def best(
        self, found: Iterable[tuple[Alias, float]], year: int | None = None
    ) -> list[tuple[Alias, float]]:
        """One entry per item, best first: by confidence and fame, popularity, catalog order.

        Fame adds `_FAME_BONUS` for each power of ten in popularity, so that "The Naked Gun" is the
        film that everybody means, though a forgotten one has exactly that name.
        """
        by_row: dict[int, tuple[Alias, float]] = {}
        for alias, confidence in found:
            confidence *= self._year_factor(alias.row, year)
            if alias.row not in by_row or confidence > by_row[alias.row][1]:
                by_row[alias.row] = (alias, round(confidence, 3))
        return sorted(
            by_row.values(),
            key=lambda hit: (-self._standing(hit), -self._weight(hit[0].row), hit[0].row),
        )

    def _standing(self, hit: tuple[Alias, float]) -> float:
        return round(hit[1] + _FAME_BONUS * float(np.log10(1 + self._weight(hit[0].row))), 3)

    def is_obscure(self, row: int) -> bool:
        """True when many items are better known; False when popularity is not known."""
        return self._popularity is not None and self._weight(row) < self._bound(_WELL_KNOWN)

    def is_famous(self, row: int) -> bool:
        """True for the few items that everybody knows; False when popularity is not known."""
        return self._popularity is not None and self._weight(row) >= self._bound(_FAMOUS)

    def _bound(self, rank: int) -> float:
        known = self._ranked
        return float(known[min(rank, len(known)) - 1])

    @cached_property
    def _ranked(self) -> np.ndarray:
        return np.sort(self._fame)[::-1]

    @cached_property
    def _fame(self) -> np.ndarray:
        """Popularity; items newer than the ratings, whose fame nobody could note, get a middling one."""
        if self._popularity is None:
            return np.zeros(len(self._catalog))
        fame = np.asarray(self._popularity, dtype=np.float64).copy()
        years = self._catalog.years
        known = np.sort(fame[fame > 0])
        if known.size:
            fame[(years > self._last_rated_year) & (fame < known[len(known) * 3 // 4])] = known[
                len(known) * 3 // 4
            ]
        return fame

    @cached_property
    def _last_rated_year(self) -> int:
        """The newest year of which a fair share of items was rated."""
        assert self._popularity is not None
        years = self._catalog.years
        newest = int(years.max()) if years.size else 0
        for year in range(newest, newest - 30, -1):
            rows = years == year
            if rows.any() and float(np.mean(self._popularity[rows] > 0)) >= _RATED_SHARE:
                return year
        return newest

    def year(self, row: int) -> int | None:
        """The year of an item."""
        return self._catalog.at(row).year

    def item_id(self, row: int) -> str:
        """The outside id of an item."""
        return self._catalog.at(row).item_id

    def find(
        self, text: str, limit: int, *, threshold: float = MIN_CONFIDENCE
    ) -> tuple[TitleMatch, ...]:
        """Items that the whole text may name, best first; () when none reaches the threshold."""
        given = text.strip().strip("\"'“”‘’«»").strip()[:_TITLE_LIMIT]
        hits = self._find(given, threshold)
        if not hits and (shorter := _FILLER.sub("", given)) != given:
            hits = self._find(shorter, threshold)
        return tuple(
            TitleMatch(
                item_id=self.item_id(alias.row),
                matched=alias.name,
                confidence=confidence,
                end=len(text),
            )
            for alias, confidence in hits[:limit]
        )

    def _find(self, given: str, threshold: float) -> list[tuple[Alias, float]]:
        readings: list[tuple[tuple[str, ...], int | None]] = [(_key(given), None)]
        if (match := _YEAR_AT_END.search(given)) and match.start() > 0:
            readings.insert(0, (_key(given[: match.start()]), int(match["year"])))
        readings = [(key, year) for key, year in readings if key]
        for look in (self.exact, self._misspelled, self._partial):
            hits = [hit for key, year in readings for hit in self.best(look(key), year)]
            hits = [hit for hit in self.best(hits) if hit[1] >= threshold]
            if hits:
                return hits
        return []

    def _misspelled(self, key: Sequence[str]) -> list[tuple[Alias, float]]:
        squashed = "".join(key)
        allowed = edits_allowed(len(squashed))
        if len(squashed) == 4:
            allowed = 1
        if not allowed:
            return []
        # a typing error seldom makes another word: "Hunted" is a film of its own, not "Haunted"
        factor = _REAL_WORDS if all(self._is_word(word) for word in key) else 1.0
        found: list[tuple[Alias, float]] = []
        for name, distance in self._spellings.near(squashed, allowed):
            if _digits(name) != _digits(squashed) or not _plausible(squashed, name, distance):
                continue
            closeness = 1 - distance / max(len(name), len(squashed))
            found += [
                (alias, alias.quality * closeness * factor) for alias in self._of_squashed(name)
            ]
        return found

    def _is_word(self, word: str) -> bool:
        return word in self.vocabulary or is_everyday(word)

    def _partial(self, key: Sequence[str]) -> list[tuple[Alias, float]]:
        """Names that contain all the words given: "eternal sunshine", "cuckoo's nest"."""
        content: list[str] = []
        penalty = 1.0
        given = without_little_words(key)
        for word in given:
            known = word if word in self.vocabulary else None
            if known is None and len(given) > 1:
                known = self.correct(word)
            if known is None:
                return []
            penalty *= 1.0 if known == word else 0.93
            content.append(known)
        if not content or sum(map(len, content)) < 5:
            return []
        common = [
            number
            for number in self._with_all(content)
            if _in_order(content, self.aliases[number].key)
            and (not content[-1].isdecimal() or self.aliases[number].key[-1] == content[-1])
        ]
        if len(common) > (3 if len(content) == 1 else 40):
            return []
        return [
            (self.aliases[number], penalty * self._coverage(content, self.aliases[number]))
            for number in common
        ]

    def _with_all(self, words: Sequence[str]) -> list[int]:
        """Numbers of the names that hold every word, rising."""
        rarest_first = sorted(words, key=self._by_word.count)
        common = self._by_word.get(rarest_first[0])
        for word in rarest_first[1:]:
            common = np.intersect1d(common, self._by_word.get(word), assume_unique=True)
        return common.tolist()

    def _coverage(self, content: Sequence[str], alias: Alias) -> float:
        words = without_little_words(alias.key)
        share = sum(map(self._rarity, content)) / sum(map(self._rarity, words))
        return alias.quality * (0.45 + 0.5 * min(share, 1.0))

    def _rarity(self, word: str) -> float:
        return float(np.log(1 + len(self.aliases) / (1 + self._by_word.count(word))))

    def _weight(self, row: int) -> float:
        return float(self._fame[row])

    def _year_factor(self, row: int, year: int | None) -> float:
        known = self.year(row)
        if year is None or known is None or known == year:
            return 1.0
        return 0.97 if abs(known - year) == 1 else 0.75


def names_of(item: Item) -> Iterator[tuple[str, float]]:
    """Every name an item goes by, with its quality: 1 full title … 0.85 a likely shortening."""
    for given, quality in ((item.title, 1.0), *((title, 0.98) for title in item.alt_titles)):
        full = _IN_BRACKETS.sub("", given).strip() or given
        inner = [match["inner"] for match in _IN_BRACKETS.finditer(given)]
        for name in (full, *(part for part in inner if not part.isdecimal())):
            yield from ((variant, quality * factor) for variant, factor in _variants(name))


def _variants(name: str) -> Iterator[tuple[str, float]]:
    if match := _POSTPOSED.match(name):
        if match["article"].casefold() not in _ENGLISH_ARTICLES:
            yield match["name"], 0.97
        name = f"{match['article']} {match['name']}"
    yield name, 1.0
    parts = _SUBTITLE.split(name)
    if len(parts) > 1:
        first = re.sub(r"\s+(?:or|episode\s+\w+),?$", "", parts[0], flags=re.IGNORECASE)
        yield first, 0.9
        last = key_tokens([token.form for token in tokenise(parts[-1])])
        if len(last) > 1 and " ".join(last) not in _EMPTY_SUBTITLES:
            yield parts[-1], 0.95
    if match := _ACRONYM.match(name):
        yield match["letters"], 0.95
    if match := _OF_SOMEBODY.match(name):
        yield match["rest"], 0.85


def _key(text: str) -> tuple[str, ...]:
    match = _POSTPOSED.match(text)
    if match:
        text = f"{match['article']} {match['name']}"
    return key_tokens([token.form for token in tokenise(text)])


def _masked(key: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for position in range(len(key)):
        yield (*key[:position], "", *key[position + 1 :])


def _in_order(words: Sequence[str], key: Sequence[str]) -> bool:
    """True when the words stand in the key in this order: "the story of a toy" is not "Toy Story"."""
    rest = iter(key)
    return all(word in rest for word in words)


def _same_but_one(key: Sequence[str], other: Sequence[str], position: int) -> bool:
    return (
        len(key) == len(other)
        and key[:position] == other[:position]
        and key[position + 1 :] == other[position + 1 :]
    )


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _plausible(given: str, name: str, distance: int) -> bool:
    """Short names tolerate less: a swap in four letters, and the first letter must stand."""
    if min(len(given), len(name)) < 5:
        return sorted(given) == sorted(name)
    return distance <= edits_allowed(min(len(given), len(name))) and (
        given[0] == name[0] or distance == 1
    )
