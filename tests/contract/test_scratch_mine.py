import asyncio
from collections import Counter
from sqlalchemy import text
import pytest
from tests.contract.test_capacity import *
@pytest.mark.parametrize("mode", ["FOR UPDATE", "FOR NO KEY UPDATE"])
async def test_x(postgres_store, mode):
    store = postgres_store
    await store.people()
    async with store.database.begin() as c:
        src = (await c.execute(text("select pg_get_functiondef('refuse_over_capacity'::regproc)"))).scalar_one()
        await c.execute(text(src.replace("FOR UPDATE", mode).replace("FOR NO KEY UPDATE", mode).replace(":","\\:")))
    import time
    t=time.perf_counter()
    made = [store.a_booking(Stay(0, 2, 1).period) for _ in range(30)]
    async def add(b):
        q = replace(a_quote_for(b), id=b.quote_id)
        async with store.unit_of_work() as uow:
            await uow.quotes.add(q)
            await uow.bookings.add(b)
    out = await asyncio.gather(*(add(b) for b in made), return_exceptions=True)
    print("OUT", mode, Counter(type(o).__name__ for o in out), len(await occupied(store)), time.perf_counter()-t)
    async with store.database.begin() as c:
        await c.execute(text(src.replace(":","\\:")))
def a_quote_for(b):
    from tests.support.builders import a_quote
    return a_quote(period=b.period, pets=[PETS[0]], at=b.requested_at)
