"""From a finished training run to an artefact: 8-bit graph, tokenizer, calibration, figures, manifest."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import structlog
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from models.export.activations import layer_inputs
from models.export.calibrate import calibrated
from models.export.graph import write
from models.export.measure import measure
from models.export.sketching import fit_sketch
from models.export.weights import quantised_weights
from models.manifest import (
    FORMAT,
    MANIFEST,
    MODEL,
    TOKENIZER,
    WEIGHTS,
    Base,
    Data,
    Encoder,
    FileInfo,
    Head,
    Manifest,
    Training,
    digest,
    verify,
)
from models.runtime.onnx_cpu import open_session
from models.text import NORMALISATION
from models.training.bases import open_base
from models.training.batches import Tokens, gather, tokens
from models.training.beginning import held
from models.training.config import BaseConfig, TrainConfig, read_config
from models.training.data import Pool, read_pool
from models.training.looking import labels_of
from models.training.network import MultiHead
from models.training.report import RunReport, read_report
from models.training.teaching import logits
from pipeline.errors import TerminalError

log = structlog.get_logger()

NOTICE = "NOTICE"
QUANTISATION = "weights int8 (one scale an output, word embeddings one a row), activations 8 bits in fixed ranges"
Logits = Mapping[str, NDArray[np.float32]]


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
    small = small_logits(session, trained.tokens("calibration"))
    calibration = _calibration(trained, small)
    manifest = _manifest(trained, calibration, folder)
    _save(manifest, folder)
    found = measure(trained.model, trained.tokenizer, config, trained.pool, manifest.heads, folder)
    _save(msgspec.structs.replace(manifest, figures=found), folder)
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


def small_logits(session: onnxruntime.InferenceSession, data: Tokens, size: int = 16) -> Logits:
    """Logits of the exported graph: of each head for all examples, of the target head for all targets."""
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    names = [output.name for output in session.get_outputs() if output.name.startswith("logits.")]
    out: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(order), size):
        batch = gather(data, order[start : start + size])
        spans, texts = batch.spans.numpy(), batch.texts.numpy()
        if not len(texts):  # the graph wants one target at least
            spans, texts = batch.mask[:1].numpy(), np.zeros(1, np.int64)
        fed = {"ids": batch.ids.numpy(), "mask": batch.mask.numpy(), "spans": spans, "texts": texts}
        for output, found in zip(names, session.run(names, fed), strict=True):
            name = output.removeprefix("logits.")
            rows = batch.asked if name == "target" else batch.rows
            if name not in out:
                count = sum(map(len, data.targets)) if name == "target" else len(order)
                out[name] = np.zeros((count, found.shape[1]), np.float32)
            out[name][rows] = found[: len(rows)]
    return out


def full_logits(model: MultiHead, data: Tokens) -> Logits:
    """The same of the network before quantisation."""
    return {name: value.astype(np.float32) for name, value in logits(model, data, torch.device("cpu"), "fp32").items()}


def _calibration(trained: Trained, found: Logits) -> dict[str, Head]:
    kept, learnt = trained.tokens("calibration"), trained.tokens("train")
    out = {}
    for name, head in trained.config.heads.items():
        out[name] = calibrated(head, found[name], labels_of(kept, name), labels_of(learnt, name))
        log.info("calibrated", head=name, temperature=out[name].temperature, shift=out[name].shift)
    return out


def _save(manifest: Manifest, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def _manifest(trained: Trained, heads: dict[str, Head], folder: Path) -> Manifest:
    config, report = trained.config, trained.report
    files = (MODEL, WEIGHTS, TOKENIZER, NOTICE)
    learnt = config.model_dump_json(
        exclude={"data": True, "output": True, "threads": True, "teacher": True, "begin": {"artefact"}}
    )
    begun = held(config.begin) if config.begin else None
    teachers = [_base(read_config(path).base) for path in config.teacher.configs] if config.teacher else []
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
        teachers=teachers + (begun.teachers if begun else []),
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


def _base(base: BaseConfig) -> Base:
    return Base(base.name, base.licence, base.sha256, base.notice)


_USES = {"train": "training", "dev": "early stopping", "calibration": "calibration", "report": "figures only"}


def _data(trained: Trained) -> list[Data]:
    return [
        Data(source.name, source.licence, f"{source.head or 'no label'}: {use}", count)
        for source in trained.config.sources
        for part, use in _USES.items()
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
