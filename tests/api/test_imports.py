"""Files that are imported in the background, through the API and a worker."""

import csv
import io
from typing import Any

import httpx
import pytest

from storage import contacts
from storage.database import Pool
from tests.conftest import eventually, next_phone


async def sent(api: httpx.AsyncClient, content: bytes | str, **params: str) -> dict[str, Any]:
    """A file on its way."""
    answer = await api.post("/api/imports", content=content, params=params)
    assert answer.status_code == 202, answer.text
    queued: dict[str, Any] = answer.json()
    return queued


async def finished(api: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    """The import, once it has ended."""

    async def ended() -> Any:
        found = (await api.get(f"/api/imports/{import_id}")).json()
        return found if found["finished_at"] else None

    found: dict[str, Any] = await eventually(ended, what="the end of the import")
    return found


async def imported(api: httpx.AsyncClient, content: bytes | str, **params: str) -> dict[str, Any]:
    """An import that has ended."""
    return await finished(api, (await sent(api, content, **params))["id"])


@pytest.mark.usefixtures("running_worker")
async def test_a_file_as_people_export_it(api: httpx.AsyncClient, pool: Pool) -> None:
    """Semicolons, Windows characters, national numbers, categories, and rows that are no contacts."""
    phone, other, mark = next_phone(), next_phone(), next_phone()
    lines = [
        "Prénom;Nom;Téléphone;Groupe",
        f"Zoé;Martin;0{phone[3:]};Amis {mark}",
        f"Ana;;{other};",
        "Max;;12;",
    ]
    content = "\r\n".join([*lines, f"Again;;{phone};"]).encode("cp1252")

    done = await imported(api, content, category=f"File {mark}", name="amis.csv")

    assert (done["state"], done["error"], done["file_name"]) == ("completed", None, "amis.csv")
    assert (done["rows_read"], done["created"], done["updated"], done["rejected"]) == (4, 2, 0, 2)
    assert done["position_bytes"] == done["size_bytes"] == len(content)
    row = await pool.fetchrow("SELECT * FROM contacts WHERE phone = $1", phone)
    assert row is not None
    assert (row["name"], row["variables"], str(row["import_id"])) == (
        "Zoé Martin",
        {"Prénom": "Zoé"},
        done["id"],
    )
    listed = (await api.get("/api/categories", params={"q": mark})).json()["items"]
    assert [(item["name"], item["contact_count"]) for item in listed] == [
        (f"Amis {mark}", 1),
        (f"File {mark}", 2),
    ]
    page = (await api.get(f"/api/imports/{done['id']}/rejected", params={"limit": 1})).json()
    query = {"limit": 1, "cursor": page["next_cursor"]}
    rest = (await api.get(f"/api/imports/{done['id']}/rejected", params=query)).json()
    assert [row["line"] for row in page["items"] + rest["items"]] == [4, 5]
    assert rest["next_cursor"] is None
    rejected = await api.get(f"/api/imports/{done['id']}/rejected.csv")
    rows = list(csv.reader(io.StringIO(rejected.content.decode("utf-8-sig"))))
    assert [row[:2] for row in rows] == [["line", "value"], ["4", "12"], ["5", f"'{phone}"]]
    assert rows[2][2] == "same number as line 2"
    assert await pool.fetchval("SELECT count(*) FROM import_parts WHERE import_id = $1", done["id"]) == 0


@pytest.mark.usefixtures("running_worker")
async def test_known_numbers_are_updated_or_left_alone(api: httpx.AsyncClient, pool: Pool) -> None:
    """Left alone, they still join the category, and an opt-out counts."""
    known, out = next_phone(), next_phone()
    first = await imported(api, f"phone,name,city\n{known},Zoé,Lyon\n{out},Ana,\n")
    category = f"Skip {known}"
    skipped = await imported(
        api, f"phone,name,opt-out\n{known},Other,\n{out},,yes\n", duplicates="skip", category=category
    )
    updated = await imported(api, f"phone,name,tier\n{known},,a\n", duplicates="update")

    assert (first["created"], first["updated"], first["skipped"]) == (2, 0, 0)
    assert (skipped["created"], skipped["updated"], skipped["skipped"], skipped["opted_out"]) == (0, 1, 1, 1)
    assert (updated["created"], updated["updated"], updated["skipped"]) == (0, 1, 0)
    row = await pool.fetchrow("SELECT name, variables FROM contacts WHERE phone = $1", known)
    assert row is not None
    assert tuple(row) == ("Zoé", {"city": "Lyon", "tier": "a"})
    assert await pool.fetchval("SELECT opted_out_at IS NOT NULL FROM contacts WHERE phone = $1", out)
    category_id = await contacts.save_category(pool, category)
    assert await pool.fetchval("SELECT contact_count FROM categories WHERE id = $1", category_id) == 2


@pytest.mark.usefixtures("running_worker")
async def test_a_person_may_say_what_columns_mean(api: httpx.AsyncClient, pool: Pool) -> None:
    """The mapping decides, not the titles."""
    phone = next_phone()
    content = f"Fixe,Mobile 2,name\n0199000000,{phone},Lyon\n"
    preview = await api.post(
        "/api/imports/preview", content=content, params={"mapping": '{"Mobile 2": "phone", "name": "variable"}'}
    )
    done = await imported(api, content, mapping='{"Mobile 2": "phone", "Fixe": "ignored"}')

    assert [column["meaning"] for column in preview.json()["columns"]] == ["variable", "phone", "variable"]
    assert done["created"] == 1
    row = await pool.fetchrow("SELECT name, variables FROM contacts WHERE phone = $1", phone)
    assert row is not None
    assert tuple(row) == (None, {"name": "Lyon"})


async def test_a_preview_tells_how_the_file_is_read_and_stores_nothing(api: httpx.AsyncClient) -> None:
    """Delimiter, encoding, meanings, and the first ten rows."""
    phone = next_phone()
    rows = "".join(f"{phone};Zoé;{n}\r\n" for n in range(20))
    answer = await api.post("/api/imports/preview", content=f"Tél.;Prénom;n\r\n{rows}".encode("cp1252"))

    preview = answer.json()
    assert (preview["delimiter"], preview["encoding"], preview["has_header"]) == (";", "windows-1252", True)
    assert [(column["title"], column["meaning"]) for column in preview["columns"]] == [
        ("Tél.", "phone"),
        ("Prénom", "first_name"),
        ("n", "variable"),
    ]
    assert preview["rows"] == [[phone, "Zoé", str(n)] for n in range(10)]
    assert (await api.get("/api/contacts", params={"q": phone})).json()["items"] == []


async def test_a_preview_shows_columns_of_which_nobody_knows_the_phone_yet(api: httpx.AsyncClient) -> None:
    """Whoever looks at it can say so then; and of which country numbers are taken to be."""
    answer = await api.post("/api/imports/preview", content="Joignable au;Ville\n0639980000;Lyon\n")
    assert answer.status_code == 200, answer.text
    assert [column["meaning"] for column in answer.json()["columns"]] == ["variable", "variable"]
    assert answer.json()["rows"] == [["0639980000", "Lyon"]]
    assert answer.json()["country"] == "FR"


async def test_a_preview_of_a_large_file_needs_its_head_only(api: httpx.AsyncClient) -> None:
    """A character that is cut at the end of the head does not change the encoding."""
    answer = await api.post(
        "/api/imports/preview", content=("phone,x\n" + "+33639980000,é\n" * 40_000).encode()
    )
    assert answer.json()["encoding"] == "utf-8"
    assert len(answer.json()["rows"]) == 10


@pytest.mark.parametrize(
    ("content", "params", "hint"),
    [
        (b"", {}, "empty"),
        (b"city;colour\nParis;red", {}, "Name the column phone"),
        (b"phone\n1", {"mapping": '{"tel": "phone"}'}, "does not have: tel"),
        (b"phone\n1", {"mapping": '{"phone": "number"}'}, "categories"),
        (b"phone\n1", {"mapping": "x"}, "JSON"),
        (b"a,b\n1,2", {"mapping": '{"a": "phone", "b": "phone"}'}, "several columns"),
    ],
)
async def test_a_file_that_cannot_be_right_is_refused_and_forgotten(
    api: httpx.AsyncClient, pool: Pool, content: bytes, params: dict[str, str], hint: str
) -> None:
    """At once, with what to do; nothing is left of it."""
    before = await pool.fetchval("SELECT count(*) FROM imports")
    answer = await api.post("/api/imports", content=content, params=params)
    assert answer.status_code == 422
    assert hint in answer.json()["detail"]
    assert await pool.fetchval("SELECT count(*) FROM imports") == before


@pytest.mark.usefixtures("running_worker")
async def test_a_file_that_breaks_in_the_middle_says_where(api: httpx.AsyncClient) -> None:
    """What a person has to do is in the error."""
    done = await imported(api, f'phone,name\n{next_phone()},A\n{next_phone()},"B\n')
    assert done["state"] == "failed"
    assert "never closed" in done["error"]


@pytest.mark.usefixtures("running_worker")
async def test_a_large_upload_is_stored_in_pieces_and_read_whole(api: httpx.AsyncClient) -> None:
    """More than one piece, and a repeated number in another portion than the first."""
    phones = [next_phone() for _ in range(5)]
    filling = "x" * 100
    rows = [f"{phones[n % 5]},{filling}" for n in range(12_000)]
    done = await imported(api, "phone,note\n" + "\n".join(rows))
    assert (done["state"], done["rows_read"], done["created"]) == ("completed", 12_000, 5)
    assert done["rejected"] == 12_000 - 5


async def test_an_import_is_cancelled_before_it_begins(api: httpx.AsyncClient, pool: Pool) -> None:
    """Twice is once; one that has ended cannot be cancelled."""
    import_id = await pool.fetchval(
        "INSERT INTO imports (state, country, duplicates) VALUES ('queued', 'FR', 'skip') RETURNING id::text"
    )
    done_id = await pool.fetchval(
        "INSERT INTO imports (state, country, duplicates) VALUES ('completed', 'FR', 'skip') RETURNING id::text"
    )
    answers = [await api.post(f"/api/imports/{import_id}/cancel") for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["cancelled", "cancelled"]
    assert (await api.post(f"/api/imports/{done_id}/cancel")).status_code == 409


async def test_imports_are_listed_the_latest_first(api: httpx.AsyncClient, pool: Pool) -> None:
    """A3."""
    insert = (
        "INSERT INTO imports (state, country, duplicates) VALUES ('completed', 'FR', 'skip') RETURNING id::text"
    )
    made = [await pool.fetchval(insert) for _ in range(3)]
    first = (await api.get("/api/imports", params={"limit": 2})).json()
    second = (await api.get("/api/imports", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == list(reversed(made))


async def test_an_import_that_does_not_exist_is_not_found(api: httpx.AsyncClient) -> None:
    nothing = "/api/imports/00000000-0000-0000-0000-000000000001"
    for answer in (
        await api.get(nothing),
        await api.get(f"{nothing}/rejected.csv"),
        await api.get(f"{nothing}/rejected"),
        await api.post(f"{nothing}/cancel"),
    ):
        assert answer.status_code == 404
