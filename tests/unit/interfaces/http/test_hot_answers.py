"""What is answered before the router is what the router would answer."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from application.adapters import Adapters
from application.caregivers.suggest_places import LONGEST_USUAL_NAME
from application.ports.caregiver_queries import ServiceCount
from application.ports.error_log import ErrorLog
from application.ports.rate_limits import RateLimitVerdict
from domain.accounts.account import Account
from domain.shared.errors import Unavailable
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from interfaces.http.known_reads import LONGEST_WORDS
from tests.support.builders import CAREGIVER, a_caregiver
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

ORIGIN = "https://tailtribe.be"
READS = [
    "/api/home",
    f"/api/caregivers/{a_caregiver().id}",
    "/api/caregivers?place=Ghent&radiusKm=10&service=dog_walking",
    "/api/places?q=ge",
    f"/api/caregivers/{a_caregiver().id}/free-periods?service=dog_walking&from=2026-11-09T00:00:00Z&to=2026-11-16T00:00:00Z",
]
ASKED: list[dict[str, str]] = [
    {"accept-encoding": "gzip, br", "origin": ORIGIN, "x-correlation-id": "chosen-by-the-caller"},
    {"accept-encoding": "identity", "origin": "https://elsewhere.example", "if-none-match": '"other"'},
    {"if-none-match": "*", "x-correlation-id": "not acceptable"},
]
DIFFERENT_EACH_TIME = ("x-correlation-id", "ratelimit-remaining", "ratelimit-reset")


@pytest.fixture
async def adapters(tmp_path: Path) -> Adapters:
    """With a caregiver to be found."""
    adapters = in_memory_adapters(tmp_path)
    async with adapters.unit_of_work() as uow:
        account: Account = an_account(CAREGIVER, "caregiver")
        await uow.accounts.add(account)
        await uow.caregivers.add(a_caregiver())
    return adapters


def client(tmp_path: Path, adapters: Adapters, **settings: str) -> httpx.AsyncClient:
    return client_of(whole_app(tmp_path, adapters, CORS_ORIGINS=ORIGIN, CDN_FRESH_SECONDS="30", **settings))


def told(response: httpx.Response) -> list[tuple[str, str]]:
    """Every header, those of a single request without their values."""
    headers = response.headers.multi_items()
    return sorted((name, "" if name in DIFFERENT_EACH_TIME else value) for name, value in headers)


def in_other_words(path: str) -> str:
    """Asks the same, and is not recognised."""
    path, mark, query = path.partition("?")
    return f"{path}/{mark}{query}"


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("asked", ASKED)
async def test_a_hot_answer_is_header_by_header_that_of_the_router(
    tmp_path: Path, adapters: Adapters, read: str, asked: dict[str, str]
) -> None:
    async with client(tmp_path, adapters) as browser:
        await browser.get(read)
        hot = await browser.get(read, headers=asked)
        behind_the_router = await browser.get(in_other_words(read), headers=asked)
        # Recognised, but not answered before the other layers.
        signed_in = await browser.get(read, headers=asked | {"authorization": "Bearer x"})
    assert hot.headers["x-cache"] == "hit"
    assert told(hot) == told(behind_the_router) == told(signed_in)
    assert (hot.status_code, hot.content) == (behind_the_router.status_code, behind_the_router.content)
    assert (hot.status_code, hot.content) == (signed_in.status_code, signed_in.content)


async def test_an_older_answer_for_want_of_the_database_says_so(
    tmp_path: Path, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def be_away(*_: object) -> None:
        raise Unavailable("away")

    search = "/api/caregivers?place=Ghent&radiusKm=10&service=dog_walking"
    monkeypatch.setattr("application.caregivers.search_caregivers.SEARCH_SECONDS", 0.02)
    async with client(tmp_path, adapters) as browser:
        new = await browser.get(search)
        await asyncio.sleep(0.03)
        monkeypatch.setattr(SqlCaregiverQueries, "search", be_away)
        for _ in range(2):
            old = await browser.get(search)
            assert (old.status_code, old.headers["x-cache"]) == (200, "stale")
            assert (old.content, old.headers["etag"]) == (new.content, new.headers["etag"])
        unknown = await browser.get("/api/caregivers?place=Antwerpen&radiusKm=10")
    assert unknown.status_code == 503


async def test_the_caller_s_correlation_id_comes_back_and_a_bad_one_is_replaced(
    tmp_path: Path, adapters: Adapters
) -> None:
    async with client(tmp_path, adapters) as browser:
        await browser.get("/api/home")
        good = await browser.get("/api/home", headers={"x-correlation-id": "chosen-by-me"})
        bad = await browser.get("/api/home", headers={"x-correlation-id": "no good"})
    assert good.headers["x-cache"] == bad.headers["x-cache"] == "hit"
    assert good.headers["x-correlation-id"] == "chosen-by-me"
    assert len(bad.headers["x-correlation-id"]) == 36


async def test_hot_answers_count_against_the_limit_like_all_others(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters, RATE_LIMIT_PUBLIC_PER_MINUTE="3") as browser:
        answers = [await browser.get("/api/home") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_what_is_refused_is_no_hit_and_counts_once(
    tmp_path: Path, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()
    hit = InMemoryRateLimits.hit_at_once

    def noted(limits: InMemoryRateLimits, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        asked.append(key)
        return hit(limits, key, limit=limit, window_seconds=window_seconds)

    monkeypatch.setattr(InMemoryRateLimits, "hit_at_once", noted)
    async with client(tmp_path, adapters, RATE_LIMIT_PUBLIC_PER_MINUTE="2") as browser:
        for _ in range(5):
            await browser.get("/api/home")
    assert len(asked) == 5
    assert isinstance(adapters.metrics, InMemoryMetrics)
    assert 'tailtribe_cache_answers_total{kind="home",outcome="hit"} 1.0' in adapters.metrics.prometheus_text().decode()


async def test_doubled_slashes_count_against_the_same_limit(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters, RATE_LIMIT_PUBLIC_PER_MINUTE="3") as browser:
        answers = [
            await browser.get(f"http://testserver.local{path}") for path in ("/api/home", "/api//home", "//api/home")
        ]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0"]


async def test_without_a_limit_a_hot_answer_tells_of_none(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters, RATE_LIMIT_PUBLIC_PER_MINUTE="0") as browser:
        answers = [await browser.get("/api/home") for _ in range(2)]
    assert told(answers[1]) == sorted((name, "hit" if name == "x-cache" else value) for name, value in told(answers[0]))
    assert "ratelimit-limit" not in answers[1].headers


async def test_hot_answers_are_measured_under_their_route(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters) as browser:
        for _ in range(3):
            await browser.get("/api/caregivers?place=Gent")
    assert isinstance(adapters.metrics, InMemoryMetrics)
    text = adapters.metrics.prometheus_text().decode()
    line = 'tailtribe_http_requests_total{method="GET",route="/api/caregivers",status="200"}'
    assert f"{line} 3.0" in text


async def test_what_comes_out_of_the_cache_is_logged_at_debug(
    tmp_path: Path, adapters: Adapters, caplog: pytest.LogCaptureFixture
) -> None:
    async with client(tmp_path, adapters) as browser:
        await browser.get("/api/home")
        for level, lines in ((logging.INFO, 0), (logging.DEBUG, 2)):
            with caplog.at_level(level, logger="tailtribe.requests"), capture_logs() as logged:
                hot = await browser.get("/api/home", headers={"x-correlation-id": "correlated"})
                await browser.get("/api/home/")
            assert hot.headers["x-cache"] == "hit"
            assert [line["log_level"] for line in logged] == ["debug"] * lines
    assert logged[0].pop("milliseconds") >= 0
    assert logged[0] == {
        "event": "request",
        "log_level": "debug",
        "method": "GET",
        "route": "/api/home",
        "status": 200,
        "correlation_id": "correlated",
    }


async def test_equal_questions_in_other_words_share_an_entry(tmp_path: Path, adapters: Adapters) -> None:
    same = [
        "/api/caregivers?lat=51.05&lng=3.72&radiusKm=10&sort=best&limit=20",
        "/api/caregivers?radiusKm=10.0&lng=3.7204&lat=51.0496",
        "/api/caregivers?lng=3.72&lat=51.05&radiusKm=10&minPriceCents=0&minRating=0",
    ]
    async with client(tmp_path, adapters) as browser:
        answers = [await browser.get(words) for words in same]
        named = [await browser.get(f"/api/caregivers?place={name}") for name in ("Gent", "GAND", "%20ghent")]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert [answer.headers["x-cache"] for answer in named] == ["miss", "hit", "hit"]


async def test_a_name_has_one_entry_however_it_is_written(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters) as browser:
        begun = [await browser.get(f"/api/places?q={words}") for words in ("ge", "GE", "g%C3%A9", "-ge.'", "%20ge%20")]
        named = [
            await browser.get(f"/api/caregivers?place={words}") for words in ("gent", "g%C3%89nt", "-gent-", "Gent.")
        ]
    assert [answer.headers["x-cache"] for answer in begun] == ["miss", *["hit"] * 4]
    assert {answer.status_code for answer in named} == {200}
    assert isinstance(adapters.metrics, InMemoryMetrics)
    text = adapters.metrics.prometheus_text().decode()
    assert 'tailtribe_cache_answers_total{kind="place",outcome="hit"} 3.0' in text


@pytest.mark.parametrize(("length", "second"), [(LONGEST_USUAL_NAME, "hit"), (LONGEST_USUAL_NAME + 1, "miss")])
async def test_long_names_are_looked_up_each_time(tmp_path: Path, adapters: Adapters, length: int, second: str) -> None:
    async with client(tmp_path, adapters) as browser:
        begun = [await browser.get(f"/api/places?q={'x' * length}") for _ in range(2)]
        named = [await browser.get(f"/api/caregivers?place={'x' * length}") for _ in range(2)]
    assert [answer.headers["x-cache"] for answer in begun] == ["miss", second]
    assert [answer.status_code for answer in named] == [422, 422]
    assert isinstance(adapters.metrics, InMemoryMetrics)
    assert ('kind="place"' in adapters.metrics.prometheus_text().decode()) is (second == "hit")


@pytest.mark.parametrize(
    "words",
    [
        "cursor=WzAuNSwiMDE5MzAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0",
        "lat=51&lng=4&radiusKm=10.123",
        "minPriceCents=1234",
        "maxPriceCents=1234",
        "minRating=4.123",
    ],
)
async def test_what_may_vary_without_end_is_answered_and_not_remembered(
    tmp_path: Path, adapters: Adapters, words: str
) -> None:
    async with client(tmp_path, adapters) as browser:
        answers = [await browser.get(f"/api/caregivers?{words}") for _ in range(3)]
    assert [(answer.status_code, answer.headers["x-cache"]) for answer in answers] == [(200, "miss")] * 3


async def test_what_exists_no_more_is_a_problem_before_the_router_too(tmp_path: Path, adapters: Adapters) -> None:
    path = f"/api/caregivers/{a_caregiver().id}"
    async with client(tmp_path, adapters) as browser:
        await browser.get(path)
        async with adapters.unit_of_work() as uow:
            account = await uow.accounts.get(CAREGIVER.account_id)
            account.suspended_at, account.suspension_reason = account.created_at, "tests"
            await uow.accounts.save(account)
        recognised = await browser.get(path)
        behind_the_router = await browser.get(in_other_words(path))
    assert recognised.status_code == behind_the_router.status_code == 404
    assert told(recognised) == told(behind_the_router)
    different = {"correlationId": "", "instance": ""}
    assert recognised.json() | different == behind_the_router.json() | different


async def test_words_without_end_are_answered_but_not_learnt(tmp_path: Path, adapters: Adapters) -> None:
    words = "/api/caregivers?" + "&".join(["service=dog_walking"] * 40)
    assert len(words) > LONGEST_WORDS
    async with client(tmp_path, adapters) as browser:
        answers = [await browser.get(words) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}


async def test_other_methods_of_a_known_path_go_to_the_router(tmp_path: Path, adapters: Adapters) -> None:
    async with client(tmp_path, adapters) as browser:
        await browser.get("/api/home")
        assert (await browser.post("/api/home")).status_code == 405


class Broken(SqlCaregiverQueries):
    """Has a bug from the second look at the home page on."""

    looks = 0

    async def service_counts(self) -> list[ServiceCount]:
        self.looks += 1
        if self.looks > 1:
            raise ZeroDivisionError
        return await super().service_counts()


class Noted(ErrorLog):
    def __init__(self) -> None:
        self.places = list[str]()

    def note(self, error: BaseException, *, place: str) -> None:
        assert isinstance(error, ZeroDivisionError)
        self.places.append(place)


async def test_a_bug_behind_a_read_that_was_understood_before_is_noted(tmp_path: Path, adapters: Adapters) -> None:
    noted = Noted()
    assert isinstance(adapters.caregiver_queries, SqlCaregiverQueries)
    broken = Broken(adapters.caregiver_queries._database)
    async with client(tmp_path, replace(adapters, caregiver_queries=broken, error_log=noted)) as browser:
        assert (await browser.get("/api/home")).status_code == 200
        await adapters.cache.clear()
        assert (await browser.get("/api/home")).status_code == 500
    assert noted.places == ["GET /api/home"]
