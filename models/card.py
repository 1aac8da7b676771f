"""The card of an artefact, in Markdown, from its manifest: what it is, what it was made of, how good it is, its limits.

Everything that the card says is in the manifest or follows from it; nothing is measured here.
"""

from __future__ import annotations

from models.manifest import Figures, Manifest

_LIMITS = (
    "English only. Other languages are answered, and the answer means little.",
    "Trained on tweets of 2012 to 2016: later words, emoji and habits of writing are known only from the pretraining.",
    "Reads sentiment of the whole post, not toward a company in it: 'X is better than Y' gets one answer.",
    "Irony and sarcasm are mostly taken at their word.",
    "Names, dialects and reclaimed words can move the answer; do not use it to judge people.",
)


def render_card(manifest: Manifest) -> str:
    """The card, in Markdown."""
    shape, training = manifest.encoder, manifest.training
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        "Reads from a short public post what it feels: negative, neutral or positive, with calibrated probabilities.",
        "",
        f"- **Network**: {shape.layers} layers × {shape.hidden}, {shape.vocabulary} word pieces, "
        f"first {shape.max_tokens} tokens of a text; {manifest.quantisation}.",
        f"- **Base**: {manifest.base.name} ({manifest.base.licence}), SHA-256 `{manifest.base.sha256}`.",
        f"- **Licence**: {manifest.licence}. {manifest.base.notice}",
        f"- **Training**: {training.steps} steps in {training.seconds / 60:.0f} minutes ({training.precision}), "
        f"seed {training.seed}, code {training.code_version}, configuration SHA-256 `{training.config_sha256[:16]}…`.",
        f"- **Clean-up of texts**: `{manifest.normalisation}`.",
        "",
        "## Intended use",
        "",
        "To notice that many people complain about a company at once, and to sort mentions for a reader. Not to decide "
        "about a single person on the strength of a single post.",
        "",
        "## Heads",
        "",
        "| head | labels | temperature | shift of the logits | not sure below |",
        "|---|---|--:|---|--:|",
    ]
    for name, head in manifest.heads.items():
        shift = ", ".join(f"{value:+.2f}" for value in head.shift)
        lines.append(f"| {name} | {', '.join(head.labels)} | {head.temperature:.3f} | {shift} | {head.sure:.2f} |")
    lines += ["", "## Data", "", "| data | used for | texts | licence as stated |", "|---|---|--:|---|"]
    lines += [f"| {data.name} | {data.use} | {data.texts:,} | {data.licence} |" for data in manifest.data]
    for found in manifest.figures:
        lines += ["", *_figures(found)]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in _LIMITS)]
    lines += ["", "## Files", "", "| file | bytes | SHA-256 |", "|---|--:|---|"]
    lines += [f"| {name} | {info.bytes:,} | `{info.sha256}` |" for name, info in manifest.files.items()]
    return "\n".join(lines) + "\n"


def _figures(found: Figures) -> list[str]:
    recall = found.macro_recall
    per_label = ", ".join(f"{label} {value:.1%}" for label, value in found.recalls.items())
    lines = [
        f"## Figures: {found.head} on {found.data}",
        "",
        f"{found.texts:,} texts that were not trained on. One seed; the interval is for the sample of texts alone.",
        "",
        f"- Macro-recall **{recall.value:.1%}** (95 % bootstrap interval {recall.low:.1%} – {recall.high:.1%}): "
        f"{per_label}.",
        f"- Before quantisation {found.fp32_macro_recall:.1%}; the label is the same for {found.fp32_same_label:.1%}.",
        f"- Calibration error {found.calibration_error:.3f} (15 bins).",
        "",
        "| confidence at least | share of texts | accuracy on them |",
        "|--:|--:|--:|",
    ]
    return lines + [
        f"| {least:.1f} | {share:.1%} | {right:.1%} |" for least, share, right in found.accuracy_by_confidence
    ]
