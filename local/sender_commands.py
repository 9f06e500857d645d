"""`relance sender`: the WhatsApp accounts, what each of them does now, and why."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.api_client import open_client

sender_app = typer.Typer(help="The WhatsApp accounts that campaigns send from.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
SenderId = Annotated[str, typer.Argument(help="The sender's id.")]


@sender_app.command("add")
def add_sender(
    device: Annotated[
        str,
        typer.Argument(
            help="The account's id at the gateway: a device of Wassenger (24 hexadecimal digits), or a phone "
            "number id of Meta."
        ),
    ],
    phone: Annotated[str, typer.Argument(help="The account's number with its country code.")],
    name: Annotated[str, typer.Argument(help="What to call it.")],
    *,
    provider: Annotated[
        str, typer.Option(help="Whose gateway: wassenger, or meta for the Cloud API.")
    ] = "wassenger",
    template: Annotated[
        str | None,
        typer.Option(help="Meta: the approved template of Message 1, whose one parameter is the message."),
    ] = None,
    template_language: Annotated[
        str | None, typer.Option(help="Meta: the language of that template, such as fr or en_US.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Since when the WhatsApp account exists, such as 2024-05-31.")
    ] = None,
    maturity: Annotated[
        str | None, typer.Option(help="young, established or mature, if you know better than its history.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="A fixed pace in messages per second: for trying things out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a WhatsApp account, or change the one that has this device.

    A new account starts with the careful profile and 20 messages on its first day.
    """
    account = {
        "provider": provider,
        "device_id": device,
        "template_name": template,
        "template_language": template_language,
        "phone": phone,
        "name": name,
        "account_since": since,
        "maturity": maturity,
        "message_1_rate_per_s": rate,
    }
    with open_client() as api:
        sender = api.post("/api/senders", account)
    if as_json:
        _print_json(sender)
    else:
        console.print(f"Sender {sender['name']}: {sender['id']}")


@sender_app.command("list")
def list_senders(as_json: AsJson = False) -> None:
    """List the senders and whether they may send."""
    with open_client() as api:
        senders = list(api.list_all("/api/senders"))
    if as_json:
        _print_json(senders)
        return
    for sender in senders:
        reason = f" ({sender['status_reason']})" if sender["status_reason"] else ""
        account = f"{sender['id']}  {sender['name']}  {sender['phone']}  {sender['status']}{reason}"
        console.print(f"{account}  {sender['provider']}")


@sender_app.command("show")
def show_sender(sender_id: SenderId, as_json: AsJson = False) -> None:
    """Show what a sender does now and why, what is left of its quota, and how fast its messages arrive."""
    with open_client() as api:
        shown = api.get(f"/api/senders/{sender_id}")
        changes = api.get(f"/api/senders/{sender_id}/pacing-changes?limit=10")["items"]
    if as_json:
        _print_json({**shown, "changes": changes})
        return
    console.print(_pace_table(shown["sender"], shown["pace"]))
    for warning in shown["pace"]["warnings"]:
        console.print(Text(f"! {warning}", style="yellow"))
    console.print(_changes_table(changes))


@sender_app.command("pause")
def pause_sender(
    sender_id: SenderId,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Message 2 too; otherwise whoever reacts still gets it.")
    ] = False,
) -> None:
    """Send no Message 1 from this sender until it is resumed."""
    with open_client() as api:
        sender = api.post(f"/api/senders/{sender_id}/pause", {"scope": "all" if everything else "message_1"})
    console.print(f"{sender['name']} is {sender['status']}.")


@sender_app.command("resume")
def resume_sender(sender_id: SenderId) -> None:
    """Let a paused or stopped sender send again."""
    with open_client() as api:
        sender = api.post(f"/api/senders/{sender_id}/resume")
    console.print(f"{sender['name']} is {sender['status']}.")


def _pace_table(sender: dict[str, Any], pace: dict[str, Any]) -> Table:
    delivery = pace["delivery"]
    table = Table(title=f"{sender['name']}  {sender['phone']}", show_header=False)
    if sender["template_name"]:
        table.add_row("template", f"{sender['template_name']} ({sender['template_language']})")
    table.add_row("gateway", f"{sender['provider']}, {sender['device_id']}")
    table.add_row("state", Text(f"{pace['state']}: {pace['reason']}" if pace["reason"] else pace["state"]))
    if pace["opens_at"]:
        table.add_row("goes on at", pace["opens_at"])
    table.add_row("profile", f"{pace['profile']} (the account is {pace['maturity']})")
    if pace["delay_s"]:
        table.add_row("pace", f"a Message 1 every {pace['delay_s']:.3g} s on average")
    if pace["quota"]:
        table.add_row(
            "last 24 hours",
            f"{pace['sent_in_a_day']} of {pace['quota']} messages, {pace['kept_for_replies']} kept for replies",
        )
    table.add_row("failed lately", f"{pace['error_rate']:.1%}")
    table.add_row("accepted to sent", _latency(delivery, "accepted_to_sent"))
    table.add_row("sent to delivered", _latency(delivery, "sent_to_delivered"))
    return table


def _latency(delivery: dict[str, Any], stretch: str) -> str:
    median, slow = delivery[f"{stretch}_p50_s"], delivery[f"{stretch}_p95_s"]
    if median is None:
        return "not known"
    return f"{median:.2g} s, 95 % within {slow:.2g} s"


def _changes_table(changes: list[dict[str, Any]]) -> Table:
    table = Table("at", "state", "delay", "quota", "reason", title="Latest changes of its pace")
    for change in changes:
        table.add_row(
            change["at"][:19].replace("T", " "),
            change["state"],
            f"{change['delay_s']:.3g} s",
            str(change["quota"]),
            Text(change["reason"]),
        )
    return table


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))
