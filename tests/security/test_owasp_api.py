"""The OWASP API Security Top 10 (2023) against the real API, a part for each point.

What a point needs besides stands with its subject. In tests/api: roles and scopes on every route
(test_access_matrix), logins (test_auth), keys (test_api_keys), limits (test_body_limits), headers
(test_hardening), webhooks (test_webhooks). The answers of the gateway: tests/providers/test_wassenger_hostile.
"""

import asyncio
import json
import secrets
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.guard import cookie_name
from domain.access import Role, Scope
from domain.masking import mask_phones
from domain.opt_out import is_opt_out
from domain.phone import InvalidPhoneError, parse_phone
from domain.template import check_template, missing_variables, render
from providers.base import UnreadableWebhookError
from providers.wassenger_events import split_webhook
from settings import Settings
from storage.phone_search import phone_pattern
from tests.api.people import PASSWORD, SAME_ORIGIN, Door
from tests.api.test_access_matrix import OPEN, routes
from tests.conftest import Town, next_phone

Json = dict[str, Any]
SLOW_CLIENTS = 150
PATIENCE_S = 60  # not a target: what is caught here would take minutes


@pytest.fixture(scope="module")
async def document(api: httpx.AsyncClient) -> Json:
    """What the API says of itself."""
    shown: Json = (await api.get("/openapi.json")).json()
    return shown


# API1: broken object level authorization


async def test_api1_nobody_reaches_the_sessions_and_keys_of_another(door: Door) -> None:
    async with door.person() as owner, door.person() as other, door.program(list(Scope)) as program:
        [session] = (await owner.get("/api/me/sessions")).json()["items"]
        made = await owner.post("/api/api-keys", json={"name": f"K {next_phone()}", "scopes": ["read"]})
        key = made.raise_for_status().json()
        for path in (f"/api/me/sessions/{session['id']}", f"/api/api-keys/{key['api_key']['id']}"):
            assert (await other.delete(path)).status_code == 404, "as if it did not exist"
        assert (await program.delete(f"/api/me/sessions/{session['id']}")).status_code == 403
        assert key["api_key"]["id"] not in (await other.get("/api/api-keys")).text
        assert (await owner.get("/api/me")).status_code == 200
        async with door.client(Authorization=f"Bearer {key['token']}") as still:
            assert (await still.get("/api/campaigns")).status_code == 200


# API2: broken authentication


async def test_api2_a_session_that_somebody_planted_is_worth_nothing(door: Door) -> None:
    """Fixation: a login gives a new token, whatever the browser came with."""
    user, planted = await door.user(), secrets.token_urlsafe(32)
    async with door.client(**SAME_ORIGIN) as browser:
        browser.cookies.set(cookie_name(door.settings), planted)
        login = await browser.post("/api/auth/login", json={"name": user.name, "password": PASSWORD})
        assert login.is_success
        assert planted not in login.headers["set-cookie"]
    async with door.client(**SAME_ORIGIN) as attacker:
        attacker.cookies.set(cookie_name(door.settings), planted)
        assert (await attacker.get("/api/me")).status_code == 401


async def test_api2_a_credential_counts_in_its_own_place_only(door: Door, api: httpx.AsyncClient) -> None:
    """Not in an address, which ends in logs and histories; not as another kind."""
    made = await api.post("/api/api-keys", json={"name": f"K {next_phone()}", "scopes": ["read"]})
    token, identity = made.json()["token"], made.json()["api_key"]["id"]
    wrong: list[tuple[Json, Json]] = [
        ({name: token}, {}) for name in ("token", "api_key", "access_token", "key", "authorization")
    ]
    wrong += [
        ({}, headers)
        for headers in (
            {"X-API-Key": token},
            {"Cookie": f"{cookie_name(door.settings)}={token}"},
            {"Authorization": token},
            {"Authorization": f"Basic {token}"},
            {"Authorization": f"Bearer {token[:-1]}"},
            {"Authorization": f"Bearer {token.upper()}"},
            {"Authorization": f"Bearer {identity}"},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer null"},
            {"Authorization": f"Bearer {'x' * 5000}"},
            {"Authorization": "Bearer ' OR '1'='1"},
        )
    ]
    async with door.client() as client:
        for parameters, headers in wrong:
            refused = await client.get("/api/campaigns", params=parameters, headers=headers)
            assert refused.status_code == 401, (parameters, headers)
        assert (
            await client.get("/api/campaigns", headers={"Authorization": f"Bearer {token}"})
        ).status_code == 200
        await api.delete(f"/api/api-keys/{identity}")
        again = await client.get("/api/campaigns", headers={"Authorization": f"Bearer {token}"})
        assert again.status_code == 401, "a revoked key ends at once"


async def test_api2_a_new_password_ends_what_was_signed_in_elsewhere(door: Door) -> None:
    user = await door.user()
    async with door.person(user=user) as here, door.person(user=user) as elsewhere:
        change = {"current_password": PASSWORD, "password": "cinq autres mots que je garde"}
        assert (await here.patch("/api/me", json=change)).is_success
        assert (await elsewhere.get("/api/me")).status_code == 401


# API3: broken object property level authorization


def test_api3_no_body_takes_a_field_that_it_does_not_name(document: Json) -> None:
    """Mass assignment, for every route at once."""
    schemas, seen = document["components"]["schemas"], []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}) if method != "parameters" else {}
            given = content.get("application/json", {}).get("schema", {})
            for part in [given, *given.get("anyOf", [])]:
                if "$ref" in part:
                    seen.append(part["$ref"].rpartition("/")[2])
                    assert schemas[seen[-1]].get("additionalProperties") is False, (method, path)
    assert len(seen) > 15


async def test_api3_what_is_not_given_to_change_is_refused(
    door: Door, api: httpx.AsyncClient, town: Town
) -> None:
    sender, (category_id, [phone]) = await town.sender(), await town.people([{"script": []}])
    campaign = await town.campaign(category_id, [sender.id])
    [contact] = (await api.get("/api/contacts", params={"q": phone})).json()["items"]
    async with door.person() as person:
        for path, change in (
            ("/api/me", {"role": "super_admin"}),
            ("/api/me", {"must_change_password": False}),
            (f"/api/campaigns/{campaign.id}", {"status": "running"}),
            (f"/api/contacts/{contact['id']}", {"opted_out_at": None}),
            (f"/api/contacts/{contact['id']}", {"id": category_id}),
            (f"/api/senders/{sender.id}", {"device_id": "5a0db0c5e1a2b3c4d5e6f7aa", "status": "active"}),
        ):
            answer = await person.patch(path, json=change)
            assert answer.status_code == 422, (path, change)
        assert (await person.get("/api/me")).json()["role"] == "admin"


def test_api3_no_answer_has_a_place_for_a_secret(document: Json) -> None:
    """Save those that show a new one, once."""
    shown_once = {("NewApiKeyOut", "token"), ("NewPasswordOut", "one_time_password")}
    asked_for = {("LoginIn", "password"), ("MeIn", "password"), ("MeIn", "current_password")}
    telling = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", {})
        if any(word in field for word in ("password", "token", "secret", "hash"))
    }
    assert telling <= shown_once | asked_for | {
        ("MeOut", "must_change_password"),
        ("UserOut", "must_change_password"),
    }


# API4: unrestricted resource consumption


async def test_api4_no_list_gives_more_than_a_page(api: httpx.AsyncClient, document: Json) -> None:
    asked = 0
    for path, operations in document["paths"].items():
        names = {parameter["name"] for parameter in operations.get("get", {}).get("parameters", [])}
        if "limit" in names and "{" not in path and path != "/api/me/sessions":
            for limit in ("100000", "0", "-1", "1e9", "NaN"):
                assert (await api.get(path, params={"limit": limit})).status_code == 422, (path, limit)
            asked += 1
    assert asked >= 6


HOSTILE_TEXTS = [
    "{{" * 3000,
    "{{a|" * 1500,
    "{{" + " " * 5990 + "}",
    "( " * 3000 + "0",
    "+" + "1 " * 3000,
    "1" * 6000 + "e",
    "1" * 3000 + "." + "0" * 2990 + "x",
    " " * 5999 + "x",
    "s'il " * 1200,
    "STOP " * 1200,
    "9" * 5990 + "@c.usx",
    "+1" + "-.( " * 1500,
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: f"{text[:6]!r}…{text[-3:]!r}")
async def test_api4_no_text_keeps_a_pattern_busy(text: str) -> None:
    """ReDoS, for whatever reads what strangers write. A hundred times longer than any of them allows."""

    def read_all() -> None:
        check_template(text)
        render(text, {"a": text})
        missing_variables(text, {})
        phone_pattern(text)
        is_opt_out(text)
        mask_phones(text * 10)
        for reader in (lambda: parse_phone(text, "FR"), lambda: split_webhook(text.encode())):
            try:
                reader()
            except (InvalidPhoneError, UnreadableWebhookError):
                continue

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(read_all)


async def test_api4_deep_and_wide_json_is_refused(api: httpx.AsyncClient) -> None:
    deep = '{"name":' * 50_000 + "1" + "}" * 50_000
    wide = json.dumps({"phone": next_phone(), "variables": {f"v{n}": "x" for n in range(20_000)}})
    for body in (deep, wide, "[" * 200_000, '{"phone": ' + "9" * 200_000 + "}"):
        answer = await api.post("/api/contacts", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, body[:20]


async def test_api4_clients_that_never_finish_keep_nobody_out(api: httpx.AsyncClient, door: Door) -> None:
    """Half a request each, and one that sends its body a byte at a time."""
    started = [await asyncio.open_connection("127.0.0.1", door.settings.api_port) for _ in range(SLOW_CLIENTS)]
    try:
        for number, (_, writer) in enumerate(started):
            length = b"Content-Length: 1000\r\n\r\n{" if number % 2 else b""
            writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n" + length)
            await writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(5):
                assert (await api.get("/api/campaigns")).status_code == 200
    finally:
        for _, writer in started:
            writer.close()


# API5: broken function level authorization


async def test_api5_no_spelling_of_a_path_or_method_gets_around_the_rules(door: Door) -> None:
    spellings: tuple[str, ...] = (
        "/api/users",
        "/api/users/",
        "//api/users",
        "/api//users",
        "/API/users",
        "/api/%75sers",
    )
    spellings += ("/api/./users", "/api/me/../users", "/api/users;x=1", "/api/users%00", "/api/users%2f")
    async with door.program([Scope.READ]) as program, door.person(Role.ADMIN) as admin:
        for path in spellings:
            for client in (program, admin):
                answer = await client.get(httpx.URL(door.settings.effective_api_url, raw_path=path.encode()))
                assert answer.status_code in {307, 403, 404}, path
        overridden = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
        keys = (await admin.get("/api/categories", headers=overridden)).status_code
        assert keys == 200
        for method in ("DELETE", "PATCH", "PUT", "PROPFIND", "TRACE", "CONNECT"):
            answer = await program.request(method, "/api/categories")
            assert answer.status_code in {400, 403, 404, 405}, method


# API6: unrestricted access to sensitive business flows


async def test_api6_a_stolen_key_sends_nothing_without_the_scope(door: Door, town: Town) -> None:
    sender, (category_id, [phone]) = await town.sender(), await town.people([{"script": []}])
    campaign = await town.campaign(category_id, [sender.id])
    path = f"/api/campaigns/{campaign.id}"
    async with door.program([Scope.READ, Scope.WRITE, Scope.ADMIN]) as stolen:
        later = {"start_at": "2099-01-01T00:00:00Z"}
        for ending, body in (
            ("start", None),
            ("schedule", later),
            ("test-send", {"phone": phone, "sender_id": sender.id}),
            ("resume", None),
        ):
            assert (await stolen.post(f"{path}/{ending}", json=body)).status_code == 403, ending
        more = {"name": f"K {next_phone()}", "scopes": ["send"]}
        assert (await stolen.post("/api/api-keys", json=more)).status_code in {403, 422}, "nor gives itself one"
    assert await town.journal(phone) == []


# API7: server side request forgery


def names_an_address(name: str) -> bool:
    """By the words that a name is made of."""
    return bool(
        {"url", "uri", "host", "address", "callback", "webhook", "endpoint"} & set(name.lower().split("_"))
    )


def test_api7_no_request_names_an_address_to_go_to(document: Json) -> None:
    """Addresses of gateway, webhooks and alerts come from the environment alone."""
    taking = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", {})
        if name.endswith(("In", "Change")) and names_an_address(field)
    }
    assert taking == set()
    parameters = {
        parameter["name"]
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in (operation.get("parameters", []) if isinstance(operation, dict) else [])
    }
    assert not {name for name in parameters if names_an_address(name)}


@pytest.mark.parametrize(
    "name", ["wassenger_url", "public_url", "alert_urls", "database_url", "webhook_secret"]
)
async def test_api7_an_address_is_no_setting_that_a_request_can_change(
    api: httpx.AsyncClient, name: str
) -> None:
    answer = await api.put(f"/api/settings/{name}", json={"value": "http://169.254.169.254/"})
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://gateway.example",
        "gateway.example",
        "//x",
        "http://",
        "https://u:p@x.example",
    ],
)
def test_api7_the_gateway_and_we_are_reached_by_http_only(url: str) -> None:
    """A mistake in the environment shows at the start, not in a request with the token in it."""
    for name in ("wassenger_url", "public_url"):
        with pytest.raises(ValueError, match=name):
            Settings.model_validate({name: url})


async def test_api7_a_number_or_id_cannot_lead_a_request_to_the_gateway_astray(api: httpx.AsyncClient) -> None:
    for device in (
        "../../v1/webhooks",
        "a" * 24 + "/../x",
        "http://x.example",
        "%2e%2e",
        "5A0DB0C5E1A2B3C4D5E6F7AA",
    ):
        sender = {"name": "X", "phone": next_phone(), "device_id": device}
        assert (await api.post("/api/senders", json=sender)).status_code == 422, device


# API8: security misconfiguration


async def test_api8_no_other_site_is_let_in_and_no_error_tells_how_we_are_made(api: httpx.AsyncClient) -> None:
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = await api.request(method, "/api/campaigns", headers=foreign)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    nonsense = (
        "'",
        '"',
        "\\",
        "%00",
        "%ff",
        "\u202e",
        "-1",
        "1e400",
        "null",
        "{{7*7}}",
        "a" * 3000,
        "../" * 20,
    )
    for text in nonsense:
        for answer in (
            await api.get("/api/contacts", params={"q": text, "order": text, "cursor": text}),
            await api.get("/api/contacts", params={"q": text}),
            await api.get("/api/audit-log", params={"actor": text, "since": text}),
            await api.get(f"/api/campaigns/{text.replace('/', '%2f')}"),
        ):
            assert answer.status_code < 500, text
            for telling in ("Traceback", "asyncpg", "SELECT ", ".py", "pydantic", "postgres"):
                assert telling not in answer.text, text
        assert "server" not in answer.headers


# API9: improper inventory management


def test_api9_every_route_is_documented_or_hidden_on_purpose(settings: Settings, document: Json) -> None:
    hidden = {
        (method, path)
        for method, path in routes(create_app(settings))
        if method.lower() not in document["paths"].get(path, {}) and method != "HEAD"
    }
    assert {(method, path) for method, path in hidden if path.startswith("/api/")} == set()
    assert hidden <= OPEN, "whatever is not documented is on the list of what is open on purpose"


def test_api9_the_document_says_where_a_credential_is_needed(document: Json) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters" or (method.upper(), path) in OPEN:
                continue
            assert operation.get("security") or document.get("security"), (method, path)


# API10: unsafe consumption of APIs


async def test_api10_a_webhook_proves_itself_or_leaves_no_trace(door: Door, town: Town) -> None:
    marks = [f"mark-{secrets.token_hex(6)}" for _ in range(4)]
    wrong = ["", "x", secrets.token_urlsafe(16), "%00"]
    async with door.client() as stranger:
        for mark, secret in zip(marks, wrong, strict=True):
            answer = await stranger.post(f"/webhooks/wassenger/{secret}", json={"event": mark, "id": mark})
            assert answer.status_code in {401, 404, 405}
    stored = await town.pool.fetchval("SELECT count(*) FROM webhook_events WHERE event = ANY($1)", marks)
    assert stored == 0


async def test_api10_what_a_stranger_writes_is_shown_as_text(api: httpx.AsyncClient) -> None:
    """Names come from files and from WhatsApp: JSON is called JSON, and no spreadsheet computes a cell."""
    phone, name = next_phone(), '=HYPERLINK("http://x.example")<script>alert(1)</script>'
    (await api.post("/api/contacts", json={"phone": phone, "name": name})).raise_for_status()
    listed = await api.get("/api/contacts", params={"q": phone})
    assert listed.headers["content-type"].startswith("application/json")
    exported = await api.get("/api/contacts/export.csv", params={"q": phone})
    assert "'=HYPERLINK" in exported.text
    assert exported.headers["content-disposition"].startswith("attachment")
