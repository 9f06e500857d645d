"""Reads a file of contacts as people export it: any usual separator, encoding and header.

Headers are known in French and English.

Every row ends as a contact or as a rejected row with its line, its value and a reason; none is lost.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from domain.phone import InvalidPhoneError, parse_phone

PHONE_HEADERS = frozenset(
    {"phone", "phonenumber", "number", "numero", "numerodetelephone", "telephone", "tel", "gsm"}
    | {"mobile", "mobilephone", "portable", "whatsapp", "ndetelephone", "telephoneportable", "telephonemobile"}
)
NAME_HEADERS = frozenset(["name", "fullname", "nom", "nomcomplet", "displayname"])
PLAIN_NAME_HEADERS = frozenset(["name", "nom"])
FIRST_NAME_HEADERS = frozenset(["firstname", "prenom", "givenname"])
LAST_NAME_HEADERS = frozenset(["lastname", "nomdefamille", "surname", "familyname"])
OPTED_OUT_HEADERS = frozenset(["optedout", "optout", "unsubscribed", "desinscrit", "desabonne", "stop"])
_END = "\x00end of file"  # a row after the last one: whatever swallows it was never closed
YES = frozenset(["1", "yes", "y", "true", "oui", "o", "vrai", "x"])


class ContactFileError(ValueError):
    """The file as a whole cannot be read; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRow:
    """One valid contact."""

    line: int  # where its row begins in the file, from 1
    phone: str  # E.164
    name: str
    variables: dict[str, str]
    opted_out: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRow:
    """One row that is no contact, and why."""

    line: int
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactFile:
    """What a file holds."""

    contacts: list[ContactRow]
    rejected: list[RejectedRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Columns:
    phone: int
    name: int | None
    first_name: int | None
    last_name: int | None
    opted_out: int | None
    variables: dict[str, int]


def read_contacts(data: bytes, default_country: str) -> ContactFile:
    """Reads the whole file. Raises ContactFileError when it is no table of contacts."""
    # NUL is the one character that PostgreSQL cannot store in a text.
    rows = _rows(_decode(data).replace("\x00", ""))
    first = next(rows, None)
    if first is None:
        raise ContactFileError("the file is empty: it needs a header with a column phone, and rows below it")
    _line, cells = first
    columns = _find_columns(cells)
    body: Iterator[tuple[int, list[str]]] = rows
    if columns is None:
        if len(cells) != 1 or not re.search(r"\d{4}", re.sub(r"\D", "", cells[0])):
            raise ContactFileError(
                f"no column with phone numbers: found {', '.join(cells)}. Name the column phone or telephone"
            )
        columns = _Columns(phone=0, name=None, first_name=None, last_name=None, opted_out=None, variables={})
        body = iter([first, *rows])
    return _read_rows(body, columns, default_country)


def _read_rows(rows: Iterator[tuple[int, list[str]]], columns: _Columns, default_country: str) -> ContactFile:
    contacts: list[ContactRow] = []
    rejected: list[RejectedRow] = []
    seen: dict[str, int] = {}  # index into contacts
    for line, cells in rows:
        value = _cell(cells, columns.phone)
        try:
            phone = parse_phone(value, default_country)
        except InvalidPhoneError as error:
            rejected.append(RejectedRow(line=line, value=value, reason=str(error)))
            continue
        if phone in seen:
            first = contacts[seen[phone]]
            rejected.append(RejectedRow(line=line, value=value, reason=f"same number as line {first.line}"))
            if _opted_out(cells, columns):  # a second row may be refused, its opt-out may not
                contacts[seen[phone]] = replace(first, opted_out=True)
            continue
        seen[phone] = len(contacts)
        contacts.append(_contact(line, phone, cells, columns))
    return ContactFile(contacts=contacts, rejected=rejected)


def _contact(line: int, phone: str, cells: list[str], columns: _Columns) -> ContactRow:
    first_name = _cell(cells, columns.first_name)
    name = _cell(cells, columns.name) or f"{first_name} {_cell(cells, columns.last_name)}".strip()
    variables = {title: value for title, index in columns.variables.items() if (value := _cell(cells, index))}
    return ContactRow(
        line=line,
        phone=phone,
        name=name,
        variables=variables,
        opted_out=_opted_out(cells, columns),
    )


def _opted_out(cells: list[str], columns: _Columns) -> bool:
    return _cell(cells, columns.opted_out).casefold() in YES


def _cell(cells: list[str], index: int | None) -> str:
    return cells[index].strip() if index is not None and index < len(cells) else ""


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line on which it begins."""
    header = text.lstrip().partition("\n")[0]
    separator = max(";\t,", key=header.count)
    reader = csv.reader(chain(io.StringIO(text, newline=""), [_END]), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if cells == [_END]:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ContactFileError(f"line {line} is no CSV: {error}") from error
    raise ContactFileError("a quotation mark is opened and never closed: remove it, or close it")


def _find_columns(header: list[str]) -> _Columns | None:
    titles = [title.strip() for title in header]
    keys = [_key(title) for title in titles]

    def find(names: frozenset[str]) -> int | None:
        return next((index for index, key in enumerate(keys) if key in names), None)

    phone = find(PHONE_HEADERS)
    if phone is None:
        return None
    known = {
        "name": find(NAME_HEADERS),
        "first_name": find(FIRST_NAME_HEADERS),
        "last_name": find(LAST_NAME_HEADERS),
        "opted_out": find(OPTED_OUT_HEADERS),
    }
    has_first_name_alone = known["first_name"] is not None and known["last_name"] is None
    if has_first_name_alone and known["name"] is not None and keys[known["name"]] in PLAIN_NAME_HEADERS:
        # Beside a first name, a plain "Nom" or "Name" is the last name.
        known["last_name"], known["name"] = known["name"], None
    taken = {phone, *known.values()} - {known["first_name"]}  # a first name is worth having as a variable
    variables = {title: index for index, title in enumerate(titles) if title and index not in taken}
    return _Columns(phone=phone, variables=variables, **known)


def _key(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)
