"""Sections of a model card: figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, stdev

from models.evaluation.table import by_chance, in_brackets, points
from models.figures import Capability, Figures, HardFigures, Retrieval

WEAK = 0.8
"""Share of the cases of a capability below which the card shows what goes wrong."""


def figures_section(found: Sequence[Figures]) -> list[str]:
    """One row a set: the official metric with its interval, its spread over seeds, calibration, cost of 8 bits."""
    rows = [
        (
            figures.head,
            figures.data,
            f"{figures.texts:,}",
            figures.metric,
            f"**{in_brackets(figures.official)}**",
            _spread(figures),
            "" if figures.calibration_error is None else in_brackets(figures.calibration_error, "{:.3f}"),
            "" if figures.calibration_chance is None else by_chance(figures.calibration_chance),
            "" if figures.fp32 is None else f"{figures.fp32:.1%}, {figures.fp32_same_label or 0.0:.1%} same labels",
        )
        for figures in found
    ]
    head = (
        "head", "set", "rows", "metric", "figure", "over seeds", "calibration error (15 bins)", "of it by chance",
        "before quantisation",
    )  # fmt: skip
    return [
        "## Figures",
        "",
        "On rows that nothing was fitted on but temperatures, which change no label: each tenth of the rows is judged "
        "by the temperature that is found without it. In brackets the 95 % bootstrap interval, which tells of the "
        "sample of rows alone. Over seeds: mean and standard deviation of whole training runs. By chance: the "
        "calibration error "
        "that honest probabilities would show on as many rows, on average and in 95 of 100 draws at most, and what is "
        "left of the error without its bias.",
        "",
        *_table(head, rows, "llrl"),
        *_further(found),
    ]


def _spread(figures: Figures) -> str:
    values = [seed.metrics[figures.metric] for seed in figures.seeds if figures.metric in seed.metrics]
    if not values:
        return "one seed"
    return f"{mean(values):.1%} ± {stdev(values) if len(values) > 1 else 0.0:.1%} ({len(values)} seeds)"


def _further(found: Sequence[Figures]) -> list[str]:
    lines = []
    for figures in found:
        others = ", ".join(
            f"{name} {in_brackets(value)}" for name, value in figures.metrics.items() if name != figures.metric
        )
        per_label = ", ".join(f"{label} {value:.1%}" for label, value in figures.recalls.items())
        lines.append(f"- {figures.head} on {figures.data}: {others}; recall: {per_label}.")
    return ["", *lines] if lines else []


def compared_section(found: Sequence[Figures]) -> list[str]:
    """Other systems on the same rows; nothing where none was compared."""
    rows = [
        (figures.head, figures.data, other.name, in_brackets(other.metric), points(other.ahead))
        for figures in found
        for other in figures.compared
    ]
    head = ("head", "set", "system", "figure", "the model is ahead by (points)")
    return ["", "## Beside others, on the same rows", "", *_table(head, rows, "lllrr")] if rows else []


def coverage_section(found: Sequence[Figures]) -> list[str]:
    """What is left, and how right it is, when answers below a confidence are passed over."""
    curves = [figures for figures in found if figures.accuracy_by_confidence]
    if not curves:
        return []
    levels = [level for level, _, _ in curves[0].accuracy_by_confidence]
    rows = [
        (
            figures.head,
            figures.data,
            *(f"{share:.0%}: {right:.1%}" for _, share, right in figures.accuracy_by_confidence),
        )
        for figures in curves
    ]
    return [
        "",
        "## Coverage and accuracy",
        "",
        "Share of the rows whose confidence is at least this, and the accuracy on them.",
        "",
        *_table(("head", "set", *(f"≥ {level:.1f}" for level in levels)), rows, "ll" + "r" * len(levels)),
    ]


def slices_section(found: Sequence[Figures]) -> list[str]:
    """Where it is better and worse; nothing where that was not measured."""
    rows = [
        (
            figures.head, figures.data, part.by, part.name, f"{part.texts:,}", in_brackets(part.metric),
            "" if part.false_alarms is None else f"{part.false_alarms:.1%}",
        )
        for figures in found
        for part in figures.slices
    ]  # fmt: skip
    if not rows:
        return []
    return [
        "",
        "## By length, style and dialect",
        "",
        "Parts are told by rough rules from the text alone (`models/evaluation/slices.py`): many a text in a dialect "
        "has no mark of it. False alarms: texts labelled no that are called yes.",
        "",
        *_table(("head", "set", "by", "part", "rows", "accuracy", "false alarms"), rows, "llllrrr"),
    ]


def behaviour_section(found: Sequence[Capability]) -> list[str]:
    """How many of our own checks are met, by capability."""
    if not found:
        return []
    rows = [(capability.name, str(capability.cases), f"{capability.rate:.0%}") for capability in found]
    cases = sum(capability.cases for capability in found)
    return [
        "",
        "## Behaviour",
        "",
        f"{cases} cases of our own, in the manner of CheckList (Ribeiro et al., 2020).",
        "",
        *_table(("capability", "cases", "met"), rows, "lrr"),
    ]


def hard_section(found: HardFigures | None) -> list[str]:
    """Hard posts that no model was trained on: how many targets are read right, and how many surely wrong."""
    if found is None:
        return []
    rows = [
        (
            part.by,
            part.name,
            str(part.posts),
            str(part.right.of),
            in_brackets(part.right.interval),
            in_brackets(part.surely_wrong.interval),
        )
        for part in (found.all, *found.parts)
    ]
    return [
        "",
        "## Hard posts",
        "",
        f"{found.all.posts} posts of our own that no model was trained on (`models/hard_posts/unseen.jsonl`). Surely "
        "wrong: of all targets, those read wrong by an answer that the pipeline calls sure. Direction, in comparisons "
        f"and switching: {in_brackets(found.direction.interval)} of {found.direction.of} pairs. Sentiment of the post: "
        f"{in_brackets(found.sentiment.interval)}.",
        "",
        *_table(("by", "part", "posts", "targets", "right", "surely wrong"), rows, "llr"),
    ]


def weaknesses_section(found: Sequence[Capability]) -> list[str]:
    """Examples of what goes wrong where much does."""
    weak = [capability for capability in found if capability.rate < WEAK and capability.failures]
    if not weak:
        return []
    lines = ["", "## Known weaknesses", ""]
    for capability in sorted(weak, key=lambda capability: capability.rate):
        missed = capability.cases - capability.passed
        lines.append(f"- **{capability.name}**: {missed} of {capability.cases} cases are not met, such as")
        lines += [f"  - {failure}" for failure in capability.failures]
    return lines


def retrieval_section(found: Sequence[Retrieval]) -> list[str]:
    """Whether embeddings find paraphrases, before and after fine-tuning."""
    rows = [
        (
            entry.encoder,
            entry.data,
            f"{entry.groups:,}",
            f"{entry.recall_at_1:.1%}",
            f"{entry.mean_reciprocal_rank:.3f}",
        )
        for entry in found
    ]
    head = ("embedding of", "set", "groups", "recall at 1", "mean reciprocal rank")
    return ["", "## Retrieval of paraphrases", "", *_table(head, rows, "llrrr")] if rows else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> list[str]:
    """`sides` has l or r for each column; the last one holds for those beyond."""
    rules = [sides[min(index, len(sides) - 1)] for index in range(len(head))]
    lines = [head, ["--:" if side == "r" else "---" for side in rules], *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
