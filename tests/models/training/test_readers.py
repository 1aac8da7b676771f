"""Every form of data that a configuration can name, and what is said of files that are not as stated."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from models.training.config import SourceConfig
from models.training.dataset.augmentation import noisy
from models.training.dataset.readers import Example, read_source
from pipeline.errors import TerminalError


def source(form: str, path: str, **more: object) -> SourceConfig:
    head = {} if form == "texts" else {"head": "target" if form in {"topics", "aspects", "mams", "brands"} else "x"}
    return SourceConfig.model_validate({"name": "own", "format": form, "path": path, "licence": "ours", **head, **more})


def read(folder: Path, name: str, content: str | bytes, found: SourceConfig, labels: int = 3) -> list[Example]:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return list(read_source(found, folder, labels))


def named(example: Example) -> list[tuple[list[str], int]]:
    return [([example.text[slice(*span)] for span in target], label) for target, label in example.targets]


def test_aspects_of_one_sentence_are_one_example(tmp_path: Path) -> None:
    lines = "the $T$ is fine but the tea is cold\ncake\n1\nthe cake is fine but the $T$ is cold\ntea\n-1\n"
    (example,) = read(tmp_path, "a.raw", lines, source("aspects", "a.raw"))
    assert named(example) == [(["cake"], 2), (["tea"], 0)]
    with pytest.raises(TerminalError, match="line 1"):
        read(tmp_path, "a.raw", "no mark\ncake\n1\n", source("aspects", "a.raw"))


def test_topics_in_five_points_become_three_and_unnamed_ones_are_left_out(tmp_path: Path) -> None:
    lines = (
        "1\t@northgrid\t-2\tNorthgrid is down again\n"
        "2\tnorthgrid\t0\tnothing to see\n"
        "3\tnorthgrid\tpositive\ti like #northgrid\n"
        "4\tnorthgrid\toff topic\tnorthgrid of the map\n"
    )
    found = read(tmp_path, "t.tsv", lines, source("topics", "t.tsv"))
    assert [named(example) for example in found] == [[(["Northgrid"], 0)], [(["northgrid"], 2)]]
    praise = source("topics", "t.tsv", head="praise")
    strong = read(tmp_path, "t.tsv", "1\tx\t2\tbest\n2\tx\t1\tfine\n3\tx\t0\tthere\n4\tx\t-2\tworst\n", praise, 2)
    assert [(example.text, example.labels["praise"]) for example in strong] == [("best", 1), ("there", 0), ("worst", 0)]


def test_several_names_in_a_sentence_of_xml(tmp_path: Path) -> None:
    xml = """<sentences><sentence><text>good tea, bad seats</text><aspectTerms>
      <aspectTerm from="5" to="8" polarity="positive" term="tea"/>
      <aspectTerm from="14" to="19" polarity="negative" term="seats"/>
      <aspectTerm from="0" to="4" polarity="conflict" term="good"/></aspectTerms></sentence></sentences>"""
    (example,) = read(tmp_path, "m.xml", xml, source("mams", "m.xml"))
    assert named(example) == [(["tea"], 2), (["seats"], 0)]
    with pytest.raises(TerminalError, match="cannot be read"):
        read(tmp_path, "m.xml", xml[:80], source("mams", "m.xml"))


def test_two_paraphrases_of_a_group_of_brands(tmp_path: Path) -> None:
    rows = "group_id,entity,label,text\n" + "".join(f"7,Oakbank,Negative,Oakbank fails {i}\n" for i in range(4))
    rows += "8,Oakbank,Irrelevant,oakbank trees\n9,Oakbank,Positive,nobody is named\n"
    found = read(tmp_path, "b.csv.gz", gzip.compress(rows.encode()), source("brands", "b.csv.gz"))
    assert [(example.text, example.group) for example in found] == [("Oakbank fails 0", "7"), ("Oakbank fails 1", "7")]
    unlabelled = read(tmp_path, "b.csv.gz", gzip.compress(rows.encode()), source("texts", "b.csv.gz", group="group_id"))
    assert [example.group for example in unlabelled] == ["7"] * 4 + ["8", "9"]
    assert not any(example.labels or example.targets for example in unlabelled)


def test_complaints_and_questions(tmp_path: Path) -> None:
    rows = "tweet_id,text,complaint,domain\n1,it broke,1,x\n2,thanks,0,x\n"
    found = read(tmp_path, "c.csv", rows, source("complaints", "c.csv"), 2)
    assert [example.labels["x"] for example in found] == [1, 0]
    asked = [f"when do you open, shop {i}? https://x.example/{i}" for i in range(40)]
    asked += [f"we open at {i}" for i in range(40)]
    rows = "text\n" + "\n".join(f'"{text}"' for text in asked) + "\n"
    questions = read(tmp_path, "q.csv", rows, source("questions", "q.csv"), 2)
    assert [example.labels["x"] for example in questions] == [1] * 40 + [0] * 40
    marks = sum("?" in example.text for example in questions[:40])
    assert 5 < marks < 35, "half of them lose their mark, so that the words are learnt too"


@pytest.mark.parametrize("form", ["brands", "complaints", "questions"])
def test_a_file_without_the_columns_is_named(tmp_path: Path, form: str) -> None:
    with pytest.raises(TerminalError, match=r"x\.csv: has no column"):
        read(tmp_path, "x.csv", "one,two\n1,2\n", source(form, "x.csv"))
    with pytest.raises(TerminalError, match="--data"):
        list(read_source(source(form, "absent.csv"), tmp_path, 2))


def test_noise_is_a_function_of_text_and_seed_and_changes_most_texts() -> None:
    texts = [f"They don't answer my mails about order {index}, what a shame!" for index in range(200)]
    once = [noisy(text, f"1/{index}") for index, text in enumerate(texts)]
    assert once == [noisy(text, f"1/{index}") for index, text in enumerate(texts)]
    assert sum(before != after for before, after in zip(texts, once, strict=True)) > 190
    for odd in ("", "?", "a b", "日本", "\ud800 x", "@you http://x.example"):
        for seed in range(20):
            assert len(noisy(odd, str(seed))) <= 4 * len(odd) + 8
