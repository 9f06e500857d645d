"""Redis: locks, the delay between messages, and the quota of 24 hours."""

import time
from dataclasses import dataclass
from uuid import uuid4

from redis import Redis
from redis.lock import Lock

from bench.celery_baseline.settings import SETTINGS

LONGEST_WAIT_S = 1.0  # a process sleeps at most so long for its turn; then another task has it
LATE_S = 0.05  # who wakes up later than this has missed its turn

redis: Redis = Redis.from_url(SETTINGS.redis_url, socket_timeout=5, socket_connect_timeout=3)

# One script, so that no two processes get the same turn or the last place of the quota.
_reserve = redis.register_script("""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local gap, quota, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 86400)
if redis.call('ZCARD', KEYS[2]) >= quota then
    return {0, '10'}
end
local turn = now
if gap > 0 then
    turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
    if turn - now > longest then
        return {0, tostring(turn - now)}
    end
    redis.call('SET', KEYS[1], string.format('%.6f', turn + gap))
end
redis.call('ZADD', KEYS[2], string.format('%.6f', turn), ARGV[4])
return {1, tostring(turn - now)}
""")


@dataclass(frozen=True, slots=True)
class Turn:
    """A reserved place of the quota, at its time."""

    device: str
    member: str
    at: float

    def give_back(self) -> None:
        """Nothing was sent."""
        redis.zrem(f"whatsapp:sent:{self.device}", self.member)


def message_lock(message_type: str, campaign: str, phone: str) -> Lock:
    """`lock:message2:{campaign}:{contact}` of document 003, and the same for Message 1."""
    number = message_type[-1]
    name = f"lock:message{number}:{campaign}:{phone}"
    return Lock(redis, name, timeout=SETTINGS.lock_s, blocking=False)


def reserve(device: str, *, gap_s: float, quota: int) -> Turn | float:
    """Waits for the next turn of a device; a turn that is too far away is given in seconds instead."""
    while True:
        member = uuid4().hex
        taken, wait = _reserve(
            keys=[f"whatsapp:next:{device}", f"whatsapp:sent:{device}"],
            args=[gap_s, quota, LONGEST_WAIT_S, member],
        )
        wait_s = float(wait)
        if not taken:
            return wait_s
        turn = Turn(device, member, time.time() + wait_s)
        time.sleep(wait_s)
        if gap_s == 0 or not missed(turn):
            return turn
        turn.give_back()


def missed(turn: Turn) -> bool:
    """Whether this process was held up since, so that its message would come too close to the next one."""
    return time.time() > turn.at + LATE_S
