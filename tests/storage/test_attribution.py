"""To which campaign does an inbound message belong?"""

import secrets
from datetime import UTC, datetime, timedelta

from domain.contact_states import ContactState
from storage import campaigns, interactions, outcomes
from storage.senders import Sender
from storage.sending import Ready
from tests.conftest import Town
from tests.scene import Scene, open_scene


async def sent(scene: Scene, *, minutes_ago: int = 0) -> str:
    """Message 1 goes out to the only contact; gives its WhatsApp id."""
    ready = await scene.begin()
    assert isinstance(ready, Ready)
    wa_id = f"3EB0{secrets.token_hex(9).upper()}"
    sent_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    await outcomes.record_accepted(
        scene.pool,
        ready.message_id,
        ready.attempt,
        provider_id=secrets.token_hex(12),
        wa_id=wa_id,
        accepted_at=sent_at,
        sent_at=sent_at,
    )
    return wa_id


async def again(first: Scene, sender: Sender) -> Scene:
    """Another campaign to the same people."""
    town = first.town
    campaign = await town.campaign(first.campaign.category_ids[0], [sender.id])
    await campaigns.open_campaign(town.pool, campaign.id)
    return Scene(town, sender, campaign, first.phones, first.contact_ids)


async def attributed(scene: Scene, *, wa_id: str | None = None, reference: str | None = None) -> str | None:
    """The campaign of a message from the contact to the sender of the scene."""
    found = await interactions.find_campaign_contact(
        scene.pool,
        device_id=scene.sender.device_id,
        phone=scene.phones[0],
        quoted_wa_id=wa_id,
        quoted_reference=reference,
    )
    assert found is None or found[1] == scene.contact_ids[0]
    return found[0] if found else None


async def test_a_quoted_message_decides(everybody: Town, account: Sender) -> None:
    """E8; by our reference or by WhatsApp's id, though another campaign is the latest."""
    old = await open_scene(everybody, sender=account)
    wa_id = await sent(old, minutes_ago=5)
    new = await again(old, account)
    await sent(new)

    assert await attributed(old, reference=(await old.message())["id"]) == old.campaign.id
    assert await attributed(old, wa_id=wa_id) == old.campaign.id
    assert await attributed(old, wa_id="3EB0UNKNOWN", reference="not ours") == new.campaign.id
    hidden = await interactions.find_campaign_contact(
        old.pool, device_id=account.device_id, phone=None, quoted_wa_id=wa_id, quoted_reference=None
    )
    assert hidden == (old.campaign.id, old.contact_ids[0])


async def test_otherwise_the_latest_message_1_that_still_waits(everybody: Town, account: Sender) -> None:
    """E8; a campaign that is over for this contact comes after one that still waits."""
    waiting = await open_scene(everybody, sender=account)
    await sent(waiting, minutes_ago=10)
    waiting_too = await again(waiting, account)
    await sent(waiting_too, minutes_ago=5)
    over = await again(waiting, account)
    await sent(over)
    await campaigns.stop_contacts(over.pool, over.campaign.id, ContactState.EXPIRED, "max_age")

    assert await attributed(waiting) == waiting_too.campaign.id


async def test_otherwise_the_latest_sent(everybody: Town, account: Sender) -> None:
    """E6, E8; a late reaction belongs somewhere as well."""
    old = await open_scene(everybody, sender=account)
    await sent(old, minutes_ago=10)
    new = await again(old, account)
    await sent(new, minutes_ago=5)
    for scene in (old, new):
        await campaigns.stop_contacts(scene.pool, scene.campaign.id, ContactState.EXPIRED, "max_age")

    assert await attributed(old) == new.campaign.id


async def test_a_message_that_is_being_sent_counts_as_waiting(everybody: Town, account: Sender) -> None:
    """E5; somebody may answer before the provider has answered us."""
    scene = await open_scene(everybody, sender=account)
    assert await attributed(scene) is None, "nothing was sent yet"
    await scene.begin()
    assert await attributed(scene) == scene.campaign.id


async def test_a_message_to_another_account_belongs_to_none(everybody: Town, account: Sender) -> None:
    """E8; who writes to a number that never wrote to him starts something else, even when he quotes."""
    scene = await open_scene(everybody, sender=account)
    wa_id = await sent(scene)
    other = Scene(scene.town, await everybody.sender(), scene.campaign, scene.phones, scene.contact_ids)

    assert await attributed(other) is None
    assert await attributed(other, wa_id=wa_id) is None
    assert await attributed(other, reference=(await scene.message())["id"]) is None
