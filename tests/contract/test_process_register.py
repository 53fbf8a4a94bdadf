"""The promises of the register of processes."""

import asyncio
from datetime import timedelta

import pytest

from application.ports.process_register import LEASE_SECONDS, PRESENT_SECONDS, ProcessReport
from infrastructure.persistence.operations.sql_process_register import FORGOTTEN_AFTER, SqlProcessRegister
from infrastructure.persistence.operations.watch_tables import process_reports
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]


@pytest.fixture
def register(store: Store) -> SqlProcessRegister:
    return SqlProcessRegister(store.database, store.clock)


def a_report(store: Store, name: str = "host:1") -> ProcessReport:
    return ProcessReport(
        id=name,
        role="api",
        memory_bytes=100,
        memory_limit_bytes=1000,
        uptime_seconds=1.5,
        loop_lag_ms=0.2,
        open_breakers={"email": "5 failures in a row"},
        seen_at=store.clock.now(),
    )


async def test_who_reports_is_there_until_he_falls_silent(store: Store, register: SqlProcessRegister) -> None:
    one, other = a_report(store), a_report(store, "host:2")
    await register.report(one)
    await register.report(other)
    assert await register.present() == [one, other]
    store.clock.advance(timedelta(seconds=PRESENT_SECONDS - 1))
    again = a_report(store, "host:2")
    await register.report(again)
    store.clock.advance(timedelta(seconds=1))
    assert await register.present() == [again]


async def test_of_all_processes_one_leads(store: Store, register: SqlProcessRegister) -> None:
    reports = [a_report(store, f"host:{number}") for number in range(8)]
    for _ in range(2):
        assert sum(await asyncio.gather(*(register.report(report) for report in reports))) == 1


async def test_a_leader_who_falls_silent_is_followed_by_another(store: Store, register: SqlProcessRegister) -> None:
    assert await register.report(a_report(store))
    store.clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
    assert not await register.report(a_report(store, "host:2"))
    store.clock.advance(timedelta(seconds=1))
    assert await register.report(a_report(store, "host:2"))
    assert not await register.report(a_report(store))


async def test_a_leader_who_leaves_is_followed_at_once(store: Store, register: SqlProcessRegister) -> None:
    assert await register.report(a_report(store))
    assert not await register.report(a_report(store, "host:2"))
    await register.leave("host:2")
    assert not await register.report(a_report(store, "host:3"))
    await register.leave("host:1")
    assert await register.report(a_report(store, "host:3"))
    assert [process.id for process in await register.present()] == ["host:3"]


async def test_who_steps_down_stays_and_is_followed_at_once(store: Store, register: SqlProcessRegister) -> None:
    assert await register.report(a_report(store))
    await register.step_down("host:2")
    assert not await register.report(a_report(store, "host:2"))
    await register.step_down("host:1")
    assert await register.report(a_report(store, "host:2"))
    assert not await register.report(a_report(store))
    assert [process.id for process in await register.present()] == ["host:1", "host:2"]


async def test_who_has_long_been_gone_is_forgotten(store: Store, register: SqlProcessRegister) -> None:
    await register.report(a_report(store))
    store.clock.advance(FORGOTTEN_AFTER + timedelta(seconds=1))
    await register.report(a_report(store, "host:2"))
    assert [row["id"] for row in await store.rows(process_reports)] == ["host:2"]
