"""A million bookings for the caregivers of `benchmarks/market.py`, loaded by COPY; and open hours for half of them."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.market import account_id, caregiver_id, pet_id

SEED = 7
OWNERS = 10_000
_BATCH = 50_000
_HOUR = timedelta(hours=1)
Row = dict[str, Any]
_IN_ORDER = ("quotes", "quote_pets", "bookings", "booking_pets", "occupancies")


def fill_bookings(url: str, *, caregivers: int, bookings: int) -> None:
    """Adds the bookings, spread evenly: of each caregiver one after the other, two thirds of them still to come."""
    asyncio.run(_fill(url, caregivers, bookings))


async def _fill(url: str, caregivers: int, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await _open_hours(connection, caregivers)
        # Those of one caregiver never overlap; the trigger would ask for each row anew.
        await connection.execute("ALTER TABLE occupancies DISABLE TRIGGER USER")
        for rows in _batches(caregivers, count):
            for table in _IN_ORDER:
                columns = list(rows[table][0])
                records = [tuple(row[column] for column in columns) for row in rows[table]]
                await connection.copy_records_to_table(table, columns=columns, records=records)
        await connection.execute("ALTER TABLE occupancies ENABLE TRIGGER USER")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _open_hours(connection: Any, caregivers: int) -> None:
    """Every second one is open from 8 to 18, but for Sundays."""
    await connection.execute("UPDATE caregivers SET availability_set = true WHERE get_byte(uuid_send(id), 15) % 2 = 0")
    records = [
        (caregiver_id(number), weekday, 480, 1080)
        for number in range(caregivers)
        if caregiver_id(number).int % 2 == 0
        for weekday in range(6)
    ]
    columns = ["caregiver_id", "weekday", "start_minute", "end_minute"]
    await connection.copy_records_to_table("weekly_hours", columns=columns, records=records)


def _batches(caregivers: int, count: int) -> Iterator[dict[str, list[Row]]]:
    choice, now = random.Random(SEED), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for first in range(0, count, _BATCH):
        rows: dict[str, list[Row]] = {table: [] for table in _IN_ORDER}
        for number in range(first, min(first + _BATCH, count)):
            turn = number // caregivers
            start = now + (turn * 9 - 3 * (count // caregivers)) * timedelta(days=1) + choice.randrange(24) * _HOUR
            _add(rows, number, caregiver_id(number % caregivers), start, choice)
        yield rows


def _add(rows: dict[str, list[Row]], number: int, caregiver: UUID, start: datetime, choice: random.Random) -> None:
    owner = choice.randrange(OWNERS)
    end = start + choice.choice((1, 2, 10, 48)) * _HOUR
    quote, booking, created = _id(4, number), _id(5, number), start - timedelta(days=14)
    shared = {
        "owner_id": account_id(owner),
        "caregiver_id": caregiver,
        "service": "dog_walking",
        "start_at": start,
        "end_at": end,
        "time_zone": "Europe/Brussels",
        "gross_cents": 2000,
        "commission_cents": 400,
        "net_cents": 1600,
        "commission_basis_points": 2000,
        "currency": "EUR",
        "version": 1,
    }
    rows["quotes"].append(
        shared | {"id": quote, "created_at": created, "expires_at": created + _HOUR, "used_at": created}
    )
    rows["quote_pets"].append({"quote_id": quote, "position": 0, "pet_id": pet_id(owner)})
    rows["bookings"].append(shared | _paid(booking, quote, created))
    rows["booking_pets"].append({"booking_id": booking, "position": 0, "pet_id": pet_id(owner)})
    rows["occupancies"].append(
        {"booking_id": booking, "caregiver_id": caregiver, "start_at": start, "end_at": end, "animals": 1}
    )


def _paid(booking: UUID, quote: UUID, created: datetime) -> Row:
    return {
        "id": booking,
        "quote_id": quote,
        "status": "paid",
        "policy": "flexible",
        "captured_cents": 2000,
        "refunded_cents": 0,
        "emergency_name": "An Peeters",
        "emergency_phone": "+32 470 12 34 56",
        "off_leash_allowed": False,
        "requested_at": created,
        "answer_until": created + _HOUR,
        "accepted_at": created,
        "pay_window_opens_at": created,
        "pay_until": created + _HOUR,
        "paid_at": created,
        "refund_count": 0,
    }


def _id(kind: int, number: int) -> UUID:
    return UUID(int=((0x0193_0000_0000_7000_8000 + (kind << 32)) << 48) + number)
