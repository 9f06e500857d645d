"""Meta proves itself by a signature, and puts many updates into one POST."""

import httpx
import pytest

from api.body_limits import MIB
from local.addresses import SANDBOX_VERIFY_TOKEN
from tests import meta
from tests.conftest import Town, eventually

PATH = "/webhooks/meta"
NUMBER = "106540352242922"


async def test_the_handshake_gives_the_challenge_back_to_whoever_knows_the_token(
    api: httpx.AsyncClient,
) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": SANDBOX_VERIFY_TOKEN}
    answer = await api.get(PATH, params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    for wrong in ({"hub.verify_token": "guessed"}, {"hub.mode": "unsubscribe"}):
        assert (await api.get(PATH, params={**query, **wrong})).status_code == 403
    assert (await api.get(PATH)).status_code == 403


@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(api: httpx.AsyncClient, secret: str) -> None:
    told = meta.status("sent", reference=None)
    raw, headers = meta.signed(meta.body(NUMBER, statuses=[told]), secret)
    assert (await api.post(PATH, content=raw, headers=headers)).status_code == 401
    assert (await api.post(PATH, content=raw)).status_code == 401
    _, right = meta.signed(meta.body(NUMBER, statuses=[told]))
    assert (await api.post(PATH, content=raw + b" ", headers=right)).status_code == 401


async def test_every_update_of_a_post_counts_once_however_often_it_comes(
    api: httpx.AsyncClient, town: Town
) -> None:
    """E8, E9: a thousand statuses at most, in any order, mixed with messages, repeated in other company."""
    statuses = [meta.status(name, reference=None, wamid="wamid.one") for name in ("read", "sent", "delivered")]
    said = meta.text("+33639980000")
    raw, headers = meta.signed(meta.body(NUMBER, statuses=statuses, messages=[said]))
    assert (await api.post(PATH, content=raw, headers=headers)).json() == {
        "stored": 4,
        "known": 0,
        "rejected": 0,
    }
    many = [*statuses, *(meta.status("sent", reference=None) for _ in range(100))]
    raw, headers = meta.signed(meta.body(NUMBER, statuses=many))
    answer = (await api.post(PATH, content=raw, headers=headers)).json()
    assert (answer["stored"], answer["known"]) == (100, 3)


async def test_a_post_with_many_long_updates_is_taken(api: httpx.AsyncClient, town: Town) -> None:
    """E8: a batch over a mebibyte, which Meta would repeat and then give up."""
    long = [meta.text("+33639980000", "a" * 16_384) for _ in range(90)]
    raw, headers = meta.signed(meta.body(NUMBER, messages=long))
    assert len(raw) > 1.4 * MIB
    answer = await api.post(PATH, content=raw, headers=headers)
    assert (answer.status_code, answer.json()["stored"]) == (200, 90)
    raw, headers = meta.signed(meta.body(NUMBER, messages=long * 3))
    assert (await api.post(PATH, content=raw, headers=headers)).status_code == 413


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"object":"page"}', b'{"object":"whatsapp_business_account","entry":[null]}'],
)
async def test_signed_nonsense_is_answered_and_kept(api: httpx.AsyncClient, content: bytes) -> None:
    """Anything but 200 would come again for days."""
    headers = {"X-Hub-Signature-256": meta.signature(content)}
    answer = await api.post(PATH, content=content, headers=headers)
    assert (answer.status_code, answer.json()["rejected"]) == (200, 1)


async def test_a_stop_is_in_force_before_the_answer(api: httpx.AsyncClient, town: Town) -> None:
    _, [phone] = await town.people([{}])
    raw, headers = meta.signed(meta.body(NUMBER, messages=[meta.text(phone, "STOP")]))
    assert (await api.post(PATH, content=raw, headers=headers)).status_code == 200
    opted_out = await town.pool.fetchval("SELECT opted_out_at FROM contacts WHERE phone = $1", phone)
    assert opted_out is not None


def stops_in_meta_s_own_ways(phone: str) -> dict[str, meta.Json]:
    """By name: bodies that say that this person wants nothing more."""
    button = {"type": "button", "button": {"text": "Stop promotions", "payload": "Stop promotions"}}
    preferences = [meta.preference("+33639980009", "resume"), meta.preference(phone, "stop")]
    return {
        "button": meta.body(NUMBER, messages=[{**meta.text(phone), **button}]),
        "setting": meta.body(NUMBER, "user_preferences", user_preferences=preferences),
        "system message": meta.body(NUMBER, messages=[meta.preference_message(phone, "stop")]),
    }


@pytest.mark.parametrize("way", sorted(stops_in_meta_s_own_ways("")))
async def test_whoever_stops_marketing_messages_in_whatsapp_has_opted_out(
    api: httpx.AsyncClient, town: Town, way: str
) -> None:
    """Before the answer too, and whoever resumes them has said nothing."""
    _, [phone] = await town.people([{}])
    raw, headers = meta.signed(stops_in_meta_s_own_ways(phone)[way])
    assert (await api.post(PATH, content=raw, headers=headers)).status_code == 200
    opted_out = await town.pool.fetchval("SELECT opted_out_at FROM contacts WHERE phone = $1", phone)
    assert opted_out is not None
    assert (await api.post(PATH, content=raw, headers=headers)).json()["stored"] == 0, "told again, it is known"


async def test_other_changes_of_the_account_are_kept_and_mean_nothing(
    api: httpx.AsyncClient, town: Town
) -> None:
    payload = meta.body(NUMBER)
    change = {"field": "message_template_status_update", "value": {"event": "PAUSED", "id": NUMBER}}
    payload["entry"][0]["changes"] = [change]
    raw, headers = meta.signed(payload)
    assert (await api.post(PATH, content=raw, headers=headers)).json()["stored"] == 1

    async def worked_off() -> str | None:
        outcome: str | None = await town.pool.fetchval(
            "SELECT outcome FROM webhook_events WHERE event = 'meta:message_template_status_update'"
        )
        return outcome

    assert await eventually(worked_off) == "ignored: a change of message_template_status_update"
