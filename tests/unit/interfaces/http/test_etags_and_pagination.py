import pytest
from litestar import Response, get

from application.ports.cache import CachedValue, CacheOutcome
from interfaces.http.etags import SharedCaching, etag_of, matches, public_answer
from interfaces.http.json_body import HttpRequest
from interfaces.http.pagination import Cursor, Limit
from interfaces.http.security_headers import SecurityHeaders
from tests.support.tiny_app import client_of, tiny_app

BODY = b'{"items":[]}'


@get("/public")
async def public(request: HttpRequest) -> Response[bytes]:
    return public_answer(request, CachedValue(BODY, CacheOutcome.HIT), caching=SharedCaching())


@get("/list")
async def listed(cursor: Cursor = None, limit: Limit = 20) -> dict[str, object]:
    return {"limit": limit, "cursor": cursor}


async def test_a_public_answer_carries_its_tag_and_may_be_kept() -> None:
    async with client_of(tiny_app(public, outer=[SecurityHeaders(https_only=False)])) as client:
        response = await client.get("/public")
    assert response.content == BODY
    assert response.headers["content-type"] == "application/json"
    assert response.headers["etag"] == etag_of(BODY)
    assert response.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert response.headers["x-cache"] == "hit"
    assert response.headers["vary"] == "Accept-Encoding"


async def test_whoever_has_the_version_gets_304_without_a_body() -> None:
    async with client_of(tiny_app(public)) as client:
        response = await client.get("/public", headers={"If-None-Match": etag_of(BODY)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag_of(BODY)


@pytest.mark.parametrize(
    ("if_none_match", "has_it"),
    [
        (None, False),
        ("*", True),
        (etag_of(BODY), True),
        (f"W/{etag_of(BODY)}", True),
        (f'"other", {etag_of(BODY)} , "third"', True),
        ('"other"', False),
        (etag_of(BODY).strip('"'), False),
        ("", False),
    ],
)
def test_lists_stars_and_weak_tags_are_understood(if_none_match: str | None, has_it: bool) -> None:
    assert matches(if_none_match, etag_of(BODY)) is has_it


def test_a_cdn_may_answer_by_itself_only_when_it_is_set_so() -> None:
    caching = SharedCaching(fresh_seconds=60, stale_while_revalidate_seconds=300)
    assert caching.cache_control == "public, max-age=0, must-revalidate, s-maxage=60, stale-while-revalidate=300"


@pytest.mark.parametrize(("query", "status"), [("", 200), ("limit=1", 200), ("limit=50", 200), ("limit=51", 422)])
async def test_a_page_has_one_to_fifty_items(query: str, status: int) -> None:
    async with client_of(tiny_app(listed)) as client:
        assert (await client.get(f"/list?{query}")).status_code == status
        assert (await client.get("/list?limit=0")).status_code == 422
        assert (await client.get("/list?limit=x")).json()["errors"][0]["field"] == "limit"
