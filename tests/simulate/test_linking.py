"""The linker finds the demonstration's companies where they are named, and nobody where nobody is."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.simulate.companies import demo_catalogue, demo_companies
from pipeline.simulate.demo import demo_posts
from pipeline.simulate.texts import names


def test_posts_of_the_demonstration_are_linked_to_their_company(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(demo_catalogue(), encoding="utf-8")
    linker = Linker(load_catalogue(path, with_shipped=False))
    companies = {company.id: company for company in demo_companies()}
    seen = 0
    for post, _ in takewhile(lambda item: item[1] <= 120.0, demo_posts(0, datetime(2026, 3, 4, tzinfo=UTC))):
        company = companies.get("demo:" + post.post_id.split(":")[1].rpartition(".")[0])
        named = company and any(name.casefold() in post.text.casefold() for name in names(company))
        expected = {company.id} if company and named else set()
        assert {link.entity.id for link in linker.link(post.text, post.network)} == expected, post.text
        seen += bool(named)
    assert seen > 3_000
