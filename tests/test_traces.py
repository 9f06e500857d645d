"""One trace from a webhook to the Message 2 that it earns: real processes, a real collector."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from temporalio.client import Client

from settings import Settings
from tests.apart import set_apart
from tests.conftest import AUTHORIZED, Town, connected, eventually, free_port
from tests.otlp import Collector, Span, collecting
from tests.test_shutdown import READY, Running, process_of
from tests.wassenger import Json, inbound

WEBHOOK = "POST /webhooks/wassenger/{secret}"
STORE = "store webhook"
AFTERWARDS = {"SignalWorkflow:interact", "HandleSignal:interact", "RunActivity:send_message", "POST /messages"}
REQUEST_ID = "the-request-of-this-test"


@dataclass(frozen=True, slots=True)
class Site:
    """Processes that trace, and a campaign whose people have Message 1."""

    town: Town
    collector: Collector
    api: httpx.AsyncClient
    cut_off_api: httpx.AsyncClient  # it cannot reach Temporal, so that the relay has to help
    processes: list[Running]
    campaign_id: str
    device_id: str
    phones: list[str]
    contact_ids: list[str]  # in the same order

    async def reply(self, nth: int, api: httpx.AsyncClient, **changes: Json) -> None:
        """One of them reacts."""
        secret = self.town.settings.webhook_secret
        assert secret is not None
        path = f"/webhooks/wassenger/{secret.get_secret_value()}"
        body = {**inbound(self.device_id, self.phones[nth]), **changes}
        answer = await api.post(path, json=body, headers={"X-Request-ID": REQUEST_ID})
        assert answer.json()["stored"] == 1

    async def trace_of_reply(self, nth: int) -> list[Span]:
        """The whole trace, once Message 2 is on their phone."""

        async def two() -> bool:
            return len(await self.town.journal(self.phones[nth])) == 2

        await eventually(two, what="Message 2")

        async def complete() -> list[Span] | None:
            for spans in self.collector.traces().values():
                names = {span.name for span in spans}
                if names >= {WEBHOOK, *AFTERWARDS} and any(
                    self.contact_ids[nth] in span.text for span in spans
                ):
                    return spans
            return None

        found: list[Span] = await eventually(
            complete, what=f"the trace, among {[span.name for span in self.collector.spans]}"
        )
        return found


@pytest.fixture(scope="module")
async def site(settings: Settings, temporal: Client, sandbox: httpx.AsyncClient) -> AsyncIterator[Site]:
    """Two APIs and a worker, and two people who have Message 1."""
    apart = await set_apart(
        settings, temporal, public_url=None, api_port=free_port(), metrics_port=0, window_s=60
    )
    cut_off = apart.model_copy(update={"api_port": free_port(), "temporal_address": f"127.0.0.1:{free_port()}"})
    async with AsyncExitStack() as exits:
        collector = exits.enter_context(collecting())
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            patched.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
            api = await exits.enter_async_context(process_of(apart, "-m", "api", ready="Uvicorn running"))
            other = await exits.enter_async_context(process_of(cut_off, "-m", "api", ready="Uvicorn running"))
            worker = await exits.enter_async_context(process_of(apart, "-m", "worker", ready=READY))
        clients = [
            await exits.enter_async_context(
                httpx.AsyncClient(base_url=each.effective_api_url, headers=AUTHORIZED, timeout=30)
            )
            for each in (apart, cut_off)
        ]
        town = Town(await exits.enter_async_context(connected(apart)), sandbox, apart)
        sender = await town.sender()
        category_id, phones = await town.people([{"script": []}] * 3)
        campaign = await town.campaign(category_id, [sender.id])
        (await clients[0].post(f"/api/campaigns/{campaign.id}/start")).raise_for_status()

        async def all_have_message_1() -> bool:
            return all([await town.journal(phone) for phone in phones])

        await eventually(all_have_message_1, what="Message 1")
        rows = await town.pool.fetch("SELECT id::text FROM contacts ORDER BY phone")
        yield Site(
            town=town,
            collector=collector,
            api=clients[0],
            cut_off_api=clients[1],
            processes=[api, other, worker],
            campaign_id=campaign.id,
            device_id=sender.device_id,
            phones=phones,
            contact_ids=[row["id"] for row in rows],
        )


async def test_a_trace_leads_from_a_webhook_to_message_2(site: Site) -> None:
    """Issue, E5: through the API, the contact's workflow and the worker to the gateway."""
    await site.reply(0, site.api)

    trace = await site.trace_of_reply(0)

    by_name = {span.name: span for span in trace}
    worked_off = by_name["receiver: work off webhook"]
    assert by_name[STORE].parent_id == by_name[WEBHOOK].span_id
    assert worked_off.parent_id == by_name[STORE].span_id
    assert by_name["SignalWorkflow:interact"].parent_id == worked_off.span_id
    for caused in ("HandleSignal:interact", "RunActivity:send_message"):
        assert by_name[caused].parent_id == by_name["SignalWorkflow:interact"].span_id
    assert by_name["POST /messages"].parent_id == by_name["RunActivity:send_message"].span_id
    assert {by_name[name].service for name in (WEBHOOK, STORE)} == {"relance-api"}
    assert by_name["POST /messages"].service == "relance-worker"


async def test_the_trace_travels_with_the_stored_event_to_the_relay(site: Site) -> None:
    """Issue: what the receiver could not tell the workflow, the relay tells it, in the same trace."""
    await site.reply(1, site.cut_off_api)

    trace = await site.trace_of_reply(1)

    by_name = {span.name: span for span in trace}
    assert by_name["relay: work off webhook"].service == "relance-worker"
    assert by_name["relay: work off webhook"].parent_id == by_name[STORE].span_id
    assert by_name["SignalWorkflow:interact"].service == by_name["POST /messages"].service == "relance-worker"


async def test_a_trace_is_found_by_the_ids_in_the_logs(site: Site) -> None:
    """Issue: lines carry campaign, contact, workflow, request and trace, in the API and in activities."""
    await site.reply(2, site.api)
    trace_id = (await site.trace_of_reply(2))[0].trace_id

    lines = [json.loads(line) for process in site.processes for line in process.log if line.startswith("{")]

    [processed] = [
        line for line in lines if line["event"] == "webhook processed" and line.get("trace_id") == trace_id
    ]
    assert processed["campaign_id"] == site.campaign_id
    assert processed["contact_id"] == site.contact_ids[2]
    assert processed["request_id"] == REQUEST_ID
    [sent] = [line for line in lines if line["event"] == "message sent" and line.get("trace_id") == trace_id]
    assert sent["workflow_id"] == f"contact-{site.campaign_id}-{site.contact_ids[2]}"
    assert (sent["campaign_id"], sent["contact_id"]) == (site.campaign_id, site.contact_ids[2])
    assert (sent["activity"], sent["attempt"]) == ("send_message", 1)


async def test_a_stranger_cannot_choose_the_trace_of_a_webhook(site: Site) -> None:
    """A field of the body with the name of ours is nobody's trace."""
    await site.reply(0, site.api, **{"relance:trace": {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}})

    async def later() -> bool:
        return sum(span.name == WEBHOOK for span in site.collector.spans) >= 4

    await eventually(later, what="the span of the webhook")
    assert "ab" * 16 not in site.collector.traces()


async def test_no_span_holds_a_number_or_the_secret(site: Site) -> None:
    """Spans leave the house: they carry ids alone."""
    secret = site.town.settings.webhook_secret
    assert secret is not None
    assert len(site.collector.spans) > 10
    everything = "".join(span.text for span in site.collector.spans)
    assert secret.get_secret_value() not in everything
    assert not [phone for phone in site.phones if phone.lstrip("+") in everything]
