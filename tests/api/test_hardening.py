"""What every answer carries, and what pages of other sites cannot do."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api.app import create_app
from api.hardening import policy_of_page
from settings import Settings
from storage.database import Pool
from tests.api.applications import client_of
from tests.api.cuttable import cuttable_way
from tests.api.people import Door
from tests.conftest import Town

ANY = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def test_every_answer_protects_the_browser(door: Door, api: httpx.AsyncClient) -> None:
    """Good ones, refusals, and what is not there."""
    async with door.client() as nobody:
        answers = [
            await api.get("/api/senders"),
            await nobody.get("/api/senders"),
            await api.get("/api/nothing"),
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 404]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers  # this test runs without TLS
        assert "server" not in answer.headers


async def test_the_docs_run_their_own_script_and_no_other(api: httpx.AsyncClient) -> None:
    """The policy names the hash of the one script in the page; nothing may be written into it."""
    page = await api.get("/docs")
    policy = page.headers["content-security-policy"]
    assert policy == policy_of_page(page.content)
    assert len(re.findall("'sha256-[A-Za-z0-9+/]{43}='", policy)) == 1
    script = policy.split("script-src ")[1].split(";")[0]
    assert "unsafe" not in script
    for source in re.findall('(?:src|href)="([^"]+)"', page.text):
        assert source.startswith("/static-offline-docs/")
        assert (await api.get(source)).status_code == 200


@ANY
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80).map(str.strip))
async def test_a_request_keeps_its_id_or_gets_one(api: httpx.AsyncClient, given_id: str) -> None:
    """What could forge a line of the log or a header is replaced."""
    answer = await api.get("/healthz", headers={b"X-Request-ID": given_id.encode()})
    request_id = answer.headers["x-request-id"]
    good = re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given_id)
    assert request_id == given_id if good else re.fullmatch("[0-9a-f]{16}", request_id)


async def test_an_error_that_nobody_foresaw_is_a_problem_document_too(settings: Settings) -> None:
    """RFC 9457, with the headers of every answer, and not a word of what broke."""
    application = create_app(settings)

    async def break_down() -> None:
        raise LookupError("a secret")

    application.add_api_route("/api/senders/{sender_id}/breakdown", break_down)
    async with client_of(application) as client:
        with capture_logs() as logged:
            answer = await client.get("/api/senders/hidden/breakdown")
    (line,) = (each for each in logged if each["log_level"] == "error")
    assert line["route"] == "/api/senders/{sender_id}/breakdown"
    assert "hidden" not in str(line)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    assert "secret" not in answer.text


async def test_what_has_not_changed_is_not_sent_again(api: httpx.AsyncClient) -> None:
    """RFC 9110: 304 for the tag of the last answer, compressed or not, and the whole document for any other."""
    first = await api.get("/api/settings", headers={"Accept-Encoding": "gzip"})
    tag = first.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await api.get("/api/settings", headers={"If-None-Match": known, "Accept-Encoding": "identity"})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["x-content-type-options"] == "nosniff"
    other = await api.get("/api/settings", headers={"If-None-Match": 'W/"other"'})
    assert (other.status_code, other.json()) == (200, first.json())


async def test_large_answers_are_compressed(api: httpx.AsyncClient) -> None:
    """A2; small ones are not worth it."""
    large = await api.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    small = await api.get("/healthz", headers={"Accept-Encoding": "gzip"})
    plain = await api.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in small.headers
    assert "content-encoding" not in plain.headers
    assert large.json() == plain.json()
    assert int(large.headers["content-length"]) * 3 < len(plain.content)


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "OURS"}, False),
        ({"Origin": "OURS"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "OURS.evil.example"}, False),
        ({}, False),
    ],
)
async def test_no_page_of_another_site_uses_a_session(
    door: Door, town: Town, headers: dict[str, str], passes: bool
) -> None:
    """For whatever changes something; reading is safe, and programs have no cookie."""
    ours = door.settings.effective_api_url
    sent = {name: value.replace("OURS", ours) for name, value in headers.items()}
    sender = await town.sender()
    async with door.person() as browser, door.client(**sent) as client:
        client.cookies.update(browser.cookies)
        answer = await client.post(f"/api/senders/{sender.id}/pause", json={})
        read = await client.get("/api/senders")
        login = await client.post("/api/auth/login", json={"name": "nobody", "password": "x"})
    assert (answer.status_code, read.status_code) == (200 if passes else 403, 200)
    assert passes or answer.json()["title"] == "Foreign page"
    # Somebody who is not signed in yet could be signed in as somebody else.
    assert (login.status_code == 403) == (not passes and bool(headers))


async def test_an_answer_that_is_refused_reads_no_body(door: Door) -> None:
    """Nobody uploads 64 MiB before they are asked who they are."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65536
            yield b"x" * 65536

    async with door.client() as client:
        try:
            answer = await client.post("/api/contacts/import", content=endless())
        except httpx.TransportError:  # it hung up on us
            pass
        else:
            assert answer.status_code == 401
    assert sent < 64 * 1024 * 1024


async def test_a_database_that_is_away_lets_nobody_in(door: Door, pool: Pool) -> None:
    """And says so: 503, not 401, because the key may be good."""
    async with cuttable_way(str(door.settings.database_url)) as way, door.person() as browser:
        app = create_app(door.settings.model_copy(update={"database_url": way.url, "public_url": None}))
        async with client_of(app, headers={}) as client:
            client.cookies.update(browser.cookies)
            await way.cut()
            answer = await client.get("/api/senders")
            await way.open()
    assert (answer.status_code, json.loads(answer.text)["title"]) == (503, "Unavailable")
