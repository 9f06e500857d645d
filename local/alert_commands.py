"""`relance alerts`: what needs people now, and whether they would hear of it."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local.api_client import open_client

alerts_app = typer.Typer(help="What needs you, and who is told.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@alerts_app.command("list")
def list_alerts(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that last.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the latest alerts."""
    with open_client() as api:
        alerts = api.get(f"/api/alerts?only_open={str(only_open).lower()}")["items"]
    if as_json:
        typer.echo(json.dumps(alerts, ensure_ascii=False))
    elif not alerts:
        console.print("No alerts.")
    else:
        table = Table("Since", "Over", "Told", "What")
        for alert in alerts:
            told = "yes" if alert["told"] else "no"
            table.add_row(
                alert["opened_at"], alert["resolved_at"] or "", told, f"{alert['title']}\n{alert['text']}"
            )
        console.print(table)


@alerts_app.command("test")
def send_test(as_json: AsJson = False) -> None:
    """Send a test to every destination of RELANCE_ALERT_URLS; fails if one of them did not take it."""
    with open_client() as api:
        tested = api.post("/api/alerts/test")
    if as_json:
        typer.echo(json.dumps(tested, ensure_ascii=False))
    else:
        for number, each in enumerate(tested, start=1):
            outcome = "reached" if each["reached"] else "NOT reached: see the log of the API"
            console.print(f"{number}. {each['service']}: {outcome}", soft_wrap=True)
    if not all(each["reached"] for each in tested):
        raise typer.Exit(1)
