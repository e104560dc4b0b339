"""Outside ids and inside rows: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from .errors import DataError


class IdMap:
    """An immutable two-way map between outside ids (strings) and rows 0 .. n-1.

    Args:
        ids: The outside ids; the position of an id is its row.

    Raises:
        DataError: An id occurs twice.
    """

    __slots__ = ("_rows", "ids")

    ids: tuple[str, ...]

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        self._rows = {id_: row for row, id_ in enumerate(self.ids)}
        if len(self._rows) != len(self.ids):
            raise DataError(
                f"The id {self._first_repeated()!r} occurs more than once.",
                "Every id must be there once only: remove or rename the repeated ones.",
            )

    def _first_repeated(self) -> str:
        return next(id_ for row, id_ in enumerate(self.ids) if self._rows[id_] != row)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)

    def __repr__(self) -> str:
        return f"IdMap({len(self)} ids)"

    def row(self, id: str) -> int:  # noqa: A002
        """The row of an id. Raises KeyError when it is unknown."""
        return self._rows[id]

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """Rows of `ids`, int64, in the given order. Raises KeyError at the first unknown id."""
        return np.fromiter((self._rows[id_] for id_ in ids), dtype=np.int64)

    def known_rows(self, ids: Iterable[str]) -> np.ndarray:
        """Rows of those `ids` that are known, int64, in the given order; others are skipped."""
        rows = self._rows
        return np.fromiter((rows[id_] for id_ in ids if id_ in rows), dtype=np.int64)
