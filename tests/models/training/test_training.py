"""Training, end to end, on a base small enough for a test: it learns, goes on after an interruption, and exports."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from models.training.config import TrainConfig, read_config
from models.training.dataset.loading import read_pool
from models.training.dataset.readers import Example
from pipeline.errors import SettingsError, TerminalError

GOOD = ("great", "lovely", "excellent", "wonderful")
BAD = ("awful", "broken", "rude", "terrible")
PLAIN = ("monday", "street", "report", "table")


def write_data(folder: Path, rows: int = 600) -> None:
    draw = random.Random(1)
    lines = ["text\tlabel"]
    for index in range(rows):
        label = index % 3
        words = [draw.choice((BAD, PLAIN, GOOD)[label]) for _ in range(2)] + [f"n{index}"]
        lines.append(f"the {' '.join(words)}\t{label}")
    (folder / "train.tsv").write_text("\n".join(lines) + "\n")
    names, questions = [], ["text"]
    for index in range(rows):
        one, two = draw.choice(((0, 2), (2, 0), (0, 0), (2, 2)))
        words = [draw.choice((BAD, PLAIN, GOOD)[label]) for label in (one, two)]
        text = "the north is {} here the south is {} n{}".format(*words, index)
        for name, label in (("north", one), ("south", two)):
            names += [text.replace(name, "$T$"), name, str(label - 1)]
        questions.append(f"is the {draw.choice(PLAIN)} here {index}{'?' if index % 2 else ''}")
    (folder / "names.raw").write_text("\n".join(names) + "\n")
    (folder / "questions.csv").write_text("\n".join(questions) + "\n")
    (folder / "val.txt").write_text("the awful rude N0 !\nthe street is here\nthe lovely day\n")
    (folder / "val_labels.txt").write_text("0\n1\n2\n")


def write_base(folder: Path) -> str:
    """A package with a tiny random BERT and its tokenizer; gives the SHA-256 of the weights."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "is", "here", "day", "north", "south", "?", *GOOD, *BAD, *PLAIN]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    (folder / "model").mkdir(parents=True)
    (folder / "__init__.py").touch()
    BertModel(config, add_pooling_layer=False).save_pretrained(folder / "model")
    tokenizer.save(str(folder / "model" / "tokenizer.json"))
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


def config_text(sha256: str) -> str:
    return f"""
name = "tiny"
version = "0.0.1"
data = "unset"
output = "unset"
max_tokens = 16
precision = "fp32"
threads = 1
checkpoint_seconds = 0.0
dev = 0.1
calibration = 0.1

[base]
name = "tiny"
package = "tiny_base_for_tests"
sha256 = "{sha256}"
licence = "Apache-2.0"
notice = "A base of our own."

[optimiser]
epochs = 2
batch = 16
rate = 2e-3
head_rate = 5e-3
average = 0.9

[heads.sentiment]
labels = ["negative", "neutral", "positive"]

[heads.target]
labels = ["negative", "neutral", "positive"]

[heads.question]
labels = ["no", "yes"]

[[sources]]
name = "own words"
head = "sentiment"
format = "tsv"
path = "train.tsv"
licence = "ours"

[[sources]]
name = "own words, kept aside"
head = "sentiment"
format = "lines"
path = "val.txt"
labels = "val_labels.txt"
report = 1.0
licence = "ours"

[[sources]]
name = "own names"
head = "target"
format = "aspects"
path = "names.raw"
report = 0.1
licence = "ours"

[[sources]]
name = "own questions"
head = "question"
format = "questions"
path = "questions.csv"
licence = "ours"
"""


@pytest.fixture
def tiny(tmp_path: Path) -> TrainConfig:
    """A configuration on data alone; the base is not there yet."""
    write_data(tmp_path)
    (tmp_path / "tiny.toml").write_text(config_text("0" * 64))
    return read_config(tmp_path / "tiny.toml", data=tmp_path, output=tmp_path / "run")


def texts(examples: list[Example]) -> set[str]:
    return {example.text for example in examples}


def test_the_parts_do_not_overlap_and_the_reported_texts_are_left_out(tiny: TrainConfig) -> None:
    pool = read_pool(tiny)
    kept = [example for found in pool.report.values() for example in found]
    sets = [texts(part) for part in (pool.train, pool.dev, pool.calibration, kept)]
    assert all(sets)
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert read_pool(tiny) == pool, "the same configuration gives the same parts"
    again = read_pool(tiny.model_copy(update={"seed": 2}))
    assert (texts(again.train), texts(again.dev)) == (sets[0], sets[1]), "another seed has the same parts"
    first = pool.train[0].text
    (tiny.data / "val.txt").write_text(f"@someone {first.upper()}!! https://x.example\nthe street\nthe lovely day\n")
    assert first not in texts(read_pool(tiny).train)


def test_a_text_that_two_sources_label_is_one_example(tiny: TrainConfig) -> None:
    source = next(source for source in tiny.sources if source.name == "own words")
    other = source.model_copy(update={"name": "the same words", "head": "question", "path": Path("again.tsv")})
    lines = (tiny.data / "train.tsv").read_text().splitlines()
    (tiny.data / "again.tsv").write_text("\n".join(line.replace("\t2", "\t0") for line in lines) + "\n")
    both = read_pool(tiny.model_copy(update={"sources": (*tiny.sources, other)}))
    assert len(both.train) == len(read_pool(tiny).train)
    assert any({"sentiment", "question"} <= example.labels.keys() for example in both.train)


def test_names_in_a_text_are_found_in_its_tokens(tiny: TrainConfig) -> None:
    example = next(example for example in read_pool(tiny).train if example.targets)
    for (span,), _ in example.targets:
        assert example.text[slice(*span)] in {"north", "south"}
    assert len(example.targets) == 2


def test_a_wrong_key_or_a_wrong_file_is_named(tiny: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(config_text("0" * 64).replace("epochs", "epoch"))
    with pytest.raises(SettingsError, match=r"optimiser\.epoch"):
        read_config(tmp_path / "wrong.toml")
    (tmp_path / "train.tsv").write_text("text\tlabel\nfine\t1\nbad\t7\n")
    with pytest.raises(TerminalError, match=r"train\.tsv: line 3: label '7'"):
        read_pool(tiny)


@pytest.mark.slow
@pytest.mark.torch
def test_trains_goes_on_after_an_interruption_and_exports(
    tiny: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from safetensors.torch import load_file

    from models.export.artefact import export
    from models.export.recalibrate import recalibrate
    from models.runtime.onnx_cpu import OnnxScorer
    from models.runtime.torch_any import open_torch
    from models.training.train import TrainingProgress, train

    sha256 = write_base(tmp_path / "tiny_base_for_tests")
    monkeypatch.syspath_prepend(str(tmp_path))
    base = tiny.base.model_copy(update={"sha256": sha256})
    whole = tiny.model_copy(update={"base": base})
    reports: list[TrainingProgress] = []
    finished = train(whole, reports.append)
    assert finished.best_dev > 0.75
    assert reports[-1].step == finished.steps <= reports[-1].steps
    assert reports[0].remaining > 0.0

    class Interrupted(Exception):
        pass

    def interrupt(progress: TrainingProgress) -> None:
        if progress.step >= finished.steps // 2:
            raise Interrupted

    resumed = whole.model_copy(update={"output": tmp_path / "again"})
    with pytest.raises(Interrupted):
        train(resumed, interrupt)
    train(resumed, lambda _: None)
    one = load_file(whole.output / "weights.safetensors")
    two = load_file(resumed.output / "weights.safetensors")
    assert all(torch.allclose(one[name], two[name], atol=1e-5) for name in one)

    manifest = export(whole, tmp_path / "artefact")
    assert set(manifest.heads) == {"sentiment", "target", "question"}
    assert {found.data for found in manifest.figures} == {"own words, kept aside", "own names"}
    texts = ["the awful rude table", "the lovely great day", "the report street", ""]
    small, full = OnnxScorer(tmp_path / "artefact").score(texts), open_torch(tmp_path / "artefact").score(texts)
    assert [answer.sentiment.label for answer in small[:3]] == ["negative", "positive", "neutral"]
    for a, b in zip(small, full, strict=True):
        assert a.sentiment.negative == pytest.approx(b.sentiment.negative, abs=0.05)
    assert str(tmp_path) not in json.dumps((tmp_path / "artefact" / "manifest.json").read_text())

    with pytest.raises(TerminalError, match="has this version already"):
        recalibrate(tmp_path / "artefact", whole, manifest.version, lambda _: None)
    again = recalibrate(tmp_path / "artefact", whole, "9.9", lambda _: None)
    assert (again.version, again.files, again.heads) == ("9.9", manifest.files, manifest.heads), "the same texts"
    assert len(again.heads["sentiment"].tenths) == 10
    assert {use.use for use in again.data} == {use.use for use in manifest.data}


@pytest.mark.torch
def test_base_weights_that_are_not_the_stated_ones_are_refused(
    tiny: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.training.train import train

    with pytest.raises(TerminalError, match="not installed"):
        train(tiny, lambda _: None)
    write_base(tmp_path / "tiny_base_for_tests")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TerminalError, match="expected 0000"):
        train(tiny, lambda _: None)


@pytest.mark.slow
@pytest.mark.torch
def test_a_teacher_is_trained_first_and_asked_once_for_all_seeds_whose_weights_are_averaged(
    tiny: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    from models.training.dataset.batches import tokens
    from models.training.distillation import answers_of_teachers
    from models.training.pretrained import open_base
    from models.training.runs import run

    text = config_text(write_base(tmp_path / "tiny_base_for_tests")).replace("epochs = 2", "epochs = 0.5")
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "teacher.toml").write_text(text.replace('output = "unset"', f'output = "{tmp_path / "teacher"}"'))
    pupil = text.replace("[optimiser]", '[teacher]\nconfigs = ["teacher.toml"]\n\n[optimiser]')
    (tmp_path / "pupil.toml").write_text("seeds = [1, 2]\n" + pupil)
    config = read_config(tmp_path / "pupil.toml", data=tmp_path, output=tmp_path / "pupil")
    told: list[str] = []
    report = run(config, lambda _: None, told.append)
    assert told[0] == "the teacher tiny first"
    assert sum(line.startswith("asking tiny about") for line in told) == 1, "what it said is kept"
    assert report.seeds == (1, 2)
    one, two, mean = (
        load_file(tmp_path / name / "weights.safetensors") for name in ("pupil-seed1", "pupil-seed2", "pupil")
    )
    name = "encoder.encoder.layer.0.output.dense.weight"
    assert not one[name].allclose(two[name])
    assert mean[name].allclose((one[name] + two[name]) / 2)

    examples = read_pool(config).train
    base = open_base(config.base, config.max_tokens)
    own = tokens(examples, base.tokenizer, list(config.post_heads))
    heard = answers_of_teachers(config, examples, own, "fp32", told.append)
    asked = next(index for index, example in enumerate(examples) if "sentiment" in example.labels)
    examples[asked].taught = False
    corrected = answers_of_teachers(config, examples, own, "fp32", told.append)
    assert heard is not None
    assert corrected is not None
    assert heard["sentiment"][asked].max() < 1.0
    assert corrected["sentiment"][asked][examples[asked].labels["sentiment"]] == 1.0, "the label is the answer"
    assert (heard["target"] == corrected["target"]).all()


def test_the_run_of_a_seed_has_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text("seeds = [1, 2]\n" + config_text("0" * 64))
    config = read_config(tmp_path / "tiny.toml")
    assert config.of_seed(2).output == Path("unset-seed2")
    assert len({config.fingerprint, config.of_seed(1).fingerprint, config.of_seed(2).fingerprint}) == 3
