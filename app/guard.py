"""Is it really our code that runs? Five generic import names could also belong to somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path

from rec_core import RapportError

PACKAGES = ("agents", "app", "prompts", "rec_core", "tools")
DISTRIBUTION = "rapport"


def check_packages() -> None:
    """Raise when another distribution claims one of our names, or when a package lies elsewhere."""
    problems = package_problems(_claims(), _locations(), Path(__file__).resolve().parent.parent)
    if problems:
        raise RapportError(
            problems[0],
            "Install Rapport into an environment of its own (a fresh virtual environment, or pipx).",
        )


def package_problems(
    claims: Mapping[str, Sequence[str]], locations: Mapping[str, Path | None], root: Path
) -> tuple[str, ...]:
    """What is wrong, one sentence each.

    Args:
        claims: Import name to the distributions that install it.
        locations: Import name to the file its import would load, None when there is none.
        root: The folder that all five packages must lie in.
    """
    problems = []
    for name in PACKAGES:
        others = sorted(set(claims.get(name, ())) - {DISTRIBUTION})
        if others:
            problems.append(
                f"The installed package {others[0]!r} also brings an import named {name!r}, "
                "which Rapport uses for its own code."
            )
            continue
        location = locations.get(name)
        if location is None:
            problems.append(f"Rapport's own package {name!r} cannot be found.")
        elif not location.is_relative_to(root):
            problems.append(f"The package {name!r} comes from {location}, not from {root}.")
    return tuple(problems)


def _claims() -> dict[str, list[str]]:
    """Which distributions install our names, without parsing every package's metadata.

    `metadata.packages_distributions` reads all file lists, four times slower; a distribution that puts a
    top-level package down names it in `top_level.txt` or in its RECORD, so look there only for ours.
    """
    claims: dict[str, list[str]] = {}
    for found in metadata.distributions():
        for name in _top_levels(found):
            if name in PACKAGES:
                claims.setdefault(name, []).append(str(found.metadata["Name"]))
    return claims


def _top_levels(found: metadata.Distribution) -> set[str]:
    declared = found.read_text("top_level.txt")
    if declared:
        return set(declared.split())
    record = found.read_text("RECORD") or ""
    return {name for name in PACKAGES if f"\n{name}/" in f"\n{record}"}


def _locations() -> dict[str, Path | None]:
    found: dict[str, Path | None] = {}
    for name in PACKAGES:
        spec = util.find_spec(name)
        origin = spec.origin if spec is not None else None
        found[name] = Path(origin).resolve() if origin else None
    return found
