"""For Schemathesis, which gives every request the same key: most of them would never reach their route."""

import secrets
from typing import Any

import schemathesis

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """A good key becomes one of its own; what is no key stays wrong."""
    given = (case.headers or {}).get(KEY)
    if given is not None and str(given).isascii() and str(given).isalnum():
        case.headers[KEY] = secrets.token_hex(8)
