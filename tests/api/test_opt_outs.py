"""The opt-out list: whoever is on it gets nothing, whatever happens to the contact."""

from datetime import UTC, datetime

import httpx

from domain.contact_states import ContactState
from storage import audit, interactions
from storage.database import Pool
from tests.api.walking import as_people_type
from tests.conftest import Town, next_phone
from tests.scene import open_scene


async def test_a_number_is_suppressed_by_hand_and_stopped_everywhere(
    api: httpx.AsyncClient, town: Town
) -> None:
    """As if the person had written STOP."""
    scene = await open_scene(town, 1)
    answers = [
        await api.post("/api/opt-outs", json={"phone": scene.phones[0], "reason": reason})
        for reason in ("by telephone", None)
    ]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["contact_id"] == scene.contact_ids[0]
    assert answers[0].json()["reason"] == "by telephone"
    assert await scene.state() == ContactState.OPTED_OUT


async def test_an_unknown_or_wrong_number(api: httpx.AsyncClient) -> None:
    phone = next_phone()
    assert (await api.post("/api/opt-outs", json={"phone": f"0{phone[3:]}"})).json()["phone"] == phone
    assert (await api.post("/api/opt-outs", json={"phone": "12"})).status_code == 422


async def test_the_list_holds_every_opt_out_and_is_searched_by_number(
    api: httpx.AsyncClient, pool: Pool
) -> None:
    """Those by webhook and those by file as well (A3)."""
    by_word, by_file, by_hand = (next_phone() for _ in range(3))
    await interactions.record_opt_out(pool, by_word, datetime.now(UTC))
    await api.post("/api/contacts/import", content=f"phone,stop\n{by_file},yes\n")
    await api.post("/api/opt-outs", json={"phone": by_hand})
    first = (await api.get("/api/opt-outs", params={"limit": 2})).json()
    second = (await api.get("/api/opt-outs", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [item["phone"] for item in first["items"] + second["items"]] == [by_hand, by_file, by_word]
    for q in as_people_type(by_file):
        found = (await api.get("/api/opt-outs", params={"q": q})).json()["items"]
        assert [item["phone"] for item in found] == [by_file]
    assert (await api.get("/api/opt-outs", params={"q": "name"})).json()["items"] == []


async def test_an_opt_out_outlives_its_contact(api: httpx.AsyncClient) -> None:
    """Whoever is deleted and imported again still gets nothing."""
    phone = next_phone()
    contact_id = (await api.post("/api/contacts", json={"phone": phone})).json()["id"]
    await api.post("/api/opt-outs", json={"phone": phone})
    assert (await api.delete(f"/api/contacts/{contact_id}")).status_code == 204
    again = await api.post("/api/contacts", json={"phone": phone})
    assert (await api.get(f"/api/contacts/{again.json()['id']}")).json()["opted_out_at"] is not None


async def test_another_contact_that_takes_the_number_is_opted_out(api: httpx.AsyncClient) -> None:
    phone = next_phone()
    await api.post("/api/contacts/import", content=f"phone,stop\n{phone},yes\n")
    [listed] = (await api.get("/api/contacts", params={"q": phone})).json()["items"]
    await api.delete(f"/api/contacts/{listed['id']}")
    other = (await api.post("/api/contacts", json={"phone": next_phone()})).json()
    assert other["opted_out_at"] is None
    changed = await api.patch(f"/api/contacts/{other['id']}", json={"phone": phone})
    assert changed.json()["opted_out_at"] is not None


async def test_taking_a_number_off_the_list_needs_a_reason_and_is_audited(
    api: httpx.AsyncClient, pool: Pool
) -> None:
    """The audit log names no number."""
    phone = next_phone()
    entry = (await api.post("/api/opt-outs", json={"phone": phone})).json()
    path = f"/api/opt-outs/{entry['id']}"
    without = await api.delete(path)
    removed = await api.delete(path, params={"reason": "signed up again at the counter"})
    again = await api.delete(path, params={"reason": "signed up again at the counter"})

    assert (without.status_code, removed.status_code, again.status_code) == (422, 204, 404)
    assert (await api.get(f"/api/contacts/{entry['contact_id']}")).json()["opted_out_at"] is None
    [logged, added] = (await audit.list_entries(pool, 10, subject_type="opt_out", subject_id=entry["id"])).items
    assert (added.actor, added.action) == ("local", "opt_out.added")
    assert logged.after == {"reason": "signed up again at the counter"}
    assert phone not in str(logged.before)
