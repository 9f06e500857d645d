"""Serves the API: `python -m api`."""

import uvicorn

from api.app import create_app
from logs import configure_logging
from settings import Settings, load_settings
from tracing import configure_tracing


def main() -> None:
    """Until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging("api", settings.log_level)
    configure_tracing(settings.traces_url, "relance-api")
    server_of(settings).run()


def server_of(settings: Settings) -> uvicorn.Server:
    """Serves the application where the settings say."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            server_header=False,
            access_log=False,  # webhook paths carry the secret
            timeout_graceful_shutdown=5,
        )
    )


if __name__ == "__main__":
    main()
