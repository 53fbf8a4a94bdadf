"""Suggestions while one types a place, and the front page."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from application.ports.caregiver_queries import HomeView
from application.ports.geocoder import Place
from application.ports.views import Page
from application.use_cases import UseCases
from domain.shared.languages import Country
from interfaces.http.authentication import IGNORE_TOKEN
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import problems_of
from interfaces.http.public_reads import respond

MAX_SUGGESTIONS = 20

Prefix = Annotated[str, QueryParameter(min_length=1, max_length=120, description="The beginning of a name")]
Suggestions = Annotated[int, QueryParameter(ge=1, le=MAX_SUGGESTIONS)]


class PlaceController(Controller):
    path = "/api/places"
    tags = ("Search",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Places whose name begins like this", responses=problems_of())
    async def suggest(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        q: Prefix,
        country: FromQuery[Country | None] = None,
        limit: Suggestions = 10,
    ) -> Response[Page[Place]]:
        return await respond(request, use_cases.suggest_places.execute(text=q, country=country, limit=limit))


class HomeController(Controller):
    path = "/api/home"
    tags = ("Search",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Featured caregivers, and counts per service and country", responses=problems_of())
    async def show(self, request: HttpRequest, use_cases: NamedDependency[UseCases]) -> Response[HomeView]:
        return await respond(request, use_cases.show_home.execute())
