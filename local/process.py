"""Starts a child process that cannot outlive us, whatever way we end.

On Linux the kernel itself ends the child when we die (PR_SET_PDEATHSIG). Elsewhere only an orderly end
of ours, or an exception, takes the children along.
"""

import asyncio
import ctypes
import os
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import ProcessStartError, StackError
from local.logfile import LogFile
from local.unprivileged import Account

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported or allocated needlessly.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to execute, as whom, and which signals it understands."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of ours
    account: Account | None = None  # None: as ourselves
    directory: Path | None = None  # None: where we are
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0
    orphan_signal: signal.Signals = signal.SIGKILL  # what the kernel sends when we die first


async def spawn(command: Command, log: LogFile) -> Process:
    """Starts the command in a process group of its own, writing to `log`.

    Must be called on the main thread: the kernel's promise to end the child is bound to the thread that
    forked it.
    """
    if threading.current_thread() is not threading.main_thread():
        raise StackError("The stack was started from a side thread; start it from the main thread.")
    account = command.account
    try:
        with log.opened_for_run() as output:
            return await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env={**os.environ, **command.environment},
                cwd=command.directory,
                process_group=0,
                umask=0o077,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_die_with_parent(command.orphan_signal),
            )
    except OSError as error:
        raise ProcessStartError(f"Cannot execute {command.argv[0]}: {error}.") from error


async def run_to_end(command: Command, log: LogFile, *, deadline_s: float) -> int:
    """Runs a command that ends by itself and returns its exit status."""
    process = await spawn(command, log)
    try:
        async with asyncio.timeout(deadline_s):
            return await process.wait()
    except TimeoutError:
        raise ProcessStartError(
            f"{command.argv[0]} did not end within {deadline_s:g} s; its log is {log.path}."
        ) from None
    finally:
        kill_tree(process.pid)
        await process.wait()


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Signals a process, its group and all its descendants, also those that left the group."""
    for descendant in descendants(pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(descendant, number)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_tree(pid: int) -> None:
    """Ends what is left of a process group and of its descendants, at once."""
    signal_tree(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs, as far as this system tells."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            # The command's name sits in parentheses and may hold anything, so count from the last one.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    libc = _libc
    if libc is None:
        return None
    parent = os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # we died before the call: nobody will ever send the signal
            os._exit(1)

    return ask_the_kernel
