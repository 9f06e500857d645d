"""`make chaos SEED=1 CONTACTS=500`: one run or several, a table, and a line of JSON."""

import argparse
import asyncio
import logging
import secrets
import sys
from pathlib import Path

import structlog

from bench.chaos.checker import Violation, check
from bench.chaos.history import History, Recorder, read_history
from bench.chaos.relance import run_relance
from bench.chaos.report import RunReport, report
from bench.chaos.run import Run
from bench.chaos.schedule import schedule

DIRECTORY = Path(".relance") / "chaos"


async def one_run(
    seed: int, contacts: int, directory: Path
) -> tuple[History, list[Violation], dict[str, float]]:
    """A whole run of one seed: its history, what the checker says of it, and the system's own figures."""
    recorder = Recorder(directory / f"seed-{seed}-{contacts}.jsonl")
    logs = directory / f"seed-{seed}-{contacts}-logs"
    plan = schedule(seed, contacts)
    try:
        async with run_relance(plan.workers, keep_logs=logs) as system:
            await Run(plan, system, recorder).to_its_end()
            figures = await system.figures()
    finally:
        recorder.close()
    return recorder.entries, check(recorder.entries), figures


def main() -> None:
    """Exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="which schedule; none: a new one, printed")
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other, from the seed on")
    parser.add_argument("--judge", type=Path, help="judges a history that was kept, and runs nothing")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if given.judge:
        sys.exit(
            report([RunReport(given.judge, read_history(given.judge), check(read_history(given.judge)), {})])
        )
    first = secrets.randbelow(10_000) if given.seed is None else given.seed
    reports = []
    for seed in range(first, first + given.seeds):
        history, violations, figures = asyncio.run(one_run(seed, given.contacts, DIRECTORY))
        path = DIRECTORY / f"seed-{seed}-{given.contacts}.jsonl"
        reports.append(RunReport(path, history, violations, figures))
        if given.seeds > 1:
            print(f"seed {seed}: {len(violations)} violations", file=sys.stderr, flush=True)
    sys.exit(report(reports))


if __name__ == "__main__":
    main()
