"""Users, sessions, keys and locks in the database: what must hold however many come at once."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.access import Role, Scope
from storage import api_keys, sessions, users
from storage.api_keys import DeadKeyError
from storage.database import Pool
from storage.passwords import check_password, hash_password, verify_password
from storage.sessions import FREE_ATTEMPTS, LONGEST_LOCK, Attempt, Locked
from storage.users import LastSuperAdminError, NameTakenError, User

ANY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def new_user(pool: Pool, role: Role = Role.ADMIN) -> User:
    """Somebody whose password nobody knows."""
    name = f"User {secrets.token_hex(4)}"
    return await users.add_user(
        pool, name=name, role=role, language="en", password_hash="unknown", actor="a test"
    )


@pytest.fixture
async def nobody_else(pool: Pool) -> None:
    """The users of other tests would be super admins too."""
    await pool.execute("DELETE FROM users")


@pytest.mark.usefixtures("nobody_else")
async def test_the_first_start_makes_one_super_admin(pool: Pool) -> None:
    """However many processes start; the password works once it is hashed, and must be changed."""
    passwords = await asyncio.gather(*(users.add_first_user(pool) for _ in range(4)))

    [password] = [each for each in passwords if each is not None]
    [admin] = await users.list_users(pool, 10)
    assert (admin.name, admin.role, admin.must_change_password) == ("admin", Role.SUPER_ADMIN, True)
    assert await verify_password(await users.password_hash(pool, admin.id), password)
    assert await users.add_first_user(pool) is None


@pytest.mark.usefixtures("nobody_else")
async def test_one_super_admin_always_stays(pool: Pool) -> None:
    """Two who demote and remove each other at the same moment: one of them is refused."""
    for _ in range(5):
        first, second = await new_user(pool, Role.SUPER_ADMIN), await new_user(pool, Role.SUPER_ADMIN)
        results = await asyncio.gather(
            users.change_user(pool, first.id, {"role": Role.ADMIN}, actor="a test"),
            users.remove_user(pool, second.id, actor="a test"),
            return_exceptions=True,
        )
        assert [type(result) for result in results].count(LastSuperAdminError) == 1
        assert len(await users.list_users(pool, 10, role=Role.SUPER_ADMIN)) == 1
        await pool.execute("DELETE FROM users")


async def test_a_name_belongs_to_one_user_in_any_case(pool: Pool) -> None:
    """People type it as they like."""
    user = await new_user(pool)
    with pytest.raises(NameTakenError):
        await users.add_user(
            pool, name=user.name.upper(), role=Role.ADMIN, language="fr", password_hash="x", actor="a test"
        )
    assert await users.find_user(pool, user.name.upper()) == user


async def test_a_session_ends_after_12_hours_without_use_and_after_7_days(pool: Pool) -> None:
    """Whatever happens first."""
    user = await new_user(pool)
    unused = "UPDATE sessions SET last_seen_at = now() - $1::interval WHERE user_id = $2"
    old = "UPDATE sessions SET created_at = now() - $1::interval WHERE user_id = $2"
    for shift, just_alive, dead in ((unused, 11.9, 12.1), (old, 167.9, 168.1)):
        token = await sessions.open_session(pool, user.id, user_agent="a test")
        for hours, alive in ((just_alive, True), (dead, False)):
            await pool.execute(
                shift,
                timedelta(hours=hours),
                user.id,
            )
            assert bool(await sessions.list_sessions(pool, user.id, 10)) is alive
            assert (await sessions.find_caller(pool, token) is not None) is alive
        await sessions.open_session(pool, user.id, user_agent="sweeps what has expired")
        assert await pool.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", user.id) == 1
        await pool.execute("DELETE FROM sessions WHERE user_id = $1", user.id)


async def test_a_request_makes_a_session_last_longer_but_few_requests_write(pool: Pool) -> None:
    """`last_seen_at` is right to five minutes."""
    user = await new_user(pool)
    token = await sessions.open_session(pool, user.id, user_agent="a test")
    [fresh] = await sessions.list_sessions(pool, user.id, 10)
    await sessions.find_caller(pool, token)
    assert await sessions.list_sessions(pool, user.id, 10) == [fresh]

    await pool.execute(
        "UPDATE sessions SET last_seen_at = now() - interval '6 minutes' WHERE id = $1", fresh.id
    )
    await sessions.find_caller(pool, token)
    [seen] = await sessions.list_sessions(pool, user.id, 10)
    assert seen.last_seen_at > fresh.last_seen_at


async def test_no_table_holds_what_opens_a_door(pool: Pool) -> None:
    """Whoever reads the database gets in nowhere."""
    user = await new_user(pool)
    token = await sessions.open_session(pool, user.id, user_agent="a test")
    key, shown = await api_keys.add_key(
        pool, name=user.name, scopes=[Scope.READ], owner_id=user.id, expires_at=None, actor="a test"
    )
    secret = shown.split("_", 2)[2]
    for statement in (
        "SELECT t::text AS text FROM sessions t",
        "SELECT t::text AS text FROM api_keys t",
        "SELECT t::text AS text FROM audit_log t",
    ):
        for row in await pool.fetch(statement):
            assert token not in row["text"]
            assert secret not in row["text"]
    assert (await api_keys.find_caller(pool, shown)).id == key.id


async def test_many_guesses_at_once_are_no_more_than_the_free_ones(pool: Pool) -> None:
    """Each counts before it is known to fail."""
    name = f"Guessed {secrets.token_hex(4)}"
    attempts = await asyncio.gather(*(sessions.begin_attempt(pool, name) for _ in range(40)))
    allowed = [attempt for attempt in attempts if isinstance(attempt, Attempt)]
    assert sorted(attempt.attempts for attempt in allowed) == list(range(1, FREE_ATTEMPTS + 1))
    assert [bool(attempt.locked_for_s) for attempt in sorted(allowed, key=lambda each: each.attempts)] == [
        *[False] * (FREE_ATTEMPTS - 1),
        True,
    ]


async def test_locks_double_up_to_half_an_hour_and_are_forgotten(pool: Pool) -> None:
    """30 s, 60 s, 120 s, ...; after a day without attempts it begins anew."""
    name = f"Guessed {secrets.token_hex(4)}"
    account = sessions._account(name)
    locks: list[int] = []
    for _ in range(FREE_ATTEMPTS + 40):
        attempt = await sessions.begin_attempt(pool, name)
        assert isinstance(attempt, Attempt)
        locks.append(round(attempt.locked_for_s))
        if attempt.locked_for_s:
            locked = await sessions.begin_attempt(pool, name.upper())
            assert isinstance(locked, Locked)
            assert locked.seconds == pytest.approx(attempt.locked_for_s, abs=2)
        await pool.execute("UPDATE login_attempts SET locked_until = now() WHERE account = $1", account)
    longest = LONGEST_LOCK.total_seconds()
    assert locks == [*[0] * (FREE_ATTEMPTS - 1), *[min(30 * 2**n, longest) for n in range(41)]]

    await pool.execute(
        "UPDATE login_attempts SET last_attempt_at = now() - interval '25 hours' WHERE account = $1", account
    )
    attempt = await sessions.begin_attempt(pool, name)
    assert attempt == Attempt(attempts=1, locked_for_s=0)
    await sessions.forget_attempts(pool, name)
    assert await pool.fetchval("SELECT count(*) FROM login_attempts WHERE account = $1", account) == 0


@ANY
@given(text=st.text() | st.from_regex(r"rl_[0-9a-f]{32}_[A-Za-z0-9_-]{1,50}", fullmatch=True))
async def test_nonsense_is_no_key(pool: Pool, text: str) -> None:
    """It is refused with a sentence, never with an error of the database."""
    with pytest.raises(DeadKeyError, match="API key"):
        await api_keys.find_caller(pool, text)


async def test_a_key_does_no_more_than_its_owner_may_now(pool: Pool) -> None:
    """Also when the owner's role changes after the key was made."""
    owner = await new_user(pool, Role.SUPER_ADMIN)
    await new_user(pool, Role.SUPER_ADMIN)
    _key, token = await api_keys.add_key(
        pool, name=owner.name, scopes=list(Scope), owner_id=owner.id, expires_at=None, actor="a test"
    )
    assert (await api_keys.find_caller(pool, token)).scopes == set(Scope)
    await users.change_user(pool, owner.id, {"role": Role.ADMIN}, actor="a test")
    assert (await api_keys.find_caller(pool, token)).scopes == Role.ADMIN.scopes
    await users.remove_user(pool, owner.id, actor="a test")
    with pytest.raises(DeadKeyError, match="unknown"):
        await api_keys.find_caller(pool, token)


async def test_the_use_of_a_key_is_noted_once_a_minute(pool: Pool) -> None:
    """A program that asks a hundred times a second writes nothing."""
    key, token = await api_keys.add_key(
        pool, name=secrets.token_hex(6), scopes=[Scope.READ], owner_id=None, expires_at=None, actor="a test"
    )
    at = "SELECT last_used_at FROM api_keys WHERE id = $1"
    assert key.last_used_at is None
    await api_keys.find_caller(pool, token)
    first = await pool.fetchval(at, key.id)
    await api_keys.find_caller(pool, token)
    assert await pool.fetchval(at, key.id) == first
    await pool.execute("UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE id = $1", key.id)
    await api_keys.find_caller(pool, token)
    assert await pool.fetchval(at, key.id) > first


@given(st.text(max_size=200))
def test_a_password_has_15_to_128_characters(text: str) -> None:
    """Counted as people see them: composed or not, it is the same password."""
    try:
        normal = check_password(text)
    except ValueError as error:
        assert "15 to 128 characters" in str(error)  # noqa: PT017 - the other branch counts as well
    else:
        assert 15 <= len(normal) <= 128


async def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    """Keyboards compose them in different ways."""
    stored = await hash_password("un café après-midi")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await verify_password(
        stored, "un cafe\N{COMBINING ACUTE ACCENT} apre\N{COMBINING GRAVE ACCENT}s-midi"
    )
    assert not await verify_password(stored, "un café apres-midi")
    assert not await verify_password(None, "un café après-midi")
