"""What a message does, once everything in it is found: wish, opinion, question, or talk.

The order of the questions is the rule: forgetting, questions about items, starting over, pointing,
opinions, wishes, "more", and small talk only when nothing else is in the message.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rec_core import Catalog

from ..planning.base import Intent
from ..state import PreferenceSubject, Wish
from . import intents
from .drafting import Draft
from .entities import without_marks
from .learning import learn, learn_note, learn_refused, learn_years
from .merging import Change, YearChange, is_new_topic, merge, without_genres_asked
from .numbers import AT_A_TIME
from .parsing import Parse
from .reading import Act, PreferenceDraft, Reading
from .roles import follows_similarity
from .text import words_of

INTENT_OF: dict[Act, Intent] = {
    "wish": "recommend", "open": "recommend", "surprise": "recommend", "more": "more", "pick": "explain",
    "explain": "explain", "compare": "compare", "details": "details", "feedback": "feedback",
    "profile": "remember", "forget": "remember", "forget_all": "remember", "remember": "remember",
    "start_over": "ask", "thanks": "chat", "hello": "chat", "bye": "chat", "help": "chat",
    "identity": "chat", "hostile": "chat", "insult": "chat", "care": "chat", "off_topic": "chat",
    "affirm": "chat", "deny": "chat", "praise": "chat", "gibberish": "unknown", "empty": "unknown",
    "foreign": "unknown", "undo": "chat",
}  # fmt: skip


_SHORT_REST = 4
_MOST_COMPARED = 4
_COMPLAINS = re.compile(
    r"\W*(?:but |because )?(?:i|we)(?:'d|'ve| had| have)? (?:only |just |never |clearly |definitely )?(?:said|asked|told|wanted|thought|meant|mentioned)\b"
)
_ASKS_AFTER = re.compile(r"\b(?:want|need|give|show|find|recommend|suggest|i'd like|more|any)\b")
_OCCASION = re.compile(r"\bfor (?:tonight|today|now|this evening|the weekend|the night)\b")
_FORGETS_DISLIKE = re.compile(
    r"\b(?:hat(?:e|ed|ing)|dislik(?:e|ed|ing)|don't like|not liking|can't stand|avoid\w*|loath\w*|detest\w*|ban\w*|never)\b"
)


class Decider:
    """Decides what parsed messages do.

    Args:
        catalog: For the labels of what is learnt.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def decide(self, parse: Parse) -> Reading:
        """The reading of a parsed message."""
        if intents.is_cry_for_help(parse.plain):
            return self._plain(parse, "care")
        if intents.asks_who(parse.plain):
            return self._plain(parse, "identity")
        if intents.asks_for_service(parse.plain):
            return self._plain(parse, "off_topic")
        forgetting = intents.asks_to_forget(parse.plain)
        if forgetting is not None:
            return self._forgetting(parse, forgetting)
        in_vain = bool(parse.entities.unknown_titles or parse.references.missing)
        question = intents.question_act(parse.plain, len(parse.all_items), in_vain=in_vain)
        if question is not None and not self._is_wish_after_all(parse, question):
            return replace(
                self._plain(parse, question), item_ids=self._asked_about(parse, question)
            )
        if intents.starting_over(parse.plain) is not None:
            return self._starting_over(parse)
        if self._is_lone_pointing(parse):
            return replace(self._plain(parse, "details"), item_ids=parse.all_items)
        return self._wish_or_talk(parse)

    def _is_wish_after_all(self, parse: Parse, act: Act) -> bool:
        """True for "is there something like Heat?": a question that wants a slate."""
        if act == "pick":
            return not parse.state.last_slate or not parse.draft.is_empty
        if act == "explain":
            return self._wishes_after(parse)
        asked, _, rest = parse.plain.rpartition("?")
        if act == "details" and asked and _ASKS_AFTER.search(rest) and self._wishes_after(parse):
            return True
        if act in ("details", "compare"):
            wanted = parse.draft.genres or parse.draft.refused or parse.year_change != YearChange()
            similar = any(follows_similarity(parse.plain, m) for m in parse.mentions)
            return similar or bool(wanted and intents.has_opener(parse.plain) and act != "compare")
        return False

    def _wishes_after(self, parse: Parse) -> bool:
        """True for "why that one? keep it animated": the wish after the question counts."""
        _, mark, rest = parse.plain.rpartition("?")
        asked = bool(mark) and len(rest.strip()) > _SHORT_REST and not _COMPLAINS.match(rest)
        draft = parse.draft
        return asked and bool(draft.genres or draft.refused or draft.weights or draft.people)

    def _asked_about(self, parse: Parse, act: Act) -> tuple[str, ...]:
        slate = parse.state.last_slate
        if parse.references.missing:
            return ()
        if act == "pick":
            return (parse.all_items or slate)[:1]
        if parse.all_items:
            return parse.all_items
        if act == "compare":  # "which one is scarier?" is about all that is shown
            return slate[:_MOST_COMPARED] if re.search(r"\bwhich\b", parse.plain) else slate[:2]
        if act == "explain":
            whole = re.search(r"\b(?:these|those|them)\b", parse.plain)
            focus = parse.state.focus_item_id
            return slate[:3] if whole or focus is None else (focus,)
        return ()

    def _is_lone_pointing(self, parse: Parse) -> bool:
        """Say "the second one", or the bare title of a shown item: tell more about it."""
        if len(parse.mentions) != 1 or not parse.draft.is_empty or parse.mentions[0].role != "seed":
            return False
        mention = parse.mentions[0]
        shown = all(item_id in parse.state.last_slate for item_id in mention.item_ids)
        words = [
            w
            for w, _, _ in words_of(without_marks(parse.plain))
            if w
            not in (
                "please",
                "ok",
                "yes",
                "then",
                "and",
                "film",
                "movie",
                "the",
                "one",
                "looks",
                "sounds",
                "seems",
                "good",
                "interesting",
                "nice",
                "great",
                "i'll",
                "take",
                "watch",
            )
        ]
        return shown and not words and not follows_similarity(parse.plain, mention)

    def _plain(self, parse: Parse, act: Act) -> Reading:
        return Reading(
            intent=INTENT_OF[act], act=act, wish=parse.state.wish, learned=self._learned(parse)
        )

    def _learned(self, parse: Parse) -> tuple[PreferenceDraft, ...]:
        drafts = learn(
            parse.utterance, parse.mentions, parse.matches, parse.entities.people, self._catalog
        )
        return (*drafts, *learn_years(parse.utterance, parse.years))

    def _forgetting(self, parse: Parse, act: Act) -> Reading:
        named: list[tuple[PreferenceSubject, str]] = []
        named.extend(("genre", genre) for match in parse.matches for genre in match.entry.genre)
        named.extend(("person", person.name) for person in parse.entities.people)
        named.extend(("item", item_id) for item_id in parse.all_items)
        genres = [value for subject, value in named if subject == "genre"]
        wish = without_genres_asked(
            parse.state.wish, genres, only_refused=bool(_FORGETS_DISLIKE.search(parse.plain))
        )
        reading = Reading(intent="remember", act=act, wish=wish)
        return replace(reading, forget=tuple(dict.fromkeys(named))) if named else reading

    def _starting_over(self, parse: Parse) -> Reading:
        if parse.states_wish:
            return self._wishing(parse, "wish", Wish())
        different = bool(re.search(r"\b(?:else|different|new)\b", parse.plain)) and not re.search(
            r"\b(?:topic|search|conversation|start|begin)\b", parse.plain
        )
        reading = Reading(intent="ask", act="start_over", wish=Wish())
        return replace(reading, intent="recommend", wants_slate=True) if different else reading

    def _wish_or_talk(self, parse: Parse) -> Reading:
        learned = self._learned(parse)
        opinions = parse.with_role("liked", "disliked", "seen")
        more = (
            intents.asks_more(parse.plain)
            or parse.draft.plural_more
            or bool(parse.count and parse.count.more)
        )
        refused = intents.refuses_slate(parse.plain) and self._means_slate(parse)
        about_taste = bool(learned) and not intents.has_opener(parse.plain)
        if refused and not parse.states_wish and not parse.with_role("liked", "seen"):
            return self._more(parse, refused=not more)
        in_passing = intents.tells_in_passing(parse.plain) and not opinions
        if intents.asks_to_remember(parse.plain) or in_passing:
            return self._remembering(parse, learned)
        if opinions or about_taste:
            return self._feedback(parse, learned, more=more)
        excluded = parse.with_role("exclude")
        if self._is_mere_talk(parse):
            return self._talk(parse)
        if parse.states_only_words and (talk := self._talk_of_words(parse)) is not None:
            return talk
        if parse.states_wish:
            return self._wishing(parse, "more" if more else "wish", parse.state.wish)
        if more or refused or excluded:
            return self._more(parse, refused=refused)
        return self._talk(parse)

    def _remembering(self, parse: Parse, learned: tuple[PreferenceDraft, ...]) -> Reading:
        """What is to be kept: tastes, else what is refused, else the person's own words."""
        draft = parse.draft
        kept = learned or learn_refused(parse.utterance, draft.refused, draft.people_refused)
        note = learn_note(parse.utterance) if not kept else None
        return replace(self._plain(parse, "remember"), learned=kept or ((note,) if note else ()))

    def _means_slate(self, parse: Parse) -> bool:
        """True when a refusal is of all that was shown, not of one title: "I don't like these"."""
        slate = set(parse.state.last_slate)
        judged = parse.with_role("disliked")
        if any(m.role == "disliked" and len(m.item_ids) < len(slate) for m in parse.mentions):
            return False
        if len(judged) == 1 and not re.search(r"\b(?:these|those|any)\b", parse.utterance.plain):
            return False
        return bool(slate) and (not judged or slate <= set(judged))

    def _is_mere_talk(self, parse: Parse) -> bool:
        """Thanks, good-bye or an insult with some stray words around, and nothing firm wished for."""
        draft = parse.draft
        firm = draft.genres or draft.refused or draft.people or draft.people_refused
        wished = (
            firm
            or parse.year_change != YearChange()
            or parse.with_role("seed", "unlike", "exclude")
            or parse.wants_fact
        )
        talk = intents.small_talk(without_marks(parse.plain))
        asks = intents.has_opener(_OCCASION.sub("", parse.plain))
        asks = asks or intents.asks_more(parse.plain)
        polite = (
            talk == "hello"
            and not parse.matches
            and not re.match(r"(?:hi|hey|hello)\b.{25}", parse.plain)
        )
        return (talk in ("thanks", "bye", "insult") or polite) and not (wished or asks)

    def _talk_of_words(self, parse: Parse) -> Reading | None:
        """Small talk, gibberish or a foreign script, where nothing but unknown words was found."""
        plain = without_marks(parse.plain)
        if intents.is_surprise(plain):
            return self._talk(parse)
        talk = intents.talk_despite_words(plain)
        if talk is not None:
            return self._plain(parse, talk)
        if not re.search(r"[a-z]", plain):
            return self._plain(parse, "foreign")
        salad = intents.is_word_salad(plain) and not parse.draft.notes
        if (intents.looks_random(parse.draft.query_words) or salad) and not intents.is_open(plain):
            return self._gibberish(parse)
        return None

    def _talk(self, parse: Parse) -> Reading:
        plain = without_marks(parse.plain)
        if intents.is_surprise(plain):
            return Reading(
                intent="recommend", act="surprise", wish=self._left_open(parse), wants_slate=True
            )
        if parse.entities.unknown_titles or parse.entities.unknown_people:
            return replace(self._plain(parse, "wish"), wants_slate=False)
        if parse.count is not None or parse.wants_fact:
            return self._wishing(parse, "wish", parse.state.wish)
        talk = intents.small_talk(plain)
        if talk is not None and not (talk in ("praise", "hello") and intents.has_opener(plain)):
            return self._plain(parse, talk)
        if parse.hostile:
            return self._plain(parse, "hostile")
        if parse.notices and parse.state.last_slate:
            return self._wishing(parse, "wish", parse.state.wish)
        if parse.state.wish != Wish() and intents.asks_to_see(plain):
            return self._wishing(parse, "wish", parse.state.wish)
        if intents.is_open(plain):
            return Reading(
                intent="recommend", act="open", wish=self._soft_reset(parse), wants_slate=True
            )
        if parse.language or not re.search(r"[a-z]", plain):
            return self._plain(parse, "foreign")
        return self._gibberish(parse)

    def _gibberish(self, parse: Parse) -> Reading:
        """What nobody can read: something is shown all the same, by the wish that stands if there is one."""
        return replace(self._plain(parse, "gibberish"), wants_slate=True)

    def _left_open(self, parse: Parse) -> Wish:
        """Leaving the choice to us gives up the search words; the conditions stand."""
        count = parse.stated_count
        kept = {"query": "", "avoid": "", "notes": ()}
        return parse.state.wish.model_copy(
            update=kept | ({"count": count} if count is not None else {})
        )

    def _soft_reset(self, parse: Parse) -> Wish:
        """Wishes like "something good" say nothing, so they forget the topic, but neither the count
        asked for now nor what was refused: that was said about anything to be shown.
        """
        old = parse.state.wish
        return Wish(
            genres_none=old.genres_none,
            people_none=old.people_none,
            unlike_item_ids=old.unlike_item_ids,
            count=parse.stated_count or _lasting(old).count,
            notes=_lasting(old).notes,
        )

    def _feedback(
        self, parse: Parse, learned: tuple[PreferenceDraft, ...], *, more: bool
    ) -> Reading:
        """Opinions; a slate follows when a wish is stated too or stands already."""
        state, draft = parse.state, parse.draft
        liked, disliked = parse.with_role("liked"), parse.with_role("disliked", "exclude")
        seen = tuple(i for i in parse.with_role("seen") if i not in liked + disliked)
        names_kind = draft.kinds and intents.has_opener(parse.plain)
        own = Change(
            draft=draft, seeds=(*parse.with_role("seed"), *(() if names_kind else liked)),
            unlike=parse.with_role("unlike"), years=parse.year_change, count=parse.stated_count,
            adds_seeds=True,
        )  # fmt: skip
        known = set(state.last_slate)
        keeps = bool(known & {*liked, *disliked, *seen}) or not (liked or names_kind)
        base = state.wish if keeps else Wish()
        if self._only_taste(parse, learned):
            return self._taste(parse, learned)
        wish = merge(base, own)
        touched = bool(known & {*disliked, *seen})
        return Reading(
            intent=self._intent_beside_opinions(parse, more=more), act="feedback", wish=wish, refined=keeps,
            count=1 if touched and len(state.last_slate) == 1 else parse.count_once,
            wants_slate=bool(more or liked or touched or self._states_more_than_opinions(parse) or (disliked and wish != Wish())),
            item_ids=(*liked, *disliked, *seen), seen_item_ids=seen, liked_item_ids=liked,
            disliked_item_ids=disliked, learned=learned,
            asked_genres=tuple(draft.genres), asked_people=tuple(draft.people),
        )  # fmt: skip

    def _intent_beside_opinions(self, parse: Parse, *, more: bool) -> Intent:
        """Who judges and asks in one message wants the items; who only judges tells something."""
        asks = intents.asks_for_items(parse.plain)
        wished = self._states_more_than_opinions(parse)
        shown = set(parse.with_role("liked")) <= set(parse.state.last_slate)
        if more and not wished and shown and len(parse.with_role("liked")) > 1:
            return "more"
        if asks and (wished or parse.with_role("liked")):
            return "recommend"
        if more:
            return "more"
        firm = parse.draft.genres or parse.draft.people or parse.draft.people_refused
        return "recommend" if wished and firm else "feedback"

    def _states_more_than_opinions(self, parse: Parse) -> bool:
        return (
            parse.year_change != YearChange()
            or not parse.draft.is_empty
            or bool(parse.with_role("seed", "unlike"))
        )

    def _only_taste(self, parse: Parse, learned: tuple[PreferenceDraft, ...]) -> bool:
        """Only genres and people are judged ("I hate horror"), no item, and nothing is asked for."""
        if not learned or parse.with_role("liked", "disliked", "seen", "seed"):
            return False
        draft = parse.draft
        likes = any(preference.kind == "like" for preference in learned)
        asks = draft.weights or draft.notes or intents.says_something(parse.plain)
        return not (likes and asks)

    def _taste(self, parse: Parse, learned: tuple[PreferenceDraft, ...]) -> Reading:
        """Tastes without items: dislikes are excluded now; likes become the wish when there is none."""
        state, draft = parse.state, parse.draft
        stands = state.wish != Wish()
        likes = [p for p in learned if p.kind == "like"]
        if likes and stands:
            pulled = {p.value: 0.6 for p in likes if p.subject == "genre"}
            draft = replace(draft, genres=[], people=[], weights={**draft.weights, **pulled})
        dislikes = [p for p in learned if p.kind in ("dislike", "must_not")]
        draft.refused += [p.value for p in dislikes if p.subject == "genre"]
        draft.people_refused += [p.value for p in dislikes if p.subject == "person"]
        change = Change(draft=draft, years=parse.year_change, count=parse.stated_count)
        return Reading(
            intent="feedback", act="feedback", wish=merge(state.wish, change), refined=stands,
            wants_slate=stands or bool(draft.genres or draft.people or state.last_slate), learned=learned,
            asked_genres=tuple(draft.genres), asked_people=tuple(draft.people),
        )  # fmt: skip

    def _seeds(self, parse: Parse) -> tuple[str, ...]:
        """What the wish starts from, without what the same message refuses."""
        refused = parse.with_role("exclude", "disliked", "unlike")
        return tuple(item_id for item_id in parse.with_role("seed") if item_id not in refused)

    def _wishing(self, parse: Parse, act: Act, old: Wish) -> Reading:
        change = Change(
            draft=parse.draft, seeds=self._seeds(parse), unlike=parse.with_role("unlike"),
            years=parse.year_change, count=parse.stated_count, adds_seeds=intents.adds_titles(parse.plain),
        )  # fmt: skip
        plain = parse.plain.strip()
        pointed = any(mention.pointed for mention in parse.mentions)
        shown = bool(change.seeds) and set(change.seeds) <= set(parse.state.last_slate)
        more_of = pointed or bool(re.search(r"\bmore\b", plain))
        shown = shown and (more_of or not intents.has_opener(plain))
        bare = bool(change.seeds) and not (shown or pointed) and act != "more"
        # "more like the second one" goes on from the slate, whatever opens it
        topic = replace(change, seeds=()) if shown else change
        new = old == Wish() or is_new_topic(
            plain, topic, opens=intents.has_opener(parse.plain) and not shown, bare_title=bare
        )
        wish = merge(_lasting(old) if new else old, change)
        refusing = intents.refuses_slate(parse.plain)
        excluded = (*parse.with_role("exclude"), *(parse.state.last_slate if refusing else ()))
        return Reading(
            intent=INTENT_OF[act], act=act, wish=wish, refined=not new, count=parse.count_once,
            wants_slate=True, disliked_item_ids=tuple(dict.fromkeys(excluded)), learned=self._learned(parse),
            asked_genres=tuple(parse.draft.genres), asked_people=tuple(parse.draft.people),
        )  # fmt: skip

    def _more(self, parse: Parse, *, refused: bool) -> Reading:
        # "none of those, others please" waves a slate away; no single film was judged
        named = [m for m in parse.mentions if not (m.by_word and len(m.item_ids) > 1)]
        excluded = tuple(i for m in named if m.role == "exclude" for i in m.item_ids)
        if refused and (named or not intents.is_lukewarm(parse.plain)):
            excluded = tuple(
                dict.fromkeys((*excluded, *(parse.all_items or parse.state.last_slate)))
            )
        return Reading(
            intent="more", act="more", wish=merge(parse.state.wish, Change(draft=Draft(), count=parse.stated_count)),
            refined=True, count=parse.count_once, wants_slate=True, disliked_item_ids=excluded,
        )  # fmt: skip


def _lasting(wish: Wish) -> Wish:
    """What outlasts a new topic: the number of items that was asked for "at a time"."""
    notes = tuple(note for note in wish.notes if note.endswith(AT_A_TIME))
    return Wish(notes=notes, count=wish.count) if notes else Wish()
