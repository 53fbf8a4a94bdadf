"""What every geocoder promises. Here: the gazetteer on both databases, alone and in front of a service that is away."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from application.ports.geocoder import Geocoder, GeocoderUnavailable, Place
from infrastructure.geocoder.gazetteer_geocoder import GazetteerGeocoder
from infrastructure.persistence.database import Database, database_url
from infrastructure.resilience.guarded_geocoder import GuardedGeocoder, geocoding_breaker


@pytest.fixture(params=["sqlite", "postgresql"])
def gazetteer(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The whole gazetteer. Nothing is written, so PostgreSQL needs no copy."""
    if request.param == "sqlite":
        url = database_url(None, tmp_path)
        shutil.copy(request.getfixturevalue("sqlite_template"), str(url.database))
        return url
    name = request.getfixturevalue("postgres_template")
    return database_url(request.getfixturevalue("postgres_server"), tmp_path).set(database=name)


class AwayGeocoder(Geocoder):
    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        raise GeocoderUnavailable

    async def suggest(self, prefix: str, *, country: str | None = None, limit: int = 10) -> Sequence[Place]:
        raise GeocoderUnavailable


@pytest.fixture(params=["alone", "guarded"])
async def geocoder(request: pytest.FixtureRequest, gazetteer: URL) -> AsyncIterator[Geocoder]:
    database = Database(gazetteer)
    bundled = GazetteerGeocoder(database)
    yield bundled if request.param == "alone" else GuardedGeocoder(bundled, AwayGeocoder(), geocoding_breaker())
    await database.dispose()


SAME = {
    "Gent": ("Gent", "Ghent", "Gand", "GENT", "gent", "  Gent ", "gEnT"),
    "Liège": ("Liège", "Luik", "Liege", "LIÈGE", "lie\u0300ge"),
    "Den Haag": ("Den Haag", "'s-Gravenhage", "s gravenhage", "’s-Gravenhage", "The Hague", "La Haye", "den-haag"),
    "Antwerpen": ("Antwerpen", "Anvers", "Antwerp"),
    "Brussel": ("Brussel", "Bruxelles", "Brussels"),
    "Sint-Niklaas": ("Sint-Niklaas", "sint niklaas", "SINT  NIKLAAS"),
}


@pytest.mark.parametrize("local", SAME)
async def test_a_place_is_found_by_any_of_its_names(geocoder: Geocoder, local: str) -> None:
    expected = await geocoder.find(local)
    assert expected is not None
    assert 49.4 < expected.lat < 53.6
    assert 2.5 < expected.lng < 7.3
    for name in SAME[local]:
        assert await geocoder.find(name) == expected, name


async def test_a_place_is_where_it_is(geocoder: Geocoder) -> None:
    gent = await geocoder.find("Ghent")
    assert gent is not None
    assert (gent.name, gent.country) == ("Gent", "BE")
    assert gent.lat == pytest.approx(51.05, abs=0.05)
    assert gent.lng == pytest.approx(3.72, abs=0.05)


async def test_a_place_is_looked_for_in_the_country_asked_for(geocoder: Geocoder) -> None:
    for name, country in (("Gent", "BE"), ("Utrecht", "NL")):
        other = "NL" if country == "BE" else "BE"
        found = await geocoder.find(name, country=country)
        assert found is not None
        assert found.country == country
        elsewhere = await geocoder.find(name, country=other)
        assert elsewhere is None or elsewhere.country == other


async def test_a_places_own_name_comes_before_what_others_are_called(geocoder: Geocoder) -> None:
    """Bergen is what the Dutch-speaking call Mons, and it is a smaller place of that name."""
    belgian, dutch = [await geocoder.find("Bergen", country=country) for country in ("BE", "NL")]
    assert belgian is not None
    assert dutch is not None
    assert (belgian.name, dutch.name) == ("Mons", "Bergen")
    assert await geocoder.find("Bergen") == dutch


async def test_an_unknown_name_is_no_place(geocoder: Geocoder) -> None:
    for name in ("Nergenshuizen", "", " ", "'", "Gent; DROP TABLE places", "東京", "x" * 5000):
        assert await geocoder.find(name) is None, name


async def test_what_means_something_in_sql_means_nothing_in_a_name(geocoder: Geocoder) -> None:
    for name in ("%", "_", "Gen_", "G%", "Gent%"):
        assert await geocoder.find(name) is None, name
    for prefix in ("%", "_", "%%", "g_n", "ge%", "\\", "\\%", "/", "/%", "'", "", " ", "-"):
        assert list(await geocoder.suggest(prefix)) == [], prefix


async def test_suggestions_begin_with_the_prefix_and_the_largest_comes_first(geocoder: Geocoder) -> None:
    names = [place.name for place in await geocoder.suggest("gen", country="BE")]
    assert {"Gent", "Genk"} <= set(names)
    assert names.index("Gent") < names.index("Genk")
    assert len(names) == len(set(names)) <= 10


async def test_suggestions_know_accents_and_other_languages(geocoder: Geocoder) -> None:
    for prefix in ("liè", "LIE", "lui"):
        assert "Liège" in [place.name for place in await geocoder.suggest(prefix)], prefix


async def test_suggestions_stay_within_country_and_limit(geocoder: Geocoder) -> None:
    found = await geocoder.suggest("a", country="NL", limit=7)
    assert len(found) == 7
    assert {place.country for place in found} == {"NL"}
    assert found[0].name == "Amsterdam"
    assert len({(place.name, place.lat) for place in found}) == 7
