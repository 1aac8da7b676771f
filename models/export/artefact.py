"""Exports a finished training run as an artefact: graph, tokenizer, heads, manifest."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec
import onnxruntime
import structlog
import torch
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from models.export.activations import layer_inputs
from models.export.calibrate import shifted, tempered
from models.export.graph import write
from models.export.inference import judged_by
from models.export.measure import measure
from models.export.recalibrate import BOTH, FIGURES
from models.export.sketching import fit_sketch
from models.export.weights import quantised_weights
from models.manifest import (
    FORMAT,
    MODEL,
    TOKENIZER,
    WEIGHTS,
    Data,
    Encoder,
    FileInfo,
    Head,
    Manifest,
    PretrainedBase,
    Training,
    digest,
    save_manifest,
    verify,
)
from models.network import MultiHead
from models.runtime.onnx_cpu import open_session
from models.text import NORMALISATION
from models.training.config import BaseConfig, SourceConfig, TrainConfig, read_config
from models.training.dataset.batches import Tokens, tokens
from models.training.dataset.loading import Pool, read_pool
from models.training.dev_metrics import labels_of
from models.training.pretrained import open_base
from models.training.report import RunReport, read_report
from models.training.warm_start import held
from pipeline.errors import TerminalError

log = structlog.get_logger()

NOTICE = "NOTICE"
QUANTISATION = "weights int8 (one scale an output, word embeddings one a row), activations 8 bits in fixed ranges"


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run: the network with its kept weights."""

    config: TrainConfig
    report: RunReport
    model: MultiHead
    tokenizer: Tokenizer
    encoder: Encoder
    pool: Pool

    def tokens(self, part: str) -> Tokens:
        """The examples of a part, as the network reads them."""
        return tokens(getattr(self.pool, part), self.tokenizer, list(self.config.post_heads))


def export(config: TrainConfig, folder: Path) -> Manifest:
    """Write the artefact of the run in `config.output` to a folder; gives its manifest.

    Raises `TerminalError` when the run is not finished or is another configuration's.
    """
    trained = read_run(config)
    heads = sorted(config.heads)
    seen = layer_inputs(trained.model, trained.tokens("train").ids)
    state = load_file(config.output / "weights.safetensors")
    sketch = fit_sketch(trained.model, trained.tokenizer, trained.pool)
    state |= {name: value.numpy() for name, value in sketch.items()}
    write(folder, quantised_weights(state, trained.encoder, heads, seen), trained.encoder, heads)
    trained.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    (folder / NOTICE).write_text(f"{config.base.notice}\n", encoding="utf-8")
    session = open_session(folder / MODEL, config.threads)
    manifest = _manifest(trained, _calibrated(trained, session), folder)
    save_manifest(manifest, folder)
    found = measure(trained.model, trained.tokenizer, config, trained.pool, manifest.heads, folder)
    save_manifest(msgspec.structs.replace(manifest, figures=found), folder)
    return verify(folder)


def read_run(config: TrainConfig) -> Trained:
    """A finished run, with its data read anew.

    Raises `TerminalError` when it is not finished or is another configuration's.
    """
    if not (config.output / "run.json").is_file():
        raise TerminalError("no finished training run", subject=str(config.output), todo="Run `model train` first")
    report = read_report(config.output)
    if report.fingerprint != config.fingerprint:
        raise TerminalError(
            "is the run of another configuration", subject=str(config.output), todo="Train anew, or name its own file"
        )
    base = open_base(config.base, config.max_tokens)
    model = MultiHead(base.encoder, config.post_heads, config.target_labels)
    weights = load_file(config.output / "weights.safetensors")
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=False)
    shape = model.encoder.config
    encoder = Encoder(
        layers=shape.num_hidden_layers,
        hidden=shape.hidden_size,
        attention_heads=shape.num_attention_heads,
        intermediate=shape.intermediate_size,
        vocabulary=shape.vocab_size,
        max_tokens=config.max_tokens,
    )
    return Trained(config, report, model.eval(), base.tokenizer, encoder, read_pool(config))


def _calibrated(trained: Trained, session: onnxruntime.InferenceSession) -> dict[str, Head]:
    learnt = trained.tokens("train")
    found = judged_by(session, trained.tokenizer, trained.config, trained.pool)
    out = {}
    for name, head in trained.config.heads.items():
        out[name] = tempered(shifted(head, labels_of(learnt, name)), found[name])
        log.info("calibrated", head=name, temperature=out[name].temperature, shift=out[name].shift)
    return out


def _manifest(trained: Trained, heads: dict[str, Head], folder: Path) -> Manifest:
    config, report = trained.config, trained.report
    files = (MODEL, WEIGHTS, TOKENIZER, NOTICE)
    learnt = config.model_dump_json(
        by_alias=True, exclude={"data": True, "output": True, "threads": True, "teacher": True, "begin": {"artefact"}}
    )
    begun = held(config.begin) if config.begin else None
    teachers = [base for path in config.teacher.configs for base in _bases(read_config(path))] if config.teacher else []
    return Manifest(
        format=FORMAT,
        name=config.name,
        version=config.version,
        licence="Apache-2.0",
        normalisation=NORMALISATION,
        quantisation=QUANTISATION,
        encoder=trained.encoder,
        heads=heads,
        base=_base(config.base),
        teachers=list({base.sha256: base for base in teachers + (begun.teachers if begun else [])}.values()),
        data=_data(trained),
        training=Training(
            seed=report.seed,
            steps=report.steps,
            seconds=report.seconds,
            precision=report.precision,
            config_sha256=hashlib.sha256(learnt.encode()).hexdigest(),
            code_version=_code_version(),
            seeds=report.seeds,
            begun_with=begun.ref if begun else None,
        ),
        figures=[],
        files={name: FileInfo(digest(folder / name), (folder / name).stat().st_size) for name in files},
    )


def _bases(teacher: TrainConfig) -> list[PretrainedBase]:
    """A teacher's own, and those that an artefact which it begins with has learnt from."""
    return [_base(teacher.base), *(held(teacher.begin).teachers if teacher.begin else [])]


def _base(base: BaseConfig) -> PretrainedBase:
    return PretrainedBase(base.name, base.licence, base.sha256, base.notice)


def _uses(source: SourceConfig) -> dict[str, str]:
    reported = BOTH if source.taught and source.head else FIGURES
    return {"train": "training", "dev": "early stopping", "calibration": "calibration", "report": reported}


def _data(trained: Trained) -> list[Data]:
    return [
        Data(source.name, source.licence, f"{source.head or 'no label'}: {use}", count)
        for source in trained.config.sources
        for part, use in _uses(source).items()
        if (count := trained.pool.counts[source.name, part])
    ]


def _code_version() -> str:
    """The version of the package and, in a checkout, the commit."""
    try:
        version = importlib.metadata.version("groundswell")
    except importlib.metadata.PackageNotFoundError:
        version = "0"
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        commit = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10, cwd=Path(__file__).parent
        )
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version}+{commit.stdout.strip()}"
