"""What the doctor says about one part of a Relance."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum

TIMEOUT_S = 4.0  # of one question
_CHECK_TIMEOUT_S = 10.0  # of all the questions of one check


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # Relance works, with less than it should have
    FAILED = "failed"  # Relance does not work


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    verdict: Verdict
    detail: str
    hint: str = ""  # what to do; empty when nothing needs doing


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name=name, verdict=Verdict.OK, detail=detail)


def warning(name: str, detail: str, hint: str) -> Finding:
    """Relance works, with less than it should have."""
    return Finding(name=name, verdict=Verdict.WARNING, detail=detail, hint=hint)


def failed(name: str, detail: str, hint: str) -> Finding:
    """Relance does not work."""
    return Finding(name=name, verdict=Verdict.FAILED, detail=detail, hint=hint)


def reason(error: BaseException) -> str:
    """An error in words, also one that carries none."""
    return str(error) or type(error).__name__


async def guarded(name: str, check: Awaitable[Finding | list[Finding]]) -> list[Finding]:
    """The findings of a check, or that it broke: one broken check must not hide what the others found."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            found = await check
    except TimeoutError:
        detail = f"no answer within {_CHECK_TIMEOUT_S:g} s"
        return [failed(name, detail, "Something accepts connections and does not answer: restart it.")]
    except Exception as error:  # whatever a driver may raise
        detail = f"cannot be checked: {type(error).__name__}: {error}"
        return [failed(name, detail, "Check the settings that name this part.")]
    return found if isinstance(found, list) else [found]
