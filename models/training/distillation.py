"""Distillation: probabilities of teachers for the texts of a run, asked once and cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_weights
from torch import Tensor

from models.manifest import digest
from models.metrics import softmax
from models.network import MultiHead, mean
from models.training.config import TARGET, TrainConfig, read_config
from models.training.dataset.batches import TeacherAnswers, Tokens, TrainingBatch, gather, tokens
from models.training.dataset.readers import UNKNOWN, Example
from models.training.precision import autocast
from models.training.pretrained import open_base
from pipeline.errors import TerminalError

log = structlog.get_logger()


def answers_of_teachers(
    config: TrainConfig, examples: list[Example], own: Tokens, precision: str, notify: Callable[[str], None]
) -> TeacherAnswers | None:
    """The mean probabilities of those teachers that have the head and were asked, for every example and target; NaN
    where none was, None without teachers.  Where teachers are not asked, the label is the answer.

    Raises `TerminalError` when a teacher is not trained yet.
    """
    if config.teacher is None:
        return None
    counts = {name: len(examples) for name in config.post_heads} | {TARGET: sum(map(len, own.targets))}
    total = {name: np.zeros((counts[name], len(head.labels))) for name, head in config.learnt.items()}
    asked = {name: np.zeros((counts[name], 1)) for name in total}
    for file in config.teacher.configs:
        teacher = read_config(file, data=config.data)
        chosen = [index for index, example in enumerate(examples) if _is_asked(teacher, example)]
        targets = [own.first[index] + number for index in chosen for number in range(len(own.targets[index]))]
        for name, found in _answers_of(teacher, config, examples, own, chosen, precision, notify).items():
            if name in total:
                rows, known = targets if name == TARGET else chosen, ~np.isnan(found)
                total[name][rows] += np.where(known, found, 0.0)
                asked[name][rows] += known[:, :1]
    with np.errstate(invalid="ignore"):
        total = {name: value / asked[name] for name, value in total.items()}
    for index, example in enumerate(examples):
        if not example.taught:
            for name, labels in own.labels.items():
                if labels[index] != UNKNOWN:
                    total[name][index] = np.eye(total[name].shape[1])[labels[index]]
            for number, (_, label) in enumerate(own.targets[index], start=own.first[index]):
                total[TARGET][number] = np.eye(total[TARGET].shape[1])[label]
    return {name: value.astype(np.float16) for name, value in total.items()}


def _is_asked(teacher: TrainConfig, example: Example) -> bool:
    if teacher.languages and example.language not in teacher.languages:
        return False
    own = teacher.learnt.keys() & example.labels.keys() or (teacher.target_labels and example.targets)
    return bool(own) or crc32(example.text.encode("utf-8", "replace"), 13) % 10_000 < teacher.asked * 10_000


def _answers_of(
    teacher: TrainConfig,
    config: TrainConfig,
    examples: list[Example],
    own: Tokens,
    chosen: list[int],
    precision: str,
    notify: Callable[[str], None],
) -> dict[str, NDArray[np.float16]]:
    """One teacher's of the `chosen` texts; it is asked once about a text: what it says is kept beside its weights."""
    weights = teacher.output / "weights.safetensors"
    if not (teacher.output / "run.json").is_file():
        raise TerminalError("is not trained yet", subject=teacher.name, todo="Run `groundswell model train` with it")
    book = _Book(teacher.output / "answers.safetensors", f"{digest(weights)}/{config.max_tokens}")
    names = {index: _digest(examples[index]) for index in chosen}
    new = [index for index, name in names.items() if name not in book]
    if new:
        notify(f"asking {teacher.name} about {len(new):,} texts")
        found = _ask(
            teacher,
            config,
            [examples[index] for index in new],
            [own.targets[index] for index in new],
            precision,
            notify,
        )
        book.add([names[index] for index in new], [len(own.targets[index]) for index in new], found)
    return book.read(list(names.values()))


def _digest(example: Example) -> bytes:
    asked = (example.text, [spans for spans, _ in example.targets])
    return hashlib.sha256(repr(asked).encode("utf-8", "replace")).digest()[:16]


class _Book:
    """A teacher's answers in a file: for each text, named by a digest, a row a head, and a row a target."""

    def __init__(self, path: Path, of: str) -> None:
        self._path, self._of = path, of
        self._stored: dict[str, NDArray[Any]] = {}
        if path.is_file():
            stored = load_file(path)
            if stored.pop("of").tobytes().decode() == of:
                self._stored = stored
        self._rows: dict[bytes, int] = {}
        self._index()

    def __contains__(self, name: bytes) -> bool:
        return name in self._rows

    def add(self, names: Sequence[bytes], targets: Sequence[int], found: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep the answers about further texts, and how many targets each has."""
        page: dict[str, NDArray[Any]] = {head: values.astype(np.float16) for head, values in found.items()}
        page["names"] = np.frombuffer(b"".join(names), np.uint8).reshape(-1, 16)
        page["targets"] = np.array(targets, np.int64)
        old = self._stored or {key: value[:0] for key, value in page.items()}
        self._stored = {key: np.concatenate([value, page.get(key, value[:0])]) for key, value in old.items()}
        self._index()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        save_file({**self._stored, "of": np.frombuffer(self._of.encode(), np.uint8)}, self._path)

    def read(self, names: Sequence[bytes]) -> dict[str, NDArray[np.float16]]:
        """The answers about texts, in their order."""
        rows = [self._rows[name] for name in names]
        targets = [at for row in rows for at in range(self._first[row], self._first[row + 1])]
        heads = self._stored.keys() - {"names", "targets"}
        return {head: self._stored[head][targets if head == TARGET else rows] for head in heads}

    def _index(self) -> None:
        if self._stored:
            self._rows = {name.tobytes(): row for row, name in enumerate(self._stored["names"])}
            self._first = np.concatenate([[0], np.cumsum(self._stored["targets"])])


def _ask(
    teacher: TrainConfig,
    config: TrainConfig,
    examples: list[Example],
    targets: Sequence[Sequence[object]],
    precision: str,
    notify: Callable[[str], None],
) -> dict[str, NDArray[np.float64]]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = open_base(teacher.base, config.max_tokens)
    model = MultiHead(base.encoder, teacher.post_heads, teacher.target_labels)
    model.load_state_dict(load_weights(teacher.output / "weights.safetensors"), strict=False)
    data = tokens(examples, base.tokenizer, list(config.post_heads))
    found = probabilities(model.to(device), data, device, precision, notify)
    if teacher.target_labels:
        none = np.zeros((0, teacher.target_labels))
        counts = [(len(theirs), len(ours)) for theirs, ours in zip(data.targets, targets, strict=True)]
        found[TARGET] = _aligned(found.get(TARGET, none), counts)
    return found


def _aligned(found: NDArray[np.float64], counts: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """A teacher's answers about targets, a row for each of our own; `counts` has (its, our own) targets a text.

    A teacher of another vocabulary cuts a long text elsewhere, so that it may read fewer or more of the names in it: of
    such a text it has no answer (NaN) about any name.
    """
    out = np.full((sum(own for _, own in counts), found.shape[1]), np.nan)
    at = row = 0
    for theirs, own in counts:
        if theirs == own:
            out[row : row + own] = found[at : at + theirs]
        at, row = at + theirs, row + own
    return out


def probabilities(
    model: MultiHead,
    data: Tokens,
    device: torch.device,
    precision: str,
    notify: Callable[[str], None] = lambda _: None,
) -> dict[str, NDArray[np.float64]]:
    """Probabilities of every head for all examples, and of the target head for all targets, in their order."""
    return {name: softmax(found) for name, found in logits(model, data, device, precision, notify).items()}


@torch.no_grad()
def logits(
    model: MultiHead,
    data: Tokens,
    device: torch.device,
    precision: str,
    notify: Callable[[str], None] = lambda _: None,
    size: int = 64,
) -> dict[str, NDArray[np.float64]]:
    """The same before they become probabilities."""
    model.eval()
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    out: dict[str, NDArray[np.float64]] = {}
    for start in range(0, len(order), size):
        batch = gather(data, order[start : start + size])
        found, _ = answers_to(model, batch, device, precision)
        for name, values in found.items():
            rows, count = (batch.asked, _targets(data)) if name == TARGET else (batch.rows, len(order))
            if name not in out:
                out[name] = np.zeros((count, values.shape[1]))
            out[name][rows] = values.float().cpu().numpy()
        if start // size % 200 == 0:
            notify(f"{start:,} of {len(order):,} texts")
    return out


def answers_to(
    model: MultiHead, batch: TrainingBatch, device: torch.device, precision: str
) -> tuple[dict[str, Tensor], Tensor]:
    """Logits of every head for a batch, of the target head where it has targets; and the mean of its token states."""
    ids, mask = batch.ids.to(device), batch.mask.to(device)
    with autocast(precision, device):
        states = model.states(ids, mask)
        post = mean(states, mask)
        found = model.judge(post)
        if len(batch.texts) and model.target is not None:
            found[TARGET] = model.toward(states, mask, post, batch.spans.to(device), batch.texts.to(device))
    return found, post


def _targets(data: Tokens) -> int:
    return sum(map(len, data.targets))
