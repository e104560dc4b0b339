from pathlib import Path

import pytest

from app.settings import known_variables, load_settings, override, unknown_variables
from rec_core import SettingsError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_serve_on_loopback_without_a_model() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 7860, "ml-100k")
    assert settings.is_local_only
    assert not settings.llm.is_configured


def test_a_checkout_keeps_its_home_beside_the_code() -> None:
    root = Path(__file__).parents[2]
    assert load_settings().home == root / ".rapport"


def test_command_line_wins_over_environment_wins_over_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RAPPORT_PORT=7001\nRAPPORT_DATA=movies\n", encoding="utf-8")
    assert load_settings().port == 7001
    monkeypatch.setenv("RAPPORT_PORT", "7002")
    assert load_settings().port == 7002
    assert load_settings(port=7003).port == 7003
    assert load_settings(port=None).port == 7002
    assert load_settings().data == "movies"


def test_override_reaches_later_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAPPORT_HOME", "elsewhere")
    override({"home": tmp_path / "home", "data": None})
    assert load_settings().home == tmp_path / "home"
    assert load_settings().data == "ml-100k"


def test_nested_variables_reach_the_model_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_LLM__BASE_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("RAPPORT_LLM__MODEL", "small")
    monkeypatch.setenv("RAPPORT_LLM__API_KEY", "hunter2")
    llm = load_settings().llm
    assert llm.is_configured
    assert llm.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAPPORT_PORT", "abc"),
        ("RAPPORT_PORT", "0"),
        ("RAPPORT_DATA", "../secrets"),
        ("RAPPORT_LLM__TIMEOUT", "-1"),
        ("RAPPORT_LIMITS__MODEL_CALLS", "9"),
        ("RAPPORT_LLM__PLANNER", "magic"),
        ("RAPPORT_LLM__CACHE", "always"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in caught.value.problem
    assert repr(value) in caught.value.problem
    assert "\n" not in str(caught.value)


def test_an_unknown_variable_is_reported_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAPPORT_PROT", "1")
    (tmp_path / ".env").write_text("RAPPORT_LLM__MODLE=x\nPATH=y\n", encoding="utf-8")
    first, second = unknown_variables()
    assert "RAPPORT_LLM__MODLE" in first
    assert "did you mean RAPPORT_LLM__MODEL?" in first
    assert "did you mean RAPPORT_PORT?" in second


def test_logins_are_pairs_and_anything_else_is_refused() -> None:
    assert load_settings(auth="ada:one,bob:two:three").logins == (
        ("ada", "one"),
        ("bob", "two:three"),
    )
    with pytest.raises(SettingsError, match="RAPPORT_AUTH"):
        _ = load_settings(auth="ada").logins


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("box", False)],
)
def test_only_loopback_counts_as_local(host: str, expected: bool) -> None:
    assert load_settings(host=host).is_local_only is expected
