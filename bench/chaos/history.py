"""The history of a run: what was asked, what was answered, and what happened, one JSON line each.

Every entry has `at` (unix seconds), `kind`, `op`, and what belongs to the operation. A call has two entries
with the same `call`: `invoke`, then `ok`, `fail` (it certainly did nothing) or `unknown` (nobody knows). What
the system was not asked for is `info`:

| op | whose word | what |
| --- | --- | --- |
| `run` | the driver | seed, limits |
| `campaign` | the driver | window_s, grace_s, phones, unreachable (phones that are not on WhatsApp) |
| `device` | the driver | min_gap_s between two Messages 1, quota in 24 h |
| `down`, `up` | the driver | a process was killed, frozen or restarted (`how`); it works again |
| `fault` | the provider | what it did wrong on purpose, and how often (`fired`) |
| `clock` | the driver | the provider's clock is `offset_s` ahead from now on; all times here are by ours |
| `accepted` | the provider | it took a message: campaign, phone, message (1 or 2), device, sent_at |
| `told` | the provider | a webhook: event, id, ack, means, happened_at, status, answered_at, fault |
| `contact` | the system, at the end | state, status and attempts of both messages |
| `closed` | the system, at the end | whether and why a campaign has closed, its counters |
| `stored` | the system, at the end | the webhooks that it knows, and how many of them are unfinished |
| `unresolved` | the system, at the end | an attempt to send of which it does not know what became |

The checker needs nothing else, so it judges any system whose driver writes these.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
History = list[Entry]


class UnknownOutcomeError(Exception):
    """The call may or may not have had its effect: no answer, or one that does not say."""


class RefusedError(Exception):
    """The call was refused, and had no effect."""


def info(op: str, **data: Any) -> Entry:
    """What the system says of itself at the end."""
    return {"kind": "info", "op": op, **data}


class Recorder:
    """Writes a history line by line, so that a run that breaks leaves what it knew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: History = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._calls = 0

    def close(self) -> None:
        """No entry can follow."""
        self._file.close()

    def note(self, op: str, *, kind: str = "info", at: float | None = None, **data: Any) -> Entry:
        """One entry; `at` is now unless something else is known."""
        entry: Entry = {"at": time.time() if at is None else at, "kind": kind, "op": op, **data}
        self.entries.append(entry)
        self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        return entry

    @contextmanager
    def call(self, op: str, **data: Any) -> Iterator[None]:
        """Both entries of one call; its error is passed on."""
        self._calls += 1
        number = self._calls
        self.note(op, kind="invoke", call=number, **data)
        try:
            yield
        except RefusedError as error:
            self.note(op, kind="fail", call=number, **data, error=str(error))
            raise
        except BaseException as error:
            self.note(op, kind="unknown", call=number, **data, error=f"{type(error).__name__}: {error}")
            raise
        self.note(op, kind="ok", call=number, **data)


def read_history(path: Path) -> History:
    """A history as it was kept."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
