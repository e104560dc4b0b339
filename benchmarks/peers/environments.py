"""Python environments of the peers, apart from the project's own, made once and kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = {"peers": "requirements.txt", "implicit": "requirements_implicit.txt"}


def interpreter(name: str, folder: Path) -> Path:
    """The Python of an environment; "project" is the one that runs this.

    An environment that is not there, was left half made, or was made from other requirements is made
    anew: this needs the package index, some minutes and up to 2 GB of disk.

    Raises:
        subprocess.CalledProcessError: pip failed; what it said is on standard error.
    """
    if name == "project":
        return Path(sys.executable)
    home = folder / name
    python = home / "bin" / "python"
    requirements = HERE / REQUIREMENTS[name]
    made_from = home / "made_from.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if made_from.exists() and made_from.read_text(encoding="utf-8") == wanted:
        return python
    print(f"Making the environment {name!r} in {home} …", file=sys.stderr)
    venv.create(home, clear=True, with_pip=True)
    first = [line for line in requirements.read_text().splitlines() if line.startswith("torch==")]
    if first:
        _install(python, first)
    _install(python, ["-r", str(requirements)])
    made_from.write_text(wanted, encoding="utf-8")
    return python


def _install(python: Path, what: list[str]) -> None:
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run(  # noqa: S603  the arguments are this project's own
        [str(python), "-m", "pip", "install", *quiet, *what], check=True, stdout=sys.stderr
    )
