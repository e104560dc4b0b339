"""The reader: one message and the state before it in, one `Reading` out. Pure, no model.

Order: clean the text, take out attempts to command the machine, find names (titles, people) and mask
them, find pointing ("the second one"), years, facts we don't have, kinds and moods, counts; then decide
what the message does, and merge what it wishes into the old wish (`merging.py` states that rule).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from rec_core import Recommender

from ..planning.base import Intent
from ..state import ConversationState, Wish
from . import intents
from .drafting import Draft, draft_rest, draft_words
from .entities import Entities, EntityFinder, without_marks
from .learning import learn, learn_note, learn_years
from .lexicon import Lexicon, Match
from .merging import Change, YearChange, is_new_topic, merge, without_genres_asked
from .numbers import MOST_ITEMS, Count, read_count
from .polarity import Cue, polarity_at, read_cues
from .reading import Act, Mention, PreferenceDraft, Reading
from .references import References, read_references
from .roles import assign_roles, follows_similarity
from .text import REFERENCE_MARK, Span, Utterance, clean, words_of
from .timing import catalog_span, year_change
from .years import YearReading, read_years

_INTENTS: dict[Act, Intent] = {
    "wish": "recommend", "open": "recommend", "surprise": "recommend", "more": "more", "pick": "explain",
    "explain": "explain", "compare": "compare", "details": "details", "feedback": "feedback",
    "profile": "remember", "forget": "remember", "forget_all": "remember", "remember": "remember",
    "start_over": "ask", "thanks": "chat", "hello": "chat", "bye": "chat", "help": "chat",
    "identity": "chat", "hostile": "chat", "insult": "chat", "care": "chat", "off_topic": "unknown",
    "affirm": "chat", "deny": "chat", "praise": "chat", "gibberish": "unknown", "empty": "unknown",
    "foreign": "unknown",
}  # fmt: skip


@dataclass(kw_only=True)
class _Parse:
    """Everything found in one message, before it is decided what it means."""

    utterance: Utterance
    plain: str
    state: ConversationState
    entities: Entities
    references: References
    mentions: tuple[Mention, ...]
    years: YearReading
    year_change: YearChange
    matches: tuple[Match, ...]
    cues: tuple[Cue, ...]
    draft: Draft
    count: Count | None
    notices: list[str] = field(default_factory=list)
    hostile: bool = False
    language: str | None = None

    def with_role(self, *roles: str) -> tuple[str, ...]:
        """Item ids that have one of the roles, in order."""
        ids = [i for m in self.mentions if m.role in roles for i in m.item_ids]
        return tuple(dict.fromkeys(ids))

    @property
    def all_items(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(i for m in self.mentions for i in m.item_ids))

    @property
    def states_wish(self) -> bool:
        change = self.year_change
        years = change.year_min is not None or change.year_max is not None or change.clears
        named = self.with_role("seed", "unlike", "than")
        return bool(years or named or not self.draft.is_empty)


class Reader:
    """Reads requests in words against one catalog.

    Args:
        recommender: Its catalog and search are used; nothing is recommended here.
    """

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        self._catalog = recommender.catalog

    @cached_property
    def lexicon(self) -> Lexicon:
        """The meanings of words for this catalog."""
        title_words = {
            word for item in self._catalog for word in re.findall(r"\w+", item.title.lower())
        }
        return Lexicon(self._catalog.genres, names=title_words)

    @cached_property
    def _finder(self) -> EntityFinder:
        return EntityFinder(self._recommender, self.lexicon)

    def read(self, text: str, state: ConversationState) -> Reading:
        """Read one message that follows on `state`. Never raises on any text."""
        utterance = clean(text, self.lexicon.typos)
        if not re.search(r"\w", utterance.plain):
            act: Act = "help" if "?" in utterance.plain else "empty"
            return Reading(intent=_INTENTS[act], act=act, wish=state.wish)
        parse = self._parse(utterance, state)
        reading = self._decide(parse)
        return replace(
            reading,
            notices=(*parse.notices, *reading.notices),
            unknown_titles=parse.entities.unknown_titles,
            unknown_people=parse.entities.unknown_people,
            missing_references=parse.references.missing,
            language=parse.language,
        )

    # ---- finding ---------------------------------------------------------------------------

    def _parse(self, utterance: Utterance, state: ConversationState) -> _Parse:
        notices = ["That was long, so I read only the first part."] if utterance.truncated else []
        hostile = intents.hostile_spans(utterance.plain)
        utterance = _blanked(utterance, hostile)
        entities = self._finder.find(utterance, state)
        references = read_references(entities.utterance.plain, state)
        pointing = [(m.start, m.end) for m in references.mentions]
        masked = entities.utterance.masked(pointing, REFERENCE_MARK).masked(references.missing_spans)
        facts = self.lexicon.match_unsupported(masked.plain)
        oldest, newest = catalog_span(self._catalog)
        years = read_years(masked.plain, oldest=oldest, newest=newest)
        words = masked.masked([span for span, _ in facts]).masked(years.spans)
        cues = read_cues(words.plain)
        found = sorted((*entities.titles, *references.mentions), key=lambda m: m.start)
        mentions = assign_roles(masked.plain, found, cues)
        change, told = year_change(years, mentions, state, self._catalog)
        matches = self._finder.genres(without_marks(words.plain))
        count = read_count(words.plain, tuple(match.span for match in matches))
        parse = _Parse(
            utterance=entities.utterance, plain=masked.plain, state=state, entities=entities,
            references=references, mentions=mentions, years=years, year_change=change, matches=matches, cues=cues,
            draft=draft_words(words.plain, matches, cues), count=count, hostile=bool(hostile),
            notices=[*notices, *told, *dict.fromkeys(notice for _, notice in facts)],
            language=self.lexicon.language_of(word for word, _, _ in words_of(utterance.plain)),
        )  # fmt: skip
        self._add_people(parse, words.plain)
        self._add_rest(parse, words)
        self._settle(parse)
        return parse

    def _add_people(self, parse: _Parse, plain: str) -> None:
        for person in parse.entities.people:
            polarity = polarity_at(plain, parse.cues, person.start, name=True)
            refused = polarity in ("refuse", "less")
            (parse.draft.people_refused if refused else parse.draft.people).append(person.name)

    def _add_rest(self, parse: _Parse, words: Utterance) -> None:
        """What is left over are search words, unless the message was hostile or foreign."""
        if parse.hostile or parse.language:
            return
        used: list[Span] = [match.span for match in parse.matches]
        used += [(cue.start, cue.end) for cue in parse.cues]
        if parse.count is not None:
            used.append(parse.count.span)
        rest = replace(words, plain=without_marks(words.plain))
        draft_rest(parse.draft, rest, used, parse.cues, self.lexicon)

    def _settle(self, parse: _Parse) -> None:
        """Drop pointing that points at nothing to the purpose; contradictions go to the refusal."""
        parse.mentions = tuple(
            m
            for m in parse.mentions
            if not (m.by_word and m.role == "seed" and not follows_similarity(parse.plain, m))
            or intents.question_act(parse.plain, len(parse.all_items))
        )
        draft = parse.draft
        both = [m for m in parse.matches if m.entry.noun and set(m.entry.genre) & set(draft.refused)]
        clash = {g for g in draft.refused if sum(g in m.entry.genre for m in both) > 1}
        for genre in sorted(clash):
            parse.notices.append(f"You both asked for and ruled out {genre}; I left it out.")
        if parse.count is not None and parse.count.asked > MOST_ITEMS:
            parse.notices.append(f"I show {MOST_ITEMS} at most.")

    # ---- deciding --------------------------------------------------------------------------

    def _decide(self, parse: _Parse) -> Reading:
        if intents.is_cry_for_help(parse.plain):
            return self._plain(parse, "care")
        forgetting = intents.asks_to_forget(parse.plain)
        if forgetting is not None:
            return self._forgetting(parse, forgetting)
        question = intents.question_act(parse.plain, len(parse.all_items))
        if question is not None and not self._is_wish_after_all(parse, question):
            return replace(self._plain(parse, question), item_ids=self._asked_about(parse, question))
        if intents.starts_over(parse.plain):
            return self._starting_over(parse)
        if self._is_lone_pointing(parse):
            return replace(self._plain(parse, "details"), item_ids=parse.all_items)
        return self._wish_or_talk(parse)

    def _is_wish_after_all(self, parse: _Parse, act: Act) -> bool:
        """"Is there something like Heat?", "which film is like Heat": questions that want a slate."""
        if act == "pick":
            return not parse.state.last_slate or parse.states_wish
        if act in ("details", "compare"):
            wanted = parse.draft.genres or parse.draft.refused or parse.year_change != YearChange()
            similar = any(follows_similarity(parse.plain, m) for m in parse.mentions)
            return similar or bool(wanted and intents.has_opener(parse.plain) and act != "compare")
        return False

    def _asked_about(self, parse: _Parse, act: Act) -> tuple[str, ...]:
        slate = parse.state.last_slate
        if parse.all_items:
            return parse.all_items
        if act == "compare":
            return slate[:2]
        if act == "pick":
            return slate[:1]
        if act == "explain":
            whole = re.search(r"\b(?:these|those|them)\b", parse.plain)
            focus = parse.state.focus_item_id
            return slate[:3] if whole or focus is None else (focus,)
        return ()

    def _is_lone_pointing(self, parse: _Parse) -> bool:
        """"The second one", or the bare title of a shown item: tell more about it."""
        if len(parse.mentions) != 1 or not parse.draft.is_empty or parse.mentions[0].role != "seed":
            return False
        mention = parse.mentions[0]
        shown = all(item_id in parse.state.last_slate for item_id in mention.item_ids)
        words = [w for w, _, _ in words_of(without_marks(parse.plain)) if w not in ("please", "ok", "yes", "then", "and", "film", "movie", "the", "one", "looks", "sounds", "seems", "good", "interesting", "nice", "great", "i'll", "take", "watch")]
        return shown and not words and not follows_similarity(parse.plain, mention)

    def _plain(self, parse: _Parse, act: Act) -> Reading:
        return Reading(intent=_INTENTS[act], act=act, wish=parse.state.wish, learned=self._learned(parse))

    def _learned(self, parse: _Parse) -> tuple[PreferenceDraft, ...]:
        drafts = learn(
            parse.utterance, parse.mentions, parse.matches, parse.entities.people, self._catalog
        )
        return (*drafts, *learn_years(parse.utterance, parse.years))

    def _forgetting(self, parse: _Parse, act: Act) -> Reading:
        named: list[tuple[str, str]] = [("genre", g) for m in parse.matches for g in m.entry.genre]
        named += [("person", p.name) for p in parse.entities.people]
        named += [("item", i) for i in parse.all_items]
        genres = [value for subject, value in named if subject == "genre"]
        wish = without_genres_asked(parse.state.wish, genres)
        reading = Reading(intent="remember", act=act, wish=wish)
        return replace(reading, forget=tuple(dict.fromkeys(named))) if named else reading  # type: ignore[arg-type]

    def _starting_over(self, parse: _Parse) -> Reading:
        if parse.states_wish:
            return self._wishing(parse, "wish", Wish())
        different = bool(re.search(r"\b(?:else|different|new)\b", parse.plain)) and not re.search(
            r"\b(?:topic|search|conversation|start|begin)\b", parse.plain
        )
        reading = Reading(intent="ask", act="start_over", wish=Wish())
        return replace(reading, intent="recommend", wants_slate=True) if different else reading

    def _wish_or_talk(self, parse: _Parse) -> Reading:
        learned = self._learned(parse)
        opinions = parse.with_role("liked", "disliked", "seen")
        more = intents.asks_more(parse.plain) or parse.draft.plural_more or bool(parse.count and parse.count.more)
        refused = intents.refuses_slate(parse.plain) and bool(parse.state.last_slate)
        about_taste = bool(learned) and not intents.has_opener(parse.plain)
        if opinions or about_taste:
            return self._feedback(parse, learned)
        if intents.asks_to_remember(parse.plain):
            note = learn_note(parse.utterance)
            reading = self._plain(parse, "remember")
            return replace(reading, learned=learned or ((note,) if note else ()))
        excluded = parse.with_role("exclude")
        if parse.states_wish:
            return self._wishing(parse, "more" if more else "wish", parse.state.wish)
        if more or refused or excluded:
            return self._more(parse, refused=refused)
        return self._talk(parse)

    def _talk(self, parse: _Parse) -> Reading:
        plain = without_marks(parse.plain)
        if intents.is_surprise(plain):
            return Reading(intent="recommend", act="surprise", wish=self._soft_reset(parse), wants_slate=True)
        if parse.entities.unknown_titles or parse.entities.unknown_people:
            return replace(self._plain(parse, "wish"), wants_slate=False)
        if parse.count is not None:
            return self._wishing(parse, "wish", parse.state.wish)
        talk = intents.small_talk(plain)
        if talk is not None and not (talk in ("praise", "hello") and intents.has_opener(plain)):
            return self._plain(parse, talk)
        if parse.hostile:
            return self._plain(parse, "hostile")
        if parse.notices and parse.state.last_slate:
            return self._wishing(parse, "wish", parse.state.wish)
        if intents.is_open(plain):
            return Reading(intent="recommend", act="open", wish=self._soft_reset(parse), wants_slate=True)
        act: Act = "foreign" if parse.language or not re.search(r"[a-z]", plain) else "gibberish"
        return self._plain(parse, act)

    def _soft_reset(self, parse: _Parse) -> Wish:
        """"Something good" says nothing, so it forgets the topic but not the count asked for now."""
        return Wish(count=parse.count.value if parse.count and not parse.count.more else None)

    def _feedback(self, parse: _Parse, learned: tuple[PreferenceDraft, ...]) -> Reading:
        """Opinions; a slate follows when a wish is stated too or stands already."""
        state, draft = parse.state, parse.draft
        liked, disliked = parse.with_role("liked"), parse.with_role("disliked", "exclude")
        seen = tuple(i for i in parse.with_role("seen") if i not in liked + disliked)
        names_kind = draft.kinds and intents.has_opener(parse.plain)
        own = Change(
            draft=draft, seeds=(*parse.with_role("seed"), *(() if names_kind else liked)),
            unlike=parse.with_role("unlike"), years=parse.year_change, count=self._count(parse),
        )  # fmt: skip
        known = set(state.last_slate)
        keeps = bool(known & {*liked, *disliked, *seen}) or not (liked or names_kind)
        base = state.wish if keeps else Wish()
        if self._only_taste(parse, learned):
            return self._taste(parse, learned)
        wish = merge(base, own)
        touched = bool(known & {*disliked, *seen})
        return Reading(
            intent="feedback", act="feedback", wish=wish, refined=keeps,
            count=self._more_count(parse),
            wants_slate=bool(liked or touched or self._states_more_than_opinions(parse) or (disliked and wish != Wish())),
            item_ids=(*liked, *disliked, *seen), seen_item_ids=seen, liked_item_ids=liked,
            disliked_item_ids=disliked, learned=learned,
            asked_genres=tuple(draft.genres), asked_people=tuple(draft.people),
        )  # fmt: skip

    def _states_more_than_opinions(self, parse: _Parse) -> bool:
        return parse.year_change != YearChange() or not parse.draft.is_empty or bool(parse.with_role("seed", "unlike"))

    def _only_taste(self, parse: _Parse, learned: tuple[PreferenceDraft, ...]) -> bool:
        """Only genres and people are judged ("I hate horror"), no item."""
        items = parse.with_role("liked", "disliked", "seen", "seed")
        return bool(learned) and not items

    def _taste(self, parse: _Parse, learned: tuple[PreferenceDraft, ...]) -> Reading:
        """Tastes without items: dislikes are excluded now; likes become the wish when there is none."""
        state, draft = parse.state, parse.draft
        stands = state.wish != Wish() or bool(state.last_slate)
        likes = [p for p in learned if p.kind == "like"]
        if likes and stands:
            pulled = {p.value: 0.6 for p in likes if p.subject == "genre"}
            draft = replace(draft, genres=[], people=[], weights={**draft.weights, **pulled})
        dislikes = [p for p in learned if p.kind == "dislike"]
        draft.refused += [p.value for p in dislikes if p.subject == "genre"]
        draft.people_refused += [p.value for p in dislikes if p.subject == "person"]
        change = Change(draft=draft, years=parse.year_change, count=self._count(parse))
        return Reading(
            intent="feedback", act="feedback", wish=merge(state.wish, change), refined=stands,
            wants_slate=stands or bool(draft.genres or draft.people), learned=learned,
            asked_genres=tuple(draft.genres), asked_people=tuple(draft.people),
        )  # fmt: skip

    def _wishing(self, parse: _Parse, act: Act, old: Wish) -> Reading:
        change = Change(
            draft=parse.draft, seeds=parse.with_role("seed"), unlike=parse.with_role("unlike"),
            years=parse.year_change, count=self._count(parse),
        )  # fmt: skip
        plain = without_marks(parse.plain).strip()
        bare = bool(change.seeds) and not any(m.pointed for m in parse.mentions) and act != "more"
        new = old == Wish() or is_new_topic(plain, change, opens=intents.has_opener(parse.plain), bare_title=bare)
        wish = merge(Wish() if new else old, change)
        refusing = intents.refuses_slate(parse.plain)
        excluded = (*parse.with_role("exclude"), *(parse.state.last_slate if refusing else ()))
        return Reading(
            intent=_INTENTS[act], act=act, wish=wish, refined=not new, count=self._more_count(parse),
            wants_slate=True, disliked_item_ids=tuple(dict.fromkeys(excluded)), learned=self._learned(parse),
            asked_genres=tuple(parse.draft.genres), asked_people=tuple(parse.draft.people),
        )  # fmt: skip

    def _more(self, parse: _Parse, *, refused: bool) -> Reading:
        excluded = parse.with_role("exclude")
        if refused:
            excluded = tuple(dict.fromkeys((*excluded, *(parse.all_items or parse.state.last_slate))))
        return Reading(
            intent="more", act="more", wish=merge(parse.state.wish, Change(draft=Draft(), count=self._count(parse))),
            refined=True, count=self._more_count(parse), wants_slate=True, disliked_item_ids=excluded,
        )  # fmt: skip

    def _count(self, parse: _Parse) -> int | None:
        return parse.count.value if parse.count is not None and not parse.count.more else None

    def _more_count(self, parse: _Parse) -> int | None:
        return parse.count.value if parse.count is not None and parse.count.more else None


def _blanked(utterance: Utterance, spans: tuple[Span, ...]) -> Utterance:
    """Both layers blanked: what tries to command us must not be searched for titles either."""
    characters = list(utterance.text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return replace(utterance.masked(spans), text="".join(characters))

