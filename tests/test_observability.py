"""What operators see from outside: traces, logs and metrics of real processes, in a real Prometheus."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from temporalio.client import Client
from temporalio.worker import Replayer

from activities.tracing import HEADER, Tracing
from local.ports import free_port
from settings import Settings
from tests.conftest import AUTHORIZED, eventually
from tests.observed import DEPLOY, LISTENING, REQUEST_ID, Site, observed, program
from tests.test_shutdown import process_of
from tests.workflows.test_replay import HISTORIES, stored
from worker import WORKFLOWS

WEBHOOK = "POST /webhooks/wassenger/{secret}"
STORE = "store webhook"
MESSAGE_2 = {
    WEBHOOK,
    STORE,
    "SignalWorkflow:interact",
    "HandleSignal:interact",
    "RunActivity:send_message",
    "POST /messages",
}
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
ENDS_WITHIN_S = 20.0  # far less than an exporter tries, in that test
COMPARISON = re.compile(r"^(?P<measured>.+) [<>] [0-9.e]+$", re.DOTALL)


def dashboard_queries() -> list[str]:
    """Every query of the dashboard, over a time that this test has seen."""
    dashboard = json.loads((DEPLOY / "grafana/dashboards/relance.json").read_text())
    return [
        target["expr"].replace("$__rate_interval", "30s")
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]


@pytest.fixture(scope="module")
async def site(settings: Settings, temporal: Client, sandbox: httpx.AsyncClient) -> AsyncIterator[Site]:
    """One for all tests of this file, which follow each other."""
    async with observed(settings, temporal, sandbox) as opened:
        yield opened


async def test_a_trace_leads_from_a_webhook_to_message_2(site: Site) -> None:
    """Issue, E5: through the API, the contact's workflow and the worker to the gateway."""
    await site.reply(0, site.api)

    trace = await site.trace_of_reply(0, MESSAGE_2)

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

    trace = await site.trace_of_reply(1, {*MESSAGE_2, "relay: work off webhook"})

    by_name = {span.name: span for span in trace}
    assert by_name["relay: work off webhook"].service == "relance-worker"
    assert by_name["relay: work off webhook"].parent_id == by_name[STORE].span_id
    assert by_name["SignalWorkflow:interact"].service == by_name["POST /messages"].service == "relance-worker"


async def test_a_trace_is_found_by_the_ids_in_the_logs(site: Site) -> None:
    """Issue: lines carry campaign, contact, workflow, request and trace, in the API and in activities."""
    await site.reply(2, site.api)
    trace_id = (await site.trace_of_reply(2, MESSAGE_2))[0].trace_id

    lines = [json.loads(line) for process in site.processes for line in process.log if line.startswith("{")]

    def line(event: str) -> Any:
        [found] = [each for each in lines if each["event"] == event and each.get("trace_id") == trace_id]
        return found

    ids = {"campaign_id": site.campaign_id, "contact_id": site.contact_ids[2]}
    assert line("webhook processed").items() >= {**ids, "request_id": REQUEST_ID}.items()
    workflow_id = f"contact-{site.campaign_id}-{site.contact_ids[2]}"
    work = {"workflow_id": workflow_id, "activity": "send_message", "attempt": 1}
    assert line("message sent").items() >= {**ids, **work}.items()


async def test_a_history_replays_with_and_without_tracing(site: Site) -> None:
    """E17: whether traces are on may change while a campaign runs."""
    settings = site.town.settings
    client = await Client.connect(str(settings.temporal_address), namespace=settings.temporal_namespace)
    workflow_id = f"contact-{site.campaign_id}-{site.contact_ids[0]}"
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes.header.fields for event in history.events]
    assert sum(HEADER in header for header in scheduled) == 1, "Message 2, not Message 1"

    await Replayer(workflows=WORKFLOWS).replay_workflow(history)
    replied = [stored(path) for path in HISTORIES if "-contact-all_final-replied" in path.stem]
    assert replied
    for each in (history, *replied):
        await Replayer(workflows=WORKFLOWS, interceptors=[Tracing()]).replay_workflow(each)


async def test_a_stranger_cannot_choose_the_trace_of_a_webhook(site: Site) -> None:
    """A field of the body with the name of ours is nobody's trace."""
    webhooks = sum(span.name == WEBHOOK for span in site.collector.spans)
    await site.reply(0, site.api, **{"relance:trace": {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}})

    async def another() -> bool:
        return sum(span.name == WEBHOOK for span in site.collector.spans) > webhooks

    await eventually(another, what="the span of the webhook")
    assert "ab" * 16 not in site.collector.traces()


async def test_no_span_holds_a_number_or_the_secret(site: Site) -> None:
    """Spans leave the house: they carry ids alone."""
    secret = site.town.settings.webhook_secret
    assert secret is not None
    assert len(site.collector.spans) > 10
    everything = "".join(span.text for span in site.collector.spans)
    assert secret.get_secret_value() not in everything
    assert not [phone for phone in site.phones if phone.lstrip("+") in everything]


async def test_a_collector_that_is_away_keeps_nobody_from_ending(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue: traces are a guest; a process with spans that nobody takes ends in its time, orderly."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")
    settings = site.town.settings.model_copy(update={"api_port": free_port()})
    async with (
        process_of(settings, "-m", "api", ready=LISTENING) as running,
        httpx.AsyncClient(base_url=settings.effective_api_url, headers=AUTHORIZED, timeout=30) as api,
    ):
        (await api.get("/api/statistics")).raise_for_status()
        async with asyncio.timeout(ENDS_WITHIN_S):
            assert await running.terminate() == -signal.SIGTERM


async def test_every_query_of_the_dashboard_finds_series(site: Site) -> None:
    """Issue: of the real API and the real worker, through Prometheus' own HTTP API."""
    queries = dashboard_queries()
    assert len(queries) > 30
    await find_all(site, queries)


async def test_every_alert_compares_something_that_is_measured(site: Site) -> None:
    """Issue: an expression over a series that nobody has would be silent for ever."""
    measured = [COMPARISON.match(rule["expr"].strip()) for rule in RULES]
    assert all(measured), "an alert is an expression, then a comparison with a number"
    await find_all(site, [match["measured"] for match in measured if match])


async def find_all(site: Site, queries: list[str]) -> None:
    """Waits until each finds something; rates need two scrapes, and some series a first event."""

    async def missing() -> list[str]:
        await site.api.get("/api/statistics")
        return [query for query in queries if not await site.query(query)]

    async def none_missing() -> bool:
        return not await missing()

    try:
        await eventually(none_missing, within_s=60)
    except AssertionError:
        assert await missing() == []


async def test_no_label_grows_with_contacts(site: Site) -> None:
    """W4: neither numbers nor ids of contacts, messages, campaigns or workflows; senders alone have series."""
    answer = await site.prometheus.get("/api/v1/series", params={"match[]": '{job=~"relance-.*"}'})
    series = answer.json()["data"]
    values = {value for each in series for value in each.values()}
    uuids = {value for value in values if re.search("[0-9a-f]{8}-[0-9a-f]{4}-", value)}
    senders = {row["id"] for row in await site.town.pool.fetch("SELECT id::text FROM senders")}
    assert uuids <= senders
    assert not [value for value in values if re.search(r"\+?[0-9]{9,}", value) and value not in senders]
    assert {each["task_queue"] for each in series if "task_queue" in each} == {"campaigns", "send", "reply"}


async def test_prometheus_raises_an_alert_for_a_worker_that_is_gone(site: Site) -> None:
    """W2: the rules are loaded, and the real thing sets them off."""
    loaded = (await site.prometheus.get("/api/v1/rules")).json()["data"]["groups"]
    assert {rule["name"] for group in loaded for rule in group["rules"]} == {rule["alert"] for rule in RULES}
    assert all(rule["health"] == "ok" for group in loaded for rule in group["rules"])

    await site.worker.terminate()

    async def raised() -> bool:
        alerts = (await site.prometheus.get("/api/v1/alerts")).json()["data"]["alerts"]
        return any(alert["labels"]["alertname"] == "RelanceWorkerUnreachable" for alert in alerts)

    await eventually(raised, what="the alert")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "config", "--syntax-only", "laptop.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_accepts(arguments: tuple[str, ...]) -> None:
    """Issue: the files of deploy/ are what Prometheus takes, and every alert fires when it should."""
    ended = subprocess.run(  # noqa: S603 - our own files
        [program("promtool"), *arguments],
        cwd=DEPLOY / "prometheus",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


# What two APIs say of one installation, by the panel that shows it: its labels and the number that is true.
OF_THE_INSTALLATION = {
    "Quota used": ('{sender_id="s", name="Paris"}', 0.5),
    "Share of failed messages": ('{sender_id="s", name="Paris"}', 0.2),
    "Mean time between two Messages 1": ('{sender_id="s", name="Paris"}', 5),
    "States": ('{state="sending"}', 1),
    "Messages accepted by the provider": ('{message_type="message_1"}', 60),
    "Failed for good": ("{}", 60),
    "Down": ("{}", 1),
    "Workers": ("{}", 2),
}
SAID = {
    'relance_sender_sent_in_a_day_messages{sender_id="s"': "500x20",
    'relance_sender_quota_messages{sender_id="s"': "1000x20",
    'relance_sender_error_ratio{sender_id="s"': "0.2x20",
    'relance_sender_delay_seconds{sender_id="s"': "5x20",
    'relance_sender_info{sender_id="s",name="Paris"': "1x20",
    'relance_sender_state{sender_id="s",state="sending"': "1x20",
    'relance_messages_sent_total{message_type="message_1"': "0+60x20",
    'relance_message_failures_total{job="relance-api"': "0+60x20",
    'relance_component_up{component="redis"': "0x20",
    'relance_workers_alive{job="relance-api"': "2x20",
}


def test_two_apis_show_the_numbers_of_one_installation(tmp_path: Path) -> None:
    """E17: several APIs say the same of it, and no panel counts it twice, or breaks."""
    panels = {
        panel["title"]: panel["targets"][0]["expr"].replace("$__rate_interval", "5m")
        for panel in json.loads((DEPLOY / "grafana/dashboards/relance.json").read_text())["panels"]
        if panel["title"] in OF_THE_INSTALLATION
    }
    assert set(panels) == set(OF_THE_INSTALLATION)
    proof = {
        "interval": "1m",
        "input_series": [
            {"series": f'{series},instance="{instance}"}}', "values": values}
            for series, values in SAID.items()
            for instance in ("a:8080", "b:8080")
        ],
        "promql_expr_test": [
            {"expr": panels[title], "eval_time": "10m", "exp_samples": [{"labels": labels, "value": value}]}
            for title, (labels, value) in OF_THE_INSTALLATION.items()
        ],
    }
    rules = tmp_path / "two.yml"
    rules.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": [proof]}))
    ended = subprocess.run(  # noqa: S603 - our own files
        [program("promtool"), "test", "rules", rules],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_is_proven_and_explained() -> None:
    """Issue: a test that it fires, and first steps for whoever it wakes."""
    proofs = {
        each["name"] for each in yaml.safe_load((DEPLOY / "prometheus/alerts_test.yml").read_text())["tests"]
    }
    guide = (DEPLOY.parent / "docs/observability.md").read_text()
    for rule in RULES:
        assert rule["alert"] in proofs
        assert f"### {rule['alert']}\n" in guide
        assert rule["annotations"]["runbook"] == f"docs/observability.md#{rule['alert'].lower()}"
