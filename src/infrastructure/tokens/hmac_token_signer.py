"""One-time tokens signed with HMAC-SHA256."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from application.ports.token_signer import TokenSigner
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId
from infrastructure.tokens.derived_keys import derived_key

# 16 bytes of id and 32 of signature, without padding.
_TOKEN = re.compile(r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


class HmacTokenSigner(TokenSigner):
    """`base64url(id) "." base64url(HMAC(purpose + id))`."""

    def __init__(self, secret_key: str) -> None:
        self._key = derived_key(secret_key, "one-time-tokens")

    def sign(self, purpose: OneTimePurpose, token_id: OneTimeTokenId) -> str:
        signature = hmac.digest(self._key, purpose.encode() + b":" + token_id.bytes, hashlib.sha256)
        return f"{_encoded(token_id.bytes)}.{_encoded(signature)}"

    def read(self, purpose: OneTimePurpose, token: str) -> OneTimeTokenId | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        token_id = OneTimeTokenId(UUID(bytes=urlsafe_b64decode(match.group(1) + "==")))
        return token_id if hmac.compare_digest(self.sign(purpose, token_id), token) else None


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
