"""The reader: one message and the state before it in, one `Reading` out. Pure, no model.

Order: clean the text, take out attempts to command the machine, find names (titles, people) and mask
them, find pointing ("the second one"), years, facts we don't have, kinds and moods, counts; then decide
what the message does (`deciding`), and merge what it wishes into the old wish (`merging` states that rule).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cached_property

from rec_core import Recommender

from ..answering import DIRECTING
from ..state import ConversationState
from . import intents
from .ages import ages_of_children
from .deciding import INTENT_OF, Decider
from .drafting import SET_PHRASES, draft_rest, draft_words
from .entities import EntityFinder, without_marks
from .lexicon import Lexicon, Match
from .makers import asks_for_others, is_wanted_as_director, people_pointed_at
from .merging import YearChange
from .numbers import MOST_ITEMS, at_a_time, holds_for_all, read_count
from .parsing import Parse
from .polarity import polarity_at, read_cues
from .reading import Act, Reading
from .references import read_references
from .roles import assign_roles, follows_similarity, judging_spans
from .text import REFERENCE_MARK, TITLE_MARK, Span, Utterance, clean, overlaps, words_of
from .timing import catalog_span, year_change
from .years import read_years

_PROSE_SHARE = 0.3
# "(the Clooney one)": the person tells which version of a title is meant
_PICKS_VERSION = re.compile(r"[\ue000]+.{0,30}\bthe\s*$")
# "not Star Wars", and then "or Star Trek": the refusal goes on
_GOES_ON = re.compile(
    rf"^(?:or|nor|and not|neither)(?: the)? {TITLE_MARK}+(?: (?:either|for that matter|please))?\W*$"
)
_SWAPPED = re.compile(r"\b(?:swap|replace|trade|switch)(?: out)? $")
_VERSION = re.compile(r"(?:'s)? (?:one|version|remake)\b")
_CORRECTION = re.compile(
    r"(?<=\w)[ .,!;-]+(?:no,? wait|wait,? no|actually|or rather|i meant?|on second thoughts?|no,? make (?:it|that)|(?:idk|nah|lol|whatever|nvm)[ ,]+(?:\w+ )?just(?: give| show)?(?: me)?)\b"
)


class Reader:
    """Reads requests in words against one catalog.

    Args:
        recommender: Its catalog and search are used; nothing is recommended here.
    """

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        self._catalog = recommender.catalog
        self._decider = Decider(recommender.catalog)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The meanings of words for this catalog."""
        title_words = {
            word for item in self._catalog for word in re.findall(r"\w+", item.title.lower())
        }
        described = sum(bool(item.texts or item.tags) for item in self._catalog)
        has_prose = described >= _PROSE_SHARE * len(self._catalog)
        counts = Counter(genre for item in self._catalog for genre in item.genres)
        return Lexicon(self._catalog.genres, names=title_words, has_prose=has_prose, counts=counts)

    @cached_property
    def _finder(self) -> EntityFinder:
        return EntityFinder(self._recommender, self.lexicon)

    def read(self, text: str, state: ConversationState) -> Reading:
        """Read one message that follows on `state`. Never raises on any text."""
        utterance = clean(text, self.lexicon.typos, self.lexicon.stopwords)
        if not re.search(r"\w", utterance.plain):
            act: Act = "help" if re.fullmatch(r"[?!. ]*\?[?!. ]*", utterance.plain) else "empty"
            return Reading(intent=INTENT_OF[act], act=act, wish=state.wish)
        parse = self._parse(utterance, state)
        reading = self._decider.decide(parse)
        return replace(
            reading,
            notices=(*parse.notices, *reading.notices),
            unknown_titles=parse.entities.unknown_titles,
            unknown_people=parse.entities.unknown_people,
            missing_references=parse.references.missing,
            language=parse.language,
        )

    # ---- finding ---------------------------------------------------------------------------

    def _parse(self, utterance: Utterance, state: ConversationState) -> Parse:
        notices = ["That was long, so I read only the first part."] if utterance.truncated else []
        hostile = intents.hostile_spans(utterance.plain)
        utterance = _blanked(utterance, hostile)
        entities = self._finder.find(utterance, state)
        references = read_references(entities.utterance.plain, state, entities.titles)
        pointing = [(m.start, m.end) for m in references.mentions]
        masked = entities.utterance.masked(pointing, REFERENCE_MARK).masked(
            references.missing_spans
        )
        facts = self.lexicon.match_unsupported(masked.plain)
        oldest, newest = catalog_span(self._catalog)
        years = read_years(masked.plain, oldest=oldest, newest=newest)
        restart = intents.starting_over(masked.plain)
        words = masked.masked([span for span, _ in facts]).masked(years.spans)
        words = words.masked([restart] if restart else [])
        words = words.masked(match.span() for match in SET_PHRASES.finditer(words.plain))
        cues = read_cues(words.plain, goes_on_refusing=_refuses_only(state))
        found = sorted((*entities.titles, *references.mentions), key=lambda m: m.start)
        pointed, used = people_pointed_at(
            masked.plain, found, state, self._catalog, entities.people
        )
        entities = replace(entities, people=(*entities.people, *pointed))
        found = [mention for mention in found if mention not in used]
        words = words.masked([(person.start, person.end) for person in pointed])
        mentions = assign_roles(masked.plain, found, cues)
        if _GOES_ON.match(masked.plain) and state.rejected_item_ids:
            mentions = tuple(replace(one, role="exclude") for one in mentions)
        words = words.masked(judging_spans(masked.plain, mentions))
        change, told = year_change(years, mentions, state, self._catalog)
        matches = _corrected(self._finder.genres(without_marks(words.plain)), words.plain)
        ages = self._ages(words.plain, matches)
        matches = tuple(sorted((*matches, *ages), key=lambda match: match.start))
        count = read_count(words.plain, _counted(matches))
        parse = Parse(
            utterance=entities.utterance, plain=masked.plain, state=state, entities=entities,
            references=references, mentions=mentions, years=years, year_change=change, matches=matches, cues=cues,
            draft=draft_words(words.plain, matches, cues), count=count, hostile=bool(hostile), wants_fact=bool(facts),
            notices=[*notices, *told, *dict.fromkeys(notice for _, notice in facts)],
            language=self.lexicon.language_of(word for word, _, _ in words_of(utterance.plain)),
        )  # fmt: skip
        self._add_people(parse, words.plain)
        self._add_rest(parse, words)
        if count is not None and holds_for_all(words.plain):
            parse.draft.notes.append(at_a_time(count.value))
        if years.relative in ("newer", "older") and change != YearChange():
            parse.draft.notes.append(years.relative)
        self._settle(parse)
        return parse

    def _ages(self, plain: str, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        """What the ages of children who watch along mean, where no other words told it."""
        known = [match.span for match in matches]
        return tuple(
            replace(match, start=span[0], end=span[1])
            for span, words in ages_of_children(plain)
            if not overlaps(span, known)
            for match in self.lexicon.match(words)
        )

    def _add_people(self, parse: Parse, plain: str) -> None:
        others = asks_for_others(parse.plain)
        if others and not parse.entities.people:
            parse.draft.people_refused += parse.state.wish.people_all
        for person in parse.entities.people:
            if _SWAPPED.search(parse.plain[: person.start]) and parse.draft.alone:
                continue
            if _PICKS_VERSION.search(parse.plain[: person.start]) and _VERSION.match(
                parse.plain[person.end :]
            ):
                continue
            polarity = polarity_at(plain, parse.cues, person.start, name=True)
            if polarity == "free":
                parse.draft.freed.append(person.name)
                continue
            refused = others or polarity in ("refuse", "less")
            (parse.draft.people_refused if refused else parse.draft.people).append(person.name)
            span = (person.start, person.end)
            if not refused and is_wanted_as_director(parse.plain, span, person.name, self._catalog):
                parse.draft.notes.append(f"{person.name}{DIRECTING}")
        # "the first one has Tom Cruise in it, I said no Tom Cruise"
        against = parse.draft.people_refused
        parse.draft.people = [name for name in parse.draft.people if name not in against]

    def _add_rest(self, parse: Parse, words: Utterance) -> None:
        """What is left over are search words, unless the message was hostile or foreign."""
        if parse.hostile or parse.language:
            return
        used: list[Span] = [match.span for match in parse.matches]
        used += [(cue.start, cue.end) for cue in parse.cues]
        if parse.count is not None:
            used.append(parse.count.span)
        rest = replace(words, plain=without_marks(words.plain))
        draft_rest(parse.draft, rest, used, parse.cues, self.lexicon)

    def _settle(self, parse: Parse) -> None:
        """Drop pointing that points at nothing to the purpose; contradictions go to the refusal."""
        parse.mentions = tuple(
            m
            for m in parse.mentions
            if not (m.by_word and m.role == "seed" and not follows_similarity(parse.plain, m))
            or intents.question_act(parse.plain, len(parse.all_items))
        )
        for genre in parse.draft.clash:
            parse.notices.append(f"You both asked for and ruled out {genre}; I left it out.")
        if parse.count is not None and parse.count.asked > MOST_ITEMS:
            parse.notices.append(f"I show {MOST_ITEMS} at most.")


def _refuses_only(state: ConversationState) -> bool:
    """True when the wish so far rules kinds out and asks for none: "and the dramas too" rules out more."""
    wish = state.wish
    return bool(wish.genres_none) and not (wish.genres_all or wish.genres_any)


def _counted(matches: tuple[Match, ...]) -> tuple[Span, ...]:
    """Where kinds stand that can be counted: "two comedies", not "a few laughs"."""
    return tuple(m.span for m in matches if m.entry.noun or not m.phrase.endswith("s"))


def _corrected(matches: tuple[Match, ...], plain: str) -> tuple[Match, ...]:
    """Drop what a correction takes back: "a comedy, no wait, a drama"."""
    cues = [match.end() for match in _CORRECTION.finditer(plain)]
    after = tuple(match for match in matches if cues and match.start >= cues[-1])
    return after or matches


def _blanked(utterance: Utterance, spans: tuple[Span, ...]) -> Utterance:
    """Both layers blanked: what tries to command us must not be searched for titles either."""
    characters = list(utterance.text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return replace(utterance.masked(spans), text="".join(characters))
