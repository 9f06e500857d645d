"""What a campaign takes of the machine, by process: processor time, memory, disk."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from local.stack import Stack

MB = 2**20
KB = 2**10


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """All that the processes of a stack had used up at one moment."""

    cpu_s: dict[str, float]  # by component
    disk_bytes: dict[str, int]  # what the two databases hold, without PostgreSQL's log of changes


async def use_of(stack: Stack) -> Use:
    """As it is now."""
    connection = await asyncpg.connect(stack.servers.database_url)
    try:
        postgres = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    return Use(
        cpu_s={each.name: _cpu_s(each.pid) for each in stack.components() if each.pid},
        disk_bytes={"postgres": postgres, "temporal": _bytes(stack.servers.data_dir.path, "temporal.db*")},
    )


def cpu_ms_per_contact(before: Use, after: Use, contacts: int) -> dict[str, float]:
    """Milliseconds of processor that each component spent for one contact."""
    return {name: round(1000 * (after.cpu_s[name] - before.cpu_s[name]) / contacts, 2) for name in after.cpu_s}


def disk_kb_per_contact(before: Use, after: Use, contacts: int) -> dict[str, float]:
    """Kilobytes that one contact leaves behind in each database."""
    return {
        name: round((size - before.disk_bytes[name]) / KB / contacts, 2)
        for name, size in after.disk_bytes.items()
    }


def memory_mb(pid: int | None) -> float:
    """What a process has for itself."""
    return float(psutil.Process(pid).memory_full_info().uss) / MB


def _cpu_s(pid: int) -> float:
    """Of a process, its children, and those of them that have ended."""
    process = psutil.Process(pid)
    spent = 0.0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            spent += sum(each.cpu_times()[:4])
    return spent


def _bytes(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file())
