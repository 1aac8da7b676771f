"""All settings in one typed object: a file, then the environment, then flags; the last wins.

File: ``groundswell.toml`` in the working directory, or the one named by ``GROUNDSWELL_CONFIG``.  Environment:
``GROUNDSWELL_`` and the path of the key with two underscores, such as ``GROUNDSWELL_KAFKA__BOOTSTRAP``.  A wrong key or
value is a `SettingsError` that names it and what is allowed.  Secrets are `SecretStr`: they are never printed; each may
also be the content of a file, named by the same key with ``_FILE`` at the end.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.compiled import PURE
from pipeline.errors import SettingsError
from pipeline.settings.alert import AlertSettings
from pipeline.settings.detect import DetectSettings
from pipeline.settings.enrich import EnrichSettings
from pipeline.settings.follow import FollowSettings
from pipeline.settings.index import IndexSettings
from pipeline.settings.ingest import IngestSettings
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.model import ModelSettings
from pipeline.settings.section import Section
from pipeline.settings.web import WebSettings
from pipeline.settings.worker import MetricsSettings, WorkerSettings


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
    follow: FollowSettings = FollowSettings()
    detect: DetectSettings = DetectSettings()
    alert: AlertSettings = AlertSettings()
    web: WebSettings = WebSettings()
    metrics: MetricsSettings = MetricsSettings()
    worker: WorkerSettings = WorkerSettings()

    @property
    def own_catalogue(self) -> Path:
        """Where the user's own catalogue is: as named, else the file that `catalogue add` makes in the data folder."""
        return self.enrich.catalogue or self.data / "catalogue.jsonl"

    @property
    def catalogue(self) -> Path | None:
        """The own catalogue to read; None where none is named and `catalogue add` has not made one."""
        return self.own_catalogue if self.enrich.catalogue is not None or self.own_catalogue.exists() else None

    @property
    def following(self) -> Path:
        """The list of followed companies; it need not exist."""
        return self.follow.file or self.data / "following.json"

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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"is not TOML ({error})",
            subject=str(config_file()),
            todo="Mend that line, or name another file by GROUNDSWELL_CONFIG",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read ({error.strerror})", subject=str(config_file()), todo="Check its permissions"
        ) from None
    except ValidationError as error:
        raise SettingsError(_explain(error), subject="settings", todo="See docs/settings.md") from None


def _check_environment() -> None:
    """Unknown variables with our prefix are errors: a misspelt one would otherwise change nothing, silently."""
    known = {name.upper() for name in _paths(Settings)} | {f"{n.upper()}_FILE" for n in _paths(Settings, secret=True)}
    for variable in os.environ:
        if not variable.startswith("GROUNDSWELL_") or variable.startswith("GROUNDSWELL_TEST_"):
            continue
        if variable in ("GROUNDSWELL_CONFIG", PURE):
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
