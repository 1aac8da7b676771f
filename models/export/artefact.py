"""From a finished training run to an artefact: 8-bit graph, tokenizer, calibration, figures, manifest."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from models import answers
from models.evaluation.evaluate import figures
from models.export.calibrate import balancing_shift, fit_temperature
from models.export.graph import quantised_weights, write
from models.manifest import (
    FORMAT,
    MANIFEST,
    MODEL,
    TOKENIZER,
    WEIGHTS,
    Base,
    Data,
    Encoder,
    Figures,
    FileInfo,
    Head,
    Manifest,
    Training,
    digest,
    verify,
)
from models.runtime.onnx_cpu import open_session
from models.runtime.reading import pad
from models.text import NORMALISATION
from models.training import train as training
from models.training.batches import Tokens, tokens, training_tokenizer
from models.training.config import HeadConfig, TrainConfig
from models.training.data import Parts, split
from models.training.network import MultiHead, base_folder, build
from pipeline.errors import TerminalError

log = structlog.get_logger()

NOTICE = "NOTICE"
QUANTISATION = "weights int8 (one scale an output, word embeddings one a row), activations int8 token by token"
Logits = Callable[[str, Tokens], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Trained:
    """A finished run: the network with its kept weights."""

    config: TrainConfig
    report: training.RunReport
    model: MultiHead
    tokenizer: Tokenizer
    encoder: Encoder
    parts: dict[str, Parts]


def export(config: TrainConfig, folder: Path) -> Manifest:
    """Write the artefact of the run in `config.output` to a folder; gives its manifest.

    Raises `TerminalError` when the run is not finished or is another configuration's.
    """
    trained = _read_run(config)
    heads = sorted(config.heads)
    state = load_file(config.output / "weights.safetensors")
    write(folder, quantised_weights(state, trained.encoder, heads), trained.encoder, heads)
    trained.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    (folder / NOTICE).write_text(f"{config.base.notice}\n", encoding="utf-8")
    session = open_session(folder / MODEL, config.threads)

    def small(head: str, data: Tokens) -> NDArray[np.float32]:
        return _onnx_logits(session, head, data)

    def full(head: str, data: Tokens) -> NDArray[np.float32]:
        return np.asarray(training.logits(trained.model, head, data, torch.device("cpu")).numpy())

    calibrated = {name: _calibrate(name, config.heads[name], trained, small) for name in heads}
    found = [_report(name, calibrated[name], trained, small, full) for name in heads if config.heads[name].report]
    manifest = _manifest(trained, calibrated, found, folder)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return verify(folder)


def _read_run(config: TrainConfig) -> _Trained:
    if not (config.output / "run.json").is_file():
        raise TerminalError("no finished training run", subject=str(config.output), todo="Run `model train` first")
    report = training.read_report(config.output)
    if report.fingerprint != config.fingerprint:
        raise TerminalError(
            "is the run of another configuration", subject=str(config.output), todo="Train anew, or name its own file"
        )
    model = build(config.base, {name: len(head.labels) for name, head in config.heads.items()})
    model.load_state_dict(
        {name: torch.from_numpy(value) for name, value in load_file(config.output / "weights.safetensors").items()},
        strict=False,
    )
    shape = model.encoder.config
    encoder = Encoder(
        layers=shape.num_hidden_layers,
        hidden=shape.hidden_size,
        attention_heads=shape.num_attention_heads,
        intermediate=shape.intermediate_size,
        vocabulary=shape.vocab_size,
        max_tokens=config.max_tokens,
    )
    tokenizer = training_tokenizer(base_folder(config.base), config.max_tokens)
    parts = {name: split(head, config) for name, head in config.heads.items()}
    return _Trained(config, report, model, tokenizer, encoder, parts)


def _onnx_logits(session: object, head: str, data: Tokens, size: int = 32) -> NDArray[np.float32]:
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    rows: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        ids, mask = pad([data.ids[index] for index in chosen])
        rows.update(zip(chosen, session.run([f"logits.{head}"], {"ids": ids, "mask": mask})[0], strict=True))  # type: ignore[attr-defined]
    return np.stack([rows[index] for index in range(len(order))])


def _calibrate(name: str, head: HeadConfig, trained: _Trained, logits: Logits) -> Head:
    part = trained.parts[name]
    counts = np.bincount([example.label for example in part.train], minlength=len(head.labels)).astype(np.float64)
    shares = np.maximum(counts, 1.0) / counts.sum()
    shift = balancing_shift(shares, head.balance)
    data = tokens(part.calibration, trained.tokenizer)
    labels = np.asarray(data.labels)
    temperature = fit_temperature(logits(name, data) + shift, labels, (shares**-head.balance)[labels])
    log.info("calibrated", head=name, temperature=temperature, shift=[round(float(value), 3) for value in shift])
    return Head(head.labels, temperature, tuple(round(float(value), 4) for value in shift), head.sure)


def _report(name: str, head: Head, trained: _Trained, small: Logits, full: Logits) -> Figures:
    data = tokens(trained.parts[name].report, trained.tokenizer)
    source = trained.config.heads[name].report
    assert source is not None  # asked for by the caller
    return figures(
        answers.probabilities(small(name, data), head),
        np.asarray(data.labels),
        name=source.name,
        head=name,
        names=head.labels,
        reference=answers.probabilities(full(name, data), head),
    )


def _manifest(trained: _Trained, heads: dict[str, Head], found: list[Figures], folder: Path) -> Manifest:
    config, report = trained.config, trained.report
    files = (MODEL, WEIGHTS, TOKENIZER, NOTICE)
    learnt = config.model_dump_json(exclude={"data", "output", "threads"})
    return Manifest(
        format=FORMAT,
        name=config.name,
        version=config.version,
        licence="Apache-2.0",
        normalisation=NORMALISATION,
        quantisation=QUANTISATION,
        encoder=trained.encoder,
        heads=heads,
        base=Base(config.base.name, config.base.licence, config.base.sha256, config.base.notice),
        data=[data for name in heads for data in _data(trained, name)],
        training=Training(
            seed=report.seed,
            steps=report.steps,
            seconds=report.seconds,
            precision=report.precision,
            config_sha256=hashlib.sha256(learnt.encode()).hexdigest(),
            code_version=_code_version(),
        ),
        figures=found,
        files={name: FileInfo(digest(folder / name), (folder / name).stat().st_size) for name in files},
    )


def _data(trained: _Trained, name: str) -> list[Data]:
    head, part = trained.config.heads[name], trained.parts[name]
    uses = (("training", part.train), ("early stopping", part.dev), ("calibration", part.calibration))
    names = "; ".join(source.name for source in head.train)
    licences = "; ".join(source.licence for source in head.train)
    out = [Data(names, licences, f"{name}: {use}", len(examples)) for use, examples in uses]
    if head.report is not None:
        out.append(Data(head.report.name, head.report.licence, f"{name}: figures only", len(part.report)))
    return out


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
