"""Prepares a namespace of Temporal for us; as often as wanted, it changes only what is missing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from time import monotonic

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.upkeep_starts import UpkeepKeeper
from domain.identifiers import SEARCH_ATTRIBUTES, UPKEEP_SCHEDULE_ID

RPC_TIMEOUT = timedelta(seconds=10)
# A server takes some seconds until all of it knows a new namespace or attribute.
KNOWN_WITHIN_S = 60.0
_ASK_EVERY_S = 0.2
_KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
_NOT_BY_THIS_API = {
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED,
    RPCStatusCode.UNIMPLEMENTED,
}
_CLOUD = (".tmprl.cloud", ".api.temporal.io")


class Outcome(StrEnum):
    """What setting up found or did."""

    THERE = "there"
    CREATED = "created"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that the namespace needs."""

    what: str
    outcome: Outcome


class SetupError(Exception):
    """The namespace lacks something that we cannot give it; the message says who can, and how."""


def is_cloud(address: str) -> bool:
    """Whether this is Temporal Cloud, whose namespaces are changed by another API than a server's."""
    return address.rpartition(":")[0].endswith(_CLOUD)


async def set_up(
    client: Client, *, create_namespace: bool, retention: timedelta, upkeep_every_s: float
) -> list[Step]:
    """Sees to the namespace, its search attributes and the schedule of upkeep. Raises SetupError, RPCError."""
    created = await ensure_namespace(client, create=create_namespace, retention=retention)
    steps = [_step(f"namespace {client.namespace}", created=created)]
    added = await ensure_search_attributes(client)
    steps += [_step(f"search attribute {name}", created=name in added) for name in SEARCH_ATTRIBUTES]
    scheduled = await UpkeepKeeper(client, every_s=upkeep_every_s).ensure()
    steps.append(_step(f"schedule {UPKEEP_SCHEDULE_ID}", created=scheduled))
    return steps


async def ensure_namespace(client: Client, *, create: bool, retention: timedelta) -> bool:
    """Returns whether it was missing; one that exists keeps its retention. Raises SetupError, RPCError."""
    exists = await _namespace_exists(client)
    if not exists:
        await _make_namespace(client, create=create, retention=retention)
    # Also of one that exists: another one like us may just have made it.
    await _until_known(lambda: _lists_attributes(client), f"namespace {client.namespace}")
    return not exists


async def _make_namespace(client: Client, *, create: bool, retention: timedelta) -> None:
    name = client.namespace
    command = f"temporal operator namespace create --namespace {name} --retention {retention.days}d"
    if is_cloud(_address(client)):
        options = f"--namespace {name.partition('.')[0]} --region ... --retention-days {retention.days}"
        raise SetupError(
            f"there is no namespace {name}, and Temporal Cloud makes none by this API: "
            f"`tcld namespace create {options}`, or on cloud.temporal.io"
        )
    if not create:
        raise SetupError(f"there is no namespace {name}: `relance temporal setup --create-namespace`")
    request = RegisterNamespaceRequest(namespace=name)
    request.workflow_execution_retention_period.FromTimedelta(retention)
    try:
        await client.workflow_service.register_namespace(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status in _NOT_BY_THIS_API:
            raise SetupError(f"this server lets us make no namespace ({error.message}): `{command}`") from error
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def ensure_search_attributes(client: Client) -> list[str]:
    """Returns those that had to be added; when this returns, all of them can be used.

    Raises SetupError when they may not be added, or one is there with another type, and RPCError.
    """
    missing = await missing_search_attributes(client)
    if missing:
        try:
            await add_search_attributes(client, missing)
        except RPCError as error:
            if error.status in _NOT_BY_THIS_API:
                raise SetupError(_how_to_add(client, missing, error.message)) from error
            raise
    await _until_known(lambda: _can_be_used(client), f"search attributes {', '.join(SEARCH_ATTRIBUTES)}")
    return missing


async def add_search_attributes(client: Client, names: list[str]) -> None:
    """Makes these keywords known to the namespace. Raises RPCError."""
    request = AddSearchAttributesRequest(
        namespace=client.namespace, search_attributes=dict.fromkeys(names, _KEYWORD)
    )
    await client.operator_service.add_search_attributes(request, timeout=RPC_TIMEOUT)


async def missing_search_attributes(client: Client) -> list[str]:
    """Those that the namespace does not know yet. Raises SetupError for one of another type, and RPCError."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        present = await client.operator_service.list_search_attributes(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise SetupError(
                f"there is no namespace {client.namespace}: `relance temporal setup --create-namespace`"
            ) from error
        if error.status not in _NOT_BY_THIS_API:
            raise
        # Whoever may not list them may still filter by them.
        return [name for name in SEARCH_ATTRIBUTES if not await _can_be_used(client, name)]
    for name in SEARCH_ATTRIBUTES:
        if present.custom_attributes.get(name, _KEYWORD) != _KEYWORD:
            kind = IndexedValueType.Name(present.custom_attributes[name]).rpartition("_")[2].capitalize()
            raise SetupError(
                f"the search attribute {name} of namespace {client.namespace} is of type {kind}, not Keyword: "
                "remove it, or give Relance a namespace of its own"
            )
    return [name for name in SEARCH_ATTRIBUTES if name not in present.custom_attributes]


def _how_to_add(client: Client, missing: list[str], refusal: str) -> str:
    if is_cloud(_address(client)):
        options = " ".join(f"--search-attribute {name}=Keyword" for name in missing)
        command = f"tcld namespace search-attributes add --namespace {client.namespace} {options}"
        return f"Temporal Cloud adds search attributes by another API: `{command}`, or on cloud.temporal.io"
    options = " ".join(f"--name {name} --type Keyword" for name in missing)
    command = f"temporal operator search-attribute create --namespace {client.namespace} {options}"
    return f"this server lets us add no search attributes ({refusal}): `{command}`"


async def _namespace_exists(client: Client) -> bool:
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        if error.status is RPCStatusCode.PERMISSION_DENIED:
            raise SetupError(
                f"we may not enter namespace {client.namespace} ({error.message}): "
                "look at its name and at what the key or certificate is for"
            ) from error
        raise
    return True


async def _lists_attributes(client: Client) -> bool:
    try:
        await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        if error.status not in _NOT_BY_THIS_API:
            raise
    return True


async def _can_be_used(client: Client, *names: str) -> bool:
    """A list can be filtered by them: then a workflow can be started with them too."""
    query = " AND ".join(f"{name} = 'relance-setup'" for name in names or SEARCH_ATTRIBUTES)
    try:
        await client.count_workflows(query, rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status in {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.NOT_FOUND}:
            return False
        raise
    return True


async def _until_known(is_known: Callable[[], Awaitable[bool]], what: str) -> None:
    give_up_at = monotonic() + KNOWN_WITHIN_S
    while not await is_known():
        if monotonic() > give_up_at:
            raise SetupError(
                f"{what}: there, but not usable after {KNOWN_WITHIN_S:g} s; look at Temporal's log"
            )
        await asyncio.sleep(_ASK_EVERY_S)


def _step(what: str, *, created: bool) -> Step:
    return Step(what=what, outcome=Outcome.CREATED if created else Outcome.THERE)


def _address(client: Client) -> str:
    return client.service_client.config.target_host
