"""Talks to a running API, for the `relance` command and the demo."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from local.addresses import running_addresses
from local.datadir import keep_secret
from local.errors import StackError
from settings import load_settings

LOCAL_API_KEY_FILE = "api-key.secret"  # in the data directory, made by the stack


class ApiError(StackError):
    """The API refused, or cannot be reached; the message says why."""


class ApiUnavailableError(ApiError):
    """The API is away, or says that it cannot answer now: it may be back in a moment."""


class ApiClient:
    """A thin client: JSON in, JSON out, problems as `ApiError`."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        self._base_url = base_url
        self._http = httpx.Client(base_url=base_url, timeout=60, headers=authorization(api_key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """The answer to a GET."""
        return self._call("GET", path)

    def list_all(self, path: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self._call("GET", path, params={"limit": "200", **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def post(
        self, path: str, body: dict[str, Any] | None = None, *, csv: bytes | None = None, **query: str | None
    ) -> Any:
        """The answer to a POST of JSON, or of a CSV file."""
        given = {key: value for key, value in query.items() if value is not None}
        if csv is not None:
            return self._call("POST", path, content=csv, headers={"Content-Type": "text/csv"}, params=given)
        return self._call("POST", path, json=body, params=given)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a PUT of JSON."""
        return self._call("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        """The answer to a DELETE."""
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ApiUnavailableError(
                f"the API at {self._base_url} cannot be reached ({type(error).__name__}): "
                "start it with `make up`, or set RELANCE_API_URL"
            ) from error
        if response.is_success:
            return response.json() if response.content else None
        if response.status_code == 401:
            raise ApiError(
                f"the API at {self._base_url} does not know you: set RELANCE_API_KEY to a key made there with "
                "`relance api-key create`, or run this on the machine of the API, in its folder"
            )
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        kind = ApiUnavailableError if response.status_code == 503 else ApiError
        raise kind(str(problem.get("detail") or f"the API answered {response.status_code} to {method} {path}"))


def authorization(api_key: str | None) -> dict[str, str]:
    """The header by which a program proves itself; none without a key."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def open_client() -> ApiClient:
    """A client of the API named in the settings, else of the stack that runs here."""
    settings = load_settings()
    given = settings.api_key.get_secret_value() if settings.api_key else None
    if settings.api_url is not None:  # perhaps another machine: the key of this one is none of its business
        return ApiClient(settings.api_url, given)
    if settings.local_api_key is not None:
        given = given or settings.local_api_key.get_secret_value()
    if running := running_addresses(settings.data_dir):
        api_url = running.api_url or settings.effective_api_url
        return ApiClient(api_url, given or keep_secret(settings.data_dir / LOCAL_API_KEY_FILE))
    return ApiClient(settings.effective_api_url, given)
