"""`relance settings`: see what is set and where it comes from, override it, go back."""

import json
from math import isfinite
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.table import Table

from local.api_client import open_client

settings_app = typer.Typer(
    help="Change settings while Relance runs: for everything, one sender or one campaign.", no_args_is_help=True
)
console = Console()

SettingName = Annotated[str, typer.Argument(help="A name that `relance settings list` shows.")]
SenderId = Annotated[str | None, typer.Option("--sender", help="A sender's id.")]
CampaignId = Annotated[str | None, typer.Option("--campaign", help="A campaign's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_SOURCES = {
    "default": "built in",
    "environment": "environment",
    "stored": "set for everything",
    "sender": "set for the sender",
    "campaign": "set for the campaign",
}


@settings_app.command("list")
def list_settings(sender: SenderId = None, campaign: CampaignId = None, as_json: AsJson = False) -> None:
    """Show every setting as it is now: for everything, or for a sender, a campaign, or both together."""
    with open_client() as api:
        settings = api.get(f"/api/settings{_query(sender, campaign)}")
    if as_json:
        typer.echo(json.dumps(settings, ensure_ascii=False))
    else:
        console.print(_settings_table(settings))


@settings_app.command("set")
def set_setting(
    name: SettingName,
    value: Annotated[str, typer.Argument(help="The new value, in the unit that `list` shows.")],
    sender: SenderId = None,
    campaign: CampaignId = None,
) -> None:
    """Override a setting; what runs already keeps its values."""
    change = {"value": _number_or_text(value), **_target(sender, campaign)}
    with open_client() as api:
        setting = api.put(f"/api/settings/{_in_path(name)}", change)
    console.print(f"{_sentence(setting)}, {setting['takes_effect']}.", soft_wrap=True)


@settings_app.command("unset")
def unset_setting(name: SettingName, sender: SenderId = None, campaign: CampaignId = None) -> None:
    """Take an override back: the wider value counts again."""
    with open_client() as api:
        setting = api.delete(f"/api/settings/{_in_path(name)}{_query(sender, campaign)}")
    console.print(f"{_sentence(setting)}, {setting['takes_effect']}.", soft_wrap=True)


def _target(sender: str | None, campaign: str | None) -> dict[str, str]:
    given = {"sender_id": sender, "campaign_id": campaign}
    return {key: identity for key, identity in given.items() if identity is not None}


def _query(sender: str | None, campaign: str | None) -> str:
    target = _target(sender, campaign)
    return f"?{urlencode(target)}" if target else ""


def _in_path(name: str) -> str:
    return quote(name, safe="")


def _number_or_text(text: str) -> int | float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not isfinite(number):  # JSON has no word for it, and no setting takes it
        return text
    return int(number) if number.is_integer() else number


def _sentence(setting: dict[str, Any]) -> str:
    return f"{setting['name']} is {setting['value']} ({setting['unit']}; {_SOURCES[setting['source']]})"


def _settings_table(settings: list[dict[str, Any]]) -> Table:
    table = Table("Name", "Value", "Unit", "Where it comes from", "What it is")
    for setting in settings:
        is_override = setting["source"] not in {"default", "environment"}
        table.add_row(
            setting["name"],
            str(setting["value"]),
            setting["unit"],
            _SOURCES[setting["source"]],
            setting["help"],
            style="bold" if is_override else None,
        )
    return table
