"""To go on from an artefact: the same answers to begin with, and what is frozen stays as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.manifest import WEIGHTS, digest
from models.training.config import read_config
from pipeline.errors import SettingsError, TerminalError
from tests.models.training.test_training import config_text, write_base, write_data


def test_what_is_kept_is_a_share_in_a_mean_of_seeds(tmp_path: Path) -> None:
    table = f'[begin]\nartefact = "artefact"\nsha256 = "{"0" * 64}"\nkept = 0.5\n\n'
    (tmp_path / "one.toml").write_text(config_text("0" * 64).replace("[optimiser]", f"{table}[optimiser]"))
    with pytest.raises(SettingsError, match="a share in the mean of several `seeds`"):
        read_config(tmp_path / "one.toml")


@pytest.mark.slow
@pytest.mark.torch
def test_a_run_goes_on_from_an_artefact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from safetensors.torch import load_file

    from models.export.artefact import export, read_run
    from models.network import MultiHead
    from models.training.distillation import logits
    from models.training.pretrained import open_base
    from models.training.runs import run
    from models.training.train import train
    from models.training.warm_start import begin

    write_data(tmp_path)
    text = config_text(write_base(tmp_path / "tiny_base_for_tests"))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "first.toml").write_text(text)
    first = read_config(tmp_path / "first.toml", data=tmp_path, output=tmp_path / "first")
    train(first, lambda _: None)
    export(first, tmp_path / "artefact")

    table = f'[begin]\nartefact = "artefact"\nsha256 = "{digest(tmp_path / "artefact" / WEIGHTS)}"\n\n'
    (tmp_path / "next.toml").write_text(text.replace("[optimiser]", f"{table}[optimiser]\nfrozen = 1"))
    following = read_config(tmp_path / "next.toml", data=tmp_path, output=tmp_path / "next")
    assert following.begin is not None
    assert following.fingerprint != first.fingerprint

    before = read_run(first)
    after = MultiHead(open_base(first.base, first.max_tokens).encoder, first.post_heads, first.target_labels)
    begin(after, following)
    kept = before.tokens("calibration")
    had, has = (logits(model.eval(), kept, torch.device("cpu"), "fp32") for model in (before.model, after))
    for head in first.heads:
        assert np.abs(had[head] - has[head]).max() < 0.2, "what 8 bits lose"
        assert (had[head].argmax(1) == has[head].argmax(1)).mean() > 0.98

    begun = {name: value.detach().clone() for name, value in after.named_parameters()}
    train(following, lambda _: None)
    learnt = load_file(following.output / WEIGHTS)
    moved = {name for name, value in learnt.items() if not torch.equal(value, begun[name])}
    assert not any("embeddings." in name or ".layer.0." in name for name in moved)
    assert any(".layer.1." in name for name in moved)
    assert any(name.startswith("heads.") for name in moved)

    idle = following.optimiser.model_copy(update={"epochs": 0.0})
    report = train(following.model_copy(update={"optimiser": idle, "output": tmp_path / "idle"}), lambda _: None)
    as_it_was = load_file(tmp_path / "idle" / WEIGHTS)
    assert report.steps == 0
    moved = {name for name, value in as_it_was.items() if not torch.equal(value, begun[name])}
    assert moved <= {"sketch.weight", "sketch.bias"}, "which are not learnt, but made at export"

    half = following.begin.model_copy(update={"own_share": 0.5})
    run(following.model_copy(update={"begin": half, "seeds": (1, 2), "output": tmp_path / "half"}), lambda _: None)
    one, two, both = (load_file(tmp_path / name / WEIGHTS) for name in ("half-seed1", "half-seed2", "half"))
    assert all(torch.allclose(one[name], learnt[name]) for name in learnt), "a seed's own run keeps nothing aside"
    for name, value in both.items():
        if name.startswith("sketch."):  # not learnt: made at export
            continue
        assert torch.allclose(value, 0.5 * begun[name] + 0.25 * (one[name] + two[name]), atol=1e-6)

    wrong = following.begin.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(TerminalError, match=r"holds tiny 0\.0\.1 with weights of SHA-256"):
        begin(after, following.model_copy(update={"begin": wrong}))

    away = following.begin.model_copy(update={"artefact": tmp_path / "away"})
    with pytest.raises(TerminalError, match=r"away: is not there; to begin with is the artefact with weights of"):
        begin(after, following.model_copy(update={"begin": away}))
