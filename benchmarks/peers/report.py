"""From pieces to the table: medians, ratios to ours, ratios to the floor, time to a peer's quality."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.machine_floor import epoch_floor, training_flops
from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.rounds import Plan, QualityRun, median_of, pieces
from benchmarks.peers.split_files import Events, order_hash

_COLUMNS = {
    "model": "model",
    "budget": "budget s",
    "ndcg@10": "NDCG@10",
    "recall@10": "R@10",
    "recall@100": "R@100",
    "fit_cpu_seconds": "CPU-s to fit",
    "epochs": "epochs",
    "seconds_per_epoch": "CPU-s/epoch",
    "epoch_ratio_to_ours": "÷ ours",
    "epoch_ratio_to_floor": "÷ floor",
    "reach_cpu_seconds": "ours reaches it in CPU-s",
    "reach_ratio": "÷",
    "users_per_second": "users/s",
    "users_ratio": "ours ÷",
    "fit_peak_megabytes": "peak MB",
    "memory_ratio": "÷ ours",
}


def learnt(contestant: Contestant, events: Events) -> tuple[int, float]:
    """How many next items an epoch teaches, and the mean context they are predicted from.

    Counted as if every position were computed once: windows of at most `length` steps, no padding,
    no row a target. A library that computes more pays for it in its ratio to the floor.
    """
    steps = np.diff(events.history("valid").offsets) - 1
    if contestant.learns == "last":
        steps = np.minimum(steps, contestant.length)
    whole, rest = np.divmod(steps, contestant.length)
    contexts = whole * contestant.length * (contestant.length + 1) + rest * (rest + 1)
    return int(steps.sum()), float(contexts.sum() / 2 / steps.sum())


def floor_rates(plan: Plan) -> dict[str, Any]:
    """Medians of the measured rates over the rounds."""
    measured = pieces(plan, "floor")
    gemm = {
        kind: {
            shape: statistics.median(piece["gemm_gflops"][kind][shape] for piece in measured)
            for shape in measured[0]["gemm_gflops"][kind]
        }
        for kind in measured[0]["gemm_gflops"]
    }
    single = ("read_gb_per_second", "copy_gb_per_second", "exp_giga_per_second")
    rest = {name: statistics.median(piece[name] for piece in measured) for name in single}
    return {"gemm_gflops": gemm, **rest, "machine": measured[0]["machine"]}


def results(
    plan: Plan, contestants: Sequence[Contestant], runs: Sequence[QualityRun]
) -> dict[str, Any]:
    """Everything that was measured, as plain JSON values."""
    rates = floor_rates(plan)
    outcomes = [(run, _read(plan, run)) for run in runs]
    curves = [
        outcome["curve"]
        for run, outcome in outcomes
        if "curve" in outcome and run.contestant.script == "rapport_sasrec.py"
    ]
    rows = []
    for contestant in contestants:
        speed = _speed_figures(plan, contestant, rates)
        budgets = sorted({run.budget for run, _ in outcomes if run.contestant == contestant})
        for budget in budgets or [None]:
            theirs = [o for r, o in outcomes if r.contestant == contestant and r.budget == budget]
            row = {"name": contestant.name, "model": contestant.label, **speed}
            rows.append({**row, "budget": budget or None, **_quality_figures(theirs)})
            if contestant.is_peer:
                rows[-1].update(_reached(theirs, curves))
    return {
        "split": {
            "users": plan.events.n_users,
            "items": plan.events.n_items,
            "events": len(plan.events.users),
            "sha256": order_hash(plan.events.users, plan.events.items),
            "same_data": "every contestant's own training data had the fingerprint of ours",
        },
        "seeds": list(plan.seeds),
        "rounds": plan.rounds,
        "floor": rates,
        "rows": rows,
        "curves": {run.name: outcome.get("curve", []) for run, outcome in outcomes},
    }


def _read(plan: Plan, run: QualityRun) -> dict[str, Any]:
    piece = plan.piece(run.name)
    return (
        json.loads(piece.read_text(encoding="utf-8")) if piece.exists() else {"failed": "not run"}
    )


def _speed_figures(plan: Plan, contestant: Contestant, rates: Mapping[str, Any]) -> dict[str, Any]:
    """Medians over the rounds, and their ratios to the row of ours that does the same job."""
    measured = pieces(plan, contestant.name)
    if not measured:
        return {"failed": "no speed piece worked; see the logs"}
    names = ("seconds_per_epoch", "users_per_second", "fit_peak_megabytes")
    figures: dict[str, Any] = {name: median_of(plan, contestant.name, name) for name in names}
    figures["fit_peak_megabytes"] = measured[0]["fit_peak_megabytes"]
    figures["epochs_measured"] = sum(piece["epochs"] for piece in measured)
    figures["versions"] = measured[0]["versions"]
    if contestant.learns == "none":
        del figures["seconds_per_epoch"]
    else:
        figures.update(_floor_figures(plan, contestant, rates, figures["seconds_per_epoch"]))
    if contestant.ours:
        figures.update(_ratios(plan, contestant, figures))
    return figures


def _floor_figures(
    plan: Plan, contestant: Contestant, rates: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    targets, mean_context = learnt(contestant, plan.events)
    flops = training_flops(
        targets=targets,
        n_items=plan.events.n_items,
        widening=contestant.widening,
        mean_context=mean_context,
    )
    floors = epoch_floor(rates, flops)
    return {
        "targets_per_epoch": targets,
        "epoch_gflop": flops["total"] / 1e9,
        "epoch_floor_seconds": floors,
        "epoch_ratio_to_floor": seconds / floors["float32"],
    }


def _ratios(plan: Plan, contestant: Contestant, figures: Mapping[str, Any]) -> dict[str, float]:
    ours = contestant.ours
    if not pieces(plan, ours):
        return {}
    ratios = {
        "users_ratio": median_of(plan, ours, "users_per_second") / figures["users_per_second"],
        "memory_ratio": figures["fit_peak_megabytes"] / pieces(plan, ours)[0]["fit_peak_megabytes"],
    }
    if "seconds_per_epoch" in figures:
        seconds = median_of(plan, ours, "seconds_per_epoch")
        ratios["epoch_ratio_to_ours"] = figures["seconds_per_epoch"] / seconds
    return ratios


def _quality_figures(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, of the test part, after the whole budget."""
    failed = [outcome["failed"] for outcome in outcomes if "failed" in outcome]
    worked = [outcome for outcome in outcomes if "failed" not in outcome]
    if not worked:
        return {"failed": failed[0]} if failed else {}
    figures: dict[str, Any] = {
        metric: statistics.mean(outcome["test"][metric] for outcome in worked)
        for metric in worked[0]["test"]
    }
    for name in ("fit_cpu_seconds", "epochs"):
        figures[name] = statistics.mean(outcome[name] for outcome in worked)
    figures["per_seed"] = [
        {"seed": outcome["seed"], "test": outcome["test"], "valid": outcome["curve"][-1]}
        for outcome in worked
    ]
    return figures


def _reached(
    theirs: Sequence[Mapping[str, Any]], ours: Sequence[Sequence[Mapping[str, float]]]
) -> dict[str, float]:
    """When a curve of ours first has the best validation NDCG@10 that the peer ever had.

    The peer's time is when it had it, the mean over its seeds; ours is the earliest of all our SASRec
    runs, taken at measured points, so it is late by up to one point.
    """
    best = [
        max(outcome["curve"], key=lambda point: point["ndcg@10"])
        for outcome in theirs
        if "curve" in outcome
    ]
    if not best:
        return {}
    quality = statistics.mean(point["ndcg@10"] for point in best)
    seconds = statistics.mean(point["cpu_seconds"] for point in best)
    reached = [p["cpu_seconds"] for curve in ours for p in curve if p["ndcg@10"] >= quality]
    figures = {"valid_ndcg@10": quality, "valid_cpu_seconds": seconds}
    if reached:
        figures |= {"reach_cpu_seconds": min(reached), "reach_ratio": seconds / min(reached)}
    return figures


def table(found: Mapping[str, Any]) -> str:
    """Markdown: what was measured on what, then one line a model."""
    split, floor = found["split"], found["floor"]
    single = floor["gemm_gflops"]["float32"]["square 1024"]
    narrow = floor["gemm_gflops"]["bfloat16"]["square 1024"]
    counts = f"{split['users']:,} users, {split['items']:,} items, {split['events']:,} events"
    measured = f"seeds {found['seeds']}; medians of {found['rounds']} rounds"
    gemm = f"GEMM {single:.0f} GFLOP/s float32, {narrow:.0f} bfloat16"
    read = f"read {floor['read_gb_per_second']:.1f} GB/s"
    lines = [
        f"{counts}; split {split['sha256'][:12]}; {measured}.",
        f"One thread of {floor['machine']['processor']}: {gemm}; {read}.",
        "",
        "| " + " | ".join(_COLUMNS.values()) + " |",
        "|" + "---|" * len(_COLUMNS),
    ]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in found["rows"]]
    failed = [f"{row['model']}: {row['failed']}" for row in found["rows"] if "failed" in row]
    return "\n".join([*lines, *([""] if failed else []), *failed])


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [_cell(name, row.get(name)) for name in _COLUMNS]


def _cell(name: str, value: str | float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if "@" in name:
        return f"{value:.4f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def chosen(names: Sequence[str]) -> list[Contestant]:
    """The contestants of these names with the rows of ours they are compared with; all for none."""
    if not names:
        return list(CONTESTANTS)
    wanted = set(names) | {c.ours for c in CONTESTANTS if c.name in names}
    return [contestant for contestant in CONTESTANTS if contestant.name in wanted]
