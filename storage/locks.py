"""The Redis lock around Message 2: a second guard, which may vanish at any time (E10).

PostgreSQL alone guarantees at most one Message 2. The lock adds one thing: if the database were restored from
an older state, Redis would still remember that somebody is, or was, sending.
"""

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

LOCK_S = 300


def connect(redis_url: str) -> "Redis":
    """A client that fails fast: the defaults of redis-py would block a caller for seconds."""
    return Redis.from_url(
        redis_url,
        socket_timeout=0.05,
        socket_connect_timeout=0.05,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class Message2Lock:
    """`lock:message2:{campaign}:{contact}`, held for 300 s by the id of the message that is being sent."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def acquire(self, campaign_id: str, contact_id: str, message_id: str) -> str:
        """Takes the lock unless another message has it; returns the id of the message that has it now.

        When Redis does not answer, PostgreSQL's guarantee stands alone and the caller may go on.
        """
        key = f"lock:message2:{campaign_id}:{contact_id}"
        try:
            if await self._redis.set(key, message_id, nx=True, ex=LOCK_S):
                return message_id
            return str(await self._redis.get(key) or message_id)
        except (RedisError, OSError) as error:
            log.warning("message 2 lock unavailable, relying on PostgreSQL", error=str(error))
            return message_id
