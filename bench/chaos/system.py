"""What a run needs of whatever it is put through: a system under fire."""

from collections.abc import Collection
from typing import Protocol

import httpx

from bench.chaos.history import History
from bench.chaos.schedule import Device, Mailing


class System(Protocol):
    """Processes that can be hit, and a few things that people ask of it.

    What people ask raises `RefusedError` when it certainly had no effect, and `UnknownOutcomeError` when nobody
    knows. The driver then asks again, so each has to be harmless when repeated.
    """

    @property
    def sandbox(self) -> httpx.AsyncClient:
        """The simulated provider that it sends through."""
        ...

    @property
    def roles(self) -> Collection[str]:
        """Which of the schedule's processes it has; blows against others are left out."""
        ...

    async def kill(self, role: str) -> None:
        """SIGKILL, at once; it comes back by itself."""
        ...

    def freeze(self, role: str) -> None:
        """SIGSTOP, with all its children."""
        ...

    def thaw(self, role: str) -> None:
        """SIGCONT."""
        ...

    async def restart(self, role: str) -> None:
        """Ends it politely and starts it again."""
        ...

    async def ready(self, role: str, *, within_s: float) -> None:
        """Waits until it works (again). Raises when it does not."""
        ...

    async def add_device(self, device: Device) -> None:
        """An account to send with."""
        ...

    async def add_mailing(self, mailing: Mailing, *, window_s: float, grace_s: float) -> None:
        """Imports the people and drafts the campaign."""
        ...

    async def limit(self, device: str, quota: int) -> None:
        """From the return on, the account sends at most so many messages in 24 hours."""
        ...

    async def start(self, mailing: str) -> None:
        """Starts a campaign, by its name."""
        ...

    async def pause(self, mailing: str, scope: str) -> None:
        """From the return on, nothing of that scope (message_1 or all) leaves."""
        ...

    async def resume(self, mailing: str) -> None:
        """Ends a pause."""
        ...

    async def pause_sender(self, device: str, scope: str) -> None:
        """The same for everything that one account sends."""
        ...

    async def resume_sender(self, device: str) -> None:
        """Ends it."""
        ...

    async def opt_out(self, phone: str) -> None:
        """From the return on, nobody writes to this number."""
        ...

    async def closed(self, mailing: str) -> bool:
        """Whether the campaign has come to its end."""
        ...

    async def unfinished(self) -> int:
        """How many webhooks are stored and not worked off."""
        ...

    async def finals(self) -> History:
        """The entries `contact`, `closed`, `stored` and `unresolved`, by the system's own book."""
        ...
