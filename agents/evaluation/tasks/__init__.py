"""Scripted tasks: people with wishes that code can check, the agents that serve them, and pass^k."""

from .constraint import REVEALS, Constraint
from .facts import FactTable
from .generating import KINDS, generate_suite
from .journal import TrialKey, open_journal
from .keys import KeyedTask, check_keys, key_of, keyed, with_keys
from .listening import Answer, asks_about, owns_up
from .page import page
from .person import ScriptedPerson
from .policing import Fault, faults_of
from .rapport import RapportContestant
from .report import SuiteFile, TasksReport, transcript_lines, with_interval, write_text
from .running import Trials, World, run_all
from .scripted import Fool, Oracle, Refuser
from .suites import find_suite, read_suite, shipped_suites, write_suite
from .table import ALL, KS, TaskRow, build_table, pass_k
from .task import FORMAT_VERSION, POLICIES, Forbidden, Key, Policies, Step, Suite, Task
from .tau_rec import is_tau_rec, read_tau_catalog, read_tau_suite
from .trial import Contestant, Exchange, Session, TrialFault, TrialResult, run_trial

__all__ = [
    "ALL",
    "FORMAT_VERSION",
    "KINDS",
    "KS",
    "POLICIES",
    "REVEALS",
    "Answer",
    "Constraint",
    "Contestant",
    "Exchange",
    "FactTable",
    "Fault",
    "Fool",
    "Forbidden",
    "Key",
    "KeyedTask",
    "Oracle",
    "Policies",
    "RapportContestant",
    "Refuser",
    "ScriptedPerson",
    "Session",
    "Step",
    "Suite",
    "SuiteFile",
    "Task",
    "TaskRow",
    "TasksReport",
    "TrialFault",
    "TrialKey",
    "TrialResult",
    "Trials",
    "World",
    "asks_about",
    "build_table",
    "check_keys",
    "faults_of",
    "find_suite",
    "generate_suite",
    "is_tau_rec",
    "key_of",
    "keyed",
    "open_journal",
    "owns_up",
    "page",
    "pass_k",
    "read_suite",
    "read_tau_catalog",
    "read_tau_suite",
    "run_all",
    "run_trial",
    "shipped_suites",
    "transcript_lines",
    "with_interval",
    "with_keys",
    "write_suite",
    "write_text",
]
