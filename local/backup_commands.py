"""`relance backup`, `relance restore` and `relance reconcile`."""

import asyncio
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from local.api_client import open_client
from local.backup import make_backup, restore_backup
from settings import load_settings

restore_app = typer.Typer(help="Restore a backup, and let a restored installation send.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
LOOK_EVERY_S = 0.5


def backup(
    target: Annotated[
        Path, typer.Argument(help="The file to write, or a directory for one named by the time.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a backup of the database, Temporal and the secrets while everything runs."""
    manifest = asyncio.run(make_backup(load_settings(), target))
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    console.print(f"Backed up {sum(manifest.rows.values())} rows, as of {manifest.created_at}. Keep it secret.")


@restore_app.command("from")
def restore_from(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A backup.")],
    *,
    only: Annotated[str | None, typer.Option(help="`database` or `temporal`; unset: both.")] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup while nothing runs. What there was is kept; nothing is sent before `confirm`."""
    if only not in {None, "database", "temporal"}:
        raise typer.BadParameter("choose `database` or `temporal`", param_hint="--only")
    manifest = asyncio.run(
        restore_backup(
            load_settings(), source, with_database=only != "temporal", with_temporal=only != "database"
        )
    )
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    console.print(f"Restored what was as of {manifest.created_at}.")
    console.print("Start it: `relance up`. It sends nothing until you have looked: `relance restore confirm`.")


@restore_app.command("confirm")
def confirm_restore(as_json: AsJson = False) -> None:
    """Let a restored installation send: first the gateway is asked what it has sent already."""
    with open_client() as api:
        _follow(api.post("/api/restore/confirm"), as_json)


def reconcile(as_json: AsJson = False) -> None:
    """Look now for what was left behind, and repair it; this happens every hour by itself."""
    with open_client() as api:
        _follow(api.post("/api/upkeep"), as_json)


def _follow(shown: dict[str, Any], as_json: bool) -> None:
    """Waits for the end of the run that begins now, or is under way."""
    before = {run["id"] for run in shown["runs"] if run["finished_at"]}
    with open_client() as api:
        while True:
            shown = api.get("/api/upkeep")
            run = next((run for run in shown["runs"] if run["finished_at"] and run["id"] not in before), None)
            if run:
                break
            time.sleep(LOOK_EVERY_S)
    if as_json:
        typer.echo(json.dumps({"run": run, "held": shown["held"]}))
        return
    for part in run["looked"]:
        for finding in part["findings"]:
            text = f"{finding['kind']}: {finding['fixed']} of {finding['found']} repaired. {finding['detail']}"
            console.print(Text(text, style="yellow"))
    console.print("Nothing was wrong." if not run["found"] else f"{run['fixed']} of {run['found']} repaired.")
    if shown["held"]:
        console.print(Text(f"Nothing is sent: {shown['held']['reason']}", style="red"))
