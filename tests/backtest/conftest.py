"""A simulated history, read once, and a made-up one full of malice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from typer.testing import CliRunner

from pipeline.commands import context
from pipeline.commands.main import app

SCRIPT = "<script>alert('pwned')</script>"
STYLE = "</style><script src=//evil.example/x.js></script>"
IMAGE = '"><img src=x onerror=alert(1)>'
START = datetime(2026, 4, 6, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sends logs to the standard error of its runner and keeps its flags: neither may stay."""
    monkeypatch.setattr(context, "_flags", {})
    yield
    structlog.reset_defaults()


def command(*arguments: str) -> str:
    """Standard output of a command that succeeds."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `mentions.jsonl`, `labels.jsonl`: three companies, twelve days, three snowballs."""
    folder = tmp_path_factory.mktemp("simulated")
    arguments = ["--seed", "3", "--entities", "3", "--days", "12"]
    command("simulate", *arguments, "--out", str(folder / "mentions.jsonl"), "--labels", str(folder / "labels.jsonl"))
    return folder


def mention(number: int, at: float, text: str, **other: Any) -> dict[str, Any]:
    """A negative mention `at` minutes after the start."""
    when = (START + timedelta(minutes=at)).isoformat()
    return {
        "type": "mention", "post_id": f"net:{number}", "entity": {"id": "evil", "name": f"Evil {STYLE}"},
        "author": {"id": f"net:u{number}", "handle": f"u{number}{IMAGE}"}, "created_at": when, "text": text,
        "sentiment": {"negative": 0.95}, "url": "javascript:alert(2)", "network": f"net{SCRIPT}", **other,
    }  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A pile-on whose every field tries to get out of the report, and three lines that are no mentions."""
    text = f"{SCRIPT} broken ]]> & &amp; \x1b[31mred \x00\x0b\ufffe \u202e"
    quiet = [mention(n, n * 60.0, f"fine {n}", sentiment={"negative": 0.02}) for n in range(96)]
    storm = [
        mention(
            1000 + n, 5760.0 + n / 2, f"{text} {n}", **({"root_id": "net:1000", "parent_id": "net:1000"} if n else {})
        )
        for n in range(60)
    ]
    path = tmp_path / "hostile<b>.jsonl"
    lines = [msgspec.json.encode(one) for one in (*quiet, *storm)]
    path.write_bytes(b"\n".join([*lines, b"{not json", b'{"type":"mention"}', b"[1]"]) + b"\n")
    return path
