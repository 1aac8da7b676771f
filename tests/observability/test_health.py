"""`/metrics` and `/healthz` answer from a thread of their own, on loopback."""

from __future__ import annotations

import httpx
import pytest

from pipeline.errors import TerminalError
from pipeline.ingest.agent import AgentHooks
from pipeline.observability.agent_metrics import CountedAgent
from pipeline.observability.health import HealthServer, answers_to
from pipeline.observability.metrics import Metrics
from pipeline.runtime.worker.progress import WorkerProgress


def test_health_and_metrics_are_served() -> None:
    metrics, well = Metrics(), [True]
    hooks: AgentHooks = CountedAgent(metrics)
    hooks.connected("bluesky")
    hooks.received("bluesky", 5, 1.5)
    hooks.gap("bluesky", 60.0)
    server = HealthServer("127.0.0.1", 0, metrics.registry, lambda: (well[0], {"stage": "enrich", "lag": 7}))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
            healthy = client.get("/healthz")
            assert (healthy.status_code, healthy.json()) == (200, {"ok": True, "stage": "enrich", "lag": 7})
            well[0] = False
            assert client.get("/healthz").status_code == 503
            text = client.get("/metrics").text
            assert 'groundswell_agent_frames_total{agent="bluesky"} 5.0' in text
            assert 'groundswell_agent_gap_seconds_total{agent="bluesky"} 60.0' in text
            assert client.get("/").status_code == 404
            with pytest.raises(TerminalError, match=r"metrics\.port"):
                HealthServer("127.0.0.1", server.port, metrics.registry, lambda: (True, {}))
    finally:
        server.close()


@pytest.mark.parametrize(
    ("header", "listens", "ours"),
    [
        ("127.0.0.1:9101", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("evil.example:9101", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("enrich:9101", "127.0.0.1", False),
        ("enrich:9101", "0.0.0.0", True),
        ("10.1.2.3:9101", "0.0.0.0", True),
        ("[fe80::1]:9101", "::", True),
        ("enrich.prod.svc.cluster.local:9101", "0.0.0.0", True),
        ("evil.example:9101", "0.0.0.0", False),
    ],
)
def test_it_answers_to_names_of_its_own_only(header: str, listens: str, ours: bool) -> None:
    assert answers_to(header, listens) is ours


def test_a_page_elsewhere_cannot_read_it_under_its_own_name() -> None:
    server = HealthServer("127.0.0.1", 0, Metrics().registry, lambda: (True, {}))
    try:
        for path in ("/metrics", "/healthz"):
            answer = httpx.get(f"http://127.0.0.1:{server.port}{path}", headers={"Host": "evil.example"})
            assert (answer.status_code, "groundswell_" in answer.text) == (421, False)
    finally:
        server.close()


def test_stuck_is_no_progress_while_records_wait_and_nothing_is_waited_for() -> None:
    clock = [0.0]
    progress = WorkerProgress("enrich", Metrics(), lambda: clock[0])
    clock[0] = 50.0
    assert progress.stuck_for() == 0.0, "nothing to do is not stuck"
    progress.lag = lambda: 3
    assert progress.stuck_for() == 50.0
    with progress.waiting("broker"):
        assert progress.stuck_for() == 0.0, "a wait that is meant is not stuck"
        clock[0] = 80.0
        with progress.waiting("readers"):
            clock[0] = 85.0
            assert [tuple(wait) for wait in progress.waits()] == [("broker", 35.0), ("readers", 5.0)]
        assert progress.waiting_for == "broker", "one wait that ends leaves the other"
        clock[0] = 80.0
    assert progress.stuck_for() == 0.0
    assert progress.waiting_for is None
    assert progress.waits() == []
    clock[0] = 90.0
    assert progress.stuck_for() == 10.0
    progress.advanced()
    assert progress.stuck_for() == 0.0
