"""The `relance` command as people run it: a process of its own, against the real API."""

import asyncio
import json
import os
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from settings import Settings
from storage.campaigns import Campaign
from tests.conftest import LOCAL_API_KEY, Town, next_phone

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on its standard output."""
        [line] = self.out.splitlines()
        return json.loads(line)


@dataclass(frozen=True, slots=True)
class Relance:
    """Runs the command in an empty directory, with two settings: where the API is, and the key to it."""

    api_url: str
    directory: Path

    async def __call__(self, *arguments: str) -> Ran:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELANCE_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            *arguments,
            cwd=self.directory,
            env={
                **inherited,
                "PYTHONPATH": str(ROOT),
                "RELANCE_API_URL": self.api_url,
                "RELANCE_API_KEY": LOCAL_API_KEY,
                "COLUMNS": "200",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), timeout=60)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
def relance(api: httpx.AsyncClient, settings: Settings, tmp_path: Path) -> Relance:
    """The command, with the API up."""
    return Relance(settings.effective_api_url, tmp_path)


async def draft(town: Town, people: int = 2, **changes: Any) -> Campaign:
    """A campaign that was never started, to silent people."""
    category_id, _phones = await town.people([{"script": []}] * people)
    return await town.campaign(category_id, [(await town.sender()).id], **changes)


async def test_help_names_every_command(relance: Relance) -> None:
    """Exit code 0; without a command the help comes as well, and a wrong command is code 2."""
    helped, bare, wrong = await asyncio.gather(relance("--help"), relance(), relance("campaign", "begin"))

    assert helped.code == 0
    for command in ("demo", "up", "doctor", "campaign", "contacts", "sender"):
        assert command in helped.out
    assert "Usage" in bare.out + bare.err
    assert wrong.code == 2
    assert "begin" in wrong.err


@pytest.mark.usefixtures("running_worker")
async def test_a_campaign_is_started_watched_and_shown(relance: Relance, town: Town) -> None:
    """E1, E14, E16; `start`, `watch` until it closes, `status`."""
    campaign = await draft(town, window_s=0.5, grace_s=0.1)

    started = await relance("campaign", "start", campaign.id, "--json")
    watched = await relance("campaign", "watch", campaign.id)
    shown, as_text = await asyncio.gather(
        relance("campaign", "status", campaign.id, "--json"), relance("campaign", "status", campaign.id)
    )

    assert (started.code, watched.code, shown.code, as_text.code) == (0, 0, 0, 0), started.err + watched.err
    assert started.document["status"] == "running"
    assert shown.document["status"] == "completed"
    assert shown.document["counts"]["contacts_by_state"]["no_interaction"] == 2
    for text in (watched.out, as_text.out):
        assert campaign.id in text
        assert "Message 1 sent to 2 of 2 contacts" in text


async def test_a_campaign_is_created_and_cancelled(relance: Relance, town: Town) -> None:
    """E15; the draft comes back as one JSON document."""
    other = await draft(town)
    [sender_id], [category_id] = other.sender_ids, other.category_ids
    created = await relance(
        *("campaign", "create", "Spring", "--message-1", "Hello {{name}}", "--message-2", "Thanks"),
        *("--sender", sender_id, "--category", category_id, "--json"),
    )
    assert (created.code, created.document["status"]) == (0, "draft")

    cancelled = await relance("campaign", "cancel", created.document["id"])

    assert cancelled.code == 0
    assert "cancelled" in cancelled.out


async def test_what_the_api_refuses_is_one_sentence_and_code_1(relance: Relance, town: Town) -> None:
    """No traceback; the sentence says what to do, and standard output stays empty."""
    campaign = await draft(town, max_age_s=1)
    tight, unknown = await asyncio.gather(
        relance("campaign", "start", campaign.id),
        relance("campaign", "status", "00000000-0000-0000-0000-000000000000", "--json"),
    )

    assert (tight.code, unknown.code) == (1, 1)
    assert (tight.out, unknown.out) == ("", "")
    assert "raise max_age_s to 360 (0.1 h)" in tight.err
    assert "there is no campaign" in unknown.err
    assert "Traceback" not in tight.err + unknown.err


@pytest.mark.usefixtures("running_worker")
async def test_contacts_are_imported_and_rejected_rows_are_listed(relance: Relance, tmp_path: Path) -> None:
    """As text and as JSON."""
    phone, other = next_phone(), next_phone()
    file = tmp_path / "contacts.csv"
    file.write_text(f"phone,name\n{phone},Zoé\n12,Nobody\n{other},Max\n", encoding="utf-8")
    category = f"CLI {phone}"

    as_json = await relance("contacts", "import", str(file), "--category", category, "--json")
    as_text = await relance("contacts", "import", str(file))
    missing = await relance("contacts", "import", str(tmp_path / "none.csv"))

    assert as_json.code == 0, as_json.err
    assert (as_json.document["created"], as_json.document["updated"]) == (2, 0)
    assert as_json.document["category_id"]
    assert as_text.code == 0
    assert "0 contacts created, 2 updated" in as_text.out
    assert "too short" in as_text.out
    assert missing.code == 2


async def test_senders_are_added_and_listed(relance: Relance, town: Town) -> None:
    """As text and as JSON; a wrong device id is refused by the API."""
    sender = await town.sender()
    as_json, as_text, refused = await asyncio.gather(
        relance("sender", "list", "--json"),
        relance("sender", "list"),
        relance("sender", "add", "no-device", next_phone(), "Desk"),
    )

    assert as_json.code == as_text.code == 0
    [listed] = [item for item in as_json.document if item["id"] == sender.id]
    assert (listed["phone"], listed["status"]) == (sender.phone, "active")
    assert f"{sender.id}  {sender.name}  {sender.phone}  active" in as_text.out
    assert refused.code == 1
    assert "device_id" in refused.err


async def test_without_an_api_the_command_says_how_to_start_it(tmp_path: Path) -> None:
    """Exit code 1, one sentence, no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ran = await Relance(url, tmp_path)("sender", "list", "--json")

    assert (ran.code, ran.out) == (1, "")
    message = " ".join(ran.err.split())
    assert f"the API at {url} cannot be reached" in message
    assert "make up" in message
    assert "Traceback" not in message


async def test_a_campaign_is_scheduled_copied_and_deleted(relance: Relance, town: Town) -> None:
    """E18; the list shows every campaign, whatever page it is on."""
    campaign = await draft(town, name=f"Later {next_phone()}")
    scheduled = await relance("campaign", "schedule", campaign.id, "2199-05-31T09:00+02:00", "--json")
    assert scheduled.code == 1
    assert "start_at" in scheduled.err
    start_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    scheduled = await relance("campaign", "schedule", campaign.id, start_at, "--json")
    assert (scheduled.code, scheduled.document["status"]) == (0, "scheduled"), scheduled.err
    shown, removed = (
        await relance("campaign", "status", campaign.id),
        await relance("campaign", "unschedule", campaign.id),
    )
    assert "starts at" in shown.out
    assert removed.code == 0, removed.err

    copied = await relance("campaign", "duplicate", campaign.id, "--json")
    deleted = await relance("campaign", "delete", copied.document["id"])
    listed, as_text = await asyncio.gather(relance("campaign", "list", "--json"), relance("campaign", "list"))

    assert (copied.document["status"], deleted.code) == ("draft", 0)
    ids = [item["id"] for item in listed.document]
    assert campaign.id in ids
    assert copied.document["id"] not in ids
    assert campaign.id in as_text.out


async def test_a_test_message_is_sent_by_command(relance: Relance, town: Town) -> None:
    """The body is shown, with its gaps; a campaign that is not there is one sentence."""
    campaign = await draft(town)
    sent = await relance("campaign", "test-send", campaign.id, next_phone(), "--message", "message_1")

    assert sent.code == 0, sent.err
    assert "message_1: pending Hello" in sent.out


async def test_alerts_that_nobody_would_hear_are_an_error(relance: Relance) -> None:
    """`relance alerts test` says what to set; `relance alerts list` shows what needs people."""
    tested = await relance("alerts", "test")
    assert tested.code == 1
    assert "RELANCE_ALERT_URLS" in tested.err
    listed = await relance("alerts", "list", "--open", "--json")
    assert listed.code == 0
    assert all(each["resolved_at"] is None for each in listed.document)
