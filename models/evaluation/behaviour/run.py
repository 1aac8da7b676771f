"""Runs the behavioural cases on a model; pass rates and floors by capability."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct

from models.evaluation.behaviour.cases import Case, read_cases
from models.evaluation.behaviour.judging import Unanswered
from models.figures import Capability
from models.scorer import Scorer
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

EXAMPLES = 4
"""Cases not met that are kept of a capability."""

MARGIN = 0.03
"""Share of the cases of a capability, and at least one case, by which its floor is below what was measured: rounding
differs from processor to processor."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case, and what was answered instead of what was expected (None: it was met)."""

    case: Case
    instead: str | None


class Floors(Struct):
    """Least share of the cases that the shipped model must meet, by capability, and the model it was measured on."""

    model: str
    floors: dict[str, float]


def judge(scorer: Scorer, cases: Sequence[Case] | None = None) -> list[CaseResult]:
    """Every case that the model has an answer to, read in one batch."""
    cases = read_cases() if cases is None else cases
    answers = iter(scorer.score([reading for case in cases for reading in case.readings if case.judge is not None]))
    out = []
    for case in cases:
        if case.judge is None:
            text = case.readings[0].text
            found = untrained(language(text, None), text) or "no"
            out.append(CaseResult(case, None if found == case.untrained else f"untrained: {found}"))
        else:
            found_of = [next(answers) for _ in case.readings]
            with suppress(Unanswered):
                out.append(CaseResult(case, case.judge(found_of)))
    return out


def capabilities(results: Sequence[CaseResult]) -> list[Capability]:
    """How many cases of each capability are met, with examples of those that are not."""
    by_name: dict[str, list[CaseResult]] = {}
    for result in results:
        by_name.setdefault(result.case.capability, []).append(result)
    return [
        Capability(
            name,
            len(found),
            sum(result.instead is None for result in found),
            tuple(describe(result) for result in found if result.instead is not None)[:EXAMPLES],
        )
        for name, found in by_name.items()
    ]


def describe(result: CaseResult) -> str:
    """A case that is not met, in a sentence."""
    texts = " → ".join(f"“{reading.text}”" for reading in result.case.readings)
    return f"{texts}: expected {result.case.expected}, answered {result.instead}"


def read_floors() -> Floors:
    """The floors that the shipped model is held to."""
    return msgspec.json.decode(_floors().read_bytes(), type=Floors)


def write_floors(found: Sequence[Capability], model: str) -> Floors:
    """Set the floors to what was measured, less the margin."""
    floors = Floors(model, {capability.name: floor_for(capability) for capability in found})
    _floors().write_bytes(msgspec.json.format(msgspec.json.encode(floors), indent=2) + b"\n")
    return floors


def floor_for(found: Capability) -> float:
    """The floor of a capability, rounded down to a hundredth; never below 0."""
    missed = max(1.0, MARGIN * found.cases)
    return max(0, int(100 * (found.passed - missed) / found.cases)) / 100


def _floors() -> Path:
    with resources.as_file(resources.files("models.evaluation.behaviour") / "floors.json") as path:
        return path
