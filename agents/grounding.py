"""What may be shown and said: catalog items that this turn's tools found and that meet the conditions.

Pure. The turn decides what to do about problems (one repair by the model, then the cut); this module
finds them and says what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rec_core import Item, Recommender
from tools import CandidateBus

from .constraints import Conditions
from .prose import Span, emphasised, plain, without

LONGEST_SLATE = 10
_QUOTED = re.compile(r"[\"“«]([^\"“”«»\n]{2,90})[\"”»]")
_WORD = r"(?:(?:Mr|Mrs|Ms|Dr|St|Vol|No)\.|[A-Z0-9À-Þ](?:[\w'’&·-]|[.!?](?=\w))*[,:]?)"
_SMALL = (
    r"(?:of|the|and|a|an|in|on|to|for|with|from|at|by|vs\.?|&|de|la|le|les|du|des|el|los|il|da|-|–)"
)
_DATED = re.compile(rf"({_WORD}(?:\s+(?:{_SMALL}\s+)*{_WORD})*)[.!?]*\s*\((\d{{4}})\)")
# "I" is no name. A full stop ends a run, so a run lies within one sentence.
_NAME = r"(?!I\b)[A-ZÀ-Þ](?:[\w·-]|['’](?=\w))*"
_NAMES = re.compile(rf"{_NAME}(?:\s+(?:{_SMALL}\s+)*{_NAME})+")
_OPENING = re.compile(r"(?:^|[.!?…:\n])[\"'”’)\]]*\s*[\"'“‘(\[]*$")
_POSSESSIVE = re.compile(r"['’]s?$")
_GERMAN = re.compile(r"\b(?:und|ist|für|mit|ein|eine|nicht)\b")
_NOT_TITLE = re.compile(r"[^\w]+", re.UNICODE)


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Everything that a slate and its text are checked against.

    Attributes:
        recommender: Its catalog and its search.
        bus: What the tools of this turn found; `found` are its items' ids.
        conditions: What every shown item must meet; None for answers about given items.
        refused: Disliked or rejected: never shown.
        seen: Shown before, or liked long since: not to be recommended again.
        known: Items that the conversation has spoken about; naming them is no invention.
        user_text: The person's words; what they name may be named back.
    """

    recommender: Recommender
    bus: CandidateBus
    found: tuple[str, ...] = ()
    conditions: Conditions | None = None
    refused: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    user_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is left, and why the rest is not.

    Attributes:
        item_ids: The slate without what may not be shown, order kept.
        text: The prose without what may not be said.
        problems: One sentence each, written for a model to mend.
        cut: What went, for the event: titles and sentences.
        n_items_cut, n_sentences_cut: How much went.
    """

    item_ids: tuple[str, ...] = ()
    text: str = ""
    problems: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    n_items_cut: int = 0
    n_sentences_cut: int = 0


@dataclass
class _Findings:
    problems: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


def ground(
    item_ids: Sequence[str], text: str, grounds: Grounds, *, is_model_prose: bool
) -> Verdict:
    """Check a slate and the words that go with it.

    Args:
        item_ids: The proposed slate; repeats and what is over ten fall away silently.
        text: The proposed words; the words of our own rules are taken as they are.
        grounds: What to check against.
        is_model_prose: Whether a model wrote the text.
    """
    findings = _Findings()
    wanted = list(dict.fromkeys(item_ids))
    kept = tuple(one for one in wanted if _may_be_shown(one, grounds, findings))[:LONGEST_SLATE]
    n_items_cut = len(findings.cut)
    if not is_model_prose:
        return Verdict(
            item_ids=kept, text=text, problems=tuple(findings.problems),
            cut=tuple(findings.cut), n_items_cut=n_items_cut,
        )  # fmt: skip
    said, gone = _checked_prose(text, kept, grounds, findings)
    return Verdict(
        item_ids=kept,
        text=said,
        problems=tuple(findings.problems),
        cut=(*findings.cut, *gone),
        n_items_cut=n_items_cut,
        n_sentences_cut=len(gone),
    )


def named_items(text: str, grounds: Grounds) -> tuple[str, ...]:
    """The items of the bus that a text names, in its order."""
    catalog = grounds.recommender.catalog
    on_bus = dict.fromkeys(item_id for item_id in grounds.found if item_id in grounds.bus)
    places = {item_id: _place(catalog[item_id], text) for item_id in on_bus}
    named = [item_id for item_id, place in places.items() if place >= 0]
    return tuple(sorted(named, key=lambda item_id: places[item_id]))


def _may_be_shown(item_id: str, grounds: Grounds, findings: _Findings) -> bool:
    catalog = grounds.recommender.catalog
    if item_id not in catalog or item_id not in grounds.bus:
        findings.problems.append(f"{item_id[:60]!r} was not found by any tool in this turn.")
        findings.cut.append(catalog[item_id].label if item_id in catalog else item_id[:60])
        return False
    item = catalog[item_id]
    if item_id in grounds.refused:
        fault = "the person refused it"
    elif item_id in grounds.seen:
        fault = "the person has had it before"
    elif grounds.conditions is not None and not grounds.conditions.met_by(item, catalog):
        fault = "it breaks what the person asked for"
    else:
        return True
    findings.problems.append(f"{item_id} ({item.label}) may not be shown: {fault}.")
    findings.cut.append(item.label)
    return False


def _checked_prose(
    text: str, slate: Sequence[str], grounds: Grounds, findings: _Findings
) -> tuple[str, tuple[str, ...]]:
    marked = {_key(name) for name in emphasised(text)}
    said = plain(text)
    allowed = _nameable(slate, grounds)
    said = _with_right_years(said, allowed)
    bad: list[Span] = []
    for start, end in _strange_titles(said, allowed, marked, grounds):
        findings.problems.append(f"The text names {said[start:end]!r}, which no tool returned.")
        bad.append((start, end))
    for start, end in _strange_names(said, allowed, grounds):
        findings.problems.append(f"The text names {said[start:end]!r}, which no tool result has.")
        bad.append((start, end))
    for start, end in _strange_people(said, allowed, grounds):
        findings.problems.append(
            f"The text names {said[start:end]!r}, who is in none of the items."
        )
        bad.append((start, end))
    titles = [span for item in allowed for span in _spans(item.title, said)]
    return without(said, bad, unbroken=titles)


def _nameable(slate: Sequence[str], grounds: Grounds) -> list[Item]:
    """Items that prose may name: the slate, what the conversation spoke about, and what fits."""
    catalog, search = grounds.recommender.catalog, grounds.recommender.search
    by_user = {match.item_id for match in search.spot_titles(grounds.user_text)}
    spoken = set(slate) | by_user | (grounds.known - grounds.refused)
    conditions = grounds.conditions
    for item_id in grounds.found:
        fits = conditions is None or conditions.met_by(catalog[item_id], catalog)
        if fits and item_id not in grounds.refused and item_id in grounds.bus:
            spoken.add(item_id)
    return [catalog[item_id] for item_id in sorted(spoken) if item_id in catalog]


def _strange_titles(
    said: str, allowed: Sequence[Item], marked: set[str], grounds: Grounds
) -> Iterable[Span]:
    """Spans of titles that may not be named: of the catalog, or of nothing at all."""
    names = {_key(name) for item in allowed for name in (item.title, *item.alt_titles)}
    user_words = f" {_key(grounds.user_text)} "

    def is_fine(name: str) -> bool:
        key = _key(name)
        return key in names or (bool(key) and f" {key} " in user_words)

    for match in grounds.recommender.search.spot_titles(said):
        if not is_fine(match.matched) and not is_fine(said[match.start : match.end]):
            yield match.start, match.end
    for match in _QUOTED.finditer(said):
        if match[1][:1].isupper() and not is_fine(match[1]):
            yield match.span(1)
    for match in _DATED.finditer(said):
        if not _ends_in_title(match[1], is_fine):
            yield match.span(1)
    for name in marked:
        for start, end in _spans(name, said):
            if said[start : start + 1].isupper() and " " in name and not is_fine(name):
                yield start, end


def _ends_in_title(words: str, is_fine: Callable[[str], bool]) -> bool:
    """Whether some ending of the words is a fine title: "Try Heat" ends in "Heat"."""
    parts = words.split()
    return any(is_fine(" ".join(parts[start:])) for start in range(len(parts)))


def _strange_people(said: str, allowed: Sequence[Item], grounds: Grounds) -> Iterable[Span]:
    search = grounds.recommender.search
    fine = {person.casefold() for item in allowed for person in item.people}
    fine |= {match.name.casefold() for match in search.spot_people(grounds.user_text)}
    titles = [span for item in allowed for span in _spans(item.title, said)]
    for match in search.spot_people(said):
        inside = any(low <= match.start and match.end <= high for low, high in titles)
        if not inside and match.name.casefold() not in fine:
            yield match.start, match.end


def _strange_names(said: str, allowed: Sequence[Item], grounds: Grounds) -> Iterable[Span]:
    """Runs of capitalised words that neither the items nor the person know: "try Crimson Horizon".

    The first word of a sentence does not count: it is capitalised anyway. German is left out,
    because there every noun is.
    """
    if _GERMAN.search(said):
        return
    names = {_key(genre) for genre in grounds.recommender.catalog.genres}
    for item in allowed:
        names.update(map(_key, (item.title, *item.alt_titles, *item.people)))
    told = [text for item in allowed for text in (*item.tags, *item.texts.values(), item.title)]
    facts = f" {' | '.join(map(_key, (grounds.user_text, *told)))} "

    def is_known(words: Sequence[str]) -> bool:
        name = " ".join(words)
        keys = {_key(name), _key(_POSSESSIVE.sub("", name))}
        return any(key in names or (" " in key and f" {key} " in facts) for key in keys)

    for match in _NAMES.finditer(said):
        opens = _OPENING.search(said[: match.start()]) is not None
        if _longest_unknown(match[0].split(), is_known, opens_sentence=opens) > 1:
            yield match.span()


def _longest_unknown(
    words: Sequence[str], is_known: Callable[[Sequence[str]], bool], *, opens_sentence: bool
) -> int:
    """How many capitalised words stand in a row outside every known name."""
    longest = row = place = 0
    while place < len(words):
        ends = range(len(words), place, -1)
        end = next((end for end in ends if is_known(words[place:end])), None)
        if end is not None:
            row, place = 0, end
            continue
        if words[place][:1].isupper() and not (opens_sentence and place == 0):
            row += 1
            longest = max(longest, row)
        place += 1
    return longest


def _with_right_years(said: str, allowed: Sequence[Item]) -> str:
    """Years after titles as the catalog has them: "Heat (1997)" becomes "Heat (1995)"."""
    years: dict[str, list[int]] = {}
    for item in allowed:
        if item.year is not None:
            years.setdefault(item.title, []).append(item.year)
    for title, known in years.items():
        if len(known) == 1:
            pattern = re.compile(rf"(?<!\w)({re.escape(title)})\s*\(\d{{4}}\)", re.IGNORECASE)
            said = pattern.sub(rf"\g<1> ({known[0]})", said)
    return said


def _place(item: Item, text: str) -> int:
    """Where the text names the item (its label first, then its title); -1 where it does not."""
    for name in (item.label, item.title):
        for start, _ in _spans(name, text):
            # A title that is an everyday word counts only where it looks like one.
            if name != item.title or " " in name or text[start : start + 1].isupper():
                return start
    return -1


def _spans(name: str, text: str) -> list[Span]:
    """Where a name stands in a text as whole words, case not minded."""
    if not name.strip():
        return []
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    return [match.span() for match in pattern.finditer(text)]


def _key(name: str) -> str:
    """A name for comparing: lower case, words only, no leading article."""
    words = _NOT_TITLE.sub(" ", name.casefold()).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in {"the", "a", "an"} else words)
