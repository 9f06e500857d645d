"""Files of contacts as people export them: every row ends as a contact or as a rejected row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_file import (
    ContactFile,
    ContactFileError,
    ContactReader,
    ContactRow,
    RejectedRow,
    examine,
    read_contacts,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "contacts.csv"


def read(text: str, encoding: str = "utf-8") -> ContactFile:
    """What a file of this text holds, in France."""
    return read_contacts(text.encode(encoding), "FR")


def only(text: str, encoding: str = "utf-8") -> ContactRow:
    """The one contact of a file in which nothing is rejected."""
    file = read(text, encoding)
    assert file.rejected == []
    [contact] = file.contacts
    return contact


def test_a_plain_file_becomes_contacts_with_lines_names_and_variables() -> None:
    assert only("phone,name,city\n06 39 98 00 01,Zoé A.,Évry\n") == ContactRow(
        line=2, phone="+33639980001", name="Zoé A.", variables={"city": "Évry"}, opted_out=False
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_usual_separator_and_line_end_is_understood(separator: str, end: str) -> None:
    rows = [["phone", "name", "city"], ["0639980001", "Zoé", "Évry"], ["0639980002", "Noël", "Sète"]]
    file = read(end.join(separator.join(row) for row in rows))
    assert [(contact.phone, contact.name, contact.variables) for contact in file.contacts] == [
        ("+33639980001", "Zoé", {"city": "Évry"}),
        ("+33639980002", "Noël", {"city": "Sète"}),
    ]
    assert [contact.line for contact in file.contacts] == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_accents_survive_every_usual_encoding(encoding: str) -> None:
    contact = only("Téléphone;Prénom;Ville\n0639980001;Hélène;Nîmes\n", encoding)
    assert (contact.name, contact.variables) == ("Hélène", {"Prénom": "Hélène", "Ville": "Nîmes"})


@pytest.mark.parametrize(
    "header",
    [
        *(
            "phone",
            "Phone Number",
            "PHONE_NUMBER",
            "number",
            " phone ",
            "Mobile",
            "GSM",
            "WhatsApp",
            "Portable",
        ),
        *("Téléphone", "TELEPHONE", "Tél.", "Numéro", "Numéro de téléphone", "N° de téléphone"),
        "Téléphone portable",
    ],
)
def test_headers_for_the_number_are_known_in_french_and_english(header: str) -> None:
    assert only(f"Ville;{header}\nNîmes;0639980001\n").phone == "+33639980001"


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("name", "Zoé Noël", "Zoé Noël"),
        ("Nom", "Noël", "Noël"),
        ("Nom complet", "Zoé Noël", "Zoé Noël"),
        ("Prénom;Nom", "Zoé;Noël", "Zoé Noël"),
        ("Nom;Prénom", "Noël;Zoé", "Zoé Noël"),
        ("First name;Last name", "Zoé;Noël", "Zoé Noël"),
        ("First name;Full name", "Zoé;Zoé de Noël", "Zoé de Noël"),
        ("Prénom;Nom de famille", "Zoé;", "Zoé"),
        ("Prénom;Nom de famille", ";Noël", "Noël"),
    ],
)
def test_a_name_may_come_in_one_column_or_in_two(header: str, cells: str, name: str) -> None:
    assert only(f"phone;{header}\n0639980001;{cells}\n").name == name


def test_a_first_name_is_a_variable_of_its_own() -> None:
    assert only("phone;Prénom;Nom\n0639980001;Zoé;Noël\n").variables == {"Prénom": "Zoé"}


def test_empty_cells_and_columns_without_a_title_are_no_variables() -> None:
    assert only("phone,city,,zip\n0639980001,,x,75001\n").variables == {"zip": "75001"}


@pytest.mark.parametrize("word", ["yes", "YES", "1", "true", "oui", "Oui", "x", "vrai", " y "])
def test_whoever_opted_out_before_is_imported_as_such(word: str) -> None:
    assert only(f"phone,opted_out\n0639980001,{word}\n").opted_out


@pytest.mark.parametrize("word", ["", "no", "0", "false", "non", "faux"])
def test_whoever_did_not_opt_out_is_not_taken_for_it(word: str) -> None:
    assert not only(f"téléphone,désinscrit\n0639980001,{word}\n").opted_out


@pytest.mark.parametrize("text", ["0639980001\n0639980002\n", "+33 6 39 98 00 01\r\n\r\n06.39.98.00.02"])
def test_a_list_of_numbers_needs_no_header(text: str) -> None:
    file = read(text)
    assert [contact.phone for contact in file.contacts] == ["+33639980001", "+33639980002"]
    assert file.contacts[0].line == 1


def test_a_damaged_first_number_is_no_header() -> None:
    file = read("3.36398E+10\n0639980002\n")
    assert [(row.line, row.value) for row in file.rejected] == [(1, "3.36398E+10")]
    assert [contact.line for contact in file.contacts] == [2]


def test_lines_are_those_that_an_editor_shows() -> None:
    text = 'phone,note\n\n0639980001,"one\ntwo\r\nthree"\n  ,\n0639980002,"a ""b"""\nx,"\n\n"\n0639980003,\n'
    file = read(text)
    assert [contact.line for contact in file.contacts] == [3, 7, 11]
    assert file.contacts[0].variables == {"note": "one\ntwo\r\nthree"}
    assert file.contacts[1].variables == {"note": 'a "b"'}
    assert [row.line for row in file.rejected] == [8]


def test_a_number_that_comes_twice_is_rejected_with_the_line_of_the_first() -> None:
    file = read("phone\n06 39 98 00 01\n+33639980002\n0033 6 39 98 00 01\n")
    assert [contact.line for contact in file.contacts] == [2, 3]
    assert file.rejected == [RejectedRow(line=4, value="0033 6 39 98 00 01", reason="same number as line 2")]


def test_the_opt_out_of_a_second_row_is_not_lost() -> None:
    file = read("phone,opted_out\n0639980001,\n+33639980001,yes\n0639980002,\n")
    assert [contact.opted_out for contact in file.contacts] == [True, False]
    assert len(file.rejected) == 1


def test_rows_are_rejected_with_their_value_and_a_reason() -> None:
    file = read("phone,name\n3.36E+10,A\n,B\n06 39,C\nhello,D\n")
    assert [(row.line, row.value) for row in file.rejected] == [
        (2, "3.36E+10"),
        (3, ""),
        (4, "06 39"),
        (5, "hello"),
    ]
    assert all(row.reason for row in file.rejected)
    assert file.contacts == []


def test_rows_may_be_shorter_or_longer_than_the_header() -> None:
    file = read("name,phone,city\nZoé\nNoël,0639980001\nInès,0639980002,Sète,surplus\n")
    assert [row.line for row in file.rejected] == [2]
    assert [contact.variables for contact in file.contacts] == [{}, {"city": "Sète"}]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n\n", "the file is empty"),
        (b"city,name\nNice,A\n", "no column with phone numbers: found city, name"),
        (b"0639980001,Zoe\n", "no column with phone numbers"),
        (b"hello\n", "no column with phone numbers"),
        (b"phone," + b"x" * 101 + b"\n0639980001,y\n", "longer than 100 characters: shorten it"),
        (b"phone\n" + b"x" * 200_000, "line 2 is no CSV"),
        (b'phone,name\n0639980001,"Zoe\n0639980002,B\n', "never closed"),
        (b'phone,name\n0639980001,"Zoe', "never closed"),
    ],
)
def test_what_is_no_table_of_contacts_is_refused_as_a_whole(data: bytes, problem: str) -> None:
    with pytest.raises(ContactFileError, match=problem):
        read_contacts(data, "FR")


def test_an_empty_first_title_of_a_table_with_tabs_is_a_column() -> None:
    """A3: the export of a spreadsheet whose first column holds row numbers."""
    for before in ("", "\ufeff", "\n", "  \r\n"):
        contact = only(f"{before}\tphone\tcity\r\n1\t0639980001\tSète\r\n")
        assert (contact.phone, contact.variables) == ("+33639980001", {"city": "Sète"})
    assert only(" \t\r\n,,\nphone,city\n0639980001,Sète\n").variables == {"city": "Sète"}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (f"{'N' * 201},,", "the name is longer than 200 characters"),
        (f",{'x' * 4001},", "city is longer than 4000 characters"),
        (f",,Friends|{'F' * 101}", f"the category {'F' * 30}… is longer than 100 characters"),
    ],
)
def test_a_row_that_is_too_long_is_rejected(cells: str, reason: str) -> None:
    """E17: what one contact may not have, a file may not bring; an opt-out counts all the same."""
    header = "phone,name,city,category,opted_out"
    file = read(f"{header}\n06 39 98 00 01,{cells},\n0639980001,N,,,\n0639980002,{cells},yes\n")
    assert file.rejected == [RejectedRow(line=2, value="06 39 98 00 01", reason=reason)]
    assert [(contact.phone, contact.line) for contact in file.contacts] == [
        ("+33639980001", 3),
        ("+33639980002", 4),
    ]
    assert file.contacts[1] == ContactRow(line=4, phone="+33639980002", name="", variables={}, opted_out=True)


def test_a_contact_has_a_hundred_variables_at_most() -> None:
    """E17."""
    titles = ",".join(f"v{n}" for n in range(101))
    file = read(f"phone,{titles}\n0639980001,{','.join('x' * 101)}\n0639980002,{','.join('x' * 100)}\n")
    assert [(row.line, row.reason) for row in file.rejected] == [(2, "more than 100 variables")]
    assert len(file.contacts) == 1


def test_the_value_of_a_rejected_row_is_shown_in_short() -> None:
    assert [len(row.value) for row in read(f"phone,name\n{'6' * 5000},A\n").rejected] == [200]


@pytest.mark.parametrize("row", [b"x" * 1024, b'x","\n' * 170 + b"xxxx"])
def test_a_row_without_an_end_is_given_up_at_once(row: bytes) -> None:
    """E17: nobody waits for its end, nor holds it in memory."""
    taken = 0

    def parts() -> Iterator[bytes]:
        nonlocal taken
        yield b"phone,name\n0639980001,A\n"
        for _ in range(64):
            taken += 1
            yield row * 256

    head = b"phone,name\n"
    reader = ContactReader(parts(), examine(head, encoding="utf-8-sig"), "FR")
    with pytest.raises(ContactFileError, match="line 3"):
        reader.take(None)
    assert taken <= 6


def test_a_portion_of_long_rows_is_smaller() -> None:
    """E17: what is held in memory does not depend on the file."""
    row = b"0639980001," + b",".join([b"x" * 4000] * 100) + b"\n"
    header = b"phone," + b",".join(b"v%d" % n for n in range(100)) + b"\n"
    reader = ContactReader([header, *[row] * 100], examine(header, encoding="utf-8-sig"), "FR")
    portions = [reader.take(5000) for _ in range(6)]
    assert [portion.rows for portion in portions] == [21, 21, 21, 21, 16, 0]


def test_what_the_database_cannot_store_is_left_out() -> None:
    contact = only("phone,na\x00me,ci\x00ty\n0639\x00980001,Z\x00oé,É\x00vry\n")
    assert (contact.phone, contact.name, contact.variables) == ("+33639980001", "Zoé", {"city": "Évry"})


def test_the_example_holds_what_the_readme_promises() -> None:
    data = EXAMPLE.read_bytes()
    file = read_contacts(data, "FR")
    assert len(data.decode().splitlines()) == 301
    assert len(file.contacts) + len(file.rejected) == 300
    assert 265 <= len(file.contacts) <= 275
    assert sum(row.reason.startswith("same number") for row in file.rejected) == 10
    assert len({row.reason for row in file.rejected if not row.reason.startswith("same number")}) >= 5
    assert sum(contact.opted_out for contact in file.contacts) == 5


_phones = st.one_of(
    st.integers(0, 30).map(lambda number: f"06 39 98 00 {number:02d}"),
    st.integers(0, 30).map(lambda number: f"+3363998{number:04d}"),
    st.sampled_from(["", "06 39", "x", "3.36E+10"]),
)
_cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_phones, _cells, _cells), max_size=30), st.sampled_from(",;\t"))
def test_every_row_ends_as_a_contact_or_as_rejected(rows: list[tuple[str, str, str]], separator: str) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([("phone", "name", "city"), *rows])
    file = read(written.getvalue())
    held = [row for row in rows if any(cell.replace("\x00", "").strip() for cell in row)]
    assert len(file.contacts) + len(file.rejected) == len(held)
    assert len({contact.phone for contact in file.contacts}) == len(file.contacts)
    lines = [contact.line for contact in file.contacts] + [row.line for row in file.rejected]
    assert len(set(lines)) == len(lines)
    assert all(row.reason for row in file.rejected)


@given(st.one_of(st.binary(), st.text(st.sampled_from('phone,;"\n\r\t0639é\x00')).map(str.encode)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        file = read_contacts(data, "FR")
    except ContactFileError:
        return
    assert all(contact.phone.startswith("+") for contact in file.contacts)
    assert all(row.reason for row in file.rejected)
