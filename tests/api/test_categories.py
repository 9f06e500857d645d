"""Categories through the API: names, colours, counts, and what keeps one from being deleted."""

import asyncio

import httpx
import pytest

from storage.database import Pool
from tests.conftest import Town, next_phone


async def made(api: httpx.AsyncClient, name: str, **more: str) -> str:
    """A new category's id."""
    answer = await api.post("/api/categories", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def contact(api: httpx.AsyncClient, *category_ids: str) -> str:
    """A new contact's id."""
    body = {"phone": next_phone(), "category_ids": list(category_ids)}
    answer = await api.post("/api/contacts", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def count_of(api: httpx.AsyncClient, category_id: str) -> int:
    """How many contacts the API says that it has."""
    return int((await api.get(f"/api/categories/{category_id}")).json()["contact_count"])


async def test_a_category_is_made_renamed_recoloured_and_deleted(api: httpx.AsyncClient) -> None:
    """A4."""
    name = f"Clients {next_phone()}"
    category_id = await made(api, name, colour="#AABBCC")
    shown = (await api.get(f"/api/categories/{category_id}")).json()
    changed = await api.patch(f"/api/categories/{category_id}", json={"colour": "#102030"})
    gone = await api.delete(f"/api/categories/{category_id}")

    assert (shown["name"], shown["colour"], shown["contact_count"]) == (name, "#aabbcc", 0)
    assert (changed.json()["name"], changed.json()["colour"]) == (name, "#102030")
    assert gone.status_code == 204
    assert (await api.get(f"/api/categories/{category_id}")).status_code == 404
    assert (await api.delete(f"/api/categories/{category_id}")).status_code == 404


async def test_two_categories_cannot_have_one_name(api: httpx.AsyncClient) -> None:
    """The refusal names the category that has it."""
    name, other = f"One {next_phone()}", f"Two {next_phone()}"
    first, second = await made(api, name), await made(api, other)
    for answer in (
        await api.post("/api/categories", json={"name": name}),
        await api.patch(f"/api/categories/{second}", json={"name": name}),
    ):
        assert answer.status_code == 409
        assert answer.json()["category_id"] == first


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a|b"},
        {"name": "x", "colour": "red"},
        {"name": "x", "size": 1},
        {"name": "\x00"},
    ],
)
async def test_what_is_no_category_is_refused(api: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await api.post("/api/categories", json=body)).status_code == 422


async def test_the_count_follows_every_change_of_the_contacts(api: httpx.AsyncClient, pool: Pool) -> None:
    """A4: whoever changes what, the count is that of the rows."""
    a, b = await made(api, f"A {next_phone()}"), await made(api, f"B {next_phone()}")
    first, second, third = [await contact(api, a), await contact(api, a, b), await contact(api)]
    assert (await count_of(api, a), await count_of(api, b)) == (2, 1)

    added = await api.post(f"/api/categories/{b}/contacts", json={"contact_ids": [first, second, third]})
    removed = await api.delete(f"/api/categories/{a}/contacts/{first}")
    again = await api.delete(f"/api/categories/{a}/contacts/{first}")
    await api.delete(f"/api/contacts/{second}")

    assert (added.json()["added"], removed.status_code, again.status_code) == (2, 204, 404)
    assert (await count_of(api, a), await count_of(api, b)) == (0, 2)
    rows = await pool.fetchval("SELECT count(*) FROM contact_categories WHERE category_id = $1", b)
    assert rows == 2


async def test_counts_stay_right_when_many_change_them_at_once(api: httpx.AsyncClient) -> None:
    """Nobody deadlocks, nothing is counted twice."""
    a, b = await made(api, f"A {next_phone()}"), await made(api, f"B {next_phone()}")
    orders = [(a, b), (b, a)] * 10
    await asyncio.gather(*(contact(api, *order) for order in orders))
    assert (await count_of(api, a), await count_of(api, b)) == (20, 20)


async def test_categories_are_listed_page_by_page_without_regard_to_accents(api: httpx.AsyncClient) -> None:
    """A3, A4."""
    mark = next_phone()[-4:]
    names = [f"{first} {mark}" for first in ("Zèbre", "éclair", "Ecole", "abricot")]
    for name in names:
        await made(api, name)

    found: list[str] = []
    cursor = None
    while True:
        page = (
            (await api.get("/api/categories", params={"q": mark, "limit": 1, "cursor": cursor or ""}))
            if cursor
            else (await api.get("/api/categories", params={"q": mark, "limit": 1}))
        )
        found += [item["name"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    newest = (await api.get("/api/categories", params={"q": mark, "order": "created"})).json()["items"]

    assert found == [f"{first} {mark}" for first in ("abricot", "éclair", "Ecole", "Zèbre")]
    assert [item["name"] for item in newest] == list(reversed(names))


async def test_a_category_that_a_campaign_needs_stays_until_it_ends(api: httpx.AsyncClient, town: Town) -> None:
    """An ended campaign loses the mention, nothing else."""
    category_id, _phones = await town.people([{"script": []}])
    campaign = await town.campaign(category_id, [(await town.sender()).id], name="Needs it")
    refused = await api.delete(f"/api/categories/{category_id}")
    await api.post(f"/api/campaigns/{campaign.id}/cancel")
    deleted = await api.delete(f"/api/categories/{category_id}")

    assert refused.status_code == 409
    assert "Needs it" in refused.json()["detail"]
    assert deleted.status_code == 204, deleted.text
    assert (await api.get(f"/api/campaigns/{campaign.id}")).json()["category_ids"] == []


async def test_contacts_cannot_join_a_category_that_does_not_exist(api: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    path = f"/api/categories/{nobody}/contacts"
    known = await contact(api)
    for contact_ids in ([known], [nobody]):
        assert (await api.post(path, json={"contact_ids": contact_ids})).status_code == 404
