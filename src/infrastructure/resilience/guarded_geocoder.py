"""The gazetteer, and behind a circuit breaker and a time-out a service for what it does not know."""

from collections.abc import Sequence

from application.ports.geocoder import Geocoder, Place
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker


def geocoding_breaker() -> Breaker:
    return Breaker("geocoding", BREAKER_RULES["geocoding"])


class GuardedGeocoder(Geocoder):
    """`first` knows most names; `then` is asked for the others, through `breaker`.

    While `then` is away the answer is that of `first`: the place is unknown. Its failures reach no caller.
    """

    def __init__(self, first: Geocoder, then: Geocoder, breaker: Breaker) -> None:
        self._first = first
        self._then = then
        self._breaker = breaker

    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        known = await self._first.find(name, country=country)
        if known is not None:
            return known
        return await self._breaker.call(lambda: self._then.find(name, country=country), fallback=None)

    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        """From `first` alone: a service is not asked at every letter."""
        return await self._first.suggest(prefix, country=country, limit=limit)
