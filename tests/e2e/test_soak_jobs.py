"""The short form of the soak: what `make soak-jobs` does to twenty thousand jobs, done to six hundred."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.soak_jobs import Plan, soak
from tests.support.databases import create_database, drop_database
from tests.support.servers import RedisProcess

SHORT = Plan(
    jobs=600,
    slow_share=0.1,
    workers=2,
    seconds=20.0,
    kills=4,
    redis_away_seconds=1.0,
    redis_frozen_seconds=3.0,
    patience_seconds=240.0,
)
# `make soak-jobs` holds them to half a minute; here workers may take that long to start.
LONGEST_ORPHAN_SECONDS = 90.0


@pytest.fixture
def url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"soak_{uuid4().hex[:8]}"
    yield create_database(postgres_server, name, template=postgres_template)
    drop_database(postgres_server, name)


async def test_no_job_is_lost_and_no_effect_doubled_while_workers_and_redis_are_killed(
    url: str, redis_process: RedisProcess, tmp_path: Path
) -> None:
    report = await soak(SHORT, url, redis_process, tmp_path)
    assert report.is_whole, report.table()
    assert report.longest_orphan_seconds < LONGEST_ORPHAN_SECONDS, report.table()
    assert report.kills == SHORT.kills
