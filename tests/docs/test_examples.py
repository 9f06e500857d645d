"""What the pages tell people to run does what they say: the start, the client, the queries, the statements."""

import asyncio
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from storage.database import Pool
from tests.conftest import LOCAL_API_KEY, Town, eventually, next_phone
from tests.docs.pages import DOCS, blocks

BIN = Path(sys.executable).parent
PHONE = re.compile(r"\+336399\d{5}")
SOON = re.compile(r'"after_s": \d+')
PLACEHOLDER = re.compile(r"\b(CAMPAIGN|CONTACT|SENDER)_ID\b")
QUERY = re.compile(r"^\| [^|]+ \| `([^`]+)` \|$", re.MULTILINE)
# Where the commands of the start print the ids that the next ones want.
PRINTED = {
    "SENDER": re.compile(r"^Sender Paris: (\S+)$", re.MULTILINE),
    "CATEGORY": re.compile(r"^Category \S+: (\S+)$", re.MULTILINE),
    "CAMPAIGN": re.compile(r"^Spring +([0-9a-f-]{36}) +draft$", re.MULTILINE),
}
# Nothing of the kind happens in this test, or others do it at the same time: these only have to be understood.
NOT_SEEN = ("StartTime", "TimedOut", "UpkeepWorkflow", "ScheduledStartWorkflow")

pytestmark = pytest.mark.usefixtures("running_worker")


async def shell(script: str, directory: Path, api: httpx.AsyncClient, **environment: str) -> str:
    """What it prints; it has to end well."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELANCE_")}
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", script,
        cwd=directory,
        env={
            **inherited,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "RELANCE_API_URL": str(api.base_url),
            "RELANCE_API_KEY": LOCAL_API_KEY,
            "COLUMNS": "200",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 0, f"{script}\n{out.decode()}\n{err.decode()}"
    return out.decode()


def with_own_people(text: str, phones: dict[str, str]) -> str:
    """The same with numbers that no other test uses."""
    return PHONE.sub(lambda found: phones.setdefault(found[0], next_phone()), text)


def replaced(text: str, by: Mapping[str, str]) -> str:
    """The same with all of these replaced."""
    for theirs, own in by.items():
        text = text.replace(theirs, own)
    return text


async def test_the_ten_minutes_end_as_the_page_says(
    api: httpx.AsyncClient, sandbox: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Item 7: its very commands, from the sender to the closed campaign."""
    device, account = secrets.token_hex(12), next_phone()
    answer = await sandbox.post("/control/devices", json={"id": device, "phone": account})
    answer.raise_for_status()
    ours = {
        "5a0db0c5e1a2b3c4d5e6f701": device,
        "+33 1 99 00 00 01": account,
        "http://127.0.0.1:9090": str(sandbox.base_url).rstrip("/"),
        "--category Spring": f"--category {device}",
        "relance campaign estimate CAMPAIGN_ID\n": "",  # has tests of its own, and a process takes its time
    }
    phones: dict[str, str] = {}
    shown = ""
    for block in blocks(DOCS / "start.md", "sh")[2:]:
        script = SOON.sub('"after_s": 0.2', with_own_people(block, phones))
        for part in re.split("^(?=relance campaign start)", script, flags=re.MULTILINE):
            shown = await shell(replaced(part, ours), tmp_path, api)
            ours |= {
                f"{name}_ID": found for name, pattern in PRINTED.items() for found in pattern.findall(shown)
            }
    states = {state: int(count) for state, count in re.findall(r"│ (\w+) +│[^│]+│ +(\d+) │", shown)}
    assert states == {"message_2_sent": 1, "no_interaction": 1, "opted_out": 1}, shown


async def test_the_program_of_the_api_guide_runs_with_a_generated_client(
    api: httpx.AsyncClient, town: Town, sandbox: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Item 7: generated from the document that the API serves, then contacts, a draft, a start, and its end."""
    [_, generate] = [
        block for block in blocks(DOCS / "api.md", "sh") if "pip install" in block or "api-key" in block
    ]
    script = generate.replace("pip install openapi-python-client\n", "")
    await shell(script.replace("http://127.0.0.1:8080", str(api.base_url).rstrip("/")), tmp_path, api)
    [program] = blocks(DOCS / "api.md", "python")
    phones: dict[str, str] = {}
    (tmp_path / "campaign.py").write_text(with_own_people(program, phones))
    anna, bruno = phones.values()
    people = [{"phone": anna, "script": [{"after_s": 0.2, "kind": "text"}]}, {"phone": bruno, "script": []}]
    (await sandbox.put("/control/people", json={"people": people})).raise_for_status()

    shown = await shell(f"python campaign.py {(await town.sender()).id}", tmp_path, api)

    assert sorted(shown.splitlines()) == ["message_2_sent 1", "no_interaction 1"]


async def test_every_query_for_the_web_ui_finds_what_it_says(
    api: httpx.AsyncClient, town: Town, temporal: Client
) -> None:
    """Item 7: asked of a real Temporal server while a campaign runs, and after it."""
    replies: list[dict[str, Any]] = [{"script": [{"after_s": 0.2, "kind": "text"}]}] * 2
    others: list[dict[str, Any]] = [
        {"script": []},
        {"script": [{"after_s": 0.2, "kind": "text", "body": "STOP"}]},
        {"script": [], "on_whatsapp": False},
    ]
    category_id, _phones = await town.people([*replies, *others])
    sender = await town.sender(rate_per_s=3)
    campaign = await town.campaign(category_id, [sender.id])
    (await api.post(f"/api/campaigns/{campaign.id}/start")).raise_for_status()
    contacts = (await api.get("/api/contacts", params={"category_id": category_id})).json()["items"]
    ids = {"CAMPAIGN": campaign.id, "SENDER": sender.id, "CONTACT": contacts[0]["id"]}
    queries = QUERY.findall((DOCS / "temporal-ui.md").read_text())
    wanted = {query for query in queries if not any(word in query for word in NOT_SEEN)}
    assert len(wanted) > 10
    seen: set[str] = set()

    async def all_seen() -> bool:
        for query in queries:
            if query not in seen and await counted(temporal, query, ids):
                seen.add(query)
        return wanted <= seen

    async def settled() -> bool:
        return await found_by_state(temporal, queries, ids) == {
            "pending": 0,
            "message_1_sent": 0,
            "message_2_sent": 2,
            "no_interaction": 1,
            "opted_out": 1,
            "failed": 1,
        }

    await eventually(all_seen, what="something for each query")
    await eventually(settled, what="the final states")
    # The campaign, its batch, its contacts.
    assert await counted(temporal, queries[0], ids) == 1 + 1 + 5


async def counted(temporal: Client, query: str, ids: Mapping[str, str]) -> int:
    """How many workflows a query of the page finds."""
    return (await temporal.count_workflows(PLACEHOLDER.sub(lambda found: ids[found[1]], query))).count


async def found_by_state(temporal: Client, queries: list[str], ids: Mapping[str, str]) -> dict[str, int]:
    """What the queries for states of contacts find, by the first state that they name."""
    by_state = re.compile(r"RelanceContactState (?:= |IN \()\"(\w+)\"")
    asked = {found[1]: query for query in queries if (found := by_state.search(query))}
    return {state: await counted(temporal, query, ids) for state, query in asked.items()}


async def test_every_statement_for_the_database_runs(pool: Pool) -> None:
    """Item 7: those in blocks and those in sentences."""
    statements = [text for page in sorted(DOCS.glob("*.md")) for text in blocks(page, "sql")]
    for page in sorted(DOCS.glob("*.md")):
        statements += re.findall(r"`(select [^`]+)`", page.read_text())
    assert len(statements) >= 3
    for statement in statements:
        await pool.fetch(statement)


async def test_the_document_names_every_schema_once(api: httpx.AsyncClient) -> None:
    """Item 7: a generator takes two of one name for one, and leaves out what uses the other."""
    document: dict[str, Any] = json.loads((await api.get("/openapi.json")).text)
    names = [schema.get("title", name) for name, schema in document["components"]["schemas"].items()]
    assert not [name for name in document["components"]["schemas"] if "__" in name]
    assert len(names) == len(set(names))
