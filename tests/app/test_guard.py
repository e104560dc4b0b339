from pathlib import Path

from app.guard import PACKAGES, check_packages, package_problems

ROOT = Path("/somewhere/rapport")
OURS = {name: ROOT / name / "__init__.py" for name in PACKAGES}


def test_this_environment_runs_our_own_code() -> None:
    check_packages()


def test_another_distribution_with_one_of_our_names_is_named() -> None:
    (problem,) = package_problems({"agents": ["openai-agents", "rapport"]}, OURS, ROOT)
    assert "'openai-agents'" in problem
    assert "'agents'" in problem


def test_a_package_from_elsewhere_is_found_out() -> None:
    elsewhere = Path("/usr/lib/tools/__init__.py")
    (problem,) = package_problems({}, {**OURS, "tools": elsewhere}, ROOT)
    assert str(elsewhere) in problem


def test_a_missing_package_is_named() -> None:
    (problem,) = package_problems({}, {**OURS, "prompts": None}, ROOT)
    assert "'prompts'" in problem


def test_our_own_distribution_is_no_problem() -> None:
    assert package_problems({"agents": ["rapport"]}, OURS, ROOT) == ()
