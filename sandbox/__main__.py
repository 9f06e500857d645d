"""Starts the sandbox: `python -m sandbox --port 9090`."""

import argparse
import contextlib
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox.api.connections import CuttableProtocol
from sandbox.app import build_app
from sandbox.world import Universe

BACKLOG = 2048
SHUTDOWN_S = 1  # requests kept waiting by a fault do not hold the process


class Server(uvicorn.Server):
    """Says when it is ready, in one line that another process can wait for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            sys.stdout.write(f"sandbox ready on http://{host}:{port}\n")
            sys.stdout.flush()


def main() -> None:
    options = read_options()
    app = build_app(Universe(options.data_dir, options.seed), options.token)
    listener = socket.create_server((options.host, options.port), backlog=BACKLOG)
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(config).run(sockets=[listener])


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="A simulated Wassenger.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9090, help="0 takes a free one")
    parser.add_argument("--data-dir", type=Path, default=None, help="keep the state here; default: nowhere")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is left to chance")
    parser.add_argument("--token", default="sandbox-token", help="the API key of the account")
    return parser.parse_args()


if __name__ == "__main__":
    main()
