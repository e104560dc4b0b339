"""Titles, people and genres in a message, found with the catalog's own search and masked out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rec_core import NameMatch, Recommender

from ..answering import is_placeholder
from ..state import ConversationState
from .lexicon import Lexicon, Match, genre_entry
from .reading import Mention
from .roles import is_judged
from .text import (
    PERSON_MARK,
    REFERENCE_MARK,
    TITLE_MARK,
    Span,
    Utterance,
    lowered,
    overlaps,
    words_of,
)

_SURE = 0.84
_GUESSED = 0.95
_MARKUP = re.compile(r"[{}<>\\|]|\w_\w|://")  # code and markup name no titles
_FEWEST_SURNAME = 4
# little words and numbers in a row point or count; a title of nothing else needs capitals or quotes
_POINTING = re.compile(
    r"(?:(?:not|no|the|a|an|and|or|of|in|is|it|one|two|three|four|five|six|seven|eight|nine|ten|number|option|first|second|third|last|\d{1,2})\W*)+"
)
_OTHER_VERSION = re.compile(
    r"\b(?:the |that )?(?:(?P<age>old|older|original|first|earlier|new|newer|latest|remake|modern|recent)(?: (?:one|version|film|movie))?|one|version|remake)(?: (?:that (?:was|is|came out) )?(?:made )?(?:from|of|in|out in))? \(?(?P<y>(?:18|19|20)\d\d)\)?\b"
    r"|\b(?:mean|meant|want|wanted|talking about|no,?) the (?P<lone>original|old|older|new|newer|remake)(?: (?:one|version|film|movie))?+\b(?! (?:than|films|movies|stuff|\w+ \(?\d{4}))"
)
_SURNAME_CUE = re.compile(
    r"(?:\b(?:not|no|no more|more|without|w/o|with|by|except|but|of|drop|lose|swap|skip|enough|any|starring|for|like|love|hate|minus)|^)\s+(?:more |the |of )?$|^$"
)
_NAME_ENDS = re.compile(
    r"(?:'s)?\s*(?:$|[.,!?;:)]|(?:one|ones|film|films|movie|movies|again|anymore|please|pls|and|or|but|either|too|instead|though|is|was|in|stuff)\b)"
)
_ONE_OF_THEIRS = re.compile(r" (?:one|film|movie|flick|thing)\b")
_TELLING = 4
_ARTICLE = re.compile(r"^(?:the|a|an) ", re.IGNORECASE)
_A_TITLE = re.compile(r"(?:an?|A|An) (?=[A-Z])")
_LONGEST_LONE_TITLE = 9
_ASKED_TITLE = re.compile(
    r"^(?:so |and |but |ok |please )*(?:"
    r"who (?:directed|made|wrote|stars in|starred in|is in|was in|played in|acts in|acted in|plays in)|what(?:'s| is| was) (?=.* about)|what happens in"
    r"|tell me (?:more )?about|(?:more )?(?:info|information|details)(?: on| about)?|when was|when did|why|how about|what(?:'s| is| was)? (?:the )?(?:runtime|running time|length|plot|story|cast|genre|rating|year|director|budget|ending|premise)(?: of| for| in)|how (?:long|old|scary|violent|good|sad) is|who(?:'s| is| was)? (?:behind|in|the (?:director|star|lead|writer|composer|villain)(?: of| in| behind))(?: the camera (?:on|for))?|where was|what year (?:is|was)|what genre is"
    r"|is|was|compare|describe|plot of|cast of|do you (?:have|know)|have you (?:got|seen)|(?:something|anything|films?|movies?|more|stuff) like|similar to|like"
    r"|i(?:'ve| have)? (?:already |just )?(?:seen|watched|saw|loved|liked|hated|love|hate|like)|(?:loved|hated|liked|seen|watched)"
    r")\s+(?P<t>[^,;!?]+?)(?: about| any good| good| released| made| from| come out| like that|, please| please)?\s*[?.!]*$"
)
_TITLE_CUE = re.compile(
    r"(?:\b(?:like|called|titled|watched|seen|saw|loved|liked|hated|finished|about|than|similar to)|[\"'])\s*$"
)
_SLATE_CUE = re.compile(
    r"(?:\b(?:like|why|not|no|and|or|vs|than|about|seen|saw|watched|loved|liked|hated|is|was)(?: the)?|[\"'])\s*$|^\W*$"
)
_BODY_OF_WORK = re.compile(
    r"(?:'s)?,? (?:early |late |old |best |lesser known )?(?:films?|movies?|flicks?|pictures?|stuff|works?|filmography|thrillers?|comed(?:y|ies)|classics?)\b"
)
# "a Hitchcock", "some early Lynch": an article makes a maker of a name that is a title too
_COURTESY = re.compile(
    r"(?:thanks|thank you|cheers|please|sorry|hello|goodbye|good night|good morning)\b"
)
_ONE_BY = re.compile(
    r"\b(?:an?|some|any|early|late|classic|vintage|another|by|starring|featuring|directed by|no|without|with)\s+$"
)
_PAIR = re.compile(r"\s+(?:and|with|to|vs\.?|versus|or)\s+")
_PERSON_CUE = re.compile(
    r"(?:\b(?:starring|featuring|directed by|director|actor|actress)|\b(?P<w>with|without|by|no|not|except|and|or|love|hate|like))\s+$"
)
_EXCLAIMED = re.compile(
    r"(?:no|oh|ah|yes|well|ok|okay|hey|hi|hm+|now|so|right|wait|nah|nope|please|sorry)"
)
_DATED = re.compile(r" \((?P<y>(?:18|19|20)\d\d)\)")
_LONGEST_DATED = 100
_YEAR_ONLY = re.compile(r"(?:the )?(?:18|19|20)\d\d(?:'?s)?")
_A_KIND = re.compile(r"(?:an?|some|any) (?P<k>[\w -]+?) (?:films?|movies?|flicks?)")
_OPENS_CLAUSE = re.compile(r"(?:^|[.!?;:,])\W*$")
_DATE_WORD = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august"
    r"|september|october|november|december|christmas|tonight"
)
_DATE_CUE = re.compile(r"\b(?:on|this|next|last|every|in|by|until|for|it's)\s+$")
_CAPITALISED = re.compile(
    r"\b[A-Z][a-zà-ÿ'.-]+(?: (?:[A-Z]\.|de|van|von|del|la))*(?: [A-Z][\w'.-]+)+"
)
_NAMED_AFTER_VERB = re.compile(
    r"\b(?:[Rr]ecommend|[Ww]atch|[Ss]ee|[Ff]ind|[Ss]how|[Ss]how me|[Gg]ive me|[Hh]ave|[Gg]ot|[Ll]ike|[Pp]lay)\s+"
    r"(?P<t>[A-Z][\w'’:-]+(?:\s+(?:of|the|and|a|in|to|[A-Z0-9][\w'’:-]*))*)\s*[.?!]*$"
)
_SURNAME = re.compile(
    r"(?i:\b(?:starring|featuring|directed by|(?:films?|movies?|something|anything|ones?|more|books?) by)) "
    r"([A-Z][\w'’-]{2,})\b(?! [A-Z])"
)
_PLAIN_NAME = re.compile(
    r"\b(?:starring|directed by|director|actor|actress) ([a-z][a-z'.-]+ [a-z][a-z'.-]+)\b"
)


@dataclass(frozen=True, kw_only=True)
class Entities:
    """What was named. `utterance` is the message with titles and people masked."""

    utterance: Utterance
    titles: tuple[Mention, ...]
    people: tuple[NameMatch, ...]
    unknown_titles: tuple[tuple[str, str | None], ...]
    unknown_people: tuple[str, ...]


class EntityFinder:
    """Finds what a catalog knows by name.

    Args:
        recommender: Its search and catalog are used.
        lexicon: Words with a meaning of their own are no titles unless marked as such.
    """

    def __init__(self, recommender: Recommender, lexicon: Lexicon) -> None:
        self._catalog = recommender.catalog
        self._search = recommender.search
        self._lexicon = lexicon

    def find(self, utterance: Utterance, state: ConversationState) -> Entities:
        """Titles (those on the last slate first), people, and names that we do not have."""
        titles = self._titles(utterance, state)
        people = self._people(utterance, [(m.start, m.end) for m in titles])
        people += self._shown_people(utterance, state, [*_spans(titles), *_name_spans(people)])
        people_spans = _name_spans(people)
        titles = [m for m in titles if not overlaps((m.start, m.end), people_spans)]
        strangers, stranger_spans = self._unknown_people(
            utterance, [*people_spans, *_spans(titles)]
        )
        unknown, unknown_spans = self._unknown_titles(
            utterance, [*people_spans, *stranger_spans, *_spans(titles)]
        )
        masked = utterance.masked(_spans(titles), TITLE_MARK)
        masked = masked.masked([*people_spans, *stranger_spans], PERSON_MARK)
        return Entities(
            utterance=masked.masked(unknown_spans),
            titles=tuple(sorted(titles, key=lambda m: m.start)),
            people=tuple(people),
            unknown_titles=unknown,
            unknown_people=strangers,
        )

    def genres(self, plain: str) -> tuple[Match, ...]:
        """Lexicon entries, then the catalog's remaining genre names, then misspelt words."""
        found = list(self._lexicon.match(plain))
        taken = [match.span for match in found]
        for name in self._search.spot_genres(plain):
            span = (name.start, name.end)
            if plain[name.start : name.end] in self._lexicon.stopwords:
                continue  # "he never cries" is no slip of "crime"
            genre = self._lexicon.common_genre(name.name)
            if genre is not None and not overlaps(span, taken):
                phrase = plain[name.start : name.end]
                found.append(
                    Match(entry=genre_entry(genre), phrase=phrase, start=span[0], end=span[1])
                )
                taken.append(span)
        for word, start, end in words_of(plain):
            if not overlaps((start, end), taken) and (match := self._lexicon.mend(word, start)):
                found.append(match)
        return tuple(sorted(found, key=lambda match: match.start))

    def _titles(self, utterance: Utterance, state: ConversationState) -> list[Mention]:
        found = self._dated_titles(utterance)
        found += [
            one
            for one in self._slate_titles(utterance, state)
            if not overlaps((one.start, one.end), _spans(found))
        ]
        named = self._search.spot_people(utterance.text)
        for match in self._search.spot_titles(utterance.text):
            span = (match.start, match.end)
            if overlaps(span, _spans(found)) or self._is_plain_word(utterance, span):
                continue
            words = utterance.plain[span[0] : span[1]].strip("#")
            if _COURTESY.match(words) and not _TITLE_CUE.search(utterance.plain[: span[0]]):
                continue
            if words.isdigit() and int(words) <= len(state.last_slate):
                continue  # a place on the slate
            if match.confidence < _GUESSED and overlaps(span, _name_spans(named)):
                continue  # "Tarantino no" is no misspelt "Tarnation"
            if not self._is_real(match.item_id):
                continue
            start = span[0] + self._article_before(utterance, span, match.item_id)
            found.append(Mention(item_ids=(match.item_id,), start=start, end=span[1]))
        found = found or self._asked_titles(utterance) or self._lone_title(utterance)
        return found or self._other_version(utterance, state)

    def _article_before(self, utterance: Utterance, span: Span, item_id: str) -> int:
        """How much of the span is an article that is not the title's: "a Toy Story"."""
        article = _A_TITLE.match(utterance.text, span[0], span[1])
        own = article and self._catalog[item_id].title.lower().startswith(article[0].lower())
        return 0 if article is None or own else len(article[0])

    @cached_property
    def _by_title_and_year(self) -> dict[tuple[str, int], str]:
        """Lower-case title and year to id; of two alike the first."""
        found: dict[tuple[str, int], str] = {}
        for item in self._catalog:
            if item.year is not None:
                found.setdefault((lowered(item.title), item.year), item.item_id)
        return found

    def _dated_titles(self, utterance: Utterance) -> list[Mention]:
        """Titles that stand with their year, everyday words too: "Big (1988)"; the longest that fits."""
        found: list[Mention] = []
        for match in _DATED.finditer(utterance.plain):
            floor = max(match.start() - _LONGEST_DATED, 0)
            starts = (s for _, s, _ in words_of(utterance.plain) if floor <= s < match.start())
            for start in starts:
                title = utterance.plain[start : match.start()]
                item_id = self._by_title_and_year.get((title, int(match["y"])))
                marked = utterance.text[start].isupper() or utterance.text[start].isdigit()
                if item_id is not None and marked and self._is_real(item_id):
                    found.append(Mention(item_ids=(item_id,), start=start, end=match.end()))
                    break
        return found

    def _other_version(self, utterance: Utterance, state: ConversationState) -> list[Mention]:
        """Another film of the same name as the example wished for: "the old one from 1961"."""
        match = _OTHER_VERSION.search(utterance.plain)
        named = state.wish.like_item_ids or ((state.focus_item_id,) if state.focus_item_id else ())
        if match is None or not named or named[-1] not in self._catalog:
            return []
        meant = self._catalog[named[-1]]
        same = sorted(
            (item.year, item.item_id)
            for item in self._catalog
            if item.title == meant.title and item.year is not None and item is not meant
        )
        if match["y"]:
            chosen = [item_id for year, item_id in same if year == int(match["y"])]
        else:
            chosen = [item_id for _, item_id in same]
            chosen = chosen[:1] if match["lone"] in ("original", "old", "older") else chosen[-1:]
        return [Mention(item_ids=(i,), start=match.start(), end=match.end()) for i in chosen[:1]]

    def _is_real(self, item_id: str) -> bool:
        return not is_placeholder(self._catalog[item_id])

    def _slate_titles(self, utterance: Utterance, state: ConversationState) -> list[Mention]:
        found: list[Mention] = []
        known = self._slate_names(state)
        full = {self._catalog[i].title for i in state.last_slate if i in self._catalog}
        for title, item_id in sorted(known, key=lambda pair: -len(pair[0])):
            pattern = rf"(?<!\w){re.escape(title.lower())}(?: \(\d{{4}}\))?(?!\w)"
            for match in re.finditer(pattern, utterance.plain):
                span = match.span()
                part = title not in full and not _is_marked(utterance, span)
                if part or overlaps(span, _spans(found)):
                    continue
                if not self._is_plain_word(utterance, span):
                    found.append(Mention(item_ids=(item_id,), start=span[0], end=span[1]))
        return found

    def _slate_names(self, state: ConversationState) -> list[tuple[str, str]]:
        """What the shown items may be called: titles, what stands before a colon, a telling first word."""
        items = [self._catalog[i] for i in state.last_slate if i in self._catalog]
        names = [(item.title, item.item_id) for item in items]
        short = [(re.split(r":\s| - ", item.title)[0], item.item_id) for item in items]
        short += [(_ARTICLE.sub("", name), item_id) for name, item_id in names]
        first = [(_ARTICLE.sub("", name).split(" ")[0].strip(":,"), i) for name, i in short]
        short += [(n, i) for n, i in first if len(n) > _TELLING and not self._is_talk(n.lower())]
        full = {name for name, _ in names}
        counts = Counter(name for name, _ in dict.fromkeys(short))
        return names + [(n, i) for n, i in dict.fromkeys(short) if counts[n] == 1 and n not in full]

    def _is_talk(self, word: str) -> bool:
        return self._lexicon.is_filler(word) or bool(self._lexicon.match(word))

    def _is_plain_word(self, utterance: Utterance, span: Span) -> bool:
        """True for one lower-case everyday word, or a bare year, without quotes or a cue."""
        words = utterance.plain[span[0] : span[1]]
        if " " in words and _POINTING.fullmatch(words):
            said, before = utterance.text[span[0] : span[1]], utterance.plain[: span[0]]
            titled = said.istitle() and bool(before.strip())
            return not (titled or before.endswith(('"', "'")))
        if re.fullmatch(r"(?:18|19|20)\d0?s?|(?:18|19|20)\d\d|\d{1,2}", words):
            return not re.search(
                r"(?:like|called|seen|loved|about|[\"']) ?[\"']?$", utterance.plain[: span[0]]
            )
        if _EXCLAIMED.fullmatch(words) and _is_exclaimed(utterance, span):
            return True
        if words in ("onward", "onwards") and utterance.plain[: span[0]].rstrip()[-1:].isdigit():
            return True  # "2000 onward"
        if _DATE_WORD.fullmatch(words) and _DATE_CUE.search(utterance.plain[: span[0]]):
            return True
        everyday = self._lexicon.is_filler(words) or bool(self._lexicon.match(words))
        if " " in words:
            return self._is_topic(utterance, span)
        if not everyday:
            return False
        first, before = utterance.text[span[0]], utterance.plain[: span[0]].rstrip()
        quoted = before.endswith(('"', "'"))
        stressed = utterance.text[span[0] : span[1]].isupper()  # "but NOT with him" is no name
        marked = first.isupper() and bool(before) and before[-1] not in ".!?" and not stressed
        cued = bool(re.search(r"\b(?:like|seen|watched|about|than|loved|hated)$", before))
        after = utterance.plain[span[1] :]
        judged = first.isupper() and is_judged(after)
        return not (quoted or marked or judged or (cued and not self._lexicon.match(words)))

    def _is_topic(self, utterance: Utterance, span: Span) -> bool:
        """True for several lower-case words that the lexicon knows as one thing ("happy ending")."""
        words = utterance.text[span[0] : span[1]]
        kind = _A_KIND.fullmatch(utterance.plain[span[0] : span[1]])
        if kind and any(m.phrase == kind["k"] for m in self._lexicon.match(kind["k"])):
            return not _TITLE_CUE.search(utterance.plain[: span[0]])
        if words != words.lower() or _TITLE_CUE.search(utterance.plain[: span[0]]):
            return False
        matches = self._lexicon.match(utterance.plain)
        return any(m.start <= span[0] and span[1] <= m.end for m in matches)

    def _asked_titles(self, utterance: Utterance) -> list[Mention]:
        """Lower-case titles in questions that can only be about an item ("who directed heat?")."""
        match = _ASKED_TITLE.match(utterance.plain)
        if match is None:
            return []
        found, position = [], match.start("t")
        for part in _PAIR.split(match["t"]):
            start = utterance.plain.index(part, position)
            position = start + len(part)
            best = self._known_title(part)
            if best is None:
                return []
            found.append(Mention(item_ids=(best,), start=start, end=position))
        return found

    def _known_title(self, words: str) -> str | None:
        filler = all(self._lexicon.is_filler(word) for word, _, _ in words_of(words))
        if filler or self._lexicon.match(words) or self._search.spot_genres(words):
            return None
        matches = [m for m in self._search.find_title(words, limit=1) if self._is_real(m.item_id)]
        return matches[0].item_id if matches and matches[0].confidence >= _SURE else None

    def _lone_title(self, utterance: Utterance) -> list[Mention]:
        """The whole message is a title ("heat", "toy stroy please")."""
        text = re.sub(r"\W*\b(?:please)\W*$|[?!.\s]+$", "", utterance.plain)
        words = [word for word, _, _ in words_of(text)]
        if not words or len(words) > _LONGEST_LONE_TITLE:
            return []
        best = self._known_title(text)
        return [Mention(item_ids=(best,), start=0, end=len(text))] if best is not None else []

    def _people(self, utterance: Utterance, taken: Sequence[Span]) -> list[NameMatch]:
        """People; a full name wins over a shorter title inside it ("Malcolm" in "Malcolm X")."""
        found = []
        meant = self._lexicon.match(utterance.plain)
        for match in self._search.spot_people(utterance.text):
            span = (match.start, match.end)
            low = utterance.text[span[0] : span[1]] == utterance.plain[span[0] : span[1]]
            if low and any(
                overlaps(span, [m.span]) and m.end - m.start > span[1] - span[0] for m in meant
            ):
                continue  # "on the edge of my seat" is no musician
            if (
                low
                and " " not in utterance.plain[span[0] : span[1]]
                and self._is_talk(utterance.plain[span[0] : span[1]])
            ):
                continue  # "no gore" is no politician
            if _YEAR_ONLY.fullmatch(utterance.plain[span[0] : span[1]]):
                continue  # "from 1999 or earlier" is no band
            inside = [s for s in taken if overlaps((match.start, match.end), [s])]
            same = inside == [(match.start, match.end)] and _means_person(utterance, match)
            if same or all(end - start < match.end - match.start for start, end in inside):
                found.append(match)
        return found

    def _shown_people(
        self, utterance: Utterance, state: ConversationState, taken: Sequence[Span]
    ) -> list[NameMatch]:
        """Parts of names of people in what was shown: "not cruise again" after a film with Tom Cruise."""
        known: dict[str, list[str]] = {}
        about = dict.fromkeys(
            (*state.last_slate, *((state.focus_item_id,) if state.focus_item_id else ()))
        )
        for item in (self._catalog[i] for i in about if i in self._catalog):
            for name in dict.fromkeys((*item.directors, *item.cast)):
                first, *_, last = name.lower().split() if " " in name else (name.lower(),) * 2
                for part in dict.fromkeys((last, first)):
                    known.setdefault(part, []).append(name)
        for name in state.wish.people_all:
            known.setdefault(name.lower().split()[-1], []).insert(0, name)
        found = []
        for word, start, end in words_of(utterance.plain):
            surname = word.removesuffix("'s")
            if surname not in known or len(surname) < _FEWEST_SURNAME:
                continue
            talk = self._lexicon.is_filler(surname) or self._lexicon.match(surname)
            cued = _SURNAME_CUE.search(utterance.plain[:start])
            named = (
                start
                and utterance.text[start].isupper()
                and _ONE_OF_THEIRS.match(utterance.plain, end)
            )
            cued = cued or named
            ends = _NAME_ENDS.match(utterance.plain, end)  # "no Hugh Zzyzx" is somebody else
            if talk or not cued or not ends or overlaps((start, end), taken):
                continue
            name = Counter(known[surname]).most_common(1)[0][0]
            found.append(NameMatch(name=name, confidence=0.9, start=start, end=end))
        return found

    def _unknown_people(
        self, utterance: Utterance, taken: Sequence[Span]
    ) -> tuple[tuple[str, ...], list[Span]]:
        found: list[Span] = []
        for match in _CAPITALISED.finditer(utterance.text):
            cue = _PERSON_CUE.search(utterance.plain[: match.start()])
            known_name = match[0].split()[0].lower().strip("'") in self._lexicon.first_names
            if cue and (known_name or not cue["w"] or cue["w"] in ("with", "without", "by")):
                found.append(match.span())
        found += [match.span(1) for match in _PLAIN_NAME.finditer(utterance.plain)]
        found += [match.span(1) for match in _SURNAME.finditer(utterance.text)]
        words = words_of(utterance.plain)
        for (first, start, first_end), (last, last_start, end) in pairwise(words):
            cue = _PERSON_CUE.search(utterance.plain[:start])
            together = utterance.plain[first_end:last_start] == " "
            if (
                cue
                and together
                and first in self._lexicon.first_names
                and not self._lexicon.is_filler(last)
            ):
                found.append((start, end))
        free = [span for span in found if not overlaps(span, taken)]
        apart = [s for i, s in enumerate(free) if not overlaps(s, free[:i])]
        return tuple(utterance.text[start:end].title() for start, end in apart), apart

    def _unknown_titles(
        self, utterance: Utterance, taken: Sequence[Span]
    ) -> tuple[tuple[tuple[str, str | None], ...], list[Span]]:
        named: list[tuple[str, str | None]] = []
        spans: list[Span] = []
        if _MARKUP.search(utterance.text):
            return (), spans
        facts = [span for span, _ in self._lexicon.match_unsupported(utterance.plain)]
        announced = [match["t"] for match in _NAMED_AFTER_VERB.finditer(utterance.text)]
        for words in dict.fromkeys((*self._search.unknown_titles(utterance.text), *announced)):
            start = utterance.text.find(words)
            span = (start, start + len(words))
            if (
                start < 0
                or overlaps(span, [*taken, *spans, *facts])
                or self._means_something(words)
            ):
                continue
            near = self._search.find_title(words, limit=1)
            named.append((words, near[0].item_id if near else None))
            spans.append(span)
        return tuple(named), spans

    def _means_something(self, words: str) -> bool:
        """True when the phrase is made of words the lexicon knows ("something like that")."""
        plain = words.lower()
        if len(words.split()) > 1 and all(word[0].isupper() for word in words.split()):
            spans = [match.span for match in self._lexicon.match(plain)]
            return all(
                self._lexicon.is_filler(word) or overlaps((start, end), spans)
                for word, start, end in words_of(plain)
            )
        known = self._lexicon.match(plain) or self._search.spot_genres(words)
        return bool(known) or all(self._lexicon.is_filler(word) for word, _, _ in words_of(plain))


def _means_person(utterance: Utterance, match: NameMatch) -> bool:
    """True where a name that is a title too means the person: "a Hitchcock", "Jackie Chan when he was young"."""
    before, after = utterance.plain[: match.start], utterance.plain[match.end :]
    if _BODY_OF_WORK.match(after) or _ONE_BY.search(before):
        return True
    whole = match.confidence == 1.0 and " " in utterance.plain[match.start : match.end]
    return whole and not _TITLE_CUE.search(before)


def _is_exclaimed(utterance: Utterance, span: Span) -> bool:
    """True for "No, …" and "hey, oh, …": set off by a comma on the right and open on the left."""
    before, after = utterance.plain[: span[0]], utterance.plain[span[1] :]
    return bool(_OPENS_CLAUSE.search(before)) and after.startswith((",", ".", "!"))


def _is_marked(utterance: Utterance, span: Span) -> bool:
    """A capital or a cue shows that the words are meant as a title."""
    before = utterance.plain[: span[0]]
    return utterance.text[span[0]].isupper() or bool(_SLATE_CUE.search(before))


def _spans(mentions: Sequence[Mention]) -> list[Span]:
    return [(mention.start, mention.end) for mention in mentions]


def _name_spans(people: Sequence[NameMatch]) -> list[Span]:
    return [(match.start, match.end) for match in people]


def without_marks(plain: str) -> str:
    """The text without what was masked, for reading the words that remain."""
    return re.sub(f"[{TITLE_MARK}{PERSON_MARK}{REFERENCE_MARK}]", " ", plain)
