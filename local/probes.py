"""Whether a process is ready to serve: each probe answers None, or why not yet."""

from collections.abc import Awaitable, Callable

import httpx

from local.logfile import LogFile

# Gets the log of the process, for those that announce readiness there.
Probe = Callable[[LogFile], Awaitable[str | None]]

PROBE_TIMEOUT_S = 2.0


def http_answers(url: str) -> Probe:
    """Ready when the address answers 200."""

    async def probe(_: LogFile) -> str | None:
        try:
            async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_S, trust_env=False) as client:
                response = await client.get(url)
        except httpx.HTTPError as error:
            return f"{url}: {error or type(error).__name__}"
        return None if response.status_code == 200 else f"{url} answers {response.status_code}"

    return probe


def log_contains(text: str) -> Probe:
    """Ready when the process wrote this to its log."""

    async def probe(log: LogFile) -> str | None:
        return None if log.contains(text) else f"its log does not say {text!r} yet"

    return probe
