"""Turning the id of a one-time token into the text of its link, and back."""

from abc import abstractmethod
from typing import Protocol

from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId


class TokenSigner(Protocol):
    """Signs one-time tokens, so that jobs carry only ids and links cannot be made up.

    Promises, checked by `tests/contract/test_token_signer.py`: the same id and purpose always give the same text, of
    `[A-Za-z0-9_.-]{16,}`; reading it back needs the same purpose; any other text reads as None.
    """

    @abstractmethod
    def sign(self, purpose: OneTimePurpose, token_id: OneTimeTokenId) -> str: ...

    @abstractmethod
    def read(self, purpose: OneTimePurpose, token: str) -> OneTimeTokenId | None: ...
