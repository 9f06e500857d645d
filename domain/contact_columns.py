"""What the columns of a contact file mean, guessed from titles in French and English or said by a person."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """What a column holds."""

    PHONE = "phone"
    NAME = "name"
    FIRST_NAME = "first_name"  # a part of the name, and a variable as well
    LAST_NAME = "last_name"
    OPTED_OUT = "opted_out"
    CATEGORIES = "categories"  # one, or several between | or ;
    VARIABLE = "variable"
    IGNORED = "ignored"


TITLES: Mapping[Meaning, frozenset[str]] = {
    Meaning.PHONE: frozenset(
        {"phone", "phonenumber", "number", "numero", "numerodetelephone", "telephone", "tel", "gsm"}
        | {"mobile", "mobilephone", "portable", "whatsapp", "ndetelephone", "telephoneportable"}
        | {"telephonemobile"}
    ),
    Meaning.NAME: frozenset({"name", "fullname", "nom", "nomcomplet", "displayname"}),
    Meaning.FIRST_NAME: frozenset({"firstname", "prenom", "givenname"}),
    Meaning.LAST_NAME: frozenset({"lastname", "nomdefamille", "surname", "familyname"}),
    Meaning.OPTED_OUT: frozenset({"optedout", "optout", "unsubscribed", "desinscrit", "desabonne", "stop"}),
    Meaning.CATEGORIES: frozenset(
        {"category", "categories", "categorie", "group", "groups", "groupe", "groupes"}
    ),
    # What our own export says besides: it must not come back as variables.
    Meaning.IGNORED: frozenset({"onwhatsapp", "createdat"}),
}
PLAIN_NAME_TITLES = frozenset(["name", "nom"])
SINGLE = (Meaning.PHONE, Meaning.NAME, Meaning.FIRST_NAME, Meaning.LAST_NAME, Meaning.OPTED_OUT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a file."""

    title: str
    meaning: Meaning


def guess_columns(titles: Sequence[str]) -> list[Column]:
    """The columns under these titles; the first that fits a meaning has it, the others are variables."""
    keys = [_key(title) for title in titles]
    meanings: list[Meaning] = []
    for key in keys:
        meaning = next((meaning for meaning, known in TITLES.items() if key in known), Meaning.VARIABLE)
        meanings.append(Meaning.VARIABLE if meaning in SINGLE and meaning in meanings else meaning)
    if Meaning.FIRST_NAME in meanings and Meaning.LAST_NAME not in meanings and Meaning.NAME in meanings:
        index = meanings.index(Meaning.NAME)
        if keys[index] in PLAIN_NAME_TITLES:
            # Beside a first name, a plain "Nom" or "Name" is the last name.
            meanings[index] = Meaning.LAST_NAME
    return _columns(titles, meanings)


def map_columns(titles: Sequence[str], mapping: Mapping[str, Meaning]) -> list[Column]:
    """The columns as a person says; what the mapping does not name is a variable.

    Raises ValueError for a title that the file does not have, and for a meaning given twice.
    """
    unknown = mapping.keys() - {title.strip() for title in titles}
    if unknown:
        raise ValueError(
            f"the mapping names a column that the file does not have: {', '.join(sorted(unknown))}"
        )
    meanings = [mapping.get(title.strip(), Meaning.VARIABLE) for title in titles]
    twice = [meaning for meaning in SINGLE if meanings.count(meaning) > 1]
    if twice:
        raise ValueError(f"the mapping gives a meaning to several columns: {', '.join(twice)}")
    return _columns(titles, meanings)


def _columns(titles: Sequence[str], meanings: Sequence[Meaning]) -> list[Column]:
    return [
        Column(title=title.strip(), meaning=meaning) for title, meaning in zip(titles, meanings, strict=True)
    ]


def _key(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)
