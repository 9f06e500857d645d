"""Meta refuses in one shape, and what counts in it is the code."""

import secrets
from typing import Any

INVALID_TOKEN = 190
META_GENERIC = 131000


class MetaError(Exception):
    """A refusal that the caller gets to read as JSON. Which HTTP status goes with a code is an assumption."""

    def __init__(self, code: int, details: str, *, status: int = 400, subcode: int | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.status = status
        self.subcode = subcode


def meta_error_body(code: int, details: str, subcode: int | None = None) -> dict[str, Any]:
    return {
        "error": {
            "message": f"(#{code}) {details}",
            "type": "OAuthException",
            "code": code,
            **({} if subcode is None else {"error_subcode": subcode}),
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": secrets.token_urlsafe(12),
        }
    }


def status_error(code: int, details: str) -> dict[str, Any]:
    """The same in a status webhook."""
    return {
        "code": code,
        "title": details,
        "message": details,
        "error_data": {"details": details},
    }
