"""The one way to Temporal, of the API, the worker and the commands alike."""

from temporalio.client import Client
from temporalio.runtime import Runtime

from activities.payload_codec import data_converter
from activities.tracing import Tracing
from settings import Settings


async def connect(
    settings: Settings, *, address: str, lazy: bool = False, runtime: Runtime | None = None
) -> Client:
    """A client of the namespace of the settings, which encrypts what they say, and traces if they say so.

    `lazy` connects at the first use; `runtime` is one that measures. Raises RuntimeError when Temporal does not
    answer.
    """
    return await Client.connect(
        address,
        namespace=settings.temporal_namespace,
        lazy=lazy,
        runtime=runtime,
        interceptors=[Tracing()] if settings.traces_url else [],
        data_converter=data_converter(settings.payload_keys_by_id),
    )
