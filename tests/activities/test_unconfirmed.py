"""Through Meta nobody can be asked what became of a message: its status webhook tells, or nobody ever knows.

Never twice: judged by the journal of the sandbox. No webhook comes by itself here: the sandbox loses them all.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.messages import MessageType
from providers.base import MessageTemplate, OutgoingMessage
from providers.meta import MetaGateway
from storage import campaigns, contacts, monitoring, sending, upkeep
from storage.senders import Sender
from tests import meta
from tests.activities.conftest import Desk, Post
from tests.activities.test_sending import accepted_by_provider
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

ANSWER_LOST = ["accept_then_drop", "accept_then_timeout", "accept_then_502"]
LONG_S = 60.0


@pytest.fixture
async def number(town: Town) -> Sender:
    """A number of Meta."""
    return await town.meta_sender()


@pytest.fixture
def through_meta(post: Post, meta_gateway: MetaGateway) -> Post:
    """Where messages of Meta's numbers are handed over."""
    return replace(post, gateway=meta_gateway)


async def silent_scene(town: Town, number: Sender, count: int = 1) -> Scene:
    """People of whose messages no webhook tells, although a worker may have directed their number to us."""
    scene = await open_scene(town, count, sender=number)
    for phone in scene.phones:
        await town.goes_unheard(phone)
    return scene


async def break_posts(scene: Scene, kind: str, **details: Any) -> None:
    await scene.town.fault(target="meta_messages.post", kind=kind, match_phone=scene.phones[0], **details)


async def first_message(scene: Scene) -> str:
    return str((await scene.message())["id"])


async def is_unknown(scene: Scene) -> bool:
    return await scene.outcomes() == ["unknown"]


@pytest.mark.parametrize("kind", [*ANSWER_LOST, "drop", "reset", "html_504"])
async def test_a_message_of_unknown_outcome_is_never_sent_again(
    town: Town, number: Sender, through_meta: Post, kind: str
) -> None:
    """E9, E4: after its patience it has failed, with the reason, whether it was sent or not."""
    scene = await silent_scene(town, number)
    await break_posts(scene, kind)
    outcome = await through_meta.send(scene)
    assert outcome.state == "failed"
    assert "nobody knows" in (await scene.contact())["reason"]
    assert await scene.outcomes() == ["unknown"]
    assert (await through_meta.send(scene)).state == "failed", "asked again, it stays so"
    assert len(await accepted_by_provider(scene)) == (kind in ANSWER_LOST)
    stuck = await upkeep.stuck_messages(town.pool, older_than_s=0, limit=10_000)
    assert await first_message(scene) not in {message.message_id for message in stuck}


@pytest.mark.parametrize("kind", ANSWER_LOST)
async def test_its_status_webhook_says_that_it_was_sent(
    town: Town, number: Sender, through_meta: Post, desk: Desk, kind: str
) -> None:
    """E1, E2: while the activity waits; the window starts when the provider says that it left."""
    scene = await silent_scene(town, number)
    await break_posts(scene, kind)
    sending_it = asyncio.create_task(through_meta.send(scene, status_patience_s=LONG_S))
    await eventually(lambda: is_unknown(scene), what="the unknown outcome")
    told = meta.status("sent", reference=f"{await first_message(scene)}/1")
    assert await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told])) == ["sent"]
    outcome = await sending_it
    assert (outcome.state, await scene.outcomes()) == ("message_1_sent", ["accepted"])
    message = await scene.message()
    assert message["provider_id"] == told["id"]
    assert outcome.sent_at == datetime.fromtimestamp(int(told["timestamp"]), UTC)
    assert len(await accepted_by_provider(scene)) == 1


async def test_its_status_webhook_says_that_it_failed(
    town: Town, number: Sender, through_meta: Post, desk: Desk
) -> None:
    """E4: a failure in Meta's words, not ours."""
    scene = await silent_scene(town, number)
    await break_posts(scene, "accept_then_drop")
    sending_it = asyncio.create_task(through_meta.send(scene, status_patience_s=LONG_S))
    await eventually(lambda: is_unknown(scene), what="the unknown outcome")
    told = meta.status("failed", reference=f"{await first_message(scene)}/1", code=131026)
    await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
    assert (await sending_it).state == "failed"
    assert await scene.outcomes() == ["rejected"]
    assert "131026" in (await scene.message())["failure_reason"]


async def test_a_worker_that_died_in_the_post_leaves_a_message_that_is_not_sent_again(
    town: Town, number: Sender, through_meta: Post
) -> None:
    """E9, E17: nobody stored what became of the POST."""
    scene = await silent_scene(town, number)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    assert ready.template is not None
    template = MessageTemplate(name=ready.template[0], language=ready.template[1])
    await through_meta.gateway.send(
        OutgoingMessage(
            device=ready.device_id,
            phone=ready.phone,
            body=ready.body,
            reference=ready.message_id,
            template=template,
        )
    )
    assert (await through_meta.send(scene)).state == "failed"
    assert len(await accepted_by_provider(scene)) == 1


@pytest.mark.parametrize("status", ["sent", "delivered"])
async def test_what_is_learnt_too_late_corrects_the_message_and_sends_nothing(
    town: Town, number: Sender, through_meta: Post, desk: Desk, status: str
) -> None:
    """E9: the contact stays failed, for a person; the message and its attempt say what is known."""
    scene = await silent_scene(town, number)
    await break_posts(scene, "accept_then_drop")
    await through_meta.send(scene)
    reference = f"{await first_message(scene)}/1"
    told = meta.status(status, reference=reference)
    await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
    assert (await scene.message())["status"] == status
    assert await scene.outcomes() == ["accepted"]
    assert await scene.state() == "failed"
    assert (await campaigns.get_counters(town.pool, scene.campaign.id)) == await scene.recounted()
    assert (await through_meta.send(scene)).state == "failed"
    assert len(await accepted_by_provider(scene)) == 1


async def test_a_failure_that_is_learnt_too_late_gives_its_reason(
    town: Town, number: Sender, through_meta: Post, desk: Desk
) -> None:
    """E4: after which nothing takes it back."""
    scene = await silent_scene(town, number)
    await break_posts(scene, "accept_then_drop")
    await through_meta.send(scene)
    reference = f"{await first_message(scene)}/1"
    for told in (
        meta.status("failed", reference=reference, code=131026),
        meta.status("sent", reference=reference),
    ):
        await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
    message = await scene.message()
    assert message["status"] == "failed"
    assert "131026" in message["failure_reason"]
    assert await scene.outcomes() == ["rejected"]


async def test_what_nobody_will_ever_know_is_not_waited_for(
    town: Town, number: Sender, through_meta: Post
) -> None:
    """`relance_send_attempts_undecided` falls again."""
    before = (await monitoring.gauges(town.pool)).attempts_undecided
    scene = await silent_scene(town, number)
    await break_posts(scene, "drop")
    await through_meta.send(scene)
    assert await scene.outcomes() == ["unknown"]
    assert (await monitoring.gauges(town.pool)).attempts_undecided <= before


async def test_the_failure_of_an_attempt_that_is_made_again_ends_nothing(
    town: Town, number: Sender, through_meta: Post, desk: Desk
) -> None:
    """E4: Meta may tell a refusal twice, in its answer and by webhook."""
    scene = await silent_scene(town, number)
    await break_posts(scene, "status", http_status=429, error_code=131056)
    await through_meta.refused(scene)
    reference = f"{await first_message(scene)}/1"

    async def tell_again() -> list[str]:
        told = meta.status("failed", reference=reference, code=131056)
        return await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))

    assert await tell_again() == ["failed, known already"]
    assert await scene.state() == "pending"
    assert (await through_meta.send(scene)).state == "message_1_sent"
    await tell_again()
    assert (await scene.message())["status"] == "accepted"
    assert await scene.state() == "message_1_sent"


async def test_a_failure_that_overtakes_the_answer_to_its_post_waits_for_it(
    town: Town, number: Sender, desk: Desk
) -> None:
    """E4: only that answer says whether the attempt is made again; a failure for good need not wait."""
    scene = await silent_scene(town, number)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    for code, outcome, state in ((131056, "parked", "pending"), (131026, "failed", "failed")):
        told = meta.status("failed", reference=f"{ready.message_id}/{ready.attempt}", code=code)
        done = await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
        assert (done, await scene.state()) == ([outcome], state)


async def test_a_place_in_the_queue_is_given_to_others_while_the_wait_is_long(
    town: Town, number: Sender, through_meta: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: each look takes a turn of the sender's queue, so there are few."""
    monkeypatch.setattr("activities.sending.STATUS_WAIT_S", 0.2)
    scene = await silent_scene(town, number)
    await break_posts(scene, "drop")
    with pytest.raises(ApplicationError) as raised:
        await through_meta.send(scene, status_patience_s=LONG_S)
    assert raised.value.type == "Unconfirmed"
    assert raised.value.next_retry_delay is not None
    assert 10 < raised.value.next_retry_delay.total_seconds() <= LONG_S
    assert await scene.state() == "pending"


async def test_the_pair_limit_holds_up_this_contact_alone(
    town: Town, number: Sender, through_meta: Post
) -> None:
    """E4: no failed attempt, and the sender goes on with others."""
    scene = await silent_scene(town, number, 2)
    await break_posts(scene, "status", http_status=429, error_code=131056)
    assert (await through_meta.refused(scene))[0] == "GatewayBusyError"
    assert (await through_meta.send(scene, 1)).state == "message_1_sent"
    assert (await through_meta.send(scene)).state == "message_1_sent"


async def test_message_2_outside_of_the_window_is_refused_with_its_reason(
    town: Town, number: Sender, through_meta: Post
) -> None:
    """E6: Meta lets nothing free-form through, and nothing else is sent in its place."""
    scene = await silent_scene(town, number)
    await through_meta.send(scene)
    outcome = await through_meta.send(scene, message_type=MessageType.MESSAGE_2)
    assert outcome.state == "failed"
    assert "24 hours" in (await scene.contact())["reason"]
    assert len(await accepted_by_provider(scene)) == 1


async def test_who_has_stopped_marketing_messages_at_whatsapp_has_opted_out(
    town: Town, number: Sender, through_meta: Post, desk: Desk
) -> None:
    """131050 is as good as STOP."""
    scene = await silent_scene(town, number)
    await through_meta.send(scene)
    told = meta.status("failed", reference=f"{await first_message(scene)}/1", code=131050)
    await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
    contact = await contacts.get_contact(town.pool, scene.contact_ids[0])
    assert contact is not None
    assert contact.opted_out_at is not None


async def test_too_many_reports_stop_the_sender(
    town: Town, number: Sender, through_meta: Post, desk: Desk
) -> None:
    """131048, whether it comes as a refusal or as a status."""
    scene = await silent_scene(town, number)
    await through_meta.send(scene)
    told = meta.status("failed", reference=f"{await first_message(scene)}/1", code=131048)
    await meta.deliver(town.pool, desk.intake, meta.body(number.device_id, statuses=[told]))
    row = await town.pool.fetchrow("SELECT status, status_reason FROM senders WHERE id = $1", number.id)
    assert row is not None
    assert row["status"] == "stopped"
    assert "131048" in row["status_reason"]
