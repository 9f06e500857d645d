"""Drafts through the API: changing, copying, deleting, their audience, and what their messages look like."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from domain.contact_file import ContactRow
from domain.contact_states import ContactState
from storage import campaigns, contacts, drafts
from storage.campaigns import Campaign
from tests.conftest import Town, next_phone

Json = dict[str, Any]
SILENT: Json = {"script": []}


async def stored(town: Town, **changes: Any) -> Campaign:
    """A draft to one silent person."""
    category_id, _phones = await town.people([SILENT])
    return await town.campaign(category_id, [(await town.sender()).id], **changes)


async def test_every_part_of_a_draft_can_be_changed(town: Town, api: httpx.AsyncClient) -> None:
    """E1, P11: what is not named stays."""
    campaign = await stored(town)
    senders = [(await town.sender()).id, (await town.sender()).id]
    category_id, _phones = await town.people([SILENT])
    change: Json = {
        "name": "Autumn",
        "message_1": "Bonjour {{name|vous}}",
        "message_2": "Merci",
        "sender_ids": senders,
        "category_ids": [category_id],
        "window_s": 60,
        "grace_s": 5,
        "max_age_s": 600,
        "batch_size": 30,
        "batch_pause_s": None,
    }

    changed = await api.patch(f"/api/campaigns/{campaign.id}", json=change)

    assert changed.status_code == 200, changed.text
    assert {name: changed.json()[name] for name in change} == change
    once_more = (await api.patch(f"/api/campaigns/{campaign.id}", json={"name": "Winter"})).json()
    assert once_more == {**changed.json(), "name": "Winter"}
    everyone = {"everyone": True, "category_ids": []}
    assert (await api.patch(f"/api/campaigns/{campaign.id}", json=everyone)).json()["everyone"] is True


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"message_1": "Hello {{name"}, "message_1"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"everyone": True}, "either category_ids or everyone"),
        ({"sender_ids": []}, "sender_ids"),
        ({"sender_ids": [str(uuid4())]}, "senders"),
        ({"category_ids": [str(uuid4())]}, "categories"),
        ({"batch_size": 101}, "batch_size"),
        ({"status": "running"}, "status"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(
    town: Town, api: httpx.AsyncClient, change: Json, hint: str
) -> None:
    """Problem details (RFC 9457)."""
    campaign = await stored(town)

    answer = await api.patch(f"/api/campaigns/{campaign.id}", json={"message_2": "changed", **change})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert hint in answer.json()["detail"]
    assert await campaigns.get_campaign(town.pool, campaign.id) == campaign


async def test_a_campaign_that_has_started_takes_a_new_name_only(town: Town, api: httpx.AsyncClient) -> None:
    """E1: nobody gets another text than those before."""
    campaign = await stored(town)
    await campaigns.mark_started(town.pool, campaign.id)

    renamed = await api.patch(f"/api/campaigns/{campaign.id}", json={"name": "Renamed"})
    refused = await api.patch(f"/api/campaigns/{campaign.id}", json={"name": "x", "message_1": "other"})

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Renamed")
    assert (refused.status_code, refused.json()["title"]) == (409, "Campaign has started")
    assert "duplicate it" in refused.json()["detail"]
    kept = await campaigns.get_campaign(town.pool, campaign.id)
    assert kept is not None
    assert (kept.name, kept.message_1) == ("Renamed", campaign.message_1)


async def test_an_ended_campaign_without_its_categories_can_be_renamed(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E1, E16: what it was made of may be gone; its name is still checked, and nothing else can be changed."""
    campaign = await stored(town)
    await campaigns.open_campaign(town.pool, campaign.id)
    await campaigns.close_campaign(
        town.pool, campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )
    await town.pool.execute("DELETE FROM campaign_categories WHERE campaign_id = $1", campaign.id)
    path = f"/api/campaigns/{campaign.id}"

    renamed = await api.patch(path, json={"name": "Kept"})
    whole = await api.patch(path, json={"name": "Again", "category_ids": [], "window_s": campaign.window_s})

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Kept"), renamed.text
    assert (whole.status_code, whole.json()["name"]) == (200, "Again"), whole.text
    for change, status in (
        ({"name": ""}, 422),
        ({"name": None}, 422),
        ({"name": "x" * 201}, 422),
        ({"everyone": True}, 409),
        ({"category_ids": campaign.category_ids}, 409),
        ({"sender_ids": None}, 409),
        ({"window_s": None}, 409),
    ):
        refused = await api.patch(path, json=change)
        assert refused.status_code == status, refused.text
        assert status == 409 or refused.json()["errors"][0]["field"] == "name"
    assert (await api.get(path)).json()["name"] == "Again"


async def test_only_a_draft_is_deleted(town: Town, api: httpx.AsyncClient) -> None:
    """E16: results stay."""
    draft, started = await stored(town), await stored(town)
    await campaigns.mark_started(town.pool, started.id)

    assert (await api.delete(f"/api/campaigns/{draft.id}")).status_code == 204
    assert (await api.get(f"/api/campaigns/{draft.id}")).status_code == 404
    assert (await api.delete(f"/api/campaigns/{draft.id}")).status_code == 404
    refused = await api.delete(f"/api/campaigns/{started.id}")
    assert (refused.status_code, refused.json()["title"]) == (409, "Not a draft")


async def test_a_duplicate_is_a_draft_with_everything_but_the_results(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E1: the name says where it comes from, and fits."""
    campaign = await stored(town, name="N" * 200, window_s=77)
    await campaigns.mark_started(town.pool, campaign.id)

    copy = (await api.post(f"/api/campaigns/{campaign.id}/duplicate")).json()

    assert copy["id"] != campaign.id
    assert (copy["status"], copy["started_at"], copy["window_s"]) == ("draft", None, 77)
    assert copy["name"] == f"Copy of {'N' * 192}"
    for name in ("message_1", "message_2", "sender_ids", "category_ids", "batch_pause_s"):
        assert copy[name] == getattr(campaign, name)


async def test_the_audience_is_counted_before_anything_is_sent(town: Town, api: httpx.AsyncClient) -> None:
    """E1: each contact once, without opt-outs and numbers that are not on WhatsApp."""
    first, phones = await town.people([SILENT] * 5)
    second, others = await town.people([SILENT] * 2)
    await town.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", phones[0])
    await town.pool.execute("UPDATE contacts SET whatsapp = 'no' WHERE phone = ANY ($1)", phones[0:2])
    await town.pool.execute(
        "INSERT INTO contact_categories (contact_id, category_id) SELECT id, $2::uuid FROM contacts "
        "WHERE phone = $1",
        phones[2],
        second,
    )

    answer = await api.post("/api/campaigns/audience", json={"category_ids": [first, second]})

    assert answer.status_code == 200, answer.text
    counted = {"memberships": 8, "duplicates": 1, "opted_out": 1, "not_on_whatsapp": 1, "reached": 5}
    assert answer.json()["audience"] == counted
    assert {contact["phone"] for contact in answer.json()["sample"]} == {*phones[2:], *others}
    one = (await api.post("/api/campaigns/audience", json={"category_ids": [first]})).json()
    assert (one["audience"]["memberships"], one["audience"]["reached"]) == (5, 3)
    all_of_them = (await api.post("/api/campaigns/audience", json={"everyone": True})).json()
    assert all_of_them["audience"]["reached"] >= 5
    assert len(all_of_them["sample"]) <= 10
    assert (await api.post("/api/campaigns/audience", json={})).status_code == 422


@examples(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(
        st.tuples(st.sets(st.integers(0, 2)), st.booleans(), st.sampled_from(["yes", "no", "unknown"])),
        max_size=6,
    ),
    chosen=st.sets(st.integers(0, 2), min_size=1),
)
async def test_the_audience_counted_is_the_audience_reached(
    town: Town, people: list[tuple[set[int], bool, str]], chosen: set[int]
) -> None:
    """E1: the preview says exactly what the snapshot will hold."""
    category_ids = [await contacts.save_category(town.pool, f"A{next_phone()}-{n}") for n in range(3)]
    for categories, opted_out, whatsapp in people:
        row = ContactRow(line=1, phone=next_phone(), name="", variables={}, opted_out=opted_out)
        for n in categories:
            await contacts.import_contacts(town.pool, [row], category_ids[n])
        await town.pool.execute("UPDATE contacts SET whatsapp = $2 WHERE phone = $1", row.phone, whatsapp)
    wanted = [category_ids[n] for n in chosen]

    audience = await drafts.measure_audience(town.pool, everyone=False, category_ids=wanted)

    campaign = await town.campaign(wanted[0], [])
    await town.pool.execute(campaigns.ADD_CATEGORIES, campaign.id, wanted)
    assert audience.reached == await campaigns.audience_size(town.pool, campaign.id)
    sample = await drafts.sample_audience(town.pool, everyone=False, category_ids=wanted, size=10)
    assert len(sample) == audience.reached
    inside = [categories & chosen for categories, _out, _whatsapp in people]
    assert audience.memberships == sum(len(found) for found in inside)
    assert audience.duplicates == sum(max(0, len(found) - 1) for found in inside)


async def test_messages_are_shown_as_a_contact_would_get_them(town: Town, api: httpx.AsyncClient) -> None:
    """E1: gaps are named before anybody gets them."""
    category_id, [phone] = await town.people([SILENT])
    row = ContactRow(line=1, phone=phone, name="Zoé", variables={"city": "Lyon"}, opted_out=False)
    await contacts.import_contacts(town.pool, [row], None)
    contact_id = str(await town.pool.fetchval("SELECT id FROM contacts WHERE phone = $1", phone))
    texts = {"message_1": "Hello {{name}} of {{city}}, {{code}}", "message_2": "{{size|M}} {{tone|}}"}
    campaign = await town.campaign(category_id, [(await town.sender()).id], **texts)

    path = f"/api/campaigns/{campaign.id}/preview"
    shown = (await api.post(path, json={"contact_id": contact_id})).json()

    assert shown["message_1"] == {
        "text": "Hello Zoé of Lyon, ",
        "missing_variables": ["code"],
        "problems": [],
    }
    assert (shown["message_2"]["text"], shown["message_2"]["missing_variables"]) == ("M ", [])
    given_values = {"contact_id": contact_id, "variables": {"code": "42", "city": "Nice"}}
    assert (await api.post(path, json=given_values)).json()["message_1"]["text"] == "Hello Zoé of Nice, 42"
    draft = {**texts, "message_1": "Hello {{name", "variables": {}}
    unstored = (await api.post("/api/campaigns/preview", json=draft)).json()
    assert "not closed" in unstored["message_1"]["problems"][0]
    assert (await api.post(path, json={"contact_id": str(uuid4())})).status_code == 404
