"""What a study leaves in its folder: the page, the figures as JSON, and test results for CI."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

from rec_core import atomic_file

from .page import page
from .report import StudyReport

PAGE, FIGURES, RESULTS = "report.html", "report.json", "junit.xml"


def write_report(report: StudyReport, folder: Path) -> None:
    """Write report.html, report.json and junit.xml, each whole or not at all. Raises StorageError."""
    figures = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
    _write(folder / FIGURES, f"{figures}\n")
    _write(folder / RESULTS, junit(report))
    _write(folder / PAGE, page(report))


def junit(report: StudyReport) -> str:
    """Checks as test cases: what failed fails, what only informs is skipped; sessions that failed too."""
    judged = report.checks
    suite = Xml.Element("testsuite", name=f"study {report.spec.name}", tests=str(len(judged) + 2))
    n_failed = 0
    for check in judged:
        case = Xml.SubElement(suite, "testcase", classname="trust", name=check.name)
        if check.passed is None:
            Xml.SubElement(case, "skipped", message=check.value)
        elif not check.passed:
            n_failed += 1
            message = f"{check.value}; should be {check.mark}" if check.mark else check.value
            Xml.SubElement(case, "failure", message=message)
    ends = (
        ("all sessions were held", _missing(report)),
        ("no session failed", _failed(report)),
    )
    for name, problem in ends:
        case = Xml.SubElement(suite, "testcase", classname="run", name=name)
        if problem:
            n_failed += 1
            Xml.SubElement(case, "failure", message=problem)
    suite.set("failures", str(n_failed))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(suite, encoding="unicode") + "\n"
    )


def _missing(report: StudyReport) -> str:
    if report.n_held == report.n_planned:
        return ""
    return f"{report.n_held} of {report.n_planned}; stopped by {report.stopped_by or 'a fault'}"


def _failed(report: StudyReport) -> str:
    if not report.failures:
        return ""
    return f"{len(report.failures)} failed, first: {report.failures[0][3]}"


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
