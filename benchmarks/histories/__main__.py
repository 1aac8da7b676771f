"""Replays the real histories and shows what has changed since the record.

    python -m benchmarks.histories --data FOLDER --cache FOLDER            # compare; exit status 1 where it differs
    python -m benchmarks.histories --data FOLDER --cache FOLDER --write    # write the record anew

The record has a line an incident and no word of what was said.  Every page in it was read by a person, whose verdict is
in `readings.toml`; a page that nobody has read is named.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from difflib import unified_diff
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.histories.readings import readings, unread
from benchmarks.histories.replay import HISTORIES, PageLine, mentions_file, pages, present

RECORD: Final = Path(__file__).with_name("record")
DATA: Final = "GROUNDSWELL_HISTORIES"
"""The environment variable that names the folder of the data, where no option does."""


def recorded(found: list[PageLine]) -> str:
    """The record of a history: an incident a line."""
    return "".join(msgspec.json.encode(page).decode() + "\n" for page in found)


def difference(name: str, found: list[PageLine]) -> list[str]:
    """What has changed since the record was written, as lines that begin with + and -."""
    path = RECORD / f"{name}.jsonl"
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    changed = unified_diff(before, recorded(found).splitlines(), lineterm="", n=0)
    return [line for line in changed if line[0] in "+-" and line[:3] not in ("+++", "---")]


def summary(name: str, found: list[PageLine]) -> str:
    """Incidents, pages, and what a person says of the pages."""
    known = readings(name)
    paged = [page for page in found if page.paged]
    said = Counter(
        known[page.company, page.day].verdict if (page.company, page.day) in known else "unread" for page in paged
    )
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(said.items())) or "none to judge"
    return f"{name}: {len(found)} incidents, {len(paged)} pages ({verdicts})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA), help=f"the data sets; else {DATA}")
    parser.add_argument("--cache", type=Path, required=True, help="a folder for analyzed mentions, a GB at most")
    parser.add_argument("--only", default=",".join(HISTORIES), help="histories, separated by commas")
    parser.add_argument("--fresh", action="store_true", help="analyze anew, after a change to linking or the catalogue")
    parser.add_argument("--write", action="store_true", help="write the record anew")
    options = parser.parse_args()
    if options.data is None:
        parser.error(f"name the folder of the data sets by --data or {DATA}")
    changed = False
    for name in options.only.split(","):
        if not present(Path(options.data), HISTORIES[name]):
            print(f"{name}: left out, {' and '.join(HISTORIES[name].files)} not in {options.data}")
            continue
        options.cache.mkdir(parents=True, exist_ok=True)
        found = pages(mentions_file(name, Path(options.data), options.cache, options.fresh), options.cache)
        lines = difference(name, found)
        changed |= bool(lines)
        print("\n".join([summary(name, found), *lines, *(f"not read: {page}" for page in unread(name, found))]))
        if options.write:
            RECORD.mkdir(exist_ok=True)
            (RECORD / f"{name}.jsonl").write_text(recorded(found), encoding="utf-8")
    return int(changed and not options.write)


if __name__ == "__main__":
    sys.exit(main())
