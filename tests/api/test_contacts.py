"""Contacts through the API: files, single contacts, lists, and what is done to many at once."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import httpx
import pytest

from domain.contact_states import ContactState
from storage import campaigns, contacts
from storage.database import Pool
from tests.api.walking import as_people_type
from tests.conftest import Town, next_phone
from tests.scene import open_scene


async def test_a_file_as_people_export_it(api: httpx.AsyncClient, pool: Pool) -> None:
    """Semicolons, a French header, Windows characters, national numbers, and rows that are no contacts."""
    phone, other = next_phone(), next_phone()
    national = f"0{phone[3:5]} {phone[5:7]} {phone[7:9]} {phone[9:]}"
    lines = ["Prénom;Nom;Téléphone;Ville", f"Zoé;Martin;{national};Orléans", f";;{other};", "Max;;12;Nice"]
    content = "\r\n".join([*lines, f"Again;;{phone};Nice"]).encode("cp1252")

    answer = await api.post("/api/contacts/import", content=content, params={"category": f"File {phone}"})

    assert answer.status_code == 200, answer.text
    imported = answer.json()
    assert (imported["created"], imported["updated"], imported["opted_out"]) == (2, 0, 0)
    assert [(row["line"], row["value"]) for row in imported["rejected"]] == [(4, "12"), (5, phone)]
    assert all(row["reason"] for row in imported["rejected"])
    rows = await pool.fetch(
        "SELECT phone, name, variables FROM contacts c JOIN contact_categories cc ON cc.contact_id = c.id "
        "WHERE cc.category_id = $1 ORDER BY phone",
        imported["category_id"],
    )
    assert [(row["phone"], row["name"]) for row in rows] == [(phone, "Zoé Martin"), (other, None)]
    assert rows[0]["variables"]["Ville"] == "Orléans"


async def test_the_same_file_again_changes_nothing(api: httpx.AsyncClient, pool: Pool) -> None:
    """Contacts are known by their number."""
    phone = next_phone()
    content = f"phone,name,opt-out\n{phone},Zoé,yes".encode()
    first = (await api.post("/api/contacts/import", content=content)).json()
    again = (await api.post("/api/contacts/import", content=content)).json()

    assert (first["created"], first["opted_out"], first["category_id"]) == (1, 1, None)
    assert (again["created"], again["updated"]) == (0, 1)
    assert await pool.fetchval("SELECT count(*) FROM contacts WHERE phone = $1", phone) == 1


async def test_a_file_that_is_no_table_of_contacts_is_refused_with_what_to_do(api: httpx.AsyncClient) -> None:
    """Nothing is half imported."""
    for content, hint in ((b"", "empty"), (b"city;colour\nParis;red", "Name the column phone")):
        answer = await api.post("/api/contacts/import", content=content)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert hint in answer.json()["detail"]


async def test_nul_characters_do_not_break_an_import(api: httpx.AsyncClient, pool: Pool) -> None:
    """No PostgreSQL text can hold them: in a name, in a title, in a category."""
    phone = next_phone()
    content = f"phone,na\x00me,ci\x00ty\n{phone},Zo\x00é,Pa\x00ris".encode()
    imported = await api.post("/api/contacts/import", content=content)

    assert imported.status_code == 200, imported.text
    assert imported.json()["created"] == 1
    assert await pool.fetchval("SELECT name FROM contacts WHERE phone = $1", phone) == "Zoé"


async def test_a_file_that_is_too_large_is_sent_elsewhere(api: httpx.AsyncClient, pool: Pool) -> None:
    """E17: at once, whether or not its size is announced; up to the limit it is taken."""
    phone = next_phone()
    row = f"phone\n{phone}\n".encode()

    async def in_chunks() -> AsyncIterator[bytes]:
        yield row
        for _ in range(64):
            yield b"\n" * 16384

    for content in (row + b"\n" * 1024 * 1024, in_chunks()):
        answer = await api.post("/api/contacts/import", content=content)
        assert (answer.status_code, answer.json()["title"]) == (413, "Too large")
        assert "/api/imports" in answer.json()["detail"]
    assert await pool.fetchval("SELECT count(*) FROM contacts WHERE phone = $1", phone) == 0
    largest = row + b"\n" * (1024 * 1024 - len(row))
    assert (await api.post("/api/contacts/import", content=largest)).json()["created"] == 1


async def test_others_are_answered_while_a_file_is_read(api: httpx.AsyncClient) -> None:
    """E17: the API of these tests lives in their loop, so that a gap in one is a gap in the other."""
    content = f"phone\n{next_phone()}\n" + "06 39 98\n" * 100_000
    began = before = monotonic()
    importing = asyncio.create_task(api.post("/api/contacts/import", content=content))
    gaps = []
    while not importing.done():
        await asyncio.sleep(0.005)
        gaps.append(monotonic() - before)
        before = monotonic()
    assert importing.result().json()["created"] == 1
    assert max(gaps) < (monotonic() - began) / 2


@pytest.mark.parametrize("category", ["a|b", "a;b", " ", "", "Odd\x00", "x" * 101])
@pytest.mark.parametrize("path", ["/api/contacts/import", "/api/imports"])
async def test_the_category_of_a_file_is_named_like_any_other(
    api: httpx.AsyncClient, path: str, category: str
) -> None:
    """A4: a name that an export could not give back is refused."""
    answer = await api.post(path, content=f"phone\n{next_phone()}", params={"category": category})
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid request")
    assert "category" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/contacts/import", "/api/imports"])
async def test_a_refused_file_leaves_no_category_behind(api: httpx.AsyncClient, pool: Pool, path: str) -> None:
    """E17: nor does an upload that breaks off; blanks around a name are nobody's."""
    name = f"Salon {next_phone()}"
    assert (await api.post(path, content="city\nNice", params={"category": name})).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM categories WHERE name = $1", name) == 0
    taken = await api.post(path, content=f"phone\n{next_phone()}", params={"category": f" {name} "})
    category_id = await pool.fetchval("SELECT id::text FROM categories WHERE name = $1", name)
    assert taken.json()["category_id"] == category_id is not None


async def add(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """A new contact."""
    answer = await api.post("/api/contacts", json={"phone": next_phone(), **body})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def walk(api: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list of contacts, two at a time."""
    items: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": None}
    while True:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        answer = await api.get("/api/contacts", params={"limit": 2, **params, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items


async def test_a_contact_is_added_shown_changed_and_deleted(api: httpx.AsyncClient) -> None:
    """A national number counts for the default country."""
    phone, other = next_phone(), next_phone()
    added = await add(api, phone=f"0{phone[3:]}", name=" Zoé ", variables={"city": "Lyon"})
    path = f"/api/contacts/{added['id']}"
    changed = await api.patch(path, json={"phone": other, "variables": {"city": "Sète"}})
    blanked = await api.patch(path, json={"name": None})
    deleted = await api.delete(path)

    assert (added["phone"], added["name"], added["whatsapp"]) == (phone, "Zoé", "unknown")
    assert (changed.json()["phone"], changed.json()["name"]) == (other, "Zoé")
    assert changed.json()["variables"] == {"city": "Sète"}
    assert blanked.json()["name"] is None
    assert deleted.status_code == 204
    for answer in (await api.get(path), await api.delete(path), await api.patch(path, json={"name": "A"})):
        assert answer.status_code == 404


async def test_a_known_number_is_refused_with_the_contact_that_has_it(api: httpx.AsyncClient) -> None:
    """However it is written."""
    first, second = await add(api), await add(api)
    spaced = f"00 33 {first['phone'][3:6]} {first['phone'][6:]}"
    for answer in (
        await api.post("/api/contacts", json={"phone": spaced}),
        await api.patch(f"/api/contacts/{second['id']}", json={"phone": first["phone"]}),
    ):
        assert answer.status_code == 409
        assert answer.json()["contact_id"] == first["id"]


@pytest.mark.parametrize(
    "body",
    [{}, {"phone": "12"}, {"phone": "+33639980000", "age": 3}, {"phone": "+33639980000", "name": "x" * 201}],
)
async def test_what_is_no_contact_is_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post("/api/contacts", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_a_contact_of_an_unknown_category_is_refused(api: httpx.AsyncClient, pool: Pool) -> None:
    phone = next_phone()
    body = {"phone": phone, "category_ids": ["00000000-0000-0000-0000-000000000001"]}
    assert (await api.post("/api/contacts", json=body)).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM contacts WHERE phone = $1", phone) == 0


@pytest.mark.parametrize("order", ["created", "name", "phone"])
async def test_every_order_shows_everybody_once(api: httpx.AsyncClient, pool: Pool, order: str) -> None:
    """A3: pages by keyset."""
    category_id = await contacts.save_category(pool, f"Order {next_phone()}")
    names = ["Éric", None, "eric", "Zoé", None, "Ana"]
    added = [await add(api, name=name, category_ids=[category_id]) for name in names]

    found = await walk(api, category_id=category_id, order=order)

    assert {item["id"] for item in found} == {contact["id"] for contact in added}
    assert len(found) == len(added)
    if order == "created":
        assert [item["id"] for item in found] == [contact["id"] for contact in reversed(added)]
    if order == "phone":
        assert [item["phone"] for item in found] == sorted(contact["phone"] for contact in added)
    if order == "name":
        assert [item["name"] for item in found] == ["Ana", "Éric", "eric", "Zoé", None, None]


async def test_filters_leave_those_who_fit(api: httpx.AsyncClient, pool: Pool) -> None:
    """By category, by WhatsApp, by opt-out, by a part of the name or of the number."""
    mark = f"Q{next_phone()[-4:]}"
    category_id = await contacts.save_category(pool, f"Filter {mark}")
    helene = await add(api, name=f"Hélène {mark}", category_ids=[category_id])
    percent = await add(api, name=f"100% {mark}")
    out = await add(api, name=f"Max {mark}")
    assert (await api.post("/api/opt-outs", json={"phone": out["phone"]})).status_code == 201
    await pool.execute("UPDATE contacts SET whatsapp = 'no' WHERE id = $1", percent["id"])

    async def ids(**params: Any) -> set[str]:
        return {item["id"] for item in await walk(api, **{"q": mark, **params})}

    assert await ids() == {helene["id"], percent["id"], out["id"]}
    assert await ids(category_id=category_id) == {helene["id"]}
    assert await ids(whatsapp="no") == {percent["id"]}
    assert await ids(opted_out=True) == {out["id"]}
    assert await ids(opted_out=False) == {helene["id"], percent["id"]}
    assert await ids(q=f"helene {mark.lower()}") == {helene["id"]}
    assert await ids(q=f"0% {mark}") == {percent["id"]}
    assert await ids(q=f"_% {mark}") == set()
    assert helene["id"] not in await ids(q=helene["phone"][:-1] + "_")
    for q in as_people_type(helene["phone"]):
        assert await ids(q=q) == {helene["id"]}


async def test_a_cursor_of_another_list_is_refused(api: httpx.AsyncClient) -> None:
    await add(api)
    await add(api)
    cursor = (await api.get("/api/contacts", params={"limit": 1})).json()["next_cursor"]
    for params in ({"cursor": cursor, "order": "name"}, {"cursor": "x"}, {"cursor": cursor[:-4]}):
        answer = await api.get("/api/contacts", params=params)
        assert (answer.status_code, answer.json()["title"]) == (422, "Invalid cursor")


async def test_many_contacts_are_moved_and_deleted_at_once(api: httpx.AsyncClient, pool: Pool) -> None:
    """By their ids and by a filter."""
    a, b = [await contacts.save_category(pool, f"{name} {next_phone()}") for name in "AB"]
    ids = [(await add(api))["id"] for _ in range(3)]

    async def bulk(**body: Any) -> Any:
        answer = await api.post("/api/contacts/bulk", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["changed"]

    assert await bulk(action="add_to_category", category_id=a, ids=ids) == 3
    assert await bulk(action="add_to_category", category_id=a, ids=ids[:1]) == 0
    assert await bulk(action="add_to_category", category_id=b, filter={"category_id": a}) == 3
    assert await bulk(action="remove_from_category", category_id=a, ids=ids[:2]) == 2
    assert len(await walk(api, category_id=a)) == 1
    assert await bulk(action="delete", filter={"category_id": a}) == 1
    assert {item["id"] for item in await walk(api, category_id=b)} == set(ids[:2])


async def test_many_opt_out_at_once(api: httpx.AsyncClient, town: Town) -> None:
    """Each as if by itself: on the list with the reason, and stopped where a campaign writes to it."""
    scene = await open_scene(town, 2)
    await api.post("/api/opt-outs", json={"phone": scene.phones[1]})
    body = {"action": "opt_out", "ids": scene.contact_ids, "reason": "by e-mail"}
    assert (await api.post("/api/contacts/bulk", json=body)).json()["changed"] == 1
    [entry] = (await api.get("/api/opt-outs", params={"q": scene.phones[0]})).json()["items"]
    assert entry["reason"] == "by e-mail"
    assert await scene.state(0) == ContactState.OPTED_OUT


async def test_contacts_are_counted_by_the_filters_of_their_list(api: httpx.AsyncClient, town: Town) -> None:
    """Whatever is asked for; a number that was counted once is counted anew after a change."""
    category_id, phones = await town.people([{}, {}, {}])

    async def count(**chosen: Any) -> int:
        answer = await api.get("/api/contacts/count", params={"category_id": category_id, **chosen})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["count"])

    assert await count() == 3
    assert await count(q=phones[1]) == 1
    assert await count(opted_out=True) == 0
    await api.post("/api/opt-outs", json={"phone": phones[0]})
    assert await count(opted_out=True) == 1


async def test_a_number_is_found_as_people_write_it(api: httpx.AsyncClient) -> None:
    """With a zero in brackets, which nobody dials from abroad."""
    added = await add(api)
    phone = added["phone"]
    for q in (f"+33 (0){phone[3]} {phone[4:6]} {phone[6:]}", f"0{phone[3]}.{phone[4:8]}-{phone[8:]}"):
        found = (await api.get("/api/contacts", params={"q": q})).json()["items"]
        assert [item["id"] for item in found] == [added["id"]], q


async def test_a_bulk_action_says_whom_it_is_about(api: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    for body, status in (
        ({"action": "delete"}, 422),
        ({"action": "delete", "ids": [nobody], "filter": {}}, 422),
        ({"action": "delete", "ids": []}, 422),
        ({"action": "add_to_category", "ids": [nobody]}, 422),
        ({"action": "delete", "ids": [nobody], "reason": "by e-mail"}, 422),
        ({"action": "delete", "filter": {"name": "x"}}, 422),
    ):
        assert (await api.post("/api/contacts/bulk", json=body)).status_code == status
    known = (await add(api))["id"]
    body = {"action": "add_to_category", "category_id": nobody, "ids": [known]}
    assert (await api.post("/api/contacts/bulk", json=body)).status_code == 404


async def test_whoever_a_campaign_writes_to_cannot_be_deleted(api: httpx.AsyncClient, town: Town) -> None:
    """Nor get another number."""
    scene = await open_scene(town, 1)
    path = f"/api/contacts/{scene.contact_ids[0]}"
    for answer in (await api.delete(path), await api.patch(path, json={"phone": next_phone()})):
        assert answer.status_code == 409
    answer = await api.post("/api/contacts/bulk", json={"action": "delete", "ids": scene.contact_ids})
    assert answer.json() == {"changed": 0, "erased": 0, "refused": 1, "erasure_id": None}


async def test_whoever_a_campaign_wrote_to_is_erased_and_its_results_stay(
    api: httpx.AsyncClient, town: Town, pool: Pool
) -> None:
    """A5: the counters do not change, nothing personal is left, and the number can come back."""
    scene = await open_scene(town, 2)
    await campaigns.close_campaign(
        pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )
    await pool.execute("UPDATE messages SET body = 'Hello Zoé' WHERE campaign_id = $1", scene.campaign.id)
    before = await scene.recounted()

    answer = await api.delete(f"/api/contacts/{scene.contact_ids[0]}")

    assert answer.status_code == 204
    assert await scene.recounted() == before == await campaigns.get_counters(pool, scene.campaign.id)
    assert (await api.get(f"/api/contacts/{scene.contact_ids[0]}")).status_code == 404
    row = await pool.fetchrow("SELECT phone, name, variables FROM contacts WHERE id = $1", scene.contact_ids[0])
    assert row is not None
    assert tuple(row) == (None, None, {})
    assert (await scene.message(0))["body"] is None
    assert (await add(api, phone=scene.phones[0]))["opted_out_at"] is None


async def test_columns_of_a_file_may_name_categories(api: httpx.AsyncClient) -> None:
    """They are made when there are none of the name."""
    mark, phone = next_phone(), next_phone()
    content = f"phone;catégories\n{phone};A {mark}|B {mark}".encode()
    assert (await api.post("/api/contacts/import", content=content)).json()["created"] == 1
    listed = (await api.get("/api/categories", params={"q": mark})).json()["items"]
    assert [(item["name"], item["contact_count"]) for item in listed] == [(f"A {mark}", 1), (f"B {mark}", 1)]
