"""The words of an answer and the cards of its slate, rendered from the catalog.

Pure. Nothing here asks a model; a model's own words arrive already grounded, in `Plan.say`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rec_core import Catalog, Item

from .asking import question_text
from .events import SlateItem
from .evidence import EvidenceFinder
from .planning.base import Intent, Plan
from .reasons import (
    FOR_CHILDREN,
    KIND_PLURALS,
    full_reason,
    genre_words,
    joined,
    kind_words,
    slate_reasons,
)
from .state import Preference, Wish

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ADJECTIVES = {
    "action": "action",
    "animation": "animated",
    "crime": "crime",
    "romance": "romantic",
    "war": "war",
}
# Words that go on without a comma: "six picks like Heat", but "six picks, funnier".
_FOLLOWING = ("like ", "with ", "directed by ", "without ", "from ", "that ", "about ", "on ")
DIRECTING = (
    " directing"  # ends the note that somebody is wanted as a director: "Clint Eastwood directing"
)
_TOLD_BY_YEARS = ("newer", "older")  # the years that they became are told themselves
_PLACEHOLDERS = frozenset(("unknown", "untitled", "n/a"))
_PEOPLE_SHOWN = 4
_EXCERPT = 280
_MOST_SUGGESTIONS = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Text, cards and next steps, as the person gets to see them."""

    text: str
    items: tuple[SlateItem, ...] = ()
    suggestions: tuple[str, ...] = ()


def compose(
    plan: Plan, item_ids: Sequence[str], about: Sequence[str], finder: EvidenceFinder
) -> Answer:
    """The answer to a plan.

    Args:
        plan: What was planned; its `say` is used where there is any.
        item_ids: The grounded slate, in order.
        about: The items that an explanation, a comparison or a look-up is about.
        finder: Where reasons come from.
    """
    items = slate_items(showable(item_ids, finder.catalog), finder)
    known = [finder.catalog[item_id] for item_id in about if item_id in finder.catalog]
    text = plan.say.strip() or _template(plan, items, known, finder)
    if plan.asks_about and items and not plan.say.strip():
        text = f"{text} {question_text(plan.asks_about)}".strip()
    suggestions = plan.suggestions or _suggestions(plan.intent, items)
    return Answer(text=text, items=items, suggestions=suggestions[:_MOST_SUGGESTIONS])


def showable(item_ids: Sequence[str], catalog: Catalog) -> tuple[str, ...]:
    """The items in order without placeholders, and each title of a year only once: catalogs hold
    the same film under two ids.
    """
    kept: dict[str, str] = {}
    for item_id in item_ids:
        item = catalog[item_id]
        if not is_placeholder(item):
            kept.setdefault(item.label.casefold(), item_id)
    return tuple(kept.values())


def is_placeholder(item: Item) -> bool:
    """True for rows such as "unknown" without a year, which stand for a title that was lost."""
    return item.year is None and item.title.strip().casefold() in _PLACEHOLDERS


def slate_items(item_ids: Sequence[str], finder: EvidenceFinder) -> tuple[SlateItem, ...]:
    """The cards of a slate, with a reason each."""
    cards = []
    reasons = slate_reasons(item_ids, finder)
    for item_id, (reason, evidence) in zip(item_ids, reasons, strict=True):
        item = finder.catalog[item_id]
        cards.append(
            SlateItem(
                item_id=item_id,
                title=item.title,
                year=item.year,
                genres=item.genres,
                people=item.people[:_PEOPLE_SHOWN],
                reason=reason,
                evidence=evidence,
            )
        )
    return tuple(cards)


def saved_phrase(preference: Preference) -> str:
    """What was noted, to the person: "You like Thriller."."""
    starts = {
        "like": "You like",
        "dislike": "You don't like",
        "must": "Always:",
        "must_not": "Never:",
    }
    if preference.subject == "note":
        return preference.label
    about = kind_words(preference.value) if preference.subject == "genre" else preference.label
    return f"{starts[preference.kind]} {about}"


def wish_phrase(wish: Wish, finder: EvidenceFinder, *, noun: str = "picks") -> str:
    """A wish in words: "crime picks like Heat, from the 1990s, less violent"; the noun alone when it is empty."""
    catalog = finder.catalog
    seeds = [catalog[one].title for one in wish.like_item_ids if one in catalog]
    parts = [f"like {joined(seeds[:3])}"] if seeds else []
    parts += people_phrases(wish)
    if years := _years(wish):
        parts.append(years)
    barred = [genre for genre in wish.genres_none if genre not in FOR_CHILDREN]
    without = [kind_words(genre) for genre in barred] + list(wish.people_none)
    if without:
        parts.append(f"without {joined(without, last='or')}")
    if len(barred) < len(wish.genres_none):
        parts.append("nothing for children")
    head = _head(wish, noun)
    parts += told_notes(wish)[:2]
    if not parts:
        return head
    apart = "" if parts[0].startswith(_FOLLOWING) else ","
    return f"{head}{apart} {', '.join(parts)}"


def people_phrases(wish: Wish) -> list[str]:
    """The people wanted, by what they are wanted for: "directed by Clint Eastwood", "with Tom Hanks"."""
    makers = [name for name in wish.people_all if f"{name}{DIRECTING}" in wish.notes]
    others = [name for name in wish.people_all if name not in makers]
    parts = [f"directed by {joined(makers)}"] if makers else []
    return parts + ([f"with {joined(others)}"] if others else [])


def told_notes(wish: Wish) -> list[str]:
    """The notes of a wish without those that its people and years tell in better words, in order."""
    dated = wish.year_min is not None or wish.year_max is not None
    notes = [note for note in wish.notes if not note.endswith(DIRECTING)]
    return [note for note in notes if not (dated and note in _TOLD_BY_YEARS)]


def _head(wish: Wish, noun: str) -> str:
    """What is wished for without its conditions: "romantic comedies for children", "crime or war picks"."""
    wanted = [genre_words([genre]) for genre in wish.genres_all if genre not in FOR_CHILDREN]
    choice = ["children's" if g in FOR_CHILDREN else genre_words([g]) for g in wish.genres_any]
    kinds = [one for one in (joined(wanted), joined(choice, last="or")) if one]
    main = next((word for word in wanted if word in KIND_PLURALS), "")
    others = [word for word in wanted if word != main]
    if main and not choice and len(others) < 2 and all(one in _ADJECTIVES for one in others):
        kinds = [_ADJECTIVES[one] for one in others]
        noun = KIND_PLURALS[main] if noun.endswith("s") else main
    audience = ["for children"] if len(wanted) < len(wish.genres_all) else []
    return " ".join([*kinds, noun, *audience])


def _template(
    plan: Plan, items: Sequence[SlateItem], about: Sequence[Item], finder: EvidenceFinder
) -> str:
    match plan.intent:
        case "explain" if about:
            return _explanation(about, finder)
        case "compare" if len(about) > 1:
            return _comparison(about, finder)
        case "details" if about:
            return "\n\n".join(_details(item, finder) for item in about[:3])
        case "recommend" | "more" | "feedback" | "unknown" if items:
            return _introduction(plan, items, finder)
        case "recommend" | "more" | "unknown":
            return _abstention(plan, finder)
        case "feedback" | "remember":
            return "Noted."
        case _ if items:
            return _introduction(plan, items, finder)
        case _:
            return (
                "Tell me what you are in the mood for: a title you liked, a genre, an actor, "
                "a decade, or what to leave out."
            )


def _introduction(plan: Plan, items: Sequence[SlateItem], finder: EvidenceFinder) -> str:
    number = _NUMBERS[len(items)] if len(items) < len(_NUMBERS) else str(len(items))
    more = " more" if plan.intent == "more" else ""
    noun = "pick" if len(items) == 1 else "picks"
    wish = plan.wish or Wish()
    if plan.relaxed:
        # The wish as it was said would be a false claim; the notices tell what was let go.
        let_go = Wish(**{name: getattr(wish, name) for name in plan.relaxed})
        closest = "This one comes" if len(items) == 1 else f"These {number} come"
        return (
            f"{closest} closest{'' if let_go == Wish() else f' to {wish_phrase(let_go, finder)}'}."
        )
    phrase = wish_phrase(wish, finder, noun=noun)
    if phrase == noun:
        personal = finder.person.liked or finder.person.history
        known = len(finder.recommender.interactions) > 0
        general = " that many people liked" if known else " to start with"
        phrase += " for you, going by what you liked" if personal else general
    text = f"{number}{more} {phrase}."
    return f"{text[:1].upper()}{text[1:]}"


def _abstention(plan: Plan, finder: EvidenceFinder) -> str:
    phrase = wish_phrase(plan.wish or Wish(), finder)
    left_over = " that you have not seen here already" if plan.intent == "more" else ""
    return (
        f"I found no {phrase}{left_over}. Tell me which part matters least, and I will look again."
    )


def _explanation(about: Sequence[Item], finder: EvidenceFinder) -> str:
    paragraphs = []
    for item in about[:3]:
        clauses, _ = full_reason(item.item_id, finder)
        first, *rest = clauses
        text = f"{item.label}: {first}"
        text += f". Also: {'; '.join(rest)}." if rest else "."
        paragraphs.append(text)
    return "\n\n".join(paragraphs)


def _comparison(about: Sequence[Item], finder: EvidenceFinder) -> str:
    labels = joined([item.label for item in about])
    shared = [genre for genre in about[0].genres if all(genre in item.genres for item in about)]
    people = [name for name in about[0].people if all(name in item.people for item in about)]
    same = [genre_words(shared)] if shared else []
    same += [joined(people[:3])] if people else []
    both = "Both" if len(about) == 2 else "All"
    lines = [
        f"{labels}. {both} share {joined(same)}." if same else f"{labels} have little in common."
    ]
    for item in about:
        facts = [genre for genre in item.genres if genre not in shared]
        own = [genre_words(facts)] if facts else []
        own += [f"by {joined(item.directors[:2])}"] if item.directors else []
        own += [f"with {joined(item.cast[:2])}"] if item.cast else []
        own += _standing(item, finder)
        if own:
            lines.append(f"{item.label}: {'; '.join(own)}.")
    return "\n".join(lines)


def _details(item: Item, finder: EvidenceFinder) -> str:
    facts = [genre_words(item.genres)] if item.genres else []
    facts += [f"by {joined(item.directors[:3])}"] if item.directors else []
    facts += [f"with {joined(item.cast[:4])}"] if item.cast else []
    facts += _standing(item, finder)
    if not facts:
        return f"{item.label}. The catalog says no more about it."
    text = f"{item.label}: {'; '.join(facts)}."
    excerpt = _excerpt(item)
    return f"{text}\n{excerpt}" if excerpt else text


def _standing(item: Item, finder: EvidenceFinder) -> list[str]:
    """How it is rated and how well it is known, as far as the data tells."""
    interactions = finder.recommender.interactions
    row = finder.catalog.ids.row(item.item_id)
    count = int(interactions.item_counts[row])
    if not count:
        return []
    people = "one person" if count == 1 else f"{count:,} people"
    if interactions.has_ratings:
        return [f"rated {finder.mean_rating(item.item_id):.1f} on average by {people} here"]
    return [f"chosen by {people} here"]


def _excerpt(item: Item) -> str:
    """The beginning of what the catalog tells about it, as one quoted line."""
    text = next((" ".join(text.split()) for text in item.texts.values() if text.strip()), "")
    visible = "".join(character for character in text[: 4 * _EXCERPT] if character.isprintable())
    if len(visible) <= _EXCERPT:
        return f"“{visible}”" if visible else ""
    return f"“{visible[:_EXCERPT].rsplit(' ', 1)[0].rstrip(' ,;:')}…”"


def _years(wish: Wish) -> str:
    low, high = wish.year_min, wish.year_max
    if low is None and high is None:
        return ""
    if low is None:
        return f"from {high} or before"
    if high is None:
        return f"from {low} on"
    if low == high:
        return f"from {low}"
    if low % 10 == 0 and high == low + 9:
        return f"from the {low}s"
    return f"from {low} to {high}"


def _suggestions(intent: Intent, items: Sequence[SlateItem]) -> tuple[str, ...]:
    if items:
        return ("More like these", f"Why {items[0].title}?", "Something newer", "Surprise me")
    if intent in ("explain", "compare", "details"):
        return ("More like this", "Something different")
    return ("Surprise me", "A comedy from the 1990s", "Something like a film I love")
