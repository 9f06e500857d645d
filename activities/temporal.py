"""The one way to Temporal, of the API, the worker and the commands alike."""

from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import TLSConfig

from activities.payload_codec import data_converter
from activities.tracing import Tracing
from settings import Settings


async def connect(
    settings: Settings, *, address: str, lazy: bool = False, runtime: Runtime | None = None
) -> Client:
    """A client of the namespace of the settings, which encrypts what they say, and traces if they say so.

    `lazy` connects at the first use; `runtime` is one that measures. Raises RuntimeError when Temporal does not
    answer, or one side does not accept the other's certificate.
    """
    return await Client.connect(
        address,
        namespace=settings.temporal_namespace,
        api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
        tls=tls_of(settings),
        lazy=lazy,
        runtime=runtime,
        interceptors=[Tracing()] if settings.traces_url else [],
        data_converter=data_converter(settings.payload_keys_by_id),
    )


def tls_of(settings: Settings) -> TLSConfig | bool:
    """How connections are encrypted; False: not at all."""
    if not settings.uses_temporal_tls:
        return False
    key = settings.temporal_tls_key
    return TLSConfig(
        server_root_ca_cert=_bytes(settings.temporal_tls_ca),
        domain=settings.temporal_tls_server_name,
        client_cert=_bytes(settings.temporal_tls_cert),
        client_private_key=_bytes(key.get_secret_value() if key else None),
    )


def _bytes(pem: str | None) -> bytes | None:
    return pem.encode() if pem is not None else None
