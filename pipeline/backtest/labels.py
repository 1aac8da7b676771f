"""Labels of what really happened, compared with what was detected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.backtest.detection import Outcome
from pipeline.contracts.decode import decode
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import Malformed, TerminalError
from pipeline.ingest.formats.lines import lines, open_source
from pipeline.simulate.events import Story
from pipeline.simulate.verdicts import StoryVerdict, compare

MOST = 1_000_000
"""Most stories that are read."""

_STORY = msgspec.json.Decoder(Story)


class Score(Struct):
    """Stories found and missed; distractors that paged nobody (`quiet`), and what paged without a cause."""

    found: list[StoryVerdict]
    missed: list[StoryVerdict]
    quiet: list[StoryVerdict]
    paged_wrongly: list[StoryVerdict]
    false_alarms: tuple[IncidentEvent, ...]

    @property
    def false(self) -> int:
        """Pages for nothing: for a distractor, or for no story at all."""
        return len(self.paged_wrongly) + len(self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the stories that were found; None where there are none."""
        real = len(self.found) + len(self.missed)
        return len(self.found) / real if real else None


def read_labels(path: Path) -> list[Story]:
    """The stories of a file as `groundswell simulate --labels` writes it.

    Raises `TerminalError` naming the first line that is none.
    """
    stories: list[Story] = []
    with open_source(str(path)) as stream:
        for number, data, _ in lines(stream, str(path)):
            if not data.strip():
                continue
            try:
                stories.append(decode(data, _STORY))
            except Malformed as reason:
                todo = "Labels are what groundswell simulate --labels FILE writes"
                raise TerminalError(
                    f"line {number:,} is no label ({reason.what})", subject=str(path), todo=todo
                ) from None
            if len(stories) > MOST:
                raise TerminalError(f"has more than {MOST:,} labels", subject=str(path))
    return stories


def score(stories: Sequence[Story], outcome: Outcome) -> Score:
    """Match the incidents of a run to the stories."""
    verdicts = compare(stories, outcome.openings)
    real = [verdict for verdict in verdicts.stories if verdict.story.incident]
    others = [verdict for verdict in verdicts.stories if not verdict.story.incident]
    return Score(
        found=[verdict for verdict in real if verdict.noticed is not None],
        missed=[verdict for verdict in real if verdict.noticed is None],
        quiet=[verdict for verdict in others if not verdict.paged],
        paged_wrongly=[verdict for verdict in others if verdict.paged],
        false_alarms=verdicts.false_alarms,
    )


def delay(verdict: StoryVerdict) -> timedelta | None:
    """From the beginning of a story to the first notice of it."""
    return None if verdict.noticed is None else max(timedelta(0), verdict.noticed - verdict.story.start)
