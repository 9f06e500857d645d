"""The one way to Temporal, of the API, the worker and the commands alike."""

from temporalio.client import Client

from activities.payload_codec import data_converter
from settings import Settings


async def connect(settings: Settings, *, address: str, lazy: bool = False) -> Client:
    """A client of the namespace of the settings, which encrypts what they say.

    `lazy` connects at the first use. Raises RuntimeError when Temporal does not answer.
    """
    return await Client.connect(
        address,
        namespace=settings.temporal_namespace,
        lazy=lazy,
        data_converter=data_converter(settings.payload_keys_by_id),
    )
