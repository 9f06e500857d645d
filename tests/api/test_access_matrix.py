"""Every route against every kind of caller, made from the routes themselves: none can be forgotten."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import create_app
from domain.access import RULES, SAFE_METHODS, Need, Role, Scope, rule_for
from settings import Settings
from storage.database import Pool
from tests.api.people import Door

# What makes messages leave or stop, whatever it is called.
SENDS = re.compile(
    r"/api/(campaigns|senders)/[^/]+/(start|schedule|resume|pause|cancel|(test-)?send).*|/api/restore/confirm"
)
NOWHERE = "00000000-0000-7000-8000-000000000000"

# Open on purpose; whatever else is found open fails the test.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/docs"),
    ("GET", "/docs/oauth2-redirect"),
    ("GET", "/redoc"),
    ("GET", "/assets/{name}"),
    ("GET", "/favicon.svg"),
    ("POST", "/webhooks/wassenger/{secret}"),
    ("GET", "/webhooks/meta"),  # proved by its verify token
    ("POST", "/webhooks/meta"),  # proved by its signature
    ("POST", "/api/auth/login"),
}
CALLERS = {
    "anonymous": frozenset[Need](),
    "admin": {Need.LOGIN, Need.PERSON, Need.KEYS, Need.READ, Need.WRITE, Need.SEND},
    "super_admin": set(Need),
    "read": {Need.LOGIN, Need.READ},
    "write": {Need.LOGIN, Need.WRITE},
    "send": {Need.LOGIN, Need.SEND},
    "key_admin": {Need.LOGIN, Need.ADMIN, Need.KEYS},
    "expired": frozenset[Need](),
    "revoked": frozenset[Need](),
    "ended_session": frozenset[Need](),
    "other_scheme": frozenset[Need](),
}
END = {
    "expired": "UPDATE api_keys SET expires_at = now() WHERE expires_at = $1",
    "revoked": "UPDATE api_keys SET revoked_at = now() WHERE expires_at = $1",
}
KNOWN = {"admin", "super_admin", "read", "write", "send", "key_admin"}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route that is code of ours."""
    found = []
    for route in iter_route_contexts(app.routes):
        if isinstance(getattr(route, "original_route", route), APIRoute):
            found += [(method, str(route.path)) for method in sorted(route.methods or ())]
    return found


@pytest.fixture(scope="module")
def every_route(settings: Settings) -> list[tuple[str, str]]:
    """Of the application as it is served."""
    return routes(create_app(settings))


def test_every_route_has_a_rule_and_only_the_known_ones_are_open(every_route: list[tuple[str, str]]) -> None:
    """U8; and what makes messages leave is never a mere write."""
    assert ("POST", "/api/campaigns/{campaign_id}/start") in every_route
    assert len(every_route) > 30
    opened = {(method, path) for method, path in every_route if rule_for(method, path).need is Need.OPEN}
    assert opened <= OPEN
    for method, path in every_route:
        need = rule_for(method, path).need
        assert path.startswith("/api/") or (method, path) in OPEN or path == "/metrics", path
        if method not in SAFE_METHODS:
            assert need not in {Need.READ, Need.LOGIN}, (method, path)
        if method not in SAFE_METHODS and SENDS.fullmatch(path):
            assert need is Need.SEND, (method, path)


def test_every_rule_has_a_route(every_route: list[tuple[str, str]]) -> None:
    """A rule for nothing is a typing error in one that matters."""
    ours = [rule for rule in RULES if rule.path.startswith(("/api/", "/webhooks/"))]
    unused = [
        rule.path
        for rule in ours
        if not any(method in rule.methods and rule.matches.fullmatch(path) for method, path in every_route)
    ]
    assert unused == []


@asynccontextmanager
async def caller(door: Door, kind: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that kind."""
    async with AsyncExitStack() as exits:
        match kind:
            case "anonymous":
                client = await exits.enter_async_context(door.client())
            case "other_scheme":
                basic = door.client(Authorization="Basic YWRtaW46YWRtaW4=")
                client = await exits.enter_async_context(basic)
            case "admin" | "super_admin" | "ended_session":
                role = Role.SUPER_ADMIN if kind == "super_admin" else Role.ADMIN
                client = await exits.enter_async_context(door.person(role))
                if kind == "ended_session":
                    await door.pool.execute("UPDATE sessions SET last_seen_at = now() - interval '13 h'")
            case "expired" | "revoked":
                at = datetime.now(UTC) + timedelta(hours=1)
                client = await exits.enter_async_context(door.program(list(Scope), expires_at=at))
                await door.pool.execute(END[kind], at)
            case _:
                scope = Scope(kind.removeprefix("key_"))
                client = await exits.enter_async_context(door.program([scope]))
        yield client


async def status(client: httpx.AsyncClient, method: str, path: str) -> tuple[int, str]:
    """How the guard answers for a thing that does not exist; streams are not waited for."""
    concrete = re.sub(r"\{[^}]+\}", NOWHERE, path)
    content = None if method == "GET" else b"{"
    async with client.stream(
        method, concrete, content=content, headers={"Content-Type": "application/json"}
    ) as answer:
        if answer.status_code not in {401, 403}:
            return answer.status_code, ""
        document = await answer.aread()
        assert answer.headers["content-type"] == "application/problem+json", (method, path)
        assert (answer.status_code == 401) == ("www-authenticate" in answer.headers), (method, path)
        return answer.status_code, document.decode()


@pytest.mark.parametrize("kind", CALLERS)
async def test_a_caller_is_let_in_exactly_where_the_table_says(
    door: Door, every_route: list[tuple[str, str]], kind: str
) -> None:
    """U8: each route with each role and each scope; 401 says how to log in, 403 what is missing."""
    wrong = []
    for method, path in every_route:
        rule = rule_for(method, path)
        if rule.need is Need.OPEN or path == "/api/auth/logout":
            continue
        async with caller(door, kind) as client:
            answered, text = await status(client, method, path)
        expected = 401 if kind not in KNOWN else None if rule.need in CALLERS[kind] else 403
        if (answered if answered in {401, 403} else None) != expected:
            wrong.append((method, path, rule.need, answered))
        elif expected == 401:
            assert "/api/auth/login" in text
        elif expected == 403:
            assert '"missing"' in text
    assert wrong == []


async def test_open_routes_ask_nobody_who_they_are(door: Door, pool: Pool) -> None:
    """The gateway and the probes have no login; the gateway's secret is checked by its route."""
    async with door.client() as client:
        for path in ("/healthz", "/docs", "/redoc", "/docs/oauth2-redirect", "/openapi.json"):
            assert (await client.get(path)).status_code == 200
        wrong = await client.post("/webhooks/wassenger/wrong", json={})
    assert (wrong.status_code, wrong.json()["detail"]) == (401, "the webhook secret is wrong")
