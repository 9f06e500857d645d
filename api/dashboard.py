"""The dashboard: its built files, and a page that begins with what it shows first.

Every address that no route takes and that a browser asks for as a page gets the same page: the dashboard finds
out what to show. Into it go the session and, for the overview, its first numbers, so that nothing has to be
asked for before something is seen.
"""

import asyncio
import base64
import hashlib
import mimetypes
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import auth, monitoring, statistics
from api.dependencies import Resources
from api.guard import cookie_name
from api.live_models import LiveOut
from api.problems import DATABASE_AWAY, Problem, not_found
from domain.access import DASHBOARD_ROOMS
from storage import sessions

log = structlog.get_logger(__name__)

DIST = Path(__file__).parent.parent / "web" / "dist"
FIRST_DAYS = 30  # the longest series that the overview can show: the shorter one is its end
FIRST_WITHIN_S = 0.5  # a page without numbers is better than no page
IMMUTABLE = "public, max-age=31536000, immutable"
ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the best first
POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The built page holds this; what stands in it is data, and run by nobody.
FIRST = b'<script type="application/json" id="first">null</script>'
NOBODY = b'{"me":null,"answers":{}}'
FIRST_FAILURES: tuple[type[Exception], ...] = (*DATABASE_AWAY, Problem)
# Not pages, whatever a browser says that it accepts.
NO_PAGES = frozenset({"api", "assets", "webhooks", "static-offline-docs"})
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
_NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Relance</title>
<h1>The dashboard is not built yet</h1>
<p>Run <code>make web</code> in the checkout, then load this page again.
<p>The API is there: see <a href="/docs">/docs</a>.
"""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Page:
    """The built page, and the policy under which only what stands in it runs."""

    before: bytes
    after: bytes
    policy: str
    built_at_ns: int

    @classmethod
    def read(cls, path: Path) -> "Page":
        """Raises FileNotFoundError as long as it is not built."""
        built_at_ns = path.stat().st_mtime_ns
        content = path.read_bytes()
        before, _, after = content.partition(FIRST)
        policy = POLICY.format(scripts=_hashes(_SCRIPT, content), styles=_hashes(_STYLE, content))
        return cls(before=before, after=after, policy=policy, built_at_ns=built_at_ns)

    def with_first(self, first: bytes) -> bytes:
        """The page with what it begins with; `<` is written so that nothing in a value can end the element."""
        data = first.replace(b"<", b"\\u003c")
        return b"".join((self.before, FIRST.replace(b"null", data), self.after))


class Dashboard:
    """Answers what no route takes: pages; the rest goes on to whoever says that there is nothing."""

    def __init__(self, app: FastAPI, otherwise: ASGIApp) -> None:
        self._app = app
        self._otherwise = otherwise
        self._page: Page | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and _is_page(request := Request(scope)):
            await (await self._answer(request))(scope, receive, send)
        else:
            await self._otherwise(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        page = self._current()
        if page is None:
            return Response(_NOT_BUILT, 503, media_type="text/html")
        content = page.with_first(await _first(self._app, request))
        status = 200 if _is_known(request.scope["path"]) else 404
        # Weak: it is of the page, however it is compressed on the way.
        etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": page.policy,
            "ETag": etag,
            "Vary": "Cookie",
        }
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, status, headers, media_type="text/html")

    def _current(self) -> Page | None:
        """The page of the latest build; None: there is none."""
        path = DIST / "index.html"
        try:
            if self._page is None or path.stat().st_mtime_ns != self._page.built_at_ns:
                self._page = Page.read(path)
        except FileNotFoundError:
            self._page = None
        return self._page


def install(app: FastAPI) -> None:
    """Takes what no route does, so that no page can ever stand in the way of one."""
    app.router.default = Dashboard(app, app.router.default)


@router.get("/assets/{name}")
async def get_asset(name: str, request: Request) -> Response:
    """A built file. Its name changes with its content, so browsers may keep it for good."""
    accepted = request.headers.get("accept-encoding", "")
    return await asyncio.to_thread(_asset, "assets", name, accepted)


@router.get("/favicon.svg")
async def get_icon() -> Response:
    """The icon of the tab."""
    answer = await asyncio.to_thread(_asset, ".", "favicon.svg", "")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


def _asset(folder: str, name: str, accepted: str) -> Response:
    path = DIST / folder / name
    if path.parent != DIST / folder or path.suffix in ENCODINGS.values():
        raise not_found("file", name)
    headers = {"Cache-Control": IMMUTABLE}
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    for encoding, suffix in ENCODINGS.items():
        if encoding in accepted:
            with suppress(FileNotFoundError):
                content = path.with_name(name + suffix).read_bytes()
                # To what is not compressed yet, the middleware that compresses adds the latter.
                headers |= {"Content-Encoding": encoding, "Vary": "Accept-Encoding"}
                return Response(content, headers=headers, media_type=media_type)
    try:
        return Response(path.read_bytes(), headers=headers, media_type=media_type)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise not_found("file", name) from error


def _is_page(request: Request) -> bool:
    path = request.scope["path"]
    return (
        request.method in {"GET", "HEAD"}
        and _room(path) not in NO_PAGES
        and (path == "/" or "text/html" in request.headers.get("accept", ""))
    )


def _room(path: str) -> str:
    return path.split("/")[1]


def _is_known(path: str) -> bool:
    return path == "/" or _room(path) in DASHBOARD_ROOMS


def _hashes(pattern: re.Pattern[bytes], page: bytes) -> str:
    """The sources of a policy that allow exactly these scripts or styles."""
    found = (hashlib.sha256(each).digest() for each in pattern.findall(page))
    return "".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in found)


async def _first(app: FastAPI, request: Request) -> bytes:
    """Who is signed in, and the answers that the page would ask for at once; `null` when that is not known."""
    needs: Resources = app.state.resources
    token = request.cookies.get(cookie_name(needs.settings))
    if token is None:
        return NOBODY
    try:
        async with asyncio.timeout(FIRST_WITHIN_S):
            caller = await sessions.find_caller(needs.pool, token)
            if caller is None:
                return NOBODY
            me = await auth.get_me(needs, caller)
            shows_overview = request.scope["path"] == "/" and not me.must_change_password
            answers = await _overview(app, request, needs) if shows_overview else {}
    except FIRST_FAILURES as error:
        log.warning("a page without its first numbers", error=repr(error))
        return b"null"
    listed = b",".join(b'"%s":%s' % (url.encode(), body) for url, body in answers.items())
    return b'{"me":%s,"answers":{%s}}' % (me.model_dump_json().encode(), listed)


async def _overview(app: FastAPI, request: Request, needs: Resources) -> dict[str, bytes]:
    """By the address under which the dashboard would ask for them."""
    cache = app.state.cache
    live, stats, total, daily = await asyncio.gather(
        app.state.live_feed.everything(),
        monitoring.get_monitoring(request, needs, cache),
        statistics.get_statistics(needs, cache),
        statistics.get_daily_statistics(needs, cache, FIRST_DAYS),
    )
    return {
        "/api/live": LiveOut.model_validate(live).model_dump_json().encode(),
        "/api/monitoring/stats": stats.model_dump_json().encode(),
        "/api/statistics": bytes(total.body),
        f"/api/statistics/daily?days={FIRST_DAYS}": bytes(daily.body),
    }
