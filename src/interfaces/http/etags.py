"""Public answers that caches may keep, in the form the caller takes, and what tells him that nothing changed
(RFC 9110, 9111)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from msgspec import Struct

from application.encoded_answer import EncodedAnswer
from application.ports.cache import CachedValue, CacheOutcome
from interfaces.http.asgi_messages import RawHeader

MEDIA_TYPE = b"application/json"
_CODINGS_REMEMBERED = 512
_LONGEST_CODINGS = 256
_HEADS_REMEMBERED = 4_096


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


class PublicAnswer(Struct, frozen=True):
    """Status, headers and body as they leave."""

    status: int
    headers: list[RawHeader]
    body: bytes


class PublicAnswers:
    """Turns what the cache holds into what is sent; made once, because what never changes is encoded once."""

    def __init__(self, caching: SharedCaching, *, marks: Iterable[RawHeader] = ()) -> None:
        """`marks` are on every answer besides."""
        fixed = (b"cache-control", caching.cache_control.encode()), (b"vary", b"Accept-Encoding"), *marks
        self._head = lru_cache(maxsize=_HEADS_REMEMBERED)(partial(_head, fixed))

    def of(self, cached: CachedValue, *, accept_encoding: bytes | None, if_none_match: bytes | None) -> PublicAnswer:
        """The body in the best coding the caller takes, with that representation's own tag, or 304 without a body."""
        answer = EncodedAnswer.from_bytes(cached.value)
        gzipped = accept_encoding is not None and answer.is_compressed and takes_gzip(accept_encoding)
        if if_none_match is not None and matches(if_none_match, _etag(answer.tag, gzipped)):
            return PublicAnswer(304, [*self._head(answer.tag, cached.outcome, gzipped, None)], b"")
        body = answer.gzipped if gzipped else answer.plain
        return PublicAnswer(200, [*self._head(answer.tag, cached.outcome, gzipped, len(body))], body)


def _etag(tag: bytes, gzipped: bool) -> bytes:
    return b'"%s-gzip"' % tag if gzipped else b'"%s"' % tag


def _head(
    fixed: tuple[RawHeader, ...], tag: bytes, outcome: CacheOutcome, gzipped: bool, length: int | None
) -> tuple[RawHeader, ...]:
    """`length` in bytes; None for an answer without a body."""
    head = *fixed, (b"etag", _etag(tag, gzipped)), (b"x-cache", outcome.value.encode())
    if length is None:
        return head
    head = *head, (b"content-type", MEDIA_TYPE), (b"content-length", b"%d" % length)
    return (*head, (b"content-encoding", b"gzip")) if gzipped else head


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the caller has this version: `*` or a list of tags, compared weakly."""
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return if_none_match.strip() == b"*" or etag in tags


def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether gzip is acceptable and no less welcome than the plain body (RFC 9110, 12.5.3). Who lists codings without
    end gets the plain body: every list is remembered."""
    return len(accept_encoding) <= _LONGEST_CODINGS and _takes_gzip(accept_encoding)


@lru_cache(maxsize=_CODINGS_REMEMBERED)
def _takes_gzip(accept_encoding: bytes) -> bool:
    weights: dict[bytes, float] = {}
    for element in accept_encoding.lower().split(b","):
        coding, _, parameters = element.partition(b";")
        weights[coding.strip()] = _weight(parameters)
    gzip = weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", 0.0)))
    return gzip > 0 and gzip >= weights.get(b"identity", 0.0)


def _weight(parameters: bytes) -> float:
    name, _, value = parameters.partition(b"=")
    if name.strip() != b"q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
