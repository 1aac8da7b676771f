"""The card says everything that the manifest knows."""

from __future__ import annotations

import msgspec

from models.card import render_card
from models.figures import (
    CalibrationChance,
    Capability,
    Compared,
    Figures,
    Interval,
    Retrieval,
    SeedFigures,
    Slice,
)
from models.manifest import SHIPPED, Head, PretrainedBase, read_manifest

FIGURES = Figures(
    head="irony",
    data="own | rows",
    texts=1_234,
    metric="F1 of yes",
    metrics={"F1 of yes": Interval(0.7, 0.65, 0.75), "accuracy": Interval(0.8, 0.78, 0.82)},
    recalls={"no": 0.9, "yes": 0.6},
    calibration_error=Interval(0.031, 0.02, 0.04),
    accuracy_by_confidence=[(0.0, 1.0, 0.8), (0.9, 0.5, 0.95)],
    fp32=0.712,
    fp32_same_label=0.991,
    seeds=tuple(SeedFigures(seed, {"F1 of yes": 0.68 + 0.02 * seed}) for seed in (1, 2, 3)),
    slices=(Slice("length", "short", 300, Interval(0.77, 0.7, 0.8), 0.12),),
    compared=(Compared("VADER", Interval(0.5, 0.4, 0.6), Interval(0.2, 0.1, 0.3)),),
    calibration_chance=CalibrationChance(0.021, 0.033, 0.018),
)

MANIFEST = msgspec.structs.replace(
    read_manifest(SHIPPED),
    heads={"sentiment": Head(("a", "b"), 1.0, (0.0, 0.0), 0.5), "hate": Head(("no", "yes"), 1.0, (0.0, 0.0), 0.5)},
    figures=[FIGURES],
    behaviour=[
        Capability("sarcasm", 20, 5, ("“Oh great.”: expected negative, answered positive",)),
        Capability("emoji", 10, 9),
    ],
    retrieval=[Retrieval("base", "pairs", 1_000, 0.913, 0.94)],
    teachers=[PretrainedBase("teacher", "MIT", "0" * 64, "by somebody")],
)


def test_every_kind_of_figure_is_on_the_card() -> None:
    card = render_card(MANIFEST)
    for words in (
        "| irony | own \\| rows | 1,234 | F1 of yes | **70.0% (65.0% – 75.0%)** | 72.0% ± 2.0% (3 seeds) |",
        "0.031 (0.020 – 0.040) | 0.021 (at most 0.033), 0.018 without |",
        "71.2%, 99.1% same labels",
        "accuracy 80.0% (78.0% – 82.0%); recall: no 90.0%, yes 60.0%",
        "| VADER | 50.0% (40.0% – 60.0%) | +20.0 (+10.0 – +30.0) |",
        "| 100%: 80.0% | 50%: 95.0% |",
        "| length | short | 300 | 77.0% (70.0% – 80.0%) | 12.0% |",
        "30 cases of our own",
        "| sarcasm | 20 | 25% |",
        "**sarcasm**: 15 of 20 cases are not met, such as\n  - “Oh great.”",
        "| base | pairs | 1,000 | 91.3% | 0.940 |",
        "**Teacher** (nothing of its weights is here): teacher (MIT)",
    ):
        assert words in card, words
    assert "**emoji**" not in card, "what mostly works is no weakness"


def test_the_card_says_what_the_model_is_not_for() -> None:
    card = render_card(MANIFEST)
    assert "English only" in card
    assert "Not to decide about a single person" in card
    assert "not toward a name" in card, "it has no head for that"
    assert f"first {MANIFEST.encoder.max_tokens} tokens" in card
    whole = msgspec.structs.replace(MANIFEST, heads=MANIFEST.heads | {"target": MANIFEST.heads["sentiment"]})
    assert "not toward a name" not in render_card(whole)


def test_tables_have_as_many_cells_as_heads() -> None:
    lines = render_card(MANIFEST).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|") and not lines[number - 1].startswith("|"):
            cells = line.replace("\\|", "").count("|")
            rows = [row for row in lines[number:] if row.startswith("|")]
            stop = next((n for n, row in enumerate(lines[number:]) if not row.startswith("|")), len(rows))
            assert {row.replace("\\|", "").count("|") for row in lines[number : number + stop]} == {cells}


def test_what_was_not_measured_is_left_out() -> None:
    bare = msgspec.structs.replace(MANIFEST, figures=[], behaviour=[], retrieval=[], teachers=[])
    card = render_card(bare)
    assert "Known weaknesses" not in card
    assert "Retrieval" not in card
    assert "By length" not in card
