"""The vocabulary of the recommender: leaf types that every other module shares.

Ids: `*_id` is the outside id (a string, as the data set gives it); `*_row` is the inside row
(0 .. n-1 in catalog order). Rows never leave `rec_core`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .dialogue.utterances import Utterance


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that can be recommended, as the catalog knows it.

    `texts` maps a source name ("wikipedia", "overview", …) to prose. All text is untrusted input.
    """

    item_id: str
    title: str
    year: int | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    alt_titles: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Title with year, as shown to people: "Heat (1995)"."""
        return f"{self.title} ({self.year})" if self.year is not None else self.title

    @property
    def people(self) -> tuple[str, ...]:
        """Directors, then cast, without repeats."""
        return tuple(dict.fromkeys((*self.directors, *self.cast)))


@dataclass(frozen=True, kw_only=True)
class ItemFilter:
    """Hard constraints on items; an empty filter lets everything pass.

    Text values are compared case-insensitively with the catalog's own values. An item without a
    year fails any year bound. Within a tuple: `*_all` needs every value, `*_any` at least one,
    `*_none` not a single one. `only` (when not None) is an allow-list of item ids.
    """

    year_min: int | None = None
    year_max: int | None = None
    genres_all: tuple[str, ...] = ()
    genres_any: tuple[str, ...] = ()
    genres_none: tuple[str, ...] = ()
    people_all: tuple[str, ...] = ()
    people_none: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """True when nothing is constrained (exclusions of single items count as a constraint)."""
        return self == ItemFilter()

    def without(self, *names: str) -> ItemFilter:
        """A copy in which the named fields are back at their defaults."""
        return replace(self, **{name: getattr(_NO_FILTER, name) for name in names})


_NO_FILTER = ItemFilter()


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An item that some retriever or ranker proposed.

    `parts` maps the name of each component ("two_tower", "sasrec", "transitions", "text", …) to
    its own contribution, so that a reader can see where a score came from.
    """

    item_id: str
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RecommendRequest:
    """All that may be known about one request. Every field is optional: knowing nothing is a request.

    Attributes:
        k: How many items to return at most.
        user_id: A user of the training interactions; their stored history is used.
        history: Item ids, oldest first, that count as consumed after the stored history.
        seeds: "Something like these": item ids whose neighbours are wanted. Never returned.
        query: The wish in words, for text search. Empty means no text side.
        avoid: Words whose meaning should push items down ("violent").
        genre_weights: Soft wishes: genre -> weight in [-1, 1]; negative pushes down.
        disliked: Item ids disliked: never returned, and their neighbours are pushed down.
        item_filter: Hard constraints. Applied before ranking, never relaxed in here.
        exclude_seen: Leave out stored and given history (default) or not.
        dialogue: What was said so far, oldest first; heard by what was learned from people's dialogues.
        rewrite: What a rewriter made of the dialogue, for text search beside the wish's own words.
        diversity: 0 = by score alone, 1 = as different from each other as possible (MMR).
    """

    k: int = 10
    user_id: str | None = None
    history: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    query: str = ""
    avoid: str = ""
    genre_weights: Mapping[str, float] = field(default_factory=dict)
    disliked: tuple[str, ...] = ()
    item_filter: ItemFilter = field(default_factory=ItemFilter)
    exclude_seen: bool = True
    dialogue: tuple[Utterance, ...] = ()
    rewrite: str = ""
    diversity: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """A ranked answer.

    Attributes:
        candidates: Best first; ties broken by catalog order.
        strategy: What the ranking stood on: "known-user", "history", "similar", "query",
            "dialogue" or "popular".
        n_matching: How many catalog items passed the filter (before the seen ones went out).
    """

    candidates: tuple[Candidate, ...]
    strategy: str
    n_matching: int


@dataclass(frozen=True, kw_only=True)
class TitleMatch:
    """What a title in somebody's words may mean.

    `confidence` is in [0, 1]; 1 is an exact match after normalising. `matched` is the catalog
    title or alternative title that fitted, `start`/`end` the character span in the given text
    (0 and its length when the whole text was looked up).
    """

    item_id: str
    matched: str
    confidence: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class NameMatch:
    """A person, genre or tag of the catalog found in somebody's words (fields as in TitleMatch)."""

    name: str
    confidence: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class Influence:
    """A history item that speaks for a recommended one, with its share in [0, 1]."""

    item_id: str
    share: float
