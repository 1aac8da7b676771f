"""`groundswell index` against the embedded index."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from pipeline.commands.main import app
from tests.commands.conftest import groundswell, put
from tests.support.messages import incident, letter, mention


def test_setup_and_expire(data: Path) -> None:
    assert groundswell("index", "setup").exit_code == 0
    assert "dropped 0" in groundswell("index", "expire", "--before", "2026-03-14").stdout
    assert "dropped 3" in groundswell("index", "expire", "--before", "2026-03-15").stdout
    assert groundswell("index", "expire").exit_code == 2


def test_forget_asks_and_what_is_forgotten_does_not_come_back(data: Path) -> None:
    assert CliRunner().invoke(app, ["index", "forget", "--post", "net:1"], input="n\n").exit_code == 1
    assert "1 mentions forgotten" in groundswell("index", "forget", "--post", "net:1", "--yes").stdout
    assert put(data, mention("net:1", version=7)) == 2
    assert "1 mentions forgotten" in groundswell("index", "forget", "--author", "net:bob", "--yes").stdout
    assert put(data, mention("net:4", author="net:bob")) == 1
    assert groundswell("index", "forget").exit_code == 2


def test_forget_cleans_incidents_letters_and_rejects(data: Path) -> None:
    body = b'{"type":"post","post_id":"net:1","network":"net","text":"The parcel never came"}'
    put(data, mention("net:1"), incident(), letter(7, value=body))
    rejects = data / "rejects" / "replay-20260314T120000Z.jsonl"
    rejects.parent.mkdir(exist_ok=True)
    rejects.write_text('{"original":"net:1 The parcel never came"}\n{"original":"net:2"}\n')
    said = groundswell("index", "forget", "--post", "net:1", "--yes").stdout
    for sentence in ("1 mentions forgotten", "1 events of incidents cleaned", "1 dead letters emptied", "1 rejects"):
        assert sentence in said
    assert rejects.read_text() == '{"original":"net:2"}\n'
    assert "The parcel never came" not in groundswell("incidents", "--json").stdout
