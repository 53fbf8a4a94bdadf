"""What public reads answer, encoded once: the bytes that the cache keeps and that leave as they are."""

import gzip
import hashlib
from struct import Struct as Layout
from typing import Self

from msgspec import Struct

# Smaller bodies fit a packet anyway.
COMPRESSED_FROM_BYTES = 860
_GZIP_LEVEL = 6
# The entity tag in hexadecimal, and the length of the plain body, which the compressed one follows.
_HEAD = Layout("<32sI")


class EncodedAnswer(Struct, frozen=True):
    """A body, plain and by gzip (empty when it is not worth it), and a tag: equal bodies, equal tag, in every process.

    `value` is what the cache keeps, its form part of what SCHEMA_VERSION of the cache stands for. `end` is where the
    plain body ends in it: only the body that is sent is cut out.
    """

    value: bytes
    tag: bytes
    end: int

    @classmethod
    def of(cls, body: bytes) -> Self:
        tag = hashlib.blake2b(body, digest_size=16).hexdigest().encode()
        return cls.from_bytes(_HEAD.pack(tag, len(body)) + body + _compressed(body))

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        tag, length = _HEAD.unpack_from(value)
        return cls(value, tag, _HEAD.size + length)

    @property
    def is_compressed(self) -> bool:
        return len(self.value) > self.end

    @property
    def plain(self) -> bytes:
        return self.value[_HEAD.size : self.end]

    @property
    def gzipped(self) -> bytes:
        return self.value[self.end :]


def encoded(body: bytes) -> bytes:
    """What a loader of a public read returns."""
    return EncodedAnswer.of(body).value


def _compressed(body: bytes) -> bytes:
    if len(body) < COMPRESSED_FROM_BYTES:
        return b""
    # Without the time of day, so that equal bodies are equal compressed as well.
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)
