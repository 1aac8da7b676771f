"""What docker-compose.yml promises: pinned, limited, healthy, on loopback, without default passwords."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.compiled import HOT
from pipeline.contracts.stage_names import STAGES
from pipeline.errors import SettingsError
from pipeline.settings import settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("groundswell:")}
JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}

each_service = pytest.mark.parametrize("name", SERVICES)
each_worker = pytest.mark.parametrize("name", OURS)


@each_service
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert name in OURS or re.search(r":v?\d+\.\d+\.\d+$", image), image


@each_service
def test_memory_is_limited_and_logs_are_bounded(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@each_service
def test_ports_are_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


@each_service
def test_what_lasts_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    if name in JOBS:
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"].get("test") or "bluesky" in service.get("profiles", [])


@each_service
def test_waits_only_for_what_there_is_and_can_be_met(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in JOBS else "service_healthy"
        assert how["condition"] == expected
        assert SERVICES[other]["healthcheck"]["test"] if other not in JOBS else True


def test_every_secret_must_be_given() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, rest in re.findall(r"\$\{(\w*(?:PASSWORD|KEY)\w*)([^}]*)\}", text):
        assert rest.startswith(":?"), f"{name} has a default"
    example = dict(
        line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if re.match(r"[A-Z]", line)
    )
    used = set(re.findall(r"\$\{(\w+)", text)) - {"GROUNDSWELL_TAG"}
    assert example.keys() == used
    assert not any(example.values())


def test_volumes_are_declared() -> None:
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert named == set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                source, _, mode = volume.rpartition(":")
                assert mode == "ro"
                assert (ROOT / source.split(":")[0]).exists(), volume


def test_the_servers_are_those_that_the_tests_run() -> None:
    pom = (ROOT / "deploy" / "local" / "pom.xml").read_text()
    versions = dict(re.findall(r"<(kafka|elasticsearch)\.version>([\d.]+)<", pom))
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{versions['kafka']}"
    for name in ("elasticsearch", "kibana"):
        assert SERVICES[name]["image"].endswith(f":{versions['elasticsearch']}")


def test_every_stage_has_a_worker() -> None:
    workers = [service["command"][1:] for service in OURS.values() if service["command"][0] == "worker"]
    assert sorted(workers) == sorted([stage] for stage in STAGES)


@each_worker
def test_our_containers_have_no_rights_to_lose(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "USER 10001:10001" in (ROOT / "deploy" / "Dockerfile").read_text()


@each_worker
def test_settings_are_ones_that_exist(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in OURS[name]["environment"].items():
        given = re.sub(r"\$\{\w+:-\}", "", str(value))
        monkeypatch.setenv(variable, re.sub(r"\$\{.*\}", "x", given))
    loaded = settings.load()
    assert loaded.kafka.bootstrap == "kafka:9092"
    assert loaded.index.username == "groundswell"


def test_a_misspelt_setting_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_KAFKA__BOOTSTRAPS", "x")
    with pytest.raises(SettingsError):
        settings.load()


def test_the_image_holds_no_more_than_it_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {
        "pyproject.toml", "requirements", "README.md", "LICENSE", "NOTICE", "pipeline", "models",
        "deploy/elasticsearch",
    }  # fmt: skip
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    assert all(re.search(r"python:\d+\.\d+\.\d+-slim", line) for line in text.splitlines() if line.startswith("FROM"))
    assert "[train]" not in text


def test_the_image_runs_the_compiled_form_of_all_that_has_one() -> None:
    _, building, running = re.split(r"^FROM .*$", (ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    copied = re.search(r"cp -r --parents ((?:[\w/]+/compiled )+)/opt/groundswell/", building)
    assert copied is not None
    assert sorted(copied[1].split()) == sorted(str(hot.compiled.relative_to(ROOT)) for hot in HOT)
    assert building.index("-m pipeline.compiled") < copied.start()
    assert "gcc" not in running, "the compiler stays behind"
    assert "**/compiled" in (ROOT / ".dockerignore").read_text().split(), "what a machine made for itself stays there"
