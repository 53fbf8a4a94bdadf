"""Finding places by any of their names."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from domain.shared.errors import Unavailable


class Place(Struct, frozen=True, kw_only=True):
    """A place of Belgium or the Netherlands; `name` in the local language, coordinates in degrees (WGS 84)."""

    name: str
    country: str
    lat: float
    lng: float


class GeocoderUnavailable(Unavailable):
    """The service did not answer in time or answered nonsense. `retry_after_seconds` is the pause it asked for, 0 if it
    did not."""

    title = "Places cannot be looked up now"

    def __init__(self, detail: str = "", *, retry_after_seconds: float = 0) -> None:
        super().__init__(detail, retry_after=math.ceil(retry_after_seconds) or 5)
        self.retry_after_seconds = retry_after_seconds


class Geocoder(Protocol):
    """Names to places.

    Promises, checked by `tests/contract/test_geocoder.py`: names match in any language, ignoring case and accents
    (Gent = Ghent = Gand); a place whose own name it is comes first, then the most populous; an unknown name is
    an empty answer.
    """

    @abstractmethod
    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        """The best match for a whole name. Raises GeocoderUnavailable where a service is asked that nothing guards."""
        ...

    @abstractmethod
    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        """Places one of whose names begins with `prefix`, the most populous first."""
        ...
