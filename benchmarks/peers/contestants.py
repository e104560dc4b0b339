"""Who is compared with whom, and with which settings.

All SASRecs: dimension 64, two layers, dropout 0.2, softmax over the whole catalog, one thread. What a
peer's own documentation sets by default stays, unless the protocol says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_SHAPE = {"dimension": 64, "n_layers": 2, "n_heads": 2, "dropout": 0.2, "learning_rate": 1e-3}


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One row of the table.

    Attributes:
        name: Short and unique.
        label: For people.
        script: File beside this one.
        environment: "peers", "implicit" or "project".
        settings: The script's own.
        quality: Whether it is trained to the end of its budget; otherwise its speed alone counts.
        ours: Row of ours that learns the same job; speed ratios are against it. Empty for our own.
        learns: What an epoch teaches: "last" targets of `length` a user, "all" targets, or "none" for models without epochs.
        length, widening: Context and width of the feed-forward part, for the compute floor.
        fixed: Training ends by itself, whatever the budget.
    """

    name: str
    label: str
    script: str
    environment: str = "peers"
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: bool = True
    ours: str = ""
    learns: Literal["last", "all", "none"] = "none"
    length: int = 0
    widening: int = 1
    fixed: bool = False

    @property
    def is_peer(self) -> bool:
        """Whether it is somebody else's."""
        return self.environment != "project"


def _rectools(length: int, *, quality: bool) -> Contestant:
    return Contestant(
        name=f"rectools-{length}",
        label=f"RecTools SASRec, L={length}",
        script="rectools_sasrec.py",
        settings={**_SHAPE, "length": length, "batch_size": 128},
        quality=quality,
        ours=f"rapport-last-{length}",
        learns="last",
        length=length,
    )


def _ours(name: str, label: str, *, quality: bool, **config: str | bool | float) -> Contestant:
    return Contestant(
        name=name,
        label=label,
        script="rapport_sasrec.py",
        environment="project",
        settings={"config": {"dimension": 64, "n_layers": 2, "shuffle_ties": False, **config}},
        quality=quality,
        learns="all" if config["all_windows"] else "last",
        length=int(config["max_length"]),
        widening=int(config.get("widening", 1)),
    )


CONTESTANTS = (
    _rectools(50, quality=True),
    _ours(
        "rapport-last-50",
        "ours, last windows, L=50",
        quality=True,
        all_windows=False,
        max_length=50,
        batch_size=128,
    ),
    Contestant(
        name="recbole-50",
        label="RecBole SASRec, L=50",
        script="recbole_sasrec.py",
        settings={**_SHAPE, "length": 50, "inner": 256, "batch_size": 2048},
        ours="rapport-all-50",
        learns="all",
        length=50,
        widening=4,
    ),
    _ours(
        "rapport-all-50",
        "ours, all windows, L=50, gated blocks",
        quality=True,
        all_windows=True,
        max_length=50,
        block="gated",
        dropout=0.1,
        weight_decay=0.01,
        warm_start=True,
    ),
    _rectools(200, quality=False),
    _ours(
        "rapport-last-200",
        "ours, last windows, L=200",
        quality=False,
        all_windows=False,
        max_length=200,
        batch_size=128,
    ),
    Contestant(
        name="implicit-als",
        label="implicit ALS",
        script="implicit_als.py",
        environment="implicit",
        settings={"dimension": 64, "regularization": 0.01, "alpha": 1.0, "iterations": 15},
        ours="rapport-transitions",
        fixed=True,
    ),
    Contestant(
        name="rapport-transitions",
        label="ours, transitions (training-free)",
        script="rapport_transitions.py",
        environment="project",
        fixed=True,
    ),
)
