"""Ten thousand random requests on each database beside a model that counts, and sixteen writers at once.

CAPACITY_REQUESTS is how many requests each database is asked.
"""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count, islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bookings.booking_refusals import SlotTaken
from domain.shared.actor import CaregiverId
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from tests.support.builders import NOW, a_caregiver
from tests.support.stores import Store, the_other_caregiver

REQUESTS = int(os.environ.get("CAPACITY_REQUESTS", "10000"))
FIRST, STEP, STEPS = NOW + timedelta(days=7), timedelta(minutes=30), 120
THEM = (a_caregiver().id, the_other_caregiver().id)
# As many bookings of each caregiver as can be held at once.
BOOKINGS = 40


@dataclass(frozen=True, slots=True)
class Stay:
    start: int
    end: int
    pets: int

    @property
    def row(self) -> dict[str, Any]:
        return {"start_at": FIRST + self.start * STEP, "end_at": FIRST + self.end * STEP, "animals": self.pets}


@dataclass(slots=True)
class Counted:
    """A caregiver's steps, and how many animals are there at each."""

    maximum: int = 3
    held: dict[UUID, Stay] = field(default_factory=dict[UUID, Stay])
    animals: list[int] = field(default_factory=lambda: [0] * STEPS)

    def fits(self, stay: Stay) -> bool:
        return max(self.animals[stay.start : stay.end]) + stay.pets <= self.maximum

    def take(self, booking_id: UUID, stay: Stay) -> None:
        self.held[booking_id] = stay
        self._add(stay, stay.pets)

    def free(self, booking_id: UUID) -> None:
        stay = self.held.pop(booking_id)
        self._add(stay, -stay.pets)

    def _add(self, stay: Stay, pets: int) -> None:
        for step in range(stay.start, stay.end):
            self.animals[step] += pets


def a_stay(chance: random.Random) -> Stay:
    start = chance.randrange(STEPS - 1)
    return Stay(start, min(STEPS, start + chance.choice((1, 1, 2, 3, 8, 20, 60))), chance.randint(1, 5))


@dataclass(frozen=True, slots=True)
class Step:
    """A row that is asked for, one that goes, or another maximum; and whether the model takes it."""

    kind: str
    caregiver_id: UUID
    booking_id: UUID | None = None
    stay: Stay | None = None
    maximum: int = 0
    fits: bool = True


def random_steps(chance: random.Random, spare: dict[UUID, list[UUID]], model: dict[UUID, Counted]) -> Iterator[Step]:
    """Requests without end, with places freed and other maxima in between."""
    for at in count():
        caregiver_id = chance.choice(list(model))
        counted, free = model[caregiver_id], spare[caregiver_id]
        if at % 100 == 0:
            counted.maximum = chance.randint(1, 20)
            yield Step("maximum", caregiver_id, maximum=counted.maximum)
        while counted.held and (not free or chance.random() < 0.3):
            freed = chance.choice(list(counted.held))
            counted.free(freed)
            free.append(freed)
            yield Step("free", caregiver_id, freed)
        stay, booking_id = a_stay(chance), free.pop()
        fits = counted.fits(stay)
        if fits:
            counted.take(booking_id, stay)
        else:
            free.append(booking_id)
        yield Step("take", caregiver_id, booking_id, stay, fits=fits)


async def test_ten_thousand_requests_are_taken_exactly_when_they_fit_by_count(peopled: Store) -> None:
    """Straight to the tables, so that it is the database that decides; many in each transaction."""
    chance = random.Random(20270328)
    model: dict[UUID, Counted] = {caregiver_id: Counted() for caregiver_id in THEM}
    spare = {caregiver_id: await some_bookings(peopled, CaregiverId(caregiver_id)) for caregiver_id in model}
    steps = random_steps(chance, spare, model)
    outcomes: Counter[bool] = Counter()
    while outcomes.total() < REQUESTS:
        batch = list(islice(steps, 2000))
        taken = await (on_sqlite if peopled.database.is_sqlite else on_postgresql)(peopled, batch)
        for step, is_taken in zip(batch, taken, strict=True):
            assert is_taken == step.fits, step
        outcomes.update(step.fits for step in batch if step.kind == "take")
    assert min(outcomes[True], outcomes[False]) > REQUESTS / 10, "the requests have to show both"
    assert await stored(peopled) == {caregiver_id: counted.held for caregiver_id, counted in model.items()}


async def some_bookings(store: Store, caregiver_id: CaregiverId) -> list[UUID]:
    """Bookings that hold no place, to be the ones that take it."""
    made = [replace(store.a_booking(), caregiver_id=caregiver_id) for _ in range(BOOKINGS)]
    for booking in made:
        # Far away, and freed at once: here the rows are what counts.
        await store.add(booking)
        async with store.database.begin() as connection:
            await connection.execute(delete(occupancies).where(occupancies.c.booking_id == booking.id))
    return [booking.id for booking in made]


_TAKE_STEPS = """
CREATE FUNCTION pg_temp.take_steps(steps json) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
    step json;
    outcomes boolean[] := '{}';
BEGIN
    FOR step IN SELECT * FROM json_array_elements(steps) LOOP
        BEGIN
            IF step->>'kind' = 'maximum' THEN
                UPDATE caregivers SET max_animals_at_once = (step->>'maximum')::int
                WHERE id = (step->>'caregiver_id')::uuid;
            ELSIF step->>'kind' = 'free' THEN
                DELETE FROM occupancies WHERE booking_id = (step->>'booking_id')::uuid;
            ELSE
                INSERT INTO occupancies (booking_id, caregiver_id, start_at, end_at, animals)
                VALUES ((step->>'booking_id')::uuid, (step->>'caregiver_id')::uuid, (step->>'start_at')::timestamptz,
                        (step->>'end_at')::timestamptz, (step->>'animals')::int);
            END IF;
            outcomes := outcomes || true;
        EXCEPTION WHEN check_violation THEN
            IF SQLERRM <> 'occupancies_capacity' THEN RAISE; END IF;
            outcomes := outcomes || false;
        END;
    END LOOP;
    RETURN outcomes;
END $$
"""


async def on_postgresql(store: Store, steps: Sequence[Step]) -> list[bool]:
    """In one call: a round trip and a savepoint each would take minutes."""
    told = [
        {
            "kind": step.kind,
            "caregiver_id": str(step.caregiver_id),
            "booking_id": str(step.booking_id),
            "maximum": step.maximum,
            **({} if step.stay is None else {key: str(value) for key, value in step.stay.row.items()}),
        }
        for step in steps
    ]
    async with store.database.begin() as connection:
        await connection.execute(text(_TAKE_STEPS))
        called = text("SELECT pg_temp.take_steps(CAST(:steps AS json))")
        outcomes: list[bool] = (await connection.execute(called, {"steps": json.dumps(told)})).scalar_one()
        await connection.execute(text("DROP FUNCTION pg_temp.take_steps"))
    return outcomes


async def on_sqlite(store: Store, steps: Sequence[Step]) -> list[bool]:
    """Without the thread that stands between the event loop and the file."""
    engine = create_engine(store.url.set(drivername="sqlite"))
    with engine.begin() as connection:
        outcomes = [_taken_on_sqlite(connection, step) for step in steps]
    engine.dispose()
    return outcomes


def _taken_on_sqlite(connection: Connection, step: Step) -> bool:
    try:
        if step.stay is not None:
            values = {"booking_id": step.booking_id, "caregiver_id": step.caregiver_id, **step.stay.row}
            connection.execute(insert(occupancies).values(values))
        elif step.kind == "free":
            connection.execute(delete(occupancies).where(occupancies.c.booking_id == step.booking_id))
        else:
            changed = update(caregivers).where(caregivers.c.id == step.caregiver_id)
            connection.execute(changed.values(max_animals_at_once=step.maximum))
    except IntegrityError as error:
        if "occupancies_capacity" not in str(error):
            raise
        return False
    return True


async def set_maximum(connection: AsyncConnection, caregiver_id: CaregiverId, maximum: int) -> None:
    changed = update(caregivers).where(caregivers.c.id == caregiver_id).values(max_animals_at_once=maximum)
    await connection.execute(changed)


async def stored(store: Store) -> dict[UUID, dict[UUID, Stay]]:
    found: dict[UUID, dict[UUID, Stay]] = {caregiver_id: {} for caregiver_id in THEM}
    for row in await store.rows(occupancies):
        stay = Stay((row["start_at"] - FIRST) // STEP, (row["end_at"] - FIRST) // STEP, row["animals"])
        found[row["caregiver_id"]][row["booking_id"]] = stay
    return found


async def test_sixteen_writers_never_exceed_the_maximum_at_any_commit(postgres_store: Store) -> None:
    """Each counts for itself, before it commits, what everybody holds: so every state that was ever committed is
    counted. Some take, some free what they took."""
    store, numbers = postgres_store, count()
    await store.people()
    maxima = dict(zip(THEM, (4, 7), strict=True))
    async with store.database.begin() as connection:
        for caregiver_id, maximum in maxima.items():
            await set_maximum(connection, caregiver_id, maximum)
    outcomes: Counter[str] = Counter()

    async def write(seed: int) -> None:
        chance = random.Random(seed)
        mine: list[UUID] = []
        while next(numbers) < 200:
            caregiver_id = chance.choice(THEM)
            if mine and chance.random() < 0.25:
                async with store.database.begin() as connection:
                    await connection.execute(delete(occupancies).where(occupancies.c.booking_id == mine.pop()))
                outcomes["freed"] += 1
                continue
            booking_id = await taken_and_counted(store, caregiver_id, a_stay(chance), maxima[caregiver_id])
            outcomes["refused" if booking_id is None else "taken"] += 1
            if booking_id is not None:
                mine.append(booking_id)

    await asyncio.gather(*(write(seed) for seed in range(16)))
    assert min(outcomes[kind] for kind in ("taken", "refused", "freed")) > 10, outcomes


async def taken_and_counted(store: Store, caregiver_id: CaregiverId, stay: Stay, maximum: int) -> UUID | None:
    booking = store.a_booking(Period(stay.row["start_at"], stay.row["end_at"]), pets=stay.pets)
    booking = replace(booking, caregiver_id=caregiver_id)
    try:
        async with store.unit_of_work() as uow:
            await uow.caregivers.get(caregiver_id, for_update=True)
            await store.add_to(uow, booking)
            assert isinstance(uow, SqlUnitOfWork)
            assert await peak(uow.transaction.connection, caregiver_id) <= maximum
    except SlotTaken:
        return None
    return booking.id


async def peak(connection: AsyncConnection, caregiver_id: CaregiverId) -> int:
    held = (await connection.execute(select(occupancies).where(occupancies.c.caregiver_id == caregiver_id))).all()
    animals: Counter[int] = Counter()
    for row in held:
        for step in range((row.start_at - FIRST) // STEP, (row.end_at - FIRST) // STEP):
            animals[step] += row.animals
    return max(animals.values(), default=0)
