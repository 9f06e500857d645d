"""Small commands that behave as a server might, for tests of supervision itself."""

from pathlib import Path

from local.child import RestartPolicy, Spec
from local.logfile import LogFile
from local.probes import log_contains
from local.process import Command

QUICK_RESTARTS = RestartPolicy(first_delay_s=0.05, longest_delay_s=0.4)
_READY = "ready to serve"


def script(
    name: str,
    text: str,
    *,
    directory: Path | None = None,
    ready_within_s: float = 15,
    stop_grace_s: float = 5,
    restart: RestartPolicy = QUICK_RESTARTS,
) -> Spec:
    """A component that runs a shell script and is ready once the script says so."""
    return Spec(
        name=name,
        command=Command(argv=("/bin/sh", "-c", text), directory=directory, stop_grace_s=stop_grace_s),
        ready=log_contains(_READY),
        ready_within_s=ready_within_s,
        restart=restart,
    )


def server(name: str) -> Spec:
    """Serves until told to end."""
    return script(name, f"echo {_READY}; exec sleep 1000")


def orderly(name: str, farewell: Path) -> Spec:
    """Notes its name when it is asked to end, then ends."""
    return script(
        name, f"trap 'echo {name} >> {farewell}; exit' TERM; echo {_READY}; while :; do sleep 0.02; done"
    )


def stubborn(name: str, stop_grace_s: float) -> Spec:
    """Refuses to end when asked, and says so in its log."""
    text = f"trap 'echo told to end' TERM; echo {_READY}; while :; do sleep 0.1; done"
    return script(name, text, stop_grace_s=stop_grace_s)


def short_lived(name: str, starts: Path, restart: RestartPolicy) -> Spec:
    """Notes the time of each start, is ready for a moment, and dies."""
    text = f"date +%s.%N >> {starts}; echo {_READY}; sleep 0.1; echo out of memory; exit 9"
    return script(name, text, restart=restart)


async def always_ready(_: LogFile) -> str | None:
    """A probe that is content with anything."""
    return None
