"""Several gateways as one: each account and each message goes to the provider that it belongs to."""

from datetime import datetime

from domain.providers import Provider, provider_of, provider_of_message
from providers.base import (
    CannotLookUpError,
    DeviceHealth,
    Gateway,
    GatewayMessage,
    HistoryPage,
    OutgoingMessage,
    SenderStoppedError,
    WebhookItem,
)
from providers.meta import MetaGateway
from providers.wassenger import WassengerGateway

_SETTINGS = {Provider.WASSENGER: "RELANCE_WASSENGER_TOKEN", Provider.META: "RELANCE_META_ACCESS_TOKEN"}


class Gateways:
    """Those that are set up here; whoever needs another one gets a SenderStoppedError. Implements `Gateway`."""

    def __init__(self, *, wassenger: WassengerGateway | None, meta: MetaGateway | None) -> None:
        self._wassenger = wassenger
        self._meta = meta

    async def send(self, message: OutgoingMessage) -> GatewayMessage:
        """See `Gateway`."""
        return await self._of(provider_of(message.device)).send(message)

    async def find_by_reference(self, *, device: str, reference: str) -> GatewayMessage | None:
        """See `Gateway`."""
        return await self._of(provider_of(device)).find_by_reference(device=device, reference=reference)

    async def withdraw(self, provider_id: str) -> bool:
        """See `Gateway`."""
        return await self._of(provider_of_message(provider_id)).withdraw(provider_id)

    async def device_health(self, device: str) -> DeviceHealth:
        """See `Gateway`."""
        return await self._of(provider_of(device)).device_health(device)

    async def list_devices(self) -> list[DeviceHealth]:
        """Wassenger's: what numbers Meta has, a token for messages does not tell."""
        return await self._wassenger.list_devices() if self._wassenger else []

    async def number_exists(self, phone: str) -> bool | None:
        """Wassenger alone answers that."""
        return await self._of(Provider.WASSENGER).number_exists(phone)

    async def register_webhook(self, *, url: str, name: str) -> list[str]:
        """Wassenger's, for its whole account; Meta has one for each number: see `direct_webhook`."""
        return await self._wassenger.register_webhook(url=url, name=name) if self._wassenger else []

    async def direct_webhook(self, device: str, *, url: str, verify_token: str) -> list[str]:
        """That of one number of Meta. Raises GatewayError, or ValueError for an address that is too long."""
        if self._meta is None:
            raise self._missing(Provider.META)
        return await self._meta.direct_webhook(device, url=url, verify_token=verify_token)

    async def list_reactions(self, *, device: str, since: datetime, until: datetime, page: int) -> HistoryPage:
        """See `Gateway`."""
        gateway = self._of(provider_of(device))
        return await gateway.list_reactions(device=device, since=since, until=until, page=page)

    async def list_statuses(self, *, provider_ids: list[str]) -> list[WebhookItem]:
        """Of messages that all went through one provider."""
        providers = {provider_of_message(provider_id) for provider_id in provider_ids}
        if len(providers) > 1:
            raise CannotLookUpError("one question cannot go to two gateways", code="mixed")
        return await self._of(*providers).list_statuses(provider_ids=provider_ids) if providers else []

    async def list_accepted(
        self, *, device: str, since: datetime, until: datetime, page: int
    ) -> tuple[list[GatewayMessage], bool]:
        """See `Gateway`."""
        gateway = self._of(provider_of(device))
        return await gateway.list_accepted(device=device, since=since, until=until, page=page)

    async def close(self) -> None:
        """Closes all."""
        for gateway in (self._wassenger, self._meta):
            if gateway is not None:
                await gateway.close()

    def _of(self, provider: Provider) -> Gateway:
        gateway: Gateway | None = self._meta if provider is Provider.META else self._wassenger
        if gateway is None:
            raise self._missing(provider)
        return gateway

    @staticmethod
    def _missing(provider: Provider) -> SenderStoppedError:
        return SenderStoppedError(
            f"there is no token for {provider.capitalize()}: set {_SETTINGS[provider]}", code="no_token"
        )
