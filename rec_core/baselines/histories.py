"""Histories as a sparse matrix, with weights that fall with distance from the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse


def recency_matrix(
    histories: Sequence[np.ndarray], n_items: int, *, power: float = 1.0, length: int | None = None
) -> sparse.csr_array:
    """(n_histories, n_items) float32 with 1 / p^power for the p-th item from the end (p = 1, 2, …).

    Only the last `length` items count (all when None); an item that occurs twice gets the sum.
    """
    recent = [history[-length:] if length is not None else history for history in histories]
    lengths = np.array([len(history) for history in recent], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    columns = np.concatenate([*recent, np.empty(0, dtype=np.int64)]).astype(np.int64)
    from_end = np.repeat(indptr[1:], lengths) - np.arange(len(columns))
    weights = (from_end.astype(np.float32)) ** np.float32(-power)
    matrix = sparse.csr_array((weights, columns, indptr), shape=(len(recent), n_items))
    matrix.sum_duplicates()
    return matrix
