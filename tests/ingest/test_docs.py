"""The settings shown in the guide are valid."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pipeline.ingest.formats.formats import reader_for
from pipeline.settings.ingest import IngestSettings

GUIDE = Path(__file__).parents[2] / "docs" / "ingest.md"


def test_the_settings_in_the_guide_are_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        settings = IngestSettings(**tomllib.loads(block)["ingest"])
        for name in settings.formats:
            assert reader_for(name, settings).name == name
