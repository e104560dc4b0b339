"""A dialogue as the ranker reads it: what is named, felt, asked for, and the words to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..search.words import stems
from . import cues
from .linking import DialogueLinker, Links
from .utterances import Role, Utterance

_RECENT_WISHES = 4
_RECENT_TURNS = 2
_SEEKER_TEXT_LIMIT = 600
_TEXT_LIMIT = 700


@dataclass(frozen=True, kw_only=True)
class Mention:
    """An item that the dialogue names.

    Attributes:
        row: Its row.
        role: Who named it first.
        feeling: What the seeker last let know about it: 1 liked, -1 disliked, 0 nothing.
    """

    row: int
    role: Role
    feeling: cues.Feeling


@dataclass(frozen=True, kw_only=True)
class DialogueReading:
    """All that features are made of.

    Attributes:
        mentions: Each item once, in the order of first mention.
        people: (name, whether one of the last two messages names it), repeats kept.
        genres_last, genres_all: Stems asked for by the seeker's last message and by all of them.
        genres_refused: Stems in clauses that refuse something.
        words_last, words_all: Stems of the seeker's last message and of the last four.
        new, old: Whether the seeker's last two messages speak of recent or old items.
        eras: Decades named there, (first year, last year).
        texts: Two texts to encode: the seeker's last three messages, and the last four of both.
            Titles are left in.
        n_messages: How many messages there are.
        last_length: Characters of the last message.
        seeker_spoke_last: Whether the last message is the seeker's.
    """

    mentions: tuple[Mention, ...]
    people: tuple[tuple[str, bool], ...]
    genres_last: tuple[str, ...]
    genres_all: tuple[str, ...]
    genres_refused: tuple[str, ...]
    words_last: tuple[str, ...]
    words_all: tuple[str, ...]
    new: bool
    old: bool
    eras: tuple[tuple[int, int], ...]
    texts: tuple[str, str]
    n_messages: int
    last_length: int
    seeker_spoke_last: bool


def read_dialogue(
    context: Sequence[Utterance],
    linker: DialogueLinker,
    names: Mapping[str, int] | None = None,
) -> DialogueReading:
    """Read a dialogue; the oldest message comes first. An empty one is read as silence.

    Args:
        context: The messages.
        linker: Finds items and people.
        names: Learned names for the linker.
    """
    links = [linker.link(utterance.text, names) for utterance in context]
    wishes = [
        found.without_titles(utterance.text)
        for utterance, found in zip(context, links, strict=True)
        if utterance.role == "user"
    ]
    seeker = [utterance.text for utterance in context if utterance.role == "user"]
    asked, refused = _genre_stems(wishes)
    recent = " ".join(wishes[-2:])
    return DialogueReading(
        mentions=_mentions(context, links),
        people=_people(links),
        genres_last=asked[-1] if asked else (),
        genres_all=tuple(stem for stems_of in asked for stem in stems_of),
        genres_refused=refused,
        words_last=tuple(stems(wishes[-1])) if wishes else (),
        words_all=tuple(stem for wish in wishes[-_RECENT_WISHES:] for stem in stems(wish)),
        new=cues.wants_new(recent),
        old=cues.wants_old(recent),
        eras=cues.eras_of(recent),
        texts=(
            " ".join(seeker[-3:])[-_SEEKER_TEXT_LIMIT:],
            " ".join(utterance.text for utterance in context[-4:])[-_TEXT_LIMIT:],
        ),
        n_messages=len(context),
        last_length=len(context[-1].text) if context else 0,
        seeker_spoke_last=bool(context) and context[-1].role == "user",
    )


def _mentions(context: Sequence[Utterance], links: Sequence[Links]) -> tuple[Mention, ...]:
    found: dict[int, Mention] = {}
    for place, (utterance, named) in enumerate(zip(context, links, strict=True)):
        for link in named.items:
            feeling = _feeling(context, place, link.start, link.end)
            known = found.get(link.row)
            found[link.row] = Mention(
                row=link.row,
                role=known.role if known else utterance.role,
                feeling=feeling or (known.feeling if known else 0),
            )
    return tuple(found.values())


def _feeling(context: Sequence[Utterance], place: int, start: int, end: int) -> cues.Feeling:
    """The seeker's own sentence around the title, or their answer to the message that named it."""
    utterance = context[place]
    if utterance.role == "user":
        return cues.feeling_of(cues.sentence_around(utterance.text, start, end))
    answer = context[place + 1] if place + 1 < len(context) else None
    return cues.feeling_of(answer.text) if answer and answer.role == "user" else 0


def _people(links: Sequence[Links]) -> tuple[tuple[str, bool], ...]:
    first_recent = len(links) - _RECENT_TURNS
    return tuple(
        (name, place >= first_recent) for place, named in enumerate(links) for name in named.people
    )


def _genre_stems(wishes: Sequence[str]) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Stems asked for, per message, and stems in refusing clauses; most name no genre."""
    asked: list[tuple[str, ...]] = []
    refused: list[str] = []
    for wish in wishes:
        wanted: list[str] = []
        for clause, refuses in cues.clauses(wish):
            (refused if refuses else wanted).extend(stems(clause))
        asked.append(tuple(wanted))
    return asked, tuple(refused)
