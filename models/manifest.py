"""Manifest of an artefact: its files, their origin, how to interpret its outputs.

A folder is an artefact when its ``manifest.json`` says so and every file in it has the SHA-256 stated there; anything
else is refused at load.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from models.figures import Capability, Figures, HardFigures, Retrieval
from models.text import NORMALISATION
from pipeline.contracts.mentions import ModelRef
from pipeline.errors import TerminalError

FORMAT = 3
MANIFEST = "manifest.json"
MODEL, WEIGHTS, TOKENIZER = "model.onnx", "weights.safetensors", "tokenizer.json"
SHIPPED = Path(__file__).parent / "artefact"
"""The artefact that comes with the package."""

_MAX_MANIFEST = 1_000_000
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class FileInfo(Struct, frozen=True):
    """A file of the artefact."""

    sha256: Sha256
    bytes: int


class Encoder(Struct, frozen=True):
    """Shape of the encoder; `max_tokens` are read of a text, the rest is cut."""

    layers: int
    hidden: int
    attention_heads: int
    intermediate: int
    vocabulary: int
    max_tokens: int


class Head(Struct, frozen=True):
    """How a head's logits become probabilities: softmax((logits + shift) / temperature).

    An answer whose highest probability is below `sure` is not sure.
    """

    labels: tuple[str, ...]
    temperature: Annotated[float, Meta(gt=0.0)]
    shift: tuple[float, ...]
    sure: Annotated[float, Meta(ge=0.0, le=1.0)]
    tenths: tuple[Annotated[float, Meta(gt=0.0)], ...] = ()
    """The temperatures that are found without each tenth of the texts that figures are reported on, see
    `models.evaluation.cross_fitting`; empty where the temperature knows none of these texts."""


class PretrainedBase(Struct, frozen=True):
    """The pretrained weights that the training began with."""

    name: str
    licence: str
    sha256: Sha256
    notice: str


class Data(Struct, frozen=True):
    """A data set, what it was used for, and how many texts of it."""

    name: str
    licence: str
    use: str
    texts: int


class Training(Struct, frozen=True):
    """How the weights came to be."""

    seed: int
    steps: int
    seconds: float
    precision: str
    config_sha256: str
    code_version: str
    seeds: tuple[int, ...] = ()
    """Of the runs whose weights were averaged; `steps` and `seconds` are then those of all together."""
    begun_with: ModelRef | None = None
    """The artefact whose weights were gone on from; None where it was the base's."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a runtime or a reader needs to know about an artefact."""

    format: int
    name: str
    version: str
    licence: str
    normalisation: str
    quantisation: str
    encoder: Encoder
    heads: dict[str, Head]
    base: PretrainedBase
    data: list[Data]
    training: Training
    figures: list[Figures]
    files: dict[FileName, FileInfo]
    teachers: list[PretrainedBase] = []
    """Whose answers were learnt beside the labels; nothing of their weights is in the artefact."""
    behaviour: list[Capability] = []
    retrieval: list[Retrieval] = []
    hard: HardFigures | None = None
    """On the unseen hard posts of `models/hard_posts`; null where that was not measured."""

    @property
    def ref(self) -> ModelRef:
        """The name and version that mentions carry."""
        return ModelRef(name=self.name, version=self.version)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; the files are not looked at.

    Raises `TerminalError` when there is none, or it is not one of a version that this code knows.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MAX_MANIFEST:
            raise _refused(path, f"is larger than {_MAX_MANIFEST} bytes")
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(path, f"is not a manifest: {error}") from None
    if manifest.format != FORMAT:
        raise _refused(path, f"has format {manifest.format}, this version reads {FORMAT}")
    if manifest.normalisation != NORMALISATION:
        raise _refused(path, f"wants texts cleaned by {manifest.normalisation!r}, this version has {NORMALISATION!r}")
    if "sentiment" not in manifest.heads:
        raise _refused(path, "has no head named sentiment")
    for name, head in manifest.heads.items():
        if len(head.shift) != len(head.labels):
            raise _refused(path, f"head {name} has {len(head.labels)} labels but {len(head.shift)} shifts")
    return manifest


def save_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a folder, as text that a person can read."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def verify(folder: Path) -> Manifest:
    """The manifest of a folder whose every file was found to be the stated one.

    Raises `TerminalError` naming the file that is missing, truncated or changed.
    """
    manifest = read_manifest(folder)
    missing = {MODEL, WEIGHTS, TOKENIZER} - manifest.files.keys()
    if missing:
        raise _refused(folder / MANIFEST, f"does not list {', '.join(sorted(missing))}")
    for name, stated in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise _refused(path, "is missing")
        size = path.stat().st_size
        if size != stated.bytes:
            raise _refused(path, f"has {size} bytes, the manifest says {stated.bytes}: truncated or another file")
        found = digest(path)
        if found != stated.sha256:
            raise _refused(path, f"has SHA-256 {found[:16]}…, the manifest says {stated.sha256[:16]}…: changed")
    return manifest


def _refused(path: Path, what: str) -> TerminalError:
    return TerminalError(
        what,
        subject=str(path),
        todo="Install the artefact anew (reinstall groundswell, or `groundswell model export`), "
        "or name another folder in model.path",
    )
