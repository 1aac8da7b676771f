"""Alarm rules and routes, tried with Prometheus' and Alertmanager's own tools."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline.contracts.stage_names import STAGES
from pipeline.observability.metrics import Metrics

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
RULES = [rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]]
NAMES = [rule["alert"] for rule in RULES]


def run(*command: str | Path, folder: Path = ROOT) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.promtool
def test_prometheus_takes_its_configuration() -> None:
    assert "SUCCESS" in run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.promtool
def test_rules_raise_what_they_should_and_nothing_else() -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", "rules_test.yml", folder=Path(__file__).parent)


@pytest.mark.amtool
@pytest.mark.parametrize("name", ["alertmanager.yml", "paging.example.yml"])
def test_alertmanager_takes_its_configuration(name: str) -> None:
    run("amtool", "check-config", ALERTMANAGER / name)
    routed = "amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER / name}"
    assert run(*routed, "alertname=GroundswellIncident", "entity=x", "incident=y").strip() == "on-call"
    assert run(*routed, "alertname=GroundswellWorkerDown", "severity=page").strip() == "operators"


def test_rules_name_only_metrics_that_exist() -> None:
    families = {metric.name: metric for metric in Metrics(CollectorRegistry()).registry.collect()}
    known = set()
    for name, family in families.items():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        known |= {name + suffix for suffix in suffixes}
    used = {name for rule in RULES for name in re.findall(r"\bgroundswell_\w+", rule["expr"])}
    assert used <= known, used - known
    assert len(used) >= 7


def test_every_stage_is_scraped_and_missed() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "groundswell")
    assert set(job["dns_sd_configs"][0]["names"]) == set(STAGES)
    missing = next(rule for rule in RULES if rule["alert"] == "GroundswellStageMissing")
    assert set(re.findall(r'worker="(\w+)"', missing["expr"])) == set(STAGES)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_alarm_says_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert anchor in anchors
    assert rule["labels"]["severity"] in ("page", "ticket")
