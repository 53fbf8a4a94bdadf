"""Nominatim, well and unwell, and what is found while it is away."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from application.ports.circuit_breakers import BreakerState
from application.ports.geocoder import Geocoder, GeocoderUnavailable, Place
from infrastructure.geocoder.nominatim_geocoder import NominatimGeocoder, create_nominatim_client
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from infrastructure.resilience.guarded_geocoder import GuardedGeocoder, geocoding_breaker
from interfaces.bootstrap.doctor import examine
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import BadSettings, Settings
from tests.support.fault_server import (
    HANG,
    RESET,
    Answer,
    Behaviour,
    FaultServer,
    answer,
    broken_json,
    conflict,
    server_error,
    slow,
    too_many_requests,
)
from tests.support.in_memory_adapters import in_memory_adapters

RULE = BREAKER_RULES["geocoding"]
IMPATIENT_SECONDS = 0.05


def _found(name: str, country: str, lat: str = "50.4", lon: str = "4.25") -> dict[str, object]:
    """As Nominatim writes it, with much that nobody asked for."""
    address = {"village": name, "country_code": country, "country": "…"}
    return {"place_id": 1, "lat": lat, "lon": lon, "name": name, "display_name": f"{name}, …", "address": address}


GENTINNES = answer([_found("Gentinnes", "be", "50.5897", "4.5946")])
PLACE = Place(name="Gentinnes", country="BE", lat=50.5897, lng=4.5946)
STATUS = answer({"status": 0, "message": "OK"})

FAULTS: dict[str, Behaviour] = {
    "reset": RESET,
    "server error": server_error(),
    "bad gateway": server_error(502),
    "redirect": Answer(status=302, headers={"Location": "/elsewhere"}),
    "too many requests": too_many_requests("7"),
    "broken JSON": broken_json(),
    "no JSON": Answer(body=b"<html>"),
    "no text": Answer(body=b'["\xff\xfe"]'),
    "another document": answer({"error": "?"}),
    "nowhere on earth": answer([_found("Gent", "be", "91", "4")]),
    "no number": answer([_found("Gent", "be", "nan", "4")]),
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with create_nominatim_client("help@tailtribe.test") as client:
        yield client


@pytest.fixture
def nominatim(server: FaultServer, client: httpx.AsyncClient) -> NominatimGeocoder:
    return NominatimGeocoder(server.url + "/", client=client)


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("geocoding", RULE, monotonic=time)


@pytest.fixture
def guarded(tmp_path: Path, nominatim: NominatimGeocoder, breaker: Breaker) -> Geocoder:
    return GuardedGeocoder(in_memory_adapters(tmp_path).geocoder, nominatim, breaker)


async def _ask_while_away(guarded: Geocoder, times: int) -> None:
    for _ in range(times):
        assert await guarded.find("Gentinnes") is None


async def test_a_place_is_found_and_the_request_says_who_asks(
    server: FaultServer, nominatim: NominatimGeocoder
) -> None:
    server.play(GENTINNES)

    assert await nominatim.find(" Gentinnes ") == PLACE
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/search", b"")
    assert request.query == {
        "format": "jsonv2",
        "q": "Gentinnes",
        "countrycodes": "be,nl",
        "featureType": "settlement",
        "addressdetails": "1",
        "limit": "5",
    }
    assert request.headers["user-agent"] == "TailTribe (help@tailtribe.test)"
    # Nominatim would translate the names.
    assert "accept-language" not in request.headers


async def test_a_server_may_live_under_a_path(server: FaultServer, client: httpx.AsyncClient) -> None:
    server.play(GENTINNES)

    assert await NominatimGeocoder(f"{server.url}/geo/", client=client).find("Gentinnes") == PLACE
    assert server.requests[0].path == "/geo/search"


async def test_only_places_of_the_country_asked_for_are_taken(
    server: FaultServer, nominatim: NominatimGeocoder
) -> None:
    baarle = [
        _found("Baarle", "de"),
        _found("", "be"),
        _found("x" * 121, "be"),
        _found("Baarle-Hertog", "be"),
        _found("Baarle-Nassau", "nl"),
    ]
    server.always = answer([*baarle, {"lat": "51.4", "lon": "4.9", "name": "Baarle"}])

    for country, expected in ((None, "Baarle-Hertog"), ("NL", "Baarle-Nassau"), ("BE", "Baarle-Hertog")):
        found = await nominatim.find("Baarle", country=country)
        assert found is not None
        assert found.name == expected
    assert [request.query["countrycodes"] for request in server.requests] == ["be,nl", "nl", "be"]


@pytest.mark.parametrize("status", [401, 403, 408])
async def test_being_turned_away_is_no_answer(server: FaultServer, nominatim: NominatimGeocoder, status: int) -> None:
    server.play(answer({}, status=status))
    with pytest.raises(GeocoderUnavailable):
        await nominatim.find("Gentinnes")


async def test_what_cannot_be_a_place_here_is_not_asked(server: FaultServer, nominatim: NominatimGeocoder) -> None:
    for name, country in (("", None), ("  ", None), ("x" * 5000, None), ("Aachen", "DE")):
        assert await nominatim.find(name, country=country) is None
    assert list(await nominatim.suggest("gen")) == []
    assert server.requests == []


@pytest.mark.parametrize("behaviour", [answer([]), conflict(), answer({}, status=400), answer([_found("Köln", "de")])])
async def test_nothing_found_and_a_wrong_request_are_no_place(
    server: FaultServer, nominatim: NominatimGeocoder, behaviour: Answer
) -> None:
    server.play(behaviour)

    assert await nominatim.find("Nergenshuizen") is None


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_told_and_over_with_the_next_request(
    server: FaultServer, nominatim: NominatimGeocoder, fault: str
) -> None:
    server.play(FAULTS[fault], slow(0.01, GENTINNES))

    with pytest.raises(GeocoderUnavailable):
        await nominatim.find("Gentinnes")
    assert await nominatim.find("Gentinnes") == PLACE


async def test_a_broken_connection_is_a_reset(server: FaultServer, nominatim: NominatimGeocoder) -> None:
    server.play(RESET)

    with pytest.raises(GeocoderUnavailable) as raised:
        await nominatim.find("Gentinnes")
    assert isinstance(raised.value.__cause__, httpx.ReadError)


@pytest.mark.parametrize("behaviour", [HANG, slow(600, GENTINNES)], ids=["hangs", "slow"])
async def test_a_server_that_takes_too_long_is_away(
    server: FaultServer, client: httpx.AsyncClient, nominatim: NominatimGeocoder, behaviour: Behaviour
) -> None:
    server.play(behaviour)
    client.timeout = httpx.Timeout(5, read=IMPATIENT_SECONDS)

    with pytest.raises(GeocoderUnavailable):
        await nominatim.find("Gentinnes")


async def test_a_refused_connection_is_told(server: FaultServer, nominatim: NominatimGeocoder) -> None:
    server.stop()
    with pytest.raises(GeocoderUnavailable):
        await nominatim.find("Gentinnes")

    server.start()
    server.play(GENTINNES)
    assert await nominatim.find("Gentinnes") == PLACE


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sun, 22 Nov 2026 10:01:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 90),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:01:30 GMT"}, 0),
        ({"Retry-After": "Sun, 22 Nov 2026 10:01:30 GMT"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "-1"}, 0),
        ({}, 0),
    ],
)
async def test_the_pause_that_the_server_asks_for_is_told(
    server: FaultServer, nominatim: NominatimGeocoder, headers: dict[str, str], seconds: float
) -> None:
    server.play(answer({}, status=429, headers=headers), answer({}, status=503, headers=headers))

    for _ in range(2):
        with pytest.raises(GeocoderUnavailable) as raised:
            await nominatim.find("Gentinnes")
        assert raised.value.retry_after_seconds == seconds


async def test_only_names_that_the_gazetteer_does_not_know_leave_the_house(
    server: FaultServer, guarded: Geocoder
) -> None:
    server.always = GENTINNES

    gent = await guarded.find("Gand", country="BE")
    assert gent is not None
    assert gent.name == "Gent"
    assert [place.name for place in await guarded.suggest("gen")] == ["Gent"]
    assert server.requests == []
    assert await guarded.find("Gentinnes", country="BE") == PLACE
    assert [request.query["countrycodes"] for request in server.requests] == ["be"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_after_five_failures_only_the_gazetteer_answers(
    server: FaultServer, guarded: Geocoder, breaker: Breaker, fault: str
) -> None:
    server.always = FAULTS[fault]

    await _ask_while_away(guarded, RULE.failures_to_open - 1)
    assert breaker.state is BreakerState.CLOSED
    await _ask_while_away(guarded, 1)
    assert breaker.state is BreakerState.OPEN
    await _ask_while_away(guarded, 3)
    assert len(server.requests) == RULE.failures_to_open
    gent = await guarded.find("Ghent")
    assert gent is not None
    assert gent.name == "Gent"


async def test_a_server_that_hangs_is_given_up_and_left_alone(
    server: FaultServer, tmp_path: Path, nominatim: NominatimGeocoder
) -> None:
    server.always = HANG
    breaker = Breaker("geocoding", replace(RULE, timeout_seconds=IMPATIENT_SECONDS))

    await _ask_while_away(GuardedGeocoder(in_memory_adapters(tmp_path).geocoder, nominatim, breaker), 5)
    assert breaker.state is BreakerState.OPEN


async def test_it_comes_back_by_itself_after_two_good_answers(
    server: FaultServer, guarded: Geocoder, breaker: Breaker, time: Time
) -> None:
    server.stop()
    await _ask_while_away(guarded, RULE.failures_to_open)
    server.start()
    server.always = GENTINNES
    await _ask_while_away(guarded, 1)
    assert server.requests == []

    time.seconds += RULE.open_seconds
    assert await guarded.find("Gentinnes") == PLACE
    assert breaker.state is BreakerState.HALF_OPEN
    assert await guarded.find("Gentinnes") == PLACE
    assert breaker.state is BreakerState.CLOSED


async def test_an_unknown_name_is_an_answer_and_no_failure(
    server: FaultServer, guarded: Geocoder, breaker: Breaker
) -> None:
    server.always = answer([])

    await _ask_while_away(guarded, 2 * RULE.failures_to_open)
    assert breaker.status().failures == 0
    assert len(server.requests) == 2 * RULE.failures_to_open


async def test_it_is_asked_only_when_the_settings_name_it(server: FaultServer, tmp_path: Path) -> None:
    assert geocoding_breaker().rule == RULE
    for environment, listed in (({}, False), ({"NOMINATIM_URL": server.url}, True)):
        parts = build_parts(Settings.read({"DATA_DIR": str(tmp_path), **environment}))
        names = {breaker.name for breaker in await parts.breakers.status()}
        assert ("geocoding" in names) is listed
        assert isinstance(parts.adapters.geocoder, GuardedGeocoder) is listed
        await parts.close()
    with pytest.raises(BadSettings, match="NOMINATIM_URL"):
        Settings.read({"NOMINATIM_URL": "nominatim.example.org"})


async def test_the_doctor_asks_how_it_is(server: FaultServer, tmp_path: Path) -> None:
    settings = Settings.read({"DATA_DIR": str(tmp_path), "NOMINATIM_URL": server.url})
    server.play(STATUS, answer({"status": 700, "message": "No database"}), answer({}, status=404), server_error())

    found = [finding.ok for _ in range(4) for finding in await examine(settings) if finding.part == "geocoding"]
    assert found == [True, False, False, False]
    assert {request.path for request in server.requests} == {"/status"}
