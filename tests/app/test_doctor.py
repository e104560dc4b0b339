import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.doctor import Check, run_checks
from app.settings import LLMSettings, Settings


def completion_of(message: dict[str, object]) -> dict[str, object]:
    """A chat completion with this message."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "small",
        "choices": [choice],
    }


_CALL = {"id": "1", "type": "function", "function": {"name": "say_colour", "arguments": "{}"}}
CALLING = completion_of({"content": None, "tool_calls": [_CALL]})
TALKING = completion_of({"content": "Blue."})


def checks(home: Path, *, with_llm: bool = False, **changes: object) -> dict[str, Check]:
    settings = Settings(home=home, **changes)  # type: ignore[arg-type]
    return {check.name: check for check in run_checks(settings, with_llm=with_llm)}


@contextmanager
def model_server(
    status: int, body: object, completion: dict[str, object] = CALLING
) -> Iterator[str]:
    """A server on loopback that lists models and calls a tool, and says 401 without the right key."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == "Bearer right"
            self.send_response(status if allowed else 401)
            self.end_headers()
            text = body if isinstance(body, str) else json.dumps(body)
            self.wfile.write(text.encode() if allowed else b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(completion).encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def llm(base_url: str, *, key: str = "right", model: str = "small") -> LLMSettings:
    return LLMSettings.model_validate(
        {"base_url": base_url, "model": model, "api_key": key, "timeout": 3}
    )


def test_a_fresh_home_is_well_but_for_what_is_not_set_up(tmp_path: Path) -> None:
    found = checks(tmp_path)
    assert all(check.status != "fail" for check in found.values())
    assert found["Data"].status == found["Model"].status == "warn"
    assert "rapport setup" in found["Data"].remedy
    assert found["Our code"].status == found["Packages"].status == "ok"


def test_nothing_is_written_by_looking(tmp_path: Path) -> None:
    checks(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_damaged_data_and_models_fail_with_a_remedy(tmp_path: Path) -> None:
    for part, name in (("data", "dataset.json"), ("models", "manifest.json")):
        folder = tmp_path / part / "ml-100k"
        folder.mkdir(parents=True)
        (folder / name).write_text("{ broken", encoding="utf-8")
    found = checks(tmp_path)
    for name in ("Data", "Model"):
        assert found[name].status == "fail"
        assert found[name].remedy


def test_a_taken_port_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        found = checks(tmp_path, port=other.getsockname()[1])
    assert found["Port"].status == "warn"


def test_half_a_model_setting_is_a_warning(tmp_path: Path) -> None:
    half = LLMSettings(base_url="http://127.0.0.1:1/v1")
    assert checks(tmp_path, llm=half)["Language model"].status == "warn"


def test_a_working_server_is_ok(tmp_path: Path) -> None:
    with model_server(200, {"data": [{"id": "small"}]}) as address:
        found = checks(tmp_path, with_llm=True, llm=llm(address))
    assert found["Language model"].status == "ok"
    assert "answers and calls tools" in found["Language model"].detail
    assert "does not stream" in found["Language model"].detail
    assert "plans each turn with tools" in found["Language model"].detail


def test_a_model_that_calls_no_tools_is_a_warning(tmp_path: Path) -> None:
    with model_server(200, {"data": [{"id": "small"}]}, TALKING) as address:
        found = checks(tmp_path, with_llm=True, llm=llm(address))["Language model"]
    assert found.status == "warn"
    assert "without calling the tool" in found.detail


@pytest.mark.parametrize(
    ("status", "body", "key", "expected"),
    [
        (200, {"data": []}, "wrong", "refused the key"),
        (200, {"data": [{"id": "big"}]}, "right", "no model 'small'"),
        (500, {}, "right", "error 500"),
        (200, "<html>", "right", "did not answer like"),
        (200, [], "right", "did not answer like"),
        (404, {}, "right", "answers and calls tools"),
    ],
)
def test_what_servers_do_wrong(
    tmp_path: Path, status: int, body: object, key: str, expected: str
) -> None:
    with model_server(status, body) as address:
        found = checks(tmp_path, with_llm=True, llm=llm(address, key=key))["Language model"]
    assert expected in found.detail
    assert "wrong" not in found.detail + found.remedy


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    found = checks(tmp_path, with_llm=True, llm=llm(address))["Language model"]
    assert found.status == "fail"
    assert "cannot be reached" in found.detail


@pytest.mark.parametrize("address", ["file:///etc/passwd", "localhost:8000", "ftp://x/v1"])
def test_only_web_addresses_are_asked(tmp_path: Path, address: str) -> None:
    found = checks(tmp_path, with_llm=True, llm=llm(address))["Language model"]
    assert found.status == "fail"
