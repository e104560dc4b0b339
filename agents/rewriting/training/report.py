"""The page of a training: one HTML file that needs nothing else, with curves, gains and examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from .pipeline import RunReport

_CURVES = (
    ("gain", "NDCG@1000 that the drawn titles add to the rule's query"),
    ("reward", "Reward"),
    ("rewards/ndcg/mean", "NDCG@1000 of the drawn queries"),
    ("rewards/format/mean", "Format"),
    ("rewards/length/mean", "Length"),
    ("rewards/copy/mean", "Copying"),
    ("entropy", "Entropy"),
    ("completions/mean_length", "Tokens of a completion"),
)
_WIDTH, _HEIGHT, _PAD = 420, 130, 6
_SMOOTH = 9
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:left}
figure{display:inline-block;margin:.5rem 1rem .5rem 0}figcaption{font-size:13px;color:#555}
svg{background:#fafafa;border:1px solid #ddd}.raw{stroke:#b9c7dd;fill:none}.mean{stroke:#1c5bb8;fill:none;stroke-width:2}
dl{margin:1rem 0;border-left:3px solid #ddd;padding-left:1rem}dt{font-weight:600}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#ddd}svg{background:#1e2127;border-color:#444}td,th{border-color:#444}}
"""


def training_page(report: RunReport, *, title: str) -> str:
    """The page. Everything that people or models wrote is escaped.

    Args:
        report: Of the training.
        title: Heading.
    """
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(report.audit)}</p>",
        "<h2>Tasks that no training saw</h2>",
        _table([asdict(row) for row in report.rows]) if report.rows else "<p>None measured.</p>",
        "<h2>Curves</h2>",
        _curves(report.history) or "<p>No GRPO was run.</p>",
        "<h2>Time and memory</h2>",
        _table([report.shares]) if report.shares else "<p>No GRPO was run.</p>",
        "<h2>Everyday instructions still followed</h2>",
        _table([report.instructions]) if report.instructions else "<p>Not checked.</p>",
        "<h2>Examples</h2>",
        *(_example(one) for one in report.examples),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(parts)}</html>\n"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _curves(history: Sequence[Mapping[str, Any]]) -> str:
    found = []
    for key, name in _CURVES:
        points = [(row["step"], float(row[key])) for row in history if key in row]
        if len(points) > 1:
            found.append(_curve(name, points))
    return "".join(found)


def _curve(name: str, points: Sequence[tuple[int, float]]) -> str:
    values = [value for _, value in points]
    window = [values[max(0, place - _SMOOTH + 1) : place + 1] for place in range(len(values))]
    means = [sum(some) / len(some) for some in window]
    low, high = min(values), max(values)
    caption = f"{name}: {means[0]:.3f} at first, {means[-1]:.3f} at last ({low:.3f} to {high:.3f})"
    lines = "".join(
        f'<polyline class={kind} points="{_line(points, some, low, high)}"/>'
        for kind, some in (("raw", values), ("mean", means))
    )
    return (
        f'<figure><svg width={_WIDTH} height={_HEIGHT} role=img aria-label="{escape(name)}">'
        f"{lines}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _line(
    points: Sequence[tuple[int, float]], values: Sequence[float], low: float, high: float
) -> str:
    first, last = points[0][0], points[-1][0]
    wide, tall = _WIDTH - 2 * _PAD, _HEIGHT - 2 * _PAD
    span = (high - low) or 1.0
    return " ".join(
        f"{_PAD + wide * (step - first) / max(1, last - first):.1f},"
        f"{_PAD + tall * (1 - (value - low) / span):.1f}"
        for (step, _), value in zip(points, values, strict=True)
    )


def _example(example: Mapping[str, str]) -> str:
    lines = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text) or '–'}</dd>" for name, text in example.items()
    )
    return f"<dl>{lines}</dl>"
