"""Comparing our books with the provider's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.payments.bookkeeping import Books
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.ledger_queries import LedgerQueries
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
_ONLY_THEIRS = frozenset({MovementKind.FEE, MovementKind.BANK, MovementKind.OTHER})
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileBooks:
    """Reads what the provider wrote down in the last days and keeps what differs; what no longer does is gone. Answers
    how many differences there are.

    Fees, and money that went to the platform's bank, are known from nowhere else and are posted here.
    """

    unit_of_work: UnitOfWorkFactory
    books: ProviderBooks
    ledger: LedgerQueries
    clock: Clock
    ids: Ids

    async def execute(self) -> int:
        now = self.clock.now()
        until = now - SETTLED_AFTER
        told, recent = await self._read_theirs(until - LOOK_BACK - TOLD_WITHIN, now, settled_until=until)
        async with self.unit_of_work() as uow:
            known = {difference.reference: difference for difference in await uow.reconciliation.there()}
        ours = dict(await self.ledger.at_provider_between(until - LOOK_BACK, until))
        unmatched = [reference for reference in {*told, *known} if reference not in ours]
        for start in range(0, len(unmatched), _BATCH):
            ours |= await self.ledger.at_provider(unmatched[start : start + _BATCH])
        since = min([until - LOOK_BACK, *(d.found_at - LOOK_BACK for d in known.values())])
        off = {f"booking:{one.booking_id}": one for one in await self.ledger.bookings_off(since)}
        # What moved a moment ago we may not have been told of.
        compared = set(ours) | (set(told) - set(recent))
        async with self.unit_of_work() as uow:
            for difference in await uow.reconciliation.there():
                if difference.kind is DifferenceKind.BOOKING:
                    one = off.get(difference.reference)
                    difference.look_again(ours=one and one.by_ledger, theirs=one and one.by_booking, at=now)
                else:
                    theirs = told.get(difference.reference, difference.theirs)
                    difference.look_again(ours=ours.get(difference.reference), theirs=theirs, at=now)
                await uow.reconciliation.save(difference)
            for reference in sorted(compared - set(known)):
                kind = difference_of(ours.get(reference), told.get(reference))
                if kind is not None:
                    await self._keep(uow, kind, reference, ours.get(reference), told.get(reference), now)
            for reference, one in off.items():
                await self._keep(uow, DifferenceKind.BOOKING, reference, one.by_ledger, one.by_booking, now)
            left = len(await uow.reconciliation.there())
            uow.jobs.finish_current()
        return left

    async def _read_theirs(
        self, since: datetime, until: datetime, *, settled_until: datetime
    ) -> tuple[Mapping[str, Money], Collection[str]]:
        """What the provider says of each reference, and which of them moved after `settled_until`."""
        told: dict[str, Money] = {}
        recent: set[str] = set()
        batch: list[ProviderMovement] = []
        async for movement in self.books.movements(since=since, until=until):
            batch.append(movement)
            if movement.kind not in _ONLY_THEIRS:
                reference = movement.source_id + _SUFFIXES.get(movement.kind, "")
                told[reference] = told.get(reference, Money.zero(movement.amount.currency)) + movement.amount
                if movement.at >= settled_until:
                    recent.add(reference)
            if len(batch) == _BATCH:
                await self._post_what_only_they_know(batch)
                batch.clear()
                report_progress((movement.at - since) / (until - since))
        await self._post_what_only_they_know(batch)
        return told, recent

    async def _post_what_only_they_know(self, movements: Sequence[ProviderMovement]) -> None:
        async with self.unit_of_work() as uow:
            books = Books(uow=uow, ids=self.ids, now=self.clock.now())
            for movement in movements:
                if movement.kind is MovementKind.BANK:
                    await books.banked(movement.id, movement.amount, at=movement.at)
                # A fee of its own is what the balance lost.
                is_fee = movement.kind is MovementKind.FEE
                fee = movement.fee - movement.amount if is_fee else movement.fee
                await books.fee(movement.id, fee, at=movement.at)

    async def _keep(
        self,
        uow: UnitOfWork,
        kind: DifferenceKind,
        reference: str,
        ours: Money | None,
        theirs: Money | None,
        now: datetime,
    ) -> None:
        await uow.reconciliation.add(
            Difference(
                id=DifferenceId(self.ids.new()), kind=kind, reference=reference, ours=ours, theirs=theirs, found_at=now
            )
        )
