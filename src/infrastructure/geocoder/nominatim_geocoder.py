"""Places that the gazetteer does not know, looked up at a Nominatim server."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import httpx
import msgspec
from msgspec import Meta, Struct

from application.ports.geocoder import Geocoder, GeocoderUnavailable, Place
from infrastructure.resilience.retry_after import retry_after_seconds

COUNTRIES = ("BE", "NL")
# What a profile has room for: longer names are neither asked for nor taken.
LONGEST_NAME = 120
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
CONNECTIONS = 10
RESULTS = 5
OK = 200
# These speak of us or of the server, not of the name that was asked for: turned away, too slow, asked too often.
NOT_ABOUT_THE_NAME = (401, 403, 408, 429)


T = TypeVar("T")


class _Status(Struct):
    """0 is well."""

    status: int


class _Address(Struct):
    country_code: str = ""


class _Found(Struct):
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    address: _Address = msgspec.field(default_factory=_Address)
    name: str = ""
    display_name: str = ""

    def as_place(self) -> Place | None:
        name, country = self.name or self.display_name.partition(",")[0], self.address.country_code.upper()
        return Place(name=name, country=country, lat=self.lat, lng=self.lon) if 0 < len(name) <= LONGEST_NAME else None


def create_nominatim_client(support_email: str) -> httpx.AsyncClient:
    """The usage policy asks every application to say who it is and how to reach its people."""
    return httpx.AsyncClient(
        # Bytes, because an address may hold more than ASCII.
        headers={b"User-Agent": f"TailTribe ({support_email})".encode()},
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS),
    )


class NominatimGeocoder(Geocoder):
    """Settlements of Belgium and the Netherlands at `base_url`, by names in any language.

    It finds no streets and houses: nobody's address becomes the place of a public profile. The most important place
    comes first. A request that the server calls wrong has an empty answer. Nothing is suggested: the usage policy
    forbids to ask at every letter.
    """

    def __init__(self, base_url: str, *, client: httpx.AsyncClient) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client

    async def find(self, name: str, *, country: str | None = None) -> Place | None:
        """Raises GeocoderUnavailable."""
        countries = [known for known in COUNTRIES if country is None or known == country]
        if not countries or not name.strip() or len(name) > LONGEST_NAME:
            return None
        # Without an Accept-Language the names are those of the places' own people.
        response = await self._ask(
            "/search",
            format="jsonv2",
            q=name.strip(),
            countrycodes=",".join(countries).lower(),
            featureType="settlement",
            addressdetails=1,
            limit=RESULTS,
        )
        places = [found.as_place() for found in _results(response)]
        return next((place for place in places if place is not None and place.country in countries), None)

    async def suggest(
        self,
        prefix: str,  # noqa: ARG002
        *,
        country: str | None = None,  # noqa: ARG002
        limit: int = 10,  # noqa: ARG002
    ) -> Sequence[Place]:
        return []

    async def check(self) -> None:
        """Asks how the server is. Raises GeocoderUnavailable."""
        response = await self._ask("/status", format="json")
        if response.status_code != OK:
            raise GeocoderUnavailable(f"Nominatim answers {response.status_code} when asked how it is")
        if _decoded(response, _Status).status != 0:
            raise GeocoderUnavailable("Nominatim says that it is not well")

    async def _ask(self, path: str, **parameters: str | int) -> httpx.Response:
        try:
            response = await self._client.get(self._base_url + path, params=parameters)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GeocoderUnavailable("Nominatim does not answer") from error
        status = response.status_code
        if status in NOT_ABOUT_THE_NAME or not (status == OK or response.is_client_error):
            raise GeocoderUnavailable(
                f"Nominatim answers {status}", retry_after_seconds=retry_after_seconds(response.headers)
            )
        return response


def _results(response: httpx.Response) -> Sequence[_Found]:
    return [] if response.is_client_error else _decoded(response, list[_Found])


def _decoded(response: httpx.Response, kind: type[T]) -> T:
    try:
        # Coordinates are numbers within strings.
        return msgspec.json.decode(response.content, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GeocoderUnavailable("Nominatim answers nonsense") from error
