"""Recalibration of an artefact on held-out texts; its weights stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from msgspec.structs import replace

from models.evaluation.record import record
from models.evaluation.suite import measure, tasks
from models.export.calibrate import tempered
from models.export.inference import judged_by
from models.manifest import MODEL, TOKENIZER, Data, Manifest, save_manifest, verify
from models.runtime.batching import read_tokenizer
from models.runtime.onnx_cpu import OnnxScorer, open_session
from models.training.config import TrainConfig
from models.training.dataset.loading import read_pool
from pipeline.errors import TerminalError

log = structlog.get_logger()

FIGURES, BOTH = "figures only", "figures and, tenth by tenth, calibration"
"""What reported texts are used for, before and after temperatures are fitted on them too."""


def recalibrate(folder: Path, config: TrainConfig, version: str, notify: Callable[[str], None]) -> Manifest:
    """Fit the temperatures of the artefact in a folder on the texts that a configuration keeps aside, and measure it
    anew; gives its manifest.  Mentions carry the new version, since their probabilities differ.

    Raises `TerminalError` when the version is the one it has, or a head has no text kept aside.
    """
    manifest = verify(folder)
    if version == manifest.version:
        raise TerminalError("has this version already", subject=f"{manifest.name} {version}", todo="Name a higher one")
    pool = read_pool(config, notify)
    notify("asking the model about the texts kept aside")
    session = open_session(folder / MODEL, config.threads)
    found = judged_by(session, read_tokenizer(folder / TOKENIZER, manifest.encoder.max_tokens), config, pool)
    heads = {name: tempered(head, found[name]) for name, head in manifest.heads.items()}
    for name, head in heads.items():
        log.info("calibrated", head=name, before=manifest.heads[name].temperature, now=head.temperature)
    save_manifest(replace(manifest, version=version, heads=heads, data=_data(manifest, config)), folder)
    scorer = OnnxScorer(folder, threads=config.threads)
    return record(folder, figures=measure(scorer, tasks(pool, list(heads)), compare=False, notify=notify))


def _data(manifest: Manifest, config: TrainConfig) -> list[Data]:
    used = {source.name for source in config.sources if source.taught and source.head}
    return [replace(data, use=data.use.replace(FIGURES, BOTH)) if data.name in used else data for data in manifest.data]
