"""Numbers that say how well each item fits a dialogue, apart from what was learned from others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

from . import cues
from .knowledge import ItemKnowledge, stored_rows
from .reading import DialogueReading

FIT_FEATURES = (
    *("text like mentions", "text like closest mention", "text like last mention"),
    *("text like seeker's mentions", "text like assistant's mentions"),
    *("text like liked", "text like closest liked", "text like closest disliked"),
    *("text like neutral", "tags like mentions", "tags like closest mention"),
    *("people like closest mention", "people of mentions", "genres like mentions"),
    *("genres like last mention", "series of mention", "years from mentions"),
    *("years from last mention", "text like seeker's messages"),
    *("text like last messages", "genres asked last", "genres asked", "genres refused"),
    *("words of last message", "words of messages", "people named last", "people named"),
    *("new asked", "old asked", "era asked"),
)
"""Names of the rows of `fit_features`."""

SITUATION_FEATURES = (
    *("no mention", "one mention", "mentions", "messages", "genre asked", "genre asked last"),
    *("person named", "series known", "length of last message", "seeker spoke last"),
)
"""Names of the values of `situation_features`."""

_NEW_SINCE = 2016
_OLD_UNTIL = 1995


class Pool:
    """The items that are scored: all of a catalog, or some of it while a model is fitted.

    Args:
        knowledge: Of the whole catalog.
        rows: (n_pool,) item rows, or None for all.
    """

    def __init__(self, knowledge: ItemKnowledge, rows: np.ndarray | None = None) -> None:
        everything = np.arange(len(knowledge))
        self.knowledge = knowledge
        self.rows = everything if rows is None else np.asarray(rows, dtype=np.int64)
        self.place_of = np.full(len(knowledge), -1, dtype=np.int64)
        self.place_of[self.rows] = np.arange(len(self.rows))
        self.years = knowledge.years[self.rows]
        self.item_features = knowledge.item_features[self.rows]
        self.vectors = knowledge.vectors if rows is None else knowledge.vectors[self.rows]
        self.genres = knowledge.genres.matrix[self.rows].toarray()
        self.tags = sparse.csr_array(knowledge.tags.matrix[self.rows].T)
        self.people = sparse.csr_array(knowledge.people.matrix[self.rows].T)
        self.people_columns = sparse.csc_array(knowledge.people.matrix[self.rows])
        self.words = sparse.csr_array(knowledge.words.matrix[self.rows])

    def __len__(self) -> int:
        return len(self.rows)


def fit_features(reading: DialogueReading, pool: Pool) -> np.ndarray:
    """How each item of the pool fits the dialogue: (len(FIT_FEATURES), n_pool) float32."""
    found = np.zeros((len(FIT_FEATURES), len(pool)), dtype=np.float32)
    values = dict(zip(FIT_FEATURES, found, strict=True))
    rows = np.array([mention.row for mention in reading.mentions], dtype=np.int64)
    spoken = pool.knowledge.encode(reading.texts)
    # one product for mentions and messages: reading all item vectors is what takes time
    alike = pool.vectors @ np.concatenate([spoken, pool.knowledge.vectors[rows]]).T
    values["text like seeker's messages"][:] = alike[:, 0]
    values["text like last messages"][:] = alike[:, 1]
    _like_mentions(values, reading, pool, alike[:, len(spoken) :])
    _genres_asked(values, reading, pool)
    _words_said(values, reading, pool)
    _people_named(values, reading, pool)
    _years_asked(values, reading, pool)
    return found


def situation_features(reading: DialogueReading, fit: np.ndarray) -> np.ndarray:
    """What kind of moment it is: (len(SITUATION_FEATURES),) float32, from what `fit` holds."""
    n_mentions = len(reading.mentions)
    values = dict(zip(FIT_FEATURES, fit.max(axis=1, initial=0.0), strict=True))
    return np.array(
        [
            n_mentions == 0,
            n_mentions == 1,
            min(n_mentions, 6) / 6,
            min(reading.n_messages, 12) / 12,
            values["genres asked"] > 0,
            values["genres asked last"] > 0,
            values["people named"] > 0,
            values["series of mention"] > 0,
            min(reading.last_length, 200) / 200,
            reading.seeker_spoke_last,
        ],
        dtype=np.float32,
    )


Values = dict[str, np.ndarray]


def _like_mentions(values: Values, reading: DialogueReading, pool: Pool, alike: np.ndarray) -> None:
    """`alike` (n_pool, n_mentions) are the cosines of text vectors."""
    mentions, knowledge = reading.mentions, pool.knowledge
    if not mentions:
        values["years from mentions"][:] = values["years from last mention"][:] = 1.0
        return
    rows = np.array([mention.row for mention in mentions])
    by_feeling = {sign: [m.feeling == sign for m in mentions] for sign in (1, 0, -1)}
    values["text like mentions"][:] = alike.mean(axis=1)
    values["text like closest mention"][:] = alike.max(axis=1)
    values["text like last mention"][:] = alike[:, -1]
    values["text like seeker's mentions"][:] = _mean(alike, [m.role == "user" for m in mentions])
    values["text like assistant's mentions"][:] = _mean(
        alike, [m.role == "assistant" for m in mentions]
    )
    values["text like liked"][:] = _mean(alike, by_feeling[1])
    values["text like closest liked"][:] = _largest(alike, by_feeling[1])
    values["text like closest disliked"][:] = _largest(alike, by_feeling[-1])
    values["text like neutral"][:] = _mean(alike, by_feeling[0])
    tags = (knowledge.tags.matrix[rows] @ pool.tags).toarray()
    values["tags like mentions"][:] = tags.mean(axis=0)
    values["tags like closest mention"][:] = tags.max(axis=0)
    people = (knowledge.people.matrix[rows] @ pool.people).toarray()
    values["people like closest mention"][:] = people.max(axis=0)
    values["people of mentions"][:] = people.sum(axis=0)
    genres = pool.genres @ knowledge.genres.matrix[rows].toarray().T
    values["genres like mentions"][:] = genres.mean(axis=1)
    values["genres like last mention"][:] = genres[:, -1]
    _of_series(values["series of mention"], rows, pool)
    gaps = np.abs(pool.years[:, None] - knowledge.years[rows]) / 10
    values["years from mentions"][:] = np.abs(pool.years - knowledge.years[rows].mean()) / 10
    values["years from last mention"][:] = gaps[:, -1]


def _of_series(values: np.ndarray, rows: np.ndarray, pool: Pool) -> None:
    for row in rows.tolist():
        others, weights = pool.knowledge.series.of(row)
        places = pool.place_of[others]
        inside = places >= 0
        values[places[inside]] = np.maximum(values[places[inside]], weights[inside])


def _genres_asked(values: Values, reading: DialogueReading, pool: Pool) -> None:
    for name, spoken in (
        ("genres asked last", reading.genres_last),
        ("genres asked", reading.genres_all),
        ("genres refused", reading.genres_refused),
    ):
        for column in _genre_columns(spoken, pool.knowledge):
            values[name] += pool.genres[:, column] > 0


def _genre_columns(spoken: Iterable[str], knowledge: ItemKnowledge) -> list[int]:
    """Columns of the genres that stems ask for, with repeats."""
    known = knowledge.genre_columns
    found = [known.get(cues.genres_meant(stem) or stem) for stem in spoken]
    return [column for column in found if column is not None]


def _words_said(values: Values, reading: DialogueReading, pool: Pool) -> None:
    column_of = pool.knowledge.words.column_of
    for name, spoken in (
        ("words of last message", reading.words_last),
        ("words of messages", reading.words_all),
    ):
        times = np.zeros(len(column_of), dtype=np.float32)
        for word in spoken:
            if word in column_of:
                times[column_of[word]] += 1
        values[name][:] = pool.words @ times


def _people_named(values: Values, reading: DialogueReading, pool: Pool) -> None:
    for name, recent in reading.people:
        column = pool.knowledge.people.column_of.get(name)
        if column is None:
            continue
        places = stored_rows(pool.people_columns, column)
        values["people named"][places] += 1
        if recent:
            values["people named last"][places] += 1


def _years_asked(values: Values, reading: DialogueReading, pool: Pool) -> None:
    if reading.new:
        values["new asked"][:] = pool.years >= _NEW_SINCE
    if reading.old:
        values["old asked"][:] = pool.years < _OLD_UNTIL
    for first, last in reading.eras:
        values["era asked"][(pool.years >= first) & (pool.years <= last)] = 1.0


def _mean(alike: np.ndarray, chosen: Sequence[bool]) -> np.ndarray | float:
    return alike[:, chosen].mean(axis=1) if any(chosen) else 0.0


def _largest(alike: np.ndarray, chosen: Sequence[bool]) -> np.ndarray | float:
    return alike[:, chosen].max(axis=1) if any(chosen) else 0.0
