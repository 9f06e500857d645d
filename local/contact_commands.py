"""`relance contacts`: files of contacts, imported while one watches."""

import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from local.api_client import ApiClient, ApiError, open_client
from local.screen import rejected_table

contacts_app = typer.Typer(help="Import contacts.", no_args_is_help=True)
console = Console()

LOOK_EVERY_S = 0.3
PAGE = 200

Json = dict[str, Any]


@contacts_app.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")],
    *,
    category: Annotated[str | None, typer.Option(help="Put the contacts into this category.")] = None,
    country: Annotated[str | None, typer.Option(help="Country of national numbers, such as FR.")] = None,
    skip_known: Annotated[bool, typer.Option("--skip-known", help="Leave known numbers as they are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Import contacts from a CSV file; rows that are no contacts are listed with their reasons.

    The file is sent as a whole, and imported by a worker: Ctrl-C then stops watching, not the import.
    """
    with open_client() as api:
        queued = api.post(
            "/api/imports",
            csv=file.read_bytes(),
            category=category,
            country=country,
            name=file.name,
            duplicates="skip" if skip_known else "update",
        )
        done = _watch(api, queued, is_quiet=as_json)
        rejected = list_rejected(api, done["id"])
    if as_json:
        typer.echo(json.dumps({**done, "rejected": rejected}, ensure_ascii=False))
    else:
        console.print(f"{done['created']} contacts created, {done['updated']} updated.")
        if done["skipped"]:
            console.print(f"{done['skipped']} were known and left as they are.")
        if done["category_id"]:
            console.print(f"Category {category}: {done['category_id']}")
        if rejected:
            console.print(rejected_table(rejected))
    if done["state"] != "completed":
        raise ApiError(
            f"the import is {done['state']} after {done['rows_read']} rows: {done['error'] or 'by hand'}"
        )


def _watch(api: ApiClient, queued: Json, *, is_quiet: bool) -> Json:
    """The import, once it has ended."""
    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]} rows"))
    with Progress(*columns, console=console, transient=True, disable=is_quiet) as progress:
        bar = progress.add_task("import", total=max(1, queued["size_bytes"]), rows=0)
        while True:
            found: Json = api.get(f"/api/imports/{queued['id']}")
            progress.update(bar, completed=found["position_bytes"], rows=found["rows_read"])
            if found["finished_at"]:
                return found
            time.sleep(LOOK_EVERY_S)


def list_rejected(api: ApiClient, import_id: str) -> list[Json]:
    """All rows of an import that are no contacts, in the order of their lines."""
    rows: list[Json] = []
    cursor: str | None = None
    while True:
        query = urlencode({"limit": PAGE, **({"cursor": cursor} if cursor else {})})
        page = api.get(f"/api/imports/{import_id}/rejected?{query}")
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
