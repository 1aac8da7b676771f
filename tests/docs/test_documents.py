"""What the documents say can be done: links lead somewhere, examples run, metrics and settings exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.alert.signature import sign
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.index.language.fields import listed
from pipeline.observability.metrics import Metrics
from pipeline.settings import settings
from tests.real_servers import RealKafka

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "docs" / "decisions", ROOT / "docs" / "results", ROOT / "deploy")
    for path in folder.glob("*.md")
    if path.is_file()
)
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text() for path in DOCUMENTS}
GOLDEN = ROOT / "tests" / "contracts" / "golden" / "v1"


def example(document: str, function: str) -> Any:
    """A function that a document defines in a block of Python."""
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT[document], re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if f"def {function}(" in block]
    names: dict[str, Any] = {}
    exec(compile(block, document, "exec"), names)
    return names[function]


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXT)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(TEXT[name])):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), target


FOLDERS = ("pipeline", "models", "tests", "deploy", "docs", "benchmarks", "requirements")
FILES = frozenset(
    path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()
) | {path.name for path in ROOT.iterdir() if path.is_file()}


def no_such_files(text: str) -> set[str]:
    """Files that a text names in code quotes and that are not there: by their path, or by its end."""
    named = set(re.findall(r"`([\w./-]*\w\.(?:py|ya?ml|html|lock|toml|md))`", text))
    return {name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in FILES)} - OF_USERS


OF_USERS = {"groundswell.toml", "companies.yaml", "own.yaml", "catalogue.yaml"}
"""Files that people write for themselves."""


@pytest.mark.parametrize("name", TEXT)
def test_files_that_a_document_names_exist(name: str) -> None:
    text = TEXT[name].replace("`../", "`")
    assert no_such_files(text) == set()
    folders = set(re.findall(rf"`((?:{'|'.join(FOLDERS)})(?:/[\w-]+)+/?)`", text))
    assert {folder for folder in folders if not (ROOT / folder).exists()} == set()


def test_files_that_docstrings_name_exist() -> None:
    wrong = {}
    for top in ("pipeline", "models", "benchmarks", "deploy", "tests"):
        for path in (ROOT / top).rglob("*.py"):
            if missing := no_such_files(ast.get_docstring(ast.parse(path.read_text())) or ""):
                wrong[path.relative_to(ROOT).as_posix()] = missing
    assert wrong == {}


def test_metrics_that_the_operator_is_told_of_exist() -> None:
    shown = generate_latest(Metrics(CollectorRegistry()).registry).decode()
    known = set(re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE))
    for document in ("docs/operator.md", "docs/failures.md"):
        named = set(re.findall(r"\bgroundswell_[a-z_]+", TEXT[document]))
        assert named <= known, named - known


def test_settings_that_are_named_exist() -> None:
    known = {path.replace("__", ".") for path in settings._paths(settings.Settings)}
    sections = {name.split(".")[0] for name in known if "." in name}
    for document in ("docs/operator.md", "docs/failures.md", "docs/downstream.md", "SECURITY.md"):
        text = re.sub(r"```.*?```", "", TEXT[document], flags=re.DOTALL)
        named = {name for name in re.findall(r"`([a-z]+\.[a-z_]+)`", text) if name.split(".")[0] in sections}
        assert named <= known | {"cursors.sqlite"}, f"{document}: {named - known}"
        for variable in re.findall(r"GROUNDSWELL_([A-Z]+__[A-Z_]+)", TEXT[document]):
            assert variable.lower().replace("__", ".") in known, variable


def test_every_field_of_the_query_language_is_listed() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", TEXT["docs/search.md"], re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", others)) for name, others in rows} == {
        field.name: set(field.others) for field in listed()
    }


def test_the_signature_is_verified_as_the_document_shows() -> None:
    genuine = example("docs/downstream.md", "genuine")
    body, secret, now = b'{"incident_id":"x"}', b"sixteen characters", 1_772_356_503.0
    header = sign(secret, body, now)
    assert genuine(header, body, secret, now=now + 60)
    assert not genuine(header, body + b" ", secret, now=now)
    assert not genuine(header, body, b"another secret!!", now=now)
    assert not genuine(header, body, secret, now=now + 301)
    assert not genuine("t=x,v1=", body, secret, now=now)


@pytest.mark.real
def test_mentions_are_read_as_the_document_shows(fresh_kafka: RealKafka) -> None:
    admin = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap})
    admin.create_topics([NewTopic(MENTIONS_SCORED.name, 1, 1)])[MENTIONS_SCORED.name].result(30)
    producer = Producer({"bootstrap.servers": fresh_kafka.bootstrap})
    for name in ("mention", "mention_deleted"):
        producer.produce(MENTIONS_SCORED.name, key=b"northline-air", value=(GOLDEN / f"{name}.json").read_bytes())
    assert producer.flush(30) == 0
    read = example("docs/downstream.md", "mentions")(fresh_kafka.bootstrap, "crm")
    identifier, mention = next(read)
    assert mention["sentiment"]["label"] == "negative"
    assert next(read) == (identifier, None)
    read.close()
