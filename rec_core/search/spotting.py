"""Titles inside a sentence. Careful with titles that are everyday words: these need a sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..types import TitleMatch
from .cues import Scene
from .names import edits_allowed, everyday_ranks, is_everyday, key_tokens, tokenise
from .spellings import Spellings
from .titles import Alias, TitleIndex
from .vocabulary import FUNCTION_WORDS, REQUEST_WORDS
from .words import word_set

_TEXT_LIMIT = 2_000
_MAX_WORDS = 12
_MAX_FUZZY_WORDS = 8
_MAX_CORRECTIONS = 8
_COMMON_RANK = 400
_LONG_TITLE = 4  # so many everyday words in a row are a title oftener than talk
# said of films and moods, though summaries write them rarely: a title of nothing but these needs a sign
_TALK = word_set(
    """acting action adult adults adventure alien animated animation anime arty atmospheric banger
    beach beaches binge bitter bittersweet blood bloody boredom bored chill chilling christmas
    cinematography city comedies comfort comforting coming cowboy cowboys crap creep creeps
    creepy cringe cry crying culture dinosaur dinosaurs disney drama dramas dreamy drunk
    dumb edge eerie emotional ending endings epic explosions exam exams existential family
    fantasy fast favorite favourite feelgood fight fighting flick flicks folk forest freak
    freaky futuristic ghost ghosts gloomy golden goofy goosebumps gore gory grandma grandpa
    grim grown haunted haunting heartbreak heartbroken heartwarming heist heists hereditary
    historic history hungover hug hugs indie insane inside insist jazz jump jungle laugh
    laughs lighter lonely loneliness lovely mafia magic magical martial marvel meaningful
    melancholic melancholy messed mindfuck mob money monster monsters moving musical musicals
    mystery mysteries navy neon noir nuts ocean oscar oscars partner partners political
    politics popcorn psychological quirky rage rain rainy raw relatable relaxing revenge
    ridiculous rituals road romantic sadness sadly samurai satire scare scares scarier
    screwball sea sexy shocking sick silent silly singing sleep sleepover snow snowy soothing
    soul space spaghetti spies spiritual spoof spy stress stressed stressful style stylish
    submarine suburban summer superhero superheroes sweet sword swords talking tear tearjerker
    tears teen teens terrifying theater theatre thriller thrillers travel trip trippy true
    twist twisted twists twisty ups upbeat urban vampire vibe vibes vintage violence violent
    visually warm weird western westerns whimsical whodunit whodunnit wholesome wild winter
    witty wizard"""
)
_DANGLING = frozenset({"and", "of", "the", "a", "an"})
_YEAR = re.compile(r"[\s,]*[(\[]?\s*((?:18|19|20)\d\d)\b\s*[)\]]?")
_LIST_GAP = re.compile(
    r"\s*(?:,|&|/|\+|,?\s*\b(?:and|or|nor|vs\.?|versus|but not|not)\b)\s*(?:the\s+)?$", re.I
)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """A possible title: tokens first..last, hits best first, and whether spelling was guessed."""

    first: int
    last: int
    key: tuple[str, ...]
    hits: tuple[tuple[Alias, float], ...]
    guessed: bool


class TitleSpotter:
    """Finds titles in sentences.

    Args:
        titles: The names to look for.
        is_genre: True for folded words that name a genre (in any inflection).
        name_spans: Character spans of people's full names in a text.
    """

    def __init__(
        self,
        titles: TitleIndex,
        *,
        is_genre: Callable[[str], bool],
        name_spans: Callable[[str], Sequence[tuple[int, int]]],
    ) -> None:
        self._titles = titles
        self._is_genre = is_genre
        self._name_spans = name_spans
        self._single_words = Spellings(
            alias.key[0]
            for alias in titles.aliases
            if len(alias.key) == 1 and len(alias.key[0]) > 5
        )

    def spot(self, text: str) -> tuple[TitleMatch, ...]:
        """Non-overlapping titles in order of appearance; the longest reading wins."""
        scene = Scene(text[:_TEXT_LIMIT], tokenise(text[:_TEXT_LIMIT]))
        chosen = self._choose(scene)
        return tuple(self._match(scene, span) for span in chosen)

    def unknown(self, text: str) -> tuple[str, ...]:
        """Phrases that are plainly meant as titles and name nothing in the catalog."""
        scene = Scene(text[:_TEXT_LIMIT], tokenise(text[:_TEXT_LIMIT]))
        chosen = self._choose(scene)
        taken = [(scene.tokens[s.first].start, scene.tokens[s.last].end) for s in chosen]
        taken += self._name_spans(scene.text)
        found = []
        for start, end in (*scene.quoted, *self._announced(scene)):
            phrase = scene.text[start:end].strip(" .,!?")
            free = all(end <= left or start >= right for left, right in taken)
            if free and len(phrase) > 1 and not self._names_something(phrase):
                found.append(phrase)
        return tuple(dict.fromkeys(found))

    def _names_something(self, phrase: str) -> bool:
        return self._is_genre(phrase.casefold()) or bool(self._titles.find(phrase, 1))

    def _announced(self, scene: Scene) -> Iterable[tuple[int, int]]:
        """Character spans after a cue: capitalised phrases, or words that no dictionary has."""
        for first, token in enumerate(scene.tokens):
            if not scene.has_cue(first) or (first and scene.has_cue(first - 1)):
                continue
            last = self._phrase_end(scene, first)
            words = scene.tokens[first : last + 1]
            strange = [
                word.form
                for word in words
                if len(word.form) > 3 and not word.form.isdecimal() and self._is_strange(word.form)
            ]
            named = token.capital and not scene.shouted
            if scene.ends_phrase(last) and len(words) <= _MAX_FUZZY_WORDS and (named or strange):
                yield token.start, scene.tokens[last].end

    def _phrase_end(self, scene: Scene, first: int) -> int:
        """The last token of a name that starts at `first`; little words inside belong to it."""
        inside = {"of", "the", "a", "an", "and", "in", "for", "on", "to", "from", "with", "at"}
        tokens, last = scene.tokens, first
        for position in range(first + 1, len(tokens)):
            gap = scene.text[tokens[position - 1].end : tokens[position].start]
            if gap.strip(" :-'"):
                break
            capital = tokens[position].capital or tokens[position].form[0].isdecimal()
            if tokens[first].capital and not capital and tokens[position].form not in inside:
                break
            if not tokens[first].capital and scene.ends_phrase(position - 1):
                break
            if capital or not tokens[first].capital:
                last = position
        return last

    def _is_strange(self, word: str) -> bool:
        return not (
            is_everyday(word)
            or word in _TALK
            or word in REQUEST_WORDS
            or word in self._titles.vocabulary
            or self._is_genre(word)
        )

    def _choose(self, scene: Scene) -> list[_Span]:
        names = self._name_spans(scene.text)
        spans = [*self._exact_spans(scene), *self._guessed_spans(scene)]
        spans.sort(key=lambda s: (-_weight(s), s.guessed, s.first))
        chosen: list[_Span] = []
        waiting = spans
        for _ in range(3):  # a title accepted in one round vouches for its neighbours in the next
            refused = []
            for span in waiting:
                if any(span.first <= other.last and other.first <= span.last for other in chosen):
                    continue
                if self._accept(scene, span, chosen, names):
                    chosen.append(span)
                else:
                    refused.append(span)
            if len(refused) == len(waiting):
                break
            waiting = refused
        return sorted(chosen, key=lambda span: span.first)

    def _exact_spans(self, scene: Scene) -> Iterable[_Span]:
        forms = [token.form for token in scene.tokens]
        for first in range(len(forms)):
            for last in range(first, min(first + _MAX_WORDS, len(forms))):
                yield from self._span(self._titles.exact, forms, first, last, guessed=False)

    def _guessed_spans(self, scene: Scene) -> Iterable[_Span]:
        forms = [token.form for token in scene.tokens]
        corrected = self._correct(forms)
        for first in range(len(forms)):
            for last in range(first + 1, min(first + _MAX_FUZZY_WORDS, len(forms))):
                yield from self._span(self._titles.one_word_wrong, forms, first, last, guessed=True)
                if corrected[first : last + 1] != forms[first : last + 1]:
                    yield from self._span(self._titles.exact, corrected, first, last, guessed=True)
            yield from self._span(self._single_misspelled, forms, first, first, guessed=True)

    def _span(
        self,
        look: Callable[[Sequence[str]], list[tuple[Alias, float]]],
        forms: Sequence[str],
        first: int,
        last: int,
        *,
        guessed: bool,
    ) -> Iterable[_Span]:
        key = key_tokens(forms[first : last + 1])
        found = look(key)
        if key[0] in _DANGLING or key[-1] in _DANGLING:  # "and Jurassic Park" is longer, not better
            found = [hit for hit in found if hit[0].key[0] == key[0] and hit[0].key[-1] == key[-1]]
        hits = tuple(self._titles.best(found))
        if hits:
            factor = 0.95 if guessed else 1.0
            weighed = tuple((alias, round(confidence * factor, 3)) for alias, confidence in hits)
            yield _Span(first=first, last=last, key=key, hits=weighed, guessed=guessed)

    def _correct(self, forms: Sequence[str]) -> list[str]:
        corrected, budget = list(forms), _MAX_CORRECTIONS
        for position, form in enumerate(forms):
            if budget and len(form) > 4 and self._is_strange(form):
                budget -= 1
                corrected[position] = self._titles.correct(form) or form
        return corrected

    def _single_misspelled(self, key: Sequence[str]) -> list[tuple[Alias, float]]:
        word = key[0]
        if len(key) > 1 or len(word) < 6 or not self._is_strange(word):
            return []
        near = self._single_words.near(word, edits_allowed(len(word)))[:3]
        return [
            (alias, quality * (1 - distance / max(len(word), len(name))))
            for name, distance in near
            for alias, quality in self._titles.exact((name,))
        ]

    def _accept(
        self,
        scene: Scene,
        span: _Span,
        chosen: Sequence[_Span],
        names: Sequence[tuple[int, int]],
    ) -> bool:
        tokens = scene.tokens
        start, end = tokens[span.first].start, tokens[span.last].end
        if scene.is_quoted(span.first, span.last):
            return True
        if scene.is_numbered(span.last):
            return False
        if any(
            left <= start and end <= right and end - start < right - left for left, right in names
        ):
            return False
        if span.first == 0 and span.last == len(tokens) - 1:
            return not set(span.key) <= REQUEST_WORDS and not self._is_genre(" ".join(span.key))
        named = scene.is_named(span.first, span.last)
        cue = scene.has_cue(span.first) or self._continues_list(scene, span, chosen)
        cue = cue and scene.ends_phrase(span.last)
        cue = cue or scene.is_praised(span.first, span.last)
        cue = cue or scene.is_varied(span.first, span.last)
        if len(span.key) == 1:
            part = scene.is_place(span.first) or scene.is_part_of_name(span.first, span.last)
            return (cue or not part) and self._accept_single(span, named=named, cue=cue)
        return self._accept_phrase(scene, span, named=named, cue=cue)

    def _accept_phrase(self, scene: Scene, span: _Span, *, named: bool, cue: bool) -> bool:
        """Two words and more without quotes: a sign, or words that no talk is made of."""
        if span.guessed and all(self._is_ordinary(word) for word in span.hits[0][0].key):
            return cue and span.hits[0][1] >= 0.9  # slips in talk, not in a title made of talk
        if named or cue:
            return True
        if scene.is_place(span.first) and span.first and all(map(str.islower, _raw(scene, span))):
            return False
        said = scene.tokens[span.first : span.last + 1]
        plain = all(word in REQUEST_WORDS or _is_common(word) for word in span.key)
        if plain or (span.guessed and not any(self._is_strange(token.form) for token in said)):
            return False
        row = span.hits[0][0].row
        if not all(self._is_ordinary(word) for word in span.key):
            return True
        if span.guessed or span.hits[0][1] < 0.97 or self._titles.is_obscure(row):
            return False
        long = len(said) >= _LONG_TITLE
        capital = any(token.capital for token in said[1:]) and not scene.shouted
        return long or capital or self._titles.is_famous(row)

    def _is_ordinary(self, word: str) -> bool:
        return is_everyday(word) or word in _TALK or word.isdecimal() or self._is_genre(word)

    def _accept_single(self, span: _Span, *, named: bool, cue: bool) -> bool:
        word = span.key[0]
        if word.isdecimal():
            return cue or named
        if self._is_genre(word):
            return named and cue
        if word in FUNCTION_WORDS or len(word) == 1:
            return named and word != "i"
        if span.guessed or span.hits[0][0].quality < 0.97:
            return cue or named
        if self._is_ordinary(word) or word in REQUEST_WORDS or len(word) < 4:
            return cue or named
        return cue or named or not self._titles.is_obscure(span.hits[0][0].row)

    def _continues_list(self, scene: Scene, span: _Span, chosen: Sequence[_Span]) -> bool:
        start, end = scene.tokens[span.first].start, scene.tokens[span.last].end
        for other in chosen:
            if other.last < span.first:
                gap = scene.text[scene.tokens[other.last].end : start]
            else:
                gap = scene.text[end : scene.tokens[other.first].start]
            if len(gap) < 16 and _LIST_GAP.fullmatch(gap):
                return True
        return False

    def _match(self, scene: Scene, span: _Span) -> TitleMatch:
        start, end = scene.tokens[span.first].start, scene.tokens[span.last].end
        alias, confidence = span.hits[0]
        year = _YEAR.match(scene.text, end)
        if year is not None:
            same = [hit for hit in span.hits if self._titles.year(hit[0].row) == int(year[1])]
            if same:
                (alias, confidence), end = same[0], year.end()
                end = start + len(scene.text[start:end].rstrip())
        return TitleMatch(
            item_id=self._titles.item_id(alias.row),
            matched=alias.name,
            confidence=min(confidence, 1.0),
            start=start,
            end=end,
        )


def _raw(scene: Scene, span: _Span) -> list[str]:
    return [
        scene.text[token.start : token.end] for token in scene.tokens[span.first : span.last + 1]
    ]


def _weight(span: _Span) -> float:
    """Longer readings first; a guessed spelling must be longer by half a word to win."""
    return span.last - span.first + (0.0 if span.guessed else 0.5)


def _is_common(word: str) -> bool:
    return everyday_ranks().get(word, _COMMON_RANK) < _COMMON_RANK
