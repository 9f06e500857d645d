"""How long what we keep of a contact may be, however it comes: one by one, or by the file."""

from collections.abc import Mapping, Sequence

LONGEST_NAME = 200
LONGEST_TITLE = 100  # of a variable, as LONGEST_VALUE
LONGEST_VALUE = 4000
MOST_VARIABLES = 100
LONGEST_CATEGORY = 100

_SHOWN = 30


def too_long(*, name: str, variables: Mapping[str, str], categories: Sequence[str]) -> str | None:
    """What of these is over a limit, and over which; None if nothing is."""
    if len(name) > LONGEST_NAME:
        return f"the name is longer than {LONGEST_NAME} characters"
    if len(variables) > MOST_VARIABLES:
        return f"more than {MOST_VARIABLES} variables"
    for title, value in variables.items():
        if len(value) > LONGEST_VALUE:
            return f"{title} is longer than {LONGEST_VALUE} characters"
    for category in categories:
        if len(category) > LONGEST_CATEGORY:
            return f"the category {category[:_SHOWN]}… is longer than {LONGEST_CATEGORY} characters"
    return None
