"""Writes the OpenAPI document to standard output: `python -m api.document`."""

import json
import sys

from api.app import create_app
from settings import Settings


def main() -> None:
    """The document of the application with its defaults, as generators of clients want it."""
    json.dump(create_app(Settings(_env_file=None)).openapi(), sys.stdout)


if __name__ == "__main__":
    main()
