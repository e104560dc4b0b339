"""What an item tower reads of an item besides its id: text, genres, decade, people."""

from __future__ import annotations

import zlib

import numpy as np

from ..catalog import Catalog

_FIRST_DECADE, _LAST_DECADE = 1900, 2030
# A genre vector of length 3 beside a text vector of length sqrt(d), whose entries are about 1.
_ATTRIBUTE_SCALE = 3.0


def item_content(
    text_vectors: np.ndarray, genre_matrix: np.ndarray, attributes: np.ndarray | None = None
) -> np.ndarray:
    """Features of all items side by side, on one scale.

    Args:
        text_vectors: (n_items, d_text) unit rows.
        genre_matrix: (n_items, n_genres) of 0 and 1.
        attributes: (n_items, n_attributes) from `item_attributes`, or None.

    Returns:
        (n_items, d_text + n_genres + n_attributes) float32.
    """
    parts = [text_vectors * text_vectors.shape[1] ** 0.5, _scaled(genre_matrix)]
    if attributes is not None:
        parts.append(_scaled(attributes))
    return np.hstack(parts).astype(np.float32)


def item_attributes(catalog: Catalog, *, n_people: int = 64) -> np.ndarray:
    """(n_items, 14 + n_people) float32: decade flags, then people hashed into buckets with signs.

    Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (ICML 2009): two people
    in one bucket with opposite signs cancel rather than add up. A year before 1900 counts as the
    first decade, one after 2039 as the last; no year sets no flag.
    """
    n_decades = (_LAST_DECADE - _FIRST_DECADE) // 10 + 1
    matrix = np.zeros((len(catalog), n_decades + n_people), dtype=np.float32)
    dated = np.flatnonzero(catalog.years >= 0)
    decades = (np.clip(catalog.years[dated], _FIRST_DECADE, _LAST_DECADE) - _FIRST_DECADE) // 10
    matrix[dated, decades] = 1.0
    for row, item in enumerate(catalog):
        for name in item.people:
            code = zlib.crc32(name.casefold().encode())
            matrix[row, n_decades + code % n_people] += 1.0 if code & 0x80000000 else -1.0
    return matrix


def _scaled(matrix: np.ndarray) -> np.ndarray:
    norms = np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1.0)
    return matrix / norms * _ATTRIBUTE_SCALE
