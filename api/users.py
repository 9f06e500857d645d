"""Users: who may sign in. Only super admins manage them; their passwords are known to nobody else."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth import Language, UserName
from api.dependencies import Needs
from api.guard import CurrentCaller
from api.pages import Cursor, Page, PageSize, decode_cursor, encode_cursor
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.access import Role
from storage import sessions, users
from storage.passwords import TooBusyError, hash_password, one_time_password
from storage.users import LastSuperAdminError, NameTakenError, User

router = APIRouter(prefix="/api/users", tags=["access"], responses=PROBLEM_RESPONSES)

ORDER = "name"


class UserIn(BaseModel):
    """A new user; the answer has the password for the first login."""

    model_config = ConfigDict(extra="forbid")

    name: UserName = Field(description="What they type to log in, in any case; unique")
    role: Role = Role.ADMIN
    language: Language = "fr"


class UserChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: UserName | None = None
    role: Role | None = None
    language: Language | None = None


class UserOut(BaseModel):
    """Somebody who may sign in."""

    id: str
    name: str
    role: Role
    language: str
    must_change_password: bool = Field(description="Has never logged in since the password was made for them")
    created_at: AwareDatetime


class NewPasswordOut(BaseModel):
    """A password that is shown only now, and good for one login."""

    user: UserOut
    one_time_password: str


@router.get("")
async def list_users(
    needs: Needs,
    limit: PageSize = 50,
    cursor: Cursor = None,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name")] = None,
    role: Role | None = None,
) -> Page[UserOut]:
    """All users, by name."""
    after = _after(cursor)
    found = await users.list_users(needs.pool, limit + 1, after=after, q=q, role=role)
    items = [_shown(user) for user in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(ORDER, [items[-1].name]) if more else None)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_user(draft: UserIn, needs: Needs, caller: CurrentCaller) -> NewPasswordOut:
    """Adds a user, with a password for the first login that is shown only in this answer."""
    password = one_time_password()
    try:
        user = await users.add_user(
            needs.pool, **draft.model_dump(), password_hash=await _hashed(password), actor=caller.actor
        )
    except NameTakenError as error:
        raise Problem(409, "Name taken", str(error)) from error
    await sessions.forget_attempts(needs.pool, user.name)
    return NewPasswordOut(user=_shown(user), one_time_password=password)


@router.get("/{user_id}")
async def get_user(user_id: UUID, needs: Needs) -> UserOut:
    """One user."""
    user = await users.get_user(needs.pool, str(user_id))
    if user is None:
        raise not_found("user", str(user_id))
    return _shown(user)


@router.patch("/{user_id}")
async def change_user(user_id: UUID, change: UserChange, needs: Needs, caller: CurrentCaller) -> UserOut:
    """Changes name, role or language. Another role ends the sessions of that user.

    Refused (409) for the role of the last super admin.
    """
    try:
        changes = change.model_dump(exclude_none=True)
        user = await users.change_user(needs.pool, str(user_id), changes, actor=caller.actor)
    except NameTakenError as error:
        raise Problem(409, "Name taken", str(error)) from error
    except LastSuperAdminError as error:
        raise Problem(409, "Last super admin", str(error)) from error
    if user is None:
        raise not_found("user", str(user_id))
    return _shown(user)


@router.delete("/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_user(user_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Removes a user with all sessions and API keys. Refused (409) for the last super admin."""
    try:
        removed = await users.remove_user(needs.pool, str(user_id), actor=caller.actor)
    except LastSuperAdminError as error:
        raise Problem(409, "Last super admin", str(error)) from error
    if not removed:
        raise not_found("user", str(user_id))


@router.post("/{user_id}/reset-password")
async def reset_password(user_id: UUID, needs: Needs, caller: CurrentCaller) -> NewPasswordOut:
    """Makes a password for one login, ends all sessions of the user, and lets a locked account in again."""
    password = one_time_password()
    hashed = await _hashed(password)
    await users.set_password(needs.pool, str(user_id), hashed, one_time=True, actor=caller.actor)
    user = await users.get_user(needs.pool, str(user_id))
    if user is None:
        raise not_found("user", str(user_id))
    await sessions.forget_attempts(needs.pool, user.name)
    return NewPasswordOut(user=_shown(user), one_time_password=password)


async def _hashed(password: str) -> str:
    try:
        return await hash_password(password)
    except TooBusyError as error:
        raise Problem(503, "Too busy", str(error)) from error


def _after(cursor: str | None) -> str:
    if cursor is None:
        return ""
    match decode_cursor(ORDER, cursor):
        case [str(name)]:
            return name.lower()
        case _:
            raise Problem(422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list")


def _shown(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        name=user.name,
        role=user.role,
        language=user.language,
        must_change_password=user.must_change_password,
        created_at=user.created_at,
    )
