"""Settings through the API and the `relance` command: what counts, what is refused, and what the log says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.run_settings import CATALOGUE
from settings import Settings
from storage.database import Pool
from tests.api.walking import all_pages
from tests.conftest import Town
from tests.test_cli import Relance

Json = dict[str, Any]


@pytest.fixture(autouse=True)
async def nothing_stays(pool: Pool) -> AsyncIterator[None]:
    """What is set for everything would change other tests."""
    yield
    await pool.execute("DELETE FROM settings WHERE scope = 'global'")


@pytest.fixture
def command(api: httpx.AsyncClient, settings: Settings, tmp_path: Path) -> Relance:
    """The `relance` command, with the API up."""
    return Relance(settings.effective_api_url, tmp_path)


async def new_campaign(town: Town, sender_id: str) -> str:
    """The id of a draft."""
    category_id, _phones = await town.people([{"script": []}])
    return (await town.campaign(category_id, [sender_id])).id


async def shown(api: httpx.AsyncClient, name: str, **target: str) -> Json:
    """One setting of the list."""
    answer = await api.get("/api/settings", params=target)
    assert answer.status_code == 200, answer.text
    [setting] = [each for each in answer.json() if each["name"] == name]
    return dict(setting)


async def put(api: httpx.AsyncClient, name: str, value: Any, **target: str) -> httpx.Response:
    """An override, for the target that is named."""
    return await api.put(f"/api/settings/{name}", json={"value": value, **target})


async def test_the_list_explains_every_setting(api: httpx.AsyncClient, settings: Settings) -> None:
    """P11: value, source, limits and words for people; and nothing but the settings of the catalogue."""
    listed = (await api.get("/api/settings")).json()

    assert [setting["name"] for setting in listed] == list(CATALOGUE)
    assert await shown(api, "delay_s") == {
        "name": "delay_s",
        "value": 5.0,
        "source": "default",
        "default": 5.0,
        "unit": "seconds",
        "help": CATALOGUE["delay_s"].help,
        "lowest": 2.0,
        "above": None,
        "highest": 10.0,
        "choices": None,
        "pattern": None,
        "scopes": ["global", "sender", "campaign"],
        "takes_effect": "in batches that start after the change",
    }
    assert (await shown(api, "profile"))["choices"] == ["auto", "standard", "careful"]
    window = await shown(api, "window_s")
    assert (window["value"], window["source"], window["default"]) == (settings.window_s, "environment", 86400)
    assert settings.wassenger_token is not None
    assert settings.wassenger_token.get_secret_value() not in str(listed)


async def test_the_narrowest_override_counts_until_it_is_removed(town: Town, api: httpx.AsyncClient) -> None:
    """P11; every answer shows what counts now."""
    sender_id = (await town.sender()).id
    campaign_id = await new_campaign(town, sender_id)
    here = {"sender_id": sender_id, "campaign_id": campaign_id}
    targets = [({}, 6.0, "stored"), ({"sender_id": sender_id}, 7.0, "sender")]
    targets.append(({"campaign_id": campaign_id}, 8.0, "campaign"))

    for target, value, source in targets:
        answer = await put(api, "delay_s", value, **target)
        assert answer.status_code == 200, answer.text
        setting = await shown(api, "delay_s", **here)
        assert (setting["value"], setting["source"]) == (value, source)
        assert answer.json() == setting == {**setting, "default": 5.0}

    for target, wider in ((targets[2][0], 6.0), (targets[1][0], 6.0), ({}, 5.0)):
        for _ in range(2):  # twice changes nothing
            answer = await api.delete("/api/settings/delay_s", params=target)
            assert (answer.status_code, answer.json()["value"]) == (200, wider)
    assert (await shown(api, "delay_s", **here))["source"] == "default"


async def test_the_audit_log_tells_who_changed_what(town: Town, api: httpx.AsyncClient) -> None:
    """P11: newest first, with before and after; what changed nothing is not there."""
    sender_id = (await town.sender()).id
    for value in (3, 3, 4):
        await put(api, "delay_s", value, sender_id=sender_id)
    await api.delete("/api/settings/delay_s", params={"sender_id": sender_id})

    subject: Json = {"subject_type": "sender", "subject_id": sender_id}
    entries = await all_pages(api, "/api/audit-log", **subject)

    assert [(entry["action"], entry["before"], entry["after"]) for entry in entries] == [
        ("setting.removed", {"delay_s": 4.0}, None),
        ("setting.set", {"delay_s": 3.0}, {"delay_s": 4.0}),
        ("setting.set", None, {"delay_s": 3.0}),
    ]
    assert {(entry["actor"], entry["subject_type"], entry["subject_id"]) for entry in entries} == {
        ("local", "sender", sender_id)
    }
    newest = (await api.get("/api/audit-log", params={"limit": 2})).json()["items"]
    assert newest == sorted(newest, key=lambda entry: entry["at"], reverse=True)
    assert len(newest) == 2
    for wrong in ({"limit": 0}, {"subject_id": sender_id}):
        assert (await api.get("/api/audit-log", params=wrong)).status_code == 422


@pytest.mark.parametrize(
    ("name", "body", "hint"),
    [
        ("delay_s", '{"value": 1}', "delay_s must be a number from 2 up to 10 (seconds), not 1"),
        ("delay_s", '{"value": true}', "not True"),
        ("delay_s", '{"value": null}', "not None"),
        ("delay_s", '{"value": [5]}', "not [5]"),
        ("delay_s", '{"value": NaN}', "not nan"),
        ("delay_s", '{"value": 1e999}', "not inf"),
        ("quota_per_day", f'{{"value": 1{"0" * 400}}}', "a whole number from 1"),
        ("timezone", '{"value": "Paris"}', "a known time zone such as Europe/Paris"),
        ("profile", '{"value": "f\\u0000st"}', "one of auto, standard, careful"),
        ("delay_s", "{}", "value"),
        ("delay_s", '{"value": 5, "sender": "me"}', "sender"),
        ("delay_s", '{"value": 5, "sender_id": "me"}', "sender_id"),
    ],
)
async def test_a_bad_value_is_refused_with_what_to_do(
    api: httpx.AsyncClient, name: str, body: str, hint: str
) -> None:
    """P11, problem details (RFC 9457); also what JSON itself does not know but its readers take."""
    answer = await api.put(f"/api/settings/{name}", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]
    assert (await shown(api, name))["source"] == "default"


async def test_an_unknown_setting_is_not_found_and_the_known_ones_are_named(api: httpx.AsyncClient) -> None:
    """P11; for settings of the environment that are none of these as well."""
    for name in ("delay", "wassenger_token", "database_url"):
        for answer in (await put(api, name, 5), await api.delete(f"/api/settings/{name}")):
            assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
            assert answer.json()["names"] == list(CATALOGUE)
            assert "delay_s" in answer.json()["detail"]


async def test_a_setting_is_refused_where_it_makes_no_sense(town: Town, api: httpx.AsyncClient) -> None:
    """P11; the answer says where it can be set."""
    sender_id = (await town.sender()).id
    campaign_id = await new_campaign(town, sender_id)
    wrong: list[tuple[str, Any, Json, str]] = [
        ("profile", "careful", {"campaign_id": campaign_id}, "for everything or for one sender"),
        ("batch_pause_s", 50, {"sender_id": sender_id}, "for everything or for one campaign"),
        ("error_threshold", 0.1, {"sender_id": sender_id}, "set it for everything"),
        ("delay_s", 5, {"sender_id": sender_id, "campaign_id": campaign_id}, "only one of the two ids"),
    ]
    for name, value, target, hint in wrong:
        for answer in (
            await put(api, name, value, **target),
            await api.delete(f"/api/settings/{name}", params=target),
        ):
            assert (answer.status_code, answer.json()["title"]) == (422, "Wrong scope")
            assert hint in answer.json()["detail"]


async def test_a_sender_or_campaign_that_does_not_exist_is_not_found(api: httpx.AsyncClient) -> None:
    """P11; whatever is asked of it."""
    unknown = str(uuid4())
    for kind in ("sender", "campaign"):
        target = {f"{kind}_id": unknown}
        for answer in (
            await put(api, "delay_s", 5, **target),
            await api.delete("/api/settings/delay_s", params=target),
            await api.get("/api/settings", params=target),
        ):
            assert (answer.status_code, answer.json()["detail"]) == (404, f"there is no {kind} {unknown}")


async def test_the_command_lists_sets_and_unsets(command: Relance, town: Town, api: httpx.AsyncClient) -> None:
    """P11: numbers and words, for a sender; the table and the JSON say where a value comes from."""
    sender_id = (await town.sender()).id
    of_sender = ("--sender", sender_id)

    told = await command("settings", "set", "quota_per_day", "250", *of_sender)
    await command("settings", "set", "night_starts", "21:30", *of_sender)
    table = await command("settings", "list", *of_sender)
    listed = await command("settings", "list", *of_sender, "--json")
    unset = await command("settings", "unset", "quota_per_day", *of_sender)

    assert told.out == "quota_per_day is 250 (messages in 24 hours; set for the sender), at once.\n"
    assert "quota_per_day is 1000 (messages in 24 hours; built in)" in unset.out
    by_name = {setting["name"]: setting for setting in listed.document}
    assert (by_name["quota_per_day"]["value"], by_name["night_starts"]["value"]) == (250, "21:30")
    [row] = [line for line in table.out.splitlines() if "night_starts" in line and "21:30" in line]
    assert "set for the sender" in row
    assert (await shown(api, "night_starts", sender_id=sender_id))["source"] == "sender"
    assert (await shown(api, "night_starts"))["source"] == "default"


async def test_the_command_reaches_a_campaign_and_tells_what_is_wrong(command: Relance, town: Town) -> None:
    """P11; one sentence and exit code 1, and never a traceback."""
    campaign_id = await new_campaign(town, (await town.sender()).id)

    told = await command("settings", "set", "delay_s", "2.5", "--campaign", campaign_id)
    assert "delay_s is 2.5 (seconds; set for the campaign)" in told.out
    for name, value, hint in (
        ("delay_s", "fast", "must be a number from 2 up to 10"),
        ("delay_s", "nan", "must be a number from 2 up to 10"),
        ("quota_per_day", "9" * 400, "cannot be set for one campaign"),
        ("delay", "5", "there is no setting 'delay'; there are profile, delay_s,"),
    ):
        refused = await command("settings", "set", name, value, "--campaign", campaign_id)
        assert (refused.code, refused.out) == (1, "")
        assert hint in " ".join(refused.err.split())
        assert "Traceback" not in refused.err
