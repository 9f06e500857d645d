"""What routes need, opened once per process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from activities.bell import SenderBell
from settings import Settings
from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """The connections of the API."""

    settings: Settings
    pool: Pool
    temporal: Client
    bell: SenderBell


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Needs = Annotated[Resources, Depends(_resources)]
