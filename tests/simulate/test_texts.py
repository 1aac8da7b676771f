"""Words: distinct, about the company, in the tone of the truth."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from pipeline.simulate.companies import NETWORKS, catalogue_yaml, companies, demo_catalogue, demo_companies
from pipeline.simulate.events import Event
from pipeline.simulate.limits import MOST_COMPANIES, StoryKind
from pipeline.simulate.phrases import phrases
from pipeline.simulate.streams import Plan, Stream
from pipeline.simulate.texts import Writer, names, typo

COMPANIES = {company.id: company for company in demo_companies()}


@pytest.fixture(scope="module")
def written() -> list[tuple[Event, str, StoryKind | None]]:
    stream = Stream(Plan(seed=3, entities=10, days=9, names=tuple(COMPANIES)))
    writer = Writer(3)
    out = []
    for event in stream:
        kind = next((story.kind for story in stream.stories if story.story == event.story), None)
        out.append((event, writer.write(event, COMPANIES[event.entity], kind), kind))
    return out


def test_thousands_of_texts_are_distinct(written: list[tuple[Event, str, StoryKind | None]]) -> None:
    texts = {text for _, text, _ in written}
    assert len(texts) > 5_000
    posts = [text for event, text, kind in written if event.kind == "post" and kind is None and not event.repeat]
    assert len(set(posts)) > 0.8 * len(posts)


def test_a_text_names_the_company_or_is_an_answer(written: list[tuple[Event, str, StoryKind | None]]) -> None:
    answers = 0
    for event, text, _ in written:
        named = any(name.casefold() in text.casefold() for name in names(COMPANIES[event.entity]))
        assert named or event.text_kind == "reply", text
        answers += not named
    assert answers > 100


def test_no_text_names_another_company(written: list[tuple[Event, str, StoryKind | None]]) -> None:
    for event, text, _ in written:
        for company in COMPANIES.values():
            if company.id != event.entity:
                assert company.name not in text


def test_copies_say_the_same_and_no_slot_is_left_open(written: list[tuple[Event, str, StoryKind | None]]) -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for event, text, _ in written:
        assert text.strip()
        assert "{" not in text
        assert len(text) < 400
        said[event.text].add(text)
    assert {len(texts) for texts in said.values()} == {1}


def test_a_snowball_is_about_one_thing(written: list[tuple[Event, str, StoryKind | None]]) -> None:
    topics: dict[str, set[str]] = defaultdict(set)
    starts = {
        (industry, topic): [template.partition("{")[0] for template in templates]
        for industry, book in phrases().industries.items()
        for topic, templates in book.complaints.items()
    }
    for event, text, kind in written:
        if kind == "cascade" and event.text_kind == "post" and event.polarity == -1:
            industry = COMPANIES[event.entity].industry
            for (of, topic), beginnings in starts.items():
                if of == industry and any(len(begin) > 12 and begin in text for begin in beginnings):
                    topics[event.story].add(topic)
    assert all(len(found) == 1 for found in topics.values())


def test_every_slot_is_known() -> None:
    writer = Writer(0)
    book = phrases()
    for industry in book.industries.values():
        assert set(industry.complaints)
    for template in (*book.praise, *book.neutral, *book.flood, *book.brigade, *book.chatter, *book.sarcasm):
        filled = writer._fill(random.Random(1), template, "X")
        assert "{" not in filled


def test_typo_keeps_names_and_first_letters() -> None:
    for seed in range(50):
        made = typo(random.Random(seed), "Acme Air cancelled #AcmeAir again")
        assert made.startswith("Acme Air c")
        assert "#AcmeAir" in made
        assert sorted(made) == sorted("Acme Air cancelled #AcmeAir again")


def test_invented_companies_are_distinct_and_of_a_known_industry() -> None:
    many = companies(MOST_COMPANIES)
    assert len({company.id for company in many}) == len({company.name for company in many}) == MOST_COMPANIES
    assert {company.industry for company in many} == set(phrases().industries)
    assert many[:10] == demo_companies()
    with pytest.raises(ValueError, match="invented"):
        companies(MOST_COMPANIES + 1)


def test_catalogues_are_read_by_the_linker(tmp_path: Path) -> None:
    from pipeline.enrich.catalogue.loading import read_entities

    for name, text in (("demo.yaml", demo_catalogue()), ("more.yaml", catalogue_yaml(companies(40)))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        entities = read_entities(tmp_path / name)
        assert [entity.id for entity in entities][:10] == list(COMPANIES)
        assert entities[0].handles == {network: ("acmeair",) for network, _ in NETWORKS}
