"""One short reason per item, worded by code from evidence, different from its neighbours'.

A reason says only what its evidence says; the evidence goes with it, for whoever wants to check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rec_core import Item

from .events import Evidence
from .evidence import EvidenceFinder

Reason = tuple[str, tuple[Evidence, ...]]

# Genres that say whom it is for, not what kind it is.
FOR_CHILDREN = frozenset(("Children", "Children's", "Kids"))
# Kinds that have a plural of their own: "six comedies", where others are "six crime picks".
KIND_PLURALS = {
    "comedy": "comedies",
    "documentary": "documentaries",
    "drama": "dramas",
    "musical": "musicals",
    "thriller": "thrillers",
    "western": "westerns",
}
_TELLING = 3.5
_WORTH_TELLING = 2.7
_WORTH_ADDING = 1.5
_BESIDE_FACTS = frozenset({"rating", "popular", "tags"})
# What a clause loses for each neighbour that speaks of the same ground: five times "… % of the people"
# in a slate of six is one statement and four repetitions.
_SAME_GROUND = 0.8
_MOST_NAMED = {"genres": 3, "directors": 2, "cast": 2, "tags": 2}


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A part of a reason: words without capital or full stop, and what they stand on.

    Attributes:
        group: Two clauses of one group say nearly the same and do not go together.
        strength: Higher is more telling.
    """

    group: str
    words: str
    evidence: tuple[Evidence, ...]
    strength: float


def slate_reasons(item_ids: Sequence[str], finder: EvidenceFinder) -> tuple[Reason, ...]:
    """A reason for each item of a slate, in order; what was said of one is avoided for the next."""
    used: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    reasons = []
    for item_id in item_ids:
        clauses = clauses_for(item_id, finder)

        def worth(clause: Clause) -> float:
            return clause.strength - 1.2 * used[clause.words] - _SAME_GROUND * groups[clause.group]

        best = max(clauses, key=worth)
        # What says nothing about the wish does not stand alone: the plain facts go before it.
        first = clauses[-1] if best.strength < _TELLING else best
        others = [one for one in clauses if one.group not in {first.group, "facts"}]
        others = [one for one in others if not _repeats(one, first)]
        if first.group == "facts":
            others = [one for one in others if one.group in _BESIDE_FACTS]
        second = max(others, key=worth, default=None)
        chosen = [first] if second is None or worth(second) < _WORTH_ADDING else [first, second]
        for clause in chosen:
            used[clause.words] += 1
            groups[clause.group] += 1
        reasons.append(_sentence(chosen))
    return tuple(reasons)


def full_reason(
    item_id: str, finder: EvidenceFinder
) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """Everything that speaks for an item: up to four clauses of different groups, strongest first."""
    chosen: list[Clause] = []
    clauses = clauses_for(item_id, finder)
    telling = [one for one in clauses if one.strength >= _WORTH_TELLING] or clauses[-1:]
    for clause in sorted(telling, key=lambda one: -one.strength):
        groups = {one.group for one in chosen}
        dated = any(one.field == "year" for past in chosen for one in past.evidence)
        if (clause.group == "years" and dated) or any(_repeats(clause, past) for past in chosen):
            continue
        if (
            clause.group not in groups
            and len(chosen) < 4
            and (clause.group != "facts" or not chosen)
        ):
            chosen.append(clause)
    evidence = dict.fromkeys(one for clause in chosen for one in clause.evidence)
    return tuple(clause.words for clause in chosen), tuple(evidence)


def clauses_for(item_id: str, finder: EvidenceFinder) -> list[Clause]:
    """Everything that can be said for an item; the plain facts, which there always are, come last."""
    item = finder.catalog[item_id]
    found = finder.find(item_id)
    return [
        *_asked(item, found),
        *_like_seeds(found, finder),
        *_like_liked(found, finder),
        *_preferred(found),
        *_popular(found, finder),
        *_colour(item, found),
        _facts(item),
    ]


def in_words(clauses: Sequence[Clause]) -> str:
    """Clauses as one sentence, in their order."""
    words = "; ".join(clause.words for clause in clauses)
    return f"{words[:1].upper()}{words[1:]}."


def joined(words: Sequence[str], *, last: str = "and") -> str:
    """A list in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def genre_words(genres: Iterable[str]) -> str:
    """Genres in a sentence: "crime and thriller", "comedy for children".

    Abbreviations and hyphens keep their capitals.
    """
    named = list(genres)
    kinds = joined([_genre_word(genre) for genre in named if genre not in FOR_CHILDREN])
    if not any(genre in FOR_CHILDREN for genre in named):
        return kinds
    return f"{kinds} for children".strip()


def kind_words(genre: str) -> str:
    """A genre as something that people like or leave out: "musicals", "horror"."""
    if genre in FOR_CHILDREN:
        return "anything for children"
    word = _genre_word(genre)
    return KIND_PLURALS.get(word, word)


def _genre_word(genre: str) -> str:
    return genre if "-" in genre or genre.isupper() else genre.lower()


def _asked(item: Item, found: Sequence[Evidence]) -> Iterable[Clause]:
    by_field = _by_field(found, "request")
    if directors := by_field.get("directors"):
        yield _clause("people", f"by {_names(directors)}, as you asked", directors, 9.0)
    if cast := by_field.get("cast"):
        yield _clause("people", f"with {_names(cast)}, as you asked", cast, 9.0)
    if tags := by_field.get("tags"):
        yield _clause("tags", f"about {_names(tags)}, as you asked", tags, 7.0)
    genres, years = by_field.get("genres", ()), by_field.get("year", ())
    if genres and years:
        words = f"{genre_words(one.value for one in genres)} from {item.year}"
        yield _clause("genres", words, (*genres, *years), 5.6)
    elif genres:
        yield _clause("genres", f"{_genres_of(genres)}, as you asked", genres, 5.2)
    elif years:
        yield _clause("years", f"from {item.year}", years, 2.5)


def _like_seeds(found: Sequence[Evidence], finder: EvidenceFinder) -> Iterable[Clause]:
    for seed_id, grounds in _by_item(found, "seed_item").items():
        seed = finder.catalog[seed_id].title
        fields = _by_field(grounds, "seed_item")
        if directors := fields.get("directors"):
            yield _clause("people", f"by {_names(directors)}, like {seed}", directors, 8.5)
        if cast := fields.get("cast"):
            yield _clause("people", f"with {_names(cast)}, as in {seed}", cast, 8.0)
        if tags := fields.get("tags"):
            yield _clause("tags", f"shares {_quoted(tags)} with {seed}", tags, 7.0)
        if viewers := fields.get("viewers"):
            done = _taken(finder)
            words = f"{viewers[0].value} of the people who have {done} {seed} have {done} this too"
            yield _clause("viewers", words, viewers, 5.5)
        if lift := fields.get("lift"):
            done = _taken(finder)
            words = f"{done} {lift[0].value} times as often by people who have {done} {seed}"
            yield _clause("viewers", words, lift, 5.0)
        genres, years = fields.get("genres", ()), fields.get("year", ())
        if len(genres) > 1 and years:
            words = f"{_genres_of(genres)} from the same years as {seed}"
            yield _clause("genres", words, (*genres, *years), 6.0)
        elif genres:
            words = f"{_genres_of(genres)}, like {seed}"
            yield _clause("genres", words, genres, 4.6 + 0.4 * len(genres))


def _like_liked(found: Sequence[Evidence], finder: EvidenceFinder) -> Iterable[Clause]:
    # Who names something to go by wants to hear of that first.
    beside_seeds = 2.0 if finder.person.wish.like_item_ids else 0.0
    for other_id, grounds in _by_item(found, "liked_item").items():
        other = finder.catalog[other_id].title
        whose = "you liked" if other_id in finder.person.liked else "is in your history"
        fields = _by_field(grounds, "liked_item")
        if directors := fields.get("directors"):
            words = f"by {_names(directors)}, like {other}, which {whose}"
            yield _clause("people", words, directors, 7.5)
        if cast := fields.get("cast"):
            words = f"with {_names(cast)}, as in {other}, which {whose}"
            yield _clause("people", words, cast, 7.2)
        if tags := fields.get("tags"):
            words = f"shares {_quoted(tags)} with {other}, which {whose}"
            yield _clause("tags", words, tags, 6.4)
        influence = fields.get("influence", ())
        genres = fields.get("genres", ())
        if genres:
            words = f"{_genres_of(genres)}, like {other}, which {whose}"
            yield _clause("liked", words, (*influence, *genres), 6.2 - beside_seeds)
        elif influence:
            words = f"goes with {other}, which {whose}"
            yield _clause("liked", words, influence, 5.4 - beside_seeds)


def _preferred(found: Sequence[Evidence]) -> Iterable[Clause]:
    fields = _by_field(found, "preference")
    if people := (*fields.get("directors", ()), *fields.get("cast", ()))[:2]:
        yield _clause("people", f"with {_names(people)}, one of your favourites", people, 8.0)
    if genres := fields.get("genres"):
        yield _clause("taste", f"{_genres_of(genres)}, which you like", genres, 5.0)
    if tags := fields.get("tags"):
        yield _clause("taste", f"has {_quoted(tags)}, which you like", tags, 5.0)


def _popular(found: Sequence[Evidence], finder: EvidenceFinder) -> Iterable[Clause]:
    fields = _by_field(found, "popularity")
    if rating := fields.get("rating"):
        yield _clause(
            "rating", f"rated {rating[0].value} on average, among the best here", rating, 3.2
        )
    if percentile := fields.get("percentile"):
        done = _taken(finder)
        words = f"among the most {done} in the catalog"
        yield _clause("popular", words, percentile, 2.8)


def _colour(item: Item, found: Sequence[Evidence]) -> Iterable[Clause]:
    """What sets it apart from its neighbours when all of them meet the same wish."""
    if tags := _own("tags", item, found):
        yield _clause("tags", f"known for {_quoted(tags)}", tags, 2.6)
    if directors := _own("directors", item, found):
        yield _clause("people", f"by {_names(directors)}", directors, 2.5)
    if cast := _own("cast", item, found):
        yield _clause("people", f"with {_names(cast)}", cast, 2.4)
    if (genres := _own("genres", item, found)) and len(genres) < len(item.genres):
        named = _genres_of(genres)
        told = f"also {named}" if named.endswith("for children") else f"has {named} in it"
        yield _clause("more_genres", told, genres, 2.3)


def _own(name: str, item: Item, found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Values of a field that no other ground has spoken of yet, as many as are named."""
    spoken = {one.value for one in found if one.field == name}
    values = [value for value in getattr(item, name) if value not in spoken][: _MOST_NAMED[name]]
    return tuple(Evidence(kind="field", field=name, value=value) for value in values)


def _facts(item: Item) -> Clause:
    parts = [genre_words(item.genres[:3])] if item.genres else []
    evidence = [Evidence(kind="field", field="genres", value=genre) for genre in item.genres[:3]]
    if item.directors:
        parts.append(f"by {joined(item.directors[:2])}")
        evidence += [
            Evidence(kind="field", field="directors", value=name) for name in item.directors[:2]
        ]
    if item.year is not None:
        parts.append(f"from {item.year}")
        evidence.append(Evidence(kind="field", field="year", value=str(item.year)))
    words = " ".join(parts) or "only its title is known here"
    return _clause("facts", words, evidence, 1.0)


def _taken(finder: EvidenceFinder) -> str:
    return "rated" if finder.recommender.interactions.has_ratings else "chosen"


def _clause(group: str, words: str, evidence: Iterable[Evidence], strength: float) -> Clause:
    return Clause(group=group, words=words, evidence=tuple(evidence), strength=strength)


def _sentence(clauses: Sequence[Clause]) -> Reason:
    evidence = dict.fromkeys(one for clause in clauses for one in clause.evidence)
    return in_words(clauses), tuple(evidence)


def _repeats(clause: Clause, other: Clause) -> bool:
    """Whether two clauses name the same kinds: "crime, like Heat; crime, as you asked"."""
    kinds = {one.value for one in other.evidence if one.field == "genres"}
    return any(one.field == "genres" and one.value in kinds for one in clause.evidence)


def _by_field(found: Iterable[Evidence], kind: str) -> dict[str, tuple[Evidence, ...]]:
    """Field to its evidence, no more than is named in words: a reason cites only what it says."""
    result: dict[str, tuple[Evidence, ...]] = {}
    for one in found:
        so_far = result.get(one.field, ())
        if one.kind == kind and len(so_far) < _MOST_NAMED.get(one.field, 1):
            result[one.field] = (*so_far, one)
    return result


def _by_item(found: Iterable[Evidence], kind: str) -> dict[str, tuple[Evidence, ...]]:
    result: dict[str, tuple[Evidence, ...]] = {}
    for one in found:
        if one.kind == kind and one.item_id is not None:
            result[one.item_id] = (*result.get(one.item_id, ()), one)
    return result


def _names(evidence: Sequence[Evidence]) -> str:
    return joined([one.value for one in evidence])


def _quoted(evidence: Sequence[Evidence]) -> str:
    return joined([f"“{one.value}”" for one in evidence])


def _genres_of(evidence: Sequence[Evidence]) -> str:
    return genre_words(one.value for one in evidence)
