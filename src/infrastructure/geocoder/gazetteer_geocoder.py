"""The bundled gazetteer: a table of places under all their names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from application.ports.geocoder import Geocoder, Place
from infrastructure.persistence.database import Database
from infrastructure.persistence.places.folding import fold
from infrastructure.persistence.places.place_tables import place_names, places


class GazetteerGeocoder(Geocoder):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        found = await self._query(place_names.c.folded == fold(name), country, limit=1)
        return found[0] if found else None

    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        folded = fold(prefix)
        if not folded:
            return []
        return await self._query(place_names.c.folded.startswith(folded, autoescape=True), country, limit=limit)

    async def _query(self, condition: ColumnElement[bool], country: str | None, *, limit: int) -> list[Place]:
        statement: Any = (
            select(places.c.id, places.c.name, places.c.country, places.c.lat, places.c.lng, places.c.population)
            .join(place_names, place_names.c.place_id == places.c.id)
            .where(condition)
            .distinct()
            .order_by(places.c.population.desc(), places.c.id)
            .limit(limit)
        )
        if country is not None:
            statement = statement.where(places.c.country == country)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return [Place(name=row.name, country=row.country, lat=row.lat, lng=row.lng) for row in rows]
