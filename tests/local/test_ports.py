"""A taken port is told by name and number, with the program that holds it and the ways out."""

import os
import socket
from collections.abc import Iterator

import pytest

from local import ports
from local.errors import PortBusyError
from local.ports import Ports, free_port, is_busy


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this very process listens."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port: int = server.getsockname()[1]
        yield port


def test_a_busy_port_names_its_holder_and_the_setting(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_RELEASE_WAIT_S", 0)
    with pytest.raises(PortBusyError) as refused:
        Ports(postgres=taken).require_free({"postgres"})
    message = str(refused.value)
    assert f"Port {taken} (for postgres)" in message
    assert f"(process {os.getpid()})" in message
    assert "RELANCE_POSTGRES_PORT" in message
    assert "RELANCE_DATABASE_URL" in message


def test_ports_that_are_not_needed_may_be_busy(taken: int) -> None:
    Ports(postgres=taken, valkey=free_port()).require_free({"valkey"})


def test_only_busy_ports_give_way(taken: int) -> None:
    free = free_port()
    settled = Ports(postgres=taken, valkey=free).with_free_ports_for({"postgres", "valkey"})
    assert settled.valkey == free
    assert settled.postgres != taken
    assert not is_busy(settled.postgres)


def test_ephemeral_ports_are_all_different() -> None:
    chosen = Ports.ephemeral()
    numbers = {
        chosen.postgres, chosen.valkey, chosen.temporal, chosen.temporal_ui, chosen.sandbox, chosen.api,
    }  # fmt: skip
    assert len(numbers) == 6
