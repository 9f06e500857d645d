"""Alerts through the API and the command line: which there are, where they go, and whether they arrive."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from settings import Settings
from storage import alerts as stored
from storage import uptime
from storage.database import Pool
from tests.activities.test_alerts import SECRET, mailbox, unreachable
from tests.api.applications import client_of
from tests.api.test_metrics import labels, scrape
from tests.conftest import eventually

# Apprise loads all its plugins at the first URL, and with them modules that newer Pythons do not have.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@asynccontextmanager
async def api_with(settings: Settings, *urls: str) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose alerts go there."""
    own = settings.model_copy(update={"alert_urls": [SecretStr(url) for url in urls], "alert_language": "fr"})
    async with client_of(create_app(own)) as client:
        yield client


async def test_a_test_says_which_destinations_were_reached(settings: Settings, api: httpx.AsyncClient) -> None:
    """In the language of the alerts; the audit log knows who asked."""
    async with mailbox() as box, unreachable() as away, api_with(settings, box.url, away) as client:
        tested = await client.post("/api/alerts/test")
        assert tested.json() == [
            {"service": "json", "reached": True},
            {"service": "json", "reached": False},
        ]
        assert "Un essai" in box.titles
        [entry] = (await client.get("/api/audit-log", params={"action": "alerts.tested", "limit": 1})).json()[
            "items"
        ]
        assert entry["after"] == {"reached": 1, "destinations": 2}


async def test_no_answer_tells_where_alerts_go(settings: Settings, api: httpx.AsyncClient) -> None:
    """An address is a secret: the service alone is shown, and whether it means anything."""
    async with mailbox() as box, api_with(settings, box.url, f"nonsense://{SECRET}") as client:
        shown = await client.get("/api/alerts/destinations")
        tested = await client.post("/api/alerts/test")
    assert shown.json() == [
        {"service": "json", "understood": True},
        {"service": "nonsense", "understood": False},
    ]
    assert SECRET not in shown.text + tested.text


async def test_without_a_destination_a_test_says_what_to_set(api: httpx.AsyncClient) -> None:
    """409: nobody would hear it."""
    answer = await api.post("/api/alerts/test")
    assert answer.status_code == 409
    assert "RELANCE_ALERT_URLS" in answer.json()["detail"]


async def test_alerts_are_listed_while_they_last_and_afterwards(api: httpx.AsyncClient, pool: Pool) -> None:
    """The newest first, in pages."""
    subjects = [f"{name}-{token_hex(4)}" for name in ("one", "two")]
    for subject in subjects:
        await stored.raise_alert(pool, "reconciliation", subject, {"title": subject, "body": "text"})
    await stored.resolve(pool, "reconciliation", subjects[0])

    shown = [each for each in await pages(api) if each["subject"] in subjects]
    assert [(each["subject"], each["resolved_at"] is None) for each in shown] == [
        (subjects[1], True),
        (subjects[0], False),
    ]
    lasting = [each["subject"] for each in await pages(api, only_open="true")]
    assert subjects[1] in lasting
    assert subjects[0] not in lasting

    async def warned() -> Any:
        warnings = (await api.get("/api/live")).json()["warnings"]
        return [each for each in warnings if each["subject_id"] == f"reconciliation/{subjects[1]}"]

    [warning] = await eventually(warned, within_s=30, what="the warning")
    assert (warning["kind"], warning["text"]) == ("alert", f"{subjects[1]}: text")
    await stored.resolve(pool, "reconciliation", subjects[1])


async def pages(api: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    """All of them, two at a time."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {**query, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/api/alerts", params=params)).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_uptime_is_shown_and_exported(api: httpx.AsyncClient, settings: Settings, pool: Pool) -> None:
    """W3: of the API itself, which is up, and of a component that has been down for half of an hour."""
    component = f"c{token_hex(4)}"
    span = await uptime.seen(pool, None, component)
    await pool.execute(
        "UPDATE uptime_spans SET began_at = now() - interval '1 hour', seen_at = now() - interval '30 min' "
        "WHERE id = $1",
        span,
    )

    async with client_of(create_app(settings.model_copy(update={"redis_url": None}))) as uncached:
        answer = (await uncached.get("/api/monitoring/stats")).json()
    found = {each["component"]: each for each in answer["uptime"]}
    assert answer["uptime_target"] == 0.999
    assert found["api"]["up"]
    assert not found[component]["up"]
    [day, week, month] = found[component]["windows"]
    assert [day["window"], week["window"], month["window"]] == ["24h", "7d", "30d"]
    assert day["share"] == pytest.approx(0.5, abs=0.01)
    assert (day["outages"], day["stopped_s"]) == (1, 0)

    async def exported() -> Any:
        metrics = await scrape(api)
        return metrics if ("relance_component_up", labels(component=component)) in metrics else None

    metrics = await eventually(exported, what="the metrics")
    assert metrics["relance_component_up", labels(component="api")] == 1
    ratio = metrics["relance_uptime_ratio", labels(component=component, window="24h")]
    assert ratio == pytest.approx(0.5, abs=0.01)
    await pool.execute("DELETE FROM uptime_spans WHERE component = $1", component)
