"""What people ask for on an ordinary day, the same each time: popular places, services and filters far more often than
others (Zipf, exponent 1), a tenth of the requests writes, many by people who are signed in."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from benchmarks.market import caregiver_id, pet_id
from domain.caregivers.services import Service

T = TypeVar("T")

SEED = 7
PUBLIC_SIGNED_IN = 0.3
# Of all requests; those of the product's pages, a tenth of them writes.
SHARES = {
    "search": 0.46,
    "profile": 0.20,
    "home": 0.10,
    "places": 0.04,
    "bookings": 0.05,
    "me": 0.03,
    "pets": 0.02,
    "quote": 0.05,
    "change pet": 0.02,
    "change account": 0.01,
    "open hours": 0.01,
    "change profile": 0.01,
}
PUBLIC = ("search", "profile", "home", "places")
# As searches are narrowed down, the most usual first; within 10 km unless something else is said.
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"animal": "dog"},
    {"animal": "cat"},
    {"radiusKm": 20},
    {"sort": "price"},
    {"animal": "dog", "size": "m"},
    {"sort": "rating"},
    {"radiusKm": None},
    {"instantBook": "true"},
    {"sort": "distance"},
    {"minRating": 4.5},
    {"maxPriceCents": 2500},
    {"radiusKm": 5},
    {"animal": "dog", "size": "l"},
    {"badge": "animal_first_aid"},
    {"language": "fr"},
    {"animal": "dog", "sort": "price"},
    {"radiusKm": 30, "animal": "dog"},
    {"language": "en", "animal": "cat"},
    {"badge": "insured", "animal": "dog"},
)
SERVICES: tuple[Service | None, ...] = (Service.DOG_WALKING, None, *list(Service)[1:])


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `caller` is the number of the account, None for nobody."""

    kind: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    caller: int | None = None


class Zipf:
    """Draws the first of `values` most often: the n-th with a weight of 1/n."""

    def __init__(self, count: int, choice: random.Random) -> None:
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))
        self._choice = choice

    def rank(self) -> int:
        return self._choice.choices(range(len(self._weights)), cum_weights=self._weights)[0]

    def of(self, values: Sequence[T]) -> T:
        return values[self.rank()]


class Trace:
    """`places` in the order of how often they are asked for; `services` of each caregiver, the most looked at first."""

    def __init__(self, places: Sequence[str], services: Sequence[Sequence[Service]], *, callers: int) -> None:
        choice = self._choice = random.Random(SEED)
        self._places, self._services, self._callers = places, services, callers
        self._by_place, self._by_caregiver = Zipf(len(places), choice), Zipf(len(services), choice)
        self._by_service, self._by_filter = Zipf(len(SERVICES), choice), Zipf(len(FILTERS), choice)
        self._start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)

    def __iter__(self) -> Iterator[Asked]:
        kinds, weights = list(SHARES), list(SHARES.values())
        while True:
            yield self._asked(self._choice.choices(kinds, weights)[0])

    def _asked(self, kind: str) -> Asked:
        caller = self._choice.randrange(self._callers)
        if kind in PUBLIC:
            signed_in = caller if self._choice.random() < PUBLIC_SIGNED_IN else None
            return Asked(kind, "GET", self._public_path(kind), caller=signed_in)
        match kind:
            case "bookings" | "me" | "pets":
                return Asked(kind, "GET", f"/api/{kind}", caller=caller)
            case "quote":
                return Asked(kind, "POST", "/api/quotes", self._quote(caller), caller)
            case "change pet":
                return Asked(kind, "PATCH", f"/api/pets/{pet_id(caller)}", {"name": self._word()}, caller)
            case "change account":
                return Asked(kind, "PATCH", "/api/me", {"address": self._word()}, caller)
            case "open hours":
                hours = [{"start": "08:00", "end": "20:00"}]
                body = {"timeZone": "Europe/Brussels", "weekly": {"monday": hours, "friday": hours}}
                return Asked(kind, "PUT", "/api/caregivers/me/availability", body, caller)
            case _:
                return Asked(kind, "PUT", "/api/caregivers/me", {}, caller)

    def _public_path(self, kind: str) -> str:
        match kind:
            case "home":
                return "/api/home"
            case "profile":
                return f"/api/caregivers/{caregiver_id(self._by_caregiver.rank())}"
            case "places":
                return f"/api/places?{urlencode({'q': self._by_place.of(self._places)[: self._choice.randint(2, 4)]})}"
            case _:
                return f"/api/caregivers?{urlencode(self._search())}"

    def _search(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"place": self._by_place.of(self._places), "radiusKm": 10}
        service = self._by_service.of(SERVICES)
        if service is not None:
            asked["service"] = service.value
        return {name: value for name, value in (asked | self._by_filter.of(FILTERS)).items() if value is not None}

    def _quote(self, caller: int) -> dict[str, Any]:
        number = self._by_caregiver.rank()
        starts = self._start + timedelta(hours=self._choice.randrange(24 * 60))
        return {
            "caregiverId": str(caregiver_id(number)),
            "service": self._choice.choice(self._services[number]).value,
            "startAt": starts.isoformat(),
            "endAt": (starts + timedelta(hours=26)).isoformat(),
            "petIds": [str(pet_id(caller))],
        }

    def _word(self) -> str:
        return f"Word {self._choice.randrange(10**6)}"


def changed_profile(profile: dict[str, Any], number: int) -> dict[str, Any]:
    """What is saved instead of this own profile: each second time with a new price, which searches show, else with a
    new text."""
    read_only = ("id", "status", "rejectionReason", "canReceiveTransfers", "emailVerified", "badges")
    body = {name: value for name, value in profile.items() if name not in read_only}
    if number % 2:
        body["offers"][0]["price"]["amountCents"] = 1000 + number
    else:
        body["bio"] = f"{body['bio'][:1000]} {number}"
    return body
