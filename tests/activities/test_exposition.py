"""What a worker shows Prometheus: its own work and the SDK's, on one port, in a bounded number of series."""

import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from activities.exposition import Exposition, add_up_senders
from local.ports import free_port

OF_SDK = """\
# HELP temporal_num_pollers Current number of active pollers per queue type
# TYPE temporal_num_pollers gauge
temporal_num_pollers{poller_type="activity_task",task_queue="campaigns"} 5
temporal_num_pollers{poller_type="activity_task",task_queue="reply-0199c7a2-7d1f-7c3e-8a55-0a1b2c3d4e5f"} 1
temporal_num_pollers{poller_type="activity_task",task_queue="send-0199c7a2-7d1f-7c3e-8a55-0a1b2c3d4e5f"} 1
temporal_num_pollers{poller_type="activity_task",task_queue="send-0199c7a2-7d1f-7c3e-8a55-ffffffffffff"} 2
# HELP temporal_activity_execution_latency_seconds Histogram of activity execution latencies
# TYPE temporal_activity_execution_latency_seconds histogram
temporal_activity_execution_latency_seconds_bucket{task_queue="send-a",le="0.5"} 3
temporal_activity_execution_latency_seconds_bucket{task_queue="send-a",le="+Inf"} 4
temporal_activity_execution_latency_seconds_bucket{task_queue="send-b",le="0.5"} 10
temporal_activity_execution_latency_seconds_bucket{task_queue="send-b",le="+Inf"} 20
temporal_activity_execution_latency_seconds_sum{task_queue="send-a"} 0.25
temporal_activity_execution_latency_seconds_sum{task_queue="send-b"} 1.5
"""


def samples(text: str) -> dict[tuple[str, str, str], float]:
    """By name, queue and bucket."""
    return {
        (sample.name, sample.labels.get("task_queue", ""), sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_queues_of_senders_are_added_up() -> None:
    """W4: series do not grow with senders, and nothing is lost or counted twice."""
    pollers, latency = "temporal_num_pollers", "temporal_activity_execution_latency_seconds"
    assert samples(add_up_senders(OF_SDK)) == {
        (pollers, "campaigns", ""): 5,
        (pollers, "reply", ""): 1,
        (pollers, "send", ""): 3,
        (f"{latency}_bucket", "send", "0.5"): 13,
        (f"{latency}_bucket", "send", "+Inf"): 24,
        (f"{latency}_sum", "send", ""): 1.75,
    }


def test_a_port_that_is_taken_costs_the_metrics_and_not_the_worker() -> None:
    """Issue: it says which variable to set, and the block runs."""
    with socket.socket() as taken, capture_logs() as lines:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with Exposition().served("127.0.0.1", taken.getsockname()[1]):
            pass
    assert [line["log_level"] for line in lines] == ["error"]
    assert "RELANCE_METRICS_PORT" in lines[0]["event"]


def test_nothing_else_is_on_that_port() -> None:
    """Issue: /metrics, and no more."""
    port = free_port()
    with Exposition().served("127.0.0.1", port):
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"relance_send_attempts_total" in answer.read()
        with pytest.raises(HTTPError, match="404") as refused:
            urlopen(f"http://127.0.0.1:{port}/", timeout=5)
        refused.value.close()
