"""The rewriter that the settings ask for, put together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rec_core import SettingsError

if TYPE_CHECKING:
    from agents.rewriting.rewriter import QueryRewriter
    from rec_core import Recommender

    from .settings import Settings

_NOBODY, _SHIPPED = "none", "shipped"


def open_rewriter(settings: Settings, recommender: Recommender) -> QueryRewriter | None:
    """The rewriter behind the chat's ranking, not loaded yet; None when none is wanted.

    Raises:
        SettingsError: There is no adapter of that name.
        RapportError: The built-in model that adapters are for is not installed.
    """
    if settings.rewriter == _NOBODY:
        return None
    folder = _adapter(settings.rewriter)
    from agents.llm.embedded import EmbeddedModel, find_base_model, prepare_base_model
    from agents.rewriting.companions import Companions
    from agents.rewriting.facts import FactFinder
    from agents.rewriting.rewriter import QueryRewriter

    find_base_model()
    model = EmbeddedModel(
        lambda: prepare_base_model(settings.cache_folder),
        adapters={"rewriter": folder},
        adapter="rewriter",
    )
    finder = FactFinder.over(recommender.catalog, recommender.interactions.item_counts)
    catalog = recommender.catalog
    return QueryRewriter(model, finder, companions=lambda: Companions.load(folder, catalog))


def _adapter(name: str) -> Path:
    """The folder of an adapter: the one that ships, or a folder made by `rapport tune rewriter`."""
    from agents.rewriting.shipped import shipped_adapter

    shipped = shipped_adapter("grpo") or shipped_adapter("sft")
    folder = shipped if name == _SHIPPED else Path(name).expanduser()
    if folder is None or not (folder / "adapter_model.safetensors").is_file():
        raise SettingsError(
            f"There is no rewriter {name!r}.",
            "Set RAPPORT_REWRITER to none, shipped, or a folder that `rapport tune rewriter` made.",
        )
    return folder
