"""What language models a process has: the served one with all that belongs to it, and the built-in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .abilities import AbilityBook
from .cassette import Cassette, CassetteMode
from .chat import ChatModel
from .embedded import has_embedded_model
from .exchange import LLMOptions
from .ledger import Ledger
from .structured import StructuredModel

PlannerSetting = Literal["auto", "tools", "structured", "rules", "embedded"]

PLANNER_ADAPTER = Path(__file__).resolve().parent.parent / "planning" / "adapter"


@dataclass(frozen=True, kw_only=True)
class ModelChoices:
    """What language models there are, and who plans.

    Attributes:
        setting: "auto" goes by what the server can do; the others insist.
        chat: The served model; None when there is none.
        embedded: The built-in model; None when it is not to be used.
    """

    setting: PlannerSetting = "auto"
    chat: ChatModel | None = None
    embedded: StructuredModel | None = None


def open_models(
    options: LLMOptions | None,
    *,
    folder: Path,
    setting: PlannerSetting = "auto",
    cache: CassetteMode = "off",
    ledger: Ledger | None = None,
) -> ModelChoices:
    """The models that the settings ask for; none is asked or loaded yet.

    Where there is no server, "auto" takes the built-in model, if it is installed: beside the rules it
    reads more of what people say than they do alone (benchmarks/agent.md).

    Args:
        options: Where the served model is; None when there is none.
        folder: For what is found out about the server, recorded answers and the built-in model.
        setting: Who plans.
        cache: Whether answers are recorded or replayed.
        ledger: Gets every call of all of them.

    Raises:
        RapportError: The built-in model is asked for and not installed.
    """
    ledger = ledger or Ledger()
    chat = None
    if options is not None:
        chat = ChatModel(
            options,
            ledger=ledger,
            book=AbilityBook(options, folder=folder / "servers"),
            cassette=Cassette(folder / "model_answers.db", cache) if cache != "off" else None,
        )
    is_alone = setting == "auto" and options is None and has_embedded_model()
    embedded = _embedded(folder, ledger) if setting == "embedded" or is_alone else None
    return ModelChoices(setting=setting, chat=chat, embedded=embedded)


def _embedded(folder: Path, ledger: Ledger) -> StructuredModel:
    from .embedded import EmbeddedModel, find_base_model, prepare_base_model  # only where wanted

    find_base_model()
    is_tuned = (PLANNER_ADAPTER / "adapter_model.safetensors").is_file()
    return EmbeddedModel(
        lambda: prepare_base_model(folder),
        adapters={"planner": PLANNER_ADAPTER} if is_tuned else {},
        adapter="planner" if is_tuned else None,
        ledger=ledger,
    )
