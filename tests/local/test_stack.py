"""The whole: servers, then migrations, then the API and the worker, each told where the others are.

Stand-ins take the place of `python -m api` and `python -m worker`: modules of the same name in the current
directory, which Python finds first.
"""

import json
from pathlib import Path

import asyncpg
import httpx
import pytest

from local.addresses import running_addresses
from local.child import State
from local.errors import ProcessStartError
from local.ports import Ports
from local.servers import Servers
from local.stack import Stack
from settings import Settings

_API = """
import http.server, json, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        told = {name: value for name, value in os.environ.items() if name.startswith("RELANCE_")}
        self.wfile.write(json.dumps(told).encode())

address = (os.environ["RELANCE_API_HOST"], int(os.environ["RELANCE_API_PORT"]))
http.server.HTTPServer(address, Answer).serve_forever()
"""
_WORKER = "import time; print('worker ready', flush=True); time.sleep(1000)"


@pytest.fixture
def settings(real_servers: Servers, free_path: Path) -> Settings:
    """Everything runs elsewhere already, save the API, the worker and the sandbox."""
    return Settings(
        _env_file=None,
        data_dir=free_path / "data",
        database_url=real_servers.database_url,
        redis_url=real_servers.redis_url,
        temporal_address=real_servers.temporal_address,
        api_port=Ports.ephemeral().api,
    )


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Takes the place of the API, the worker and the sandbox."""
    (tmp_path / "api.py").write_text(_API)
    (tmp_path / "worker.py").write_text(_WORKER)
    (tmp_path / "sandbox.py").write_text(
        _API.replace(
            "address =",
            "import sys\nos.environ['RELANCE_API_HOST'] = '127.0.0.1'\n"
            "os.environ['RELANCE_API_PORT'] = sys.argv[sys.argv.index('--port') + 1]\naddress =",
        )
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def _migrate(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("create table if not exists migrated()")
    await connection.close()


async def test_the_whole_comes_up_and_its_parts_know_each_other(settings: Settings, stand_ins: Path) -> None:
    ports = Ports.ephemeral()
    async with Stack.start(settings, migrate=_migrate, ports=ports) as stack:
        assert [component.name for component in stack.components()] == ["sandbox", "api", "worker"]
        assert {component.state for component in stack.components()} == {State.READY}

        async with httpx.AsyncClient(trust_env=False) as http:
            told = json.loads((await http.get(f"{stack.addresses.api_url}/healthz")).text)
        assert told["RELANCE_DATABASE_URL"] == settings.database_url
        assert told["RELANCE_TEMPORAL_ADDRESS"] == settings.temporal_address
        assert told["RELANCE_WASSENGER_URL"] == f"http://127.0.0.1:{ports.sandbox}"
        assert told["RELANCE_WASSENGER_TOKEN"] == "sandbox-token"
        assert told["RELANCE_PUBLIC_URL"] == stack.addresses.api_url
        assert told["RELANCE_WEBHOOK_SECRET"] == (settings.data_dir / "webhook.secret").read_text()

        assert running_addresses(settings.data_dir) == stack.addresses
        await stack.supervisor.kill("worker")
        await stack.supervisor.wait_ready("worker", within_s=20)
    assert running_addresses(settings.data_dir) is None

    connection = await asyncpg.connect(settings.database_url)
    assert await connection.fetchval("select to_regclass('migrated') is not null")
    await connection.close()


async def test_a_real_gateway_needs_no_sandbox_and_keeps_its_token(settings: Settings, stand_ins: Path) -> None:
    real = Settings(
        **{**settings.model_dump(), "wassenger_token": "real", "webhook_secret": "kept"}, _env_file=None
    )
    async with Stack.start(real, migrate=_migrate) as stack:
        assert [component.name for component in stack.components()] == ["api", "worker"]
        async with httpx.AsyncClient(trust_env=False) as http:
            told = json.loads((await http.get(f"{stack.addresses.api_url}/healthz")).text)
    assert not {"RELANCE_WASSENGER_TOKEN", "RELANCE_WEBHOOK_SECRET", "RELANCE_PUBLIC_URL"} & told.keys()


async def test_a_worker_that_cannot_start_stops_the_rest(settings: Settings, stand_ins: Path) -> None:
    (stand_ins / "worker.py").write_text("raise SystemExit('no such task queue')")
    with pytest.raises(ProcessStartError, match=r"(?s)worker exited with status 1.*no such task queue"):
        async with Stack.start(settings, migrate=_migrate, if_busy="replace"):
            pass
    assert running_addresses(settings.data_dir) is None
