"""The recommender as a library: data in, ranked item ids out, no language model anywhere.

The front is lazy (PEP 562): a name is imported from its module when it is first touched, so that
reading a catalog never pays for torch. Everything public is in the table below, and only this
front is imported from other packages. The imports for type checkers repeat the table; a test
compares the two.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .artifacts import (
        Artifact as Artifact,
        ArtifactWriter as ArtifactWriter,
        read_artifact as read_artifact,
    )
    from .catalog import Catalog as Catalog
    from .checkpoints import (
        CheckpointFolder as CheckpointFolder,
        restore_training as restore_training,
        training_state as training_state,
    )
    from .datasets import (
        DATASETS as DATASETS,
        Dataset as Dataset,
        DatasetSource as DatasetSource,
        ImportReport as ImportReport,
        TextsReport as TextsReport,
        attach_texts as attach_texts,
        dataset_folder as dataset_folder,
        get_dataset as get_dataset,
        import_dataset as import_dataset,
        load_dataset as load_dataset,
        save_dataset as save_dataset,
    )
    from .errors import (
        ArtifactError as ArtifactError,
        DamagedFileError as DamagedFileError,
        DataError as DataError,
        RapportError as RapportError,
        SettingsError as SettingsError,
        SourceUnreachableError as SourceUnreachableError,
        StorageError as StorageError,
        UnknownDatasetError as UnknownDatasetError,
        UnknownItemError as UnknownItemError,
        UnknownUserError as UnknownUserError,
    )
    from .evaluation import (
        EvaluationReport as EvaluationReport,
        Scorer as Scorer,
        evaluate as evaluate,
    )
    from .files import (
        atomic_file as atomic_file,
        atomic_folder as atomic_folder,
        check_free_space as check_free_space,
    )
    from .ids import IdMap as IdMap
    from .interactions import Interactions as Interactions
    from .metrics import (
        bootstrap_interval as bootstrap_interval,
        ndcg_at as ndcg_at,
        ranks_of_targets as ranks_of_targets,
        recall_at as recall_at,
    )
    from .recommender import Recommender as Recommender
    from .runtime import (
        Progress as Progress,
        RunOptions as RunOptions,
        has_fast_bfloat16 as has_fast_bfloat16,
        no_progress as no_progress,
    )
    from .search import (
        ChromaIndex as ChromaIndex,
        ExactIndex as ExactIndex,
        FaissConfig as FaissConfig,
        FaissIndex as FaissIndex,
        HashEncoder as HashEncoder,
        MiniLMEncoder as MiniLMEncoder,
        SearchEngine as SearchEngine,
        TextEncoder as TextEncoder,
        VectorIndex as VectorIndex,
    )
    from .splits import Split as Split, global_time as global_time, leave_one_out as leave_one_out
    from .training import train_pipeline as train_pipeline
    from .types import (
        Candidate as Candidate,
        Influence as Influence,
        Item as Item,
        ItemFilter as ItemFilter,
        NameMatch as NameMatch,
        Recommendation as Recommendation,
        RecommendRequest as RecommendRequest,
        TitleMatch as TitleMatch,
    )

# Module -> the public names that live in it.
_HOMES: dict[str, tuple[str, ...]] = {
    "types": (
        "Candidate",
        "Influence",
        "Item",
        "ItemFilter",
        "NameMatch",
        "RecommendRequest",
        "Recommendation",
        "TitleMatch",
    ),
    "errors": (
        "ArtifactError",
        "DamagedFileError",
        "DataError",
        "RapportError",
        "SettingsError",
        "SourceUnreachableError",
        "StorageError",
        "UnknownDatasetError",
        "UnknownItemError",
        "UnknownUserError",
    ),
    "ids": ("IdMap",),
    "catalog": ("Catalog",),
    "checkpoints": ("CheckpointFolder", "restore_training", "training_state"),
    "interactions": ("Interactions",),
    "splits": ("Split", "global_time", "leave_one_out"),
    "files": ("atomic_file", "atomic_folder", "check_free_space"),
    "artifacts": ("Artifact", "ArtifactWriter", "read_artifact"),
    "datasets": (
        "DATASETS",
        "Dataset",
        "DatasetSource",
        "ImportReport",
        "TextsReport",
        "attach_texts",
        "dataset_folder",
        "get_dataset",
        "import_dataset",
        "load_dataset",
        "save_dataset",
    ),
    "runtime": ("Progress", "RunOptions", "has_fast_bfloat16", "no_progress"),
    "metrics": ("bootstrap_interval", "ndcg_at", "ranks_of_targets", "recall_at"),
    "evaluation": ("EvaluationReport", "Scorer", "evaluate"),
    "training": ("train_pipeline",),
    "recommender": ("Recommender",),
    "search": (
        "ChromaIndex",
        "ExactIndex",
        "FaissConfig",
        "FaissIndex",
        "HashEncoder",
        "MiniLMEncoder",
        "SearchEngine",
        "TextEncoder",
        "VectorIndex",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
