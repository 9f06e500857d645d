"""Any Temporal will do: with TLS, certificates and keys, prepared by one command that says what it cannot."""

import asyncio
import json
import os
import secrets
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from activities import temporal_setup
from activities.temporal import connect
from activities.temporal_setup import Outcome, SetupError, ensure_search_attributes, set_up
from domain.identifiers import SEARCH_ATTRIBUTES, UPKEEP_SCHEDULE_ID
from local.deploy_commands import prepare_temporal
from local.errors import StackError
from local.findings import Verdict
from local.servers import Servers
from local.temporal_doctor import check_temporal
from settings import Settings
from tests.conftest import eventually
from tests.deploy.tls_door import NOTHING, SERVER_NAME, Certificate, Door, certify, open_door
from worker import have_search_attributes

API_KEY = "the key of an account in the cloud"
OPERATOR = "/temporal.api.operatorservice"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Papers:
    """Who vouches for whom."""

    authority: Certificate
    stranger: Certificate
    client: Certificate
    folder: Path


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """An authority that both sides trust, and one that nobody does."""
    folder = tmp_path_factory.mktemp("papers")
    authority = certify("authority", folder)
    return Papers(authority, certify("stranger", folder), certify("relance", folder, authority), folder)


@pytest.fixture
async def door(servers: Servers, papers: Papers) -> AsyncIterator[Door]:
    """Temporal as a cluster shows it to the world."""
    server = certify(SERVER_NAME, papers.folder, papers.authority)
    async with open_door(servers.temporal_address, server, papers.authority) as opened:
        yield opened


def environment(door: Door, papers: Papers, **changes: str) -> dict[str, str]:
    """What an operator sets; nothing of it is in a Python file."""
    return {
        "RELANCE_TEMPORAL_ADDRESS": door.address,
        "RELANCE_TEMPORAL_NAMESPACE": f"cluster-{secrets.token_hex(4)}",
        "RELANCE_TEMPORAL_TLS_CA_FILE": str(papers.authority.cert_file),
        "RELANCE_TEMPORAL_TLS_CERT_FILE": str(papers.client.cert_file),
        "RELANCE_TEMPORAL_TLS_KEY_FILE": str(papers.client.key_file),
        "RELANCE_TEMPORAL_TLS_SERVER_NAME": SERVER_NAME,
        "RELANCE_TEMPORAL_API_KEY": API_KEY,
        **changes,
    }


def read(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> Settings:
    """The settings of a process with this environment."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


async def relance(given: dict[str, str], folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The command as an operator runs it: exit code, what it says, and what it complains of."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELANCE_")}
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "relance", *arguments,
        env={**inherited, **given}, cwd=folder, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    said, complained = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode(), " ".join(complained.decode().split())


async def test_one_command_prepares_a_cluster_behind_mutual_tls(
    door: Door, papers: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Item 3: namespace, search attributes and schedule; a second run finds all of it."""
    given = environment(door, papers)
    code, said, complained = await relance(given, tmp_path, "temporal", "setup", "--create-namespace", "--json")
    assert code == 0, complained
    assert {step["what"]: step["outcome"] for step in json.loads(said)} == dict.fromkeys(
        [
            f"namespace {given['RELANCE_TEMPORAL_NAMESPACE']}",
            *(f"search attribute {name}" for name in SEARCH_ATTRIBUTES),
            f"schedule {UPKEEP_SCHEDULE_ID}",
        ],
        "created",
    )
    settings = read(monkeypatch, given)
    again = await prepare_temporal(settings, create_namespace=True, retention=WEEK, wait_s=0)
    assert {step.outcome for step in again} == {Outcome.THERE}

    assert door.clients == {"relance"}
    assert {headers["authorization"] for headers in door.headers} == {f"Bearer {API_KEY}"}
    finding = await check_temporal(settings)
    assert finding.verdict is Verdict.OK, finding


@pytest.mark.parametrize(
    "wrong",
    [
        {"RELANCE_TEMPORAL_TLS_CA_FILE": "stranger.crt"},
        {"RELANCE_TEMPORAL_TLS_SERVER_NAME": "another.test"},
        {"RELANCE_TEMPORAL_TLS_CERT_FILE": "stranger.crt", "RELANCE_TEMPORAL_TLS_KEY_FILE": "stranger.key"},
    ],
)
async def test_whoever_cannot_be_trusted_is_named_and_gets_nothing(
    door: Door, papers: Papers, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    """A key that reached the wrong server would have to be changed."""
    changes = {name: str(papers.folder / value) if "FILE" in name else value for name, value in wrong.items()}
    refusal = await _refusal(read(monkeypatch, environment(door, papers, **changes)))
    assert f"{door.address} cannot be used (with TLS)" in refusal
    assert "RELANCE_TEMPORAL_TLS_*" in refusal
    assert door.headers == []


async def test_a_server_with_tls_that_is_called_without_is_told_as_such(door: Door) -> None:
    refusal = await _refusal(Settings(_env_file=None, temporal_address=door.address))
    assert "(without TLS)" in refusal


async def test_a_namespace_is_made_only_if_somebody_asks_for_it(servers: Servers) -> None:
    client = await _client(servers, f"absent-{secrets.token_hex(4)}")
    with pytest.raises(SetupError, match="--create-namespace"):
        await _set_up(client, create=False)
    with pytest.raises(SystemExit, match="--create-namespace"):
        await have_search_attributes(client)


async def test_a_namespace_that_somebody_has_just_made_is_waited_for(servers: Servers) -> None:
    """For a moment the server says both that it is there and that it is not."""
    client = await _client(servers, f"fresh-{secrets.token_hex(4)}")
    with pytest.raises(SetupError):
        await temporal_setup.missing_search_attributes(client)
    request = RegisterNamespaceRequest(namespace=client.namespace)
    request.workflow_execution_retention_period.FromTimedelta(WEEK)
    await client.workflow_service.register_namespace(request)
    found = await _set_up(client, create=False)
    assert found[0].outcome is Outcome.THERE


async def test_many_may_set_up_at_once(servers: Servers) -> None:
    """Several hosts start at the same time; each ends with all that is needed."""
    namespace = f"crowded-{secrets.token_hex(4)}"
    clients = [await _client(servers, namespace) for _ in range(4)]
    reports = await asyncio.gather(*(_set_up(client, create=True) for client in clients))
    assert len({tuple(step.what for step in report) for report in reports}) == 1
    again = await _set_up(clients[0], create=True)
    assert {step.outcome for step in again} == {Outcome.THERE}


async def test_an_attribute_of_another_type_is_found_before_a_campaign_fails_on_it(servers: Servers) -> None:
    client = await _client(servers, f"taken-{secrets.token_hex(4)}")
    await temporal_setup.ensure_namespace(client, create=True, retention=WEEK)
    text = IndexedValueType.INDEXED_VALUE_TYPE_TEXT
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes={SEARCH_ATTRIBUTES[0]: text})
    )
    with pytest.raises(SetupError, match="is of type Text, not Keyword"):
        await ensure_search_attributes(client)


@pytest.mark.parametrize(
    ("cloud", "command"),
    [
        ((), "temporal operator search-attribute create --namespace"),
        (("127.0.0.1",), "tcld namespace search-attributes add --namespace"),
    ],
)
async def test_where_attributes_are_made_elsewhere_the_command_for_it_is_given(
    door: Door, papers: Papers, monkeypatch: pytest.MonkeyPatch, cloud: tuple[str, ...], command: str
) -> None:
    """Temporal Cloud has no operator's API; once somebody has made them, we go on without it."""
    client = await connect(read(monkeypatch, environment(door, papers)), address=door.address)
    await temporal_setup.ensure_namespace(client, create=True, retention=WEEK)
    monkeypatch.setattr(temporal_setup, "_CLOUD", cloud)
    door.hidden = OPERATOR
    with pytest.raises(SetupError) as refused:
        await ensure_search_attributes(client)
    assert f"`{command} {client.namespace}" in str(refused.value)
    assert all(name in str(refused.value) for name in SEARCH_ATTRIBUTES)

    door.hidden = NOTHING
    await temporal_setup.add_search_attributes(client, list(SEARCH_ATTRIBUTES))
    door.hidden = OPERATOR

    async def found() -> bool:
        return await temporal_setup.missing_search_attributes(client) == []

    await eventually(found, what="the attributes that somebody else added")
    assert await ensure_search_attributes(client) == []


async def test_temporal_cloud_makes_no_namespace_for_us(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal_setup, "_CLOUD", ("127.0.0.1",))
    with pytest.raises(SetupError, match="`tcld namespace create --namespace shop --region"):
        await _set_up(await _client(servers, "shop.a1b2c"), create=True)


@pytest.mark.parametrize(
    ("address", "is_cloud"),
    [
        ("shop.a1b2c.tmprl.cloud:7233", True),
        ("eu-central-1.aws.api.temporal.io:7233", True),
        ("temporal:7233", False),
        ("tmprl.cloud.example:7233", False),
    ],
)
def test_temporal_cloud_is_known_by_its_address(address: str, is_cloud: bool) -> None:
    assert temporal_setup.is_cloud(address) is is_cloud


async def _refusal(settings: Settings) -> str:
    with pytest.raises(StackError) as refused:
        await prepare_temporal(settings, create_namespace=False, retention=WEEK, wait_s=0)
    return str(refused.value)


async def _client(servers: Servers, namespace: str) -> Client:
    settings = Settings(_env_file=None, temporal_namespace=namespace)
    return await connect(settings, address=servers.temporal_address)


async def _set_up(client: Client, *, create: bool) -> list[Any]:
    return await set_up(client, create_namespace=create, retention=WEEK, upkeep_every_s=3600)
