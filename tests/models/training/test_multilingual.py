"""Data in many languages: every form is read, several files are one source, and English teachers hear English alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.training.config import SourceConfig, read_config
from models.training.dataset.loading import read_pool
from models.training.dataset.multilingual import LONGEST, read_foreign
from models.training.dataset.readers import Example
from pipeline.errors import SettingsError, TerminalError
from tests.models.training.test_training import config_text, write_base, write_data


def read(folder: Path, form: str, content: str, path: str = "x.txt") -> list[Example]:
    (folder / "x.txt").write_text(content)
    source = {"name": "own", "format": form, "path": path, "licence": "ours", "head": "h"}
    return list(read_foreign(SourceConfig.model_validate(source), folder))


def test_labels_before_texts(tmp_path: Path) -> None:
    found = read(tmp_path, "umsab", "0\tso ein Mist\n2\t¡qué bien!\n")
    assert [(example.text, example.labels) for example in found] == [
        ("so ein Mist", {"h": 0}),
        ("¡qué bien!", {"h": 2}),
    ]
    with pytest.raises(TerminalError, match="line 2 is not a label"):
        read(tmp_path, "umsab", "0\tso ein Mist\n3\tnein\n")
    with pytest.raises(TerminalError, match="line 1 has more than"):
        read(tmp_path, "umsab", "0\t" + "x" * LONGEST)


def test_opinions_about_names_in_a_text(tmp_path: Path) -> None:
    lines = (
        "La paella de Bob's es buena, el vino no####[['paella', 'a', 'positive'], ['vino', 'b', 'NEG'], "
        "['Bob's', 'c', 'neutral']]\n"
        "todo bien####[['NULL', 'a', 'positive'], ['absent', 'a', 'positive']]\n"
        "el vino####[['vino', 'a', 'positive'], ['vino', 'b', 'negative']]\n"
        "味はひどい####[['味', 'a', 'NEG ']]\n"
        "la mesa####[['mesa', 'a', 'conflict']]\n"
    )
    first, second = read(tmp_path, "mabsa", lines)
    names = [(first.text[slice(*spans[0])], label) for spans, label in first.targets]
    assert names == [("paella", 2), ("vino", 0), ("Bob's", 1)]
    assert second.targets == [(((0, 1),), 0)]
    with pytest.raises(TerminalError, match="line 1 is not a text"):
        read(tmp_path, "mabsa", "la mesa\n")


def test_customers_of_a_railway_and_emotions(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "germeval", "http://x.example\tdie Bahn!\ttrue\tnegative\tA:negative\n")
    assert (found.text, found.labels) == ("die Bahn!", {"h": 0})
    with pytest.raises(TerminalError, match="line 1 is not address"):
        read(tmp_path, "germeval", "die Bahn!\tnegative\n")
    header = "id,text,anger,disgust,fear,joy,sadness,surprise\n"
    rows = 'a,"so, toll",0,0,0,1,0,0\nb,schade,0,0,0,0,1,0\nc,beides,1,0,0,1,0,0\nd,huch,0,0,0,0,0,1\n'
    assert [(e.text, e.labels["h"]) for e in read(tmp_path, "brighter", header + rows)] == [
        ("so, toll", 1),
        ("schade", 3),
    ]
    with pytest.raises(TerminalError, match="no column text"):
        read(tmp_path, "brighter", "id,words\na,b\n")


def test_several_files_are_one_source(tmp_path: Path) -> None:
    for name in ("b_train.txt", "a_train.txt", "a_dev.txt"):
        (tmp_path / name).write_text(f"1\t{name}\n")
    assert [e.text for e in read(tmp_path, "umsab", "", "*_train.txt")] == ["a_train.txt", "b_train.txt"]
    with pytest.raises(TerminalError, match=r"no such file.*--data"):
        read(tmp_path, "umsab", "", "*_test.txt")
    with pytest.raises(TerminalError, match=r"cannot be read.*--data"):
        read(tmp_path, "umsab", "", "absent.txt")


FOREIGN = """
[[sources]]
name = "own words, German"
head = "sentiment"
format = "umsab"
path = "de.txt"
language = "de"
licence = "ours"
"""


def write_foreign(folder: Path) -> None:
    write_data(folder, 300)
    (folder / "de.txt").write_text("".join(f"{index % 3}\tder tag {index} is here\n" for index in range(150)))
    (folder / "foreign.toml").write_text(FOREIGN)


def test_sources_of_several_files_are_put_together(tmp_path: Path) -> None:
    write_foreign(tmp_path)
    (tmp_path / "all.toml").write_text(config_text("0" * 64))
    (tmp_path / "world.toml").write_text('include = ["all.toml", "foreign.toml"]\nname = "world"\n')
    every, world = (read_config(tmp_path / f"{name}.toml", data=tmp_path) for name in ("all", "world"))
    assert (world.name, [source.name for source in world.sources]) == (
        "world",
        [*(source.name for source in every.sources), "own words, German"],
    )
    assert {e.language for e in read_pool(world).train} == {"en", "de"}
    (tmp_path / "round.toml").write_text('include = "round.toml"\n')
    with pytest.raises(SettingsError, match="includes itself"):
        read_config(tmp_path / "round.toml")


@pytest.mark.torch
def test_answers_about_a_text_that_a_teacher_cuts_elsewhere_are_none() -> None:
    import numpy as np

    from models.training.distillation import _aligned

    found = _aligned(np.array([[0.1], [0.2], [0.3]]), [(1, 1), (1, 2), (0, 1), (1, 1)])
    assert found[[0, 4], 0].tolist() == [0.1, 0.3]
    assert np.isnan(found[1:4]).all()


@pytest.mark.slow
@pytest.mark.torch
def test_an_english_teacher_is_asked_about_english_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from models.training.dataset.batches import tokens
    from models.training.distillation import answers_of_teachers
    from models.training.pretrained import open_base
    from models.training.runs import run

    write_foreign(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = config_text(write_base(tmp_path / "tiny_base_for_tests")).replace("epochs = 2", "epochs = 0.2")
    (tmp_path / "all.toml").write_text(text)
    english = f'include = "all.toml"\nname = "english"\nlanguages = ["en"]\noutput = "{tmp_path / "english"}"\n'
    (tmp_path / "english.toml").write_text(english)
    teacher = '[teacher]\nconfigs = ["english.toml"]\n'
    (tmp_path / "world.toml").write_text('include = ["all.toml", "foreign.toml"]\nname = "world"\n' + teacher)
    config = read_config(tmp_path / "world.toml", data=tmp_path, output=tmp_path / "world")
    run(config, lambda _: None)
    examples = read_pool(config).train
    own = tokens(examples, open_base(config.base, config.max_tokens).tokenizer, list(config.post_heads))
    answers = answers_of_teachers(config, examples, own, "fp32", lambda _: None)
    assert answers is not None
    of_english = np.array([example.language == "en" for example in examples])
    assert not np.isnan(answers["sentiment"][of_english]).any()
    assert np.isnan(answers["sentiment"][~of_english]).all()
