"""Caregivers who ask for their statements, over both databases."""

import asyncio
from uuid import UUID

from application.reports.request_statement import RequestStatement
from domain.shared.actor import Actor
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from tests.support.builders import CAREGIVER, STRANGER
from tests.support.stores import Store


async def ask(store: Store, month: str, caregiver: Actor = CAREGIVER) -> UUID:
    use_case = RequestStatement(unit_of_work=store.unit_of_work, clock=store.clock)
    return await use_case.execute(caregiver=caregiver, month=month)


async def test_whoever_asks_often_for_one_month_has_one_job_make_it(peopled: Store) -> None:
    asked = await asyncio.gather(*(ask(peopled, "2026-10") for _ in range(8)))
    assert len(set(asked)) == 1
    others = {await ask(peopled, "2026-09"), await ask(peopled, "2026-10", STRANGER)}
    assert len({*asked, *others}) == len(await peopled.rows(jobs)) == 3


async def test_a_statement_that_was_made_is_made_anew_for_who_asks_again(peopled: Store) -> None:
    first = await ask(peopled, "2026-10")
    records = SqlJobRecords(peopled.database, clock=peopled.clock, ids=peopled.ids)
    claimed = await records.claim(first)
    assert claimed is not None
    assert await ask(peopled, "2026-10") == first
    await records.succeed(claimed)
    assert await ask(peopled, "2026-10") != first
