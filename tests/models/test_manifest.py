"""A wrong, truncated or foreign artefact is refused, with a message that names the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from models.load import load_scorer
from models.manifest import MANIFEST, MODEL, SHIPPED, TOKENIZER, WEIGHTS, read_manifest, verify
from pipeline.errors import TerminalError
from pipeline.settings.model import ModelSettings

LIMIT = 36_000_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))


def change_manifest(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = msgspec.json.decode((folder / MANIFEST).read_bytes())
    change(content)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(content))


def test_the_shipped_artefact_is_whole_and_small() -> None:
    manifest = verify(SHIPPED)
    assert sum(info.bytes for info in manifest.files.values()) <= LIMIT
    assert set(manifest.files) == {path.name for path in SHIPPED.iterdir()} - {MANIFEST}


def test_the_shipped_manifest_says_where_the_model_comes_from() -> None:
    manifest = read_manifest(SHIPPED)
    assert manifest.base.licence == "Apache-2.0"
    assert any("training" in data.use for data in manifest.data)
    assert all(found.official.low < found.official.value for found in manifest.figures)
    assert {found.head for found in manifest.figures} == set(manifest.heads)
    text = (SHIPPED / MANIFEST).read_text()
    assert "/home/" not in text
    assert '"/' not in text, "no path of a machine"


@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TOKENIZER])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(TerminalError, match=f"{name}.*truncated"):
        load_scorer(ModelSettings(path=copy))


@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TOKENIZER])
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(TerminalError, match=f"{name}.*changed"):
        load_scorer(ModelSettings(path=copy))


@pytest.mark.parametrize("name", [MODEL, WEIGHTS, TOKENIZER, MANIFEST])
def test_a_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(TerminalError, match=name):
        load_scorer(ModelSettings(path=copy))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda manifest: manifest.update(format=99), "format 99"),
        (lambda manifest: manifest.update(normalisation="other-1"), "cleaned by 'other-1'"),
        (lambda manifest: manifest["files"].pop(WEIGHTS), "does not list weights.safetensors"),
        (lambda manifest: manifest["files"].update({"../x": manifest["files"][MODEL]}), "not a manifest"),
        (lambda manifest: manifest.update(surprise=1), "not a manifest"),
        (lambda manifest: manifest["heads"].pop("sentiment"), "no head named sentiment"),
        (lambda manifest: manifest["heads"]["sentiment"].update(temperature=0.0), "not a manifest"),
        (lambda manifest: manifest["heads"]["sentiment"].update(shift=[0.0]), "1 shifts"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    copy: Path, change: Callable[[dict[str, object]], object], says: str
) -> None:
    change_manifest(copy, change)
    with pytest.raises(TerminalError, match=says):
        verify(copy)


def test_a_manifest_that_is_not_json_is_refused(copy: Path) -> None:
    (copy / MANIFEST).write_bytes(b"\x00\xff not json")
    with pytest.raises(TerminalError, match="not a manifest"):
        verify(copy)
