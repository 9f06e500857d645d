"""Encrypts what Temporal stores: inputs, results, signals, memos, summaries and the texts of errors.

Off without keys. The first key of `RELANCE_PAYLOAD_KEYS` encrypts, all of them decrypt, and what was written in
plain stays readable: keys can be added, rotated and, once no history needs them any more, dropped.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from domain.payload_keys import PayloadKeyError

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12  # as NIST SP 800-38D wants it; random, which is safe for 2^32 payloads of one key


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM over the whole payload, its metadata included."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise PayloadKeyError("no key to encrypt with")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypts with the newest key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypts with the key that each payload names; plain ones pass. Raises PayloadKeyError."""
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce, key_id = secrets.token_bytes(NONCE_BYTES), self._newest.encode()
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": ENCODING, "key_id": key_id}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("key_id", b"").decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise PayloadKeyError(
                f"Temporal holds payloads of the key {key_id!r}, which RELANCE_PAYLOAD_KEYS does not have"
            )
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id.encode()))
        except (InvalidTag, ValueError) as error:
            raise PayloadKeyError(
                f"a payload of the key {key_id!r} does not open: it was changed, or another key had this id"
            ) from error


def data_converter(keys: Mapping[str, bytes]) -> DataConverter:
    """How everything that talks to Temporal writes and reads its payloads; without keys in plain."""
    if not keys:
        return DataConverter.default
    return replace(
        DataConverter.default,
        payload_codec=EncryptingCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
