"""What a search carries and what a write names have something in common whenever the write can matter to the search."""

from dataclasses import replace
from math import asin, cos, degrees, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.cache_tags import (
    COUNTS_TAG,
    HOME_TAG,
    Presence,
    calendar_tag,
    caregiver_tag,
    search_tags,
    tags_of_change,
)
from application.map_cells import LEVELS, MOST_CELLS, cells_of_circle, cells_of_point
from application.ports.caregiver_queries import CaregiverSearch
from domain.caregivers.caregiver_profile import Badge, CancellationPolicy, CaregiverProfile, CaregiverStatus
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.languages import Country, Language
from domain.shared.money import Money
from domain.shared.sphere import EARTH_RADIUS_KM
from tests.support.builders import a_caregiver, an_offer

MOST_TAGS_OF_A_WRITE = 332
LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
NEARBY = st.tuples(st.floats(50, 53), st.floats(3, 7))
BEARINGS, SHARES = st.floats(0, 360), st.one_of(st.just(1.0), st.floats(0, 1))
SERVICES = st.sampled_from([None, Service.DOG_WALKING])
KM_PER_DEGREE = EARTH_RADIUS_KM * radians(1)


def at_distance(centre: tuple[float, float], bearing: float, distance_km: float) -> tuple[float, float]:
    """The point so far away (km) in that direction (degrees)."""
    angle, lat = radians(distance_km / KM_PER_DEGREE), radians(centre[0])
    point_lat = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(radians(bearing)))
    across = asin(sin(radians(bearing)) * sin(angle) / cos(point_lat))
    return degrees(point_lat), centre[1] + degrees(across)


def presence(
    at: tuple[float, float], *, action_radius_km: int = 20, service: Service = Service.DOG_WALKING
) -> Presence:
    return Presence(
        lat=at[0], lng=at[1], action_radius_km=action_radius_km, country=Country.BE, services=frozenset({service})
    )


@given(LATITUDES, LONGITUDES, st.floats(0.001, 100))
def test_a_circle_has_few_cells_wherever_it_is(lat: float, lng: float, radius_km: float) -> None:
    cells = cells_of_circle(lat, lng, radius_km)
    assert 1 <= len(cells) <= MOST_CELLS
    assert len({cell.partition(":")[0] for cell in cells}) == 1
    assert set(cells_of_point(lat, lng)) & set(cells)


@given(NEARBY, BEARINGS, st.floats(0.1, 100), SHARES)
def test_a_point_in_a_circle_lies_in_one_of_its_cells(
    centre: tuple[float, float], bearing: float, radius_km: float, share: float
) -> None:
    """Also at its rim, where the search's own arithmetic may count it in."""
    point = at_distance(centre, bearing, radius_km * share)
    assert set(cells_of_point(*point)) & set(cells_of_circle(*centre, radius_km))


@given(NEARBY, BEARINGS, st.floats(0.1, 100), SHARES, SERVICES)
def test_a_write_reaches_every_search_whose_circle_holds_the_caregiver(
    centre: tuple[float, float], bearing: float, radius_km: float, share: float, service: Service | None
) -> None:
    search = CaregiverSearch(lat=centre[0], lng=centre[1], radius_km=radius_km, service=service)
    assert search_tags(search) & presence(at_distance(centre, bearing, radius_km * share)).tags()


@given(NEARBY, BEARINGS, st.integers(1, 100), SHARES, SERVICES)
def test_a_write_reaches_every_search_that_the_action_radius_reaches(
    at: tuple[float, float], bearing: float, action_radius_km: int, share: float, service: Service | None
) -> None:
    centre = at_distance(at, bearing, action_radius_km * share)
    search = CaregiverSearch(lat=centre[0], lng=centre[1], service=service)
    assert search_tags(search) & presence(at, action_radius_km=action_radius_km).tags()


@pytest.mark.parametrize(
    ("search", "is_reached"),
    [
        (CaregiverSearch(), True),
        (CaregiverSearch(country=Country.BE), True),
        (CaregiverSearch(country=Country.BE, service=Service.DOG_WALKING), True),
        (CaregiverSearch(country=Country.NL), False),
        (CaregiverSearch(service=Service.DOG_TRAINING), False),
        (CaregiverSearch(lat=51.05, lng=3.72, radius_km=10.0), True),
        (CaregiverSearch(lat=51.05, lng=3.72, radius_km=10.0, service=Service.DOG_TRAINING), False),
        (CaregiverSearch(lat=52.37, lng=4.9, radius_km=10.0), False),
        (CaregiverSearch(lat=52.37, lng=4.9), False),
    ],
)
def test_a_write_reaches_no_search_of_another_place_country_or_service(
    search: CaregiverSearch, is_reached: bool
) -> None:
    assert bool(search_tags(search) & presence((51.05, 3.72)).tags()) is is_reached


def moved_with_every_service() -> CaregiverProfile:
    offers = tuple(an_offer(service) for service in Service)
    return replace(a_caregiver(offers=offers), lat=52.37, lng=4.9, country=Country.NL)


def test_the_tags_of_a_write_are_bounded() -> None:
    before = a_caregiver(offers=[an_offer(service) for service in Service])
    assert len(tags_of_change(before, moved_with_every_service())) <= MOST_TAGS_OF_A_WRITE
    three = a_caregiver(offers=[an_offer(service) for service in list(Service)[:3]])
    assert len(tags_of_change(three, replace(three, instant_book=True))) <= 70
    assert len(search_tags(CaregiverSearch(lat=51.0, lng=4.0))) == len(LEVELS)


@pytest.mark.parametrize(
    "changes",
    [
        {"postal_code": "9040"},
        {"payout_account_id": "acct_2"},
        {"email_verified": False},
        {"time_zone": "Europe/Amsterdam"},
        {"photos": ("1.jpg", "2.jpg", "another.jpg")},
        {},
    ],
)
def test_what_is_shown_nowhere_makes_nothing_untrue(changes: dict[str, object]) -> None:
    before = replace(a_caregiver(), photos=("1.jpg", "2.jpg", "3.jpg"))
    assert tags_of_change(before, replace(before, **changes)) == set()


def test_whether_he_can_be_paid_is_seen_in_his_calendar_alone() -> None:
    before = a_caregiver()
    assert tags_of_change(before, replace(before, can_receive_transfers=False)) == {calendar_tag(before.id)}


@pytest.mark.parametrize(
    "changes",
    [{"bio": "New"}, {"cancellation_policy": CancellationPolicy.STRICT}, {"max_animals_at_once": 9}],
)
def test_what_only_the_page_shows_leaves_searches_alone(changes: dict[str, object]) -> None:
    assert tags_of_change(a_caregiver(), replace(a_caregiver(), **changes)) == {caregiver_tag(a_caregiver().id)}


@pytest.mark.parametrize(
    "changes",
    [
        {"animals": frozenset({Animal.FISH})},
        {"sizes": frozenset({AnimalSize.XL})},
        {"languages": frozenset({Language.FR})},
    ],
)
def test_what_searches_only_filter_by_leaves_the_front_page_alone(changes: dict[str, object]) -> None:
    tags = tags_of_change(a_caregiver(), replace(a_caregiver(), **changes))
    assert HOME_TAG not in tags
    assert {caregiver_tag(a_caregiver().id), "in:BE:any"} <= tags


@pytest.mark.parametrize(
    "changes",
    [
        {"place": "Brugge"},
        {"offers": (an_offer(price="21.00"),)},
        {"badges": frozenset({Badge.INSURED})},
        {"instant_book": True},
        {"photos": ("new.jpg",)},
        {"status": CaregiverStatus.REJECTED},
        {"lat": 51.3, "country": Country.NL, "place": "Sluis"},
    ],
)
def test_what_every_list_shows_is_forgotten_everywhere(changes: dict[str, object]) -> None:
    tags = tags_of_change(a_caregiver(), replace(a_caregiver(), **changes))
    assert {HOME_TAG, caregiver_tag(a_caregiver().id), "in:BE:any", "in:any:dog_walking"} <= tags


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"offers": tuple(replace(offer, price=Money(2100)) for offer in a_caregiver().offers)}, False),
        ({"photos": ("new.jpg",)}, False),
        ({"offers": (an_offer(Service.DOG_TRAINING),)}, True),
        ({"country": Country.NL}, True),
        ({"status": CaregiverStatus.REJECTED}, True),
    ],
)
def test_counts_are_forgotten_when_somebody_counts_elsewhere(changes: dict[str, object], counted: bool) -> None:
    tags = tags_of_change(a_caregiver(), replace(a_caregiver(), **changes))
    assert HOME_TAG in tags
    assert (COUNTS_TAG in tags) is counted


def test_a_service_given_up_is_forgotten_where_it_was_found() -> None:
    before = a_caregiver(offers=[an_offer(Service.DOG_WALKING), an_offer(Service.DOG_TRAINING)])
    after = replace(before, offers=before.offers[:1])
    for one, other in ((before, after), (after, before)):
        assert "in:BE:dog_training" in tags_of_change(one, other)


def test_what_is_invisible_before_and_after_makes_nothing_untrue() -> None:
    pending = a_caregiver(status=CaregiverStatus.PENDING)
    assert tags_of_change(None, pending) == set()
    assert tags_of_change(pending, replace(pending, place="Brugge", status=CaregiverStatus.REJECTED)) == set()
    assert HOME_TAG in tags_of_change(pending, a_caregiver())
    assert HOME_TAG in tags_of_change(None, a_caregiver())
