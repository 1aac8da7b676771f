"""Configuration of a training run: a TOML file, checked key by key.

The encoder is one; the heads are as many as the file names, and any number of sources teaches each of them.  A new head
or a new source is a new table in the file, not a change of the code.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import SettingsError

TARGET = "target"
"""The head that judges what a text says of a name in it."""


Format = Literal[
    "tsv", "lines", "topics", "aspects", "mams", "brands", "complaints", "questions", "texts", "patterns",
    "hard", "umsab", "mabsa", "germeval", "brighter",
]  # fmt: skip
"""Forms of a source; see `models.training.dataset`: `readers`, `multilingual` and `patterns`."""


_DEEPEST = 4
"""Files that include one another."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackedConfig(_Part):
    """A package's file with weights in 4 bits (`models.training.packed`); the tokenizer lies in another package."""

    file: str
    tokenizer_package: str
    tokenizer: str
    """Its path in that package."""
    tokenizer_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TrimConfig(_Part):
    """Which pieces are left of the base's vocabulary, see `models.training.vocabulary`."""

    file: Path
    """Where they are written down, when it is not there; runs that teach each other share it."""
    most: int = Field(ge=1_000, le=250_000)


class BaseConfig(_Part):
    """The pretrained encoder, held to a hash: a folder inside an installed package, a ZIP file in pieces over several
    packages, or an ONNX file in a Java archive (`group:name:version`) of the local Maven repository."""

    name: str
    package: str = ""
    pieces: tuple[str, ...] = ()
    """Packages that hold the pieces of a ZIP file, in their order."""
    folder: str = "model"
    archive: str = Field(default="", pattern=r"^$|^[\w.-]+:[\w.-]+:[\w.-]+$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the file with the weights."""
    licence: str
    notice: str
    learn_words: bool = False
    """Whether the word embeddings are learnt too: half of all weights, and rare words forget what they meant."""
    packed: PackedConfig | None = None
    """Where the `package` has its weights in 4 bits."""
    layers: int = Field(default=0, ge=0, le=48)
    """The first so many of a packed base; 0 for all."""
    trim: TrimConfig | None = None

    @model_validator(mode="after")
    def _single_source(self) -> BaseConfig:
        if self.packed is None and (self.layers or self.trim):
            raise ValueError("`layers` and `trim` are for a `packed` base")
        if sum(map(bool, (self.package, self.pieces, self.archive))) != 1:
            raise ValueError("name either the `package`, the `pieces` or the `archive` that the weights are in")
        return self


class SourceConfig(_Part):
    """A file of texts under the data folder, or of patterns beside the configurations."""

    name: str
    format: Format
    path: Path
    """With a `*` in its last part: all such files, as one."""
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$")
    """Of its texts; decides which teachers are asked."""
    labels: Path | None = None
    """For `lines`: the file with one label a line."""
    column: str = "text"
    """For `texts` and `questions`: the column of a CSV file that the texts are in."""
    group: str = ""
    """For `texts`: the column that says which texts belong together, in one part."""
    head: str = ""
    """Which head it teaches; empty for texts without labels, of which only a teacher's answer is learnt."""
    licence: str
    report: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the texts that is never learnt from and that figures are reported on; 1 for a set made for that."""
    times: int = Field(default=1, ge=1, le=20)
    """How often an epoch shows each text."""
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the texts that is used at all."""
    taught: bool = True
    """Whether teachers are asked about its labels; not where they know less than the labels say."""

    @model_validator(mode="after")
    def _whole(self) -> SourceConfig:
        if self.format == "lines" and self.labels is None:
            raise ValueError("a source of format 'lines' needs `labels`, the file with one label a line")
        if (self.format == "texts") != (not self.head):
            raise ValueError("`head` says what a source teaches; only `texts` teach nothing")
        return self


class HeadConfig(_Part):
    """A head.  The labels in the data are indices into `labels`."""

    labels: tuple[str, ...] = Field(min_length=2)
    weight: float = Field(default=1.0, gt=0.0)
    """Of this head's loss among the heads."""
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    balance: float = Field(default=0.0, ge=0.0, le=1.0)
    """0: probabilities for texts with the label shares of the training data; 1: for equal shares; between: between.
    Applied to the logits at export (Menon et al., 2021), not learnt."""
    prior: tuple[float, ...] = ()
    """Label shares that the probabilities are for, where those of the training data are far from any stream's."""
    sure: float = Field(default=0.5, ge=0.0, le=1.0)
    """Answers with a lower probability are not sure."""

    @model_validator(mode="after")
    def _prior_is_whole(self) -> HeadConfig:
        if self.prior and (len(self.prior) != len(self.labels) or min(self.prior) <= 0.0 or self.balance):
            raise ValueError("`prior` has a share above 0 for each label, and goes without `balance`")
        return self


class TeacherConfig(_Part):
    """Finished runs whose mean answer is learnt beside the labels (Hinton et al., 2015)."""

    configs: tuple[Path, ...] = Field(min_length=1)
    """Their configurations, relative to this one; a run that is not finished is trained first."""
    weight: float = Field(default=0.5, ge=0.0, le=1.0)
    """Of the teachers' answer where a text has a label; without one it is their answer alone."""
    unlabelled: float = Field(default=0.3, ge=0.0)
    """Weight of an answer that stands alone."""


class BeginConfig(_Part):
    """An artefact of the base's shape whose weights are begun with instead of the base's."""

    artefact: Path
    """Its folder, relative to this file."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of its file with the weights."""
    own_share: float = Field(default=0.0, ge=0.0, lt=1.0, alias="kept")
    """Share of its own weights in the mean with those of the seeds: what it knew is forgotten less than what is learnt
    is lost (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models")."""


class OptimiserConfig(_Part):
    """AdamW with warm-up and linear decay."""

    epochs: float = Field(default=3.0, ge=0.0, le=50.0)
    """0 leaves the weights that are begun with as they are: an artefact as a teacher of its successor."""
    batch: int = Field(default=32, ge=1, le=4096)
    rate: float = Field(default=1e-4, gt=0.0)
    head_rate: float = Field(default=1e-3, gt=0.0)
    warmup: float = Field(default=0.06, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=0.01, ge=0.0)
    clip: float = Field(default=1.0, gt=0.0)
    frozen: int = Field(default=0, ge=0)
    """Layers, from the first on, that are not learnt, nor are positions and norms before them: half of the layers
    frozen is a third off the time of a step."""
    average: float = Field(default=0.999, ge=0.0, lt=1.0)
    """Decay of the running average of the weights that is evaluated and kept; 0 keeps the weights themselves."""
    noise: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the texts that an epoch shows with the noise of social media: case, typos, lost apostrophes."""
    retain: float = Field(default=0.0, ge=0.0)
    """Weight of staying near the base's embedding."""


class TrainConfig(_Part):
    """A training run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str
    seed: int = 1
    seeds: tuple[int, ...] = ()
    """Seeds of several runs whose weights are averaged; without them it is one run, of `seed`."""
    data: Path
    """Folder that the paths of all sources are relative to."""
    output: Path
    """Folder of this run: checkpoints, the kept weights, figures."""
    max_tokens: int = Field(default=128, ge=16, le=512)
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Part of the training data to use; for trials."""
    only: tuple[str, ...] = ()
    """Heads that are learnt, from the texts that have their labels; without them all.  Which part a text is in is
    decided by all sources nevertheless."""
    asked: float = Field(default=1.0, ge=0.0, le=1.0)
    """As a teacher: the share of the texts without a label of its heads that it is asked about."""
    languages: tuple[str, ...] = ()
    """As a teacher: the languages of the texts that it is asked about; without them all."""
    dev: float = Field(default=0.03, gt=0.0, lt=0.5)
    """Share of the texts kept for early stopping."""
    calibration: float = Field(default=0.06, gt=0.0, lt=0.5)
    """Share of the texts kept for temperatures."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int = Field(default=0, ge=0)
    evaluations: int = Field(default=2, ge=1)
    """Times per epoch that the dev part is looked at."""
    patience: int = Field(default=4, ge=1)
    """Evaluations without a gain after which training stops."""
    checkpoint_seconds: float = Field(default=120.0, ge=0.0)
    base: BaseConfig
    begin: BeginConfig | None = None
    teacher: TeacherConfig | None = None
    optimiser: OptimiserConfig = OptimiserConfig()
    heads: dict[str, HeadConfig] = Field(min_length=1)
    sources: tuple[SourceConfig, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _heads_are_known(self) -> TrainConfig:
        for source in self.sources:
            if source.head and source.head not in self.heads:
                raise ValueError(f"source {source.name!r} teaches the head {source.head!r}, which is not there")
        if self.begin is not None and self.begin.own_share and not self.seeds:
            raise ValueError("`begin.kept` is a share in the mean of several `seeds`")
        if unknown := set(self.only) - set(self.heads):
            raise ValueError(f"`only` names {', '.join(sorted(unknown))}, which is not among the heads")
        untaught = set(self.heads) - {source.head for source in self.sources}
        if untaught:
            raise ValueError(f"no source teaches {', '.join(sorted(untaught))}")
        return self

    def of_seed(self, seed: int) -> TrainConfig:
        """The run of one seed, which has a folder of its own."""
        output = self.output.with_name(f"{self.output.name}-seed{seed}")
        begin = self.begin.model_copy(update={"own_share": 0.0}) if self.begin else None
        return self.model_copy(update={"seed": seed, "seeds": (), "output": output, "begin": begin})

    @property
    def learnt(self) -> dict[str, HeadConfig]:
        """The heads that this run learns."""
        return {name: head for name, head in self.heads.items() if not self.only or name in self.only}

    @property
    def post_heads(self) -> dict[str, int]:
        """Those that judge the post, and how many labels each has."""
        return {name: len(head.labels) for name, head in self.learnt.items() if name != TARGET}

    @property
    def target_labels(self) -> int:
        """Labels of the target head; 0 without one."""
        return len(self.learnt[TARGET].labels) if TARGET in self.learnt else 0

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes what is learnt; a checkpoint of another one is not gone on with."""
        silent = {"output", "data", "threads", "precision", "checkpoint_seconds", "asked", "languages"}
        learnt = self.model_dump(mode="json", by_alias=True, exclude=silent)
        for head in learnt["heads"].values():
            del head["balance"], head["prior"], head["sure"]
        _forget_unused(learnt)
        if not self.seeds:
            del learnt["seeds"]
        if learnt["begin"]:
            del learnt["begin"]["artefact"]
            if not self.seeds:
                del learnt["begin"]["kept"]
        else:
            del learnt["begin"]
        if learnt["teacher"]:
            learnt["teacher"]["configs"] = [Path(path).name for path in learnt["teacher"]["configs"]]
        return hashlib.sha256(json.dumps(learnt, sort_keys=True).encode()).hexdigest()[:16]


def _forget_unused(learnt: dict[str, Any]) -> None:
    """Leave out what a configuration of before it came to be does not have, and where a file lies."""
    base = learnt["base"]
    if base["trim"]:
        del base["trim"]["file"]
    for key in ("packed", "layers", "trim"):
        if not base[key]:
            del base[key]
    for source in learnt["sources"]:
        if source["language"] == "en":
            del source["language"]


def read_config(path: Path, *, data: Path | None = None, output: Path | None = None) -> TrainConfig:
    """The configuration in a TOML file; `data` and `output` win over the file's, and the file's keys over those of the
    file, or the several ones, that its `include` names.  Sources are those of all of them.

    Raises `SettingsError` naming the wrong key.
    """
    raw = _with_includes(path)
    raw |= {key: str(value) for key, value in (("data", data), ("output", output)) if value is not None}
    try:
        config = TrainConfig.model_validate(raw)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            "; ".join(problems), subject=str(path), todo="See models/training/config.py for what is allowed"
        ) from None
    found: dict[str, _Part] = {}
    if config.begin is not None:
        found["begin"] = config.begin.model_copy(update={"artefact": path.parent / config.begin.artefact})
    if config.teacher is not None:
        runs = tuple(path.parent / name for name in config.teacher.configs)
        found["teacher"] = config.teacher.model_copy(update={"configs": runs})
    return config.model_copy(update=found)


def _with_includes(path: Path, depth: int = 0) -> dict[str, Any]:
    """A file over what it includes."""
    raw = _toml(path)
    names = raw.pop("include", [])
    if depth > _DEEPEST:
        raise SettingsError("includes itself", subject=str(path), todo="Name other files in `include`")
    sources: list[Any] = []
    out: dict[str, Any] = {}
    for name in [names] if isinstance(names, str) else names:
        found = _with_includes(path.parent / str(name), depth + 1)
        sources += found.pop("sources", [])
        out |= found
    sources += raw.pop("sources", [])
    return out | raw | ({"sources": sources} if sources else {})


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot be read: {error}", subject=str(path), todo="See models/configs/") from None
