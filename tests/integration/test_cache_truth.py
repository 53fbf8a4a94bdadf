"""Nobody sees what is older than promised, whatever befalls Redis and the processes."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.cache_truth import ENOUGH, Storm, Verdict, judge
from tests.support.cache_witness import CREATE, KEYS, Event
from tests.support.certificates import Certificates
from tests.support.databases import create_database, drop_database, execute
from tests.support.faulty_proxy import FaultyProxy
from tests.support.servers import RedisProcess, redis_binary


@pytest.fixture
def database(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"truth_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    for statement in CREATE:
        execute(url, statement)
    yield url
    drop_database(postgres_server, name)


def _assert_true(verdict: Verdict) -> None:
    assert verdict.violations == []
    assert min(verdict.counts[kind] for kind in ("write", "plain", "fresh")) > ENOUGH, verdict.counts
    assert verdict.counts["last"] == 2 * KEYS


@pytest.mark.parametrize(
    ("began", "stalled", "is_excused"),
    [
        (1.09, None, True),
        (1.15, None, False),
        (1.15, ("reader", 1.02, 1.1), True),
        (1.15, ("reader", 1.02, 1.06), False),
        (1.15, ("reader", 0.9, 1.03), False),
        (1.15, ("writer", 1.02, 1.1), False),
        (1.35, ("reader", 1.02, 1.1), False),
    ],
)
def test_only_the_time_that_a_reader_stood_still_excuses_him(
    began: float, stalled: tuple[str, float, float] | None, is_excused: bool
) -> None:
    events = [Event("write", 0, 1, 0.9, 1.0, "writer"), Event("plain", 0, 0, began, began, "reader")]
    if stalled is not None:
        process, since, until = stalled
        events.append(Event("stall", 0, 0, since, until, process))
    verdict = judge(events, {0: 1})
    assert (verdict.violations == []) is is_excused
    assert verdict.counts["excused"] == (is_excused and stalled is not None)


def test_nothing_is_older_than_promised_while_redis_comes_and_goes(
    tmp_path: Path, database: str, redis_process: RedisProcess
) -> None:
    with FaultyProxy(redis_process.port) as proxy:
        storm = Storm(
            folder=tmp_path,
            database_url=database,
            redis=redis_process,
            redis_url=redis_process.url,
            proxy=proxy,
            seconds=5,
        )
        _assert_true(storm.run())


def test_the_same_holds_over_tls_and_without_the_client_commands(tmp_path: Path, database: str) -> None:
    certificates = Certificates(tmp_path)
    rights = ["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-client"]
    redis = RedisProcess(redis_binary(), *rights, *certificates.redis_options())
    redis.start()
    try:
        url = certificates.redis_url()
        _assert_true(
            Storm(folder=tmp_path, database_url=database, redis=redis, redis_url=url, seconds=2, may_die=False).run()
        )
    finally:
        redis.stop()


def test_the_same_holds_without_redis(tmp_path: Path, database: str) -> None:
    _assert_true(
        Storm(folder=tmp_path, database_url=database, redis=None, redis_url=None, seconds=2, may_die=False).run()
    )
