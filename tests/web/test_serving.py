"""What the API gives a browser: files to keep, a page that begins with what it shows, and no more than that."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import dashboard
from api.dashboard import DIST
from domain.access import DASHBOARD_ROOMS
from tests.api.people import Door

AS_PAGE = {"Accept": "text/html,application/xhtml+xml"}
PAGES = Path(__file__).parents[2] / "web" / "src" / "pages.ts"


def first(page: httpx.Response) -> Any:
    """What the page begins with."""
    [content] = re.findall(r'<script type="application/json" id="first">(.*?)</script>', page.text)
    return json.loads(content)


async def test_a_page_runs_its_own_script_and_no_other(door: Door) -> None:
    """The policy names the two scripts and the one style sheet that stand in it."""
    async with door.client(**AS_PAGE) as nobody:
        page = await nobody.get("/")
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert "unsafe" not in policy
    assert len(re.findall("'sha256-[A-Za-z0-9+/]{43}='", policy)) == 3
    # The layers of the styles count in the order in which they are first named.
    assert page.text.index("<style>") < page.text.index("<script")
    assert page.headers["cache-control"] == "private, no-cache"
    assert page.headers["x-frame-options"] == "DENY"
    for source in re.findall('(?:src|href)="(/[^"]+)"', page.text):
        async with door.client() as nobody:
            assert (await nobody.get(source)).status_code == 200


async def test_whoever_is_not_signed_in_learns_nothing(door: Door) -> None:
    """Not even from a session that has ended."""
    async with door.client(**AS_PAGE) as nobody:
        assert first(await nobody.get("/")) == {"me": None, "answers": {}}
        nobody.cookies.set("relance_session", "forged")
        assert first(await nobody.get("/campaigns")) == {"me": None, "answers": {}}


async def test_the_overview_begins_with_what_the_api_would_answer(door: Door) -> None:
    """Under the addresses at which it would be asked for; other pages begin with who is signed in."""
    async with door.person() as browser:
        begun = first(await browser.get("/", headers=AS_PAGE))
        assert begun["me"] == (await browser.get("/api/me")).json()
        assert len(begun["answers"]) == 4
        for address, answer in begun["answers"].items():
            assert answer.keys() == (await browser.get(address)).json().keys()
        assert first(await browser.get("/senders", headers=AS_PAGE))["answers"] == {}
    async with door.person(must_change=True) as newcomer:
        begun = first(await newcomer.get("/", headers=AS_PAGE))
        assert (begun["me"]["must_change_password"], begun["answers"]) == (True, {})


async def test_nothing_that_somebody_wrote_leaves_its_place(door: Door) -> None:
    """A name that would end the element and run is only a name."""
    async with door.person() as browser:
        name = f"</script><script>alert({id(browser)})</script><!--"
        assert (await browser.patch("/api/me", json={"name": name})).status_code == 200
        page = await browser.get("/", headers=AS_PAGE)
    assert first(page)["me"]["name"] == name
    assert "alert" not in page.text.replace(json.dumps(name).replace("<", "\\u003c"), "")


async def test_a_page_that_has_not_changed_is_not_sent_again(door: Door) -> None:
    """By its tag, which is of what stands in it."""
    async with door.client(**AS_PAGE) as nobody:
        page = await nobody.get("/contacts")
        again = await nobody.get("/contacts", headers={"If-None-Match": page.headers["etag"]})
        other = await nobody.get("/contacts", headers={"If-None-Match": 'W/"other"'})
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    assert again.headers["content-security-policy"] == page.headers["content-security-policy"]


async def test_files_are_kept_for_good_and_sent_small(door: Door) -> None:
    """Compressed once, when they were built."""
    [name] = [each.name for each in (DIST / "assets").glob("index-*.js")]
    async with door.client() as nobody:
        plain, zipped, better = [
            await nobody.get(f"/assets/{name}", headers={"Accept-Encoding": encoding})
            for encoding in ("identity", "gzip", "gzip, br")
        ]
    assert plain.content == (DIST / "assets" / name).read_bytes() == zipped.content
    assert (zipped.headers["content-encoding"], better.headers["content-encoding"]) == ("gzip", "br")
    assert gzip.decompress((DIST / "assets" / f"{name}.gz").read_bytes()) == plain.content
    for answer in (plain, zipped, better):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["vary"] == "Accept-Encoding"


def test_all_scripts_together_stay_small() -> None:
    """U2 asks for 200 kB; ours is 130: every page in one language, as nobody fetches the other one too."""
    sizes = {
        script.name: len(gzip.compress(script.read_bytes(), 9)) for script in (DIST / "assets").glob("*.js")
    }
    french, english = (
        sum(size for name, size in sizes.items() if name.startswith(f"{language}-"))
        for language in ("fr", "en")
    )
    assert min(french, english) > 10_000
    assert sum(sizes.values()) - min(french, english) < 130_000


@pytest.mark.parametrize(
    "path",
    ["/assets/nothing.js", "/assets/..%2findex.html", "/assets/.", "/assets/%2e%2e%2f%2e%2e%2fpackage.json"],
)
async def test_no_other_file_comes_out(door: Door, path: str) -> None:
    """Whatever the name tries."""
    async with door.person() as browser:
        answer = await browser.get(path, headers=AS_PAGE)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/campaigns/x/nothing", "/webhooks/nothing", "/assets/nothing.css"]
)
async def test_a_page_never_stands_where_the_api_says_no(door: Door, path: str) -> None:
    """Also for a browser that asks for a page."""
    async with door.person() as browser:
        answer = await browser.get(path, headers=AS_PAGE)
        posted = await browser.post("/campaigns", json={})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert posted.status_code == 404


async def test_an_address_that_nobody_knows_is_a_page_that_says_so(door: Door) -> None:
    """Only where a browser asks for a page, and somebody is signed in."""
    async with door.person() as browser, door.client(**AS_PAGE) as nobody:
        assert (await browser.get("/nowhere", headers=AS_PAGE)).status_code == 404
        assert first(await browser.get("/nowhere", headers=AS_PAGE))["me"]
        script = await browser.get("/nowhere.js", headers={"Accept": "*/*"})
        assert script.headers["content-type"] == "application/problem+json"
        assert (await nobody.get("/nowhere")).status_code == 401


async def test_a_checkout_without_a_build_says_how_to_get_one(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The API works all the same."""
    monkeypatch.setattr(dashboard, "DIST", tmp_path)
    async with door.client(**AS_PAGE) as nobody:
        page = await nobody.get("/")
        assert (page.status_code, "make web" in page.text) == (503, True)
        assert (await nobody.get("/healthz")).status_code == 200


def test_the_server_knows_every_room_of_the_dashboard() -> None:
    """A page that is missing here would ask for an API key instead of a name and a password."""
    rooms = {path.split("/")[1] for path in re.findall(r"path: '(/[^']*)'", PAGES.read_text())} - {""}
    assert rooms == set(DASHBOARD_ROOMS)
