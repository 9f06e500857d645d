"""The `relance` command: run the stack, import contacts, start and watch campaigns.

Exit codes: 0 all went well, 1 it did not, 2 the command line was wrong.
"""

import asyncio
import json
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.alert_commands import alerts_app
from local.api_client import open_client
from local.backup_commands import backup, reconcile, restore_app
from local.contact_commands import contacts_app
from local.demo import run_demo
from local.deploy_commands import migrate as migrate_command
from local.deploy_commands import temporal_app
from local.doctor import examine_installation
from local.errors import StackError
from local.findings import Finding, Verdict
from local.screen import (
    CampaignScreen,
    campaigns_table,
    estimate_table,
    follow,
    states_table,
)
from local.sender_commands import sender_app
from local.settings_commands import settings_app
from local.signals import run_until_signalled
from local.stack import Stack
from local.user_commands import api_key_app, first_login, user_app
from settings import Settings, load_settings
from storage import database

app = typer.Typer(help="WhatsApp campaigns that nobody has to watch.", no_args_is_help=True)
campaign_app = typer.Typer(help="Create, start, watch, pause and cancel campaigns.", no_args_is_help=True)
app.add_typer(campaign_app, name="campaign")
app.add_typer(contacts_app, name="contacts")
app.add_typer(sender_app, name="sender")
app.add_typer(settings_app, name="settings")
app.add_typer(alerts_app, name="alerts")
app.add_typer(user_app, name="user")
app.add_typer(api_key_app, name="api-key")
app.add_typer(restore_app, name="restore")
app.add_typer(temporal_app, name="temporal")
app.command()(backup)
app.command()(reconcile)
app.command("migrate")(migrate_command)

console = Console()
errors = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
CampaignId = Annotated[str, typer.Argument(help="The campaign's id.")]
WATCH_EVERY_S = 0.5


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


@app.command()
def demo() -> None:
    """Run one campaign among simulated people, end to end, and prove what came of it (about two minutes).

    The last line is the proof as one JSON object; the exit code says whether it holds.
    """
    outcome: dict[str, Any] = {}

    async def main() -> None:
        result = await run_demo(console, load_settings())
        console.print(f"Finished after {result.duration_s:.0f} s; nothing is left running.")
        outcome.update(result.proof.to_json())

    if run_until_signalled(main()) is not None:
        errors.print("Interrupted; everything that was started has been stopped.")
        raise typer.Exit(1)
    _print_json(outcome)
    raise typer.Exit(0 if outcome["holds"] else 1)


@app.command()
def up() -> None:
    """Run the whole stack for real use, until Ctrl-C; its data stays in .relance/."""
    settings = load_settings()
    welcomes: list[str] = []  # shown last, where somebody looks

    async def migrate(database_url: str) -> None:
        for migration in await database.migrate(database_url):
            console.print(f"Migrated the database: {migration}")
        welcomes.extend(await first_login(database_url))

    async def main() -> None:
        console.print(_gateway_notice(settings))
        async with Stack.start(settings, migrate=migrate) as stack:
            _print_addresses(stack)
            for welcome in welcomes:
                console.print(welcome)
            await stack.wait()

    run_until_signalled(main())
    console.print("Stopped; the data is kept.")


def _gateway_notice(settings: Settings) -> str:
    through = {"Wassenger": settings.wassenger_token is not None, "Meta's Cloud API": settings.has_meta}
    names = " and ".join(name for name, is_set in through.items() if is_set)
    if not names:
        return (
            "Messages go to the [bold]sandbox[/]: neither RELANCE_WASSENGER_TOKEN nor "
            "RELANCE_META_ACCESS_TOKEN is set, so nobody gets anything real."
        )
    notice = f"Messages go to [bold red]real people[/] through {names}: there is a token."
    if settings.public_url is None:
        notice += (
            "\n[yellow]RELANCE_PUBLIC_URL is not set: no gateway can reach this machine, so no reaction "
            "will ever be seen. Set it to the address by which the internet reaches this API.[/]"
        )
    return notice


def _print_addresses(stack: Stack) -> None:
    table = Table(show_header=False, box=None)
    addresses = stack.addresses
    table.add_row("Dashboard", addresses.api_url or "")
    table.add_row("API docs", f"{addresses.api_url}/docs")
    table.add_row("Temporal Web UI", addresses.temporal_ui_url or "runs elsewhere")
    if addresses.sandbox_url:
        table.add_row("Sandbox", addresses.sandbox_url)
    console.print(table)
    console.print("Everything is up. Ctrl-C stops it; `relance doctor` in another terminal checks it.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check every part of the installation and say what is wrong; exit code 1 if anything failed."""
    findings = asyncio.run(examine_installation(load_settings()))
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        _print_findings(findings)
    raise typer.Exit(1 if any(finding.verdict is Verdict.FAILED for finding in findings) else 0)


def _print_findings(findings: list[Finding]) -> None:
    colours = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red"}
    for finding in findings:
        console.print(f"[{colours[finding.verdict]}]{finding.verdict:<8}[/] {finding.name}: {finding.detail}")
        if finding.hint:
            console.print(f"         → {finding.hint}")


@campaign_app.command("create")
def create_campaign(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    *,
    message_1: Annotated[str, typer.Option("--message-1", help="May hold {{name}} or {{name|there}}.")],
    message_2: Annotated[str, typer.Option("--message-2", help="For those who react in time.")],
    sender: Annotated[list[str], typer.Option(help="A sender's id; repeat it for several.")],
    category: Annotated[list[str] | None, typer.Option(help="A category's id; repeatable.")] = None,
    everyone: Annotated[bool, typer.Option(help="All contacts instead of categories.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store a draft; nothing is sent before it is started."""
    draft = {
        "name": name,
        "message_1": message_1,
        "message_2": message_2,
        "sender_ids": sender,
        "category_ids": category or [],
        "everyone": everyone,
    }
    with open_client() as api:
        campaign = api.post("/api/campaigns", draft)
    _show(campaign, as_json)


@campaign_app.command("start")
def start_campaign(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Start a draft. Starting it again changes nothing."""
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/start"), as_json)


@campaign_app.command("status")
def campaign_status(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Show where a campaign stands."""
    with open_client() as api:
        _show(api.get(f"/api/campaigns/{campaign_id}"), as_json)


@campaign_app.command("watch")
def watch_campaign(campaign_id: CampaignId) -> None:
    """Follow a campaign until it closes; Ctrl-C stops watching, not the campaign."""
    screen = CampaignScreen()
    with open_client() as api, Live(console=console, refresh_per_second=4) as live:
        while True:
            campaign = follow(api, campaign_id, screen, live)
            if campaign and campaign["status"] in {"completed", "cancelled"}:
                break
            time.sleep(WATCH_EVERY_S)
    console.print()
    _show(campaign, as_json=False)


@campaign_app.command("pause")
def pause_campaign(
    campaign_id: CampaignId,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Message 2 too; otherwise whoever reacts still gets it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send no Message 1 any more until it is resumed. Windows and the maximum age go on."""
    scope = {"scope": "all" if everything else "message_1"}
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/pause", scope), as_json)


@campaign_app.command("resume")
def resume_campaign(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Go on with the next contact."""
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/resume"), as_json)


@campaign_app.command("estimate")
def estimate_campaign(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Say when a campaign will be done; for a draft, as if it started now."""
    with open_client() as api:
        estimate = api.get(f"/api/campaigns/{campaign_id}/estimate")
    if as_json:
        _print_json(estimate)
    else:
        console.print(estimate_table(estimate))


@campaign_app.command("list")
def list_campaigns(as_json: AsJson = False) -> None:
    """List the campaigns, the newest first."""
    with open_client() as api:
        campaigns = list(api.list_all("/api/campaigns"))
    if as_json:
        _print_json(campaigns)
    else:
        console.print(campaigns_table(campaigns))


@campaign_app.command("schedule")
def schedule_campaign(
    campaign_id: CampaignId,
    start_at: Annotated[str, typer.Argument(help="With its time zone, such as 2027-05-31T09:00+02:00.")],
    as_json: AsJson = False,
) -> None:
    """Start a draft later, or move a scheduled start."""
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/schedule", {"start_at": start_at}), as_json)


@campaign_app.command("unschedule")
def unschedule_campaign(campaign_id: CampaignId) -> None:
    """Make a scheduled campaign a draft again."""
    with open_client() as api:
        api.delete(f"/api/campaigns/{campaign_id}/schedule")
    console.print("It is a draft again.")


@campaign_app.command("duplicate")
def duplicate_campaign(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """Make a new draft like this campaign."""
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/duplicate"), as_json)


@campaign_app.command("delete")
def delete_campaign(campaign_id: CampaignId) -> None:
    """Delete a draft for good."""
    with open_client() as api:
        api.delete(f"/api/campaigns/{campaign_id}")
    console.print("Deleted.")


@campaign_app.command("test-send")
def send_test(
    campaign_id: CampaignId,
    phone: Annotated[str, typer.Argument(help="Who gets it, with the country code.")],
    *,
    message: Annotated[str | None, typer.Option(help="message_1 or message_2; unset: both.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send the messages of a campaign to one number, outside its results."""
    with open_client() as api:
        sent = api.post(f"/api/campaigns/{campaign_id}/test-send", {"phone": phone, "message": message})
    if as_json:
        _print_json(sent)
        return
    for each in sent["test_sends"]:
        console.print(f"{each['message_type']}: {each['status']}", Text(each["body"]))


@campaign_app.command("cancel")
def cancel_campaign(campaign_id: CampaignId, as_json: AsJson = False) -> None:
    """End a campaign now: nobody gets anything any more."""
    with open_client() as api:
        _show(api.post(f"/api/campaigns/{campaign_id}/cancel"), as_json)


def _show(campaign: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(campaign)
        return
    console.print(f"{campaign['name']}  {campaign['id']}  [bold]{campaign['status']}[/]")
    if campaign["status"] == "scheduled":
        console.print(f"starts at {campaign['start_at']}")
    if campaign["start_problem"]:
        console.print(Text(f"! not started: {campaign['start_problem']}", style="yellow"))
    if campaign["counts"]["total_contacts"]:
        console.print(states_table(campaign["counts"]["contacts_by_state"]))
    if campaign["report"]:
        console.print(campaign["report"]["summary"])


def main() -> None:
    """Runs the command; an expected error is one sentence and exit code 1."""
    try:
        app()
    except StackError as error:
        errors.print(f"[red]{error}[/]")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
