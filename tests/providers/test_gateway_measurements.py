"""What Prometheus is told of requests to the gateway."""

from contextlib import suppress

import pytest

from metrics import REGISTRY
from providers.base import GatewayError
from providers.wassenger import WassengerGateway
from tests.providers.scripted import ScriptedServer, Step, answer, gibberish, html, reset, silence

DEVICE = "5a0db0c5e1a2b3c4d5e6f7aa"
OUTCOMES: dict[str, tuple[Step, str]] = {
    "an answer": (answer(200, {"id": DEVICE, "status": "operative"}), "ok"),
    "a refusal": (answer(404, {"message": "no such device"}), "refused"),
    "a proxy's page": (html(502), "failed"),
    "nonsense": (gibberish, "failed"),
    "silence": (silence, "timeout"),
    "a reset": (reset, "unreachable"),
}


def measured(operation: str, outcome: str) -> float:
    """How many requests ended so."""
    name = "relance_gateway_request_duration_seconds_count"
    return REGISTRY.get_sample_value(name, {"operation": operation, "outcome": outcome}) or 0.0


@pytest.mark.parametrize("case", OUTCOMES)
async def test_a_request_is_measured_by_its_outcome(
    case: str, server: ScriptedServer, gateway: WassengerGateway
) -> None:
    """W4: the path without ids, of which there is no end."""
    step, outcome = OUTCOMES[case]
    before = measured("GET /devices/{id}", outcome)
    server.steps.append(step)
    with suppress(GatewayError):
        await gateway.device_health(DEVICE)
    assert measured("GET /devices/{id}", outcome) == before + 1
