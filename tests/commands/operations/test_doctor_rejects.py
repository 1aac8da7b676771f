"""`groundswell doctor` says when rejects were not stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.commands.operations.doctor import _rejects
from pipeline.errors import Malformed, TerminalError
from pipeline.ingest.rejects import Rejects
from pipeline.settings.settings import load


def test_rejects_that_were_only_counted_are_wrong(tmp_path: Path) -> None:
    settings = load(data=tmp_path)
    assert _rejects(settings) == "none"
    path = tmp_path / "rejects" / "bluesky.jsonl"
    with Rejects(path) as rejects:
        rejects.add("bluesky", 1, Malformed("not_json", "no"), b"{")
    assert _rejects(settings) == "1 files of rejects, nothing left out"
    with Rejects(path, max_bytes=1) as rejects:
        rejects.add("bluesky", 2, Malformed("not_json", "no"), b"{")
        assert "1 were counted only" in rejects.summary()[-1]
    with pytest.raises(TerminalError, match=r"bluesky\.jsonl: rejects were counted but not stored: 1 not_json"):
        _rejects(settings)
