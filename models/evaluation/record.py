"""Records measured figures in an artefact's manifest, from which its card is rendered.

The manifest is the one file of an artefact whose hash nothing states, so that figures can be added after the export.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from models.figures import Capability, Figures, HardFigures, Retrieval, SeedFigures
from models.manifest import Manifest, read_manifest, save_manifest
from pipeline.errors import TerminalError


def record(
    folder: Path,
    *,
    figures: Sequence[Figures] = (),
    behaviour: Sequence[Capability] = (),
    retrieval: Sequence[Retrieval] = (),
    hard: HardFigures | None = None,
    seeds: Sequence[Path] = (),
) -> Manifest:
    """Write figures into the manifest of an artefact; `seeds` are folders of artefacts that differ in the seed alone,
    or of those whose average it is.

    What was known of the same head and set, or the same encoder and set, is replaced; what only the export can measure
    (the unquantised weights) and the seeds stay as they were.  Raises `TerminalError` when an artefact given for
    another seed is of the same one, or of another configuration of heads.
    """
    manifest = read_manifest(folder)
    found = {(entry.head, entry.data): entry for entry in manifest.figures}
    for entry in figures:
        found[entry.head, entry.data] = _merged(found.get((entry.head, entry.data)), entry)
    if seeds:
        others = [_run(manifest, other) for other in seeds]
        runs = others if manifest.training.seeds else [manifest, *others]
        found = {key: msgspec.structs.replace(entry, seeds=_seeds(runs, key)) for key, entry in found.items()}
    encoders = {(entry.encoder, entry.data): entry for entry in [*manifest.retrieval, *retrieval]}
    manifest = msgspec.structs.replace(
        manifest,
        figures=list(found.values()),
        behaviour=list(behaviour) or manifest.behaviour,
        retrieval=list(encoders.values()),
        hard=manifest.hard if hard is None else hard,
    )
    save_manifest(manifest, folder)
    return manifest


def _merged(before: Figures | None, now: Figures) -> Figures:
    if before is None:
        return now
    return msgspec.structs.replace(
        now,
        fp32=before.fp32 if now.fp32 is None else now.fp32,
        fp32_same_label=before.fp32_same_label if now.fp32_same_label is None else now.fp32_same_label,
        seeds=now.seeds or before.seeds,
        compared=now.compared or before.compared,
    )


def _run(manifest: Manifest, folder: Path) -> Manifest:
    other = read_manifest(folder)
    if other.training.seed == manifest.training.seed and not manifest.training.seeds:
        raise TerminalError(f"has the same seed, {other.training.seed}", subject=str(folder), todo="Train with another")
    if other.heads.keys() != manifest.heads.keys():
        raise TerminalError("has other heads", subject=str(folder), todo="Name artefacts of the same configuration")
    return other


def _seeds(runs: Sequence[Manifest], key: tuple[str, str]) -> tuple[SeedFigures, ...]:
    out = []
    for run in runs:
        for entry in run.figures:
            if (entry.head, entry.data) == key:
                metrics = {name: value.value for name, value in entry.metrics.items()}
                if entry.calibration_error is not None:
                    metrics["calibration error"] = entry.calibration_error.value
                out.append(SeedFigures(run.training.seed, metrics))
    return tuple(out)
