"""The bundled gazetteer: a table of places under all their names."""

from collections.abc import Sequence

from sqlalchemy import select

from application.ports.geocoder import Geocoder, Place
from domain.shared.folding import fold
from infrastructure.persistence.database import Database
from infrastructure.persistence.places.place_tables import place_names, places
from infrastructure.persistence.tables import AnySelect


class GazetteerGeocoder(Geocoder):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        """A place's own name comes before what others are called in some language, whatever their size."""
        statement = _places(country).where(place_names.c.folded == fold(name))
        ordered = statement.order_by(place_names.c.canonical.desc(), places.c.population.desc(), places.c.id)
        found = await self._query(ordered.limit(1))
        return found[0] if found else None

    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        folded = fold(prefix)
        if not folded:
            return []
        statement = _places(country).where(place_names.c.folded.startswith(folded, autoescape=True)).distinct()
        return await self._query(statement.order_by(places.c.population.desc(), places.c.id).limit(limit))

    async def _query(self, statement: AnySelect) -> list[Place]:
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return [Place(name=row.name, country=row.country, lat=row.lat, lng=row.lng) for row in rows]


def _places(country: str | None) -> AnySelect:
    """Rows of places joined with their names, narrowed to a country if one is given."""
    p = places.c
    statement = select(p.id, p.name, p.country, p.lat, p.lng, p.population).join(
        place_names, place_names.c.place_id == p.id
    )
    return statement if country is None else statement.where(p.country == country)
