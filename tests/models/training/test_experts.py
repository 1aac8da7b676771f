"""Experts: runs that learn some of the heads, and teach these alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.training.config import read_config
from models.training.dataset.loading import read_pool
from pipeline.errors import SettingsError
from tests.models.training.test_training import config_text, write_base, write_data


def test_an_expert_learns_its_heads_alone_and_the_parts_stay_as_they_are(tmp_path: Path) -> None:
    write_data(tmp_path)
    text = config_text("0" * 64)
    (tmp_path / "all.toml").write_text(text)
    (tmp_path / "expert.toml").write_text('only = ["question"]\n' + text)
    every, expert = (read_config(tmp_path / f"{name}.toml", data=tmp_path) for name in ("all", "expert"))
    assert expert.post_heads == {"question": 2}
    assert expert.target_labels == 0
    assert expert.fingerprint != every.fingerprint
    for part in ("train", "dev", "calibration"):
        kept = {e.text for e in getattr(read_pool(expert), part)}
        assert kept == {e.text for e in getattr(read_pool(every), part) if "question" in e.labels}
    assert all(e.labels.keys() == {"question"} and not e.targets for e in read_pool(expert).train)

    (tmp_path / "wrong.toml").write_text('only = ["questions"]\n' + text)
    with pytest.raises(SettingsError, match="names questions, which is not among the heads"):
        read_config(tmp_path / "wrong.toml")


@pytest.mark.slow
@pytest.mark.torch
def test_an_expert_is_heard_about_its_heads_where_it_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from models.training.dataset.batches import tokens
    from models.training.distillation import answers_of_teachers
    from models.training.pretrained import open_base
    from models.training.runs import run

    write_data(tmp_path)
    text = config_text(write_base(tmp_path / "tiny_base_for_tests")).replace("epochs = 2", "epochs = 0.5")
    monkeypatch.syspath_prepend(str(tmp_path))
    expert = 'only = ["question"]\nasked = 0.5\n' + text.replace(
        'output = "unset"', f'output = "{tmp_path / "expert"}"'
    )
    (tmp_path / "expert.toml").write_text(expert)
    (tmp_path / "all.toml").write_text(text.replace('output = "unset"', f'output = "{tmp_path / "all"}"'))
    for names in (["expert.toml"], ["all.toml"], ["all.toml", "expert.toml"]):
        table = f"[teacher]\nconfigs = {json.dumps(names)}\n\n[optimiser]"
        (tmp_path / f"{len(names)}{names[0]}").write_text(text.replace("[optimiser]", table))
    found = []
    for name in ("1expert.toml", "1all.toml", "2all.toml"):
        config = read_config(tmp_path / name, data=tmp_path, output=tmp_path / name[:-5])
        run(config, lambda _: None)  # with an answer missing it learns from what is left: the loss stays finite
        examples = read_pool(config).train
        own = tokens(examples, open_base(config.base, config.max_tokens).tokenizer, list(config.post_heads))
        heard_of = answers_of_teachers(config, examples, own, "fp32", lambda _: None)
        assert heard_of is not None
        found.append(heard_of)
    one, all_, both = found
    heard = ~np.isnan(one["question"][:, 0])
    labelled = np.array(["question" in example.labels for example in examples])
    assert heard[labelled].all()
    assert 0.3 < heard[~labelled].mean() < 0.7
    assert np.isnan(one["sentiment"]).all()
    assert np.isnan(one["target"]).all()
    assert both["question"][heard] == pytest.approx((one["question"][heard] + all_["question"][heard]) / 2, abs=2e-3)
    assert (both["question"][~heard] == all_["question"][~heard]).all()
    assert (both["target"] == all_["target"]).all()
