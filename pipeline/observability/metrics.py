"""Every Prometheus metric of Groundswell, in one place.

The registry is injected, so that tests and several workers in one process do not share counters.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What a process counts.  Names are part of the contract with dashboards and alarms: add, do not rename."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._add_stages(self.registry)
        self._add_model_and_alerts(self.registry)
        self._add_promise(self.registry)
        self._add_agents(self.registry)

    def _add_stages(self, registry: CollectorRegistry) -> None:
        self.records_in = Counter(
            "groundswell_records_in", "Records taken from a topic", ["stage", "topic"], registry=registry
        )
        self.records_out = Counter(
            "groundswell_records_out", "Messages published and delivered", ["stage", "topic"], registry=registry
        )
        self.lag = Gauge(
            "groundswell_lag_records", "Records not yet read", ["stage", "topic", "partition"], registry=registry
        )
        self.dead_letters = Counter(
            "groundswell_dead_letters", "Records that could not be processed", ["stage", "code"], registry=registry
        )
        self.batch_seconds = Histogram(
            "groundswell_batch_seconds", "Time for one batch", ["stage"], registry=registry, buckets=_SECONDS
        )
        self.gap_records = Counter(
            "groundswell_gap_records", "Records lost before they were read", ["stage", "topic"], registry=registry
        )
        self.state_writes = Counter("groundswell_state_writes", "Values of state written", ["stage"], registry=registry)
        self.retries = Counter(
            "groundswell_retries", "Repeated tries after a passing fault", ["stage"], registry=registry
        )
        self.merge_forced = Counter(
            "groundswell_merge_forced",
            "Records released without waiting for a slow partition",
            ["stage"],
            registry=registry,
        )
        self.abandoned_threads = Counter(
            "groundswell_abandoned_threads", "Threads of a stage given up since they took too long", ["stage"],
            registry=registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "groundswell_waiting", "1 while a worker waits for something outside", ["stage", "what"], registry=registry
        )

        self.replies_dropped = Counter(
            "groundswell_replies_dropped", "Replies that wait no longer for what they answer, for want of room",
            ["bound"], registry=registry,
        )  # fmt: skip

    def _add_model_and_alerts(self, registry: CollectorRegistry) -> None:
        self.model_seconds = Histogram(
            "groundswell_model_seconds", "Time in the model for one batch", registry=registry, buckets=_SECONDS
        )
        self.model_posts = Counter("groundswell_model_posts", "Posts read by the model", registry=registry)
        self.alerts_sent = Counter("groundswell_alerts_sent", "Alerts delivered", ["notifier"], registry=registry)
        self.alerts_failed = Counter("groundswell_alerts_failed", "Alerts given up", ["notifier"], registry=registry)
        self.alerts_waiting = Gauge(
            "groundswell_alerts_waiting", "Alerts that wait for their receiver", ["notifier"], registry=registry
        )

    def _add_promise(self, registry: CollectorRegistry) -> None:
        self.false_alarms_allowed = Gauge(
            "groundswell_false_alarms_allowed", "False alarms that the promise allows in the span looked at",
            ["scope", "name"], registry=registry,
        )  # fmt: skip
        self.false_alarms_reported = Gauge(
            "groundswell_false_alarms_reported", "Incidents of that span that people called false", ["scope", "name"],
            registry=registry,
        )  # fmt: skip
        self.promise_broken = Gauge(
            "groundswell_promise_broken", "1 while there are more false alarms than chance explains", ["scope", "name"],
            registry=registry,
        )  # fmt: skip

    def _add_agents(self, registry: CollectorRegistry) -> None:
        self.agent_frames = Counter(
            "groundswell_agent_frames", "Frames that a network gave", ["agent"], registry=registry
        )
        self.agent_published = Counter(
            "groundswell_agent_published",
            "Messages of an agent that Kafka has acknowledged",
            ["agent"],
            registry=registry,
        )
        self.agent_rejected = Counter(
            "groundswell_agent_rejected", "Frames that could not be read", ["agent", "code"], registry=registry
        )
        self.agent_rejects_not_stored = Counter(
            "groundswell_agent_rejects_not_stored", "Rejects that were counted but not stored", ["agent", "code"],
            registry=registry,
        )  # fmt: skip
        self.agent_gap_seconds = Counter(
            "groundswell_agent_gap_seconds", "Spans of a network's stream that will not come any more", ["agent"],
            registry=registry,
        )  # fmt: skip
        self.agent_gaps = Counter(
            "groundswell_agent_gaps", "Gaps published for spans that a network did not give", ["agent"],
            registry=registry,
        )  # fmt: skip
        self.agent_repeated = Counter(
            "groundswell_agent_repeated", "Frames that came again and were left out", ["agent"], registry=registry
        )
        self.agent_disconnects = Counter(
            "groundswell_agent_disconnects", "Connections to a network that ended", ["agent", "reason"],
            registry=registry,
        )  # fmt: skip
        self.agent_waiting = Gauge(
            "groundswell_agent_waiting_seconds", "Rest that the network, or a budget, imposed; 0 while it goes on",
            ["agent"], registry=registry,
        )  # fmt: skip
        self.budget_left = Gauge(
            "groundswell_network_budget_left", "What is left of a network's budget of the day", ["network", "kind"],
            registry=registry,
        )  # fmt: skip
        self.agent_behind = Gauge(
            "groundswell_agent_behind_seconds",
            "How far the newest frame lies behind the clock",
            ["agent"],
            registry=registry,
        )
        self.agent_connected = Gauge(
            "groundswell_agent_connected", "1 while an agent is connected to its network", ["agent"], registry=registry
        )
