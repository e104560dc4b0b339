"""Item vectors of a retriever into a vector index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from ..runtime import Progress, no_progress
from ..search import VectorIndex
from .retriever import TwoTowerRetriever

_CHUNK = 8192


def index_items(
    retriever: TwoTowerRetriever,
    item_ids: Sequence[str],
    index: VectorIndex,
    *,
    rows: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> None:
    """Store the item vectors under the items' outside ids, a chunk at a time.

    Item and user vectors have length 1, so the index's cosine ranks as the retriever scores.

    Args:
        retriever: The trained model.
        item_ids: Outside ids in catalog order.
        index: Gets or replaces these vectors; others in it stay.
        rows: Item rows to store; None stores all.
        progress: Told after every chunk, stage "vectors".

    Raises:
        DataError: There are more or fewer ids than item vectors.
    """
    if len(item_ids) != len(retriever.item_vectors):
        raise DataError(
            f"The model has {len(retriever.item_vectors)} items, but {len(item_ids)} ids were given.",
            "Use the catalog that the model was trained on.",
        )
    chosen = np.arange(len(item_ids)) if rows is None else rows
    for start in range(0, len(chosen), _CHUNK):
        part = chosen[start : start + _CHUNK]
        names: list[str] = [item_ids[int(row)] for row in part]
        index.add(names, retriever.item_vectors[part])
        progress("vectors", start + len(part), len(chosen))
