"""What Temporal stores, encrypted: on a real server, through a whole campaign and a rotation of keys."""

import asyncio
import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from activities.payload_codec import ENCODING, EncryptingCodec, data_converter
from domain.identifiers import contact_workflow_id
from domain.payload_keys import PayloadKeyError, read_payload_keys
from settings import Settings
from tests.test_pausing import mailing, open_house, reacting
from worker import WORKFLOWS
from workflows.contact import ContactWorkflow

HISTORIES = Path(__file__).parents[1] / "workflows" / "histories"


def new_key(key_id: str) -> str:
    """A key as the setting writes it."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload in a message, however deep, save search attributes: people find workflows by those ids."""
    if isinstance(message, Payload):
        yield message
    elif not isinstance(message, SearchAttributes):
        for field, value in message.ListFields():
            if field.message_type is None:
                continue
            for part in _parts(field, value):
                yield from payloads_in(part)


def _parts(field: object, value: object) -> list[Message]:
    if hasattr(value, "values"):  # a map
        return [part for part in value.values() if isinstance(part, Message)]
    if isinstance(value, Message):
        return [value]
    return [part for part in value if isinstance(part, Message)] if hasattr(value, "__iter__") else []


async def test_a_campaign_runs_encrypted_and_goes_on_over_a_rotation_of_keys() -> None:
    """Issue: histories contain no plaintext; the newest key encrypts, all decrypt."""
    old, new = new_key("2026-01"), new_key("2026-02")
    async with open_house(payload_keys=SecretStr(old)) as house:
        run = await mailing(house, reacting(4, after_s=3), window_s=30)
        await run.until_accepted(4)
        await house.stop_workers()
        house.settings = house.settings.model_copy(update={"payload_keys": SecretStr(f"{new} {old}")})
        house.start_workers(1)
        shown = await run.until_closed()
        assert shown["counts"]["contacts_by_state"]["message_2_sent"] == 4
        await run.everybody_got("Hello", "Thank you")

        plain = await Client.connect(house.servers.temporal_address)
        found = [item async for item in plain.list_workflows(f"WorkflowId STARTS_WITH 'contact-{run.id}'")]
        assert len(found) == 4
        used = set()
        for item in found:
            history = await plain.get_workflow_handle(item.id).fetch_history()
            stored = [payload for event in history.events for payload in payloads_in(event)]
            assert stored
            assert {payload.metadata["encoding"] for payload in stored} == {ENCODING}
            assert not any(run.id.encode() in payload.data for payload in stored)
            used |= {payload.metadata["key_id"] for payload in stored}
        assert used == {b"2026-01", b"2026-02"}

        contact_id = found[0].id.removeprefix(f"contact-{run.id}-")
        identity = contact_workflow_id(run.id, contact_id)
        one_key = await Client.connect(
            house.servers.temporal_address, data_converter=data_converter(read_payload_keys(new))
        )
        with pytest.raises(PayloadKeyError, match="'2026-01', which RELANCE_PAYLOAD_KEYS does not have"):
            await one_key.data_converter.decode([_first_payload(await _history(plain, identity))])
        both = await Client.connect(
            house.servers.temporal_address, data_converter=data_converter(read_payload_keys(f"{new} {old}"))
        )
        progress = await both.get_workflow_handle(identity).query(ContactWorkflow.progress)
        assert progress.state == "message_2_sent"


async def _history(client: Client, identity: str) -> WorkflowHistory:
    return await client.get_workflow_handle(identity).fetch_history()


def _first_payload(history: WorkflowHistory) -> Payload:
    return next(payload for event in history.events for payload in payloads_in(event))


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("v3-contact-*.json")), ids=lambda path: path.stem)
def test_plain_histories_replay_with_encryption_on(path: Path) -> None:
    """E17: what was started in plain goes on when keys are set."""
    history = WorkflowHistory.from_json(path.stem, json.loads(path.read_text()))
    keys = read_payload_keys(new_key("k"))
    asyncio.run(Replayer(workflows=WORKFLOWS, data_converter=data_converter(keys)).replay_workflow(history))


@given(st.binary(), st.dictionaries(st.text(max_size=5), st.binary(max_size=9), max_size=3))
async def test_what_is_encrypted_comes_back_as_it_was(data: bytes, metadata: dict[str, bytes]) -> None:
    codec = EncryptingCodec(read_payload_keys(new_key("k")))
    payload = Payload(metadata=metadata, data=data)
    sealed = await codec.encode([payload])
    assert len(data) < 4 or data not in sealed[0].data
    assert await codec.decode(sealed) == [payload]


async def test_a_payload_that_was_changed_or_belongs_to_another_key_does_not_open() -> None:
    codec = EncryptingCodec(read_payload_keys(new_key("k")))
    [sealed] = await codec.encode([Payload(data=b"text")])
    changed = Payload(metadata=sealed.metadata, data=sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    short = Payload(metadata=sealed.metadata, data=b"x")
    for broken in (changed, short):
        with pytest.raises(PayloadKeyError, match="'k' does not open"):
            await codec.decode([broken])
    with pytest.raises(PayloadKeyError, match="'k' does not open"):
        await EncryptingCodec(read_payload_keys(new_key("k"))).decode([sealed])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("secret", "key 1 is not of the form"),
        (":AAAA", "key 1 is not of the form"),
        ("a:AAAA", "'a' has 3 bytes instead of 32"),
        ("a:!!!!", "'a' is not base64"),
        ("KEY KEY", "'a' is there twice"),
    ],
)
def test_a_bad_key_is_refused_at_the_start_without_being_shown(text: str, reason: str) -> None:
    """Better no process than one that cannot read."""
    key = new_key("a")
    with pytest.raises(ValidationError, match=reason) as refused:
        Settings(payload_keys=SecretStr(text.replace("KEY", key)))
    assert key.partition(":")[2] not in str(refused.value)
