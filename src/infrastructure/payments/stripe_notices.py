"""Stripe's webhooks: who signed them, and what they are about."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from application.ports.clock import Clock
from application.ports.payment_notices import NoticeNotGenuine, NoticeSubject, PaymentNotice, PaymentNotices

TOLERANCE_SECONDS = 300
_PART = re.compile(r"(t|v1)=([0-9a-f]+)")
# By the kind of object that Stripe sends along: `charge.dispute.*` comes with a dispute, `charge.refunded` with a
# charge.
SUBJECTS: Mapping[str, NoticeSubject] = {
    "payment_intent": NoticeSubject.PAYMENT,
    "refund": NoticeSubject.REFUND,
    "transfer": NoticeSubject.TRANSFER,
    "dispute": NoticeSubject.CHARGEBACK,
    "account": NoticeSubject.ACCOUNT,
}


class _Object(Struct):
    """Some objects, like the balance, have no id."""

    object: str = ""
    id: str = ""


class _Data(Struct):
    object: _Object


class _Event(Struct):
    id: str
    type: str
    data: _Data
    livemode: bool
    account: str | None = None


class StripeNotices(PaymentNotices):
    """`secrets` are those of the platform's and of the connected accounts' endpoint. Of what is signed only ids and
    kinds are read: the object is fetched anew, and whatever version of the API an endpoint was made with will do."""

    def __init__(self, secrets: Sequence[str], *, is_live: bool, clock: Clock) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._is_live = is_live
        self._clock = clock

    def read(self, body: bytes, *, signature: str) -> PaymentNotice:
        self._require_genuine(body, signature)
        try:
            event = msgspec.json.decode(body, type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoticeNotGenuine("What was signed is no event") from error
        subject = self._subject_of(event)
        told = event.data.object
        if not event.id or (not told.id and subject is not NoticeSubject.OTHER):
            raise NoticeNotGenuine("What was signed is no event")
        return PaymentNotice(event_id=event.id, kind=event.type, subject=subject, object_id=told.id)

    def _subject_of(self, event: _Event) -> NoticeSubject:
        """What test keys do is told to live endpoints as well, and what connected accounts do by themselves: neither is
        about an object of ours."""
        subject = SUBJECTS.get(event.data.object.object, NoticeSubject.OTHER)
        is_ours = event.account is None or subject is NoticeSubject.ACCOUNT
        return subject if is_ours and event.livemode is self._is_live else NoticeSubject.OTHER

    def _require_genuine(self, body: bytes, signature: str) -> None:
        parts = [match.groups() for part in signature.split(",") if (match := _PART.fullmatch(part.strip()))]
        times = [value for name, value in parts if name == "t" and value.isdecimal() and len(value) < 12]
        if len(times) != 1:
            raise NoticeNotGenuine("The signature has no time")
        wanted = [
            hmac.new(secret, f"{times[0]}.".encode() + body, hashlib.sha256).hexdigest() for secret in self._secrets
        ]
        # While a secret is being changed Stripe signs with the old and the new one.
        given = [value for name, value in parts if name == "v1"]
        if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
            raise NoticeNotGenuine("The signature is not the provider's")
        if int(times[0]) < self._clock.now().timestamp() - TOLERANCE_SECONDS:
            raise NoticeNotGenuine("The signature is too old")
