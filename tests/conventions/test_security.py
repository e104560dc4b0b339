"""Rules whose breach would be an advisory: banned calls, minimum versions, strict checkpoints."""

from __future__ import annotations

import ast
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "agents", "tools", "rec_core", "prompts")

# Distribution -> (first version without a known hole of that kind, which hole).
MINIMUM_VERSIONS = {
    "langgraph-checkpoint": ((4, 3), "CVE-2025-64439, CVE-2026-28277, CVE-2026-48775"),
    "langgraph-checkpoint-sqlite": ((3, 1), "CVE-2025-67644"),
    "langchain-core": ((1, 2, 5), "CVE-2025-68664"),
    "gradio": ((6, 7), "CVE-2026-28414, CVE-2026-28416"),
    "torch": ((2, 6), "torch.load runs code unless weights_only"),
}
BANNED_CALLS = {
    "eval", "exec", "pickle.load", "pickle.loads", "torch.load", "joblib.load", "yaml.load",
    "load_prompt", "gr.load", "chromadb.HttpClient",
}  # fmt: skip


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_calls_what_can_run_foreign_code(package: str) -> None:
    offenders = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in BANNED_CALLS:
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno} {_called(node)}")
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno} trust_remote_code")
    assert not offenders


@pytest.mark.parametrize("name", sorted(MINIMUM_VERSIONS))
def test_dependencies_are_past_their_advisories(name: str) -> None:
    minimum, advisory = MINIMUM_VERSIONS[name]
    parts = metadata.version(name).split("+")[0].split(".")
    version = tuple(int(part) for part in parts if part.isdigit())
    assert version >= minimum, f"{name} {version} is open to: {advisory}"
