"""Rows for which there is no repository to ask: open hours of a caregiver who is new, and the sandbox provider's books.

The latter let payments of the demonstration be given back like any other.
"""

from sqlalchemy import Table

from domain.payments.payment import Payment
from domain.payments.refund import Refund
from infrastructure.demo.collected_inserts import Row
from infrastructure.demo.demo_caregivers import DemoCaregiver
from infrastructure.persistence.caregivers.caregiver_tables import dated_hours, weekly_hours


def hours_rows(caregiver: DemoCaregiver) -> dict[Table, list[Row]]:
    caregiver_id, availability = caregiver.profile.id, caregiver.availability
    weekly: list[Row] = [
        {
            "caregiver_id": caregiver_id,
            "weekday": weekday,
            "start_minute": hours.start_minute,
            "end_minute": hours.end_minute,
        }
        for weekday, openings in availability.weekly.items()
        for hours in openings
    ]
    dated: list[Row] = [
        {
            "caregiver_id": caregiver_id,
            "day": day,
            "position": position,
            "start_minute": hours.start_minute if hours else None,
            "end_minute": hours.end_minute if hours else None,
        }
        for day, openings in availability.exceptions.items()
        for position, hours in enumerate(openings or (None,))
    ]
    return {weekly_hours: weekly, dated_hours: dated}


def sandbox_account_row(caregiver: DemoCaregiver) -> Row:
    profile = caregiver.profile
    return {
        "id": profile.payout_account_id,
        "idempotency_key": f"acct:{profile.id}",
        "country": profile.country.value,
        "can_receive_transfers": True,
        "created_at": profile.created_at,
    }


def sandbox_payment_row(payment: Payment) -> Row:
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


def sandbox_refund_row(payment: Payment, refund: Refund) -> Row:
    return {
        "id": refund.provider_refund_id,
        "idempotency_key": refund.key,
        "charge_id": payment.charge_id,
        "amount_cents": refund.amount.amount_cents,
        "currency": refund.amount.currency,
        "created_at": refund.created_at,
        "status": refund.status.value,
    }
