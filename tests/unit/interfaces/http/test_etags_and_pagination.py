import gzip

import pytest
from litestar import get

from application.encoded_answer import COMPRESSED_FROM_BYTES, EncodedAnswer, encoded
from application.ports.cache import CachedValue, CacheOutcome
from interfaces.http.etags import PublicAnswer, PublicAnswers, SharedCaching, matches, takes_gzip
from interfaces.http.pagination import Cursor, Limit
from tests.support.tiny_app import client_of, tiny_app

SMALL = b'{"items":[]}'
LARGE = b'{"items":[%s]}' % b",".join([b'"a caregiver"'] * 100)
ETAG = b'"%s"' % EncodedAnswer.of(SMALL).tag


def answer(
    body: bytes, accept_encoding: bytes | None = None, if_none_match: bytes | None = None, **caching: int
) -> PublicAnswer:
    cached = CachedValue(encoded(body), CacheOutcome.HIT)
    answers = PublicAnswers(SharedCaching(**caching))
    return answers.of(cached, accept_encoding=accept_encoding, if_none_match=if_none_match)


@get("/list")
async def listed(cursor: Cursor = None, limit: Limit = 20) -> dict[str, object]:
    return {"limit": limit, "cursor": cursor}


def test_what_is_encoded_is_decoded_as_it_was() -> None:
    for body in (b"", SMALL, LARGE):
        assert EncodedAnswer.from_bytes(encoded(body)) == EncodedAnswer.of(body)
        assert encoded(body) == encoded(body)


def test_a_public_answer_carries_its_tag_and_may_be_kept() -> None:
    given = answer(SMALL)
    assert (given.status, given.body) == (200, SMALL)
    assert dict(given.headers) == {
        b"content-type": b"application/json",
        b"content-length": b"12",
        b"etag": ETAG,
        b"cache-control": b"public, max-age=0, must-revalidate",
        b"x-cache": b"hit",
        b"vary": b"Accept-Encoding",
    }


def test_whoever_takes_gzip_gets_it_under_a_tag_of_its_own() -> None:
    given = answer(LARGE, b"gzip, br")
    assert gzip.decompress(given.body) == LARGE
    assert len(given.body) < len(LARGE)
    headers = dict(given.headers)
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == b"%d" % len(given.body)
    plain = dict(answer(LARGE).headers)
    assert b"content-encoding" not in plain
    assert plain[b"etag"] != headers[b"etag"]


def test_a_small_body_is_never_compressed() -> None:
    assert answer(b"x" * (COMPRESSED_FROM_BYTES - 1), b"gzip").body == b"x" * (COMPRESSED_FROM_BYTES - 1)


@pytest.mark.parametrize(
    ("accept_encoding", "takes_it"),
    [
        (b"", False),
        (b"gzip", True),
        (b"GZip", True),
        (b"x-gzip", True),
        (b"deflate, gzip;q=0.5, br", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0", False),
        (b"*;q=0", False),
        (b"*, gzip;q=0", False),
        (b"identity", False),
        (b"identity;q=1, gzip;q=0.5", False),
        (b"identity;q=0.5, gzip;q=0.5", True),
        (b"br, deflate", False),
        (b"gzip;q=nonsense", False),
        (b"gzip;level=1", True),
        (b"gzip" + 126 * b", ", True),
        (b"gzip" + 127 * b", ", False),
    ],
)
def test_gzip_goes_to_those_who_want_it_no_less_than_the_plain_body(accept_encoding: bytes, takes_it: bool) -> None:
    assert takes_gzip(accept_encoding) is takes_it


def test_whoever_has_the_version_gets_304_without_a_body() -> None:
    given = answer(SMALL, if_none_match=ETAG)
    assert (given.status, given.body) == (304, b"")
    assert set(dict(given.headers)) == {b"etag", b"cache-control", b"vary", b"x-cache"}


def test_the_tag_of_the_plain_body_is_not_that_of_the_compressed_one() -> None:
    plain = dict(answer(LARGE).headers)[b"etag"]
    assert answer(LARGE, b"gzip", plain).status == 200
    assert answer(LARGE, None, plain).status == 304


@pytest.mark.parametrize(
    ("if_none_match", "has_it"),
    [
        (b"*", True),
        (ETAG, True),
        (b"W/" + ETAG, True),
        (b'"other", ' + ETAG + b' , "third"', True),
        (b'"other"', False),
        (ETAG.strip(b'"'), False),
        (b"", False),
    ],
)
def test_lists_stars_and_weak_tags_are_understood(if_none_match: bytes, has_it: bool) -> None:
    assert matches(if_none_match, ETAG) is has_it


def test_a_cdn_may_answer_by_itself_only_when_it_is_set_so() -> None:
    caching = SharedCaching(fresh_seconds=60, stale_while_revalidate_seconds=300)
    assert caching.cache_control == "public, max-age=0, must-revalidate, s-maxage=60, stale-while-revalidate=300"


@pytest.mark.parametrize(("query", "status"), [("", 200), ("limit=1", 200), ("limit=50", 200), ("limit=51", 422)])
async def test_a_page_has_one_to_fifty_items(query: str, status: int) -> None:
    async with client_of(tiny_app(listed)) as client:
        assert (await client.get(f"/list?{query}")).status_code == status
        assert (await client.get("/list?limit=0")).status_code == 422
        assert (await client.get("/list?limit=x")).json()["errors"][0]["field"] == "limit"
