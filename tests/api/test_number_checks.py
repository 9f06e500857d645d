"""Checks of numbers through the API and a worker."""

from typing import Any

import httpx
import pytest

from tests.conftest import Town, eventually

NOBODY = "00000000-0000-0000-0000-000000000001"


@pytest.mark.usefixtures("running_worker")
async def test_a_category_is_checked_in_the_background(api: httpx.AsyncClient, town: Town) -> None:
    """At the real rate of one number in four seconds."""
    category_id, phones = await town.people([{"on_whatsapp": False}])
    answer = await api.post("/api/number-checks", json={"category_id": category_id})
    assert answer.status_code == 202, answer.text
    assert (answer.json()["total"], answer.json()["checked"]) == (1, 0)

    async def ended() -> Any:
        check = (await api.get(f"/api/number-checks/{answer.json()['id']}")).json()
        return check if check["finished_at"] else None

    done = await eventually(ended, what="the end of the check")
    assert (done["state"], done["checked"], done["not_on_whatsapp"]) == ("completed", 1, 1)
    [contact] = (await api.get("/api/contacts", params={"q": phones[0]})).json()["items"]
    assert contact["whatsapp"] == "no"


async def test_a_check_is_listed_and_cancelled(api: httpx.AsyncClient, town: Town) -> None:
    """Twice is once."""
    category_id, _phones = await town.people([{}] * 3)
    made = [
        (await api.post("/api/number-checks", json={"category_id": category_id})).json()["id"] for _ in "ab"
    ]
    first = (await api.get("/api/number-checks", params={"limit": 1})).json()
    second = (await api.get("/api/number-checks", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    for check_id in made:
        for _ in range(2):
            answer = await api.post(f"/api/number-checks/{check_id}/cancel")
            assert answer.json()["state"] == "cancelled"
    assert [item["id"] for item in first["items"] + second["items"]] == list(reversed(made))


@pytest.mark.parametrize("body", [{}, {"category_id": NOBODY, "contact_ids": [NOBODY]}, {"contact_ids": []}])
async def test_a_check_says_whom_it_is_about(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post("/api/number-checks", json=body)).status_code == 422


async def test_what_does_not_exist_is_not_found(api: httpx.AsyncClient) -> None:
    path = f"/api/number-checks/{NOBODY}"
    for answer in (
        await api.get(path),
        await api.post(f"{path}/cancel"),
        await api.post("/api/number-checks", json={"category_id": NOBODY}),
    ):
        assert answer.status_code == 404
