"""Anybody types the beginning of a place's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.geocoder import Geocoder, Place
from domain.shared.languages import Country


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestPlaces:
    geocoder: Geocoder

    async def execute(self, *, text: str, country: Country | None, limit: int) -> Sequence[Place]:
        return await self.geocoder.suggest(text, country=country, limit=limit)
