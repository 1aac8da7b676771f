"""Model card in Markdown, rendered from an artefact's manifest.

What the artefact is, what it was made of, how good it is, and its limits.

Everything that the card says is in the manifest or follows from it; nothing is measured here.
"""

from __future__ import annotations

from models.evaluation import sections
from models.manifest import Manifest, PretrainedBase, Training
from pipeline.text.out_of_domain import LONG

_READS = {
    "sentiment": "what the post feels",
    "target": "what the post feels toward a name in it, by the places of the name",
    "offensive": "offensive language",
    "hate": "hate against a group of people",
    "irony": "irony and sarcasm",
    "emotion": "the emotion that fits best",
    "complaint": "a complaint of a customer",
    "question": "a question",
    "praise": "strong praise",
}

_LIMITS = (
    f"English only. Texts in other languages, without words, of hashtags alone, of code, or of more than {LONG:,} "
    "characters are answered all the same; the pipeline says so (`untrained`), and never takes the answer for sure.",
    "Trained on posts of 2012 to 2020, mostly from one network: later words, emoji and habits of writing are known "
    "only from the pretraining of the base.",
    "Only the first {max_tokens} tokens of a text are read. Toward a name beyond them the answer is that for the post.",
    "Hate is learnt from posts about women and immigrants; hate against others is found less reliably.",
    "Names, dialects and reclaimed words can move an answer; see the figures by dialect, and do not use it to judge "
    "people.",
)


def render_card(manifest: Manifest) -> str:
    """The card, in Markdown."""
    lines = [
        *_opening(manifest),
        *_use(manifest),
        *_heads(manifest),
        "",
        *sections.figures_section(manifest.figures),
        *sections.compared_section(manifest.figures),
        *sections.coverage_section(manifest.figures),
        *sections.slices_section(manifest.figures),
        *sections.behaviour_section(manifest.behaviour),
        *sections.hard_section(manifest.hard),
        *sections.weaknesses_section(manifest.behaviour),
        *sections.retrieval_section(manifest.retrieval),
        *_data(manifest),
        "",
        "## Limits",
        "",
        *(f"- {limit.format(max_tokens=manifest.encoder.max_tokens)}" for limit in _limits(manifest)),
        *_files(manifest),
    ]
    return "\n".join(lines) + "\n"


def _opening(manifest: Manifest) -> list[str]:
    shape, training = manifest.encoder, manifest.training
    return [
        f"# {manifest.name} {manifest.version}",
        "",
        f"Reads from a short public post, with calibrated probabilities: {_read_by(manifest)}.",
        "",
        f"- **Network**: {shape.layers} layers × {shape.hidden}, {shape.vocabulary:,} word pieces, "
        f"first {shape.max_tokens} tokens of a text; {manifest.quantisation}.",
        f"- **Base**: {_base(manifest.base)} {manifest.base.notice}",
        *(
            f"- **Teacher** (nothing of its weights is here): {_base(teacher)} {teacher.notice}"
            for teacher in manifest.teachers
        ),
        f"- **Licence**: {manifest.licence}.",
        f"- **Training**: {training.steps:,} steps in {training.seconds / 60:.0f} minutes ({training.precision}), "
        f"{_seeds(training)}{_begun(training)}, code {training.code_version}, "
        f"configuration SHA-256 `{training.config_sha256[:16]}…`.",
        f"- **Clean-up of texts**: `{manifest.normalisation}`.",
    ]


def _seeds(training: Training) -> str:
    if not training.seeds:
        return f"seed {training.seed}"
    return f"the mean of the weights of seeds {', '.join(map(str, training.seeds))}"


def _begun(training: Training) -> str:
    return (
        ""
        if training.begun_with is None
        else f", gone on from {training.begun_with.name} {training.begun_with.version}"
    )


def _read_by(manifest: Manifest) -> str:
    return "; ".join(_READS.get(name, name) for name in manifest.heads)


def _base(base: PretrainedBase) -> str:
    return f"{base.name} ({base.licence}), SHA-256 `{base.sha256}`."


def _use(manifest: Manifest) -> list[str]:
    use = (
        "To notice that many people complain about a company at once, to sort mentions for a reader and to route them "
        "to a department."
    )
    if "hate" in manifest.heads:
        use += " Offensive language and hate are read to spare people the sight of them, not to punish anybody."
    return [
        "",
        "## Intended use",
        "",
        f"{use} Not to decide about a single person on the strength of a single post, and not to profile people.",
    ]


def _heads(manifest: Manifest) -> list[str]:
    lines = [
        "",
        "## Heads",
        "",
        "| head | reads | labels | temperature | shift of the logits | not sure below |",
        "|---|---|---|--:|---|--:|",
    ]
    for name, head in manifest.heads.items():
        shift = ", ".join(f"{value:+.2f}" for value in head.shift)
        labels, reads = ", ".join(head.labels), _READS.get(name, "")
        lines.append(f"| {name} | {reads} | {labels} | {head.temperature:.3f} | {shift} | {head.sure:.2f} |")
    return lines


def _data(manifest: Manifest) -> list[str]:
    lines = ["", "## Data", "", "| data | used for | texts | licence as stated |", "|---|---|--:|---|"]
    return lines + [f"| {data.name} | {data.use} | {data.texts:,} | {data.licence} |" for data in manifest.data]


def _limits(manifest: Manifest) -> list[str]:
    limits = list(_LIMITS)
    if "target" not in manifest.heads:
        limits.append(
            "Reads sentiment of the whole post, not toward a name in it: 'X is better than Y' gets one answer."
        )
    if "hate" not in manifest.heads:
        limits = [limit for limit in limits if not limit.startswith("Hate")]
    return limits


def _files(manifest: Manifest) -> list[str]:
    lines = ["", "## Files", "", "| file | bytes | SHA-256 |", "|---|--:|---|"]
    return lines + [f"| {name} | {info.bytes:,} | `{info.sha256}` |" for name, info in manifest.files.items()]
