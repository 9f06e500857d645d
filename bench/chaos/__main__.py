"""`make chaos SEED=1 CONTACTS=500`: one run or several, a table, and a line of JSON."""

import argparse
import asyncio
import logging
import secrets
import sys
from pathlib import Path

import structlog

from bench.chaos.checker import check
from bench.chaos.history import Recorder, read_history
from bench.chaos.relance import run_relance
from bench.chaos.report import RunReport, report
from bench.chaos.run import Run
from bench.chaos.schedule import schedule

DIRECTORY = Path(".relance") / "chaos"


async def one_run(seed: int, contacts: int) -> RunReport:
    """A whole run of one seed, and the verdict on it."""
    path = DIRECTORY / f"seed-{seed}-{contacts}.jsonl"
    recorder = Recorder(path)
    plan = schedule(seed, contacts)
    try:
        async with run_relance(plan.workers, keep_logs=path.with_suffix(".logs")) as system:
            await Run(plan, system, recorder).to_its_end()
    finally:
        recorder.close()
    return RunReport(path, recorder.entries, check(recorder.entries))


def judged(path: Path) -> RunReport:
    """A run that was kept."""
    history = read_history(path)
    return RunReport(path, history, check(history))


def main() -> None:
    """Exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="which schedule; none: a new one, printed")
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other, from the seed on")
    parser.add_argument("--judge", type=Path, nargs="+", help="judges kept histories again, and runs nothing")
    given = parser.parse_args()
    if given.judge:
        sys.exit(report([judged(path) for path in given.judge]))
    # What the supervision says of processes that we kill is no news.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    first = secrets.randbelow(10_000) if given.seed is None else given.seed
    runs = []
    for seed in range(first, first + given.seeds):
        runs.append(asyncio.run(one_run(seed, given.contacts)))
        if given.seeds > 1:
            print(f"seed {seed}: {len(runs[-1].violations)} violations", file=sys.stderr, flush=True)
    sys.exit(report(runs))


if __name__ == "__main__":
    main()
