"""Something has become untrue, as processes tell each other."""

from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct


class Invalidation(Struct, frozen=True):
    """Of everything that carries one of the tags; of everything there is when they are None."""

    id: UUID
    tags: frozenset[str] | None

    def encoded(self, *, most_bytes: int) -> str:
        """Too many tags become everything."""
        text = msgspec.json.encode(self).decode()
        return text if len(text.encode()) <= most_bytes else type(self)(self.id, None).encoded(most_bytes=most_bytes)

    @classmethod
    def decoded(cls, text: str) -> Self:
        return msgspec.json.decode(text, type=cls)
