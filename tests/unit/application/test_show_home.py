"""The front page, and the counts on it, which take longest to make."""

from collections.abc import Collection
from pathlib import Path

import pytest

from application.cache_tags import COUNTS_TAG, HOME_TAG
from application.caregivers.show_home import ShowHome
from application.ports.cache import CachedValue, CacheOutcome, Loader
from application.ports.caregiver_queries import ServiceCount
from domain.shared.errors import Unavailable
from infrastructure.cache.in_memory_cache import InMemoryCache
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from tests.support.in_memory_adapters import in_memory_adapters


class Counting(SqlCaregiverQueries):
    counted = 0

    async def service_counts(self) -> list[ServiceCount]:
        self.counted += 1
        return await super().service_counts()


class WithOldCounts(InMemoryCache):
    async def get_or_load(
        self, key: str, loader: Loader, *, ttl_seconds: float, tags: Collection[str], fresh: bool = False
    ) -> CachedValue:
        if key.startswith("counts:"):
            return CachedValue(b"[]", CacheOutcome.STALE)
        return await super().get_or_load(key, loader, ttl_seconds=ttl_seconds, tags=tags, fresh=fresh)


@pytest.fixture
def queries(tmp_path: Path) -> Counting:
    adapters = in_memory_adapters(tmp_path)
    assert isinstance(adapters.caregiver_queries, SqlCaregiverQueries)
    return Counting(adapters.caregiver_queries._database)


async def test_the_counts_are_made_anew_only_when_they_have_changed(queries: Counting) -> None:
    cache = InMemoryCache(InMemoryMetrics())
    home = ShowHome(queries=queries, cache=cache)
    outcomes = [(await home.execute().answer()).outcome]
    for changed in ({HOME_TAG}, {HOME_TAG, COUNTS_TAG}):
        await cache.invalidate(changed)
        outcomes.append((await home.execute().answer()).outcome)
    assert outcomes == [CacheOutcome.MISS] * 3
    assert queries.counted == 2


async def test_a_page_with_old_counts_is_not_remembered_as_a_new_one(queries: Counting) -> None:
    home = ShowHome(queries=queries, cache=WithOldCounts(InMemoryMetrics()))
    with pytest.raises(Unavailable):
        await home.execute().answer()
