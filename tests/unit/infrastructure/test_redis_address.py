import pytest

from infrastructure.redis.redis_client import redis_address


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "rediss://default:secret@eu1.upstash.io:6379"])
def test_an_address_of_the_redis_protocol_is_used_as_it_is(url: str) -> None:
    assert redis_address(f" {url}\n", None) == url


def test_an_upstash_rest_address_and_its_token_name_the_database_over_tls() -> None:
    address = redis_address("https://eu1-tame-cat-12345.upstash.io", "AXyz=")
    assert address == "rediss://default:AXyz%3D@eu1-tame-cat-12345.upstash.io:6379"


def test_an_upstash_rest_address_needs_its_token() -> None:
    with pytest.raises(ValueError, match="REDIS_TOKEN"):
        redis_address("https://eu1.upstash.io", None)


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://upstash.io.example.com", "localhost:6379", "http://x.upstash.io", ""]
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL"):
        redis_address(url, "token")
