"""Exports: what is taken away is whole, safe in a spreadsheet, and comes back as it was."""

import csv
import io
from typing import Any

import httpx

from storage import contacts
from storage.database import Pool
from tests.conftest import Town, next_phone
from tests.scene import open_scene


async def rows_of(api: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, str]]:
    """The rows of an export by their column titles."""
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_an_export_of_contacts_comes_back_as_it_was(api: httpx.AsyncClient, pool: Pool) -> None:
    """Names, first names, variables, categories and opt-outs, formulas and quotes included."""
    mark = next_phone()
    category_id = await contacts.save_category(pool, f"Export {mark}")
    people: list[dict[str, Any]] = [
        {"name": "Zoé Martin", "variables": {"Prénom": "Zoé", "city": "Orléans"}},
        {"name": '=HYPERLINK("x")', "variables": {"note": "'-1", "city": '"a", b\n@c'}},
        {"name": None, "variables": {}},
    ]
    before = []
    for person in people:
        body = {"phone": next_phone(), "category_ids": [category_id], **person}
        before.append((await api.post("/api/contacts", json=body)).json())
    await api.post("/api/opt-outs", json={"phone": before[2]["phone"]})

    params = {"category_id": category_id, "bom": "true"}
    content = (await api.get("/api/contacts/export.csv", params=params)).content
    rows = await rows_of(api, "/api/contacts/export.csv", category_id=category_id)
    await api.post("/api/contacts/bulk", json={"action": "delete", "ids": [one["id"] for one in before]})
    answer = await api.post("/api/contacts/import", content=content)

    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[1]["full_name"].startswith("'=")
    assert all(row["phone"].startswith("'+33") for row in rows)
    assert (answer.json()["created"], answer.json()["rejected"]) == (3, [])
    found = (await api.get("/api/contacts", params={"category_id": category_id, "order": "phone"})).json()[
        "items"
    ]
    after = [(await api.get(f"/api/contacts/{item['id']}")).json() for item in found]
    kept = ("phone", "name", "variables", "category_ids")
    assert [[one[key] for key in kept] for one in after] == [[one[key] for key in kept] for one in before]
    assert [one["opted_out_at"] is not None for one in after] == [False, False, True]


async def test_the_results_of_a_campaign_name_every_contact(api: httpx.AsyncClient, town: Town) -> None:
    """A5."""
    scene = await open_scene(town, 3)
    rows = await rows_of(api, f"/api/campaigns/{scene.campaign.id}/results.csv")
    assert {row["phone"] for row in rows} == {f"'{phone}" for phone in scene.phones}
    assert {(row["state"], row["message_1"], row["message_2"]) for row in rows} == {("pending", "pending", "")}
    nothing = "/api/campaigns/00000000-0000-0000-0000-000000000001/results.csv"
    assert (await api.get(nothing)).status_code == 404


async def test_messages_are_exported_by_campaign_status_and_date(api: httpx.AsyncClient, town: Town) -> None:
    """E3."""
    scene = await open_scene(town, 2)
    await scene.pool.execute(
        "UPDATE messages SET status = 'sent', sent_at = '2026-11-01T12:00Z' WHERE id = $1",
        (await scene.message(0))["id"],
    )
    path, campaign_id = "/api/messages/export.csv", scene.campaign.id
    everything = await rows_of(api, path, campaign_id=campaign_id)
    sent = await rows_of(api, path, campaign_id=campaign_id, status="sent")
    day = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}
    of_the_day = await rows_of(api, path, campaign_id=campaign_id, **day)
    later = await rows_of(api, path, campaign_id=campaign_id, since=day["until"])

    assert len(everything) == 2
    assert await rows_of(api, path, campaign_id=campaign_id, q=scene.phones[0]) == sent
    assert await rows_of(api, path, contact_id=scene.contact_ids[0]) == sent
    assert await rows_of(api, path, campaign_id=campaign_id, q="nobody has written this") == []
    assert await rows_of(api, path, sender_id=scene.sender.id, message_type="message_1") == everything
    assert await rows_of(api, path, sender_id=scene.sender.id, message_type="message_2") == []
    assert [row["phone"] for row in sent] == [f"'{scene.phones[0]}"]
    assert of_the_day == sent
    assert later == []
    assert (await api.get(path, params={"status": "lost"})).status_code == 422
