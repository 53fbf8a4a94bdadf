"""What the payment provider sends of its own accord."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.shared.errors import InvalidInput


class NoticeSubject(StrEnum):
    """What kind of object a notice is about; `other` is none that we follow."""

    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER = "transfer"
    CHARGEBACK = "chargeback"
    ACCOUNT = "account"
    OTHER = "other"


class NoticeNotGenuine(InvalidInput):
    """The signature is missing, wrong or too old, or what was signed is no notice."""

    title = "The notice is not signed by the payment provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice:
    """`kind` is the provider's own word. `event_id` is the same however often it is sent."""

    event_id: str
    kind: str
    subject: NoticeSubject
    object_id: str


class PaymentNotices(Protocol):
    """Reads the provider's signed notices.

    Promises, checked by `tests/contract/test_payment_notices.py`: only what was signed, byte for byte, with one of our
    secrets and not longer ago than five minutes is read; anything else is NoticeNotGenuine.
    """

    @abstractmethod
    def read(self, body: bytes, *, signature: str) -> PaymentNotice: ...
