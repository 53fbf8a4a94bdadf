"""Every word of Stripe's that its library knows has one of ours."""

from typing import get_args

import pytest
import stripe

from infrastructure.payments.stripe_payments import CHARGEBACK_STATUS, EXCLUDED_METHODS, PAYMENT_STATUS, REFUND_STATUS


@pytest.mark.parametrize(
    ("kind", "ours"), [(stripe.PaymentIntent, PAYMENT_STATUS), (stripe.Dispute, CHARGEBACK_STATUS)]
)
def test_every_status_has_one_of_ours(kind: type, ours: dict[str, object]) -> None:
    known, *_ = get_args(kind.__annotations__["status"])
    assert set(ours) == set(get_args(known))


def test_every_status_of_a_refund_has_one_of_ours() -> None:
    """Its library describes them in words only."""
    assert set(REFUND_STATUS) == {"pending", "requires_action", "succeeded", "failed", "canceled"}


def test_debits_that_may_fail_weeks_later_are_not_offered() -> None:
    assert "sepa_debit" in EXCLUDED_METHODS
