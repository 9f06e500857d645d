"""The gateways that the settings name."""

from providers.gateways import Gateways
from providers.meta import MetaGateway
from providers.wassenger import WassengerGateway
from settings import Settings


def open_gateways(settings: Settings) -> Gateways | None:
    """All of them as one; None if there is no token at all. Whoever opens them closes them.

    A malformed token is a ValueError.
    """
    wassenger = meta = None
    if settings.wassenger_token is not None:
        wassenger = WassengerGateway(
            base_url=settings.wassenger_url,
            token=settings.wassenger_token.get_secret_value(),
            timeout_s=settings.gateway_timeout_s,
        )
    if settings.has_meta:
        common = settings.meta_access_token
        meta = MetaGateway(
            base_url=settings.meta_url,
            version=settings.meta_version,
            token=common.get_secret_value() if common else None,
            tokens={number: token.get_secret_value() for number, token in settings.meta_access_tokens.items()},
            timeout_s=settings.gateway_timeout_s,
        )
    return Gateways(wassenger=wassenger, meta=meta) if wassenger or meta else None
