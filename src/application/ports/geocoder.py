"""Finding places by any of their names."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """A place of Belgium or the Netherlands; `name` in the local language, coordinates in degrees (WGS 84)."""

    name: str
    country: str
    lat: float
    lng: float


class Geocoder(Protocol):
    """Names to places.

    Promises, checked by `tests/contract/test_geocoder.py`: names match in any language, ignoring case and accents
    (Gent = Ghent = Gand); a place whose own name it is comes first, then the most populous; an unknown name is
    an empty answer.
    """

    @abstractmethod
    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        """The best match for a whole name."""
        ...

    @abstractmethod
    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        """Places one of whose names begins with `prefix`, the most populous first."""
        ...
