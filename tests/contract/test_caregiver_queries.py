"""What searches and pages of caregivers show, and whom, on both databases."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from math import asin, atan2, cos, degrees, radians, sin, sqrt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, update

from application.ports.caregiver_queries import CaregiverCard, CaregiverSearch, SearchOrder
from domain.caregivers.caregiver_profile import Badge, CaregiverNotFound, CaregiverProfile, CaregiverStatus
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.languages import Country, Language
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from tests.support.builders import ADMIN, NOW, a_caregiver, an_offer, identified
from tests.support.stores import Store, an_account

GENT = (51.05, 3.72)
BRUSSELS = (50.85, 4.35)
KM_PER_DEGREE = 111.195
EVERY_ORDER = list(SearchOrder)


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lat1, lng1), (lat2, lng2) = [(radians(lat), radians(lng)) for lat, lng in (a, b)]
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lng2 - lng1) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(h))


@dataclass(slots=True)
class Market:
    """Caregivers by name, and what is found of them."""

    store: Store
    queries: SqlCaregiverQueries
    names: dict[UUID, str]

    async def add(
        self,
        name: str,
        *,
        at: tuple[float, float] = GENT,
        rating: tuple[int, int] = (0, 0),
        account: Any = None,
        **changes: Any,
    ) -> CaregiverProfile:
        """`rating` is the sum of the stars and the number of reviews."""
        holder = Actor(account_id=AccountId(identified(f"{name}'s account")))
        profile = replace(
            a_caregiver(),
            id=CaregiverId(identified(name)),
            account_id=holder.account_id,
            lat=at[0],
            lng=at[1],
            payout_account_id=None,
            events=[],
            **changes,
        )
        stored = replace(an_account(holder, f"holder{len(self.names)}"), first_name=name, last_name="Zwart")
        async with self.store.unit_of_work() as uow:
            await uow.accounts.add(replace(stored, **(account or {}), events=[]))
            await uow.caregivers.add(profile)
        if rating != (0, 0):
            await self.rate(profile, *rating)
        self.names[profile.id] = name
        return profile

    async def rate(self, profile: CaregiverProfile, total: int, count: int) -> None:
        async with self.store.database.begin() as connection:
            rated = update(caregivers).where(caregivers.c.id == profile.id)
            hundredths = round(100 * total / count)
            await connection.execute(rated.values(rating_sum=total, review_count=count, rating_hundredths=hundredths))

    async def find(self, **wishes: Any) -> list[CaregiverCard]:
        cards, after = await self.queries.search(CaregiverSearch(limit=50, **wishes))
        assert after is None
        return cards

    async def found(self, **wishes: Any) -> list[str]:
        return [self.names[card.id] for card in await self.find(**wishes)]

    async def pages(self, limit: int, **wishes: Any) -> list[list[CaregiverCard]]:
        pages: list[list[CaregiverCard]] = []
        after: tuple[float, UUID] | None = None
        while True:
            cards, after = await self.queries.search(CaregiverSearch(**wishes, limit=limit, after=after))
            pages.append(cards)
            if after is None:
                return pages
            assert len(cards) == limit


@pytest.fixture
def market(store: Store) -> Market:
    return Market(store, SqlCaregiverQueries(store.database), {})


def near(at: tuple[float, float], **wishes: Any) -> dict[str, Any]:
    return {"lat": at[0], "lng": at[1], **wishes}


def north_of(at: tuple[float, float], km: float) -> tuple[float, float]:
    return at[0] + km / KM_PER_DEGREE, at[1]


def east_of(at: tuple[float, float], km: float) -> tuple[float, float]:
    return at[0], at[1] + km / (KM_PER_DEGREE * cos(radians(at[0])))


async def test_without_a_radius_everybodys_own_counts(market: Market) -> None:
    for radius in (5, 15, 100):
        await market.add(f"{radius} km", at=north_of(GENT, 10), action_radius_km=radius)
    assert set(await market.found(**near(GENT))) == {"15 km", "100 km"}


async def test_a_radius_asked_for_takes_the_place_of_everybodys_own(market: Market) -> None:
    await market.add("homebody", at=north_of(GENT, 10), action_radius_km=1)
    await market.add("traveller", at=north_of(GENT, 30), action_radius_km=100)
    assert await market.found(**near(GENT, radius_km=11)) == ["homebody"]
    assert await market.found(**near(GENT, radius_km=9)) == []
    assert set(await market.found(**near(GENT, radius_km=31))) == {"homebody", "traveller"}


@pytest.mark.parametrize("radius", [1, 100])
@pytest.mark.parametrize("where", [GENT, (53.5, 6.9)])
async def test_the_edge_is_a_circle_in_every_direction(
    market: Market, radius: float, where: tuple[float, float]
) -> None:
    """The box that helps the index must cut nobody off, to the east and west no less than to the north."""
    inside, outside = radius * 0.999, radius * 1.001
    expected = set()
    for name, (north, east) in {
        "north": (1, 0),
        "south": (-1, 0),
        "east": (0, 1),
        "west": (0, -1),
        "north-east": (0.7071, 0.7071),
        "south-west": (-0.7071, -0.7071),
    }.items():
        for distance in (inside, outside):
            at = destination(where, north * distance, east * distance)
            await market.add(f"{name} at {distance}", at=at)
            if haversine_km(where, at) <= radius:
                expected.add(f"{name} at {distance}")
    assert len(expected) == 6
    assert set(await market.found(**near(where, radius_km=radius))) == expected


def destination(start: tuple[float, float], north_km: float, east_km: float) -> tuple[float, float]:
    """Where the great circle in that direction leads after that way."""
    angle = sqrt(north_km**2 + east_km**2) / 6371.0088
    bearing = atan2(east_km, north_km)
    lat, lng = radians(start[0]), radians(start[1])
    there = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
    turned = atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(there))
    return degrees(there), degrees(lng + turned)


async def test_distances_are_those_of_a_great_circle(market: Market) -> None:
    chance = random.Random(5)
    places = {f"somebody {at}": (chance.uniform(50.5, 51.6), chance.uniform(2.6, 4.9)) for at in range(40)}
    for name, at in places.items():
        await market.add(name, at=at)
    cards = await market.find(**near(GENT, radius_km=100, order=SearchOrder.DISTANCE))
    assert len(cards) > 30
    for card in cards:
        assert card.distance_km is not None
        assert card.distance_km == pytest.approx(haversine_km(GENT, places[market.names[card.id]]), abs=0.1)
        assert card.distance_km == round(card.distance_km, 1)
    distances = [card.distance_km or 0 for card in cards]
    assert distances == sorted(distances)


async def test_next_door_is_no_distance_and_nowhere_has_none(market: Market) -> None:
    await market.add("here")
    assert [card.distance_km for card in await market.find(**near(GENT))] == [0.0]
    assert [card.distance_km for card in await market.find()] == [None]


async def test_only_the_approved_are_shown(market: Market) -> None:
    await market.add("shown")
    for status in (CaregiverStatus.PENDING, CaregiverStatus.REJECTED):
        await market.add(status.value, status=status)
    await market.add("suspended", account={"suspended_at": NOW, "suspension_reason": "fraud"})
    for order in EVERY_ORDER:
        assert await market.found(order=order) == ["shown"]
        assert await market.found(**near(GENT, order=order)) == ["shown"]
    counts = await market.queries.service_counts()
    assert {count.count for count in counts} == {1}, "nor are the invisible counted"
    for hidden in ("pending", "rejected", "suspended"):
        with pytest.raises(CaregiverNotFound):
            await market.queries.page(CaregiverId(identified(hidden)))
    assert (await market.queries.page(CaregiverId(identified("shown")))).display_name == "shown Z."


async def test_nobody_is_hidden_because_of_what_his_name_contains(market: Market) -> None:
    names = ["Test", "Admin", "null", "Robert'); DROP TABLE caregivers;--", "Ünï", "demo", "%"]
    for name in names:
        await market.add(name)
    assert sorted(await market.found()) == sorted(names)


@dataclass(frozen=True, slots=True)
class Filter:
    """A wish, what satisfies it, and what does not."""

    wish: dict[str, Any]
    yes: dict[str, Any]
    no: dict[str, Any]


FILTERS = {
    "country": Filter({"country": Country.NL}, {"country": Country.NL}, {"country": Country.BE}),
    "service": Filter(
        {"service": Service.PET_SITTING},
        {"offers": (an_offer(), an_offer(Service.PET_SITTING))},
        {"offers": (an_offer(),)},
    ),
    "animal": Filter(
        {"animal": Animal.FISH}, {"animals": frozenset({Animal.FISH, Animal.CAT})}, {"animals": frozenset({Animal.CAT})}
    ),
    "size": Filter(
        {"size": AnimalSize.XL}, {"sizes": frozenset({AnimalSize.XL})}, {"sizes": frozenset({AnimalSize.L})}
    ),
    "badge": Filter(
        {"badge": Badge.INSURED},
        {"badges": frozenset({Badge.INSURED, Badge.GROOMING})},
        {"badges": frozenset({Badge.GROOMING})},
    ),
    "language": Filter(
        {"language": Language.FR},
        {"languages": frozenset({Language.FR, Language.NL})},
        {"languages": frozenset({Language.NL})},
    ),
    "instant book": Filter({"instant_book": True}, {"instant_book": True}, {"instant_book": False}),
    "no instant book": Filter({"instant_book": False}, {"instant_book": False}, {"instant_book": True}),
    "rating": Filter({"min_rating": 4.5}, {"rating": (9, 2)}, {"rating": (448, 100)}),
    "rating of the unrated": Filter({"min_rating": 1}, {"rating": (1, 1)}, {}),
    "lowest price": Filter(
        {"min_price_cents": 2000}, {"offers": (an_offer(price="20.00"),)}, {"offers": (an_offer(price="19.99"),)}
    ),
    "highest price": Filter(
        {"max_price_cents": 2000}, {"offers": (an_offer(price="20.00"),)}, {"offers": (an_offer(price="20.01"),)}
    ),
    "price of the service asked for": Filter(
        {"service": Service.DOG_WALKING, "min_price_cents": 1000, "max_price_cents": 2000},
        {"offers": (an_offer(price="15.00"), an_offer(Service.PET_SITTING, price="99.00"))},
        {"offers": (an_offer(price="99.00"), an_offer(Service.PET_SITTING, price="15.00"))},
    ),
    "one offer within both bounds": Filter(
        {"min_price_cents": 1000, "max_price_cents": 2000},
        {"offers": (an_offer(price="15.00"),)},
        {"offers": (an_offer(price="5.00"), an_offer(Service.PET_SITTING, price="50.00"))},
    ),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_lets_through_what_satisfies_it(market: Market, name: str) -> None:
    case = FILTERS[name]
    await market.add("yes", **case.yes)
    await market.add("no", **case.no)
    assert set(await market.found()) == {"yes", "no"}
    for order in EVERY_ORDER:
        assert await market.found(order=order, **case.wish) == ["yes"]
        assert await market.found(**near(GENT, order=order, **case.wish)) == ["yes"]


async def test_filters_add_up(market: Market) -> None:
    wishes: dict[str, Any] = {}
    everything: dict[str, Any] = {}
    for name in ("country", "animal", "size", "badge", "language", "instant book", "rating", "lowest price"):
        wishes |= FILTERS[name].wish
        everything |= FILTERS[name].yes
    await market.add("everything", **everything)
    for name in ("country", "animal", "size", "badge", "language", "instant book", "rating", "lowest price"):
        await market.add(f"all but {name}", **(everything | FILTERS[name].no))
    assert await market.found(**wishes) == ["everything"]


def in_order(names: Iterable[str]) -> list[str]:
    """As ties are broken: by id."""
    return sorted(names, key=lambda name: identified(name))


async def test_the_order_by_price_takes_the_service_asked_for(market: Market) -> None:
    sitting = Service.PET_SITTING
    await market.add("dear walks", offers=(an_offer(price="30.00"), an_offer(sitting, price="5.00")))
    await market.add("cheap walks", offers=(an_offer(price="10.00"), an_offer(sitting, price="50.00")))
    for tied in ("tied one", "tied two", "tied three"):
        await market.add(tied, offers=(an_offer(price="20.00"),))
    ties = in_order(["tied one", "tied two", "tied three"])
    by_walks = await market.found(order=SearchOrder.PRICE, service=Service.DOG_WALKING)
    assert by_walks == ["cheap walks", *ties, "dear walks"]
    assert await market.found(order=SearchOrder.PRICE) == ["dear walks", "cheap walks", *ties]
    assert await market.found(order=SearchOrder.PRICE, service=sitting) == ["dear walks", "cheap walks"]


async def test_the_order_by_rating_puts_the_best_first_and_the_unrated_last(market: Market) -> None:
    await market.add("unrated")
    await market.add("good", rating=(8, 2))
    for tied in ("tied one", "tied two", "tied three"):
        await market.add(tied, rating=(9, 2))
    assert await market.found(order=SearchOrder.RATING) == [
        *in_order(["tied one", "tied two", "tied three"]),
        "good",
        "unrated",
    ]


async def test_the_order_by_distance_puts_the_nearest_first(market: Market) -> None:
    await market.add("far", at=north_of(GENT, 15))
    await market.add("near", at=north_of(GENT, 1))
    for tied in ("tied one", "tied two", "tied three"):
        await market.add(tied, at=east_of(GENT, 5))
    ties = in_order(["tied one", "tied two", "tied three"])
    assert await market.found(**near(GENT, order=SearchOrder.DISTANCE)) == ["near", *ties, "far"]


async def test_the_best_match_is_well_rated_and_near(market: Market) -> None:
    await market.add("one perfect review", rating=(5, 1))
    await market.add("fifty good reviews", rating=(245, 50))
    await market.add("fifty good reviews far away", at=north_of(GENT, 19), rating=(245, 50))
    await market.add("no review")
    await market.add("bad reviews", rating=(50, 50))
    assert await market.found(**near(GENT)) == [
        "fifty good reviews",
        "one perfect review",
        "no review",
        "fifty good reviews far away",
        "bad reviews",
    ]
    # With nowhere to measure from only the reviews count.
    assert set((await market.found())[:2]) == {"fifty good reviews", "fifty good reviews far away"}


@pytest.mark.parametrize("order", EVERY_ORDER)
@pytest.mark.parametrize("located", [True, False])
async def test_pages_over_equal_values_are_complete_and_repeat_nobody(
    market: Market, order: SearchOrder, *, located: bool
) -> None:
    """Sixty caregivers of three kinds, who only differ between the kinds."""
    kinds = [
        {"at": GENT, "offers": (an_offer(price="10.00"),), "rating": (14, 3)},
        {"at": north_of(GENT, 3.3), "offers": (an_offer(price="10.01"),), "rating": (13, 3)},
        {"at": east_of(GENT, 7.7), "offers": (an_offer(price="33.33"),)},
    ]
    for number in range(60):
        await market.add(f"caregiver {number}", **kinds[number % 3])
    wishes: dict[str, Any] = near(GENT, order=order) if located else {"order": order}
    for service in (None, Service.DOG_WALKING):
        whole = [card.id for page in await market.pages(50, **wishes, service=service) for card in page]
        assert len(whole) == 60
        assert set(whole) == set(market.names)
        for limit in (7, 20):
            pages = await market.pages(limit, **wishes, service=service)
            assert [card.id for page in pages for card in page] == whole


async def test_a_made_up_position_does_no_harm(market: Market) -> None:
    await market.add("somebody")
    for order, value, wishes in product(EVERY_ORDER, (-1.0, 1e300, -1e300, 0.1 + 0.2), (near(GENT), {})):
        search = CaregiverSearch(**wishes, order=order, after=(value, identified("nobody")))
        cards, after = await market.queries.search(search)
        assert len(cards) <= 1
        assert after is None


async def test_a_card_shows_two_photos_an_initial_and_no_more(market: Market) -> None:
    await market.add("Bart", photos=("1.jpg", "2.jpg", "3.jpg"), badges=frozenset({Badge.INSURED}), rating=(14, 3))
    (card,) = await market.find(**near(GENT))
    page = await market.queries.page(CaregiverId(card.id))
    for shown in (card, page):
        assert shown.photos == ["1.jpg", "2.jpg"]
        assert shown.display_name == "Bart Z."
        assert (shown.rating, shown.review_count) == (4.67, 3)
        assert shown.badges == [Badge.INSURED]
        assert "Zwart" not in str(shown)
        assert "@example.org" not in str(shown)
        assert str(GENT[0]) not in str(shown), "no coordinates"


async def test_a_caregiver_without_reviews_has_no_rating(market: Market) -> None:
    await market.add("new")
    assert [(card.rating, card.review_count) for card in await market.find()] == [(None, 0)]


async def test_the_own_profile_shows_everything_whatever_its_state(market: Market) -> None:
    profile = await market.add(
        "Bart", status=CaregiverStatus.REJECTED, rejection_reason="No photo", photos=("1", "2", "3")
    )
    own = await market.queries.own(profile.account_id)
    assert (own.status, own.rejection_reason, own.photos) == (CaregiverStatus.REJECTED, "No photo", ["1", "2", "3"])
    assert [offer.service for offer in own.offers] == [offer.service for offer in profile.offers]
    with pytest.raises(CaregiverNotFound):
        await market.queries.own(ADMIN.account_id)


async def test_admins_page_through_submissions_of_a_status(market: Market) -> None:
    for number in range(7):
        await market.add(f"waiting {number}", status=CaregiverStatus.PENDING)
    await market.add("approved")
    shown: list[UUID] = []
    after: UUID | None = None
    while True:
        items, after = await market.queries.submissions(CaregiverStatus.PENDING, limit=3, after=after)
        shown += [item.id for item in items]
        if after is None:
            break
    assert shown == sorted(caregiver_id for caregiver_id, name in market.names.items() if name != "approved")
    everybody, _ = await market.queries.submissions(None, limit=50, after=None)
    assert len(everybody) == 8


async def test_a_page_of_results_takes_two_queries_however_long_it_is(market: Market) -> None:
    for number in range(12):
        await market.add(f"caregiver {number}")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        asked.append(sql)

    event.listen(market.store.database.read_engine.sync_engine, "before_cursor_execute", note)
    assert len(await market.find(**near(BRUSSELS, radius_km=100))) == 12
    assert len([sql for sql in asked if sql.lstrip().startswith("SELECT")]) == 2
