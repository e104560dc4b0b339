"""Draw quality against CPU time. Runs in the peers' environment, the one with a plotting library.

python plot.py results.json quality.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt


def main() -> None:
    """One line a run, validation NDCG@10 over CPU-seconds (logarithmic); ours are drawn through."""
    source, picture = (Path(argument) for argument in sys.argv[1:3])
    found = json.loads(source.read_text(encoding="utf-8"))
    labels = {row["name"]: row["model"] for row in found["rows"]}
    colours = dict(zip(labels, plt.get_cmap("tab10").colors, strict=False))
    figure, axes = plt.subplots(figsize=(9, 5.5))
    for run, curve in found["curves"].items():
        if not curve:
            continue
        name, budget, seed = run.removeprefix("quality-").rsplit("-", 2)
        axes.plot(
            [point["cpu_seconds"] for point in curve],
            [point["ndcg@10"] for point in curve],
            marker="o" if len(curve) > 1 else "*",
            markersize=3 if len(curve) > 1 else 12,
            linestyle="-" if name.startswith("rapport") else "--",
            color=colours[name],
            label=f"{labels[name]}, {budget}" if seed == "seed0" else None,
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
