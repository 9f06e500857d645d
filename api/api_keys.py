"""API keys: how programs prove themselves. A key does no more than whoever makes it may do."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import UserName, page_start
from api.dependencies import Needs
from api.guard import CurrentCaller
from api.pages import Cursor, Page, PageSize, encode_cursor
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.access import Scope
from storage import api_keys
from storage.api_keys import ApiKey
from storage.users import NameTakenError

router = APIRouter(prefix="/api/api-keys", tags=["access"], responses=PROBLEM_RESPONSES)

ORDER = "newest"


class ApiKeyIn(BaseModel):
    """A new key. Scopes do not include each other: a program that writes and reads has both."""

    model_config = ConfigDict(extra="forbid")

    name: UserName = Field(description="Of the program; the audit log names it")
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=len(Scope),
        description="read; write; send (start, schedule, pause, resume, cancel, test); admin (users, keys)",
    )
    expires_at: AwareDatetime | None = Field(default=None, description="Unset: never")


class ApiKeyOut(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    owner_id: str | None = Field(description="Null: made on the machine itself")
    owner_name: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None = Field(description="Right to a minute")


class NewApiKeyOut(BaseModel):
    """A key with what the program sends as `Authorization: Bearer ...`: this is shown only now."""

    api_key: ApiKeyOut
    token: str


@router.get("")
async def list_api_keys(
    needs: Needs,
    caller: CurrentCaller,
    limit: PageSize = 50,
    cursor: Cursor = None,
    owner_id: Annotated[UUID | None, Query(description="Of this user alone")] = None,
) -> Page[ApiKeyOut]:
    """The keys that are not revoked, the newest first: the own ones, or for who manages users, all."""
    before = page_start(ORDER, cursor)
    owner = str(owner_id) if owner_id else None
    if not caller.manages_users:
        if owner not in {None, caller.user_id}:
            raise Problem(403, "Role missing", "the keys of others are for super admins", missing="super_admin")
        owner = caller.user_id
    found = await api_keys.list_keys(needs.pool, limit + 1, owner_id=owner, before=before)
    items = [_shown(key) for key in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(ORDER, [items[-1].id]) if more else None)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_api_key(draft: ApiKeyIn, needs: Needs, caller: CurrentCaller) -> NewApiKeyOut:
    """Makes a key of one's own. Its token is shown only in this answer."""
    if excess := set(draft.scopes) - caller.scopes:
        detail = f"a key can do no more than you: without {', '.join(sorted(excess))}, please"
        raise Problem(403, "Scope missing", detail, missing=min(excess))
    if draft.expires_at is not None and draft.expires_at <= datetime.now(UTC):
        raise Problem(422, "Invalid request", "expires_at: lies in the past")
    try:
        key, token = await api_keys.add_key(
            needs.pool,
            name=draft.name,
            scopes=set(draft.scopes),
            owner_id=caller.user_id,
            expires_at=draft.expires_at,
            actor=caller.actor,
        )
    except NameTakenError as error:
        raise Problem(409, "Name taken", str(error)) from error
    return NewApiKeyOut(api_key=_shown(key), token=token)


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_api_key(key_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Revokes a key, from its next request on: one's own, or for who manages users, anybody's."""
    owner_id = None if caller.manages_users else caller.user_id
    if not await api_keys.revoke_key(needs.pool, str(key_id), owner_id=owner_id, actor=caller.actor):
        raise not_found("API key", str(key_id))


def _shown(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.id,
        name=key.name,
        scopes=key.scopes,
        owner_id=key.owner_id,
        owner_name=key.owner_name,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )
