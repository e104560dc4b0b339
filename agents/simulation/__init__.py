"""Simulated people: personas from real pasts, who browse pages and look for what they have in mind.

The front is lazy (PEP 562): statistical people load no client of a language model.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .fidelity import (
        ITEMS_PER_PERSON as ITEMS_PER_PERSON,
        RATIOS as RATIOS,
        Measured as Measured,
        Negatives as Negatives,
        RatingError as RatingError,
        SeenUnseen as SeenUnseen,
        Spread as Spread,
        control_is_worst as control_is_worst,
        leak_rate as leak_rate,
        order_agreement as order_agreement,
        rating_error as rating_error,
        rating_shares as rating_shares,
        reply_lengths as reply_lengths,
        seen_unseen as seen_unseen,
        stability as stability,
        trait_stability as trait_stability,
    )
    from .language import (
        LanguagePeople as LanguagePeople,
    )
    from .language_seeking import (
        LanguageSeekers as LanguageSeekers,
    )
    from .leaks import (
        LeakGuard as LeakGuard,
        leaks_heard as leaks_heard,
    )
    from .people import (
        PeopleEngine as PeopleEngine,
        Person as Person,
        PersonFailed as PersonFailed,
    )
    from .personas import (
        LIKED_FROM as LIKED_FROM,
        HiddenSplit as HiddenSplit,
        draw_personas as draw_personas,
        hide_late_events as hide_late_events,
        is_exact as is_exact,
    )
    from .questions import (
        QUESTIONS as QUESTIONS,
        Answered as Answered,
        ask as ask,
        draw_questions as draw_questions,
        judge_answers as judge_answers,
    )
    from .seeking import (
        Manner as Manner,
        Seeker as Seeker,
        SeekerEngine as SeekerEngine,
        TemplateSeekers as TemplateSeekers,
        draw_target as draw_target,
    )
    from .sessions import (
        browse as browse,
        seek as seek,
    )
    from .statistical import (
        StatisticalPeople as StatisticalPeople,
    )
    from .types import (
        Arm as Arm,
        ArmReply as ArmReply,
        ArmSession as ArmSession,
        Ending as Ending,
        Exchange as Exchange,
        Leaving as Leaving,
        PageVisit as PageVisit,
        Persona as Persona,
        Reaction as Reaction,
        SessionRecord as SessionRecord,
        Traits as Traits,
    )

_HOMES: dict[str, tuple[str, ...]] = {
    "fidelity": (
        "ITEMS_PER_PERSON",
        "RATIOS",
        "Measured",
        "Negatives",
        "RatingError",
        "SeenUnseen",
        "Spread",
        "control_is_worst",
        "leak_rate",
        "order_agreement",
        "rating_error",
        "rating_shares",
        "reply_lengths",
        "seen_unseen",
        "stability",
        "trait_stability",
    ),
    "language": ("LanguagePeople",),
    "language_seeking": ("LanguageSeekers",),
    "leaks": (
        "LeakGuard",
        "leaks_heard",
    ),
    "people": (
        "PeopleEngine",
        "Person",
        "PersonFailed",
    ),
    "personas": (
        "LIKED_FROM",
        "HiddenSplit",
        "draw_personas",
        "hide_late_events",
        "is_exact",
    ),
    "questions": (
        "QUESTIONS",
        "Answered",
        "ask",
        "draw_questions",
        "judge_answers",
    ),
    "seeking": (
        "Manner",
        "Seeker",
        "SeekerEngine",
        "TemplateSeekers",
        "draw_target",
    ),
    "sessions": (
        "browse",
        "seek",
    ),
    "statistical": ("StatisticalPeople",),
    "types": (
        "Arm",
        "ArmReply",
        "ArmSession",
        "Ending",
        "Exchange",
        "Leaving",
        "PageVisit",
        "Persona",
        "Reaction",
        "SessionRecord",
        "Traits",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
