"""Shows Prometheus what a worker measures: its own work and that of Temporal's SDK, on one port.

The SDK serves its metrics itself, on a port of its own. That one stays on the loopback address, and whoever
asks us gets both. Every sender has two task queues, which would multiply every series by the number of senders;
here they are added up to `send` and `reply`.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from domain.identifiers import REPLY_QUEUE_PREFIX, SEND_QUEUE_PREFIX
from metrics import REGISTRY

log = structlog.get_logger(__name__)

PATH = "/metrics"
SDK_WITHIN_S = 2.0
CLIENT_WITHIN_S = 5.0  # for whoever connects and then says nothing
# In seconds. The SDK's own end at 10 s, and messages wait for their turn.
BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0]
HISTOGRAMS = (
    "temporal_activity_execution_latency",
    "temporal_activity_schedule_to_start_latency",
    "temporal_activity_succeed_endtoend_latency",
    "temporal_request_latency",
    "temporal_workflow_task_execution_latency",
    "temporal_workflow_task_replay_latency",
    "temporal_workflow_task_schedule_to_start_latency",
)

_OF_SENDER = re.compile(f'task_queue="({SEND_QUEUE_PREFIX}|{REPLY_QUEUE_PREFIX})[^"]*"')


class Exposition:
    """What one process shows."""

    def __init__(self) -> None:
        """Starts a Temporal runtime that measures; a process needs one."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._sdk_url = f"http://127.0.0.1:{port}{PATH}"
        measured = PrometheusConfig(
            bind_address=f"127.0.0.1:{port}",
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
            histogram_bucket_overrides=dict.fromkeys(HISTOGRAMS, BUCKETS),
        )
        self.runtime = Runtime(telemetry=TelemetryConfig(metrics=measured))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(REGISTRY) + self._of_sdk()

    def _of_sdk(self) -> bytes:
        try:
            with urlopen(self._sdk_url, timeout=SDK_WITHIN_S) as answer:  # noqa: S310 - our own address
                return add_up_senders(answer.read().decode()).encode()
        except OSError as error:
            log.warning("no metrics of Temporal's SDK", error=str(error))
            return b""

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Answers there for as long as the block lasts.

        A port that is taken is logged and no more: a worker that nobody measures still sends.
        """
        try:
            server = ThreadingHTTPServer((host, port), _handler(self))
        except OSError as error:
            log.error(  # noqa: TRY400 - where it came from says nothing here
                "no metrics: set RELANCE_METRICS_PORT to a port that is free", port=port, error=str(error)
            )
            yield
            return
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        log.info("metrics served", host=host, port=port)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


def add_up_senders(text: str) -> str:
    """One series for the queues of all senders: of counts, sums, buckets and gauges alike it is their sum."""
    lines: list[str] = []
    places: dict[str, int] = {}
    sums: dict[str, float] = {}
    for line in text.splitlines():
        series, changes = _OF_SENDER.subn(lambda queue: f'task_queue="{queue[1].rstrip("-")}"', line)
        if not changes:
            lines.append(line)
            continue
        name, _, value = series.rpartition(" ")
        if name not in places:
            places[name] = len(lines)
            lines.append("")
        sums[name] = sums.get(name, 0.0) + float(value)
    for name, at in places.items():
        lines[at] = f"{name} {sums[name]!r}"
    return "\n".join([*lines, ""])


def _handler(exposition: Exposition) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_WITHIN_S

        def do_GET(self) -> None:
            """One scrape."""
            found = self.path.partition("?")[0] == PATH
            body = exposition.text() if found else b"the metrics are at /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST if found else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name there
            """Nothing: every scrape would be a line."""

    return Handler
