"""PostgreSQL: one connection for each thread, made anew after it broke."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from bench.celery_baseline.settings import SETTINGS

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

PERSIST_FOR_S = 20.0
AGAIN_S = 0.3

_T = TypeVar("_T")
_here = threading.local()


@contextmanager
def transaction() -> Iterator[Connection]:
    """Commits at the end of the block. Raises psycopg.Error."""
    connection: Connection | None = getattr(_here, "connection", None)
    if connection is None or connection.closed:
        connection = psycopg.connect(SETTINGS.database_url, row_factory=dict_row, connect_timeout=3)
        _here.connection = connection
    try:
        with connection.transaction():
            yield connection
    except psycopg.OperationalError:
        _here.connection = None
        with suppress(psycopg.Error):
            connection.close()
        raise


def persist(write: Callable[[], _T]) -> _T:
    """Insists: what was sent has to be written down, or it is sent again."""
    give_up_at = time.monotonic() + PERSIST_FOR_S
    while True:
        try:
            return write()
        except psycopg.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(AGAIN_S)
