"""Where the people of the demonstration live."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import select

from domain.shared.languages import Country, Language
from infrastructure.persistence.database import Database
from infrastructure.persistence.places.place_tables import places

SMALLEST_POPULATION = 5_000

# The language border, roughly: Belgian places south of it speak French, and so does part of Brussels.
_LANGUAGE_BORDER_LAT = 50.72
_BRUSSELS_LAT, _BRUSSELS_LNG = (50.76, 50.92), (4.24, 4.48)

# The gazetteer knows no postal codes: a place gets that of the nearest of these towns.
_POSTAL_CODES = {
    Country.BE: {
        "1000": (50.85, 4.35),
        "2000": (51.22, 4.40),
        "2300": (51.32, 4.94),
        "2800": (51.03, 4.48),
        "3000": (50.88, 4.70),
        "3500": (50.93, 5.34),
        "4000": (50.63, 5.57),
        "5000": (50.47, 4.87),
        "6000": (50.41, 4.44),
        "6700": (49.68, 5.81),
        "7000": (50.45, 3.95),
        "8000": (51.21, 3.22),
        "8500": (50.83, 3.26),
        "9000": (51.05, 3.72),
    },
    Country.NL: {
        "1011": (52.37, 4.89),
        "1811": (52.63, 4.75),
        "2511": (52.08, 4.30),
        "3011": (51.92, 4.48),
        "3511": (52.09, 5.12),
        "4331": (51.50, 3.61),
        "4811": (51.59, 4.78),
        "5611": (51.44, 5.48),
        "6211": (50.85, 5.69),
        "6811": (51.98, 5.91),
        "7511": (52.22, 6.90),
        "8011": (52.51, 6.09),
        "8911": (53.20, 5.81),
        "9711": (53.22, 6.57),
    },
}


class GazetteerEmpty(Exception):
    """There are no places yet: `tailtribe migrate` loads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlace:
    name: str
    country: Country
    lat: float
    lng: float
    population: int = 0

    @property
    def postal_code(self) -> str:
        """That of the nearest large town."""
        codes = _POSTAL_CODES[self.country]
        nearest = min(codes, key=lambda code: (codes[code][0] - self.lat) ** 2 + (codes[code][1] - self.lng) ** 2)
        return nearest if self.country is Country.BE else f"{nearest} AB"

    def language(self, random: Random) -> Language:
        """Dutch or French; in Brussels either."""
        if self.country is Country.NL:
            return Language.NL
        if _BRUSSELS_LAT[0] < self.lat < _BRUSSELS_LAT[1] and _BRUSSELS_LNG[0] < self.lng < _BRUSSELS_LNG[1]:
            return random.choice((Language.NL, Language.FR))
        return Language.FR if self.lat < _LANGUAGE_BORDER_LAT else Language.NL


async def larger_places(database: Database) -> Sequence[DemoPlace]:
    """Every place with at least 5,000 people, the most populous first. Raises GazetteerEmpty."""
    statement = (
        select(places)
        .where(places.c.population >= SMALLEST_POPULATION)
        .order_by(places.c.population.desc(), places.c.id)
    )
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    if not rows:
        raise GazetteerEmpty
    return [
        DemoPlace(name=row.name, country=Country(row.country), lat=row.lat, lng=row.lng, population=row.population)
        for row in rows
    ]


def somewhere(random: Random, among: Sequence[DemoPlace]) -> DemoPlace:
    """A place, as likely as people live there."""
    return random.choices(among, weights=[place.population for place in among])[0]
