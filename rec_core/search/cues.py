"""Signs around a word that it is meant as a title: quotes, capitals, "like …", "loved …"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .names import Token
from .words import word_set

_STRONG = word_set(
    """gave rated rate liked loved enjoyed hated disliked adored watched rewatched seen saw unlike than called
    titled named compare finished rewatched recommending loving loves adores adored besides except
    excluding vs versus"""
)
_THINGS = word_set(
    """something anything everything stuff things movies movie films film one ones more much just
    kind titles title sort bit less feels exactly show shows pick picks else"""
)
_SUBJECTS = word_set("i we you they would id wed really do dont also never didnt feel look")
_SIMILAR = word_set("similar close comparable compared akin reminiscent")
_ABOUT = word_set("me how what more")
_MANNERS = word_set(
    """vein style spirit mood manner wit charm feel feeling tone energy vibe vibes look humor humour
    sick tired enough fan fans version equivalent lines likes magic warmth darkness"""
)
_FAVOURITES = word_set("film movie favorite favourite favorites favourites")
_SAME_AS = word_set("such same good style vibe vibes feel feeling mood tone energy atmosphere kind")
_UNFINISHED = word_set("couldnt didnt never not cant")
CONNECTORS = word_set(
    """but and or with without from for in only except too please more less though instead not
    where that which because yesterday last again as so then is was are were film films
    movie movies when if minus plus set by starring directed made any one years year vs
    versus nor both a lot very much yet already twice once tonight thanks and to i a about
    kind style or"""
)
_FILLERS = frozenset({"the", "a", "an", "movie", "film", "movies", "films", "classic", "original"})
_SEQUELS = word_set("ii iii iv vi vii viii ix")
_VERDICTS = word_set(
    """beautiful masterpiece overrated underrated unbearable stunning superb rubbish trash crap
    garbage meh mediocre dull hilarious gorgeous lovely incredible outstanding disappointing
    be remain a an one such just pure absolute absolutely totally kinda pretty something great good amazing awesome brilliant fantastic excellent perfect wonderful fun nice ok okay
    fine bad boring terrible awful too so really very pretty quite not my the"""
)
_JUDGING = word_set(
    """sucks sucked rocks rocked rules ruled bored disappointed put made left blew broke bores
    disappoints scared terrified freaked had kept got gave lost drags dragged aged deserves
    remains"""
)
_VARYING = word_set("but just only except without minus though set meets crossed")
_BE = frozenset({"was", "were", "is", "may", "might", "remains"})
_PLACING = word_set("in from at near")
_CREDITING = word_set("of with by starring featuring")
_TAKING_PART = word_set(
    "who actor actors actress cast people guy man woman everyone character played"
)
_JOINING = word_set("of the in for to de la on")
_QUOTED = re.compile(r"[\"“”«„]([^\"“”«»„]{1,120})[\"“”»]|(?<!\w)['‘]([^'‘’]{1,120})['’](?!\w)")
_SENTENCE_END = re.compile(r"[.!?:;\n]\s*[\"“(']*\s*$")


class Scene:
    """A text with its tokens, and what can be said about the surroundings of each."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tuple(tokens)
        self.quoted = [
            (match.start(group), match.end(group))
            for match in _QUOTED.finditer(text)
            for group in (1, 2)
            if match.group(group) is not None
        ]
        words = [token for token in self.tokens if len(token.form) > 1]
        capitals = sum(token.capital for token in words)
        self.shouted = len(words) > 3 and capitals > 0.7 * len(words)

    def is_quoted(self, first: int, last: int) -> bool:
        """True when tokens first..last are all that stands between two quotation marks."""
        start, end = self.tokens[first].start, self.tokens[last].end
        return any(
            left <= start
            and end <= right
            and not self.text[left:start].strip()
            and not re.search(r"\w", self.text[end:right])
            for left, right in self.quoted
        )

    def opens_sentence(self, position: int) -> bool:
        """True for the first word of the text or of a sentence, whose capital means nothing."""
        if position == 0:
            return True
        return bool(_SENTENCE_END.search(self.text[: self.tokens[position].start]))

    def is_named(self, first: int, last: int) -> bool:
        """True when capitals mark tokens first..last, and only these, as a name."""
        if self.shouted or not self.tokens[last].capital or not self.tokens[first].capital:
            return False
        if first == last:
            credited = first > 0 and self.tokens[first - 1].form in _CREDITING
            if credited or self.opens_sentence(first):
                return False  # "by Hitchcock" is a person
        return not (self._touches_capital(first, -1) or self._touches_capital(last, 1))

    def _joins(self, position: int) -> bool:
        token = self.tokens[position]
        return token.form in _JOINING and not token.capital

    def is_part_of_name(self, first: int, last: int) -> bool:
        """True when capitals go on before or after: "Hercules" in "The Legend of Hercules"."""
        if self.shouted:
            return False
        owner = first > 0 and re.search(
            r"['’]s$", self.text[self.tokens[first - 1].start : self.tokens[first - 1].end]
        )
        before = not owner and self._touches_capital(first, -1)
        return self.tokens[first].capital and (before or self._touches_capital(last, 1))

    def is_numbered(self, last: int) -> bool:
        """True when a sequel's number follows: "Toy Story" in "Toy Story 9"."""
        if last + 1 >= len(self.tokens):
            return False
        token = self.tokens[last + 1]
        short = token.form.isdecimal() and len(token.form) < 3
        gap = self.text[self.tokens[last].end : token.start]
        rated = self.text[token.end :].lstrip().startswith(("/", "out of", "stars"))
        return (short or token.form in _SEQUELS) and not gap.strip() and not rated

    def is_praised(self, first: int, last: int) -> bool:
        """True for "speed was great" and "speed sucks" at the start of a sentence."""
        following = [token.form for token in self.tokens[last + 1 : last + 3]]
        if following and following[0] in _JUDGING:
            return self.opens_sentence(first) or self._starts_clause(first)
        if len(following) < 2 or not (self.opens_sentence(first) or self._starts_clause(first)):
            return False
        judged = following[0] in _BE and following[1] in _VERDICTS
        return judged or following == ["not", "for"]

    def is_varied(self, first: int, last: int) -> bool:
        """True for "Heat, just shorter": a sentence opens with it and goes on to change it."""
        if not self.opens_sentence(first) or last + 1 >= len(self.tokens):
            return False
        following = self.tokens[last + 1]
        gap = self.text[self.tokens[last].end : following.start]
        return following.form in _VARYING and ("," in gap or following.form in {"but", "meets"})

    def _starts_clause(self, first: int) -> bool:
        """True after a comma, "but" or "and"."""
        before = self.tokens[first - 1]
        gap = self.text[before.end : self.tokens[first].start]
        return "," in gap or before.form in {"but", "and", "tho", "though", "while"}

    def is_place(self, first: int) -> bool:
        """True for "set in Casablanca", not for "who is in Casablanca"."""
        if first == 0 or self.tokens[first - 1].form not in _PLACING:
            return False
        return not any(token.form in _TAKING_PART for token in self.tokens[:first])

    def _touches_capital(self, position: int, step: int) -> bool:
        other = position + step
        while 0 < other < len(self.tokens) - 1 and self._joins(other):
            other += step  # "Blargh of Destiny" is one name
        if not 0 <= other < len(self.tokens):
            return False
        left, right = sorted((position, other))
        between = self.text[self.tokens[left].end : self.tokens[right].start]
        between = re.sub(r"\w+", "", between)
        token = self.tokens[other]
        meaningful = token.capital and token.form != "i" and not self.opens_sentence(other)
        return meaningful and not between.strip()

    def has_cue(self, first: int) -> bool:
        """True when the words before token `first` announce a title: "similar to", "loved"."""
        position = first - 1
        while position >= 0 and self.tokens[position].form in _FILLERS:
            position -= 1
        if position < 0 or self.opens_sentence(first):
            return False
        word = self.tokens[position].form
        before = self.tokens[position - 1].form if position > 0 else ""
        if word in _STRONG:
            return True
        if word == "like":
            return before in _THINGS or before not in _SUBJECTS
        if word == "to":
            return before in _SIMILAR
        if word == "of":
            return before in _MANNERS
        if word == "off":
            return before in {"turned", "switched"}
        if word == "about":
            return before in _ABOUT
        if word == "directed":
            return before == "who"
        if word == "is":
            return before in {"what", "how"} | _FAVOURITES
        if word == "as":
            compared = any(
                token.form == "as" for token in self.tokens[max(0, position - 3) : position]
            )
            return compared or before in _SAME_AS
        return word in {"why", "did"} or (word == "finish" and before in _UNFINISHED)

    def ends_phrase(self, last: int) -> bool:
        """True when what follows token `last` lets a name end here: the end, a comma, "but"."""
        if last + 1 >= len(self.tokens):
            return True
        following = self.tokens[last + 1]
        between = self.text[self.tokens[last].end : following.start]
        return bool(between.strip(" \t")) or following.form in CONNECTORS
