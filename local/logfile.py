"""A child's output goes to a file, so that the last words of a process are there when it dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_LOG_BYTES = 20 * 1024 * 1024
_TAIL_BYTES = 16 * 1024


class LogFile:
    """The log of one component over all its runs; `tail` and `contains` look at the latest run alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run_starts_at = 0

    @contextmanager
    def opened_for_run(self) -> Iterator[int]:
        """A file descriptor for the output of a new run; a log grown too large is set aside first."""
        if self.path.exists() and self.path.stat().st_size > MAX_LOG_BYTES:
            self.path.replace(self.path.with_suffix(".log.1"))
        with self.path.open("ab") as file:
            self._run_starts_at = file.tell()
            yield file.fileno()

    def tail(self, lines: int = 12) -> list[str]:
        """The last lines that the latest run wrote."""
        text = self._read(max(self._run_starts_at, self._size() - _TAIL_BYTES))
        return text.splitlines()[-lines:]

    def contains(self, text: str) -> bool:
        """Whether the latest run wrote this."""
        return text in self._read(self._run_starts_at)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _read(self, start: int) -> str:
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")
