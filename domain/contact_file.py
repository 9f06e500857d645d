"""Reads a file of contacts as people export it: any usual separator, encoding and header.

A file is read piece by piece, so that a large one needs no more memory than a small one, and reading can go on
where it was interrupted. Every row ends as a contact or as a rejected row with its line, its value and a
reason; none is lost.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice

from domain.contact_columns import Column, Meaning, guess_columns, map_columns
from domain.contact_limits import LONGEST_TITLE, too_long
from domain.csv_cells import unguard_cell
from domain.phone import InvalidPhoneError, parse_phone

YES = frozenset(["1", "yes", "y", "true", "oui", "o", "vrai", "x"])
UTF_8 = "utf-8-sig"
WINDOWS = "cp1252"
_END = "\x00end of file"  # a row after the last one: whatever swallows it was never closed
_CATEGORY_ENDS = re.compile(r"[|;]")
_LINE_THAT_HOLDS_ANYTHING = re.compile(r"^.*[^\s;,\"].*$", re.MULTILINE)
_VARIABLES = (Meaning.VARIABLE, Meaning.FIRST_NAME)  # a first name is worth having as a variable
LARGEST_ROW = 1024 * 1024  # in bytes, as LARGEST_PORTION
LARGEST_PORTION = 8 * 1024 * 1024
LONGEST_REJECTED_VALUE = 200
_TOO_LARGE = "the row is larger than 1 MiB: is this a CSV file, and is every quotation mark closed?"


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
    categories: tuple[str, ...] = ()  # names


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
class Layout:
    """How a file is written, and what its columns mean."""

    encoding: str  # utf-8-sig or cp1252
    delimiter: str
    has_header: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where a row begins."""

    offset: int = 0  # in bytes
    line: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """Some rows of a file that follow each other; no rows: the file has ended."""

    rows: int
    contacts: list[ContactRow]
    rejected: list[RejectedRow]
    ends_at: Position  # where the next row begins


@dataclass(frozen=True, kw_only=True, slots=True)
class _Columns:
    phone: int
    name: int | None
    first_name: int | None
    last_name: int | None
    opted_out: int | None
    categories: list[int]
    variables: list[tuple[str, int]]


def read_contacts(data: bytes, default_country: str) -> ContactFile:
    """Reads a whole file at once. Raises ContactFileError when it is no table of contacts."""
    layout = examine(data, encoding=find_encoding([data]))
    portion = ContactReader([data], layout, default_country).take(None)
    return ContactFile(contacts=portion.contacts, rejected=portion.rejected)


def find_encoding(parts: Iterable[bytes], *, complete: bool = True) -> str:
    """UTF-8, with or without a byte order mark, if all bytes are; else Windows-1252.

    With `complete=False` the last character may be cut.
    """
    finder = EncodingFinder()
    for part in parts:
        finder.feed(part)
    return finder.found(complete=complete)


class EncodingFinder:
    """The same for a file that comes piece by piece."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_utf_8 = True

    def feed(self, part: bytes, *, final: bool = False) -> None:
        """The next piece."""
        if self._is_utf_8:
            try:
                self._decoder.decode(part, final)
            except UnicodeDecodeError:
                self._is_utf_8 = False

    def found(self, *, complete: bool = True) -> str:
        """What the pieces are written in; with `complete=False`, more may come."""
        self.feed(b"", final=complete)
        return UTF_8 if self._is_utf_8 else WINDOWS


def examine(
    head: bytes, *, encoding: str, mapping: Mapping[str, Meaning] | None = None, needs_phone: bool = True
) -> Layout:
    """What the beginning of a file tells; it has to hold the header as a whole.

    `mapping` says what columns mean, by their titles. With `needs_phone=False`, somebody may still say which of
    them holds the numbers. Raises ContactFileError.
    """
    delimiter, header = _header(head, encoding)
    try:
        columns = map_columns(header, mapping) if mapping else guess_columns(header)
    except ValueError as error:
        raise ContactFileError(str(error)) from error
    for column in columns:
        if column.meaning in _VARIABLES and len(column.title) > LONGEST_TITLE:
            raise ContactFileError(
                f"the title {column.title[:30]}… is longer than {LONGEST_TITLE} characters: shorten it"
            )
    titled = Layout(encoding=encoding, delimiter=delimiter, has_header=True, columns=tuple(columns))
    if any(column.meaning is Meaning.PHONE for column in columns):
        return titled
    if len(header) != 1 or mapping or not re.search(r"\d{4}", re.sub(r"\D", "", header[0])):
        if not needs_phone:
            return titled
        raise ContactFileError(
            f"no column with phone numbers: found {', '.join(header)}. Name the column phone or telephone"
        )
    return Layout(
        encoding=encoding,
        delimiter=delimiter,
        has_header=False,
        columns=(Column(title="phone", meaning=Meaning.PHONE),),
    )


def first_cells(head: bytes, layout: Layout, count: int) -> list[list[str]]:
    """The cells of the first rows below the header, as they stand in the file."""
    rows = _rows(_Lines([head], layout.encoding), layout.delimiter)
    found: list[list[str]] = []
    try:
        for _line, cells in islice(rows, count + layout.has_header):
            found.append(cells)
    except ContactFileError:  # the head may end within a row
        pass
    return found[layout.has_header :]


class ContactReader:
    """Reads a file from a position on.

    `parts` are its bytes from there on, in pieces of any length. A number that comes twice in a portion is
    rejected; across portions, only whoever stores them can tell.
    """

    def __init__(
        self, parts: Iterable[bytes], layout: Layout, default_country: str, start: Position | None = None
    ) -> None:
        start = start or Position()
        self._start = start
        self._country = default_country
        self._columns = _by_meaning(layout.columns)
        self._lines = _Lines(parts, layout.encoding, is_start=start.offset == 0)
        self._rows = _rows(self._lines, layout.delimiter, start.line)
        if layout.has_header and start.offset == 0:
            next(self._rows, None)

    def take(self, count: int | None) -> Portion:
        """The next rows, at most so many, and fewer when they are long; None for all.

        Raises ContactFileError for what is no CSV.
        """
        contacts: dict[str, ContactRow] = {}
        rejected: list[RejectedRow] = []
        rows, began_at = 0, self._lines.bytes_read
        for line, cells in islice(self._rows, count):
            rows += 1
            self._read(line, cells, contacts, rejected)
            if count is not None and self._lines.bytes_read - began_at > LARGEST_PORTION:
                break
        return Portion(rows=rows, contacts=list(contacts.values()), rejected=rejected, ends_at=self._position())

    def _position(self) -> Position:
        return Position(
            offset=self._start.offset + self._lines.bytes_read, line=self._start.line + self._lines.read
        )

    def _read(
        self, line: int, cells: list[str], contacts: dict[str, ContactRow], rejected: list[RejectedRow]
    ) -> None:
        value = _cell(cells, self._columns.phone)

        def reject(reason: str) -> None:
            rejected.append(RejectedRow(line=line, value=value[:LONGEST_REJECTED_VALUE], reason=reason))

        try:
            phone = parse_phone(value, self._country)
        except InvalidPhoneError as error:
            reject(str(error))
            return
        first = contacts.get(phone)
        if first is not None:
            reject(same_number(first.line))
            if _opted_out(cells, self._columns):  # a second row may be refused, its opt-out may not
                contacts[phone] = replace(first, opted_out=True)
            return
        contact = _contact(line, phone, cells, self._columns)
        reason = too_long(name=contact.name, variables=contact.variables, categories=contact.categories)
        if reason is None:
            contacts[phone] = contact
        elif contact.opted_out:  # nor may this one: of the rest, nobody will make any use
            contacts[phone] = replace(contact, name="", variables={}, categories=())
        else:
            reject(reason)


def same_number(line: int) -> str:
    """Why a row is rejected whose number came before."""
    return f"same number as line {line}"


class _Lines:
    """The lines of a file, decoded one by one; says how far it has come."""

    def __init__(self, parts: Iterable[bytes], encoding: str, *, is_start: bool = True) -> None:
        self._parts = parts
        self._encoding = "utf-8" if encoding == UTF_8 else encoding
        self._is_start = is_start
        self._row_began = 0
        self.bytes_read = 0
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        encoding = self._encoding
        for raw in _raw_lines(self._parts):
            self.bytes_read += len(raw)
            self.read += 1
            if self.bytes_read - self._row_began > LARGEST_ROW:
                raise _RowTooLargeError
            # NUL is the one character that PostgreSQL cannot store in a text.
            text = raw.decode(encoding, errors="replace").replace("\x00", "")
            if self._is_start:
                text = text.removeprefix("\ufeff")
                self._is_start = False
            yield text

    def end_row(self) -> None:
        """The next line begins another row."""
        self._row_began = self.bytes_read


class _RowTooLargeError(Exception):
    """A row that is held in memory as a whole would be too much for it."""


def _raw_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their ends: CR, LF or both, as an editor counts them."""
    rest = b""
    for part in parts:
        lines = (rest + part).splitlines(keepends=True)
        # The last line may go on; one that ends in CR may be followed by its LF.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        yield from lines
        if len(rest) > LARGEST_ROW:
            raise _RowTooLargeError
    if rest:
        yield rest


def _rows(lines: _Lines, delimiter: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with the line on which it begins."""
    reader = csv.reader(chain(lines, [_END]), delimiter=delimiter)
    line = first_line
    try:
        for cells in reader:
            if cells == [_END]:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = first_line + reader.line_num
            lines.end_row()
    except _RowTooLargeError:
        raise ContactFileError(f"line {line}: {_TOO_LARGE}") from None
    except csv.Error as error:
        raise ContactFileError(f"line {line} is no CSV: {error}") from error
    raise ContactFileError("a quotation mark is opened and never closed: remove it, or close it")


def _header(head: bytes, encoding: str) -> tuple[str, list[str]]:
    """The separator, and the first row that holds anything."""
    text = head.decode(encoding, errors="replace").replace("\x00", "").lstrip("\ufeff")
    # A tab in front is no blank: the first title is empty.
    first = _LINE_THAT_HOLDS_ANYTHING.search(text)
    delimiter = max(";\t,", key=first[0].count if first else "".count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        cells = next(row for row in rows if any(cell.strip() for cell in row))
    except StopIteration:
        raise ContactFileError(
            "the file is empty: it needs a header with a column phone, and rows below it"
        ) from None
    except csv.Error as error:
        raise ContactFileError(f"line 1 is no CSV: {error}") from error
    return delimiter, cells


def _by_meaning(columns: tuple[Column, ...]) -> _Columns:
    def find(meaning: Meaning) -> int | None:
        return next((index for index, column in enumerate(columns) if column.meaning is meaning), None)

    phone = find(Meaning.PHONE)
    if phone is None:
        raise ValueError("a layout without a column for the number")
    return _Columns(
        phone=phone,
        name=find(Meaning.NAME),
        first_name=find(Meaning.FIRST_NAME),
        last_name=find(Meaning.LAST_NAME),
        opted_out=find(Meaning.OPTED_OUT),
        categories=[n for n, column in enumerate(columns) if column.meaning is Meaning.CATEGORIES],
        variables=[
            (column.title, index)
            for index, column in enumerate(columns)
            if column.meaning in _VARIABLES and column.title
        ],
    )


def _contact(line: int, phone: str, cells: list[str], columns: _Columns) -> ContactRow:
    first_name = _cell(cells, columns.first_name)
    name = _cell(cells, columns.name) or f"{first_name} {_cell(cells, columns.last_name)}".strip()
    categories = chain.from_iterable(_CATEGORY_ENDS.split(_cell(cells, n)) for n in columns.categories)
    return ContactRow(
        line=line,
        phone=phone,
        name=name,
        variables={title: value for title, index in columns.variables if (value := _cell(cells, index))},
        opted_out=_opted_out(cells, columns),
        categories=tuple(dict.fromkeys(stripped for each in categories if (stripped := each.strip()))),
    )


def _opted_out(cells: list[str], columns: _Columns) -> bool:
    return _cell(cells, columns.opted_out).casefold() in YES


def _cell(cells: list[str], index: int | None) -> str:
    return unguard_cell(cells[index].strip()) if index is not None and index < len(cells) else ""
