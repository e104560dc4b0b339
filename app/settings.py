"""The one reader of settings: command line over environment over `.env` file over defaults.

Every variable starts with `RAPPORT_`; nested ones use two underscores (`RAPPORT_LLM__MODEL`).
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rec_core import SettingsError

PREFIX = "RAPPORT_"
_NESTED = "__"


class LLMSettings(BaseModel):
    """Where the language model is. Without `base_url` and `model` what is built in plans the turns.

    Attributes:
        base_url: An OpenAI-compatible server, such as http://127.0.0.1:8000/v1.
        model: The model's name on that server.
        api_key: Its key; many local servers need none.
        timeout: Seconds to wait for one answer.
        price_in, price_out: US dollars per million tokens, for the cost line; 0 when unknown.
        planner: Who plans the turns: "auto" goes by what the server can do, and without one lets the
            built-in model read beside the rules; "tools" (native tool
            calls), "structured" (JSON under a schema), "rules" (no model) and "embedded" (the
            built-in model, no server) insist.
        cache: Recorded answers, for tests and studies: "record" keeps what the model says,
            "replay" asks no model at all, "auto" asks for what was not recorded yet.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    base_url: str = ""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    timeout: float = Field(default=30.0, gt=0, le=600)
    price_in: float = Field(default=0.0, ge=0)
    price_out: float = Field(default=0.0, ge=0)
    planner: Literal["auto", "tools", "structured", "rules", "embedded"] = "auto"
    cache: Literal["off", "record", "replay", "auto"] = "off"

    @property
    def is_configured(self) -> bool:
        """True when a server and a model are named."""
        return bool(self.base_url and self.model)


class LimitSettings(BaseModel):
    """What one turn may cost; the turn answers without a model when a limit runs out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model_calls: int = Field(default=3, ge=1, le=8)
    tool_calls: int = Field(default=12, ge=1, le=64)
    tokens: int = Field(default=20_000, ge=500)
    seconds: float = Field(default=45.0, gt=0, le=600)


def checkout_root() -> Path | None:
    """The repository that this package runs from, or None when it is an installed copy."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() else None


def default_home() -> Path:
    """`.rapport` in a checkout; else the user's data folder."""
    root = checkout_root()
    if root is not None:
        return root / ".rapport"
    import platformdirs  # only installed copies need it, and every command pays for imports

    return Path(platformdirs.user_data_dir("rapport", appauthor=False))


class Settings(BaseSettings):
    """All settings, checked.

    Attributes:
        home: Folder for data sets, models, caches and conversations.
        data: Name of the data set to talk about.
        host, port: Where the page is served.
        auth: "name:password" pairs, comma separated; needed to serve beyond this machine.
        user: Who speaks where nobody logs in.
        rewriter: Who turns conversations into queries for the ranking: "none", "shipped", or the
            folder of an adapter made by `rapport tune rewriter`.
        llm, limits: See there.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=_NESTED,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(default_factory=default_home)
    data: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "ml-100k"
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)
    auth: SecretStr = SecretStr("")
    user: Annotated[str, Field(min_length=1, max_length=200)] = "local"
    rewriter: Annotated[str, Field(min_length=1)] = "none"
    llm: LLMSettings = Field(default_factory=LLMSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)

    @property
    def data_folder(self) -> Path:
        """The chosen data set, parsed and checked."""
        return self.home / "data" / self.data

    @property
    def model_folder(self) -> Path:
        """The trained artifact of the chosen data set, search index included."""
        return self.home / "models" / self.data

    @property
    def cache_folder(self) -> Path:
        """Downloads and whatever else can be made again."""
        return self.home / "cache"

    @property
    def log_folder(self) -> Path:
        """Where details of unforeseen faults go."""
        return self.home / "logs"

    @property
    def store_url(self) -> str:
        """Database URL of conversations and preferences."""
        return f"sqlite:///{self.home / 'rapport.db'}"

    @property
    def checkpoint_file(self) -> Path:
        """Turns under way, so that one cut off by a crash can go on."""
        return self.home / "checkpoints.db"

    @property
    def logins(self) -> tuple[tuple[str, str], ...]:
        """(name, password) pairs of `auth`; SettingsError when it is not written like that."""
        secret = self.auth.get_secret_value().strip()
        if not secret:
            return ()
        pairs = [part.strip().partition(":") for part in secret.split(",")]
        if any(not name or not password for name, _, password in pairs):
            raise SettingsError(
                "RAPPORT_AUTH is not a list of name:password pairs.",
                "Write it like RAPPORT_AUTH=ada:secret,bob:other.",
            )
        return tuple((name, password) for name, _, password in pairs)

    @property
    def is_local_only(self) -> bool:
        """True when `host` can be reached from this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` (from a command line) win, None among them means "not given".

    Raises:
        SettingsError: one sentence that names the variable, its value and what was expected.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as fault:
        raise _explain(fault) from fault
    except (UnicodeDecodeError, ValueError) as fault:
        raise SettingsError(
            f"The settings cannot be read: {fault}.", "Check the .env file."
        ) from fault
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def override(values: Mapping[str, object]) -> None:
    """Make command-line options win everywhere in this process, child processes included."""
    for name, value in values.items():
        if value is not None:
            os.environ[f"{PREFIX}{name.upper()}"] = str(value)


def unknown_variables(env_file: Path = Path(".env")) -> tuple[str, ...]:
    """One warning per `RAPPORT_` variable that no setting reads, with the nearest known name."""
    known = known_variables()
    present = {name.upper() for name in os.environ} | _names_in(env_file)
    strangers = sorted(
        name
        for name in present
        if name.startswith(PREFIX) and name not in known and name not in _OWN
    )
    return tuple(_warning(name, known) for name in strangers)


def known_variables() -> tuple[str, ...]:
    """Every variable that a setting reads, sorted."""
    names: list[str] = []
    for field_name, field in Settings.model_fields.items():
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            names += [f"{PREFIX}{field_name}{_NESTED}{inner}" for inner in nested.model_fields]
        else:
            names.append(f"{PREFIX}{field_name}")
    return tuple(sorted(name.upper() for name in names))


# Read by tests, not by a setting.
_OWN = frozenset({"RAPPORT_SCREENSHOTS", "RAPPORT_TEST_HOME"})


def _names_in(env_file: Path) -> set[str]:
    try:
        lines = env_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found = (re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line) for line in lines)
    return {match.group(1).upper() for match in found if match}


def _warning(name: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # only when something is wrong

    near = get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
    return f"{name} is not a setting and has no effect; {hint}"


def _explain(fault: ValidationError) -> SettingsError:
    first = fault.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = PREFIX + _NESTED.join(place).upper().removeprefix(PREFIX)
    secret = any(part.lower() in {"api_key", "auth", "rapport_auth"} for part in place)
    value = "(hidden)" if secret else repr(first.get("input"))[:80]
    expected = first["msg"][:1].lower() + first["msg"][1:]
    return SettingsError(
        f"{name} is {value}, which does not fit: {expected}.",
        "Change it in the environment, in .env or on the command line.",
    )
