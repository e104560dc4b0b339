r"""The built-in model behind an OpenAI-compatible address, to record cassettes with: loopback only.

    python benchmarks/embedded_server.py --record configs/study_smoke.toml     serve, record that study, end
    python benchmarks/embedded_server.py --port 8009                           serve until Ctrl-C

It answers requests for JSON under a schema and nothing else, one at a time, with the planner's adapter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.environment import prepare_environment

prepare_environment()

from langchain_core.messages import convert_to_messages

from agents import BudgetMeter, TurnLimits
from agents.llm.models import open_models
from agents.llm.structured import StructuredModel
from app.settings import load_settings


def answer(model: StructuredModel, request: dict[str, Any]) -> dict[str, Any]:
    """A chat completion, as OpenAI words it."""
    schema = request["response_format"]["json_schema"]["schema"]
    meter = BudgetMeter(TurnLimits(seconds=600.0))
    messages = convert_to_messages(request["messages"])
    text = model.complete(messages, schema=schema, prompt=("served", ""), meter=meter)
    spent = meter.usage.tokens
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {
            "prompt_tokens": max(spent - len(text) // 4, 1),
            "completion_tokens": len(text) // 4,
            "total_tokens": max(spent, 1),
        },
    }


def streamed(content: dict[str, Any]) -> bytes:
    """The same completion as events: all words in one piece, the end, what it cost."""
    head = {name: content[name] for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    choice = content["choices"][0]
    events = [
        {**head, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**head, "choices": [], "usage": content["usage"]},
    ]
    lines = [*(json.dumps(event) for event in events), "[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def handler_of(model: StructuredModel) -> type[BaseHTTPRequestHandler]:
    """What answers requests; what it cannot answer gets status 400 with the reason."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            try:
                request = json.loads(body)
                status, content = 200, answer(model, request)
            except (KeyError, TypeError, ValueError) as fault:
                error = {"message": repr(fault), "type": "invalid_request_error"}
                status, content, request = 400, {"error": error}, {}
            is_streamed = bool(request.get("stream"))
            sent = streamed(content) if is_streamed else json.dumps(content).encode()
            self.send_response(status)
            kind = "text/event-stream" if is_streamed else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    return Handler


def record(study: Path, address: str) -> int:
    """Run a study against the server in a folder that is thrown away; the exit code of the run."""
    with tempfile.TemporaryDirectory(prefix="rapport-record-") as folder:
        patient = ["RAPPORT_LLM__TIMEOUT=600", "RAPPORT_LIMITS__SECONDS=600"]
        settings = ["env", f"RAPPORT_LLM__BASE_URL={address}", *patient]
        run = [sys.executable, "-m", "app", "study", "run", str(study), "--out", folder]
        command = [*settings, *run, "--cassette", "record", "--processes", "1"]
        return subprocess.run(command, check=False).returncode  # noqa: S603


def main() -> int:
    """Serve until Ctrl-C, or while one study is recorded; then its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any that is free")
    parser.add_argument("--record", type=Path, help="a study, whose cassette is written anew")
    options = parser.parse_args()
    model = open_models(None, folder=load_settings().cache_folder, setting="embedded").embedded
    assert model is not None
    server = HTTPServer(("127.0.0.1", options.port), handler_of(model))
    address = f"http://127.0.0.1:{server.server_port}/v1"
    if options.record:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return record(options.record, address)
    print(f"{model.name} at {address}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
