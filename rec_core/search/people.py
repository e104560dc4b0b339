"""People and genres of the catalog, found in somebody's words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from ..types import NameMatch
from .cues import Scene
from .names import edits_allowed, is_everyday, is_typo_of, tokenise
from .spellings import NumbersByKey, Spellings
from .words import word_set

if TYPE_CHECKING:
    from ..catalog import Catalog

MIN_PERSON_CONFIDENCE = 0.75
_TEXT_LIMIT = 2_000
_PARTICLES = word_set("de di da del della van von der den la le el al st mc o ten ter bin")
_STUDIOS = word_set(
    "marvel disney pixar warner paramount universal miramax ghibli dreamworks netflix criterion"
)
_SIBLINGS = word_set("brothers bros sisters siblings twins duo")
_CREDITS = frozenset({"starring", "stars", "featuring", "by", "actor", "actress", "director"})
_COMPANY = frozenset({"with", "without", "from", "of", "and", "or", "like", "love", "no", "not"})
_MAKING = frozenset({"by", "director", "directed"})
_PLAYING = frozenset({"with", "without", "starring", "stars", "featuring", "actor", "actress"})
_PLACING = frozenset({"in", "at", "near", "around", "across", "outside", "to", "into"})
_ENDINGS = frozenset({"jr", "sr", "junior", "senior"})
# Some credits are no names: what remains of "Narrated by …", "Voices of …".
_SOME = frozenset(
    {
        "some",
        "few",
        "couple",
        "any",
        "more",
        "two",
        "three",
        "four",
        "five",
        "2",
        "3",
        "4",
        "5",
        "of",
    }
)
_AGES = frozenset({"old", "early", "late", "classic", "good", "great", "other", "best", "more"})
_NO_ENDINGS = frozenset({"by", "of", "with", "the", "and", "as", "for"})
# What everybody calls people who have another name in the credits.
_NICKNAMES = {
    ("arnie",): "Arnold Schwarzenegger", ("the", "rock"): "Dwayne Johnson", ("leo",): "Leonardo DiCaprio",
    ("sly",): "Sylvester Stallone", ("jlo",): "Jennifer Lopez", ("jlaw",): "Jennifer Lawrence",
    ("rdj",): "Robert Downey Jr.", ("scarjo",): "Scarlett Johansson", ("bogie",): "Humphrey Bogart",
}  # fmt: skip
_SHORT_FOR = {
    "nic": "nicolas", "nick": "nicolas", "mike": "michael", "bob": "robert", "rob": "robert", "bobby": "robert",
    "matt": "matthew", "chris": "christopher", "tony": "anthony", "sam": "samuel", "dan": "daniel", "danny": "daniel",
    "jen": "jennifer", "jenny": "jennifer", "kate": "katherine", "liz": "elizabeth", "joe": "joseph", "will": "william",
    "jim": "james", "jimmy": "james", "tim": "timothy", "ed": "edward", "steve": "steven", "stephen": "steven",
    "dave": "david", "tom": "thomas", "leo": "leonardo", "arnie": "arnold", "phil": "philip", "greg": "gregory",
    "andy": "andrew", "drew": "andrew", "jeff": "jeffrey", "ben": "benjamin", "kathy": "katherine", "pat": "patrick",
    "charlie": "charles", "richie": "richard", "nat": "natalie", "scarlet": "scarlett", "quent": "quentin", "sly": "sylvester",
    "becky": "rebecca", "vicky": "victoria", "angie": "angelina", "sandy": "sandra", "johny": "johnny", "marty": "martin",
}  # fmt: skip
_DOMINANCE = 2
_ROLE_DOMINANCE = 1.3
_GIVEN_SHARE = 0.7
_WELL_KNOWN = 1_000
_LITTLE_KNOWN = 20.0
_SURNAME_CONFIDENCE = 0.85
_MOST_BEARERS = 12
_TOGETHER = 2
_REAL_NAMES = 0.8
_NAME_LIMIT = 200
_MIN_SQUASHED = 10  # "brucewilis" may lack its space; a shorter lone word is no full name


class PeopleIndex:
    """Full names, with typing errors, and surnames that mean one person only.

    A surname counts when its best-known bearer has at least twice the fame of the next one; after "by" or
    "with" the fame as a director or an actor decides. A first name counts when one well-known person has nearly all
    of its fame ("Denzel").

    Args:
        catalog: Its people.
        popularity: (n_items,) or None; fame is the number of items, and with popularity what people
            did with them: Christopher Nolan then outweighs a Nolan of fifty forgotten films.
    """

    def __init__(self, catalog: Catalog, popularity: np.ndarray | None = None) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        for name in catalog.people:
            key = tuple(token.form for token in tokenise(name))
            if key and key[-1] not in _NO_ENDINGS:
                self._names.setdefault(key, name)
        for key, name in tuple(self._names.items()):
            if (shorter := _as_spoken(key)) != key:
                self._names.setdefault(shorter, name)
        self._items_of = Counter(name for item in catalog for name in item.people)
        self._fame_of: dict[str, float] = {name: float(n) for name, n in self._items_of.items()}
        if popularity is not None:
            for row, item in enumerate(catalog):
                for place, name in enumerate(item.people):  # makers and leads come first
                    self._fame_of[name] += float(popularity[row]) / (1 + place)
        self._role_fame = _fame_in_roles(catalog, popularity)
        self._casts = tuple(item.people for item in catalog)
        self._fame_bound = len(catalog) // 5_000  # in a large catalog every word is somebody's name

    @cached_property
    def _squashed(self) -> dict[str, str]:
        squashed: dict[str, str] = {}
        for key, name in self._names.items():
            if len(key) > 1:
                squashed.setdefault("".join(key), name)
        return squashed

    @cached_property
    def _keys(self) -> list[tuple[str, ...]]:
        return list(self._names)

    @cached_property
    def _masked(self) -> NumbersByKey:
        return NumbersByKey(
            ((*key[:position], "", *key[position + 1 :]), number)
            for number, key in enumerate(self._keys)
            if 2 <= len(key) <= 4
            for position in range(len(key))
        )

    def _one_word_wrong(self, key: Sequence[str], position: int) -> Iterable[tuple[str, ...]]:
        """Names, most frequent first, with a typing error in that word and no other difference."""
        masked = (*key[:position], "", *key[position + 1 :])
        for number in self._masked.get(masked):
            other = self._keys[number]
            same = (*other[:position], "", *other[position + 1 :]) == masked
            if same and is_typo_of(key[position], other[position]):
                yield other

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for key in self._names for word in key)

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._squashed)

    @cached_property
    def _bearers(self) -> dict[tuple[str, ...], list[str]]:
        """Surname → full names, those with the most items first."""
        bearers: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key, name in self._names.items():
            if len(key) > 1:
                start = len(key) - 1
                while start > 1 and key[start - 1] in _PARTICLES:
                    start -= 1
                bearers[key[start:]].append(name)
        for names in bearers.values():
            names.sort(key=lambda name: -self._fame_of[name])
        return bearers

    @cached_property
    def _surnames(self) -> dict[tuple[str, ...], str]:
        found = {}
        for surname, names in self._bearers.items():
            counts = [self._fame_of[name] for name in names[:2]]
            if counts[0] < self._fame_bound:
                continue
            if len(counts) == 1 or counts[0] >= _DOMINANCE * counts[1]:
                found[surname] = names[0]
        return found

    @cached_property
    def _given(self) -> dict[tuple[str, ...], str]:
        """First names that mean one well-known person, and nicknames."""
        totals: Counter[str] = Counter()
        best: dict[str, str] = {}
        for key, name in self._names.items():
            if len(key) > 1:
                totals[key[0]] += self._fame_of[name]  # pyright: ignore[reportArgumentType]
                if self._fame_of[name] > self._fame_of.get(best.get(key[0], ""), 0.0):
                    best[key[0]] = name
        known = sorted(self._fame_of.values(), reverse=True)
        bound = max(known[min(_WELL_KNOWN, len(known)) - 1], self._fame_bound) if known else 0.0
        found = {
            (given,): name
            for given, name in best.items()
            if bound <= self._fame_of[name] >= _GIVEN_SHARE * totals[given] and len(given) > 3
            and not is_everyday(given) and (given,) not in self._surnames
        }  # fmt: skip
        known_nicknames = {key: name for key, name in _NICKNAMES.items() if name in self._items_of}
        return {**found, **known_nicknames} if len(self._names) > _WELL_KNOWN else known_nicknames

    def _in_role(self, surname: tuple[str, ...], cue: str) -> str | None:
        """Who of a surname is meant after "by" (a director) or "with" (an actor); None when two are as likely."""
        fame = self._role_fame["makes" if cue in _MAKING else "plays"]
        bearers = sorted(self._bearers.get(surname, ()), key=lambda name: -fame.get(name, 0.0))[:2]
        counts = [fame.get(name, 0.0) for name in bearers]
        if not counts or counts[0] <= self._fame_bound:
            return None
        clear = len(counts) == 1 or counts[0] >= _ROLE_DOMINANCE * counts[1]
        return bearers[0] if clear else None

    @cached_property
    def _long_surnames(self) -> Spellings:
        return Spellings(key[0] for key in self._surnames if len(key) == 1 and len(key[0]) > 5)

    @cached_property
    def _squashed_keys(self) -> tuple[str, ...]:
        return tuple(self._squashed)

    def spot(self, text: str) -> tuple[NameMatch, ...]:
        """People in order; full names before families before surnames, longest first.

        Spans never overlap, but for "the Coens": two people who share one.
        """
        scene = Scene(text[:_TEXT_LIMIT], tokenise(text[:_TEXT_LIMIT]))
        found: list[tuple[int, int, str, float]] = []
        readings = (*self._full(scene), *self._misspelled(scene))
        for first, last, name, confidence in readings:
            if all(last < other[0] or first > other[1] for other in found):
                found.append((first, last, name, confidence))
        families = [one for one in self._families(scene) if not _covers(found, one[0], one[1])]
        found += families
        for first, last, name, confidence in self._by_surname(scene):
            if not _covers(found, first, last):
                found.append((first, last, name, confidence))
        return tuple(
            NameMatch(
                name=name,
                confidence=round(confidence, 3),
                start=scene.tokens[first].start,
                end=_without_possessive(
                    scene.text, scene.tokens[first].start, scene.tokens[last].end
                ),
            )
            for first, last, name, confidence in sorted(found)
        )

    def full_name_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of correctly spelled full names."""
        scene = Scene(text, tokenise(text))
        return [
            (scene.tokens[first].start, scene.tokens[last].end)
            for first, last, _, _ in self._full(scene)
        ]

    def closest(self, name: str, limit: int = 3) -> tuple[str, ...]:
        """Catalog names most like `name`, best first; () when nothing is near."""
        key = "".join(token.form for token in tokenise(name))
        near = process.extract(
            key,
            self._squashed_keys,
            scorer=OSA.normalized_similarity,
            score_cutoff=0.6,
            limit=limit,
        )
        surname = self._surnames.get(tuple(token.form for token in tokenise(name)))
        found = [surname] if surname is not None else []
        return tuple(dict.fromkeys([*found, *(self._squashed[match] for match, _, _ in near)]))[
            :limit
        ]

    def resolve(self, name: str) -> str | None:
        """The catalog person that `name` plainly means: same letters, a typo, a lone surname."""
        match = self.match(name)
        return match.name if match is not None else None

    def match(self, name: str, *, threshold: float = MIN_PERSON_CONFIDENCE) -> NameMatch | None:
        """The person meant by the whole of `name`; None when no name reaches the threshold.

        Confidence is 1 for the same letters, 0.85 for a surname with one clear bearer, else the
        share of letters that are right. Equally near names: the person with more items.
        """
        key = tuple(token.form for token in tokenise(name[:_NAME_LIMIT]))
        exact = self._names.get(key) or self._squashed.get("".join(key))
        if exact is not None:
            found = [(1.0, exact)]
        elif key in self._surnames:
            found = [(_SURNAME_CONFIDENCE, self._surnames[key])]
        else:
            found = self._near(key)
        best = max(found, key=lambda hit: (hit[0], self._items_of[hit[1]]), default=(0.0, ""))
        if not best[1] or best[0] < threshold:
            return None
        return NameMatch(name=best[1], confidence=round(best[0], 3), end=len(name))

    def _near(self, key: Sequence[str]) -> list[tuple[float, str]]:
        """Full names with typing errors anywhere: letters, swapped neighbours, spaces."""
        squashed = "".join(key)
        if len(key) < 2 and len(squashed) < _MIN_SQUASHED:
            return []
        near = self._spellings.near(squashed, edits_allowed(len(squashed)))
        # two real names a letter apart are two people: "Michele" is no misspelt "Michelle"
        factor = _REAL_NAMES if all(word in self._words for word in key) else 1.0
        found = [
            (1 - distance / max(len(squashed), len(other)), self._squashed[other])
            for other, distance in near
        ]
        for position in range(len(key)):
            for other in self._one_word_wrong(key, position):
                closeness = OSA.normalized_similarity(squashed, "".join(other))
                found.append((closeness, self._names[other]))
        return [(closeness * factor, other) for closeness, other in found]

    def _full(self, scene: Scene) -> Iterable[tuple[int, int, str, float]]:
        forms = _forms(scene)
        for length in (5, 4, 3, 2):
            for first in range(len(forms) - length + 1):
                window, last = forms[first : first + length], first + length - 1
                name = self._squashed.get("".join(window)) or self._turned(window)
                if name is None and length == 2 and window[0] in _SHORT_FOR:
                    name = self._names.get((_SHORT_FOR[window[0]], window[1]))
                if name is not None and not self._is_doubtful(scene, window, name, first):
                    yield first, last, name, 1.0

    def _turned(self, window: Sequence[str]) -> str | None:
        """A name said with the family name first or last: "Wong Kar Wai" for Kar-Wai Wong."""
        if len(window) != 3 or any(is_everyday(word) for word in window):
            return None
        for turned in ((*window[1:], window[0]), (window[-1], *window[:-1])):
            if (name := self._names.get(turned)) is not None:
                return name
        return None

    def _is_doubtful(self, scene: Scene, window: Sequence[str], name: str, first: int) -> bool:
        """True for a name that may be a place or mere words: "from Hong Kong", "the rock"."""
        if tuple(window) in self._given:
            return True  # "the rock" is no credit of that name
        placed = _cued(scene, first, _PLACING | {"from"})
        if placed and self._fame_of[name] < _LITTLE_KNOWN:
            return True
        mere = all(is_everyday(word) for word in window) and self._fame_of[name] < _LITTLE_KNOWN
        return mere and not _cued(scene, first, _CREDITS | _COMPANY)

    def _misspelled(self, scene: Scene) -> Iterable[tuple[int, int, str, float]]:
        forms = _forms(scene)
        for length in (4, 3, 2):
            for first in range(len(forms) - length + 1):
                window = tuple(forms[first : first + length])
                best = self._closest_key(window)
                if best is not None:
                    closeness = OSA.normalized_similarity(" ".join(window), " ".join(best))
                    yield first, first + length - 1, self._names[best], 0.95 * closeness

    def _closest_key(self, window: Sequence[str]) -> tuple[str, ...] | None:
        fitting = []
        for position, word in enumerate(window):
            rest = [other for at, other in enumerate(window) if at != position]
            if len(word) < 3 or all(is_everyday(other) for other in rest) or is_everyday(word):
                continue
            for key in self._one_word_wrong(window, position):
                distance = OSA.distance(word, key[position])
                fitting.append((distance, -self._items_of[self._names[key]], key))
        return min(fitting)[2] if fitting else None

    def _by_surname(self, scene: Scene) -> Iterable[tuple[int, int, str, float]]:
        forms = _forms(scene)
        for length in (3, 2, 1):
            for first in range(len(forms) - length + 1):
                window = tuple(forms[first : first + length])
                last = first + length - 1
                cue = scene.tokens[first - 1].form if first else ""
                name = self._in_role(window, cue) if cue in _MAKING | _PLAYING else None
                name = name or self._surnames.get(window)
                given = self._given.get(window)
                if name is not None and _stands_alone(scene, window, first, last):
                    yield first, last, name, _SURNAME_CONFIDENCE
                elif given is not None and _is_addressed(scene, window, first, last):
                    yield first, last, given, _SURNAME_CONFIDENCE
                elif length == 1 and (several := self._of_several(scene, window[0], first)):
                    yield first, last, several, _SURNAME_CONFIDENCE
                elif name is None and length == 1:
                    yield from self._misspelled_surname(scene, window[0], first)

    def _of_several(self, scene: Scene, word: str, first: int) -> str | None:
        """Whose films are meant by "two Hitchcocks", "some old Kubricks"."""
        counted = first and (
            _cued(scene, first, _SOME)
            or (_cued(scene, first, _AGES) and first > 1 and scene.tokens[first - 2].form in _SOME)
        )
        if not counted or not word.endswith("s") or len(word) < 6 or is_everyday(word):
            return None
        return self._surnames.get((word[:-1],))

    def _families(self, scene: Scene) -> list[tuple[int, int, str, float]]:
        """People who work together under one name: "the Coens", "the Wachowski sisters"."""
        found: list[tuple[int, int, str, float]] = []
        for first, token in enumerate(scene.tokens):
            last = first
            word = token.form
            if first + 1 < len(scene.tokens) and scene.tokens[first + 1].form in _SIBLINGS:
                last = first + 1
            elif word.endswith("s") and first and scene.tokens[first - 1].form == "the":
                word = word[:-1]
            else:
                continue
            if len(word) < 4 or (last == first and is_everyday(token.form)) or is_everyday(word):
                continue
            found += [(first, last, name, _SURNAME_CONFIDENCE) for name in self._together(word)]
        return found

    def _together(self, surname: str) -> tuple[str, ...]:
        """The two bearers of a surname who share the most items, the busier first; () for no such two."""
        bearers = self._bearers.get((surname,), [])[:_MOST_BEARERS]
        if len(bearers) < 2:
            return ()
        wanted = frozenset(bearers)
        shared = Counter(
            pair
            for people in self._casts
            if len(both := sorted(wanted.intersection(people))) > 1
            for pair in combinations(both, 2)
        )
        pair, count = max(shared.items(), key=lambda hit: (hit[1], hit[0]), default=((), 0))
        return tuple(sorted(pair, key=bearers.index)) if count >= _TOGETHER else ()

    def _misspelled_surname(
        self, scene: Scene, word: str, first: int
    ) -> Iterable[tuple[int, int, str, float]]:
        if (
            len(word) < 6
            or is_everyday(word)
            or not _cued(scene, first, _CREDITS | {"with", "without"})
        ):
            return
        if scene.tokens[min(first + 1, len(scene.tokens) - 1)].capital and first + 1 < len(
            scene.tokens
        ):
            return  # a first name of somebody else
        near = self._long_surnames.near(word, edits_allowed(len(word)), other_first_letter=False)
        if near:
            yield first, first, self._surnames[(near[0][0],)], 0.7


def _covers(found: Iterable[tuple[int, int, str, float]], first: int, last: int) -> bool:
    return any(first <= other[1] and other[0] <= last for other in found)


def _forms(scene: Scene) -> list[str]:
    """Token forms with a possessive s taken off: "Hitchcock's" → "hitchcock"."""
    forms = []
    for token in scene.tokens:
        raw = scene.text[token.start : token.end]
        forms.append(token.form[:-1] if re.search(r"['’]s$", raw) else token.form)
    return forms


def _stands_alone(scene: Scene, window: Sequence[str], first: int, last: int) -> bool:
    if not scene.ends_phrase(last) and scene.tokens[last + 1].capital and not scene.shouted:
        return False  # "Scott Glenn" is not Ridley Scott
    credited = _cued(scene, first, _CREDITS | _COMPANY)
    follows = first > 0 and not credited and not scene.opens_sentence(first - 1)
    if follows and scene.tokens[first].capital and scene.tokens[first - 1].capital:
        return False  # another first name
    if len(window) == 1 and (window[0] in _STUDIOS or _cued(scene, first, _PLACING)):
        return False
    if len(window) == 1 and (is_everyday(window[0]) or len(window[0]) < 4):
        return _cued(scene, first, _CREDITS) and (scene.tokens[first].capital or len(window[0]) > 3)
    named = scene.tokens[first].capital and not scene.shouted
    return named or credited or len("".join(window)) > 6


def _is_addressed(scene: Scene, window: Sequence[str], first: int, last: int) -> bool:
    """True where a first name or a nickname stands for a person: after "with", or as a sentence by itself."""
    if last + 1 < len(scene.tokens) and not scene.ends_phrase(last):
        return False
    if _cued(scene, first, _CREDITS | {"with", "without", "not", "or", "more"}):
        return True
    alone = scene.opens_sentence(first) and re.match(
        r"\s*(?:[.!,]|$)", scene.text[scene.tokens[last].end :]
    )
    return len(window) == 1 and bool(alone) and scene.tokens[first].capital


def _as_spoken(key: tuple[str, ...]) -> tuple[str, ...]:
    """A name without middle initials and "Jr.": "Samuel Jackson", "Robert Downey"."""
    kept = key[:-1] if len(key) > 2 and key[-1] in _ENDINGS else key
    if len(kept) < 3:
        return kept
    return (kept[0], *(word for word in kept[1:-1] if len(word) > 1), kept[-1])


def _fame_in_roles(
    catalog: Catalog, popularity: np.ndarray | None
) -> dict[str, defaultdict[str, float]]:
    """Fame of people as those who make items and as those who play in them."""
    makes: defaultdict[str, float] = defaultdict(float)
    plays: defaultdict[str, float] = defaultdict(float)
    for row, item in enumerate(catalog):
        weight = 1.0 if popularity is None else 1.0 + float(popularity[row])
        for name in item.directors:
            makes[name] += weight
        for place, name in enumerate(item.cast):
            plays[name] += weight / (1 + place)
    return {"makes": makes, "plays": plays}


def _cued(scene: Scene, first: int, cues: frozenset[str]) -> bool:
    return first > 0 and scene.tokens[first - 1].form in cues


def _without_possessive(text: str, start: int, end: int) -> int:
    match = re.search(r"['’]s$", text[start:end])
    return end - 2 if match is not None else end


class GenreIndex:
    """Genre names of the catalog with simple inflections and a typing error in long ones."""

    def __init__(self, genres: Sequence[str]) -> None:
        self._by_key: dict[str, str] = {}
        for genre in genres:
            forms = tuple(token.form for token in tokenise(genre))
            for variant in _inflections(forms):
                self._by_key.setdefault(variant, genre)

    def __contains__(self, text: str) -> bool:
        return "".join(token.form for token in tokenise(text)) in self._by_key

    def resolve(self, text: str) -> str | None:
        """The catalog genre that the whole text names; None when there is none."""
        key = "".join(token.form for token in tokenise(text))
        return self._by_key.get(key) or self._misspelled(key)

    def spot(self, text: str) -> tuple[NameMatch, ...]:
        """Non-overlapping genres in order of appearance, longest first."""
        tokens = tokenise(text[:_TEXT_LIMIT])
        found: list[tuple[int, int, str, float]] = []
        for length in (3, 2, 1):
            for first in range(len(tokens) - length + 1):
                last = first + length - 1
                if any(first <= other[1] and other[0] <= last for other in found):
                    continue
                key = "".join(token.form for token in tokens[first : last + 1])
                genre, confidence = self._by_key.get(key), 1.0
                if genre is None and length == 1 and not is_everyday(key):
                    genre, confidence = self._misspelled(key), 0.85
                if genre is not None:
                    found.append((first, last, genre, confidence))
        return tuple(
            NameMatch(
                name=genre,
                confidence=confidence,
                start=tokens[first].start,
                end=tokens[last].end,
            )
            for first, last, genre, confidence in sorted(found)
        )

    def _misspelled(self, key: str) -> str | None:
        if len(key) < 5:
            return None
        cutoff = 1 if len(key) < 8 else 2
        near = process.extractOne(key, list(self._by_key), scorer=OSA.distance, score_cutoff=cutoff)
        if near is None or near[0][0] != key[0] or len(near[0]) < 5:
            return None
        return self._by_key[near[0]]


def _inflections(forms: Sequence[str]) -> Iterable[str]:
    """Squashed singular and plural forms: comedy, comedies; thriller, thrillers; westerns."""
    key = "".join(forms)
    yield key
    if not key:
        return
    if key.endswith("y") and key[-2:-1] not in "aeiou":
        yield key[:-1] + "ies"
    yield key if key.endswith("s") else key + "s"
    if key.endswith("s") and len(key) > 4:
        yield key[:-1]
