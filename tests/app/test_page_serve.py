"""The web side of the page: who may connect, what is answered, what is refused before any work."""

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.page.serve import check_exposure, claim_port, web_app
from app.page.service import PageService
from app.settings import Settings
from rec_core import SettingsError
from tests.app.scripted_agent import ScriptedAgent

# Gradio makes event loops that it never closes; they are collected here, while that is no error.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True, scope="module")
def _collect() -> Iterator[None]:
    yield
    gc.collect()


def settings(home: Path, **changes: object) -> Settings:
    return Settings(home=home, **changes)  # type: ignore[arg-type]


def client(home: Path, **changes: object) -> TestClient:
    service = PageService(ScriptedAgent(home))  # type: ignore[arg-type]
    app = web_app(settings(home, **changes), service, footer="9 titles")
    return TestClient(app, base_url="http://127.0.0.1:7860")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    return client(tmp_path_factory.mktemp("page"))


def test_a_taken_port_is_one_clear_message(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            claim_port(settings(tmp_path, port=port))
    assert f"Port {port} is already in use" in caught.value.problem
    assert "--port" in caught.value.remedy


def test_a_host_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no-such-host\.invalid"):
        claim_port(settings(tmp_path, host="no-such-host.invalid"))


def test_a_free_port_is_held(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with claim_port(settings(tmp_path, port=port)) as claimed:
        assert claimed.getsockname() == ("127.0.0.1", port)


def test_other_machines_only_with_a_login(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="anybody on the network"):
        check_exposure(settings(tmp_path, host="0.0.0.0"))
    check_exposure(settings(tmp_path, host="0.0.0.0", auth="ada:secret"))
    check_exposure(settings(tmp_path))


def test_the_page_answers_with_its_policy(page: TestClient) -> None:
    reply = page.get("/")
    assert reply.status_code == 200
    assert "Rapport" in reply.text
    assert "connect-src 'self'" in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_foreign_host_name_is_refused(page: TestClient) -> None:
    assert page.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_there_are_no_api_pages(page: TestClient, path: str) -> None:
    reply = page.get(path)
    assert reply.status_code == 404 or '"paths"' not in reply.text


def test_no_function_is_offered_to_api_clients(page: TestClient) -> None:
    info = page.get("/gradio_api/info").json()
    assert info["named_endpoints"] == {}
    assert info["unnamed_endpoints"] == {}


def test_files_of_the_machine_are_not_served(page: TestClient) -> None:
    assert page.get("/gradio_api/file=/etc/passwd").status_code in {403, 404}


def test_with_a_login_nothing_is_told_to_strangers(tmp_path: Path) -> None:
    guarded = client(tmp_path, auth="ada:secret", host="0.0.0.0")
    assert guarded.get("/config").status_code == 401
    assert guarded.get("/gradio_api/info").status_code == 401
