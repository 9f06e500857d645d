"""Tells a sender's workflow that something has changed, so that it looks again at once."""

from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.identifiers import sender_workflow_id

log = structlog.get_logger(__name__)

RING_TIMEOUT = timedelta(seconds=2)


class SenderBell:
    """Rings at the door of a sender's workflow. Nothing depends on its being heard: it looks by itself too."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def ring(self, sender_id: str, *, resumed: bool = False) -> None:
        """Says that something has changed, or that what a person held may go on.

        Never raises: what has changed is stored, and holds without the workflow knowing of it.
        """
        handle = self._temporal.get_workflow_handle(sender_workflow_id(sender_id))
        try:
            await handle.signal("resume" if resumed else "change", rpc_timeout=RING_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                log.warning("the workflow of a sender was not reached", sender_id=sender_id, error=str(error))
        except RuntimeError as error:  # what a client raises before its first connection
            log.warning("the workflow of a sender was not reached", sender_id=sender_id, error=str(error))
