"""The lexicon: what everyday words mean for a wish, read strictly from `lexicon.toml` and `words.toml`.

Apart from the readers because it is data: words are added in the files, never in code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz.distance import OSA

from .text import Span, overlaps

_FOLDER = Path(__file__).parent
_SHORTEST_FUZZY = 5
_TWO_SLIPS_FROM = 8
_SWAPPED_FROM = 6
_RARE_SHARE = 0.0005  # of all genre marks: 25 films of 50,000 marks
_KIND_OF = re.compile(r" (?:film|movie|fiction|cinema|series)s?$", re.IGNORECASE)


# words that announce a name or carry the request; slips in them would hide what follows
_KEY_WORDS = (
    "something", "anything", "similar", "without", "starring", "directed", "recommend", "suggest",
    "watched", "movie", "movies", "nothing", "another", "except", "actually", "instead", "between",
    "director", "favourite", "favorite", "compare", "remember", "forget", "haven't", "looking",
    # years: "befroe 1943" must not become 1943
    "before", "after", "earlier", "older", "newer", "twenties", "thirties", "forties", "fifties", "sixties",
    "seventies", "eighties", "nineties", "science", "fiction",
)  # fmt: skip


class Strict(BaseModel):
    """Base of the file's tables: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Strict):
    """One meaning with the words for it; the file's head explains every key."""

    words: tuple[str, ...] = Field(min_length=1)
    more: tuple[str, ...] = ()
    genre: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    query: str = ""
    avoid: str = ""
    label: str = ""
    noun: bool = False
    tells: bool = False

    @property
    def names_thing(self) -> bool:
        """True for kinds and topics ("westerns", "dragons"), False for adjectives ("dark")."""
        return self.noun or not (self.genre or self.label.startswith(("on the", "that ")))

    def searched(self, phrase: str) -> str:
        """The words to search for when `phrase` was said, the phrase itself first; "" for none."""
        if not self.query:
            return ""
        said = "" if self.tells else phrase
        rest = [word for word in self.query.replace("$", "").split() if word not in said.split()]
        return " ".join((*said.split(), *rest))


class Unsupported(Strict):
    """Words for a fact that no catalog here has, and what to say about it.

    `pattern` is a regular expression for what words cannot list ("under 96 minutes").
    """

    words: tuple[str, ...]
    notice: str
    pattern: str = ""


class Language(Strict):
    """Hints by which a language is known, and its genre words."""

    words: frozenset[str]
    genres: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Match:
    """An entry found in a text.

    Attributes:
        entry: Its meaning, with only genres that the catalog has.
        phrase: The words as they stand in the lexicon (typing errors mended).
        start, end: Span.
        comparative: True for "funnier": always soft.
    """

    entry: Entry
    phrase: str
    start: int
    end: int
    comparative: bool = False

    @property
    def span(self) -> Span:
        """Start and end as a pair."""
        return self.start, self.end


class Lexicon:
    """The meanings of words for one catalog.

    Args:
        genres: The catalog's genre names; other genres in the files are ignored.
        has_prose: Items have texts or tags. Without them a search for "feel-good" would only find
            titles with these words in them, so moods are then left to the genre weights.
        names: Words that typing errors must never be mended to or from (title words).
        counts: Items of each genre; a genre that hardly any item has is then no condition to ask for.

    Raises:
        pydantic.ValidationError: A file has an unknown key or a wrong type.
    """

    def __init__(
        self,
        genres: Sequence[str],
        names: Iterable[str] = (),
        *,
        has_prose: bool = True,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._has_prose = has_prose
        self._counts = counts or {}
        self._genres = {genre.lower(): genre for genre in genres}
        moods = tomllib.loads((_FOLDER / "lexicon.toml").read_text(encoding="utf-8"))
        words = tomllib.loads((_FOLDER / "words.toml").read_text(encoding="utf-8"))
        _refuse_unknown(moods, {"entry", "unsupported"})
        _refuse_unknown(words, {"stopwords", "typos", "languages", "names"})
        self.entries = tuple(self._for_catalog(Entry.model_validate(e)) for e in moods["entry"])
        self.unsupported = tuple(Unsupported.model_validate(u) for u in moods["unsupported"])
        self.stopwords = frozenset(words["stopwords"].split())
        self._names = frozenset(names)
        known = self._names | self.stopwords
        slips = {slip: word for word in _KEY_WORDS for slip in _slips(word) if slip not in known}
        self.typos: Mapping[str, str] = {**slips, **words["typos"]}
        self.first_names = frozenset(words["names"]["first"].split())
        self.languages = {
            name: Language.model_validate({**table, "words": table["words"].split()})
            for name, table in words["languages"].items()
        }

    def resolve(self, genre: str) -> str | None:
        """The catalog's own spelling of "A|B" (the first that it has), or None."""
        for name in genre.split("|"):
            if name.lower() in self._genres:
                return self._genres[name.lower()]
        return None

    def common_genre(self, genre: str) -> str | None:
        """The genre that a catalog genre's name means in a wish: itself, "Action" for "Action Film", or None.

        None stands for one so rare in a large catalog that to demand it would hide what fits.
        """
        if not self._counts:
            return genre
        shorter = _KIND_OF.sub("", genre)
        known = self.resolve(shorter)
        if known and self._counts.get(known, 0) > self._counts.get(genre, 0):
            return known
        rare = _RARE_SHARE * sum(self._counts.values())
        return genre if self._counts.get(genre, 0) >= rare else None

    def match(self, plain: str) -> tuple[Match, ...]:
        """Entries in the text, from left to right; of overlapping ones the longest first one."""
        found = []
        for hit in self._pattern.finditer(plain):
            entry, phrase, comparative = self._table[_flat(hit[0])]
            found.append(
                Match(
                    entry=entry,
                    phrase=phrase,
                    start=hit.start(),
                    end=hit.end(),
                    comparative=comparative,
                )
            )
        return tuple(found)

    def match_unsupported(self, plain: str) -> tuple[tuple[Span, str], ...]:
        """Spans that ask for facts we don't have, each with its notice."""
        found: list[tuple[Span, str]] = []
        for topic in self.unsupported:
            patterns = [re.compile(topic.pattern)] if topic.pattern else []
            patterns.append(_alternation(topic.words))
            for hit in (hit for pattern in patterns for hit in pattern.finditer(plain)):
                if not overlaps(hit.span(), [span for span, _ in found]):
                    found.append((hit.span(), topic.notice))
        return tuple(found)

    def mend(self, word: str, start: int) -> Match | None:
        """The entry that a misspelt single word plainly means, or None."""
        if len(word) < _SHORTEST_FUZZY or word in self.stopwords or word in self._names:
            return None
        if word.endswith("s") and (word[:-1] in self._names or word[:-1] in self.stopwords):
            return None
        slips = 2 if len(word) >= _TWO_SLIPS_FROM else 1
        best = min(
            (
                (OSA.distance(word, known, score_cutoff=slips), known)
                for known in self._single_words
                if known[0] == word[0] and abs(len(known) - len(word)) <= slips
            ),
            default=(slips + 1, ""),
        )
        if best[0] > slips:
            return None
        entry, phrase, comparative = self._table[best[1]]
        if not entry.genre and len(word) <= _SHORTEST_FUZZY:
            return None  # so short a word may well be another one; a kind is worth the risk
        return Match(
            entry=entry, phrase=phrase, start=start, end=start + len(word), comparative=comparative
        )

    def is_filler(self, word: str) -> bool:
        """True for words without a wish of their own, also when slightly misspelt."""
        if word in self.stopwords:
            return True
        if len(word) < _SHORTEST_FUZZY or word in self._names:
            return False
        return any(
            known[0] == word[0] and OSA.distance(word, known, score_cutoff=1) <= 1
            for known in self._long_stopwords
            if abs(len(known) - len(word)) <= 1
        )

    def language_of(self, words: Iterable[str]) -> str | None:
        """The name of the language when it is plainly not English, or None."""
        said = list(words)
        english = sum(word in self.stopwords for word in said)
        hits = {
            name: sum(word in language.words for word in said)
            for name, language in self.languages.items()
        }
        best = max(hits, key=lambda name: hits[name])
        foreign = sum(
            word in self.languages[best].words and word not in self.stopwords for word in said
        )
        return best if foreign >= 2 and hits[best] > english - 1 else None

    def _for_catalog(self, entry: Entry) -> Entry:
        weights = {
            name: weight for genre, weight in entry.weights.items() if (name := self.resolve(genre))
        }
        genre = self._resolved(entry.genre)
        query = entry.query or (entry.words[0] if entry.genre and not genre else "")
        searched = self._has_prose or "$" in query or not weights
        return entry.model_copy(
            update={
                "genre": genre,
                "refuse": self._resolved(entry.refuse or entry.genre),
                "weights": weights,
                "query": query if searched else "",
            }
        )

    def _resolved(self, genres: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for genre in genres if (name := self.resolve(genre)))

    @cached_property
    def _table(self) -> dict[str, tuple[Entry, str, bool]]:
        table: dict[str, tuple[Entry, str, bool]] = {}
        for entry in self.entries:
            for phrases, comparative in ((entry.words, False), (entry.more, True)):
                for phrase in phrases:
                    table[_flat(phrase)] = (entry, phrase, comparative)
        for language in self.languages.values():
            for phrase, genre in language.genres.items():
                name = self.resolve(genre)
                if name and _flat(phrase) not in table:
                    table[_flat(phrase)] = (genre_entry(name), name.lower(), False)
        return table

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _alternation(self._table)

    @cached_property
    def _single_words(self) -> tuple[str, ...]:
        return tuple(word for word in self._table if " " not in word and len(word) >= 4)

    @cached_property
    def _long_stopwords(self) -> tuple[str, ...]:
        return tuple(word for word in sorted(self.stopwords) if len(word) >= _SHORTEST_FUZZY)


def genre_entry(genre: str) -> Entry:
    """The meaning of a catalog genre that the files do not mention."""
    return Entry(
        words=(genre.lower(),), genre=(genre,), refuse=(genre,), weights={genre: 0.6}, noun=True
    )


def _slips(word: str) -> set[str]:
    """What comes of one letter left out, doubled or swapped with the next.

    The first letter is kept in short words; in longer ones it may be swapped too ("naything").
    """
    places = range(1, len(word))
    first = {word[1] + word[0] + word[2:]} if len(word) >= _SWAPPED_FROM else set[str]()
    left_out = {word[:i] + word[i + 1 :] for i in places}
    doubled = {word[:i] + word[i] + word[i:] for i in places}
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[:-1]}
    return (left_out | doubled | swapped | first) - {word}


def _flat(phrase: str) -> str:
    return re.sub(r"[\s-]+", " ", phrase.lower())


def _alternation(phrases: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted({_flat(phrase) for phrase in phrases}, key=lambda p: (-len(p), p))
    body = "|".join(re.escape(phrase).replace(r"\ ", r"[\s-]+") for phrase in ordered)
    return re.compile(rf"(?<![\w'])(?:{body})(?![\w'])")


def _refuse_unknown(table: Mapping[str, object], known: set[str]) -> None:
    if unknown := set(table) - known:
        raise ValueError(f"The lexicon has unknown tables: {sorted(unknown)}")
