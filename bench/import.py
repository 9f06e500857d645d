"""How fast is an import, and how much memory does it take? 100,000 rows, then a million, by API and worker.

The numbers have an area code that begins with 0: they are long enough to be taken for numbers, and nobody can
ever have them.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from bench.driving import Report, run_stack
from local.stack import Stack

SIZES = (100_000, 1_000_000)
TARGETS = {"seconds_100000": 10.0, "worker_mb": 300.0, "api_mb": 300.0}
BLOCK = 10_000
RESET_PEAK = "5"  # see proc(5), clear_refs


async def main() -> None:
    """Prints the table and, last, one line of JSON."""
    report = Report("import", "A file of contacts, from the upload to the last stored row", TARGETS)
    async with run_stack("import") as (stack, api, _sandbox):
        first = 0
        for rows in SIZES:
            await _measure(report, stack, api, first, rows)
            first += rows
    report.print()


async def _measure(report: Report, stack: Stack, api: httpx.AsyncClient, first: int, rows: int) -> None:
    processes = {
        component.name.partition("-")[0]: component.pid
        for component in stack.components()
        if component.name.partition("-")[0] in {"api", "worker"} and component.pid is not None
    }
    for pid in processes.values():
        Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)  # noqa: ASYNC240 - no disk is asked
    began = monotonic()
    content = b"".join(_file(first, rows))
    began = monotonic()
    answer = await api.post("/api/imports", content=content, params={"category": f"{rows}"}, timeout=300)
    uploaded_s = monotonic() - began
    done = await _ended(api, answer.json()["id"])
    if (done["state"], done["created"]) != ("completed", rows):
        raise SystemExit(f"the import of {rows} rows went wrong: {done}")
    took_s = monotonic() - began
    report.worst(f"seconds_{rows}", round(took_s, 2))
    report.row(
        f"{rows:,} rows, {len(content) / 1e6:.0f} MB",
        f"{took_s:.1f} s, {uploaded_s:.1f} s of it the upload; {rows / took_s:,.0f} rows a second",
    )
    for name, pid in processes.items():
        peak_mb = _peak_mb(pid)
        report.worst(f"{name}_mb", peak_mb)
        report.row(f"largest memory of the {name}", f"{peak_mb:.0f} MB")


def _file(first: int, rows: int) -> Iterator[bytes]:
    yield b"phone;nom;ville;segment\n"
    for start in range(first, first + rows, BLOCK):
        lines = (
            f"+1000{n:07d};Personne {n:07d};Orléans;{n % 7}\n"
            for n in range(start, min(start + BLOCK, first + rows))
        )
        yield "".join(lines).encode()


async def _ended(api: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = (await api.get(f"/api/imports/{import_id}")).json()
        if found["finished_at"]:
            return found
        await asyncio.sleep(0.1)


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    asyncio.run(main())
