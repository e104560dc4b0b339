"""What the rules say in their own words: small talk, notices, next steps. Short, warm, plain.

Variants rotate with the turn number, so the same sentence never comes twice in a row. Titles come from
the catalog alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rec_core import Catalog

from ..answering import DIRECTING, people_phrases, told_notes
from ..reasons import kind_words
from ..state import Wish
from ..understanding import Act, Reading
from ..understanding.numbers import AT_A_TIME
from .base import TurnView

_SAID: dict[Act, tuple[str, ...]] = {
    "thanks": ("You're welcome. Enjoy!", "My pleasure. Come back any time.", "Gladly. Have a good one!"),
    "bye": ("See you. Enjoy!", "Good night, and enjoy what you picked.", "Bye, come back when you need another idea."),
    "identity": (
        "I'm Rapport, a recommender you can talk to. Everything I suggest comes from one catalog and from what people liked in it.",
        "I'm a program: Rapport. I read your wish, search one catalog and tell you why each pick fits.",
    ),
    "hostile": (
        "That's not something I can do. I only recommend from the catalog here, so tell me what you feel like.",
        "I'll stay with recommending. What are you in the mood for?",
    ),
    "insult": (
        "Sorry that I missed the mark. Tell me what was wrong with it, and I'll do better.",
        "Fair enough. Give me one thing you liked, and I'll start from there.",
    ),
    "care": (
        "I'm sorry that things are this hard. I'm only a recommender, but please talk to somebody you trust, or call your local emergency or crisis line; they are there for exactly this.",
        "That sounds really heavy, and you shouldn't carry it alone. Please reach out to somebody close or to a crisis line where you live. I'm only a recommender, but I'm glad you said it.",
    ),
    "off_topic": (
        "That's outside what I know: I can only recommend from the catalog here. What do you feel like?",
        "I'd only be guessing there. Recommending is what I'm good at; what are you in the mood for?",
    ),
    "praise": ("Glad you like it. Enjoy!", "Good choice. Want more of the same kind?", "Happy to hear it."),
    "foreign": (
        "Sorry, I understand English best. Try a title, a genre or a decade, such as \"comedies from the 90s\".",
        "I'm afraid I read little but English. A title you like is enough for me to start from.",
    ),
    "gibberish": (
        "I couldn't make that out. Name a title you liked, a genre or a decade, and I'll take it from there.",
        "That one escaped me. Try something like \"a tense thriller from the 80s\".",
    ),
    "empty": (
        "I'm listening. What are you in the mood for?",
        "Take your time. A title you liked is a good start.",
    ),
    "start_over": (
        "Fresh start. What are you in the mood for?",
        "All cleared. What would you like now?",
    ),
    "undo": (
        "I can't take a turn back by myself: press Undo below my last answer, or type /undo in the terminal.",
    ),
    "deny": ("All right. What should be different?", "Fine. Which way should I go instead?"),
}  # fmt: skip
_ASKING: frozenset[Act] = frozenset(("start_over", "deny", "hello", "empty"))
_MOST_NAMED = 3
_NOT_THOSE = ("none of those. How about these", "not that. How about this one")
_TASTE = {"like": "you like", "dislike": "you don't like", "must": "only", "must_not": "never"}
_HELLO = (
    "Hello! Tell me what you feel like: a title you liked, a genre, a decade, a mood. Or shall I surprise you?",
    "Hi there! What are you in the mood for?",
)
_HELP = (
    (
        'Tell me what you want in your own words, for example "something like {title} but less violent, from the 90s" or '
        '"a funny film for kids, not animated". Then refine: "newer", "less dark", "another one", "not with …". Ask '
        '"why the first one?", "compare the first two" or "what is it about?". Tell me what you love or can\'t stand and '
        'I\'ll remember it; "what do you know about me?" shows it and "forget that" drops it.'
    ),
    (
        "You can name titles, genres, decades, moods and things to avoid, and change any of it as we go. I can explain, compare "
        'and tell you more about anything I show, and I remember tastes until you say "forget that". Try "like {title}, but lighter".'
    ),
)
_OPEN = (
    "Here are some that people with all kinds of tastes rate highly.",
    "A few that rarely disappoint, to start with.",
    "Some well-loved ones to choose from.",
)
# After `_SAID["gibberish"]`: what the slate beside it goes by.
_MEANWHILE = (
    "Meanwhile, these are what many people like:",
    "Meanwhile, more of what you asked for:",
)
_SURPRISES = (
    "Here's a mixed bag for you.",
    "All right, my choice this time.",
    "Let's see what you make of these.",
)


def slate_words(reading: Reading, view: TurnView, catalog: Catalog, n_found: int) -> str:
    """What goes with a slate. "" leaves it to the turn's templates."""
    if not n_found:
        return ""
    if reading.act == "open" or (reading.act == "start_over" and reading.wish == Wish()):
        return _turned(_OPEN, view)
    if reading.act == "gibberish":
        stands = reading.wish != Wish()
        return f"{_turned(_SAID['gibberish'], view)} {_MEANWHILE[stands]}"
    if reading.act == "surprise":
        return _turned(_SURPRISES, view)
    if (
        reading.act == "more"
        and view.state.last_slate
        and set(view.state.last_slate) <= set(reading.disliked_item_ids)
    ):
        return f"All right, {_NOT_THOSE[n_found == 1]} instead?"
    if reading.act == "feedback":
        return f"{_opinion_words(reading, catalog)} {_follow_up(reading, n_found)}"
    return ""


def chat_words(reading: Reading, catalog: Catalog, view: TurnView) -> tuple[str, bool]:
    """The answer to a message that leads to no slate, and whether it asks something."""
    act = reading.act
    if act == "feedback":
        return _feedback_alone(reading, catalog)
    if act == "hello":
        return _turned(_HELLO, view), True
    if act == "help":
        return _turned(_HELP, view).format(title=_example_title(view, catalog)), False
    if act == "affirm":
        return ("Tell me a genre, a decade or a title you liked.", True)
    if act in ("explain", "pick", "compare", "details"):
        return _nothing_to_look_up(reading, view, catalog)
    if act == "wish":
        return _unknown_words(reading, catalog), reading.wish == Wish()
    return _turned(_SAID[act], view), act in _ASKING


def notices_of(
    reading: Reading, catalog: Catalog, view: TurnView, *, said_in_words: bool = False
) -> tuple[str, ...]:
    """What must be told beside the answer. `said_in_words`: the text already names what is unknown."""
    told = list(reading.notices)
    if not said_in_words:
        told += [_unknown_title(title, near, catalog) for title, near in reading.unknown_titles]
        told += [_unknown_person(name, catalog) for name in reading.unknown_people]
    for words in reading.missing_references if not said_in_words else ():
        shown = len(view.state.last_slate)
        told.append(
            f'I can\'t tell what "{words}" is; I last showed {shown}.'
            if shown
            else f'I have shown nothing yet, so I can\'t tell what "{words}" is.'
        )
    left_out = [catalog[i].label for i in reading.disliked_item_ids if i in catalog]
    if left_out and reading.act != "feedback" and len(left_out) <= _MOST_NAMED:
        told.append(f"I left out {_joined(left_out)}.")
    if reading.language is not None and reading.wants_slate:
        told.append("I understand English best; I went by the words I know.")
    return tuple(dict.fromkeys(told))


def mood_notice(reading: Reading, view: TurnView, catalog: Catalog) -> str:
    """Say that genres alone stood in for a mood where the catalog tells nothing else of its items.

    Said when the first mood of a topic comes up; "" otherwise.
    """
    moods, before = _moods(reading.wish), _moods(view.state.wish)
    if not moods or before or catalog.describes_contents:
        return ""
    return "This catalog has no plots or tags, so I judged the mood by genres alone."


def _moods(wish: Wish) -> list[str]:
    """The notes that tell of a mood, not of a role or a number."""
    return [note for note in wish.notes if not note.endswith((DIRECTING, AT_A_TIME))]


def relaxed_notice(
    reading: Reading, told: Sequence[str], n_full: int, n_shown: int, wanted: int
) -> str:
    """What was let go, or that there is no more; "" when all is as asked."""
    again = reading.act in ("more", "feedback")
    if n_shown > n_full and told:
        let_go = _joined(list(told))
        if n_full == 0:
            return f"Nothing {'else ' if again else ''}fits all of that, so I {let_go}."
        return f"{_only(n_full, again)} all of that; for the others I {let_go}."
    asked = reading.count or reading.wish.count
    if n_shown and n_shown < wanted and (asked or n_shown < 3):
        return f"{_only(n_shown, again)} what you asked; that is all I have."
    return ""


def _only(number: int, again: bool) -> str:
    many = "one" if number == 1 else str(number)
    return f"Only {many}{' more' if again else ''} {'fits' if number == 1 else 'fit'}"


def next_steps(reading: Reading, catalog: Catalog, *, shown: Sequence[str] = ()) -> tuple[str, ...]:
    """Up to four short replies to click, fit for where the conversation stands."""
    wish = reading.wish
    if reading.act in ("explain", "details", "pick", "compare") and reading.item_ids:
        title = catalog[reading.item_ids[0]].title
        return (f"More like {title}", f"I've seen {title}", "Something else")
    if reading.act in (
        "open",
        "start_over",
        "hello",
        "empty",
        "gibberish",
        "deny",
        "off_topic",
        "hostile",
        "help",
        "foreign",
        "affirm",
    ) or (not shown and wish == Wish()):
        return _openers(catalog)
    if not shown:
        return _loosened(wish, catalog) or _openers(catalog)
    steps = [f"More like {catalog[shown[0]].title}"]
    if wish.year_min is None or wish.year_max is None:
        steps.append("Something newer" if wish.year_min is None else "Any year")
    if "Children" not in wish.genres_all and not any("violent" in note for note in wish.notes):
        steps.append("Less violent")
    steps += [
        "Another one" if len(shown) == 1 else "Show me others",
        "Why these?" if len(shown) > 1 else "Why this one?",
    ]
    return tuple(dict.fromkeys(steps))[:4]


def summary_of(reading: Reading, catalog: Catalog) -> str:
    """One line for people about what is being done."""
    names = [catalog[i].title for i in reading.item_ids if i in catalog]
    if reading.wants_slate:
        return f"Look for: {_wish_line(reading.wish, catalog)}"
    done = {
        "explain": "Explain", "pick": "Explain", "compare": "Compare", "details": "Look up", "feedback": "Note",
    }.get(reading.act)  # fmt: skip
    if reading.act == "feedback" and not names:
        return "Note what you think"
    if done:
        return f"{done} {_joined(names)}".strip() if names else f"{done}: nothing to go by yet"
    return "Answer without looking anything up"


def _wish_line(wish: Wish, catalog: Catalog) -> str:
    parts = [f"like {catalog[i].title}" for i in wish.like_item_ids if i in catalog]
    parts += [_joined(list(wish.genres_all))] if wish.genres_all else []
    parts += [" or ".join(wish.genres_any)] if wish.genres_any else []
    parts += [f"not {name}" for name in (*wish.genres_none, *wish.people_none)]
    parts += people_phrases(wish)
    if wish.year_min is not None or wish.year_max is not None:
        parts.append(
            f"{wish.year_min or 'up to '}{'–' if wish.year_min else ''}{wish.year_max or ''}"
        )
    parts += told_notes(wish)
    parts += [f'"{wish.query}"'] if wish.query and not wish.notes else []
    return " · ".join(parts) or "anything good"


def _opinion_words(reading: Reading, catalog: Catalog) -> str:
    liked = [catalog[i].title for i in reading.liked_item_ids]
    disliked = [catalog[i].title for i in reading.disliked_item_ids]
    seen = [catalog[i].title for i in reading.seen_item_ids]
    tastes = [p for p in reading.learned if p.subject != "item"]
    parts = [f"you liked {_joined(liked)}"] if liked else []
    parts += (
        [f"{_joined(disliked)} {'was' if len(disliked) == 1 else 'were'} not for you"]
        if disliked
        else []
    )
    parts += [f"you know {_joined(seen)} already"] if seen else []
    parts += [
        f"{_TASTE[p.kind]} {kind_words(p.value) if p.subject == 'genre' else p.label}"
        for p in tastes
    ]
    return f"Noted: {'; '.join(parts)}." if parts else "Noted."


def _follow_up(reading: Reading, n_found: int) -> str:
    one = n_found == 1
    if reading.disliked_item_ids or reading.seen_item_ids:
        return "How about this one instead?" if one else "How about these instead?"
    if reading.liked_item_ids:
        return "This goes well with it." if one else "These go well with it."
    return "This one fits." if one else "With that in mind:"


def _feedback_alone(reading: Reading, catalog: Catalog) -> tuple[str, bool]:
    noted = _opinion_words(reading, catalog)
    if reading.seen_item_ids and not (reading.liked_item_ids or reading.disliked_item_ids):
        return f"{noted} Did you like it?", True
    return f"{noted} What are you in the mood for?", True


def _nothing_to_look_up(reading: Reading, view: TurnView, catalog: Catalog) -> tuple[str, bool]:
    if reading.unknown_titles or reading.unknown_people:
        return _unknown_words(reading, catalog), False
    if reading.missing_references and view.state.last_slate:
        return f"I last showed {len(view.state.last_slate)}. Which one do you mean?", True
    if reading.act == "compare":
        return 'Which two shall I compare? Name them, or say "the first two".', True
    return "Which one do you mean? I have shown nothing yet that I could talk about.", True


def _unknown_words(reading: Reading, catalog: Catalog) -> str:
    told = [_unknown_title(title, near, catalog) for title, near in reading.unknown_titles]
    told += [_unknown_person(name, catalog) for name in reading.unknown_people]
    if reading.wish != Wish():
        return " ".join((*told, "The rest of what you asked for stands."))
    return " ".join((*told, "Is there another title, a genre or a decade I could start from?"))


def _unknown_title(title: str, near: str | None, catalog: Catalog) -> str:
    closest = f" The closest I have is {catalog[near].label}." if near is not None else ""
    return f'I don\'t have anything called "{title[:60]}" here.{closest}'


def _unknown_person(name: str, catalog: Catalog) -> str:
    if not catalog.people:
        return f"This catalog lists no actors or directors, so I can't go by {name[:60]}."
    return f"I don't know anybody called {name[:60]} here, so I can't go by that."


def _openers(catalog: Catalog) -> tuple[str, ...]:
    film_like = {"Comedy", "Thriller"} <= set(catalog.genres)
    if film_like:
        family = any(genre in catalog.genres for genre in ("Children", "Family"))
        return (
            "Something funny",
            "Something tense",
            "For the whole family" if family else "Something romantic",
            "Surprise me",
        )
    return (*(f"Something in {genre}" for genre in catalog.genres[:3]), "Surprise me")


def _loosened(wish: Wish, catalog: Catalog) -> tuple[str, ...]:
    steps = ["Any year"] if wish.year_min is not None or wish.year_max is not None else []
    steps += [f"Something like {catalog[i].title}" for i in wish.like_item_ids[:1] if i in catalog]
    return (*steps, "Start over", "Surprise me") if steps else ()


def _example_title(view: TurnView, catalog: Catalog) -> str:
    item_id = next((i for i in view.state.last_slate if i in catalog), catalog.at(0).item_id)
    return catalog[item_id].title


def _turned(variants: Sequence[str], view: TurnView) -> str:
    return variants[view.state.turn_count % len(variants)]


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
