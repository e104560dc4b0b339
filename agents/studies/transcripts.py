"""Sessions for people to read: the most different ones side by side, and a choice of all."""

from __future__ import annotations

import html

from ..simulation.types import Exchange, PageVisit, Persona, Reaction
from .measures import session_figures, worth
from .report import StudyReport, shown
from .sessions import Session

_CONTRASTS = 4
_EACH = 12
_LONGEST = 1200
_HISTORY = 8


def contrasts(report: StudyReport) -> str:
    """For the people whose sessions differ most: their best and their worst, beside each other."""
    pairs = most_different(report, count=_CONTRASTS)
    if not pairs:
        return ""
    blocks = []
    for better, worse in pairs:
        persona = report.people[better.key.persona_id]
        sides = "".join(
            f"<div><h3>{_safe(one.key.arm)}</h3>"
            f'<p class="small">{_safe(_outcome(report, one))}</p>'
            f"{transcript(report, one)}</div>"
            for one in (better, worse)
        )
        blocks.append(
            f"<details{' open' if not blocks else ''}><summary>{_safe(_who(persona))}</summary>"
            f'{_past(report, persona)}<div class="pair">{sides}</div></details>'
        )
    return (
        "<h2>The most different sessions, side by side</h2><p>The same person with two recommenders, where "
        "the outcome differed most. Highlighted items are what the real user is known to have liked later "
        f"(or the one that was sought).</p>{''.join(blocks)}"
    )


def viewer(report: StudyReport) -> str:
    """Some sessions of every arm, evenly over people, each to be opened."""
    parts = []
    for arm in report.arms:
        own = [one for one in report.sessions if one.key.arm == arm]
        step = max(1, len(own) // _EACH)
        some = own[::step][:_EACH]
        opened = "".join(
            f"<details><summary>{_safe(_headline(report, one))}</summary>"
            f"{_past(report, report.people[one.key.persona_id])}{transcript(report, one)}</details>"
            for one in some
        )
        parts.append(f"<details><summary><b>{_safe(arm)}</b></summary>{opened}</details>")
    return (
        "<h2>Read sessions</h2><p>A choice of each recommender’s sessions, spread over the people; open one "
        f"to read it.</p>{''.join(parts)}"
    )


def most_different(report: StudyReport, *, count: int) -> list[tuple[Session, Session]]:
    """(best, worst) sessions of the people with the largest difference, largest first; ties by person."""
    of_person: dict[str, list[Session]] = {}
    first_seed = report.spec.seeds[0]
    for one in report.sessions:
        if one.key.seed == first_seed:
            of_person.setdefault(one.key.persona_id, []).append(one)
    found: list[tuple[float, Session, Session]] = []
    for sessions in of_person.values():
        ordered = sorted(sessions, key=lambda one: worth(_figures(report, one)))
        gap = worth(_figures(report, ordered[-1])) - worth(_figures(report, ordered[0]))
        if gap > 0:
            found.append((gap, ordered[-1], ordered[0]))
    found.sort(key=lambda one: (-one[0], one[1].key.persona_id))
    return [(better, worse) for _, better, worse in found[:count]]


def transcript(report: StudyReport, session: Session) -> str:
    """One session as HTML; every text escaped."""
    record = session.record
    wanted = {*report.people[session.key.persona_id].hidden_likes}
    if record.target_id is not None:
        wanted = {record.target_id}
    parts = [_visit(report, one, wanted) for one in record.visits]
    parts += [_exchange(report, one, wanted) for one in record.exchanges]
    parts.append(f'<p class="small">{_safe(_ended(report, session))}</p>')
    return "".join(parts)


def _visit(report: StudyReport, visit: PageVisit, wanted: set[str]) -> str:
    by_item = {one.item_id: one for one in visit.reactions}
    items = "".join(
        f"<li>{_item(report, item_id, wanted)} — {_reaction(by_item.get(item_id))}</li>"
        for item_id in visit.shown
    )
    leaves = ", then leaves" if visit.leaving == "leave" else ""
    return f'<p class="said">Page {visit.page}{leaves}</p><ul class="items">{items}</ul>'


def _reaction(one: Reaction | None) -> str:
    if one is None or not one.watched:
        return "passed over"
    rated = f", {one.rating} of 5" if one.rating is not None else ""
    return f"watched{rated}{', liked' if one.liked else ''}"


def _exchange(report: StudyReport, one: Exchange, wanted: set[str]) -> str:
    items = "".join(f"<li>{_item(report, item_id, wanted)}</li>" for item_id in one.reply.item_ids)
    listed = f'<ul class="items">{items}</ul>' if items else ""
    return (
        f'<p class="said">“{_safe(one.said[:_LONGEST])}”</p>'
        f'<p class="answer">{_safe(one.reply.text[:_LONGEST])}</p>{listed}'
    )


def _item(report: StudyReport, item_id: str, wanted: set[str]) -> str:
    label = _safe(report.background.labels.get(item_id, item_id))
    return f'<span class="mark">{label}</span>' if item_id in wanted else label


def _past(report: StudyReport, persona: Persona) -> str:
    labels = report.background.labels
    recent = [labels.get(item_id, item_id) for item_id in persona.history[-_HISTORY:]]
    return (
        f'<p class="small">Before this, the person took {len(persona.history):,} items, lately: '
        f"{_safe('; '.join(recent))}.</p>"
    )


def _who(persona: Persona) -> str:
    traits = persona.traits
    words = [
        name
        for name, value in (
            ("takes a lot", traits.activity),
            ("judges like everybody", traits.conformity),
            ("broad taste", traits.diversity),
            ("likes the little known", traits.novelty),
        )
        if value >= 2 / 3
    ]
    return f"Person {persona.persona_id}" + (f" ({', '.join(words)})" if words else "")


def _headline(report: StudyReport, session: Session) -> str:
    seed = f", seed {session.key.seed}" if len(report.spec.seeds) > 1 else ""
    return f"{session.key.persona_id}{seed} — {_outcome(report, session)}"


def _outcome(report: StudyReport, session: Session) -> str:
    """How it went, in a few words."""
    turn = session.record.hit_turn
    if report.spec.session.protocol == "seek":
        return f"found in turn {turn}" if turn is not None else "not found"
    measure = report.measures[0]
    return f"{measure.label.lower()}: {shown(_value(report, session), measure)}"


def _ended(report: StudyReport, session: Session) -> str:
    record = session.record
    if record.failure:
        return f"The session failed: {record.failure}"
    said = []
    if record.target_id is not None:
        label = report.background.labels.get(record.target_id, record.target_id)
        turn = f"found in turn {record.hit_turn}" if record.hit_turn else "not found"
        said.append(f"Sought: {label}, {turn}.")
    if record.satisfaction is not None:
        said.append(f"Mark at the end: {record.satisfaction:g} of 10.")
    return " ".join(said)


def _figures(report: StudyReport, session: Session) -> dict[str, float]:
    return session_figures(
        session.record,
        report.people[session.key.persona_id],
        protocol=report.spec.session.protocol,
        most_turns=report.spec.session.turns,
    )


def _value(report: StudyReport, session: Session) -> float:
    return _figures(report, session)[report.measures[0].name]


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
