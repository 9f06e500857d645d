"""A component that dies comes back, and a supervisor that ends leaves nothing running."""

import asyncio
import os
import signal
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from local import logfile
from local.child import RestartPolicy, Spec, State
from local.datadir import DataDir
from local.errors import ProcessStartError, StackError, UnknownComponentError
from local.logfile import LogFile
from local.process import Command
from local.supervisor import Supervisor
from tests.local import stand_ins
from tests.local.waiting import eventually, is_alive


def _pid(supervisor: Supervisor, name: str) -> int:
    pid = supervisor.component(name).pid
    assert pid is not None
    return pid


async def test_a_killed_process_comes_back(supervisor: Supervisor) -> None:
    await supervisor.start_all(stand_ins.server("cache"))
    first = _pid(supervisor, "cache")

    await supervisor.kill("cache")
    await supervisor.wait_ready("cache", within_s=10)

    component = supervisor.component("cache")
    assert component.state is State.READY
    assert component.restarts == 1
    assert component.pid != first
    assert "SIGKILL" in (component.problem or "")


async def test_a_crash_loop_slows_down_and_keeps_the_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    policy = RestartPolicy(first_delay_s=0.1, longest_delay_s=0.4)
    await supervisor.start_all(stand_ins.short_lived("worker", starts, policy))

    await eventually(lambda: len(starts.read_text().split()) == 5)

    times = [float(line) for line in starts.read_text().split()]
    delays = [later - earlier for earlier, later in pairwise(times)]
    assert all(delay >= least for delay, least in zip(delays, [0.1, 0.2, 0.4, 0.4], strict=True))
    problem = supervisor.component("worker").problem or ""
    assert "exited with status 9" in problem
    assert "out of memory" in problem


async def test_a_process_that_was_healthy_restarts_fast_again(supervisor: Supervisor, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    policy = RestartPolicy(first_delay_s=0.01, longest_delay_s=600, healthy_after_s=0)
    await supervisor.start_all(stand_ins.short_lived("worker", starts, policy))

    # Without the reset, the doubled delays would add up to more than five minutes.
    await eventually(lambda: len(starts.read_text().split()) == 17)


async def test_a_start_that_fails_tells_the_last_lines_of_the_log(supervisor: Supervisor) -> None:
    broken = stand_ins.script("api", "echo port is closed to us; exit 3")
    with pytest.raises(
        ProcessStartError, match=r"(?s)api exited with status 3.*api\.log.*port is closed to us"
    ):
        await supervisor.start_all(broken)
    assert supervisor.component("api").state is State.STOPPED


async def test_a_process_that_never_gets_ready_is_ended_and_reported(supervisor: Supervisor) -> None:
    silent = stand_ins.script("api", "echo waiting for nothing; exec sleep 1000", ready_within_s=0.3)
    silent_twice = stand_ins.server("other")
    with pytest.raises(ProcessStartError, match=r"(?s)api is not ready after 0\.3 s.*waiting for nothing"):
        await supervisor.start_all(silent_twice, silent)
    assert supervisor.component("api").pid is None


async def test_a_missing_program_is_named(supervisor: Supervisor) -> None:
    spec = Spec(name="x", command=Command(argv=("/no/such/program",)), ready=stand_ins.always_ready)
    with pytest.raises(ProcessStartError, match="/no/such/program"):
        await supervisor.start_all(spec)


async def test_components_end_in_reverse_order(data_dir: DataDir, tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    names = ["postgres", "temporal", "worker"]
    async with Supervisor(data_dir) as supervisor:
        await supervisor.start_all(*(stand_ins.orderly(name, farewell) for name in names))
    assert farewell.read_text().split() == list(reversed(names))


async def test_a_process_that_will_not_end_is_killed_after_its_grace(data_dir: DataDir) -> None:
    async with Supervisor(data_dir) as supervisor:
        await supervisor.start_all(stand_ins.stubborn("stubborn", stop_grace_s=0.2))
        pid = _pid(supervisor, "stubborn")
    assert not is_alive(pid)


async def test_an_exception_inside_leaves_nothing_running(data_dir: DataDir) -> None:
    pids = []

    async def fail_in_the_middle() -> None:
        async with Supervisor(data_dir) as supervisor:
            await supervisor.start_all(stand_ins.server("a"), stand_ins.server("b"))
            pids.extend([_pid(supervisor, "a"), _pid(supervisor, "b")])
            raise LookupError

    with pytest.raises(LookupError):
        await fail_in_the_middle()
    assert not any(is_alive(pid) for pid in pids)


async def test_a_process_that_dies_at_the_moment_it_is_stopped_holds_up_nothing(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio hears of a death a moment after the system has forgotten the process."""
    await supervisor.start_all(stand_ins.server("cache"))
    pid, real_kill = _pid(supervisor, "cache"), os.kill

    def already_gone(target: int, number: int) -> None:
        real_kill(target, signal.SIGKILL if target == pid else number)
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", already_gone)
    await supervisor.stop("cache")
    assert supervisor.component("cache").state is State.STOPPED
    assert not is_alive(pid)


async def test_a_cancelled_stop_kills_the_rest_at_once(data_dir: DataDir) -> None:
    supervisor = Supervisor(data_dir)
    await supervisor.start_all(stand_ins.server("first"), stand_ins.stubborn("last", stop_grace_s=600))
    pids = [_pid(supervisor, "first"), _pid(supervisor, "last")]

    stopping = asyncio.create_task(supervisor.stop_all())
    await eventually(lambda: supervisor.component("last").state is State.STOPPING)
    stopping.cancel()

    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert not any(is_alive(pid) for pid in pids)


async def test_a_cancelled_start_leaves_nothing_running(data_dir: DataDir) -> None:
    slow = stand_ins.script("slow", "exec sleep 1000", ready_within_s=600)
    async with Supervisor(data_dir) as supervisor:
        starting = asyncio.create_task(supervisor.start_all(slow))
        await eventually(lambda: bool(supervisor.components()) and supervisor.component("slow").pid is not None)
        pid = _pid(supervisor, "slow")
        starting.cancel()
        await asyncio.wait([starting])
    assert not is_alive(pid)


async def test_a_child_that_left_the_group_ends_too(data_dir: DataDir, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    async with Supervisor(data_dir) as supervisor:
        await supervisor.start_all(
            stand_ins.script(
                "parent",
                f"trap '' TERM; setsid sleep 1000 & echo $! > {pid_file}; echo ready to serve; wait; wait",
                stop_grace_s=0.2,
            )
        )
        runaway = int(pid_file.read_text())
        assert is_alive(runaway)
    await eventually(lambda: not is_alive(runaway))


async def test_pause_freezes_and_resume_lets_go(supervisor: Supervisor) -> None:
    await supervisor.start_all(stand_ins.server("cache"))
    status = Path(f"/proc/{_pid(supervisor, 'cache')}/status")

    supervisor.pause("cache")
    await eventually(lambda: "T (stopped)" in status.read_text())
    assert supervisor.component("cache").state is State.PAUSED

    supervisor.resume("cache")
    await eventually(lambda: "S (sleeping)" in status.read_text())
    assert supervisor.component("cache").state is State.READY


async def test_a_paused_component_can_be_stopped_and_started_again(supervisor: Supervisor) -> None:
    await supervisor.start_all(stand_ins.server("cache"))
    supervisor.pause("cache")

    await supervisor.stop("cache")
    assert supervisor.component("cache").state is State.STOPPED
    with pytest.raises(StackError, match="cache is not ready"):
        await supervisor.wait_ready("cache", within_s=0.01)

    await supervisor.restart("cache")
    assert supervisor.component("cache").state is State.READY


async def test_waiting_outlasts_a_restart_and_ends_when_supervision_breaks(supervisor: Supervisor) -> None:
    starts = 0

    async def fail_at_the_third_start() -> None:
        nonlocal starts
        starts += 1
        if starts == 3:
            raise LookupError

    await supervisor.start_all(replace(stand_ins.server("cache"), prepare=fail_at_the_third_start))
    waiting = asyncio.create_task(supervisor.wait())

    await supervisor.restart("cache")
    assert not waiting.done()

    await supervisor.kill("cache")
    with pytest.raises(LookupError):
        await asyncio.wait_for(waiting, 15)


async def test_a_signal_that_does_not_kill_is_passed_on(supervisor: Supervisor, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    text = f"trap 'touch {noted}' USR1; echo ready to serve; while :; do sleep 0.02; done"
    await supervisor.start_all(stand_ins.script("api", text))
    await supervisor.kill("api", signal.SIGUSR1)
    await eventually(noted.exists)
    assert supervisor.component("api").restarts == 0


async def test_an_unknown_component_is_refused_with_the_known_ones(supervisor: Supervisor) -> None:
    await supervisor.start_all(stand_ins.server("cache"))
    with pytest.raises(UnknownComponentError, match="no 'cash'; it runs cache"):
        await supervisor.kill("cash")


def test_a_side_thread_may_not_start_processes(data_dir: DataDir) -> None:
    refused = []

    def start() -> None:
        try:
            asyncio.run(Supervisor(data_dir).start_all(stand_ins.server("cache")))
        except StackError as error:
            refused.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in refused[0]


def test_a_log_grown_too_large_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "MAX_LOG_BYTES", 10)
    log = LogFile(tmp_path / "api.log")
    for text in (b"the first run\n", b"second\n", b"third\n"):
        with log.opened_for_run() as output:
            os.write(output, text)
    assert (tmp_path / "api.log.1").read_bytes() == b"the first run\n"
    assert log.path.read_bytes() == b"second\nthird\n"
    assert log.tail() == ["third"]
