"""A page of its own for a report: recall against the length of the list, drawn as SVG, no script."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from .table import CUTS, POOLED, Table, TableRow

_WIDTH, _HEIGHT = 640, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 16, 40
# Told apart by people who do not see all colours (after Okabe and Ito).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right;"
    "border-bottom:1px solid #8884}td:first-child,th:first-child{text-align:left}svg{max-width:100%}"
)


def page(table: Table, facts: Sequence[str]) -> str:
    """A whole HTML document: for each source a plot and the figures behind it."""
    parts = ["<h1>Conversational recommendation</h1>"]
    for source in table.shown_sources:
        some = [row for row in table.rows if row.source == source]
        title = "All sources" if source == POOLED else source
        count = f"{some[0].n_examples:,} examples, {some[0].n_dialogues:,} dialogues"
        parts.append(f"<h2>{html.escape(title)}</h2><p>{count}</p>{recall_plot(some)}")
        parts.append(_figures(some))
    listed = "".join(f"<li>{html.escape(fact.lstrip('* '))}</li>" for fact in facts)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Conversational recommendation</title><style>{_STYLE}</style>"
        f"{''.join(parts)}<ul>{listed}</ul></html>\n"
    )


def recall_plot(rows: Sequence[TableRow]) -> str:
    """SVG of recall at every cut, k on a logarithmic axis, with 95 % intervals as bars."""
    top = max((row.ci[f"r@{CUTS[-1]}"][1] for row in rows), default=0.0) or 1.0
    step = _step(top)
    top = math.ceil(top / step) * step
    lines = [_grid(share * step, top) for share in range(round(top / step) + 1)]
    lines += [
        f'<text x="{_x(k):.0f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{k}</text>'
        for k in CUTS
    ]
    for number, row in enumerate(rows):
        lines.append(_curve(row, _COLOURS[number % len(_COLOURS)], number, top))
    middle = (_LEFT + _WIDTH - _RIGHT) // 2
    lines.append(f'<text x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">k</text>')
    label = "Recall at k of every row"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" aria-label="{label}" '
        f'font-size="12" fill="currentColor">{"".join(lines)}</svg>'
    )


def _step(top: float) -> float:
    return next((step for step in (0.01, 0.02, 0.05, 0.1) if top / step <= 6), 0.2)


def _x(k: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log(k) / math.log(CUTS[-1])


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _grid(value: float, top: float) -> str:
    y = _y(value, top)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>'
    )


def _curve(row: TableRow, colour: str, number: int, top: float) -> str:
    points = [(_x(k), _y(row.values[f"r@{k}"], top)) for k in CUTS]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    bars = "".join(
        f'<line x1="{_x(k):.1f}" x2="{_x(k):.1f}" y1="{_y(row.ci[f"r@{k}"][0], top):.1f}" '
        f'y2="{_y(row.ci[f"r@{k}"][1], top):.1f}" stroke="{colour}"/>'
        for k in CUTS
    )
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    key_y = _TOP + 10 + 18 * number
    key = (
        f'<circle cx="{_WIDTH - _RIGHT + 18}" cy="{key_y - 4}" r="4" fill="{colour}"/>'
        f'<text x="{_WIDTH - _RIGHT + 28}" y="{key_y}">{html.escape(row.row)}</text>'
    )
    return f'<polyline points="{path}" fill="none" stroke="{colour}"/>{bars}{dots}{key}'


def _figures(rows: Sequence[TableRow]) -> str:
    head = "".join(f"<th>r@{k}</th>" for k in CUTS)
    body = "".join(
        f"<tr><td>{html.escape(row.row)}</td>"
        + "".join(f"<td>{row.values[f'r@{k}']:.4f}</td>" for k in CUTS)
        + f"<td>{row.values['ndcg@10']:.4f}</td><td>{row.seconds_p95:.3f}</td></tr>"
        for row in rows
    )
    return f"<table><tr><th>row</th>{head}<th>ndcg@10</th><th>seconds p95</th></tr>{body}</table>"
