"""Public answers that caches may keep, and what tells them that nothing changed (RFC 9110, 9111)."""

import hashlib
from dataclasses import dataclass
from typing import Any

from litestar import MediaType, Response

from application.ports.cache import CachedValue
from interfaces.http.json_body import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCaching:
    """How long a CDN may answer by itself, in seconds; nothing by default, so that changes show at once."""

    fresh_seconds: int = 0
    stale_while_revalidate_seconds: int = 0

    @property
    def cache_control(self) -> str:
        parts = ["public", "max-age=0", "must-revalidate"]
        if self.fresh_seconds:
            parts.append(f"s-maxage={self.fresh_seconds}")
        if self.stale_while_revalidate_seconds:
            parts.append(f"stale-while-revalidate={self.stale_while_revalidate_seconds}")
        return ", ".join(parts)


def shared_caching_of(request: HttpRequest) -> SharedCaching:
    """What this application was started with."""
    return request.app.state.shared_caching


def etag_of(body: bytes) -> str:
    """A strong entity tag: equal bytes, equal tag, in every process."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has this version: `*` or a list of tags, compared weakly."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return if_none_match.strip() == "*" or etag in tags


def public_headers(etag: str, *, x_cache: str, caching: SharedCaching) -> dict[str, str]:
    return {
        "etag": etag,
        "cache-control": caching.cache_control,
        "vary": "Accept-Encoding",
        "x-cache": x_cache,
    }


def public_answer(request: HttpRequest, cached: CachedValue, *, caching: SharedCaching) -> Response[Any]:
    """The encoded JSON with its tag, or 304 when the caller has it already."""
    etag = etag_of(cached.value)
    headers = public_headers(etag, x_cache=cached.outcome.value, caching=caching)
    if matches(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers, media_type=MediaType.JSON)
    return Response(cached.value, headers=headers, media_type=MediaType.JSON)
