"""Public answers that caches may keep, in the form the caller takes, and what tells him that nothing changed
(RFC 9110, 9111)."""

from dataclasses import dataclass
from functools import lru_cache

from msgspec import Struct

from application.encoded_answer import EncodedAnswer
from application.ports.cache import CachedValue, CacheOutcome
from interfaces.http.asgi_messages import RawHeader

MEDIA_TYPE = b"application/json"
_CODINGS_REMEMBERED = 512
_OUTCOMES: dict[CacheOutcome, RawHeader] = {outcome: (b"x-cache", outcome.value.encode()) for outcome in CacheOutcome}


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

    def __init__(self, caching: SharedCaching) -> None:
        self._fixed: list[RawHeader] = [
            (b"cache-control", caching.cache_control.encode()),
            (b"vary", b"Accept-Encoding"),
        ]

    def of(self, cached: CachedValue, *, accept_encoding: bytes | None, if_none_match: bytes | None) -> PublicAnswer:
        """The body in the best coding the caller takes, with that representation's own tag, or 304 without a body."""
        answer = EncodedAnswer.from_bytes(cached.value)
        gzipped = bool(answer.gzipped) and accept_encoding is not None and takes_gzip(accept_encoding)
        etag = b'"%s-gzip"' % answer.tag if gzipped else b'"%s"' % answer.tag
        headers = [*self._fixed, (b"etag", etag), _OUTCOMES[cached.outcome]]
        if if_none_match is not None and matches(if_none_match, etag):
            return PublicAnswer(304, headers, b"")
        body = answer.gzipped if gzipped else answer.plain
        headers += (b"content-type", MEDIA_TYPE), (b"content-length", b"%d" % len(body))
        if gzipped:
            headers.append((b"content-encoding", b"gzip"))
        return PublicAnswer(200, headers, body)


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the caller has this version: `*` or a list of tags, compared weakly."""
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return if_none_match.strip() == b"*" or etag in tags


@lru_cache(maxsize=_CODINGS_REMEMBERED)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether gzip is acceptable and no less welcome than the plain body (RFC 9110, 12.5.3)."""
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
