"""Comparing our books with the provider's."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.payments.bookkeeping import Books
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.ledger_queries import BookingOff, LedgerQueries
from application.ports.provider_books import MovementKind, ProviderBooks, ProviderMovement
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.running_job import report_progress
from domain.payments.difference import Difference, DifferenceId, DifferenceKind, difference_of
from domain.shared.money import Money

# What is under way now is looked at the next time.
SETTLED_AFTER = timedelta(minutes=30)
# Providers repeat their events for three days; what they told so late moved so long before.
TOLD_WITHIN = timedelta(days=3)
LOOK_BACK = timedelta(days=2)
_SUFFIXES = {MovementKind.REFUND_FAILURE: ":failed", MovementKind.CHARGEBACK_WON: ":won"}
_ONLY_THEIRS = frozenset({MovementKind.FEE, MovementKind.BANK})
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The references that the provider told of, and those of them that moved a moment ago."""

    references: Set[str]
    recent: Set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _BothSides:
    ours: Mapping[str, Money]
    theirs: Mapping[str, Money]
    off: Mapping[str, BookingOff]

    def of(self, kind: DifferenceKind, reference: str) -> tuple[Money | None, Money | None]:
        """Nothing and nothing for a booking that is not off any more."""
        if kind is DifferenceKind.BOOKING:
            one = self.off.get(reference)
            return (one.by_ledger, one.by_booking) if one is not None else (None, None)
        return self.ours.get(reference), self.theirs.get(reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileBooks:
    """Reads what the provider wrote down since the last time, two days at least, and keeps what differs; what no longer
    does is gone. Answers how many differences there are.

    Of each reference everything that the provider ever told is compared, however long ago: money that moves a second
    time is seen. Fees, and money that went to the platform's bank, are known from nowhere else and are posted here;
    whatever else we did not cause is a difference.
    """

    unit_of_work: UnitOfWorkFactory
    books: ProviderBooks
    ledger: LedgerQueries
    clock: Clock
    ids: Ids

    async def execute(self) -> int:
        now = self.clock.now()
        until = now - SETTLED_AFTER
        async with self.unit_of_work() as uow:
            since = min(until - LOOK_BACK, await uow.reconciliation.compared_until() or until)
            known = {difference.reference: difference for difference in await uow.reconciliation.there()}
        told = await self._read_theirs(since - TOLD_WITHIN, now, settled_until=until)
        ours = dict(await self.ledger.at_provider_between(since, until))
        for some in _batches({*told.references, *known} - set(ours)):
            ours |= await self.ledger.at_provider(some)
        theirs = await self._theirs({*told.references, *known, *ours})
        moved = min([since, *(difference.found_at - LOOK_BACK for difference in known.values())])
        off = {f"booking:{one.booking_id}": one for one in await self.ledger.bookings_off(moved)}
        # What moved a moment ago we may not have been told of.
        compared = ({*told.references, *ours} - told.recent) - set(known)
        async with self.unit_of_work() as uow:
            left = await self._keep(uow, _BothSides(ours=ours, theirs=theirs, off=off), compared, now)
            await uow.reconciliation.keep_compared_until(until)
            uow.jobs.finish_current()
        return left

    async def _read_theirs(self, since: datetime, until: datetime, *, settled_until: datetime) -> _Told:
        references, recent = set[str](), set[str]()
        batch: list[ProviderMovement] = []
        first, read = None, 0.0
        async for movement in self.books.movements(since=since, until=until):
            batch.append(movement)
            if movement.kind not in _ONLY_THEIRS:
                references.add(_reference(movement))
                if movement.at >= settled_until:
                    recent.add(_reference(movement))
            if len(batch) == _BATCH:
                await self._take_over(batch)
                batch.clear()
                # Providers may list the newest first.
                first = first or movement.at
                read = max(read, abs(movement.at - first) / (until - since))
                report_progress(read)
        await self._take_over(batch)
        return _Told(references=references, recent=recent)

    async def _take_over(self, movements: Sequence[ProviderMovement]) -> None:
        async with self.unit_of_work() as uow:
            books = Books(uow=uow, ids=self.ids, now=self.clock.now())
            compared = [movement for movement in movements if movement.kind not in _ONLY_THEIRS]
            await uow.reconciliation.keep_told({one.id: (_reference(one), one.amount) for one in compared})
            for movement in movements:
                if movement.kind is MovementKind.BANK:
                    await books.banked(movement.id, movement.amount, at=movement.at)
                # A fee of its own is what the balance lost.
                is_fee = movement.kind is MovementKind.FEE
                fee = movement.fee - movement.amount if is_fee else movement.fee
                await books.fee(movement.id, fee, at=movement.at)

    async def _theirs(self, references: Collection[str]) -> Mapping[str, Money]:
        theirs: dict[str, Money] = {}
        async with self.unit_of_work.reading() as uow:
            for some in _batches(references):
                theirs |= await uow.reconciliation.told(some)
        return theirs

    async def _keep(self, uow: UnitOfWork, sides: _BothSides, compared: Collection[str], now: datetime) -> int:
        for difference in await uow.reconciliation.there():
            ours, theirs = sides.of(difference.kind, difference.reference)
            difference.look_again(ours=ours, theirs=theirs, at=now)
            await uow.reconciliation.save(difference)
        kinds = {
            reference: difference_of(sides.ours.get(reference), sides.theirs.get(reference))
            for reference in sorted(compared)
        }
        for reference, kind in [*kinds.items(), *((reference, DifferenceKind.BOOKING) for reference in sides.off)]:
            if kind is not None:
                ours, theirs = sides.of(kind, reference)
                found = DifferenceId(self.ids.new())
                await uow.reconciliation.add(
                    Difference(id=found, kind=kind, reference=reference, ours=ours, theirs=theirs, found_at=now)
                )
        return len(await uow.reconciliation.there())


def _reference(movement: ProviderMovement) -> str:
    """What the ledger calls it. What nothing of ours caused, it knows by no name."""
    if movement.kind is MovementKind.OTHER:
        return movement.id
    return movement.source_id + _SUFFIXES.get(movement.kind, "")


def _batches(references: Collection[str]) -> Sequence[Sequence[str]]:
    ordered = sorted(references)
    return [ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH)]
