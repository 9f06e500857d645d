"""Requests to find out which numbers are on WhatsApp, and how far each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberCheck:
    """A request and what came of it so far."""

    id: str
    state: str  # queued, running, completed, cancelled, failed
    category_id: str | None
    recheck: bool  # also numbers whose answer is known
    total: int  # contacts when it was asked for
    checked: int
    on_whatsapp: int
    not_on_whatsapp: int
    undecided: int  # the gateway could not tell
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NextNumber:
    """The contact to look at next."""

    contact_id: str
    phone: str


_READ = """
    SELECT n.id::text, state, n.category_id::text, recheck, total, checked, on_whatsapp, not_on_whatsapp,
        undecided, error, n.created_at, started_at, finished_at
    FROM number_checks n
"""
GET = f"{_READ} WHERE n.id = $1"
LIST = f"""
    {_READ} WHERE n.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY n.id DESC LIMIT $1
"""
_OPEN = "c.erased_at IS NULL AND c.opted_out_at IS NULL AND ({recheck} OR c.whatsapp = 'unknown')"
OF_CATEGORY = f"""
    INSERT INTO number_checks (category_id, recheck, total)
    SELECT $1, $2, count(*) FROM contact_categories cc JOIN contacts c ON c.id = cc.contact_id
    WHERE cc.category_id = $1 AND {_OPEN.format(recheck="$2")}
    RETURNING id::text
"""
OF_CONTACTS = f"""
    INSERT INTO number_checks (contact_ids, recheck, total)
    SELECT $1, $2, count(*) FROM contacts c WHERE c.id = ANY($1::uuid[]) AND {_OPEN.format(recheck="$2")}
    RETURNING id::text
"""
START = """
    UPDATE number_checks SET state = 'running', started_at = coalesce(started_at, clock_timestamp())
    WHERE id = $1 AND state IN ('queued', 'running')
"""
# By the category or by the list; whichever is unset finds nobody.
NEXT_OF_CATEGORY = f"""
    SELECT c.id::text AS contact_id, c.phone FROM number_checks n
    JOIN contact_categories cc ON cc.category_id = n.category_id AND cc.contact_id > n.after_id
    JOIN contacts c ON c.id = cc.contact_id
    WHERE n.id = $1 AND n.state = 'running' AND {_OPEN.format(recheck="n.recheck")}
    ORDER BY cc.contact_id LIMIT 1
"""
NEXT_OF_CONTACTS = f"""
    SELECT c.id::text AS contact_id, c.phone FROM number_checks n
    JOIN contacts c ON c.id = ANY(n.contact_ids) AND c.id > n.after_id
    WHERE n.id = $1 AND n.state = 'running' AND {_OPEN.format(recheck="n.recheck")} ORDER BY c.id LIMIT 1
"""
# Whoever has another number meanwhile is asked about again: the answer is not about that number.
LOCK_CONTACT = "SELECT FROM contacts WHERE id = $1 AND phone = $2 FOR NO KEY UPDATE"
# What could not be decided stays as it was: an answer that we have is worth more than none.
STORE = """
    UPDATE contacts SET whatsapp = coalesce($2, whatsapp), whatsapp_checked_at = clock_timestamp() WHERE id = $1
"""
ADVANCE = """
    UPDATE number_checks SET after_id = $2, checked = checked + 1,
        on_whatsapp = on_whatsapp + ($3::text IS NOT DISTINCT FROM 'yes')::int,
        not_on_whatsapp = not_on_whatsapp + ($3 IS NOT DISTINCT FROM 'no')::int,
        undecided = undecided + ($3 IS NULL)::int
    WHERE id = $1 AND after_id < $2
"""
FINISH = """
    UPDATE number_checks SET state = $2, error = $3, finished_at = clock_timestamp()
    WHERE id = $1 AND state IN ('queued', 'running')
"""
WAITING = """
    SELECT id::text FROM number_checks
    WHERE state = 'queued' AND created_at < clock_timestamp() - interval '5 seconds'
    ORDER BY created_at LIMIT 100
"""
# The slot of one question: all workers together keep the rate.
RESERVE = """
    UPDATE number_check_pace SET next_at = greatest(next_at, clock_timestamp()) + make_interval(secs => $1)
    RETURNING extract(epoch FROM next_at - make_interval(secs => $1) - clock_timestamp())::float8
"""
BREAK = """
    UPDATE number_check_pace SET next_at = greatest(next_at, clock_timestamp() + make_interval(secs => $1))
"""


async def add_check(
    pool: Pool, *, category_id: str | None, contact_ids: Sequence[str] | None, recheck: bool
) -> NumberCheck:
    """Stores a request: for a category, or for these contacts."""
    if contact_ids is None:
        check_id = await pool.fetchval(OF_CATEGORY, category_id, recheck)
    else:
        check_id = await pool.fetchval(OF_CONTACTS, contact_ids, recheck)
    check = await get_check(pool, check_id)
    if check is None:
        raise LookupError(f"number check {check_id} is gone")
    return check


async def get_check(pool: Pool, check_id: str) -> NumberCheck | None:
    """The request, or None."""
    row = await pool.fetchrow(GET, check_id)
    return NumberCheck(**row) if row else None


async def list_checks(pool: Pool, *, limit: int, after_id: str | None = None) -> list[NumberCheck]:
    """A page of requests, the latest first."""
    return [NumberCheck(**row) for row in await pool.fetch(LIST, limit, after_id)]


async def start_check(pool: Pool, check_id: str) -> bool:
    """False when it has ended."""
    return await pool.execute(START, check_id) == "UPDATE 1"


async def next_number(pool: Pool, check_id: str) -> NextNumber | None:
    """Whom to ask about next; None when nobody is left, or the check has ended."""
    row = await pool.fetchrow(NEXT_OF_CATEGORY, check_id) or await pool.fetchrow(NEXT_OF_CONTACTS, check_id)
    return NextNumber(**row) if row else None


async def store_answer(pool: Pool, check_id: str, number: NextNumber, is_on_whatsapp: bool | None) -> None:
    """What the gateway said about one number, counted once; None: it could not tell."""
    answer = None if is_on_whatsapp is None else "yes" if is_on_whatsapp else "no"
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchrow(LOCK_CONTACT, number.contact_id, number.phone) is None:
            return
        if await connection.execute(ADVANCE, check_id, number.contact_id, answer) == "UPDATE 1":
            await connection.execute(STORE, number.contact_id, answer)


async def finish_check(pool: Pool, check_id: str, state: str, error: str | None = None) -> bool:
    """Ends a check as completed, cancelled or failed; False when it has ended before."""
    return await pool.execute(FINISH, check_id, state, error) == "UPDATE 1"


async def waiting_checks(pool: Pool) -> list[str]:
    """Checks that nobody has begun: whoever asked for them may have failed to start them."""
    return [row["id"] for row in await pool.fetch(WAITING)]


async def reserve_question(pool: Pool, gap_s: float) -> float:
    """Takes the next free slot; gives how long to wait for it, in seconds."""
    wait_s: float = await pool.fetchval(RESERVE, gap_s)
    return max(0.0, wait_s)


async def take_break(pool: Pool, break_s: float) -> None:
    """Nobody asks for so long: the gateway wants it."""
    await pool.execute(BREAK, break_s)
