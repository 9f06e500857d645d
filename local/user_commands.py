"""`relance user` and `relance api-key`: who may use the API."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.addresses import known_addresses
from local.api_client import open_client
from local.errors import StackError
from settings import load_settings
from storage import database, sessions, users
from storage.passwords import hash_password, one_time_password

user_app = typer.Typer(help="The people who may sign in.", no_args_is_help=True)
api_key_app = typer.Typer(help="The keys of programs that use the API.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
UserName = Annotated[str, typer.Argument(help="The user's name, in any case.")]
ACTOR = "local"


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="What they type to log in.")],
    *,
    super_admin: Annotated[bool, typer.Option("--super-admin", help="May manage users too.")] = False,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    as_json: AsJson = False,
) -> None:
    """Add somebody; prints the password for the first login."""
    draft = {"name": name, "role": "super_admin" if super_admin else "admin", "language": language}
    with open_client() as api:
        added = api.post("/api/users", draft)
    _show_password(added, as_json)


@user_app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List who may sign in."""
    with open_client() as api:
        found = list(api.list_all("/api/users"))
    if as_json:
        _print_json(found)
        return
    table = Table("Name", "Role", "Language", "Since", "Password")
    for user in found:
        password = "to be changed" if user["must_change_password"] else "chosen"
        table.add_row(Text(user["name"]), user["role"], user["language"], user["created_at"][:10], password)
    console.print(table)


@user_app.command("remove")
def remove_user(name: UserName) -> None:
    """Remove somebody, with all their sessions and keys."""
    with open_client() as api:
        named = [each for each in api.list_all("/api/users") if each["name"].lower() == name.lower()]
        if not named:
            raise StackError(_unknown(name))
        api.delete(f"/api/users/{named[0]['id']}")
    console.print(Text(f"{named[0]['name']} is removed."))


@user_app.command("reset-password")
def reset_password(name: UserName, as_json: AsJson = False) -> None:
    """Make a password for one login, on the machine itself: also when no super admin can log in any more."""
    _show_password(asyncio.run(_reset_password(name)), as_json)


async def _reset_password(name: str) -> dict[str, Any]:
    addresses = known_addresses(load_settings())
    if addresses is None:
        raise StackError("nothing runs here: start it with `make up`, or set RELANCE_DATABASE_URL")
    pool = await database.connect(addresses.database_url, application="cli", size=2)
    try:
        user = await users.find_user(pool, name)
        if user is None:
            raise StackError(_unknown(name))
        password = one_time_password()
        hashed = await hash_password(password)
        await users.set_password(pool, user.id, hashed, one_time=True, actor=ACTOR)
        await sessions.forget_attempts(pool, user.name)
    finally:
        await pool.close()
    return {"user": {"id": user.id, "name": user.name}, "one_time_password": password}


async def first_login(database_url: str) -> list[str]:
    """On the very first start, makes the super admin and says how to log in, once."""
    pool = await database.connect(database_url, application="cli", size=2)
    try:
        password = await users.add_first_user(pool)
    finally:
        await pool.close()
    if password is None:
        return []
    return [
        f"First login: user [bold]{users.FIRST_USER}[/], password [bold]{password}[/] (shown only now; "
        "you choose another one then)."
    ]


@api_key_app.command("create")
def create_api_key(
    name: Annotated[str, typer.Argument(help="Of the program; the audit log names it.")],
    *,
    scope: Annotated[list[str], typer.Option(help="read, write, send or admin; repeat it for several.")],
    days: Annotated[int | None, typer.Option(min=1, help="How long it is good; for ever if unset.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; what the program has to send is printed only now."""
    expires_at = None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()
    with open_client() as api:
        added = api.post("/api/api-keys", {"name": name, "scopes": scope, "expires_at": expires_at})
    if as_json:
        _print_json(added)
        return
    console.print(Text(f"Key {added['api_key']['name']}: {added['api_key']['id']}"))
    console.print(Text(f"Authorization: Bearer {added['token']}"), soft_wrap=True)


@api_key_app.command("list")
def list_api_keys(as_json: AsJson = False) -> None:
    """List the keys that are not revoked."""
    with open_client() as api:
        found = list(api.list_all("/api/api-keys"))
    if as_json:
        _print_json(found)
        return
    table = Table("Id", "Name", "Scopes", "Owner", "Expires", "Last used")
    for key in found:
        table.add_row(
            key["id"],
            Text(key["name"]),
            ", ".join(key["scopes"]),
            Text(key["owner_name"] or "this machine"),
            (key["expires_at"] or "never")[:10],
            (key["last_used_at"] or "never")[:16],
        )
    console.print(table)


@api_key_app.command("revoke")
def revoke_api_key(key_id: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Revoke a key, from its next request on."""
    with open_client() as api:
        api.delete(f"/api/api-keys/{key_id}")
    console.print("The key is revoked.")


def _unknown(name: str) -> str:
    return f"there is no user {name}: `relance user list` shows who there is"


def _show_password(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(made)
        return
    text = f"{made['user']['name']} logs in once with the password {made['one_time_password']}"
    console.print(Text(f"{text} and then chooses another one."), soft_wrap=True)


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))
