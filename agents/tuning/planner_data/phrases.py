"""Putting phrases together: every slot gives words and, with them, what a parse says about these words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...planning.parse import KINDS
from .banks import Banks, TitleKey
from .dates import Bounds, say_years

_SLOT = re.compile(r"\{(?P<slot>\w+)(?::(?P<kind>[\w-]+))?\}|\[(?P<word>[^\]]+)\]")
_BRACKETS = re.compile(r"\[([^\]]+)\]")
_TITLE_SLOTS = ("liked", "disliked", "seen")


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words with their meaning.

    Attributes:
        text: The words.
        names: Keys of a parse with the values these words state, in order of speech.
        years: Bounds or a direction; None when no years are said.
        count: Items asked for.
    """

    text: str
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    years: Bounds | Literal["newer", "older"] | None = None
    count: int | None = None

    def joined(self, other: Phrase, between: str) -> Phrase:
        """Both, one after the other."""
        return replace(_sum([self, other]), text=f"{self.text}{between}{other.text}")


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which key of a parse the slots of a template fill; "" = said and not meant."""

    kind: Literal["genres", "not", ""] = "genres"
    person: Literal["people", "without", ""] = "people"
    title: TitleKey | Literal[""] = "like"
    point: TitleKey = "like"


NOTHING_MEANT = Keys(kind="", person="", title="")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What stands in the conversation: titles shown, the one in focus, and the wish by key."""

    shown: tuple[str, ...] = ()
    focus: str = ""
    wish: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Speaker:
    """Fills templates from the banks.

    Args:
        banks: The phrases.
        titles: Titles with years; named at random.
        generator: Decides everything.
        noun_phrase: Makes the slot "np", which is not a matter of one bank.
    """

    def __init__(
        self,
        banks: Banks,
        titles: Sequence[tuple[str, int | None]],
        generator: np.random.Generator,
        noun_phrase: Callable[[], Phrase],
    ) -> None:
        self._noun_phrase = noun_phrase
        self.banks = banks
        self._titles = titles
        self._generator = generator
        self.scene = Scene()

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self._generator.random() < probability)

    def one_of(self, choices: Sequence[str]) -> str:
        """One of them, evenly."""
        return choices[int(self._generator.integers(len(choices)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self._generator.integers(low, high + 1))

    def from_bank(self, name: str, keys: Keys = Keys()) -> Phrase:
        """A filled template of one bank."""
        return self.fill(self.one_of(self.banks[name]), keys)

    def fill(self, template: str, keys: Keys = Keys()) -> Phrase:
        """The template with all slots filled; bracketed words become `words`."""
        parts: list[Phrase] = []
        end = 0
        for match in _SLOT.finditer(template):
            parts.append(Phrase(text=template[end : match.start()]))
            parts.append(self._filled(match, keys))
            end = match.end()
        parts.append(Phrase(text=template[end:]))
        return _with_articles(_sum(parts))

    def _filled(self, match: re.Match[str], keys: Keys) -> Phrase:
        if match["word"]:
            return Phrase(text=match["word"], names={"words": (match["word"],)})
        if match["kind"]:
            return self._kind(match["slot"], match["kind"], keys)
        return self.slot(match["slot"], keys)

    def slot(self, name: str, keys: Keys) -> Phrase:
        """The words for one slot.

        Raises:
            ValueError: No such slot.
        """
        for maker in (self._kind_slot, self._name_slot, self._pointing_slot, self._word_slot):
            made = maker(name, keys)
            if made is not None:
                return made
        if name in self.banks.phrases:
            return self.from_bank(name, keys)
        raise ValueError(f"no slot is called {name!r}")

    # ---- kinds -----------------------------------------------------------------------------

    def _kind_slot(self, name: str, keys: Keys) -> Phrase | None:
        if name in ("one", "a_one", "many") and self.chance(0.12):
            words, genres = self.one_of(
                self.banks["pairs_many" if name == "many" else "pairs"]
            ).split("|")
            text = f"a {words}" if name == "a_one" else words
            kept = {keys.kind: tuple(genres.split(","))} if keys.kind else {}
            return Phrase(text=text, names=kept)
        if name in ("one", "many", "adj", "a_one", "that"):
            return self._kind(name, self.one_of(KINDS), keys)
        if name == "who":
            return self._kind("who", "Children", keys)
        if name in ("wish_adj", "a_wish"):
            genres = self.scene.wish.get("genres") or ("Comedy",)
            bank = self.banks.kinds[genres[0]]
            text = self.one_of(bank.like) if name == "wish_adj" else f"a {self.one_of(bank.one)}"
            return Phrase(text=_BRACKETS.sub(r"\1", text))
        return None

    def _kind(self, name: str, kind: str, keys: Keys) -> Phrase:
        bank = self.banks.kinds[kind]
        lines = {
            "one": bank.one, "a_one": bank.one, "many": bank.many, "adj": bank.like, "that": bank.that, "who": bank.who,
        }[name]  # fmt: skip
        line = self.one_of(lines)
        text = _BRACKETS.sub(r"\1", line)
        return Phrase(
            text=f"a {text}" if name == "a_one" else text,
            names=_meaning(kind, _BRACKETS.findall(line), keys.kind),
        )

    # ---- names -----------------------------------------------------------------------------

    def _name_slot(self, name: str, keys: Keys) -> Phrase | None:
        if name in ("title", "title2"):
            return self._named(keys.title, self.title())
        if name in _TITLE_SLOTS:
            return self._named(name, self.title())
        if name == "liked_like":
            return self._named("like", self.title())
        if name in ("both", "both2", "both3"):
            title = self.title()
            return Phrase(text=title, names={"like": (title,), "liked": (title,)})
        if name == "ignored":
            return Phrase(text=self.title())
        if name in ("shown", "shown2"):
            return self._named(keys.title, self._cut_title(self.one_of(self.scene.shown)))
        if name == "person":
            person = self.person()
            return Phrase(text=person, names={keys.person: (person,)} if keys.person else {})
        if name == "wish_person":
            return Phrase(text=(self.scene.wish.get("people") or ("Tom Hanks",))[0])
        if name == "no_people":
            return self.from_bank("no_people", replace(keys, person="without"))
        if name == "unlike":
            return self.from_bank("unlike", replace(keys, title="unlike"))
        if name == "no_kind":
            return self.from_bank("no_kind", replace(keys, kind="not"))
        return None

    def _named(self, key: str, title: str) -> Phrase:
        return Phrase(text=title, names={key: (title,)} if key else {})

    def title(self) -> str:
        """A title as people write it: now and then cut, with its year, or made up."""
        if self.chance(0.1):
            frame = self.one_of(self.banks["title_frames"])
            parts = self.banks["title_parts"]
            return frame.format(a=self.one_of(parts), b=self.one_of(parts))
        title, year = self._titles[self.whole(0, len(self._titles) - 1)]
        if year is not None and self.chance(0.06):
            return f"{title} ({year})"
        return self._cut_title(title)

    def shown_title(self) -> str:
        """A title as the catalog writes it."""
        return self._titles[self.whole(0, len(self._titles) - 1)][0]

    def _cut_title(self, title: str) -> str:
        if ":" in title and len(title.split(":")[0]) > 4 and self.chance(0.5):
            title = title.split(":")[0]
        if title.startswith("The ") and len(title) > 9 and self.chance(0.2):
            title = title[4:]
        return title

    def person(self) -> str:
        """A well-known name, a surname alone, or a made-up one."""
        if self.chance(0.2):
            return f"{self.one_of(self.banks['first'])} {self.one_of(self.banks['last'])}"
        name = self.one_of(self.banks["stars"])
        if self.chance(0.12) and " " in name and not name.startswith("the "):
            return name.split()[-1] if name.split()[-1] != "Jr." else name
        return name

    # ---- pointing, words, numbers ----------------------------------------------------------

    def _pointing_slot(self, name: str, keys: Keys) -> Phrase | None:
        if name not in ("point", "point2"):
            return None
        lines = self.banks["pointing" if name == "point" else "pointing_two"]
        words, places = self.one_of(lines).split("|")
        count = len(self.scene.shown)
        places = places.replace("#-2", f"#{max(1, count - 1)}")
        return Phrase(text=words, names={keys.point: tuple(places.split(","))})

    def _word_slot(self, name: str, keys: Keys) -> Phrase | None:
        if name == "less" and self.chance(0.5):
            name = "less_of"
        elif name == "less":
            name = "less_like"
        if name in ("less_of", "less_like"):
            word = self.one_of(self.banks[name])
            return Phrase(text=word, names={"less": (word,)})
        if name in ("less_about", "less_mood", "less_language"):
            return self._shunned(name)
        if name in ("less_about_plain", "ignored_about", "mood_plain"):
            bank = "mood" if name == "mood_plain" else "about"
            return Phrase(text=self.from_bank(bank).text)
        if name == "topic_word":
            words = self.from_bank("about").names["words"]
            return Phrase(
                text=words[0].removesuffix("s"), names={"words": (words[0].removesuffix("s"),)}
            )
        if name == "np":
            return self._noun_phrase()
        if name == "years":
            return self.years("years")
        if name in ("count", "count_words"):
            words, number = self.one_of(self.banks["count_words"]).split("|")
            return Phrase(text=words, count=int(number))
        if name == "pre":
            return self.before_noun(keys)
        if name in ("noun", "nouns"):
            generic = self.chance(0.25)
            bank = "generics" if name == "nouns" else "generic"
            return (
                self.from_bank(bank)
                if generic
                else self.slot("many" if name == "nouns" else "one", keys)
            )
        return None

    def _shunned(self, name: str) -> Phrase:
        """A topic, mood or language that there should be less of."""
        if name == "less_language":
            word = self.one_of(self.banks["languages"])
            return Phrase(text=word, names={"less": (word,)})
        phrase = self.from_bank("about" if name == "less_about" else "mood")
        return replace(phrase, names={"less": phrase.names["words"]})

    def years(self, bank: str) -> Phrase:
        """Years in words, with their bounds."""
        text, bounds = say_years(self.one_of(self.banks[bank]), self._generator)
        return Phrase(text=text, years=bounds)

    def before_noun(self, keys: Keys) -> Phrase:
        """One thing that stands before a noun."""
        draw = self.whole(0, 9)
        if draw < 3:
            return self.years("years_before")
        if draw < 4:
            return self.from_bank("years_soft", keys)
        return self.slot("adj", keys) if draw < 6 else self.from_bank("mood", keys)


def _meaning(kind: str, words: Sequence[str], key: str) -> dict[str, tuple[str, ...]]:
    """A kind with what narrows it: "zombie movies" are Horror, and refused they are only less of zombies."""
    if not key:
        return {}
    if not words:
        return {key: (kind,)}
    return {"less": tuple(words)} if key == "not" else {key: (kind,), "words": tuple(words)}


def _sum(parts: Iterable[Phrase]) -> Phrase:
    names: dict[str, tuple[str, ...]] = {}
    text, years, count = "", None, None
    for part in parts:
        text += part.text
        years = part.years if part.years is not None else years
        count = part.count if part.count is not None else count
        for key, values in part.names.items():
            names[key] = tuple(dict.fromkeys((*names.get(key, ()), *values)))
    return Phrase(text=text, names=names, years=years, count=count)


def _with_articles(phrase: Phrase) -> Phrase:
    """Say "an" before vowels."""
    return replace(phrase, text=re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", phrase.text))
