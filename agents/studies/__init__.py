"""Studies: recommenders × simulated people × seeds, and a report whose verdict can be trusted."""

from .arms import AgentArm, RandomArm, RankingArm, ScorerArm, SearchArm, rows_of
from .files import FIGURES, PAGE, RESULTS, junit, write_report
from .findings import build_report
from .page import page
from .report import Background, Check, StudyReport, shown
from .running import (
    Outcome,
    SessionSource,
    StudyPlan,
    StudyStopped,
    hold_sessions,
    offline_figures,
)
from .sessions import JOURNAL, Session, SessionKey, session_seed
from .spec import ArmSpec, PeopleSpec, StudySpec, read_spec
from .statistics import Comparison, Estimate, holm, spearman

__all__ = [
    "FIGURES",
    "JOURNAL",
    "PAGE",
    "RESULTS",
    "AgentArm",
    "ArmSpec",
    "Background",
    "Check",
    "Comparison",
    "Estimate",
    "Outcome",
    "PeopleSpec",
    "RandomArm",
    "RankingArm",
    "ScorerArm",
    "SearchArm",
    "Session",
    "SessionKey",
    "SessionSource",
    "StudyPlan",
    "StudyReport",
    "StudySpec",
    "StudyStopped",
    "build_report",
    "hold_sessions",
    "holm",
    "junit",
    "offline_figures",
    "page",
    "read_spec",
    "rows_of",
    "session_seed",
    "shown",
    "spearman",
    "write_report",
]
