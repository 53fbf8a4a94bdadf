"""What every reader of the provider's signed notices promises. Here: Stripe's, with notices that Stripe's own library
signs. The sandbox sends none: it writes into the inbox itself."""

import json
from datetime import timedelta
from typing import Any

import pytest
import stripe

from application.ports.payment_notices import NoticeNotGenuine, NoticeSubject, PaymentNotices
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.payments.stripe_notices import StripeNotices
from tests.support.builders import NOW

PLATFORM, CONNECT = "whsec_of_the_platform", "whsec_of_connect"


def an_event(**changes: Any) -> dict[str, Any]:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": True,
        "api_version": "2017-08-15",
        "data": {"object": {"id": "pi_1", "object": "payment_intent", "amount": 2000}},
    }
    return event | changes


def about(kind: str, object_id: str = "x_1") -> dict[str, Any]:
    return {"data": {"object": {"id": object_id, "object": kind}}}


def signed(body: str, secret: str, *, seconds_ago: int = 0) -> str:
    moment = int(NOW.timestamp()) - seconds_ago
    return stripe.WebhookSignature.generate_signature_header(body, secret, moment)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def notices(clock: SettableClock) -> PaymentNotices:
    return StripeNotices([PLATFORM, CONNECT], is_live=True, clock=clock)


def read(notices: PaymentNotices, event: Any, *, secret: str = PLATFORM) -> tuple[str, NoticeSubject, str]:
    body = json.dumps(event)
    notice = notices.read(body.encode(), signature=signed(body, secret))
    return notice.event_id, notice.subject, notice.object_id


@pytest.mark.parametrize("secret", [PLATFORM, CONNECT])
def test_what_is_signed_with_either_secret_is_read(notices: PaymentNotices, secret: str) -> None:
    body = json.dumps(an_event(), ensure_ascii=False, indent=3)

    notice = notices.read(body.encode(), signature=signed(body, secret))
    assert (notice.event_id, notice.kind) == ("evt_1", "payment_intent.succeeded")
    assert (notice.subject, notice.object_id) == (NoticeSubject.PAYMENT, "pi_1")


def test_a_notice_is_genuine_byte_for_byte(notices: PaymentNotices) -> None:
    body = json.dumps(an_event())
    signature = signed(body, PLATFORM)

    for other in (body + " ", body.replace("pi_1", "pi_2"), body.replace(", ", ","), ""):
        with pytest.raises(NoticeNotGenuine):
            notices.read(other.encode(), signature=signature)
    # Bytes that are no text can be signed, but are no notice.
    with pytest.raises(NoticeNotGenuine):
        notices.read(b"\xff", signature=signature)


@pytest.mark.parametrize(
    "signature",
    ["", "t=1", "v1=00", "t=,v1=", "t=x,v1=00", f"t={int(NOW.timestamp())},v1=00", "t=1,t=2,v1=00", "é", "=" * 10_000],
)
def test_what_is_no_signature_is_refused(notices: PaymentNotices, signature: str) -> None:
    with pytest.raises(NoticeNotGenuine):
        notices.read(json.dumps(an_event()).encode(), signature=signature)


def test_a_signature_of_somebody_else_or_of_an_older_scheme_is_refused(notices: PaymentNotices) -> None:
    body = json.dumps(an_event())

    for signature in (signed(body, "whsec_other"), signed(body, PLATFORM).replace("v1=", "v0="), signed(body, "")):
        with pytest.raises(NoticeNotGenuine):
            notices.read(body.encode(), signature=signature)


def test_without_a_secret_nothing_is_genuine(clock: SettableClock) -> None:
    with pytest.raises(NoticeNotGenuine):
        read(StripeNotices([], is_live=True, clock=clock), an_event())


def test_while_a_secret_is_changed_one_of_several_signatures_will_do(notices: PaymentNotices) -> None:
    body = json.dumps(an_event())
    moment, ours = signed(body, PLATFORM).split(",")
    theirs = signed(body, "whsec_new").split(",")[1]

    for signature in (f"{moment},{theirs},{ours}", f"{moment},v0={'0' * 64},{ours},{theirs}", f"{moment}, {ours}"):
        assert notices.read(body.encode(), signature=signature).event_id == "evt_1"


def test_a_notice_is_genuine_for_five_minutes(notices: PaymentNotices, clock: SettableClock) -> None:
    body = json.dumps(an_event())
    signature = signed(body, PLATFORM)

    clock.set(NOW + timedelta(minutes=5))
    assert notices.read(body.encode(), signature=signature).event_id == "evt_1"
    clock.set(NOW + timedelta(minutes=5, seconds=1))
    with pytest.raises(NoticeNotGenuine, match="too old"):
        notices.read(body.encode(), signature=signature)


@pytest.mark.parametrize(
    ("kind", "thing", "subject"),
    [
        ("payment_intent.payment_failed", "payment_intent", NoticeSubject.PAYMENT),
        ("refund.failed", "refund", NoticeSubject.REFUND),
        ("charge.refund.updated", "refund", NoticeSubject.REFUND),
        ("transfer.reversed", "transfer", NoticeSubject.TRANSFER),
        ("charge.dispute.funds_withdrawn", "dispute", NoticeSubject.CHARGEBACK),
        ("account.updated", "account", NoticeSubject.ACCOUNT),
        # These are about something else than their names say.
        ("charge.refunded", "charge", NoticeSubject.OTHER),
        ("account.application.deauthorized", "application", NoticeSubject.OTHER),
        ("payout.paid", "payout", NoticeSubject.OTHER),
    ],
)
def test_a_notice_says_what_it_is_about(notices: PaymentNotices, kind: str, thing: str, subject: NoticeSubject) -> None:
    assert read(notices, an_event(type=kind, **about(thing))) == ("evt_1", subject, "x_1")


def test_what_has_no_id_is_about_nothing_that_we_follow(notices: PaymentNotices) -> None:
    balance = an_event(type="balance.available", data={"object": {"object": "balance", "available": []}})
    assert read(notices, balance) == ("evt_1", NoticeSubject.OTHER, "")


def test_what_connected_accounts_do_by_themselves_is_not_ours(notices: PaymentNotices) -> None:
    theirs = an_event(account="acct_1")
    assert read(notices, theirs, secret=CONNECT) == ("evt_1", NoticeSubject.OTHER, "pi_1")
    updated = an_event(account="acct_1", type="account.updated", **about("account", "acct_1"))
    assert read(notices, updated, secret=CONNECT) == ("evt_1", NoticeSubject.ACCOUNT, "acct_1")


def test_what_test_keys_do_is_not_ours(notices: PaymentNotices, clock: SettableClock) -> None:
    assert read(notices, an_event(livemode=False))[1] is NoticeSubject.OTHER
    of_tests = StripeNotices([PLATFORM], is_live=False, clock=clock)
    assert read(of_tests, an_event(livemode=False))[1] is NoticeSubject.PAYMENT
    assert read(of_tests, an_event())[1] is NoticeSubject.OTHER


@pytest.mark.parametrize(
    "event",
    [
        [],
        "evt_1",
        {},
        an_event(id=7),
        an_event(id=""),
        an_event(data=None),
        an_event(data={"object": {"object": "refund"}}),
        an_event(livemode="yes"),
        {"id": "evt_1", "object": "v2.core.event", "type": "v2.core.account.updated"},
    ],
)
def test_what_was_signed_and_is_no_event_is_refused(notices: PaymentNotices, event: Any) -> None:
    with pytest.raises(NoticeNotGenuine, match="no event"):
        read(notices, event)
