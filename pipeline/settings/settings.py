"""One typed settings object: a file, then the environment, then flags; the later wins.

File: ``groundswell.toml`` in the working directory, or the one named by ``GROUNDSWELL_CONFIG``.  Environment:
``GROUNDSWELL_`` and the path of the key with two underscores, such as ``GROUNDSWELL_KAFKA__BOOTSTRAP``.  A wrong key or
value is a `SettingsError` that names it and what is allowed.  Secrets are `SecretStr`: they are never printed; each may
also be the content of a file, named by the same key with ``_FILE`` at the end.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import SettingsError
from pipeline.settings.ingest import IngestSettings
from pipeline.settings.section import Section


class KafkaSettings(Section):
    """The Kafka cluster.  `bootstrap` empty means the embedded broker, which `run` and `replay` bring up."""

    bootstrap: str = ""
    """Addresses, `host:port`, by commas; empty for the embedded broker."""
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    replication: int = Field(default=1, ge=1, le=9)
    prefix: str = Field(default="groundswell", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """First part of consumer group names."""
    embedded: bool = False
    """The cluster at `bootstrap` is the embedded one: it keeps 5 MB a partition and producers must wait."""
    wait_for: tuple[str, ...] = ()
    """On the embedded broker: further consumer groups that read our topics, for which producers wait as well."""


class IndexSettings(Section):
    """Where mentions, incidents and dead letters are searchable.  `url` empty means the embedded SQLite index."""

    url: str = ""
    """Address of Elasticsearch; empty for the embedded SQLite index."""
    username: str = ""
    password: SecretStr = SecretStr("")
    api_key: SecretStr = SecretStr("")
    ca_file: Path | None = None
    prefix: str = Field(default="groundswell", pattern=r"^[a-z0-9][a-z0-9-]*$")
    slice: Literal["month", "day"] = "month"
    slow_seconds: float = Field(default=0.0, ge=0.0, le=60.0)
    """For load tests: every bulk write takes this much longer."""


class ModelSettings(Section):
    """The model that reads posts."""

    path: Path | None = None
    """Folder of an artefact, or with `backend` torch of a Hugging Face sequence-classification checkpoint; the shipped
    artefact when unset."""
    backend: Literal["onnx", "torch", "fixed"] = "onnx"
    """`fixed` answers the same for every text: for load tests."""
    labels: dict[str, Literal["negative", "neutral", "positive"]] = Field(default={}, max_length=3)
    """Of a checkpoint: what each of its outputs stands for, such as `{"LABEL_0": "negative", "LABEL_1": "positive"}`.
    Not needed where their names say it."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """With `backend` torch: the numbers to multiply in. `auto` is half precision on a GPU, fp32 on a CPU. `bf16` is up
    to 1.6 times as fast on a CPU that has it; probabilities then differ by up to 0.04."""
    threads: int = Field(default=0, ge=0, le=64)
    """0: one a core."""
    batch: int = Field(default=32, ge=1, le=1024)
    timeout: float = Field(default=60.0, gt=0.0)
    """Seconds that the model may take for a batch; then a worker gives up and is started anew, and a command ends."""


class EnrichSettings(Section):
    """Linking and threads."""

    catalogue: Path | None = None
    """Folder or file of an own catalogue; the shipped one when unset."""
    thread_days: float = Field(default=7.0, gt=0.0, le=60.0)
    max_ahead_hours: float = Field(default=1.0, ge=0.0, le=48.0)
    """How far after its arrival a post may be dated; later ones become dead letters (`future_date`)."""


class TeamSettings(Section):
    """A team that is promised a number of false alarms for all of its entities together."""

    entities: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    """Ids of its entities."""
    false_alarms: float = Field(gt=0.0, le=10_000.0)
    """Promised false alarms a month, in all; each entity gets an equal part of them."""


class DetectSettings(Section):
    """The detector."""

    false_alarms: float = Field(default=0.2, gt=0.0, le=30.0)
    """Promised false alarms per entity and month."""
    page_coordinated: bool = False
    """Page for incidents that look coordinated, too; they are labelled with the reasons either way."""
    teams: dict[str, TeamSettings] = Field(default_factory=dict)
    """Teams by name, in the file only: `[detect.teams.NAME]` with `entities` (ids) and `false_alarms` (a month, for all
    of them together); their entities get an equal part each instead of `detect.false_alarms`."""


class AlertSettings(Section):
    """Who is told.  Each notifier is on when its address is set; the terminal is on with `run`."""

    terminal: bool = False
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    webhook_allow_private: bool = False
    """Let the webhook go to a private or loopback address."""
    alertmanager_url: str = ""
    page_url: str = ""
    """Address of the page, for links in alerts."""


class WebSettings(Section):
    """The built-in page."""

    host: str = "127.0.0.1"
    port: int = Field(default=8800, ge=0, le=65535)


class MetricsSettings(Section):
    """Where `/metrics` and `/healthz` listen; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)


class WorkerSettings(Section):
    """How workers read and when they give up."""

    batch: int = Field(default=256, ge=1, le=10_000)
    within: float = Field(default=0.05, gt=0.0, le=10.0)
    """Seconds to wait for a batch to fill."""
    commit_seconds: float = Field(default=0.5, gt=0.0, le=60.0)
    """Seconds between commits.  What was published since comes again after a crash, and counts once all the same."""
    stuck_seconds: float = Field(default=120.0, gt=1.0)
    """A worker that makes no progress for so long, with work waiting, ends with status 70."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="GROUNDSWELL_",
        env_nested_delimiter="__",
        extra="forbid",
        nested_model_default_partial_update=True,
        use_attribute_docstrings=True,
    )

    data: Path = Path(".groundswell")
    """Folder for the embedded index, cursors, logs and rejects."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    kafka: KafkaSettings = KafkaSettings()
    ingest: IngestSettings = IngestSettings()
    index: IndexSettings = IndexSettings()
    model: ModelSettings = ModelSettings()
    enrich: EnrichSettings = EnrichSettings()
    detect: DetectSettings = DetectSettings()
    alert: AlertSettings = AlertSettings()
    web: WebSettings = WebSettings()
    metrics: MetricsSettings = MetricsSettings()
    worker: WorkerSettings = WorkerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = _without_files(env_settings())
        sources = [init_settings, *(InitSettingsSource(settings_cls, x) for x in (environment, secrets_from_files()))]
        path = config_file()
        if path is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, path))
        return tuple(sources)


def secrets_from_files() -> dict[str, Any]:
    """Secrets whose files are named by the environment, such as ``GROUNDSWELL_KAFKA__PASSWORD_FILE``.

    Raises `SettingsError` when a file cannot be read.
    """
    found: dict[str, Any] = {}
    for key in _paths(Settings, secret=True):
        variable = f"GROUNDSWELL_{key.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            continue
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"cannot be read ({error})", subject=f"{variable}={path}", todo="Name a text file"
            ) from None
        section, _, name = key.partition("__")
        found.setdefault(section, {})[name] = text
    return found


def _without_files(environment: dict[str, Any]) -> dict[str, Any]:
    """What the environment says, less the names of files with secrets."""
    for key in _paths(Settings, secret=True):
        section, _, name = key.partition("__")
        environment.get(section, {}).pop(f"{name}_file", None)
    return environment


def config_file() -> Path | None:
    """The settings file in force, or None."""
    named = os.environ.get("GROUNDSWELL_CONFIG")
    if named:
        if not Path(named).is_file():
            raise SettingsError("no such file", subject=f"GROUNDSWELL_CONFIG={named}", todo="Name an existing file")
        return Path(named)
    default = Path("groundswell.toml")
    return default if default.is_file() else None


def load(**flags: Any) -> Settings:
    """The settings in force; `flags` (nested dicts as in the file) win over everything.

    Raises `SettingsError` naming the wrong key or value and what is allowed.
    """
    _check_environment()
    try:
        return Settings(**flags)
    except ValidationError as error:
        raise SettingsError(_explain(error), subject="settings", todo="See docs/settings.md") from None


def _check_environment() -> None:
    """Unknown variables with our prefix are errors: a misspelt one would otherwise change nothing, silently."""
    known = {name.upper() for name in _paths(Settings)} | {f"{n.upper()}_FILE" for n in _paths(Settings, secret=True)}
    for variable in os.environ:
        if not variable.startswith("GROUNDSWELL_") or variable == "GROUNDSWELL_CONFIG":
            continue
        if variable.startswith("GROUNDSWELL_TEST_"):
            continue
        path = variable.removeprefix("GROUNDSWELL_")
        if path not in known:
            raise SettingsError("is not a setting", subject=variable, todo=_nearest(path, known, prefix="GROUNDSWELL_"))


def _paths(model: type[BaseModel], prefix: str = "", *, secret: bool = False) -> list[str]:
    """Every key as a path with two underscores; with `secret` only the secrets."""
    out: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            out += _paths(kind, f"{prefix}{name}__", secret=secret)
        if not secret or kind is SecretStr:
            out.append(f"{prefix}{name}")
    return out


def _nearest(path: str, known: set[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(path, sorted(known), n=3)
    names = ", ".join(prefix + name for name in (close or sorted(known)))
    return f"Did you mean {names}?" if close else f"Allowed: {names}"


def _explain(error: ValidationError) -> str:
    """One line a problem: the key, what is wrong, what is allowed."""
    known = {path.replace("__", ".") for path in _paths(Settings)}
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"{key} is not a setting. {_nearest(key, known)}")
        else:
            given = (
                "" if "password" in key or "secret" in key or "api_key" in key else f" (given: {problem['input']!r})"
            )
            lines.append(f"{key}: {problem['msg']}{given}")
    return "; ".join(lines)
