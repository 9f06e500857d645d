"""Logging in and out, and what a caller may know and change about themselves."""

import asyncio
from time import monotonic
from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response, status
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from api.dependencies import Needs, Resources
from api.guard import CurrentCaller, cookie_name, refuse_foreign_pages
from api.pages import Cursor, Page, PageSize, decode_cursor, encode_cursor
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.access import Caller, CallerKind, Role, Scope
from settings import Settings
from storage import sessions, users
from storage.passwords import TooBusyError, hash_password, is_outdated, verify_password
from storage.sessions import Locked
from storage.users import NameTakenError, User

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api", tags=["access"], responses=PROBLEM_RESPONSES)

# Every failed login takes this long, whether the account exists or not, and whatever is written about it.
FAILED_LOGIN_S = 0.25
ORDER = "newest"


def _one_line(name: str) -> str:
    stripped = name.strip()
    if not stripped or not stripped.isprintable():
        raise ValueError("a name is one line of visible characters")
    return stripped


UserName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
# Longer than any password may be: the rule itself is told by who hashes it, with better words than a schema's.
Password = Annotated[SecretStr, Field(max_length=1000)]
Language = Literal["fr", "en"]


class LoginIn(BaseModel):
    """Name and password of a user."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=1000)]
    password: Password


class MeOut(BaseModel):
    """Who asks, and what they may do."""

    kind: CallerKind
    id: str
    name: str
    role: Role | None = Field(description="Of people; null for programs")
    language: str | None = Field(description="Of people; null for programs")
    scopes: list[Scope]
    must_change_password: bool = Field(description="Until then nothing else is allowed: PATCH /api/me")


class MeIn(BaseModel):
    """What a person changes about themselves; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: UserName | None = None
    language: Language | None = None
    password: Password | None = Field(default=None, description="A new one, of 15 to 128 characters")
    current_password: Password | None = Field(default=None, description="Needed with a new password")


class SessionOut(BaseModel):
    """A browser in which this person is signed in."""

    id: str
    created_at: AwareDatetime
    last_seen_at: AwareDatetime = Field(description="Right to five minutes")
    expires_at: AwareDatetime = Field(description="If nothing more happens in it")
    user_agent: str
    current: bool = Field(description="The one that asks")


@router.post("/auth/login")
async def log_in(login: LoginIn, request: Request, response: Response, needs: Needs) -> MeOut:
    """Signs a person in, with a cookie that lasts 12 hours without use and 7 days at most.

    401 for a wrong name or password; 429, with `retry_after_s`, after too many wrong ones for this name.
    """
    refuse_foreign_pages(request, needs.settings)
    user = await _identify(needs, login)
    await _start_session(request, response, needs, user.id)
    return _shown(user, Caller(kind=CallerKind.PERSON, id=user.id, name=user.name, scopes=user.role.scopes))


@router.post("/auth/logout", status_code=status.HTTP_204_NO_CONTENT)
async def log_out(response: Response, needs: Needs, caller: CurrentCaller) -> None:
    """Ends the session that asks."""
    await sessions.close_session(needs.pool, str(caller.session_id), user_id=caller.id)
    response.delete_cookie(
        cookie_name(needs.settings), path="/", secure=needs.settings.is_https, httponly=True, samesite="lax"
    )


@router.get("/me")
async def get_me(needs: Needs, caller: CurrentCaller) -> MeOut:
    """Who asks: a person, or a program with its key."""
    if caller.kind is not CallerKind.PERSON:
        return _shown(None, caller)
    return _shown(await _myself(needs, caller), caller)


@router.patch("/me")
async def change_me(
    change: MeIn, request: Request, response: Response, needs: Needs, caller: CurrentCaller
) -> MeOut:
    """Changes the own name, language or password. A new password ends all other sessions."""
    if change.password is None and caller.must_change_password:
        raise Problem(403, "Password to be changed", "choose a password of your own first", missing="password")
    # Whatever may be refused comes first, so that a refusal changes nothing.
    new_hash = None if change.password is None else await _new_hash(change, change.password, needs, caller)
    try:
        others = change.model_dump(include={"name", "language"}, exclude_none=True)
        await users.change_user(needs.pool, caller.id, others, actor=caller.actor)
    except NameTakenError as error:
        raise Problem(409, "Name taken", str(error)) from error
    if new_hash is not None:
        await users.set_password(needs.pool, caller.id, new_hash, one_time=False, actor=caller.actor)
        await _start_session(request, response, needs, caller.id)
    user = await _myself(needs, caller)
    return _shown(user, caller)


@router.get("/me/sessions")
async def list_my_sessions(
    needs: Needs, caller: CurrentCaller, limit: PageSize = 50, cursor: Cursor = None
) -> Page[SessionOut]:
    """Where this person is signed in, the newest first."""
    before = page_start(ORDER, cursor)
    found = await sessions.list_sessions(needs.pool, caller.id, limit + 1, before=before)
    items = [
        SessionOut(
            id=each.id,
            created_at=each.created_at,
            last_seen_at=each.last_seen_at,
            expires_at=each.expires_at,
            user_agent=each.user_agent,
            current=each.id == caller.session_id,
        )
        for each in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(ORDER, [items[-1].id]) if len(found) > limit else None)


@router.delete("/me/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end_my_session(session_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Signs this person out of one browser."""
    if not await sessions.close_session(needs.pool, str(session_id), user_id=caller.id):
        raise not_found("session", str(session_id))


def page_start(order: str, cursor: str | None) -> str | None:
    """The id after which a page begins. Raises Problem (422) for a cursor that names none."""
    if cursor is None:
        return None
    try:
        [identity] = decode_cursor(order, cursor)
        return str(UUID(identity))
    except (ValueError, AttributeError, TypeError) as error:
        raise Problem(
            422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list"
        ) from error


async def _identify(needs: Resources, login: LoginIn) -> User:
    """The user with this name and password. Raises Problem 401, 429 or 503."""
    began = monotonic()
    attempt = await sessions.begin_attempt(needs.pool, login.name)
    if isinstance(attempt, Locked):
        raise _locked(attempt)
    user = await users.find_user(needs.pool, login.name.strip())
    stored = await users.password_hash(needs.pool, user.id) if user else None
    if user and stored and await _verify(stored, login.password):
        await sessions.forget_attempts(needs.pool, login.name)
        if is_outdated(stored):
            await users.rehash(
                needs.pool, user.id, stored, await hash_password(login.password.get_secret_value())
            )
        return user
    if user is None:
        await _verify(None, login.password)
    else:
        await sessions.record_failure(needs.pool, user.id, attempt)
    log.warning("login failed", attempts=attempt.attempts, locked_for_s=attempt.locked_for_s)
    await asyncio.sleep(max(0.0, FAILED_LOGIN_S - (monotonic() - began)))
    raise Problem(401, "Login failed", "name or password are wrong")


async def _new_hash(change: MeIn, password: SecretStr, needs: Resources, caller: Caller) -> str:
    """Raises Problem: 422 for what is no password, 403 without the current one, 429 after too many guesses."""
    current, new = change.current_password, password.get_secret_value()
    if current is None:
        raise Problem(422, "Invalid request", "current_password: needed for a new password")
    if current.get_secret_value() == new:
        raise Problem(422, "Invalid request", "password: choose one that differs from the current one")
    attempt = await sessions.begin_attempt(needs.pool, caller.name)
    if isinstance(attempt, Locked):
        raise _locked(attempt)
    stored = await users.password_hash(needs.pool, caller.id)
    if not await _verify(stored, current):
        await sessions.record_failure(needs.pool, caller.id, attempt)
        raise Problem(403, "Wrong password", "current_password: this is not your password")
    await sessions.forget_attempts(needs.pool, caller.name)
    try:
        return await hash_password(new)
    except ValueError as error:
        raise Problem(422, "Invalid password", f"password: {error}") from error
    except TooBusyError as error:
        raise _busy(error) from error


async def _verify(stored: str | None, password: SecretStr) -> bool:
    try:
        return await verify_password(stored, password.get_secret_value())
    except TooBusyError as error:
        raise _busy(error) from error


async def _start_session(request: Request, response: Response, needs: Resources, user_id: str) -> None:
    name = cookie_name(needs.settings)
    token = await sessions.open_session(
        needs.pool,
        user_id,
        user_agent=request.headers.get("user-agent", ""),
        instead_of=request.cookies.get(name),
    )
    _set_cookie(response, needs.settings, name, token)


def _set_cookie(response: Response, settings: Settings, name: str, token: str) -> None:
    response.set_cookie(
        name,
        token,
        max_age=int(sessions.ABSOLUTE.total_seconds()),
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


async def _myself(needs: Resources, caller: Caller) -> User:
    user = await users.get_user(needs.pool, caller.id)
    if user is None:  # removed since the guard looked
        raise Problem(401, "Session has ended", "this user was removed")
    return user


def _locked(locked: Locked) -> Problem:
    seconds = round(locked.seconds)
    detail = (
        f"too many wrong passwords for this name: try again in {seconds} s, or ask a super admin to reset it"
    )
    return Problem(429, "Too many attempts", detail, retry_after_s=seconds)


def _busy(error: TooBusyError) -> Problem:
    return Problem(503, "Too busy", str(error))


def _shown(user: User | None, caller: Caller) -> MeOut:
    return MeOut(
        kind=caller.kind,
        id=caller.id,
        name=user.name if user else caller.name,
        role=user.role if user else None,
        language=user.language if user else None,
        scopes=sorted(user.role.scopes if user else caller.scopes),
        must_change_password=user.must_change_password if user else False,
    )
