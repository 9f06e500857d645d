"""Cells that no spreadsheet computes, and that come back as they were."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_file import read_contacts
from domain.contact_limits import LONGEST_NAME
from domain.csv_cells import csv_text, guard_cell, unguard_cell

_texts = st.one_of(st.text(), st.text(st.sampled_from("'=+-@\t\r\n\uff1d ab\",;")))


@pytest.mark.parametrize("text", ["=1+1", "+33639980000", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_what_looks_like_a_formula_gets_a_quote_in_front(text: str) -> None:
    assert guard_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Zoé", "a=1", "'quoted'", "12"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert guard_cell(text) == text == unguard_cell(text)


@given(_texts)
def test_no_guarded_cell_begins_like_a_formula_and_each_comes_back(text: str) -> None:
    guarded = guard_cell(text)
    assert guarded[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
    assert unguard_cell(guarded) == text


@given(st.lists(st.lists(_texts, min_size=1, max_size=4), max_size=5))
def test_rows_come_back_from_a_csv_reader(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [[unguard_cell(cell) for cell in row] for row in read] == rows


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9999),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=LONGEST_NAME),
        ),
        min_size=1,
        unique_by=lambda row: row[0],
    )
)
def test_an_export_is_imported_with_the_same_numbers_and_names(people: list[tuple[int, str]]) -> None:
    """Names as an import stores them: without spaces around."""
    rows = [(f"+3363998{number:04d}", name.strip()) for number, name in people]
    file = read_contacts(csv_text([("phone", "full_name"), *rows]).encode(), "FR")
    assert [(contact.phone, contact.name) for contact in file.contacts] == rows
    assert file.rejected == []
