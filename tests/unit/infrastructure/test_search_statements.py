from uuid import UUID

from sqlalchemy.dialects import postgresql

from application.ports.caregiver_queries import CaregiverSearch, SearchOrder
from domain.caregivers.caregiver_profile import Badge
from domain.caregivers.services import Service
from domain.pets.pet import Animal
from domain.shared.languages import Country
from infrastructure.persistence.caregivers.caregiver_search_sql import search_statement

GHENT = CaregiverSearch(
    lat=51.05,
    lng=3.72,
    radius_km=10,
    country=Country.BE,
    service=Service.DOG_WALKING,
    animal=Animal.DOG,
    badge=Badge.INSURED,
    min_price_cents=1_000,
    min_rating=4.5,
    instant_book=True,
    limit=12,
    after=(0.75, UUID(int=7)),
)
AMSTERDAM = CaregiverSearch(
    lat=52.37,
    lng=4.9,
    radius_km=25,
    country=Country.NL,
    service=Service.PET_SITTING,
    animal=Animal.CAT,
    badge=Badge.ANIMAL_FIRST_AID,
    min_price_cents=2_000,
    min_rating=3,
    instant_book=True,
    limit=20,
    after=(0.25, UUID(int=8)),
)


def test_searches_of_one_form_share_a_statement_and_none_of_its_values() -> None:
    ghent, its_values = search_statement(GHENT)
    amsterdam, other_values = search_statement(AMSTERDAM)
    assert ghent is amsterdam
    shared = set(ghent.compile(dialect=postgresql.dialect()).params) & set(its_values)
    assert {"x", "south", "reach", "service", "animal", "min_price", "min_rating", "last_value", "rows"} <= shared
    assert [name for name in shared if its_values[name] == other_values[name]] == [], "each search brings its own"


def test_another_form_is_another_statement() -> None:
    forms = [
        CaregiverSearch(),
        CaregiverSearch(order=SearchOrder.PRICE),
        CaregiverSearch(instant_book=True),
        CaregiverSearch(instant_book=False),
        CaregiverSearch(explain=True),
        CaregiverSearch(lat=51.0, lng=3.7),
        CaregiverSearch(lat=51.0, lng=3.7, radius_km=10),
        CaregiverSearch(min_rating=4),
        CaregiverSearch(after=(0.5, UUID(int=1))),
    ]
    texts = {str(search_statement(form)[0].compile(dialect=postgresql.dialect())) for form in forms}
    assert len(texts) == len(forms)
