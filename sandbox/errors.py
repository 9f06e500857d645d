"""Wassenger refuses in one shape: `status`, `message`, and sometimes `errorCode` and `errors`."""

from collections.abc import Sequence
from typing import Any

Problem = dict[str, str]


class ApiError(Exception):
    """A refusal that the caller gets to read as JSON."""

    def __init__(
        self, status: int, message: str, code: str | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(status, message, code, problems)


def error_body(
    status: int, message: str, code: str | None = None, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    body: dict[str, Any] = {"status": status, "message": message}
    if code is not None:
        body["errorCode"] = code
    if problems:
        body["errors"] = list(problems)
    return body


def not_found(what: str, key: str) -> ApiError:
    return ApiError(404, f"There is no {what} {key}", f"{what}:notfound")
