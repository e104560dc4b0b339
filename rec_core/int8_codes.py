"""Item vectors in a quarter of the bytes, for a first pass whose error is known.

Apart from `top_k`, which decides what is searched again: here is only how rows and queries become
int8 numbers, and how far their integer products can be from the true inner products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST = 127  # of a code; -128 stays unused, so that negation is exact
_ROWS = 1 << 14  # coded at a time, within the cache
_MIN_DIMENSION = 8  # a copy of shorter rows saves nothing (and torch misreads rows of one number)
_MAX_DIMENSION = 1 << 16  # sums of int32 cannot overflow
_SPARE = 1e-9  # relative room for what float64 rounds while the bound itself is computed


@cache
def has_fast_int8() -> bool:
    """Whether this processor has instructions for int8 products, and torch's come out exact.

    Older processors add pairs of products in 16 bits, which overflow.
    """
    import torch

    features = torch.cpu.get_capabilities()
    native = any(bool(features.get(name)) for name in ("avx512_vnni", "amx_int8"))
    if not (native and torch.backends.mkldnn.is_available() and hasattr(torch, "_int_mm")):
        return False
    return all(_products_are_exact(columns) for columns in (1, 64))


def _products_are_exact(columns: int) -> bool:
    import torch

    # the greatest sums, of either sign: what overflows anywhere does so here
    rows = np.full((40, 64), _LARGEST, dtype=np.int8)
    rows[1::2] *= -1
    weights = np.full((columns, 64), _LARGEST, dtype=np.int8)
    weights[:, ::3] *= -1
    found = torch.empty((len(rows), columns), dtype=torch.int32)
    try:
        multiply(torch.from_numpy(rows), torch.from_numpy(weights).T, found)
    except RuntimeError:
        return False
    expected = rows.astype(np.int32) @ weights.T.astype(np.int32)
    return np.array_equal(found.numpy(), expected)


def multiply(rows: Tensor, weights: Tensor, out: Tensor) -> None:
    """Integer products: (n, d) int8 by (d, q) int8 into (n, q) int32."""
    import torch

    torch._int_mm(rows, weights, out=out)  # pyright: ignore[reportPrivateImportUsage]


@dataclass(frozen=True, kw_only=True)
class CodedQueries:
    """Queries as integers, for the codes they were made for.

    Attributes:
        weights: (q, d) int8.
        unit: (q,) what one unit of an integer product is worth.
        error: (q,) no product, times the unit, is further than this from the true inner product.
    """

    weights: np.ndarray
    unit: np.ndarray
    error: np.ndarray


class Int8Codes:
    """Rows x as whole numbers c of steps s, one step for each column: x_j ≈ s_j c_j, |c_j| ≤ 127.

    A step fits the greatest number of its column when the codes are made. Later rows that go beyond
    it are cut, and when that costs more than rounding may, the codes are stale: make them anew.

    Args:
        vectors: (n, d) finite float32.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        high, low = vectors.max(axis=0, initial=0.0), vectors.min(axis=0, initial=0.0)
        greatest = np.maximum(high, -low).astype(np.float64)
        self._dimension = vectors.shape[1]
        self._steps = np.maximum(greatest / _LARGEST, float(np.finfo(np.float32).tiny))
        self._store = np.empty(vectors.shape, dtype=np.int8)
        self._n = len(vectors)
        self._residual = 0.0
        self._length = 0.0
        for start in range(0, self._n, _ROWS):
            part = slice(start, start + _ROWS)
            self._store[part] = self._coded(vectors[part])

    @staticmethod
    def suit(dimension: int) -> bool:
        """Whether rows of so many numbers can be coded."""
        return _MIN_DIMENSION <= dimension <= _MAX_DIMENSION and has_fast_int8()

    @property
    def rows(self) -> np.ndarray:
        """(n, d) int8, a view that holds until rows are appended."""
        return self._store[: self._n]

    @property
    def is_stale(self) -> bool:
        """Whether a row was cut by more than rounding may cost; the bound still holds."""
        return self._residual > 0.501 * self._dimension**0.5

    def append(self, vectors: np.ndarray) -> None:
        """Add rows (m, d) at the end; amortised O(m d)."""
        end = self._n + len(vectors)
        if end > len(self._store):
            store = np.empty((max(end, 2 * len(self._store)), self._dimension), dtype=np.int8)
            store[: self._n] = self.rows
            self._store = store
        self._store[self._n : end] = self._coded(vectors)
        self._n = end

    def replace(self, rows: np.ndarray, vectors: np.ndarray) -> None:
        """Overwrite rows (m,) with vectors (m, d)."""
        self._store[rows] = self._coded(vectors)

    def keep(self, rows: np.ndarray) -> None:
        """Keep these rows only, in this order."""
        self._store = self._store[rows]
        self._n = len(self._store)

    def queries(self, queries: np.ndarray) -> CodedQueries:
        """Queries (q, d) float32 for these codes, with the error bound of their products.

        With p = q∘s and y = x/s (by column), q·x = p·y. The query is rounded to p ≈ t u with integers u
        and one unit t. Then |q·x − t u·c| ≤ |p·(y − c)| + |(p − t u)·c| ≤ ‖p‖ max‖y − c‖ + ‖p − t u‖ max‖c‖
        (Cauchy-Schwarz); both maxima were measured over all rows.
        """
        scaled = queries.astype(np.float64) * self._steps
        unit = np.abs(scaled).max(axis=1, initial=0.0) / _LARGEST
        unit[unit == 0] = 1.0
        weights = np.rint(scaled / unit[:, None])
        length = np.linalg.norm(scaled, axis=1)
        rest = np.linalg.norm(scaled - unit[:, None] * weights, axis=1)
        error = length * self._residual + rest * self._length
        error += _SPARE * length * (self._length + self._residual)
        return CodedQueries(weights=weights.astype(np.int8), unit=unit, error=error)

    def _coded(self, vectors: np.ndarray) -> np.ndarray:
        """Codes of some rows, which are taken into the greatest residual and length."""
        steps = vectors / self._steps
        codes = np.clip(np.rint(steps), -_LARGEST, _LARGEST)
        steps -= codes
        self._residual = max(self._residual, _longest(steps))
        self._length = max(self._length, _longest(codes))
        return codes.astype(np.int8)


def _longest(vectors: np.ndarray) -> float:
    """The greatest Euclidean norm of float64 rows, with room for what was rounded."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return float(np.sqrt(squares.max(initial=0.0))) * (1 + _SPARE)
