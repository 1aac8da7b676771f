"""A base with weights in 4 bits: unpacked as it was packed; a trimmed vocabulary reads texts as before."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from models.training.config import BaseConfig, PackedConfig, TrimConfig
from pipeline.errors import TerminalError
from tests.models.training.test_training import config_text, write_data

pytestmark = pytest.mark.torch

WORDS = [
    *("the", "is", "here", "day", "north", "south", "great", "lovely", "excellent", "wonderful"),
    *("awful", "broken", "rude", "terrible", "monday", "street", "report", "table"),
]
SPELLING = list("abcdefghijklmnopqrstuvwxyz0123456789?")
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    *("\u2581" + word for word in WORDS),
    "\u2581",
    *SPELLING,
    "привет",
    "<mask>",
]
HIDDEN, INNER, LAYERS, POSITIONS = 32, 64, 3, 32


def tensors(seed: int = 1) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)

    def table(*shape: int) -> np.ndarray:
        return (draw.integers(-8, 8, shape) * 0.0625).astype(np.float32)

    out = {"emb.word": table(len(PIECES), HIDDEN), "emb.pos": table(POSITIONS, HIDDEN), "emb.type": table(2, HIDDEN)}
    out |= {"emb.ln.w": np.ones(HIDDEN, np.float32), "emb.ln.b": np.zeros(HIDDEN, np.float32)}
    for layer in range(LAYERS):
        for short in ("q", "k", "v", "ao", "fi", "fo"):
            wide, given = {"fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}.get(short, (HIDDEN, HIDDEN))
            out[f"l{layer}.{short}.w"], out[f"l{layer}.{short}.b"] = table(wide, given), np.zeros(wide, np.float32)
        for short in ("aln", "oln"):
            out[f"l{layer}.{short}.w"] = np.ones(HIDDEN, np.float32)
            out[f"l{layer}.{short}.b"] = np.zeros(HIDDEN, np.float32)
    return out


def packed_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """As the format describes: tables and matrices in 4 bits, the rest in float32."""
    directory, body = [], b""
    for name, value in arrays.items():
        in_bits = value.ndim == 2
        if in_bits:
            blocks = value.reshape(-1, 32)
            halves = (np.round(blocks / 0.0625) + 8).astype(np.uint8)
            both = halves[:, :16] | (halves[:, 16:] << 4)
            scale = np.full((len(blocks), 1), 0.0625, np.float16).view(np.uint8)
            data = np.concatenate([scale, both], axis=1).tobytes()
        else:
            data = value.astype(np.float32).tobytes()
        directory.append((name, int(in_bits), value.size, len(body), len(data)))
        body += data
    shape = struct.pack("<7ifi", HIDDEN, LAYERS, 2, INNER, len(PIECES), POSITIONS, 2, 1e-12, 32)
    tokenizer = struct.pack("<5iQ", 1, 0, 2, 1, 3, 2) + bytes(4 * 2 + 4) + b"ab" + struct.pack("<iI", 0, 3) + b"abc"
    head = b"E5S1" + struct.pack("<I", 1) + shape + tokenizer + struct.pack("<i", len(directory))
    start = len(head) + sum(2 + len(name) + 21 for name, *_ in directory)
    for name, kind, count, offset, size in directory:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, start + offset, size)
    return head + body


def write_packages(folder: Path) -> BaseConfig:
    """Two packages, of weights and of a tokenizer, and the configuration that names them."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram([(piece, -float(index)) for index, piece in enumerate(PIECES)], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    for package, name, data in (
        ("packed_base_for_tests", "small.bin", packed_bytes(tensors())),
        ("pieces_for_tests", "tokenizer.json", tokenizer.to_str().encode()),
    ):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        (folder / package / name).write_bytes(data)

    def sha256(path: str) -> str:
        return hashlib.sha256((folder / path).read_bytes()).hexdigest()

    return BaseConfig(
        name="small",
        package="packed_base_for_tests",
        sha256=sha256("packed_base_for_tests/small.bin"),
        licence="l",
        notice="n",
        packed=PackedConfig(
            file="small.bin",
            tokenizer_package="pieces_for_tests",
            tokenizer="tokenizer.json",
            tokenizer_sha256=sha256("pieces_for_tests/tokenizer.json"),
        ),
    )


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseConfig:
    monkeypatch.syspath_prepend(str(tmp_path))
    return write_packages(tmp_path)


def test_what_is_unpacked_is_what_was_packed(base: BaseConfig) -> None:
    from models.training.pretrained import open_base

    state = open_base(base, 16).encoder.state_dict()
    expected = tensors()
    assert np.array_equal(state["embeddings.word_embeddings.weight"].numpy(), expected["emb.word"])
    for layer in range(LAYERS):
        for short, name in (("q", "attention.self.query"), ("fi", "intermediate.dense"), ("fo", "output.dense")):
            found = state[f"encoder.layer.{layer}.{name}.weight"].numpy()
            assert np.array_equal(found, expected[f"l{layer}.{short}.w"]), (layer, name)
    first = open_base(base.model_copy(update={"layers": 2}), 16).encoder
    assert first.config.num_hidden_layers == 2
    assert np.array_equal(
        first.state_dict()["encoder.layer.1.output.dense.weight"].numpy(),
        expected["l1.fo.w"],
    )
    with pytest.raises(TerminalError, match="has 3 layers, not 4"):
        open_base(base.model_copy(update={"layers": 4}), 16)


def test_a_trimmed_vocabulary_reads_texts_as_before(base: BaseConfig, tmp_path: Path) -> None:
    import torch

    from models.training.pretrained import open_base, whole_tokenizer
    from models.training.vocabulary import chosen_pieces

    assert base.packed is not None
    texts = ["the lovely day", "the north is awful", "is n7 here?"]
    pieces = chosen_pieces(whole_tokenizer(base.packed), texts, 1_000)
    left = {PIECES[index] for index in pieces}
    assert {"<s>", "<mask>", "\u2581lovely", "\u2581rude", "z"} <= left  # likely ones of its script too
    assert "привет" not in left
    assert not {"\u2581rude", "\u2581table"} & {
        PIECES[index] for index in chosen_pieces(whole_tokenizer(base.packed), texts, len(left) - 9)
    }
    (tmp_path / "pieces.json").write_text(str(pieces.tolist()))
    small = base.model_copy(update={"trim": TrimConfig(file=tmp_path / "pieces.json", most=1_000)})
    before, after = open_base(base, 16), open_base(small, 16)
    assert after.encoder.config.vocab_size == len(pieces) < before.encoder.config.vocab_size
    for text in [*texts, "zebra"]:
        old, new = (found.tokenizer.encode(text) for found in (before, after))
        assert old.tokens == new.tokens
        assert old.offsets == new.offsets
        with torch.no_grad():
            states = [
                found.encoder.eval()(input_ids=torch.tensor([ids.ids])).last_hidden_state
                for found, ids in ((before, old), (after, new))
            ]
        assert torch.equal(*states)
    (tmp_path / "pieces.json").write_text("[4, 5]")
    with pytest.raises(TerminalError, match="lacks a piece"):
        open_base(small, 16)
    (tmp_path / "pieces.json").write_text("[5, 4]")
    with pytest.raises(TerminalError, match="not a list of rising numbers"):
        open_base(small, 16)


def test_a_broken_or_another_file_is_refused(base: BaseConfig, tmp_path: Path) -> None:
    from models.training.packed import PackedWeights
    from models.training.pretrained import open_base

    data = packed_bytes(tensors())
    for wrong, why in (
        (b"E5S2" + data[4:], "does not begin with E5S1"),
        (data[:60], "is broken"),
        (data[:-40], "lies beyond its end"),
    ):
        with pytest.raises(TerminalError, match=why):
            PackedWeights(wrong)
    with pytest.raises(TerminalError, match="has no tensor l9"):
        PackedWeights(data).array("l9.q.w", 1)
    with pytest.raises(TerminalError, match="weights, not 3 × 3"):
        PackedWeights(data).array("l0.q.w", 3, 3)
    (tmp_path / "packed_base_for_tests/small.bin").write_bytes(data + b" ")
    with pytest.raises(TerminalError, match="SHA-256 is"):
        open_base(base, 16)
    (tmp_path / "pieces_for_tests/tokenizer.json").unlink()
    with pytest.raises(TerminalError, match="no file"):
        open_base(base, 16)


@pytest.mark.slow
def test_a_run_trims_once_and_learns(base: BaseConfig, tmp_path: Path) -> None:
    import json

    from models.training.config import read_config
    from models.training.runs import run

    write_data(tmp_path)
    assert base.packed is not None
    text = config_text(base.sha256).replace("tiny_base_for_tests", base.package)
    text = text.replace("epochs = 2", "epochs = 0.5\nretain = 1.0").replace("[optimiser]", f"""layers = 2
[base.packed]
file = "{base.packed.file}"
tokenizer_package = "{base.packed.tokenizer_package}"
tokenizer = "{base.packed.tokenizer}"
tokenizer_sha256 = "{base.packed.tokenizer_sha256}"
[base.trim]
file = "{tmp_path / "made/pieces.json"}"
most = 1000

[optimiser]""")  # fmt: skip
    (tmp_path / "tiny.toml").write_text(text)
    config = read_config(tmp_path / "tiny.toml", data=tmp_path, output=tmp_path / "run")
    report = run(config, lambda _: None)
    pieces = json.loads((tmp_path / "made/pieces.json").read_text())
    assert "привет" not in {PIECES[index] for index in pieces}
    assert report.steps > 10
    assert report.best_dev > 0.4
    written = (tmp_path / "made/pieces.json").stat().st_mtime_ns
    assert run(config, lambda _: None).steps == report.steps
    assert (tmp_path / "made/pieces.json").stat().st_mtime_ns == written
