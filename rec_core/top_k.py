"""The k best items by inner product, exactly, near what the memory and the GEMM of a core allow.

How: a first pass scores everything in blocks that fit the cache and keeps only the maximum of each
group of rows. The k-th largest of these maxima is a lower bound of the k-th best score, because k
different groups each hold a row that reaches it. So at least k and hardly more than k groups must
be looked into, whatever the order of the rows. Their rows are scored again, and the best few once
more in float64.

The first pass may be inexact, in int8 where the processor multiplies it natively: its error is
bounded (`Int8Codes.queries`), and every row that could belong to the answer within the bound is scored
again. The answer does not depend on the block size, the batch or the thread count: a score is
the float64 inner product rounded to float32, so that equal vectors have equal scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .int8_codes import Int8Codes, multiply

if TYPE_CHECKING:
    from torch import Tensor

_QUERIES = 64  # a chunk of queries: enough for the GEMM's best rate, few enough for the L2 cache
_GROUP = (
    16  # rows whose maximum is kept; fewer of them for a few queries, since it costs them little
)
_GROUP_OF_FEW = 4
_FEW = 8  # queries
_MIN_GROUPS = 8  # fewer groups than this times the wanted number prune nothing
_BLOCK_SCORES = 1 << 18  # scores of a block: 1 MB
_BLOCK_SCORES_OF_FEW = 1 << 20  # long blocks, since each starts with cold prefetchers
_SPARSE = 4  # when fewer than 1 row in this many is allowed, the allowed ones are copied out
_ADMITTED = 1 << 14  # rows whose norms are taken at a time, within the cache
_RESCORED = 1 << 16  # rows scored again at a time, which bounds memory when everything ties
_FLOAT32 = 2.0**-24  # unit roundoff
_BARRED = -(2.0**31)  # no integer product is as low; a float32 one may be, which is harmless


@dataclass(frozen=True, kw_only=True)
class TopK:
    """The best rows of each query, best first; equal scores by row.

    Attributes:
        rows: (q, k) int64 item rows; -1 where fewer than k rows were allowed.
        scores: (q, k) float32 inner products; -inf where the row is -1.
    """

    rows: np.ndarray
    scores: np.ndarray


class ItemMatrix:
    """Item vectors with what fast exact search needs; rows can be appended and replaced.

    Searching the same items often? Make it once: it holds the greatest norm, and, where the
    processor multiplies int8 natively, an int8 copy (a quarter of the size of the vectors) that is
    read in place of the float32 rows.

    Args:
        vectors: (n, d) numbers; a C-contiguous float32 array is used as it is, not copied, until
            the matrix changes. Do not change it from outside.
        coarse: Keep an int8 copy where the processor gains from it; else never.

    Raises:
        ValueError: When a vector is not finite, or too long for float32 inner products.
    """

    def __init__(self, vectors: np.ndarray, *, coarse: bool = True) -> None:
        self._store = np.ascontiguousarray(vectors, dtype=np.float32)
        if self._store.ndim != 2:
            raise ValueError(f"item vectors must be (n, d), got {self._store.shape}")
        self._owned = self._store is not vectors and self._store.base is None
        self._n = len(self._store)
        self._norm = 0.0
        for start in range(0, self._n, _ADMITTED):
            self._admit(self._store[start : start + _ADMITTED])
        self._coarse = coarse and Int8Codes.suit(self._store.shape[1])
        self._codes = Int8Codes(self._store) if self._coarse and self._n else None

    def __len__(self) -> int:
        return self._n

    @property
    def vectors(self) -> np.ndarray:
        """(n, d) float32, a view that holds until rows are appended."""
        return self._store[: self._n]

    @property
    def codes(self) -> Int8Codes | None:
        """The int8 copy, when one is kept; made anew when vectors came that did not fit it."""
        if self._coarse and (self._codes is None or self._codes.is_stale):
            self._codes = Int8Codes(self.vectors)
        return self._codes

    @property
    def norm(self) -> float:
        """No row is longer than this."""
        return self._norm

    def append(self, vectors: np.ndarray) -> None:
        """Add rows (m, d) at the end; amortised O(m d). Nothing changes when they are refused."""
        vectors = np.asarray(vectors, dtype=np.float32)
        start, end = self._n, self._n + len(vectors)
        self._admit(vectors)
        if end > len(self._store):
            self._grow(max(end, 2 * len(self._store)))
        self._store[start:end] = vectors
        self._n = end
        if self._codes is not None:
            self._codes.append(vectors)

    def replace(self, rows: np.ndarray, vectors: np.ndarray) -> None:
        """Overwrite distinct rows (m,) with vectors (m, d)."""
        vectors = np.asarray(vectors, dtype=np.float32)
        self._admit(vectors)
        if not self._owned:
            self._grow(max(1, len(self._store)))
        self._store[rows] = vectors
        if self._codes is not None:
            self._codes.replace(rows, vectors)

    def keep(self, rows: np.ndarray) -> None:
        """Keep these rows only, in this order; O(n d)."""
        self._store = self._store[rows]
        self._owned = True
        self._n = len(self._store)
        if self._codes is not None:
            self._codes.keep(rows)

    def subset(self, rows: np.ndarray) -> ItemMatrix:
        """A copy of some rows, in the given order, without an int8 copy."""
        part = object.__new__(ItemMatrix)
        part._store = self._store[rows]
        part._owned = True
        part._n = len(part._store)
        part._norm = self._norm
        part._coarse = False
        part._codes = None
        return part

    def _grow(self, capacity: int) -> None:
        store = np.empty((capacity, self._store.shape[1]), dtype=np.float32)
        store[: self._n] = self.vectors
        self._store = store
        self._owned = True

    def _admit(self, vectors: np.ndarray) -> None:
        """Take new vectors into the norm, or refuse them."""
        norm = _longest(vectors)
        if not np.isfinite(norm):
            raise ValueError("item vectors must be finite, and their squares too")
        self._norm = max(self._norm, norm)


def top_k(
    queries: np.ndarray,
    items: np.ndarray | ItemMatrix,
    k: int,
    *,
    exclude: Sequence[np.ndarray] | None = None,
    allowed: np.ndarray | None = None,
) -> TopK:
    """The k items with the greatest inner product for each query: exact, best first, ties by row.

    Args:
        queries: (q, d) numbers.
        items: (n, d) numbers, or an `ItemMatrix` when the same items are searched again.
        k: How many for each query.
        exclude: For each query the item rows left out, for example those already seen.
        allowed: (n,) bool, the rows that may be returned to anybody; None allows all.

    Raises:
        ValueError: When shapes do not fit, a number is not finite or a row does not exist.
    """
    matrix = items if isinstance(items, ItemMatrix) else ItemMatrix(items, coarse=False)
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    left_out = _checked(queries, matrix, k, exclude, allowed)
    if allowed is not None and allowed.sum() * _SPARSE < len(matrix):
        return _top_k_of_few(queries, matrix, k, left_out, np.flatnonzero(allowed))
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    barred = np.zeros(len(matrix), dtype=bool) if allowed is None else ~allowed
    if k and len(matrix):
        for start in range(0, len(queries), _QUERIES):
            part = slice(start, start + _QUERIES)
            found = _search(queries[part], matrix, k, left_out[part], barred, allowed is not None)
            for query, (best, values) in enumerate(found, start):
                rows[query, : len(best)] = best
                scores[query, : len(best)] = values
    return TopK(rows=rows, scores=scores)


def best_of_rows(
    query: np.ndarray, matrix: ItemMatrix, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k best among some distinct rows for one query, scored and ordered as in `top_k`.

    Args:
        query: (d,) float32.
        matrix: The items.
        rows: (m,) item rows, in any order.
        k: How many at most.

    Returns:
        (min(k, m),) rows and their float32 scores.
    """
    rounding = _rounding(query[None], matrix)
    return _best(query, matrix.vectors, np.sort(rows), k, rounding, 0)


def _checked(
    queries: np.ndarray,
    matrix: ItemMatrix,
    k: int,
    exclude: Sequence[np.ndarray] | None,
    allowed: np.ndarray | None,
) -> Sequence[np.ndarray]:
    """The excluded rows of each query, after everything that came in was checked."""
    dimension = matrix.vectors.shape[1]
    if queries.ndim != 2 or queries.shape[1] != dimension:
        raise ValueError(f"queries must be (q, {dimension}), got {queries.shape}")
    if not np.isfinite(_longest(queries) * matrix.norm):
        raise ValueError("queries must be finite, and their inner products too")
    if k < 0:
        raise ValueError(f"k must not be negative, got {k}")
    if allowed is not None and (allowed.shape != (len(matrix),) or allowed.dtype != np.bool_):
        raise ValueError(f"allowed must be ({len(matrix)},) bool")
    if exclude is None:
        return [np.empty(0, dtype=np.int64)] * len(queries)
    if len(exclude) != len(queries):
        raise ValueError(f"{len(exclude)} lists of excluded rows for {len(queries)} queries")
    rows = [np.asarray(row, dtype=np.int64) for row in exclude]
    if any(row.size and (row.min() < 0 or row.max() >= len(matrix)) for row in rows):
        raise ValueError("excluded rows must be item rows")
    return rows


def _top_k_of_few(
    queries: np.ndarray,
    matrix: ItemMatrix,
    k: int,
    left_out: Sequence[np.ndarray],
    rows: np.ndarray,
) -> TopK:
    """Search a copy of the allowed rows; their order, and with it the tie rule, stays."""
    position = np.full(len(matrix), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    inside = [position[out] for out in left_out]
    found = top_k(queries, matrix.subset(rows), k, exclude=[out[out >= 0] for out in inside])
    original = np.where(found.rows < 0, -1, np.append(rows, -1)[found.rows])
    return TopK(rows=original, scores=found.scores)


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """Which rows a maximum stands for: every `stride`-th row of a block, `size` of them."""

    size: int
    stride: int

    @property
    def block(self) -> int:
        return self.size * self.stride

    def rows(self, groups: np.ndarray, n_rows: int) -> np.ndarray:
        """Rows of the groups, ascending."""
        first = groups // self.stride * self.block + groups % self.stride
        rows = (first[:, None] + np.arange(self.size) * self.stride).ravel()
        return np.sort(rows[rows < n_rows])


def _groups(n_queries: int, n_rows: int, wanted: int) -> _Groups:
    """The sizes that measured best; the answer does not depend on them."""
    few = n_queries <= _FEW
    size = _GROUP_OF_FEW if few else _GROUP
    if n_rows < size * _MIN_GROUPS * wanted:
        size = 1
    scores = min(_BLOCK_SCORES_OF_FEW if few else _BLOCK_SCORES, n_rows * n_queries)
    return _Groups(size=size, stride=-(-scores // (n_queries * size)))


def _search(
    queries: np.ndarray,
    matrix: ItemMatrix,
    k: int,
    left_out: Sequence[np.ndarray],
    barred: np.ndarray,
    has_barred: bool,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and scores of a chunk of queries."""
    wanted = [min(k + len(out), len(matrix)) for out in left_out]
    groups = _groups(len(queries), len(matrix), max(wanted))
    second = _rounding(queries, matrix)
    first = _first_pass(queries, matrix, second)
    maxima = _group_maxima(first, groups, barred if has_barred else None)
    found = []
    for query, out in enumerate(left_out):
        cutoff = first.rounding.cutoff(query, _kth_largest(maxima[query], wanted[query]))
        rows = groups.rows(np.flatnonzero(maxima[query] >= cutoff), len(matrix))
        barred_before = barred[out]
        barred[out] = True
        rows = first.sift(query, rows[~barred[rows]], cutoff)
        barred[out] = barred_before
        found.append(_best(queries[query], matrix.vectors, rows, k, second, query))
    return found


@dataclass(frozen=True, kw_only=True)
class _FirstPass:
    """What is multiplied with what: float32, or int8 codes with int32 sums.

    Attributes:
        items: (n, d).
        weights: (d, q) of the queries, of the same type.
        rounding: How far the products are from the true scores.
    """

    items: Tensor
    weights: Tensor
    rounding: _Rounding

    def multiply(self, part: slice, out: Tensor) -> None:
        """Products of some rows with all queries."""
        import torch

        if self.items.dtype == torch.int8:
            multiply(self.items[part], self.weights, out)
        else:
            torch.mm(self.items[part], self.weights, out=out)

    def sift(self, query: int, rows: np.ndarray, cutoff: float) -> np.ndarray:
        """Those of some rows whose own product reaches the cutoff: a quarter of the bytes to read.

        Products of float32 are not computed twice, since the second pass would be the same.
        """
        import torch

        if self.items.dtype != torch.int8:
            return rows
        kept = []
        for part in _parts(rows):
            products = torch.empty((len(part), 1), dtype=torch.int32)
            codes = torch.from_numpy(np.take(self.items.numpy(), part, axis=0))
            multiply(codes, self.weights[:, query : query + 1].contiguous(), products)
            kept.append(part[products.numpy()[:, 0] >= cutoff])
        return np.concatenate([rows[:0], *kept])


def _first_pass(queries: np.ndarray, matrix: ItemMatrix, second: _Rounding) -> _FirstPass:
    import torch

    codes = matrix.codes
    if codes is None:
        items, weights = matrix.vectors, queries
        rounding = second
    else:
        coded = codes.queries(queries)
        items, weights = codes.rows, coded.weights
        # answers are ranked by rounded scores, which the second pass's bound covers
        rounding = _Rounding(error=coded.error + second.error, unit=coded.unit)
    return _FirstPass(
        items=torch.from_numpy(items), weights=torch.from_numpy(weights).T, rounding=rounding
    )


def _group_maxima(first: _FirstPass, groups: _Groups, barred: np.ndarray | None) -> np.ndarray:
    """(q, n_groups) float32 or int32: the first pass's greatest score in each group."""
    import torch

    n_rows, n_queries = len(first.items), first.weights.shape[1]
    n_blocks = -(-n_rows // groups.block)
    whole = first.items.dtype == torch.int8
    kind, lowest = (torch.int32, int(_BARRED)) if whole else (torch.float32, -torch.inf)
    scores = torch.empty((groups.block, n_queries), dtype=kind)
    maxima = torch.empty((n_blocks, groups.stride, n_queries), dtype=kind)
    for number in range(n_blocks):
        start = number * groups.block
        part = slice(start, min(start + groups.block, n_rows))
        filled = scores[: part.stop - start]
        first.multiply(part, filled)
        if barred is not None:
            filled[torch.from_numpy(barred[part])] = lowest
        scores[len(filled) :] = lowest
        torch.amax(scores.view(groups.size, groups.stride, -1), 0, out=maxima[number])
    return maxima.view(-1, n_queries).T.contiguous().numpy()


def _kth_largest(values: np.ndarray, k: int) -> float:
    """The k-th largest value, by the same trick: of chunks first, then of what may reach it."""
    chunk = len(values) // (_MIN_GROUPS * k)
    if chunk > 1:
        whole = values[: len(values) // chunk * chunk].reshape(chunk, -1).max(axis=0)
        values = values[values >= np.partition(whole, len(whole) - k)[len(whole) - k]]
    return float(np.partition(values, len(values) - k)[len(values) - k])


@dataclass(frozen=True, kw_only=True)
class _Rounding:
    """How computed scores relate to true ones, for each query.

    Attributes:
        error: (q,) no computed score, times the unit, is further than this from the true one.
        unit: (q,) what a computed 1 is worth; 1 for scores in float32.
    """

    error: np.ndarray
    unit: np.ndarray

    def cutoff(self, query: int, reached: float) -> float:
        """No row whose true score is among the k best has a computed score below this.

        Args:
            query: Which query.
            reached: A value that k computed scores reach.
        """
        if reached <= _BARRED:
            return -np.inf  # rows that are not allowed count so: fewer than k are left
        # k true scores are within one error of `reached` or above, and theirs within another
        computed = reached - 2 * float(self.error[query] / self.unit[query])
        # computed in float64 and compared in float32: one more step down covers that
        return computed - 2 * _FLOAT32 * abs(computed)


def _rounding(queries: np.ndarray, matrix: ItemMatrix) -> _Rounding:
    """Of scores in float32: |fl(q·x) − q·x| ≤ γ_d ‖q‖‖x‖ with γ_d = d u / (1 − d u).

    For every order of summation (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, equation 3.5
    and Cauchy-Schwarz). It also covers the one rounding of the float64 scores that are returned.
    """
    dimension = queries.shape[1]
    length = np.linalg.norm(queries.astype(np.float64), axis=1)
    tiny = dimension * float(np.finfo(np.float32).tiny)
    error = _gamma(dimension) * length * matrix.norm + tiny
    return _Rounding(error=error, unit=np.ones(len(queries)))


def _gamma(n_roundings: int) -> float:
    return n_roundings * _FLOAT32 / (1 - n_roundings * _FLOAT32)


def _best(
    query: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int, rounding: _Rounding, at: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k best of these ascending rows: float32 to leave out most, float64 for the rest."""
    if len(rows) > k:
        scores = np.concatenate(
            [np.take(vectors, part, axis=0) @ query for part in _parts(rows)], dtype=np.float32
        )
        rows = rows[scores >= rounding.cutoff(at, _kth_largest(scores, k))]
    if not len(rows):
        return rows, np.empty(0, dtype=np.float32)
    exact = np.concatenate(
        [(vectors[part].astype(np.float64) * query).sum(axis=1) for part in _parts(rows)]
    ).astype(np.float32)
    order = np.argsort(-exact, kind="stable")[:k]
    return rows[order], exact[order]


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _RESCORED] for start in range(0, len(rows), _RESCORED)]


def _longest(vectors: np.ndarray) -> float:
    """The greatest Euclidean norm, rounded up; nan or inf when a number is."""
    if not vectors.size:
        return 0.0
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return float(np.sqrt(np.float64(squares.max()))) * (1 + _gamma(vectors.shape[1] + 2))
