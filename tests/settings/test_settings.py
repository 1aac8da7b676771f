"""File, then environment, then flags; what is wrong is named together with what is allowed; secrets do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.runtime.process.supervisor import environment
from pipeline.settings.settings import Settings, load


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_later_wins(in_an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().detect.false_alarms == 0.2
    (in_an_empty_folder / "groundswell.toml").write_text("[detect]\nfalse_alarms = 0.3\n[web]\nport = 9000\n")
    assert load().detect.false_alarms == 0.3
    monkeypatch.setenv("GROUNDSWELL_DETECT__FALSE_ALARMS", "0.4")
    assert load().detect.false_alarms == 0.4
    assert load(detect={"false_alarms": 0.5}).detect.false_alarms == 0.5
    assert load(detect={"false_alarms": 0.5}).web.port == 9000


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"detect": {"false_alarm": 1}}, ["detect.false_alarm is not a setting", "detect.false_alarms"]),
        ({"web": {"port": "x"}}, ["web.port", "integer", "'x'"]),
        ({"model": {"backend": "gpu"}}, ["model.backend", "'onnx'", "'torch'", "'fixed'"]),
        ({"detect": {"false_alarms": 0}}, ["detect.false_alarms", "greater than 0"]),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(flags: dict[str, object], words: list[str]) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**flags)
    for word in words:
        assert word in str(raised.value)


def test_a_misspelt_variable_does_not_go_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_KAFKA__BOOTSTRP", "kafka:9092")
    with pytest.raises(SettingsError, match="GROUNDSWELL_KAFKA__BOOTSTRAP"):
        load()


def test_a_variable_that_is_no_setting_but_ours_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_PURE", "1")
    assert load() == Settings()


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_CONFIG", "nowhere.toml")
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load()


def test_a_secret_may_come_from_a_file_and_never_shows(
    in_an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_an_empty_folder / "password").write_text("hush-hush\n")
    monkeypatch.setenv("GROUNDSWELL_KAFKA__PASSWORD_FILE", str(in_an_empty_folder / "password"))
    settings = load()
    assert settings.kafka.password.get_secret_value() == "hush-hush"
    assert "hush-hush" not in repr(settings)
    monkeypatch.setenv("GROUNDSWELL_KAFKA__PASSWORD_FILE", str(in_an_empty_folder / "gone"))
    with pytest.raises(SettingsError, match="GROUNDSWELL_KAFKA__PASSWORD_FILE"):
        load()


def test_a_wrong_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(SettingsError) as raised:
        load(kafka={"password": ["hush-hush"]})
    assert "hush-hush" not in str(raised.value)


def test_a_child_process_sees_what_its_parent_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = load(
        kafka={"bootstrap": "k:9092", "wait_for": ("a", "b")}, detect={"false_alarms": 0.7}, log_level="debug"
    )
    for name, value in environment(parent).items():
        monkeypatch.setenv(name, value)
    child = load()
    assert child.kafka == parent.kafka
    assert child.detect == parent.detect
    assert child.log_level == "debug"
    assert child.data == parent.data.resolve()


def test_a_file_that_is_no_toml_is_named(in_an_empty_folder: Path) -> None:
    (in_an_empty_folder / "groundswell.toml").write_text("[web]\nport = \n")
    with pytest.raises(SettingsError, match=r"groundswell.toml: is not TOML .*line 2.*Mend that line"):
        load()
    (in_an_empty_folder / "groundswell.toml").write_bytes(b'data = "\xff"')
    with pytest.raises(SettingsError, match=r"groundswell.toml: is not TOML"):
        load()
