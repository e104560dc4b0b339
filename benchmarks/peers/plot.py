"""Draw quality against CPU time. Runs in the peers' environment, the one with a plotting library.

python plot.py results.json quality.png
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt


def first_of_each(runs: Iterable[str], labels: dict[str, str]) -> dict[str, str]:
    """Run -> what the legend calls it; of the seeds of one model and budget only the first."""
    named: dict[str, str] = {}
    for run in runs:
        name, budget, _ = run.removeprefix("quality-").rsplit("-", 2)
        text = labels[name] if budget == "0s" else f"{labels[name]}, {budget}"
        if text not in named.values():
            named[run] = text
    return named


def main() -> None:
    """One line a run, validation NDCG@10 over CPU-seconds (logarithmic); ours are drawn through."""
    source, picture = (Path(argument) for argument in sys.argv[1:3])
    found = json.loads(source.read_text(encoding="utf-8"))
    labels = {row["name"]: row["model"] for row in found["rows"]}
    colours = dict(zip(labels, plt.get_cmap("tab10").colors, strict=False))
    figure, axes = plt.subplots(figsize=(9, 5.5))
    labelled = first_of_each(found["curves"], labels)
    for run, curve in found["curves"].items():
        if not curve:
            continue
        name = run.removeprefix("quality-").rsplit("-", 2)[0]
        axes.plot(
            [point["cpu_seconds"] for point in curve],
            [point["ndcg@10"] for point in curve],
            marker="o" if len(curve) > 1 else "*",
            markersize=3 if len(curve) > 1 else 12,
            linestyle="-" if name.startswith("rapport") else "--",
            color=colours[name],
            label=labelled.pop(run, None),
        )
    axes.set_xscale("log")
    axes.set_xlabel("CPU-seconds on one thread: preparation and training")
    axes.set_ylabel("validation NDCG@10, all items ranked, seen removed")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=130)


if __name__ == "__main__":
    main()
