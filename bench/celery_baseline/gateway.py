"""Wassenger, as far as the baseline needs it."""

import httpx

from bench.celery_baseline.settings import SETTINGS

_client = httpx.Client(
    base_url=f"{SETTINGS.gateway_url}/v1",
    headers={"Token": SETTINGS.gateway_token},
    timeout=SETTINGS.gateway_timeout_s,
    trust_env=False,
)


class WassengerError(Exception):
    """Not sent, or nobody knows: worth another try."""


class BusyError(WassengerError):
    """429: nothing was taken, and no try is lost."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"429, again after {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class RejectedError(Exception):
    """This message will never be taken."""


def send(*, phone: str, body: str, device: str, reference: str) -> None:
    """Sends one message. The reference comes back in the webhooks about it."""
    order = {"phone": phone, "message": body, "device": device, "reference": reference, "retries": 2}
    try:
        answer = _client.post("/messages", json={**order, "expiration": {"seconds": 600}})
    except httpx.HTTPError as error:
        raise WassengerError(f"{type(error).__name__}: {error}") from error
    if answer.status_code == 429:
        given = answer.headers.get("Retry-After", "")
        raise BusyError(float(given) if given.isdecimal() else SETTINGS.retry_base_s)
    if answer.status_code in {400, 404, 409, 422}:
        raise RejectedError(answer.text[:300])
    if not answer.is_success:
        raise WassengerError(f"{answer.status_code} {answer.text[:100]}")
