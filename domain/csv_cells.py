"""Cells of CSV files that a spreadsheet takes for text, whatever they hold.

A cell that begins like a formula gets a single quote in front; reading the file again takes it away. Numbers in
E.164 begin with a plus sign, so that they are guarded as well and stay as they are.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Those that OWASP names, also in their wide forms. A quote before them is guarded too, so that it comes back.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

BYTE_ORDER_MARK = "\ufeff"  # tells Excel that a file is UTF-8


def guard_cell(text: str) -> str:
    """The text as a cell that no spreadsheet computes."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard_cell(cell: str) -> str:
    """The text of a cell that may have been guarded."""
    return cell[1:] if _GUARDED.match(cell) else cell


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as RFC 4180 writes them, every cell guarded; None is an empty cell."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(
        ["" if cell is None else guard_cell(str(cell)) for cell in row] for row in rows
    )
    return written.getvalue()
