"""Admins make the cache forget."""

from typing import Annotated

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from application.use_cases import UseCases
from domain.shared.actor import Actor
from interfaces.http.authentication import admin_only
from interfaces.http.openapi import BEARER, problems_of

MOST_TAGS = 100

CacheTag = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]+(:[A-Za-z0-9_-]+)*(?!\n)$",
        max_length=100,
        examples=["caregiver:01930000-0000-7000-8000-000000000000"],
        description="`home` and its `counts`, `places`, `caregiver:ID`, `calendar:ID`, `in:COUNTRY:SERVICE`, "
        "`near:CELL:SERVICE`, `reach:CELL:SERVICE`",
    ),
]


class ClearCacheBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without tags everything is forgotten."""

    tags: Annotated[list[CacheTag], Meta(min_length=1, max_length=MOST_TAGS)] | None = None


class AdminCacheController(Controller):
    path = "/api/admin/cache"
    tags = ("Operations",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @post("/clear", status_code=204, summary="Forget cached answers", responses=problems_of(401, 403))
    async def clear(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[ClearCacheBody | None] = None,
    ) -> None:
        tags = None if data is None else data.tags
        await use_cases.clear_cache.execute(admin=actor, tags=tags or ())
