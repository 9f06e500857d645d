"""The import of a file through the API: every row ends as a contact or with a reason."""

import httpx

from storage.database import Pool
from tests.conftest import next_phone


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
    refused = await api.post("/api/contacts/import", content=content, params={"category": "Odd\x00"})

    assert imported.status_code == 200, imported.text
    assert imported.json()["created"] == 1
    assert await pool.fetchval("SELECT name FROM contacts WHERE phone = $1", phone) == "Zoé"
    assert refused.status_code == 422
    assert "cannot be stored" in refused.json()["detail"]
