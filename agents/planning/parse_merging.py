"""Two readings of one message made into one: the rules' and a model's, field by field, by one table.

`POLICY` says who is believed for which field; figures on the development requests decide it, nothing else. The
rules' reading is the base, so whatever the model does not speak about stays as the rules have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..state import ConversationState, PreferenceKind, Wish
from ..understanding import PreferenceDraft, Reading
from ..understanding.drafting import Draft, draft_words
from ..understanding.lexicon import Lexicon
from ..understanding.merging import Change, merge
from ..understanding.polarity import read_cues
from ..understanding.reading import Act
from .base import Intent
from .parse import ParseAct
from .parse_linking import LinkedParse
from .parse_policy import POLICY, Field, Group, MergePolicy, Trust

_GROUP_OF: Mapping[Act, Group] = {
    "wish": "wish", "open": "wish", "surprise": "wish", "start_over": "wish", "more": "more", "pick": "explain",
    "explain": "explain", "compare": "compare", "details": "details", "feedback": "feedback", "remember": "remember",
    "profile": "profile", "forget": "forget", "forget_all": "forget", "gibberish": "unknown", "empty": "unknown",
    "foreign": "unknown",
}  # fmt: skip
_ACT_OF: Mapping[Group, tuple[Intent, Act]] = {
    "more": ("more", "more"), "explain": ("explain", "explain"), "compare": ("compare", "compare"),
    "details": ("details", "details"), "feedback": ("feedback", "feedback"), "remember": ("remember", "remember"),
    "profile": ("remember", "profile"), "forget": ("remember", "forget"), "chat": ("chat", "off_topic"),
    "unknown": ("unknown", "gibberish"),
}  # fmt: skip
_JUDGED = ("liked", "disliked", "seen")


class ReadingMerger:
    """Joins the rules' reading and a linked parse.

    Args:
        read: The rules' reader: a message and the state before it to a reading.
        lexicon: For what the model's words mean.
        label: How an item is called in what is learnt about it.
        policy: Who is believed.
    """

    def __init__(
        self,
        read: Callable[[str, ConversationState], Reading],
        lexicon: Callable[[], Lexicon],
        label: Callable[[str], str],
        policy: MergePolicy = POLICY,
    ) -> None:
        self._read = read
        self._lexicon = lexicon
        self._label = label
        self._policy = policy

    def merge(
        self, text: str, state: ConversationState, rules: Reading, found: LinkedParse
    ) -> Reading:
        """One reading of the message."""
        ours = _group(rules)
        theirs = _model_group(found.parse.act)
        reading = rules
        if ours != theirs and (ours, theirs) in self._policy.acts:
            reading = self._by_model(text, state, rules, found, theirs)
        is_their_opinion = reading is not rules and theirs == "feedback"
        readable = _group(reading) != "unknown"
        if readable and (_group(reading) in ("wish", "feedback") or reading.wants_slate):
            reading = self._with_fields(text, state, reading, found)
        if self._policy.of("opinions") != "rules" or is_their_opinion:
            reading = self._with_opinions(text, reading, found)
        return self._with_unknown(reading, found)

    # ---- what the person does --------------------------------------------------------------

    def _by_model(
        self, text: str, state: ConversationState, rules: Reading, found: LinkedParse, group: Group
    ) -> Reading:
        """The rules' reading with another act; itself again when that act has nothing to go by."""
        if group == "wish":
            if _group(rules) == "unknown" and not _is_firm(found):
                return rules
            alone = self._alone(text, state).wish
            refined = state.wish != Wish() and (found.parse.act == "refine" or rules.act == "more")
            change = alone.model_dump(exclude_defaults=True)
            return replace(
                rules, intent="recommend", act="wish", refined=refined, wants_slate=True,
                wish=state.wish.model_copy(update=change) if refined else alone,
            )  # fmt: skip
        has_say = self._policy.of("words") == "model"  # also over whether they are a wish
        if group in ("chat", "unknown") and not (has_say or _only_words(rules, state)):
            return rules
        intent, act = _ACT_OF[group]
        about = found.of("about")
        if group in ("explain", "compare", "details"):
            if not about or (group == "compare" and len(about) < 2):
                return rules
            return replace(
                rules, intent=intent, act=act, wish=state.wish, item_ids=about, wants_slate=False
            )
        if group == "feedback":
            if not found.of(*_JUDGED):
                return rules
            slate = bool(set(found.of(*_JUDGED)) & set(state.last_slate)) or bool(found.of("liked"))
            return replace(
                rules, intent=intent, act=act, wish=state.wish, refined=True, wants_slate=slate
            )
        if group == "more":
            return replace(
                rules, intent=intent, act=act, wish=state.wish, refined=True, wants_slate=True
            )
        return replace(
            rules, intent=intent, act=act, wish=state.wish, wants_slate=act == "gibberish", item_ids=()
        )  # fmt: skip

    def _alone(self, text: str, state: ConversationState) -> Reading:
        """What the message would mean by itself: its change, without the old wish."""
        return self._read(text, state.model_copy(update={"wish": Wish()}))

    # ---- the wish --------------------------------------------------------------------------

    def _with_fields(
        self, text: str, state: ConversationState, reading: Reading, found: LinkedParse
    ) -> Reading:
        """The wish with every field joined as the policy says."""
        reading = self._with_topic(text, state, reading, found)
        base = state.wish if reading.refined else Wish()
        wish = _dropped(reading.wish, base, found)
        wish = self._taken_back(wish, base, found)
        wish = self._added(wish, base, found)
        wish = self._numbers(wish, base, found)
        seeds = self._seeds(wish, base, found)
        wish = wish.model_copy(update=seeds)
        # The rules saw nothing to look for, the model did.
        found_more = reading.act == "wish" and wish != reading.wish
        return replace(reading, wish=wish, wants_slate=reading.wants_slate or found_more)

    def _with_topic(
        self, text: str, state: ConversationState, reading: Reading, found: LinkedParse
    ) -> Reading:
        act = found.parse.act
        if self._policy.topic == "rules" or act not in ("new", "refine") or state.wish == Wish():
            return reading
        new = (
            act == "new" if self._policy.topic == "model" else act == "new" and not reading.refined
        )
        if new and reading.refined:
            return replace(reading, wish=self._alone(text, state).wish, refined=False)
        if not new and not reading.refined and reading.act == "wish":
            change = reading.wish.model_dump(exclude_defaults=True)
            return replace(reading, wish=state.wish.model_copy(update=change), refined=True)
        return reading

    def _taken_back(self, wish: Wish, base: Wish, found: LinkedParse) -> Wish:
        """Without what the rules alone found, where the model has the say or both must agree."""
        changes: dict[str, tuple[str, ...]] = {}
        pairs: tuple[tuple[Field, tuple[str, ...], tuple[str, ...]], ...] = (
            ("genres", ("genres_all", "genres_any"), found.genres),
            ("no_genres", ("genres_none",), found.no_genres),
            ("people", ("people_all",), found.people),
            ("no_people", ("people_none",), found.no_people),
        )
        for name, slots, theirs in pairs:
            if self._policy.of(name) not in ("model", "agree"):
                continue
            for slot in slots:
                old = getattr(base, slot)
                changes[slot] = tuple(v for v in getattr(wish, slot) if v in old or v in theirs)
        return wish.model_copy(update=changes)

    def _added(self, wish: Wish, base: Wish, found: LinkedParse) -> Wish:
        """With what the model found beside the rules, where it may add."""
        draft = Draft(added=True)
        old_genres = (*base.genres_all, *base.genres_any)
        ours_genres = {*wish.genres_all, *wish.genres_any}.difference(old_genres)
        soft = {g for g, w in wish.genre_weights.items() if w > 0}
        shunned = {g for g, w in wish.genre_weights.items() if w < 0}
        wanted = [
            g
            for g in found.genres
            if g not in soft and g not in wish.genres_none and g not in shunned
        ]
        draft.genres = self._new("genres", wanted, ours_genres)
        draft.refused = self._new(
            "no_genres",
            found.no_genres,
            set(wish.genres_none) - set(base.genres_none),
            unless=shunned,
        )
        draft.people = self._new(
            "people", found.people, set(wish.people_all) - set(base.people_all)
        )
        draft.people_refused = self._new(
            "no_people", found.no_people, set(wish.people_none) - set(base.people_none)
        )
        draft.any_of = bool(wish.genres_any)
        self._add_words(draft, wish, found)
        return merge(wish, Change(draft=draft))

    def _new(
        self, name: Field, theirs: tuple[str, ...] | list[str], ours: set[str], *, unless: set[str] | None = None
    ) -> list[str]:  # fmt: skip
        trust = self._policy.of(name)
        if trust in ("rules", "agree") or (trust == "fill" and ours):
            return []
        return [value for value in theirs if value not in ours and value not in (unless or ())]

    def _add_words(self, draft: Draft, wish: Wish, found: LinkedParse) -> None:
        """Moods and topics that the rules passed over, read by the lexicon where it knows them."""
        for name, words, before in (("words", found.words, ""), ("less", found.less, "less ")):
            if self._policy.of(name) not in ("model", "union"):  # pyright: ignore[reportArgumentType]
                continue
            for word in words:
                self._add_word(draft, wish, before, word)

    def _add_word(self, draft: Draft, wish: Wish, before: str, word: str) -> None:
        """One word or phrase; wanted words that the lexicon knows are the rules' business already."""
        lexicon = self._lexicon()
        word = " ".join(part for part in word.split() if not lexicon.is_filler(part))
        known = f"{wish.query} {wish.avoid} {' '.join(wish.notes)}".casefold()
        if not word or all(part in known for part in word.split()):
            return
        phrase = f"{before}{word}"
        matches = lexicon.match(phrase)
        if not before:
            draft.query += [] if matches else [word]
            return
        meant = draft_words(phrase, matches, read_cues(phrase))
        stated = (*wish.genres_none, *wish.genres_all, *wish.genres_any)
        if any(genre in stated for genre in (*meant.genres, *meant.demoted, *meant.refused)):
            return
        draft.pull(meant.weights, 1.0)
        draft.avoid += meant.avoid or [word]
        draft.notes += meant.notes or [phrase]

    def _numbers(self, wish: Wish, base: Wish, found: LinkedParse) -> Wish:
        changes: dict[str, int | None] = {}
        said = (wish.year_min, wish.year_max) != (base.year_min, base.year_max)
        if found.years is not None and _believed(self._policy.of("years"), said):
            changes |= {"year_min": found.years[0], "year_max": found.years[1]}
        if found.count is not None and _believed(
            self._policy.of("count"), wish.count != base.count
        ):
            changes["count"] = min(found.count, 10)
        return wish.model_copy(update=changes)

    def _seeds(self, wish: Wish, base: Wish, found: LinkedParse) -> dict[str, tuple[str, ...]]:
        """Titles to lean on and away from; nothing is in both."""
        unlike = self._titles(
            "unlike", wish.unlike_item_ids, base.unlike_item_ids, found.of("unlike")
        )
        against = {*unlike, *found.of("disliked")}
        like = self._titles("like", wish.like_item_ids, base.like_item_ids, found.of("like"))
        return {
            "like_item_ids": tuple(i for i in like if i not in against),
            "unlike_item_ids": tuple(i for i in unlike if i not in found.of("like")),
        }

    def _titles(
        self, name: Field, wish: tuple[str, ...], base: tuple[str, ...], theirs: tuple[str, ...]
    ) -> tuple[str, ...]:
        ours = tuple(i for i in wish if i not in base)
        kept = tuple(i for i in wish if i in base)
        match self._policy.of(name):
            case "rules":
                return wish
            case "agree":
                return (*kept, *(i for i in ours if i in theirs))
            case "model":
                return (*(kept if not theirs or name == "unlike" else ()), *theirs)
            case "fill":
                return wish if ours else _joined(kept, theirs, replaces=name == "like")
            case _:
                return _joined(wish if ours else kept, theirs, replaces=name == "like" and not ours)

    # ---- opinions and what is unknown ------------------------------------------------------

    def _with_opinions(self, text: str, reading: Reading, found: LinkedParse) -> Reading:
        """Items judged: the model's beside the rules', each with one opinion only."""
        if _group(reading) not in ("wish", "feedback", "more"):
            return reading
        trust = self._policy.of("opinions")
        ours = {
            "liked": reading.liked_item_ids, "disliked": reading.disliked_item_ids, "seen": reading.seen_item_ids,
        }  # fmt: skip
        judged = {i for ids in ours.values() for i in ids}
        more = {
            role: tuple(
                i for i in found.of(role) if i not in judged and not (trust == "fill" and judged)
            )
            for role in _JUDGED
        }
        if not any(more.values()):
            return reading
        quote = text.strip()[:160]
        kinds: tuple[tuple[str, PreferenceKind], ...] = (("liked", "like"), ("disliked", "dislike"))
        drafts = tuple(
            PreferenceDraft(kind=kind, subject="item", value=i, label=self._label(i), quote=quote)
            for role, kind in kinds
            for i in more[role]
        )  # fmt: skip
        return replace(
            reading,
            liked_item_ids=(*ours["liked"], *more["liked"]),
            disliked_item_ids=(*ours["disliked"], *more["disliked"]),
            seen_item_ids=(*ours["seen"], *more["seen"]),
            item_ids=tuple(
                dict.fromkeys((*reading.item_ids, *(i for ids in more.values() for i in ids)))
            ),
            learned=(*reading.learned, *drafts),
        )

    def _with_unknown(self, reading: Reading, found: LinkedParse) -> Reading:
        """Names that neither a catalog nor the rules know."""
        trust = self._policy.of("unknown")
        titles, people = reading.unknown_titles, reading.unknown_people
        if trust in ("model", "agree"):
            known = {name.casefold() for name in (*found.unknown_titles, *found.unknown_people)}
            titles = tuple(one for one in titles if one[0].casefold() in known)
            people = tuple(one for one in people if one.casefold() in known)
        if trust in ("model", "union") or (trust == "fill" and not titles):
            named = {one[0].casefold() for one in titles}
            titles = (
                *titles,
                *((one, None) for one in found.unknown_titles if one.casefold() not in named),
            )
        if trust in ("model", "union") or (trust == "fill" and not people):
            people = tuple(dict.fromkeys((*people, *found.unknown_people)))
        missing = reading.missing_references or found.missing_references
        return replace(
            reading, unknown_titles=titles, unknown_people=people, missing_references=missing
        )


def _group(reading: Reading) -> Group:
    return _GROUP_OF.get(reading.act, "chat")


def _model_group(act: ParseAct) -> Group:
    return "wish" if act in ("new", "refine") else act


def _is_firm(found: LinkedParse) -> bool:
    """True when a parse holds more than words, which gibberish has too."""
    return bool(found.genres or found.people or found.items or found.years or found.no_genres)


def _only_words(rules: Reading, state: ConversationState) -> bool:
    """True when all that the rules made of a message is words to search for, as of "my cat says sorry"."""
    if rules.act != "wish":
        return _group(rules) != "wish"
    if rules.unknown_titles or rules.unknown_people or rules.item_ids or rules.learned:
        return False
    base = state.wish if rules.refined else Wish()
    words = {"query": base.query, "avoid": base.avoid, "notes": base.notes}
    return rules.wish.model_copy(update=words) == base


def _believed(trust: Trust, said_by_rules: bool) -> bool:
    return trust == "model" or (trust in ("union", "fill") and not said_by_rules)


def _joined(kept: tuple[str, ...], theirs: tuple[str, ...], *, replaces: bool) -> tuple[str, ...]:
    """Old and new titles; new examples take the place of old ones, as the rules have it."""
    return theirs if theirs and replaces else tuple(dict.fromkeys((*kept, *theirs)))


def _dropped(wish: Wish, base: Wish, found: LinkedParse) -> Wish:
    """Without the parts of the old wish that the person let go of; what this message says stays."""
    changes: dict[str, object] = {}
    for slot in found.parse.drop:
        for name in _SLOTS[slot]:
            old, now = getattr(base, name), getattr(wish, name)
            if isinstance(now, tuple):
                changes[name] = tuple(value for value in now if value not in old)
            elif now == old:
                changes[name] = Wish.model_fields[name].get_default(call_default_factory=True)
    return wish.model_copy(update=changes)


_SLOTS: Mapping[str, tuple[str, ...]] = {
    "genres": ("genres_all", "genres_any"),
    "years": ("year_min", "year_max"),
    "people": ("people_all",),
    "like": ("like_item_ids",),
    "words": ("query", "notes"),
    "count": ("count",),
}
