"""What a scripted person says: a bank of phrases for constraints, refusals and answers. Wording is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .constraint import Constraint

# Genre without case → one of them, several of them, as an adjective before "film".
_KINDS: dict[str, tuple[str, str]] = {
    "action": ("an action film", "action films"),
    "adventure": ("an adventure film", "adventure films"),
    "animation": ("an animated film", "animated films"),
    "children": ("a film for children", "children's films"),
    "comedy": ("a comedy", "comedies"),
    "crime": ("a crime film", "crime films"),
    "documentary": ("a documentary", "documentaries"),
    "drama": ("a drama", "dramas"),
    "family": ("a family film", "family films"),
    "fantasy": ("a fantasy film", "fantasy films"),
    "film-noir": ("a film noir", "film noirs"),
    "horror": ("a horror film", "horror films"),
    "musical": ("a musical", "musicals"),
    "mystery": ("a mystery", "mysteries"),
    "romance": ("a romance", "romances"),
    "sci-fi": ("a sci-fi film", "sci-fi films"),
    "science fiction": ("a science fiction film", "science fiction films"),
    "thriller": ("a thriller", "thrillers"),
    "war": ("a war film", "war films"),
    "western": ("a western", "westerns"),
}
_DECADES = {1920: "twenties", 1930: "thirties", 1940: "forties", 1950: "fifties", 1960: "sixties"}
_DECADES |= {1970: "seventies", 1980: "eighties", 1990: "nineties"}
_OPENINGS = ("I'd like {}", "Can you find me {}?", "I'm looking for {}", "Recommend me {}", "{}")
_OPENINGS += ("I want to watch {} tonight", "Do you know {} I could watch?", "What about {}?")
_VAGUE = ("Hmm, none of these.", "Not quite what I'm after.", "None of those, sorry.")
_VAGUE += ("No, show me something else.", "Those don't do it for me, others please.")
_STALLED = ("Could you just show me something?", "Please suggest a few films.")
_STALLED += ("I'd rather see some suggestions.",)
_KNOWN = ("I know {} already.", "I've seen {}.", "{} I've already watched.")
_NO_VIEW = ("I don't mind.", "No preference there.", "Doesn't matter to me.")
_INSISTING = ("There must be something: {}.", "I'm not giving up any of that. {}.")
_FILLERS = ("hi! ", "hey there, ", "so, ", "ok so ", "hello, ", "well, ")
STYLES = ("plain", "lower", "typo", "chatty")


def one_of(options: Sequence[str], generator: np.random.Generator) -> str:
    """One of some ways of saying something."""
    return options[int(generator.integers(len(options)))]


def wish(constraints: Sequence[Constraint], generator: np.random.Generator) -> str:
    """Constraints as one phrase, in drawn order: "a comedy from the eighties, but no romances"."""
    order = [constraints[int(place)] for place in generator.permutation(len(constraints))]
    kinds = [one for one in order if one.field == "genres" and one.op == "contains"]
    head = kind_of(kinds[0].words[0])[0] if kinds else one_of(_HEADS, generator)
    rest = [one for one in order if not kinds or one is not kinds[0]]
    positive = [_clause(one, generator) for one in rest if not one.is_negative]
    negative = [_clause(one, generator) for one in rest if one.is_negative]
    phrase = ", ".join([" ".join([head, *positive[:1]]), *positive[1:]])
    return f"{phrase}, {' and '.join(negative)}" if negative else phrase


_HEADS = ("a film", "a movie", "something to watch")


def opening(constraints: Sequence[Constraint], generator: np.random.Generator) -> str:
    """A first message."""
    phrase = wish(constraints, generator)
    return _sentence(one_of(_OPENINGS, generator).format(phrase))


def told(one: Constraint, generator: np.random.Generator) -> str:
    """One constraint as a message of its own, in the person's words where the task has some."""
    if one.say:
        return one_of(one.say, generator)
    return _sentence(f"{one_of(_ADDING, generator)}{_alone(one, generator)}")


_ADDING = ("", "it should be ", "please, ", "what matters: ")


def objection(label: str, one: Constraint, generator: np.random.Generator) -> str:
    """The refusal of something shown, because it breaks a constraint that had not been told."""
    if one.say:
        return one_of(one.say, generator)
    start = one_of(("Not {}", "{} is not for me", "No, not {}", "{} won't do"), generator)
    return _sentence(f"{start.format(label)}: {_alone(one, generator)}")


def reminder(one: Constraint, generator: np.random.Generator) -> str:
    """The same constraint once more, for somebody who did not hold to it."""
    start = one_of(("But I said ", "No, as I said: ", "I did ask for this: "), generator)
    return _sentence(f"{start}{_alone(one, generator)}")


def insisting(constraints: Sequence[Constraint], generator: np.random.Generator) -> str:
    """All that was said, again, to somebody who says that there is nothing."""
    phrase = wish(constraints, generator) if constraints else "any film will do"
    return one_of(_INSISTING, generator).format(phrase)


def vague(generator: np.random.Generator) -> str:
    """A refusal without a reason."""
    return one_of(_VAGUE, generator)


def stalled(generator: np.random.Generator) -> str:
    """To somebody who shows nothing."""
    return one_of(_STALLED, generator)


def knows(label: str, generator: np.random.Generator) -> str:
    """That something shown is known."""
    return one_of(_KNOWN, generator).format(label)


def no_view(generator: np.random.Generator) -> str:
    """The answer to a question that does not matter."""
    return one_of(_NO_VIEW, generator)


def roughened(text: str, style: str, generator: np.random.Generator) -> str:
    """A message as somebody types it.

    "plain" leaves it; "lower" drops capitals and the full stop; "typo" swaps two letters inside one word of
    six letters or more that has no capital; "chatty" begins with a filler.
    """
    if style == "lower":
        return text.lower().rstrip(".")
    if style == "chatty":
        return f"{one_of(_FILLERS, generator)}{text}"
    if style == "typo":
        words = text.split(" ")
        places = [n for n, word in enumerate(words) if len(word) > 5 and word.isalpha()]
        places = [place for place in places if words[place].islower()]
        if places:
            place = places[int(generator.integers(len(places)))]
            words[place] = _swapped(words[place], generator)
        return " ".join(words)
    return text


def misspelt(title: str, generator: np.random.Generator) -> str:
    """A title with two letters swapped inside its longest word, in lower case."""
    words = title.lower().split(" ")
    longest = max(range(len(words)), key=lambda place: len(words[place]))
    words[longest] = _swapped(words[longest], generator)
    return " ".join(words)


def _swapped(word: str, generator: np.random.Generator) -> str:
    places = [n for n in range(1, len(word) - 2) if word[n] != word[n + 1]]
    if not places:
        return word
    place = places[int(generator.integers(len(places)))]
    return f"{word[:place]}{word[place + 1]}{word[place]}{word[place + 2 :]}"


def kind_of(genre: str) -> tuple[str, str]:
    """A genre as one film of it and as many."""
    plain = genre.casefold()
    return _KINDS.get(plain, (f"a {plain} film", f"{plain} films"))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(("?", "!", ".")) else f"{text}."


def _alone(one: Constraint, generator: np.random.Generator) -> str:
    """A constraint that stands on its own."""
    if one.field == "genres" and not one.is_negative:
        named = [kind_of(word)[0] for word in one.words]
        return one_of((" or ".join(named), f"{' or '.join(named)}, please"), generator)
    if one.field == "streaming_services":
        return f"something on {' or '.join(one.words)}"
    return _clause(one, generator)


def _clause(one: Constraint, generator: np.random.Generator) -> str:
    """A constraint after a noun: "from the eighties", "with Tom Hanks", "no horror films"."""
    makers = {
        "genres": _genres,
        "year": _years,
        "people": _people,
        "cast": _people,
        "directors": _directors,
        "title": _title,
        "runtime": _minutes,
        "rating": _rating,
    }
    return makers.get(one.field, _other)(one, generator)


def _genres(one: Constraint, generator: np.random.Generator) -> str:
    if one.is_negative:
        named = " or ".join(kind_of(word)[1] for word in one.words)
        return f"{one_of(('no', 'nothing like', 'please no'), generator)} {named}"
    named = " or ".join(kind_of(word)[0] for word in one.words)
    return f"that is {'also ' if one.op == 'contains' else ''}{named}"


def _years(one: Constraint, generator: np.random.Generator) -> str:
    if one.op in ("<=", ">="):
        year = int(one.number(0))
        ways = (f"from before {year + 1}", f"from {year} or earlier", f"no newer than {year}")
        if one.op == ">=":
            ways = (f"from {year} or later", f"made after {year - 1}", f"no older than {year}")
        return one_of(ways, generator)
    low, high = int(one.number(0)), int(one.number(len(one.values) - 1))
    if low == high:
        return f"{'not ' if one.is_negative else ''}from {low}"
    if low % 10 == 0 and high == low + 9:
        ways = (f"from the {low}s", f"from the {str(low)[2:]}s" if low < 2000 else f"from {low}s")
        ways += (f"from the {_DECADES[low]}",) if low in _DECADES else ()
        return one_of(ways, generator)
    return one_of((f"from {low} to {high}", f"made between {low} and {high}"), generator)


def _people(one: Constraint, generator: np.random.Generator) -> str:
    named = " or ".join(one.words)
    if one.is_negative:
        return one_of((f"without {named}", f"nothing with {named}"), generator)
    return one_of((f"with {named}", f"starring {named}"), generator)


def _directors(one: Constraint, generator: np.random.Generator) -> str:
    named = " or ".join(one.words)
    if one.is_negative:
        return f"nothing by {named}"
    return one_of((f"by {named}", f"directed by {named}"), generator)


def _title(one: Constraint, generator: np.random.Generator) -> str:
    del generator
    quoted = " or ".join(f'"{word}"' for word in one.words)
    return f"{'without' if one.is_negative else 'with'} {quoted} in the title"


def _minutes(one: Constraint, generator: np.random.Generator) -> str:
    end = int(one.number(0))
    if one.op == ">=":
        return one_of((f"at least {end} minutes long", f"no shorter than {end} minutes"), generator)
    return one_of((f"under {end + 1} minutes", f"no longer than {end} minutes"), generator)


def _rating(one: Constraint, generator: np.random.Generator) -> str:
    return one_of(
        (f"rated {one.number(0):g} or better", f"with at least {one.number(0):g} out of 10"),
        generator,
    )


def _other(one: Constraint, generator: np.random.Generator) -> str:
    named = " or ".join(one.words)
    if one.field == "content_rating":
        return f"rated {named}"
    if one.field == "streaming_services":
        return f"that I can watch on {named}"
    if one.is_negative:
        return f"nothing about {named}"
    return one_of((f"about {named}", f"with {named} in it"), generator)
