"""A site that is watched from outside: two APIs and a worker, a collector of traces, and Prometheus."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import yaml
from temporalio.client import Client

from local.ports import free_port
from settings import Settings
from tests.apart import set_apart
from tests.conftest import AUTHORIZED, LOCAL_API_KEY, Town, connected, eventually
from tests.otlp import Collector, Span, collecting
from tests.test_shutdown import READY, Running, process_of
from tests.wassenger import Json, inbound

DEPLOY = Path(__file__).parent.parent / "deploy"
REQUEST_ID = "the-request-of-this-test"
LISTENING = "Uvicorn running"


@dataclass(frozen=True, slots=True)
class Site:
    """Processes that are watched, and a campaign whose people have Message 1."""

    town: Town
    collector: Collector
    prometheus: httpx.AsyncClient
    api: httpx.AsyncClient
    cut_off_api: httpx.AsyncClient  # it cannot reach Temporal, so that the relay has to help
    worker: Running
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

    async def trace_of_reply(self, nth: int, names: set[str]) -> list[Span]:
        """The whole trace, with spans of all these names, once Message 2 is on their phone."""

        async def two() -> bool:
            return len(await self.town.journal(self.phones[nth])) == 2

        async def complete() -> list[Span] | None:
            for spans in self.collector.traces().values():
                if {span.name for span in spans} >= names and self._is_about(nth, spans):
                    return spans
            return None

        await eventually(two, what="Message 2")
        seen = [span.name for span in self.collector.spans]
        found: list[Span] = await eventually(complete, what=f"the trace, among {seen}")
        return found

    def _is_about(self, nth: int, spans: list[Span]) -> bool:
        return any(self.contact_ids[nth] in span.text for span in spans)

    async def query(self, expression: str) -> list[Any]:
        """What Prometheus makes of it now: series with their values."""
        answer = await self.prometheus.get("/api/v1/query", params={"query": expression})
        assert answer.is_success, f"{expression}: {answer.text}"
        result: list[Any] = answer.json()["data"]["result"]
        return result


@asynccontextmanager
async def observed(settings: Settings, temporal: Client, sandbox: httpx.AsyncClient) -> AsyncIterator[Site]:
    """Everything up, and three people who have Message 1."""
    apart = await set_apart(
        settings, temporal, public_url=None, api_port=free_port(), metrics_port=free_port(), window_s=60
    )
    cut_off = apart.model_copy(update={"api_port": free_port(), "temporal_address": f"127.0.0.1:{free_port()}"})
    async with AsyncExitStack() as exits:
        collector = exits.enter_context(collecting())
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            patched.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
            commands = [(apart, "api", LISTENING), (cut_off, "api", LISTENING), (apart, "worker", READY)]
            processes = [
                await exits.enter_async_context(process_of(each, "-m", module, ready=ready))
                for each, module, ready in commands
            ]
        prometheus = await exits.enter_async_context(_prometheus(apart))
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
            prometheus=prometheus,
            api=clients[0],
            cut_off_api=clients[1],
            worker=processes[-1],
            processes=processes,
            campaign_id=campaign.id,
            device_id=sender.device_id,
            phones=phones,
            contact_ids=[row["id"] for row in rows],
        )


def program(name: str) -> str:
    """Where one of Prometheus' programs is; nothing of it is skipped because it is not there."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(
            f"{name} is not installed: `apt-get install --no-install-recommends prometheus`, or put it on PATH"
        )
    return found


@asynccontextmanager
async def _prometheus(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The real one, with our configuration, save that it looks every second and at this machine."""
    port = free_port()
    with _configured(settings) as directory:
        arguments = [
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        async with (
            process_of(settings, *arguments, ready="Server is ready", program=program("prometheus")),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            yield client


@contextmanager
def _configured(settings: Settings) -> Iterator[Path]:
    with TemporaryDirectory() as name:
        directory = Path(name)
        given = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
        given["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        given["rule_files"] = [str(DEPLOY / "prometheus" / file) for file in given["rule_files"]]
        (directory / "key").write_text(LOCAL_API_KEY)
        api, worker, *_ = given["scrape_configs"]
        api["authorization"]["credentials_file"] = str(directory / "key")
        api["static_configs"] = [{"targets": [f"127.0.0.1:{settings.api_port}"]}]
        del worker["dns_sd_configs"]
        worker["static_configs"] = [{"targets": [f"127.0.0.1:{settings.metrics_port}"]}]
        given["scrape_configs"] = [api, worker]
        (directory / "prometheus.yml").write_text(yaml.safe_dump(given))
        yield directory
