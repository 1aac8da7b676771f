"""Tables of figures for the terminal: all sets side by side, or one set in detail."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from models.figures import CalibrationChance, Capability, Figures, HardFigures, Interval

_COLUMNS = (
    *("head", "set", "rows", "metric", "system", "figure", "the model is ahead by"),
    *("calibration error", "of it by chance"),
)


def table(found: Sequence[Figures], model: str) -> Table:
    """A row for each system on each set: the official metric, and how much the model is ahead of the others."""
    out = Table(title="95 % bootstrap intervals; ahead: the model's figure less the other's, on the same resamples")
    for name in _COLUMNS:
        out.add_column(name, justify="right" if name in {"rows", "figure"} else "left")
    for figures in found:
        calibration = "" if figures.calibration_error is None else in_brackets(figures.calibration_error, "{:.3f}")
        chance = "" if figures.calibration_chance is None else by_chance(figures.calibration_chance)
        figure = in_brackets(figures.official)
        out.add_row(
            figures.head, figures.data, f"{figures.texts:,}", figures.metric, model, figure, "", calibration, chance
        )
        for other in figures.compared:
            out.add_row("", "", "", "", other.name, in_brackets(other.metric), points(other.ahead))
        further = "   ".join(
            f"{name} {in_brackets(value)}" for name, value in figures.metrics.items() if name != figures.metric
        )
        out.add_row("", "", "", "", "", "", f"[dim]also: {further}[/]", end_section=True)
    return out


def behaviour_table(found: Sequence[Capability], floors: dict[str, float]) -> Table:
    """A row for each capability: how many cases there are, how many are met, and how many must be."""
    out = Table(title=f"Behaviour: {sum(capability.cases for capability in found)} cases")
    for name in ("capability", "cases", "met", "floor"):
        out.add_column(name, justify="left" if name == "capability" else "right")
    for capability in found:
        floor = floors.get(capability.name)
        low = floor is not None and capability.rate < floor
        met = f"[bold red]{capability.rate:.1%}[/]" if low else f"{capability.rate:.1%}"
        out.add_row(capability.name, str(capability.cases), met, "" if floor is None else f"{floor:.0%}")
    return out


def hard_table(found: HardFigures) -> Table:
    """A row for all hard posts, each category and each language: targets right, and surely wrong."""
    title = (
        f"Unseen hard posts: direction right {in_brackets(found.direction.interval)} of {found.direction.of} pairs, "
        f"sentiment of the post {in_brackets(found.sentiment.interval)}"
    )
    out = Table(title=title)
    for name in ("by", "part", "posts", "targets", "right", "surely wrong"):
        out.add_column(name, justify="left" if name in {"by", "part"} else "right")
    for part in (found.all, *found.parts):
        shares = (in_brackets(share.interval) for share in (part.right, part.surely_wrong))
        out.add_row(part.by, part.name, str(part.posts), str(part.right.of), *shares)
    return out


def render(figures: Figures) -> str:
    """The figures of one set in words."""
    lines = [f"{figures.head} on {figures.data}: {figures.texts:,} texts"]
    lines += [
        f"  {name:<18} {value.value:.4f}  (95 % interval {value.low:.4f} – {value.high:.4f})"
        for name, value in figures.metrics.items()
    ]
    lines.append(
        "  recall             " + ", ".join(f"{label} {value:.4f}" for label, value in figures.recalls.items())
    )
    if figures.calibration_error is not None:
        lines.append(f"  calibration error  {figures.calibration_error.value:.4f}  (15 bins)")
    if figures.calibration_chance is not None:
        lines.append(f"  by chance alone    {by_chance(figures.calibration_chance)}")
    if figures.fp32 is not None and figures.fp32_same_label is not None:
        lines.append(
            f"  against fp32       {figures.fp32:.4f} {figures.metric}, {figures.fp32_same_label:.2%} same labels"
        )
    if figures.accuracy_by_confidence:
        lines.append("  confidence at least → share of texts, accuracy on them")
    lines += [f"    {least:.1f} → {share:6.1%}, {right:.1%}" for least, share, right in figures.accuracy_by_confidence]
    return "\n".join(lines)


def in_brackets(value: Interval, form: str = "{:.1%}") -> str:
    """A figure with its interval, such as `71.3% (69.0% – 73.4%)`."""
    return f"{form.format(value.value)} ({form.format(value.low)} – {form.format(value.high)})"


def by_chance(found: CalibrationChance) -> str:
    """What of a calibration error may be chance, such as `0.041 (at most 0.062), 0.035 without`."""
    return f"{found.mean:.3f} (at most {found.high:.3f}), {found.debiased:.3f} without"


def points(value: Interval) -> str:
    """A difference in points, such as `+3.1 (+0.9 – +5.2)`."""
    low, high = 100 * value.low, 100 * value.high
    return f"{100 * value.value:+.1f} ({low:+.1f} – {high:+.1f})"
