"""What this process measures of its own work, for Prometheus; docs/observability.md says what each means.

Labels come from closed sets: every value that a label ever had stays in memory, here and in Prometheus. Ids of
people, their numbers and anything that a stranger can make up are never labels.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of which nobody asks anything

REGISTRY = CollectorRegistry()

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_WAITS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

GATEWAY_REQUEST_S = Histogram(
    "relance_gateway_request_duration_seconds",
    "From a request to the gateway to the end of its answer",
    ["operation", "outcome"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
    registry=REGISTRY,
)
SEND_ATTEMPTS = Counter(
    "relance_send_attempts",
    "Attempts to send a message that came to the gateway, by what became of them",
    ["message_type", "outcome"],
    registry=REGISTRY,
)
MESSAGE_2_DELAY_S = Histogram(
    "relance_message_2_delay_seconds",
    "From the receipt of the webhook that earned it to the gateway's acceptance of Message 2",
    buckets=_WAITS_S,
    registry=REGISTRY,
)
WEBHOOKS_RECEIVED = Counter(
    "relance_webhooks_received",
    "Webhook events by what the receiver made of them",
    ["result"],
    registry=REGISTRY,
)
WEBHOOK_DELAY_S = Histogram(
    "relance_webhook_delay_seconds",
    "From the receipt of a webhook to the end of working it off",
    ["worked_off_by", "outcome"],
    buckets=_WAITS_S,
    registry=REGISTRY,
)

# Series that are there from the start: Prometheus sees no increase from nothing to 1.
for _message_type in ("message_1", "message_2"):
    for _outcome in ("accepted", "rejected", "unknown", "held"):
        SEND_ATTEMPTS.labels(_message_type, _outcome)
for _result in ("stored", "known", "rejected", "refused", "not_stored"):
    WEBHOOKS_RECEIVED.labels(_result)
for _by in ("receiver", "relay", "upkeep"):
    for _outcome in ("processed", "parked", "failed"):
        WEBHOOK_DELAY_S.labels(_by, _outcome)
for _outcome in ("ok", "refused", "failed", "timeout", "unreachable"):
    GATEWAY_REQUEST_S.labels("POST /messages", _outcome)
