"""From a model's parse to things of the catalog, with everything dropped that the person did not say.

Pure. A model of any size invents: a name counts only when the message has it (slips of the keyboard allowed), a
kind only when some word of the message means it, years and counts only when a number was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from rec_core import NameMatch, Recommender, SearchEngine, TitleMatch

from ..state import ConversationState, Wish
from ..tuning.planner_data.banks import load_banks
from ..understanding.lexicon import Lexicon
from .parse import KIND_NAMES, MessageParse, ParseContext

_SURE = 0.84
_NEAR = 86.0
_SHORT = 5
_LIKE_SHOWN = 90.0
_POINTER = re.compile(r"^#(?:(?P<place>-?\d{1,2})|(?P<word>last|it|all))$")
_POINTING = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|last|top|bottom|1st|2nd|3rd|4th|5th|6th|one|ones|it|its|it's|this|that|these|those|them|they|all|both"
    r"|any|none|number|no|nr|film|movie|latter|former|two|three)\b|#?\d|^\W*(?:why|how|tell me more|more info|explain|compare|seen|loved|hated|watched)\b"
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|couple|few|pair|handful|dozen|single|several|another|just an?|an?)\b"
)
_TIME = re.compile(
    r"\d{2}|\b\w*(?:ties|noughties|aughts|century|millennium|golden age|hundred|thousand|teens|decade|year|old|new|recent|modern|silent era|pre-?war|post-?war)\w*\b"
)
_ROLES = ("like", "unlike", "liked", "disliked", "seen", "about")


@dataclass(frozen=True, kw_only=True)
class LinkedParse:
    """A parse in the catalog's terms; what the person did not say is gone.

    Attributes:
        parse: As the model wrote it.
        genres, no_genres: Catalog genres.
        years: Bounds; None when none are said. Directions ("newer") are left to the rules.
        people, no_people: Catalog names.
        items: Role ("like", "unlike", "liked", "disliked", "seen", "about") -> item ids, in order.
        words, less: The person's own words, lower case.
        count: How many items.
        unknown_titles: Said as titles and not in the catalog.
        unknown_people: Said as names and not in the catalog.
        missing_references: Pointers at what was not shown.
        dropped: "key: value" of what the message does not bear out.
    """

    parse: MessageParse
    genres: tuple[str, ...] = ()
    no_genres: tuple[str, ...] = ()
    years: tuple[int | None, int | None] | None = None
    people: tuple[str, ...] = ()
    no_people: tuple[str, ...] = ()
    items: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    count: int | None = None
    unknown_titles: tuple[str, ...] = ()
    unknown_people: tuple[str, ...] = ()
    missing_references: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def of(self, *roles: str) -> tuple[str, ...]:
        """Item ids in any of the roles, in order, each once."""
        return tuple(dict.fromkeys(i for role in roles for i in self.items.get(role, ())))


class ParseLinker:
    """Links parses against one catalog.

    Args:
        recommender: Its catalog and search are used.
        lexicon: What everyday words mean; bears out kinds.
    """

    def __init__(self, recommender: Recommender, lexicon: Callable[[], Lexicon]) -> None:
        self._catalog = recommender.catalog
        self._search = recommender.search
        self._make_lexicon = lexicon

    @cached_property
    def _lexicon(self) -> Lexicon:
        return self._make_lexicon()

    def link(self, parse: MessageParse, text: str, state: ConversationState) -> LinkedParse:
        """The parse in the catalog's terms. Never raises on any parse."""
        said = _Said(text, self._search)
        dropped: list[str] = []
        genres = self._kinds(parse.genres, text, dropped)
        refused = self._kinds(parse.no_genres, text, dropped)
        people, strangers = self._people(parse.people, said, dropped)
        no_people, more_strangers = self._people(parse.no_people, said, dropped)
        items: dict[str, tuple[str, ...]] = {}
        unknown: list[str] = []
        missing: list[str] = []
        for role in _ROLES:
            names: tuple[str, ...] = getattr(parse, role)
            found = [
                i
                for name in names
                for i in self._items(name, said, state, unknown, missing, dropped)
            ]
            if found:
                items[role] = tuple(dict.fromkeys(found))
        return LinkedParse(
            parse=parse, genres=tuple(g for g in genres if g not in refused), no_genres=refused,
            years=_years(parse, said, dropped), people=people, no_people=no_people, items=items,
            words=_words(parse.words, said, dropped), less=_words(parse.less, said, dropped),
            count=parse.count if parse.count is not None and _NUMBER.search(said.plain) else None,
            unknown_titles=tuple(dict.fromkeys(unknown)), unknown_people=(*strangers, *more_strangers),
            missing_references=tuple(dict.fromkeys(missing)), dropped=tuple(dropped),
        )  # fmt: skip

    # ---- kinds -----------------------------------------------------------------------------

    def _kinds(self, names: Sequence[str], text: str, dropped: list[str]) -> tuple[str, ...]:
        meant = self.kinds_meant(text) if names else frozenset()
        kept: list[str] = []
        for name in names:
            genre = self._lexicon.resolve(KIND_NAMES.get(name, name)) or self._search.resolve_genre(
                name
            )
            if genre is not None and genre in meant:
                kept.append(genre)
            else:
                dropped.append(f"genre: {name}")
        return tuple(dict.fromkeys(kept))

    def kinds_meant(self, text: str) -> frozenset[str]:
        """Catalog genres that any word of the text names or leans to."""
        plain = text.casefold()
        matches = list(self._lexicon.match(plain))
        words = re.finditer(r"[^\W\d_]+", plain)
        mended = (self._lexicon.mend(word[0], word.start()) for word in words)
        matches += [match for match in mended if match is not None]
        meant = {genre for match in matches for genre in (*match.entry.genre, *match.entry.refuse)}
        meant |= {
            g for match in matches for g, weight in match.entry.weights.items() if weight >= 0.3
        }
        meant |= {found.name for found in self._search.spot_genres(text)}
        meant |= {genre for genre, said in self._kind_phrases if said.search(plain)}
        return frozenset(meant)

    @cached_property
    def _kind_phrases(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Catalog genre -> how people say it, from the phrase banks that the training data is made of."""
        found: list[tuple[str, re.Pattern[str]]] = []
        for kind, bank in load_banks().kinds.items():
            genre = self._lexicon.resolve(KIND_NAMES.get(kind, kind))
            if genre is not None:
                phrases = (*bank.one, *bank.many, *bank.like, *bank.that, *bank.who)
                ways = {re.sub(r"[\[\]]", "", phrase) for phrase in phrases}
                body = "|".join(map(re.escape, sorted(ways, key=lambda way: (-len(way), way))))
                found.append((genre, re.compile(rf"(?<!\w)(?:{body})(?!\w)")))
        return tuple(found)

    # ---- people ----------------------------------------------------------------------------

    def _people(
        self, names: Sequence[str], said: _Said, dropped: list[str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        known: list[str] = []
        strangers: list[str] = []
        for name in names:
            span = said.span_of(name)
            if span is None:
                dropped.append(f"person: {name}")
                continue
            spotted = [m.name for m in said.people if m.start < span[1] and span[0] < m.end]
            found = spotted or [
                one for one in [self._search.resolve_person(name)] if one is not None
            ]
            known += found[:1]
            strangers += [] if found else [said.text[span[0] : span[1]].strip()]
        return tuple(dict.fromkeys(known)), tuple(dict.fromkeys(strangers))

    # ---- items -----------------------------------------------------------------------------

    def _items(
        self, name: str, said: _Said, state: ConversationState, unknown: list[str], missing: list[str],
        dropped: list[str],
    ) -> tuple[str, ...]:  # fmt: skip
        """The items that a title or a pointer means."""
        if (pointer := _POINTER.match(name)) is not None:
            if not _POINTING.search(said.plain):
                dropped.append(f"pointer: {name}")
                return ()
            return _pointed(pointer, state, missing)
        span = said.span_of(name)
        if span is None:
            dropped.append(f"title: {name}")
            return ()
        shown = self._shown(name, state)
        if shown is not None:
            return (shown,)
        spotted = [m.item_id for m in said.titles if m.start < span[1] and span[0] < m.end]
        if spotted:
            return tuple(spotted[:1])
        if self._is_everyday(said.text[span[0] : span[1]], name):
            dropped.append(f"title: {name}")
            return ()
        found = self._search.find_title(name, limit=1)
        if found and found[0].confidence >= _SURE:
            return (found[0].item_id,)
        unknown.append(said.text[span[0] : span[1]].strip(" .,!?\"'"))
        return ()

    def _shown(self, name: str, state: ConversationState) -> str | None:
        """The shown item whose title this is, wholly or in its main part."""
        given = default_process(name)
        best = (0.0, "")
        for item_id in state.last_slate:
            if item_id not in self._catalog:
                continue
            title = default_process(self._catalog[item_id].title)
            score = fuzz.ratio(given, title)
            if len(given) >= _SHORT and re.search(rf"\b{re.escape(given)}\b", title):
                score = max(score, 95.0)
            best = max(best, (score, item_id))
        return best[1] if best[0] >= _LIKE_SHOWN else None

    def _is_everyday(self, words: str, name: str) -> bool:
        """True for words that mean something else, unless written as a name."""
        plain = words.casefold()
        if re.search(r"[A-Z]", words[1:]) or re.match(r"[A-Z]", name):
            return False
        fillers = all(self._lexicon.is_filler(word) for word in re.findall(r"[^\W_]+", plain))
        return fillers or (bool(self._lexicon.match(plain)) and len(plain.split()) == 1)


class _Said:
    """What the person typed, for checking whether a name is in it; the catalog's names are spotted once."""

    def __init__(self, text: str, search: SearchEngine) -> None:
        self.text = text
        self._search = search
        self.plain = text.casefold() if len(text.casefold()) == len(text) else text.lower()

    @cached_property
    def titles(self) -> tuple[TitleMatch, ...]:
        """Titles of the catalog in the text."""
        return self._search.spot_titles(self.text)

    @cached_property
    def people(self) -> tuple[NameMatch, ...]:
        """People of the catalog in the text."""
        return self._search.spot_people(self.text)

    def span_of(self, name: str) -> tuple[int, int] | None:
        """Where the name stands, slips allowed; None when it does not."""
        given = name.casefold().strip()
        if not re.search(r"\w", given):
            return None
        exact = re.search(rf"(?<!\w){re.escape(given)}(?!\w)", self.plain)
        if exact is not None:
            return exact.span()
        if len(given) < _SHORT:
            return None
        found = fuzz.partial_ratio_alignment(given, self.plain, score_cutoff=_NEAR)
        if found is None or len(given) > len(self.plain) + 2:
            return None
        return found.dest_start, found.dest_end


def describe(state: ConversationState, recommender: Recommender) -> ParseContext:
    """The state in the words that a model is shown."""
    catalog = recommender.catalog

    def titles(item_ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(catalog[i].title for i in item_ids if i in catalog)

    focus = titles([state.focus_item_id] if state.focus_item_id else [])
    return ParseContext(
        wish=_wish_words(state.wish, titles(state.wish.like_item_ids), titles(state.wish.unlike_item_ids)),
        shown=titles(state.last_slate), focus=focus[0] if focus else "", asked=state.asked,
    )  # fmt: skip


def _wish_words(wish: Wish, like: tuple[str, ...], unlike: tuple[str, ...]) -> dict[str, str]:
    open_years = wish.year_min is None and wish.year_max is None
    return {
        "genres": ", ".join((*wish.genres_all, *wish.genres_any)),
        "not": ", ".join(wish.genres_none),
        "years": "" if open_years else f"{wish.year_min or ''}-{wish.year_max or ''}",
        "people": ", ".join(wish.people_all),
        "without": ", ".join(wish.people_none),
        "like": ", ".join(like[:3]),
        "unlike": ", ".join(unlike[:3]),
        "words": " ".join(wish.query.split()[:6]),
        "less": " ".join(wish.avoid.split()[:4]),
        "count": str(wish.count or ""),
    }


def _pointed(
    pointer: re.Match[str], state: ConversationState, missing: list[str]
) -> tuple[str, ...]:
    slate = state.last_slate
    if pointer["word"] == "all":
        return slate
    if pointer["word"] == "it":
        focus = state.focus_item_id or (slate[0] if slate else None)
        return (focus,) if focus else ()
    place = len(slate) if pointer["word"] == "last" else int(pointer["place"])
    if 1 <= place <= len(slate):
        return (slate[place - 1],)
    if place > 0:
        missing.append(f"number {place}")
    return ()


def _years(
    parse: MessageParse, said: _Said, dropped: list[str]
) -> tuple[int | None, int | None] | None:
    if not isinstance(parse.years, tuple):
        return None
    low, high = parse.years
    sensible = low is None or high is None or low <= high
    if (low is None and high is None) or not sensible or not _TIME.search(said.plain):
        dropped.append(f"years: {parse.years}")
        return None
    return low, high


def _words(words: Sequence[str], said: _Said, dropped: list[str]) -> tuple[str, ...]:
    kept = []
    for word in words:
        span = said.span_of(word)
        if span is None:
            dropped.append(f"word: {word}")
        else:
            kept.append(said.plain[span[0] : span[1]].strip())
    return tuple(dict.fromkeys(kept))
