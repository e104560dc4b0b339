"""A page of its own for a report: figures as bars, then every kind of failure with its conversations."""

from __future__ import annotations

import html
from collections.abc import Sequence

from .keys import KeyedTask
from .table import KS, TaskRow
from .trial import TrialResult

Failure = tuple[str, KeyedTask, TrialResult]

_MOST_SHOWN = 200  # conversations of a row; all of them are in the journal
_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #8884;vertical-align:top}
td{white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.bar{display:inline-block;height:.7em;background:#3b7dd8;margin-right:.4em;vertical-align:baseline}
details{margin:.3rem 0;border-left:3px solid #c0562f;padding:.2rem .8rem}
summary{cursor:pointer}
.said{background:#3b7dd822;border-radius:.6rem;padding:.3rem .7rem;margin:.6rem 0 .3rem 3rem;overflow-wrap:anywhere}
.told{background:#8882;border-radius:.6rem;padding:.3rem .7rem;margin:.3rem 3rem .3rem 0;overflow-wrap:anywhere}
.fault{color:#c0562f}
small{opacity:.75}
"""

_INTRODUCTION = (
    "<p>Scripted people ask for something, tell their wishes bit by bit, and take the first thing "
    "shown that is right. A conversation passes when they got it and no rule was broken on the "
    "way; code decides, no model. pass^k is the chance that k conversations about the same task all "
    "pass, with a 95 % interval over tasks. Three agents are scripted: the oracle knows the answers and must "
    "pass everything; the fool shows anything; the refuser always says that there is nothing, which "
    "is right only where there is nothing.</p>"
)


def page(rows: Sequence[TaskRow], failures: Sequence[Failure], facts: Sequence[str]) -> str:
    """The whole page; it needs no other file."""
    parts = [
        "<h1>Scripted tasks</h1>",
        _INTRODUCTION,
    ]
    for suite in dict.fromkeys(row.suite for row in rows):
        some = [row for row in rows if row.suite == suite]
        parts.append(
            f"<h2>{html.escape(suite)}</h2>"
            f"<p>{some[0].n_tasks} tasks, {some[0].trials} conversations about each.</p>"
        )
        parts += [_figures(some), _parts(some)]
    parts.append(_failures(failures))
    listed = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Scripted tasks</title><style>{_STYLE}</style>{''.join(parts)}"
        f"<h2>What this stands on</h2><ul>{listed}</ul></html>\n"
    )


def _figures(rows: Sequence[TaskRow]) -> str:
    head = "".join(f"<th>pass^{k}</th>" for k in KS)
    lines = "".join(
        f"<tr><td>{html.escape(row.row)}</td>{''.join(_cell(row, k) for k in KS)}"
        f"<td>{row.met:.2f}</td><td>{row.clean:.2f}</td><td>{row.messages:.1f}</td>"
        f"<td>{row.model_calls:.1f}</td><td>{row.tokens:,.0f}</td><td>{row.seconds:.2f}</td></tr>"
        for row in rows
    )
    return (
        f"<table><tr><th>agent</th>{head}<th>ended right</th><th>broke no rule</th><th>messages</th>"
        f"<th>model calls</th><th>tokens</th><th>seconds</th></tr>{lines}</table>"
    )


def _cell(row: TaskRow, k: int) -> str:
    value, ends = row.passes[k], row.ci[k]
    if value is None or ends is None:
        return "<td>–</td>"
    return (
        f'<td><span class="bar" style="width:{3 * value:.2f}rem"></span>{value:.3f}'
        f"<br><small>{ends[0]:.2f}–{ends[1]:.2f}</small></td>"
    )


def _parts(rows: Sequence[TaskRow]) -> str:
    names = {"kind": "Kind", "constraints": "Number of wishes", "reveal": "How wishes come out"}
    head = "".join(f"<th>{html.escape(row.row)}</th>" for row in rows)
    tables = []
    for name, values in rows[0].parts.items():
        lines = "".join(
            f"<tr><td>{html.escape(value.replace('_', ' '))} <small>{count}</small></td>"
            + "".join(f"<td>{row.parts[name][value][1]:.2f}</td>" for row in rows)
            + "</tr>"
            for value, (count, _) in values.items()
        )
        tables.append(
            f"<table><tr><th>{names[name]} <small>tasks</small></th>{head}</tr>{lines}</table>"
        )
    broken = "".join(
        f"<tr><td>{html.escape(policy)}</td>"
        + "".join(f"<td>{row.faults[policy]:.2f}</td>" for row in rows)
        + "</tr>"
        for policy in rows[0].faults
    )
    tables.append(f"<table><tr><th>Share that broke a rule</th>{head}</tr>{broken}</table>")
    return f"<details style='border-color:#3b7dd8'><summary>Where it was won and lost</summary>{''.join(tables)}</details>"


def _failures(failures: Sequence[Failure]) -> str:
    rows = tuple(dict.fromkeys(row for row, _, _ in failures))
    if not rows:
        return "<h2>Failures</h2><p>None.</p>"
    parts = ["<h2>Failures</h2>"]
    for row in rows:
        some = [(one, trial) for name, one, trial in failures if name == row]
        shown = some[:_MOST_SHOWN]
        rest = f"; the first {len(shown)} are here" if len(shown) < len(some) else ""
        parts.append(f"<h3>{html.escape(row)}: {len(some):,} conversations{rest}</h3>")
        parts += [_conversation(one, trial) for one, trial in shown]
    return "".join(parts)


def _conversation(one: KeyedTask, trial: TrialResult) -> str:
    task = one.task
    wishes = "; ".join(f"{c} ({c.reveal.replace('_', ' ')})" for c in task.constraints)
    earlier = f"Earlier: {' / '.join(task.earlier)}. " if task.earlier else ""
    known = f"Knows: {', '.join(task.history)}. " if task.history else ""
    head = (
        f"<summary><b>{html.escape(task.id)}</b> <small>{html.escape(task.kind)}, trial {trial.trial}</small> "
        f'<span class="fault">{html.escape(trial.reason)}</span></summary>'
    )
    about = (
        f"<p>{html.escape(task.persona)}</p><p><small>Wishes: {html.escape(wishes or 'none')}. "
        f"{html.escape(earlier + known)}{len(one.valid):,} items are right.</small></p>"
    )
    talk = "".join(
        f'<div class="said">{html.escape(turn.said)}</div><div class="told">{html.escape(turn.text)}'
        + (f"<br><b>{html.escape(' · '.join(turn.items))}</b>" if turn.items else "")
        + "".join(f"<br><small>{html.escape(notice)}</small>" for notice in turn.notices)
        + "</div>"
        for turn in trial.transcript
    )
    return f"<details>{head}{about}{talk}</details>"
