"""What models wrote, on disk as it comes: generation is the dear part, and a killed run goes on.

One JSON line an answer, known by a key of all that it depends on (model, adapter, prompt). Half a line
at the end, left by a crash, is passed over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    key: str
    answer: str


class RewriteJournal:
    """Answers in a file; several processes may append at once.

    Args:
        path: Made with its folder when there is something to keep.

    Attributes:
        answers: Key → answer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.answers: dict[str, str] = {}
        content = path.read_bytes() if path.is_file() else b""
        for line in content.splitlines():
            try:
                entry = _Line.model_validate_json(line)
            except ValidationError:
                continue  # a crash's half line, or damage: written again
            self.answers[entry.key] = entry.answer

    def add(self, answers: Mapping[str, str]) -> None:
        """Keep answers so that they outlive a crash."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            json.dumps({"key": key, "answer": answer}, ensure_ascii=False)
            for key, answer in answers.items()
        ]
        with self._path.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            # The newline before ends a half line that a crash may have left.
            stream.write(("\n" + "\n".join(lines) + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())
        self.answers.update(answers)


def answer_key(model: str, prompt: Sequence[BaseMessage]) -> str:
    """sha256 (hex) of a model's fingerprint and everything it is told."""
    told = json.dumps([[one.type, one.text] for one in prompt])
    return hashlib.sha256(f"{model}\0{told}".encode("utf-8", "surrogatepass")).hexdigest()


def adapter_fingerprint(folder: Path) -> str:
    """sha256 (hex) of an adapter's weights and configuration."""
    digest = hashlib.sha256()
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        path = folder / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
