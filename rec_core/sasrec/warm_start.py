"""Item vectors to begin with: a factorisation of what is taken close to what.

A few seconds of counting and one truncated decomposition place items that occur together near each
other, which gradient steps would otherwise need an epoch or two to find.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from ..baselines.transitions import windowed_counts
from ..event_source import EventSource

_WINDOW = 8
_SMOOTHING = 0.75
_LENGTH = 0.3


def warm_item_vectors(
    source: EventSource, dimension: int, generator: np.random.Generator
) -> np.ndarray:
    """(n_items, d) float32 rows of length 0.3; zeros for an item that is never near another.

    Left singular vectors, times the roots of the singular values, of the positive pointwise mutual
    information of items at most eight places apart (weight 1 / gap, both directions), with context
    counts raised to 3/4 as in Levy, Goldberg and Dagan, "Improving Distributional Similarity with
    Lessons Learned from Word Embeddings" (2015). In a catalog of d items or fewer, where there is
    nothing to truncate, all rows are zeros.

    Args:
        source: What to count on.
        dimension: d.
        generator: Source of the block order and of the decomposition's first vector.
    """
    n_items = source.n_items
    vectors = np.zeros((n_items, dimension), dtype=np.float32)
    if n_items <= dimension:
        return vectors
    counts = sparse.csr_array((n_items, n_items), dtype=np.float32)
    for block in source.blocks(generator):
        counts = counts + windowed_counts(
            block.item_rows, block.user_rows, n_items=n_items, window=_WINDOW
        )
    information = _positive_information((counts + counts.T).tocoo())
    if not information.nnz:
        return vectors
    left, values, _ = svds(information, k=dimension, rng=generator)
    left = left * np.sqrt(values)
    lengths = np.linalg.norm(left, axis=1, keepdims=True)
    known = lengths[:, 0] > 1e-9
    vectors[known] = _LENGTH * left[known] / lengths[known]
    return vectors


def _positive_information(counts: sparse.coo_array) -> sparse.csr_array:
    """log(count(a, b) / (count(a) p(b))) where above 0, with p smoothed."""
    sums = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    shares = sums**_SMOOTHING / max((sums**_SMOOTHING).sum(), 1e-12)
    expected = sums[counts.row] * shares[counts.col]
    values = np.log(np.maximum(counts.data / np.maximum(expected, 1e-12), 1e-12))
    kept = values > 0
    places = (counts.row[kept], counts.col[kept])
    return sparse.csr_array((values[kept], places), shape=counts.shape)
