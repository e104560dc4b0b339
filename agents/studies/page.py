"""The report as one HTML page that needs nothing else, for readers who know nothing of the project."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from .arms import SHOWN_A_TURN
from .measures import Measure
from .plots import COLOURS, Bar, curves, intervals, scatter
from .report import Check, StudyReport, shown
from .statistics import Comparison
from .transcripts import contrasts, viewer

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--good:light-dark(#1a7f4b,#4cc38a);--bad:light-dark(#c0272d,#ff7b72);--soft:#8881}
body{font:16px/1.55 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.9rem;line-height:1.2;margin-bottom:.3rem}h2{margin-top:2.6rem;border-bottom:1px solid
var(--line);padding-bottom:.2rem}h3{margin-bottom:.2rem}p{max-width:46rem}.small{font-size:.88rem;opacity:.85}
table{border-collapse:collapse;font-size:.93rem}td,th{padding:.3rem .8rem .3rem 0;text-align:left;
border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto;display:block;margin:.4rem 0}
.box{border:1px solid var(--line);border-left:6px solid #0072b2;border-radius:6px;padding:.7rem 1.1rem;
margin:1rem 0;background:var(--soft)}.alarm{border-left-color:var(--bad);background:#c0272d22}
.alarm h2{border:0;margin:.2rem 0;color:var(--bad)}.good{color:var(--good);font-weight:600}
.bad{color:var(--bad);font-weight:600}.pair{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem}
.pair>div{border:1px solid var(--line);border-radius:6px;padding:.4rem .9rem;overflow-wrap:anywhere}
@media(max-width:46rem){.pair{grid-template-columns:1fr}}details{margin:.35rem 0}summary{cursor:pointer}
.said{margin:.5rem 0 .1rem;font-weight:600}.answer{margin:.1rem 0 .2rem 1.2rem}ul.items{margin:.2rem 0 .5rem}
.mark{background:#ffd54a66;border-radius:3px;padding:0 .25em}pre{overflow-x:auto;background:var(--soft);
padding:.7rem;border-radius:6px;font-size:.85rem}.scroll{overflow-x:auto}.scroll table{min-width:34rem}
"""


def page(report: StudyReport) -> str:
    """A whole HTML document. Every text from data, people or models is escaped."""
    title = report.spec.title or f"Study “{report.spec.name}”"
    body = "".join(
        (
            f"<h1>{_safe(title)}</h1>",
            _alarm(report),
            _short(report),
            _studied(report),
            _trust(report),
            _figures(report),
            _comparisons(report),
            _order(report),
            _costs(report),
            _failures(report),
            contrasts(report),
            viewer(report),
            _again(report),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _alarm(report: StudyReport) -> str:
    parts = []
    if not report.is_trustworthy:
        parts.append("<h2>Do not draw conclusions from this study</h2>")
        parts += [_broken(one, is_control=one is report.control) for one in report.broken]
    if report.n_held < report.n_planned:
        why = (
            f"its budget of {report.stopped_by} was spent"
            if report.stopped_by
            else "it was stopped"
        )
        parts.append(
            f"<p><b>Not finished:</b> {report.n_held:,} of {report.n_planned:,} sessions were held, then "
            f"{_safe(why)}. Figures stand on the {report.n_people:,} people who met every recommender.</p>"
        )
    return f'<div class="box alarm">{"".join(parts)}</div>' if parts else ""


def _broken(check: Check, *, is_control: bool) -> str:
    what = "The control failed" if is_control else f"{check.name}, it should be {check.mark}"
    return f"<p>{_safe(what)}: {_safe(check.value)}. {_safe(check.meaning)}</p>"


def _short(report: StudyReport) -> str:
    judged = [one for one in report.checks if one.passed is not None]
    passed = sum(bool(one.passed) for one in judged)
    failed = [one.name for one in judged if not one.passed]
    trust = f"{passed} of {len(judged)} checks of the simulated people passed."
    if failed:
        trust += f" Failed: {'; '.join(failed)}."
    return (
        f'<div class="box"><p><b>In short.</b> Can the simulated people be trusted? {_safe(trust)}</p>'
        f"<p>{_safe(report.verdict())}</p></div>"
    )


def _studied(report: StudyReport) -> str:
    spec = report.spec
    n_seeds = len(spec.seeds)
    times = {1: "once", 2: "twice"}.get(n_seeds, f"{n_seeds} times")
    facts = report.background.facts
    data = facts.get("data", "a data set")
    who = "decide by a statistical model of what real people took and how they rated it"
    if spec.people.engine == "llm":
        who = "are played by a language model"
    elif spec.session.protocol == "seek":
        who = "speak from a bank of sentences, and say what is true of the item they seek"
    if spec.session.protocol == "browse":
        done = (
            f"Each person looked at up to {spec.session.pages} pages of {spec.session.page_size} items from "
            "every recommender, chose what to watch, rated it, went on or left, and gave a mark at the end."
        )
    else:
        done = (
            f"Each person had one item in mind and talked with every recommender for up to "
            f"{spec.session.turns} turns: describing it bit by bit, never naming it. Of every answer the first "
            f"{SHOWN_A_TURN} items count. Recommenders that hear no words show their next items whatever is said."
        )
    arms = ", ".join(
        f"<b>{_safe(arm.name)}</b> ({_KINDS[arm.kind]}{_planned(arm.kind, arm.planner)})"
        for arm in spec.arms
    )
    return (
        "<h2>What was studied</h2>"
        f"<p>{len(spec.arms)} recommenders were shown to the same {spec.people.count:,} simulated people, "
        f"each {times}. {_safe(done)}</p><p>The people are drawn from {_safe(data)}: each stands for one "
        f"real user, whose earlier events the recommenders may know and whose later events are hidden from "
        f"them. They {_safe(who)}.</p><p>Recommenders: {arms}.</p>"
    )


_KINDS = {
    "random": "any items, the bad one that must lose",
    "popularity": "the same well-known items for everybody",
    "transitions": "what people took soon after",
    "ease": "what goes together, a linear model",
    "two_tower": "a network for people and one for items",
    "sasrec": "a network that reads the order of what was taken",
    "pipeline": "all of Rapport's models together",
    "search": "a search for the words said",
    "agent": "Rapport in conversation",
}


def _planned(kind: str, planner: str) -> str:
    return f", planned by {planner}" if kind == "agent" else ""


def _trust(report: StudyReport) -> str:
    rows = "".join(_check_row(one) for one in report.checks)
    return (
        "<h2>How far the simulated people can be trusted</h2>"
        "<p>Simulated people are a model. What they say about recommenders is worth as much as what is "
        "found here, so this comes before any figure.</p>"
        '<div class="scroll"><table><tr><th>what was checked</th><th>found</th><th>should be</th><th></th>'
        f"</tr>{rows}</table></div>"
    )


def _check_row(one: Check) -> str:
    words = {True: ("good", "✓ passed"), False: ("bad", "✗ failed"), None: ("", "for information")}
    kind, said = words[one.passed]
    return (
        f'<tr><td><b>{_safe(one.name)}</b><br><span class="small">{_safe(one.meaning)}</span></td>'
        f'<td>{_safe(one.value)}</td><td>{_safe(one.mark) or "–"}</td><td class="{kind}">{said}</td></tr>'
    )


def _figures(report: StudyReport) -> str:
    said = (
        "<h2>What came out</h2><p>Every dot is a mean over people, the bar its 95 % interval: with other "
        "people of the same kind the mean would very likely lie in it.</p>"
    )
    parts = [said]
    colours = _colours(report)
    for number, measure in enumerate(report.measures):
        if measure.is_more_better is None:
            continue
        bars = [
            Bar(
                label=arm,
                value=of[measure.name].mean,
                low=of[measure.name].low,
                high=of[measure.name].high,
                colour=colours[arm],
            )
            for arm, of in report.arms.items()
        ]
        title = measure.label + (" — this one decides" if number == 0 else "")
        better = "" if measure.is_more_better else " Less is better."
        parts.append(
            f"<h3>{_safe(title)}</h3><p>{_safe(measure.meaning)}{better}</p>"
            f"{intervals(bars, title=measure.label, is_share=measure.is_share)}"
        )
        if measure.name == "first_turn" and report.found_by_turn:
            drawn = curves(report.found_by_turn, title="Found by turn", x_label="turn")
            parts.append(
                f"<h3>Found by turn</h3><p>Share of talks that had found it by then.</p>{drawn}"
            )
    return "".join(parts)


def _colours(report: StudyReport) -> dict[str, str]:
    names = [arm.name for arm in report.spec.arms]
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}


def _comparisons(report: StudyReport) -> str:
    measure = report.measures[0]
    pairs = report.comparisons.get(measure.name, ())
    if not pairs:
        return ""
    order = list(report.arms)
    drawn = [_pair_bar(one, order) for one in pairs]
    drawn.sort(key=lambda bar: -bar.value)
    clear = sum(one.is_clear for one in pairs)
    rest = "".join(
        f"<h3>{_safe(other.label)}</h3>{_pair_table(report.comparisons[other.name], other, order)}"
        for other in report.measures
        if other.name in report.comparisons
    )
    return (
        "<h2>Each against each</h2>"
        f"<p>The same people met both recommenders, so their difference is known better than either figure. "
        f"Of {len(pairs)} pairs, {clear} differ clearly by “{_safe(measure.label.lower())}”; bars that touch "
        "the line at 0 may be chance. Many comparisons find some difference by luck alone, so the test is "
        "corrected for their number (Holm).</p>"
        f"{intervals(drawn, title='Differences', is_share=measure.is_share, zero_line=True)}"
        f"<details><summary>All comparisons by all measures, as tables</summary>{rest}</details>"
    )


def _pair_bar(one: Comparison, order: Sequence[str]) -> Bar:
    first, second, sign = _leader(one, order)
    ends = sorted((sign * one.difference.low, sign * one.difference.high))
    return Bar(
        label=f"{first} − {second}",
        value=sign * one.difference.mean,
        low=ends[0],
        high=ends[1],
        colour=COLOURS[0] if one.is_clear else COLOURS[-1],
    )


def _leader(one: Comparison, order: Sequence[str]) -> tuple[str, str, int]:
    if order.index(one.first) <= order.index(one.second):
        return one.first, one.second, 1
    return one.second, one.first, -1


def _pair_table(pairs: Sequence[Comparison], measure: Measure, order: Sequence[str]) -> str:
    lines = []
    for one in pairs:
        first, second, sign = _leader(one, order)
        low, high = sorted((sign * one.difference.low, sign * one.difference.high))
        lines.append(
            f"<tr><td>{_safe(first)} − {_safe(second)}</td>"
            f'<td class="n">{shown(sign * one.difference.mean, measure)}</td>'
            f'<td class="n">{shown(low, measure)} to {shown(high, measure)}</td>'
            f'<td class="n">{_p(one.p)}</td><td class="n">{_p(one.p_holm)}</td>'
            f"<td>{'clear' if one.is_clear else 'may be chance'}</td></tr>"
        )
    return (
        '<div class="scroll"><table><tr><th>pair</th><th class="n">difference</th><th class="n">95 % interval'
        '</th><th class="n">p</th><th class="n">p, corrected</th><th></th></tr>'
        f"{''.join(lines)}</table></div>"
    )


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "&lt; 0.0001"


def _order(report: StudyReport) -> str:
    if len(report.offline) < 2:
        return ""
    measure = report.measures[0]
    points = {
        arm: (value, report.arms[arm][measure.name].mean)
        for arm, value in report.offline.items()
        if arm in report.arms and not math.isnan(report.arms[arm][measure.name].mean)
    }
    if len(points) < 2:
        return ""
    said = ""
    if report.agreement is not None:
        one = report.agreement
        said = f" Their orders agree to {one.mean:.2f} (Spearman; {one.low:.2f} to {one.high:.2f} over people)."
    others = [
        f"{other.label.lower()} {report.agreements[other.name].mean:.2f}"
        for other in report.measures[1:]
        if other.name in report.agreements
    ]
    if others:
        said += (
            f" By other measures: {'; '.join(others)}. Where that is low, the measure follows something else "
            "than what people took and liked in reality, and should decide nothing."
        )
    drawn = scatter(
        points,
        title="People against ranking without people",
        x_label="ranking of real later likes without people (NDCG@10)",
        y_label=f"{measure.label}, simulated people",
        y_is_share=measure.is_share,
    )
    return (
        "<h2>Do people and ranking tests agree?</h2><p>To the right: better at ranking what the real users "
        f"liked later, with no simulation. Upwards: better for the simulated people.{_safe(said)}</p>{drawn}"
    )


def _costs(report: StudyReport) -> str:
    rows = "".join(
        f'<tr><td>{_safe(arm)}</td><td class="n">{1000 * one.seconds:,.1f}</td>'
        f'<td class="n">{one.model_calls:.2f}</td><td class="n">{one.tokens:,.0f}</td>'
        f'<td class="n">{one.person_calls:.2f}</td><td class="n">{one.person_tokens:,.0f}</td>'
        f"<td>{_safe(_endings(report, arm))}</td></tr>"
        for arm, one in report.costs.items()
    )
    return (
        "<h2>What it cost, and how sessions ended</h2><p>Means a session; the time has both sides in it, "
        "the recommender and the simulated person.</p>"
        '<div class="scroll"><table><tr><th>recommender</th><th class="n">milliseconds</th>'
        '<th class="n">model calls</th><th class="n">tokens</th><th class="n">the person’s calls</th>'
        '<th class="n">the person’s tokens</th><th>endings</th></tr>'
        f"{rows}</table></div>"
    )


def _endings(report: StudyReport, arm: str) -> str:
    of = report.endings.get(arm, {})
    total = sum(of.values()) or 1
    return ", ".join(
        f"{_ENDINGS.get(name, name)} {100 * n / total:.0f} %" for name, n in of.items()
    )


_ENDINGS = {
    "accepted": "found it",
    "left": "left by choice",
    "out_of_turns": "ran out of turns",
    "out_of_pages": "saw every page",
    "failed": "failed",
}


def _failures(report: StudyReport) -> str:
    if not report.failures:
        return "<h2>Failures</h2><p>No session failed.</p>"
    rows = "".join(
        f"<tr><td>{_safe(arm)}</td><td>{_safe(person)}</td><td>{seed}</td><td>{_safe(what)}</td></tr>"
        for arm, person, seed, what in report.failures[:50]
    )
    more = f" The first 50 of {len(report.failures):,}." if len(report.failures) > 50 else ""
    return (
        f"<h2>Failures</h2><p>{len(report.failures):,} of {report.n_held:,} sessions had a fault. They count "
        f"with what was shown in them, if anything was.{more}</p>"
        '<div class="scroll"><table><tr><th>recommender</th><th>person</th><th>seed</th><th>what happened'
        f"</th></tr>{rows}</table></div>"
    )


def _again(report: StudyReport) -> str:
    facts = {
        **report.background.facts,
        "study fingerprint": report.spec.fingerprint,
        "seeds": ", ".join(map(str, report.spec.seeds)),
        "sessions": f"{report.n_held:,} of {report.n_planned:,}",
    }
    rows = "".join(f"<tr><td>{_safe(k)}</td><td>{_safe(v)}</td></tr>" for k, v in facts.items())
    return (
        "<h2>How to run it again</h2><p>The same file, data and version give the same figures, however many "
        "processes are used and however often the run is broken off. All sessions lie beside this page in "
        "sessions.jsonl, all figures in report.json.</p>"
        f"<pre>{_safe(report.background.command)}</pre><div class=scroll><table>{rows}</table></div>"
        f"<details><summary>The study’s file</summary><pre>{_safe(report.background.spec_text)}</pre></details>"
    )
