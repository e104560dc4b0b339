"""Messages in a context, each with the parse that a model shall write for it.

A message is drawn first (a request, or a follow-up on what stands in the conversation), with its
parse; then it is roughened as people type (case, typing errors, politeness, a story around it). Errors hit
a word wherever it stands, in the message and in the parse, so names in a parse are always
copies of the person's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...planning.parse import (
    KINDS,
    LONGEST_NAME,
    LONGEST_WORDS,
    MOST_NAMES,
    MessageParse,
    ParseContext,
)
from .banks import Banks, Turn
from .dates import say_years
from .phrases import NOTHING_MEANT, Keys, Phrase, Scene, Speaker
from .roughening import Roughener

_LONGEST_MESSAGE = 420
_POST = ("years", "people", "like", "topic", "who", "like_two")
_TAILS = (
    "demands",
    "less_topic",
    "no_kind",
    "less_tail",
    "mood_tail",
    "years",
    "no_people",
    "unlike",
    "people",
    "like",
    "topic",
)
_TAIL_SHARES = np.array([8, 5, 4, 6, 3, 4, 2, 2, 2, 2, 2], dtype=float)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One training example: what the model is shown, and what it shall write."""

    context: ParseContext
    message: str
    parse: MessageParse


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A message before it is roughened."""

    act: str
    phrase: Phrase
    drop: tuple[str, ...] = ()


class PairMaker:
    """Draws pairs; the same seed and lists give the same pairs.

    Args:
        banks: The phrases.
        titles: Titles with years, for names in messages and for slates.
        generator: Decides everything.
    """

    def __init__(
        self, banks: Banks, titles: Sequence[tuple[str, int | None]], generator: np.random.Generator
    ) -> None:
        self._banks = banks
        self._generator = generator
        self._speaker = Speaker(banks, titles, generator, self._noun_phrase)
        self._roughener = Roughener(generator)
        self._weights = np.array([turn.weight for turn in banks.turns], dtype=float)

    def pairs(self, count: int) -> list[Pair]:
        """That many pairs."""
        made: list[Pair] = []
        while len(made) < count:
            pair = self._pair()
            if pair is not None:
                made.append(pair)
        return made

    # ---- one pair --------------------------------------------------------------------------

    def _pair(self) -> Pair | None:
        """A pair, or None when the draw came out too long."""
        scene, asked = self._scene()
        self._speaker.scene = scene
        drawn = self._drawn(scene)
        if len(drawn.phrase.text) > _LONGEST_MESSAGE:
            return None
        if not _is_writable(drawn.phrase.names):
            return None
        message, names = drawn.phrase.text, dict(drawn.phrase.names)
        if drawn.act != "unknown":  # gibberish is rough already
            message, names = self._roughener.rough(message, names)
        values = {
            "act": drawn.act,
            **names,
            "years": drawn.phrase.years,
            "count": drawn.phrase.count,
            "drop": drawn.drop,
        }
        parse = MessageParse.model_validate(values)
        return Pair(context=_context(scene, asked), message=message, parse=parse)

    def _drawn(self, scene: Scene) -> _Drawn:
        speaker = self._speaker
        if not scene.shown or speaker.chance(0.22):
            return self._fresh(scene) if speaker.chance(0.8) else self._turn(scene)
        return self._turn(scene)

    # ---- requests --------------------------------------------------------------------------

    def _fresh(self, scene: Scene) -> _Drawn:
        """A request of its own; on a standing wish it is a new topic when it names one."""
        speaker = self._speaker
        draw = speaker.whole(0, 99)
        if draw < 14:
            phrase = speaker.from_bank("terse")
        elif draw < 28:
            phrase = self._vague()
        elif draw < 31:
            phrase = speaker.from_bank("wide")
        elif draw < 45:
            phrase = self._with_request(speaker.one_of(self._banks["opinions"]), Keys())
        elif draw < 51:
            phrase = self._with_request(speaker.one_of(self._banks["aside"]), NOTHING_MEANT)
        else:
            phrase = self._request()
        if scene.wish and speaker.chance(0.35):
            phrase = Phrase(text=f"{speaker.one_of(self._banks['turn_to'])} ").joined(phrase, "")
            return _Drawn(act="new", phrase=phrase)
        named = any(phrase.names.get(key) for key in ("genres", "people", "like", "words"))
        return _Drawn(act="new" if named or not scene.wish else "refine", phrase=phrase)

    def _vague(self) -> Phrase:
        speaker = self._speaker
        if speaker.chance(0.6):
            return speaker.from_bank("vague")
        words, _, kind = speaker.one_of(self._banks["vague_kinds"]).partition("|")
        phrase = speaker.fill(words)
        return replace(phrase, names={"genres": (kind,)}) if kind else phrase

    def _with_request(self, template: str, keys: Keys) -> Phrase:
        """A template in which {request} is a whole request, meant as such whatever the keys."""
        before, there, after = template.partition("{request}")
        phrase = self._speaker.fill(before, keys)
        if there:
            phrase = phrase.joined(self._request(), "")
            phrase = phrase.joined(self._speaker.fill(after, keys), "")
        return phrase

    def _request(self) -> Phrase:
        speaker = self._speaker
        opening = speaker.one_of(self._banks["open"])
        before, _, after = opening.partition("{np}")
        phrase = Phrase(text=before).joined(self._noun_phrase(), "").joined(Phrase(text=after), "")
        if after.strip() in ("", "please", "pls", ", please"):
            for _ in range(int(self._generator.choice([0, 1, 2, 3], p=[0.35, 0.4, 0.2, 0.05]))):
                phrase = self._with_tail(phrase)
        return phrase

    def _with_tail(self, phrase: Phrase) -> Phrase:
        shares = _TAIL_SHARES / _TAIL_SHARES.sum()
        name = _TAILS[int(self._generator.choice(len(_TAILS), p=shares))]
        tail = self._speaker.slot(name, Keys())
        if set(tail.names) & set(phrase.names) or (tail.years and phrase.years):
            return phrase
        return phrase.joined(tail, self._speaker.one_of((", ", ", ", " ", ". ", " and ")))

    def _noun_phrase(self) -> Phrase:
        """Say what is wanted: a count or an article, things before the noun, the noun, things after it."""
        speaker = self._speaker
        phrase = self._core()
        taken: set[str] = set()
        posts = int(self._generator.choice([0, 1, 2], p=[0.35, 0.5, 0.15]))
        for _ in range(posts):
            name = speaker.one_of(_POST)
            key = {"like_two": "like", "people": "people"}.get(name, name)
            if key in taken or (name == "years" and phrase.years):
                continue
            taken.add(key)
            phrase = phrase.joined(speaker.slot(name, Keys()), " ")
        if posts == 0 and speaker.chance(0.3):
            joint = speaker.one_of(("that ", "that ", "which "))
            phrase = phrase.joined(Phrase(text=joint).joined(speaker.slot("that", Keys()), ""), " ")
        return phrase

    def _core(self) -> Phrase:
        speaker = self._speaker
        if speaker.chance(0.08):
            compound = speaker.from_bank("compounds")
            plural = compound.text.split(" ")[0] in ("films", "movies") or compound.text.endswith(
                "s"
            )
            return compound if plural else Phrase(text="a ").joined(compound, "")
        if speaker.chance(0.3):
            thing = speaker.from_bank("thing")
            if thing.text in ("something", "anything") and speaker.chance(0.6):
                return thing.joined(speaker.before_noun(Keys()), " ")
            return thing
        counted = speaker.chance(0.14)
        plural = counted or speaker.chance(0.25)
        noun = speaker.slot("nouns" if plural else "noun", Keys())
        if speaker.chance(0.5):
            noun = speaker.before_noun(Keys()).joined(noun, " ")
            if speaker.chance(0.12):
                noun = speaker.from_bank("mood").joined(noun, ", ")
        if counted:
            return speaker.slot("count", Keys()).joined(noun, " ")
        if not plural and speaker.chance(0.12):
            start = speaker.one_of(("one ", "one good ", "just one "))
            return Phrase(text=start, count=1).joined(noun, "")
        start = speaker.one_of(("", "some ", "some good ") if plural else ("a ", "a ", "a good "))
        if start == "a " and noun.text[:1].lower() in "aeio":
            start = "an "
        return Phrase(text=start).joined(noun, "")

    # ---- follow-ups ------------------------------------------------------------------------

    def _turn(self, scene: Scene) -> _Drawn:
        able = np.array([self._fits(turn, scene) for turn in self._banks.turns])
        shares = self._weights * able
        turn = self._banks.turns[int(self._generator.choice(len(able), p=shares / shares.sum()))]
        line, *stated = self._speaker.one_of(turn.lines).split("|")
        keys = Keys(kind=turn.kind, person=turn.person, title=turn.title, point=turn.point)
        phrase = self._speaker.fill(line, keys)
        for statement in (one for part in stated for one in part.split(";")):
            key, _, values = statement.partition("=")
            phrase = replace(phrase, names={**phrase.names, key: tuple(values.split(","))})
        if turn.years:
            phrase = replace(phrase, years=turn.years)
        act = turn.act
        if act == "feedback" and scene.shown and self._speaker.chance(0.25):
            return self._opinion_and_more(phrase)
        drop = tuple(slot for slot in turn.drop if scene.wish.get(slot))
        return _Drawn(act=act, phrase=phrase, drop=drop)

    def _opinion_and_more(self, phrase: Phrase) -> _Drawn:
        """Say "I've seen the second one, show me another": more, with the opinion in it."""
        tails = (
            ", something else",
            ", what else?",
            ". another one please",
            ". show me others",
            ", next",
            ", others?",
        )
        return _Drawn(
            act="more", phrase=phrase.joined(Phrase(text=self._speaker.one_of(tails)), "")
        )

    @staticmethod
    def _fits(turn: Turn, scene: Scene) -> bool:
        if turn.needs == "slate":
            return bool(scene.shown)
        if turn.needs == "focus":
            return bool(scene.focus)
        if turn.needs == "wish":
            return bool(scene.wish)
        return bool(not turn.needs or scene.wish.get(turn.needs))

    # ---- what stands -----------------------------------------------------------------------

    def _scene(self) -> tuple[Scene, bool]:
        """Nothing at all in four of ten; else a wish, mostly a slate, now and then a focus."""
        speaker = self._speaker
        if speaker.chance(0.36):
            return Scene(), speaker.chance(0.05)
        wish = self._wish()
        shown = ()
        if speaker.chance(0.95):
            shown = tuple(
                speaker.shown_title()
                for _ in range(speaker.whole(4, 6) if speaker.chance(0.85) else speaker.whole(1, 3))
            )
        focus = speaker.one_of(shown) if shown and speaker.chance(0.6) else ""
        return Scene(shown=shown, focus=focus, wish=wish), speaker.chance(0.12)

    def _wish(self) -> Mapping[str, tuple[str, ...]]:
        speaker = self._speaker
        wish: dict[str, tuple[str, ...]] = {}
        if speaker.chance(0.6):
            kinds = self._generator.choice(
                len(KINDS), size=1 if speaker.chance(0.75) else 2, replace=False
            )
            wish["genres"] = tuple(KINDS[int(kind)] for kind in kinds)
        if speaker.chance(0.12):
            wish["not"] = tuple({speaker.one_of(KINDS)} - set(wish.get("genres", ())))
        if speaker.chance(0.35):
            _, bounds = say_years(speaker.one_of(self._banks["years"]), self._generator)
            wish["years"] = (years_text(*bounds),)
        if speaker.chance(0.15):
            wish["people"] = (speaker.person(),)
        if speaker.chance(0.06):
            wish["without"] = (speaker.person(),)
        if speaker.chance(0.3):
            wish["like"] = (speaker.shown_title(),)
        if speaker.chance(0.3):
            wish["words"] = speaker.from_bank("mood" if speaker.chance(0.5) else "about").names[
                "words"
            ][:2]
        if speaker.chance(0.12):
            wish["less"] = (speaker.one_of(self._banks["less_like"]),)
        if speaker.chance(0.08):
            wish["count"] = (str(speaker.whole(1, 5)),)
        return {key: values for key, values in wish.items() if values}


def years_text(low: int | None, high: int | None) -> str:
    """Year bounds as the state line writes them; "" when both are open."""
    if low is None and high is None:
        return ""
    return f"{low or ''}-{high or ''}"


def _is_writable(names: Mapping[str, tuple[str, ...]]) -> bool:
    """False when a parse has no room for it, or it asks for what it refuses."""
    if any(len(values) > MOST_NAMES for values in names.values()):
        return False
    for key, values in names.items():
        longest = LONGEST_WORDS if key in ("words", "less") else LONGEST_NAME
        if any(len(value) > longest for value in values):
            return False
    return not {*names.get("genres", ())} & {*names.get("not", ())}


def _context(scene: Scene, asked: bool) -> ParseContext:
    wish = {key: ", ".join(values) for key, values in scene.wish.items()}
    return ParseContext(wish=wish, shown=scene.shown, focus=scene.focus, asked=asked)
