"""What the sandbox provider remembers of the demonstration, so that its payments can be given back like any other."""

from infrastructure.demo.demo_bookings import DemoBooking
from infrastructure.demo.demo_caregivers import DemoCaregiver


def sandbox_account_row(caregiver: DemoCaregiver) -> dict[str, object]:
    profile = caregiver.profile
    return {
        "id": profile.payout_account_id,
        "idempotency_key": f"acct:{profile.id}",
        "country": profile.country.value,
        "can_receive_transfers": True,
        "created_at": profile.created_at,
    }


def sandbox_payment_row(made: DemoBooking) -> dict[str, object] | None:
    payment = made.payment
    if payment is None:
        return None
    return {
        "id": payment.provider_payment_id,
        "idempotency_key": payment.key,
        "reference": payment.reference,
        "status": payment.status.value,
        "amount_cents": payment.amount.amount_cents,
        "currency": payment.amount.currency,
        "charge_id": payment.charge_id,
        "refunded_cents": payment.refunded.amount_cents,
        "created_at": payment.created_at,
    }


def sandbox_refund_rows(made: DemoBooking) -> list[dict[str, object]]:
    return [
        {
            "id": refund.provider_refund_id,
            "idempotency_key": refund.key,
            "charge_id": made.payment.charge_id,
            "amount_cents": refund.amount.amount_cents,
            "currency": refund.amount.currency,
            "created_at": refund.created_at,
        }
        for refund in made.refunds
        if made.payment is not None
    ]
