"""An owner's pets."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.cursors import decode_cursor, encode_cursor
from application.pets.add_pet import PetDetails
from application.ports.pet_queries import PetView
from application.ports.views import Page
from application.use_cases import UseCases
from domain.pets.pet import Animal, AnimalSize, PetId, PetSex
from domain.shared.actor import Actor
from domain.shared.texts import line, paragraphs
from interfaces.http.field_errors import camel
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit

Name = Annotated[str, Meta(min_length=1, max_length=80, examples=["Bobbie"])]
ShortText = Annotated[str, Meta(min_length=1, max_length=80)]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
ChipNumber = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{9,20}(?!\n)$", examples=["981020000123456"])]
WeightKg = Annotated[float, Meta(gt=0, le=1500, examples=[12.5])]


class PetBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An animal. `animalName` says which one when `animal` is `other`; `weightKg` is kept to the gram."""

    name: Name
    animal: Animal
    size: AnimalSize
    animal_name: ShortText | None = None
    breed: ShortText | None = None
    birth_date: date | None = None
    weight_kg: WeightKg | None = None
    sex: PetSex | None = None
    neutered: bool | None = None
    medical: LongText | None = None
    behaviour: LongText | None = None
    chip_number: ChipNumber | None = None
    vet: LongText | None = None


class PetChangesBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is absent stays as it is; null empties what may be empty."""

    name: Name | UnsetType = UNSET
    animal: Animal | UnsetType = UNSET
    size: AnimalSize | UnsetType = UNSET
    animal_name: ShortText | UnsetType | None = UNSET
    breed: ShortText | UnsetType | None = UNSET
    birth_date: date | UnsetType | None = UNSET
    weight_kg: WeightKg | UnsetType | None = UNSET
    sex: PetSex | UnsetType | None = UNSET
    neutered: bool | UnsetType | None = UNSET
    medical: LongText | UnsetType | None = UNSET
    behaviour: LongText | UnsetType | None = UNSET
    chip_number: ChipNumber | UnsetType | None = UNSET
    vet: LongText | UnsetType | None = UNSET


_LINES = {"name", "animal_name", "breed"}
_PARAGRAPHS = {"medical", "behaviour", "vet"}


def _given(body: Struct) -> dict[str, Any]:
    """The fields that were sent, as the domain names them."""
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    fields = {name: value for name, value in given.items() if value is not UNSET}
    for name in _LINES & fields.keys():
        fields[name] = None if fields[name] is None else line(fields[name], field=camel(name))
    for name in _PARAGRAPHS & fields.keys():
        fields[name] = None if fields[name] is None else paragraphs(fields[name], field=camel(name))
    if "weight_kg" in fields:
        weight = fields.pop("weight_kg")
        fields["weight_grams"] = None if weight is None else max(1, round(Decimal(str(weight)) * 1000))
    return fields


class PetController(Controller):
    path = "/api/pets"
    tags = ("Pets",)
    security = BEARER

    @get(summary="The caller's pets", responses=problems_of(401))
    async def list_pets(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[PetView]:
        after = None if cursor is None else decode_cursor(cursor, UUID)
        items, last = await use_cases.pet_queries.of_owner(actor.account_id, limit=limit, after=after)
        return Page(items=items, next_cursor=None if last is None else encode_cursor(last))

    @post(summary="Add a pet", responses=problems_of(401))
    async def add(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[PetBody],
    ) -> Response[PetView]:
        pet_id = await use_cases.add_pet.execute(owner=actor, details=PetDetails(**_given(data)))
        pet = await use_cases.pet_queries.one(pet_id, owner_id=actor.account_id)
        return Response(pet, headers={"location": f"/api/pets/{pet_id}"})

    @get("/{pet_id:uuid}", summary="One pet", responses=problems_of(401, 404))
    async def show(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], pet_id: FromPath[UUID]
    ) -> PetView:
        return await use_cases.pet_queries.one(PetId(pet_id), owner_id=actor.account_id)

    @patch("/{pet_id:uuid}", summary="Change a pet", responses=problems_of(401, 404, 409))
    async def change(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        pet_id: FromPath[UUID],
        data: JSONBody[PetChangesBody],
    ) -> PetView:
        await use_cases.change_pet.execute(owner=actor, pet_id=PetId(pet_id), changes=_given(data))
        return await use_cases.pet_queries.one(PetId(pet_id), owner_id=actor.account_id)

    @delete("/{pet_id:uuid}", summary="Take a pet off the list", responses=problems_of(401, 404))
    async def remove(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], pet_id: FromPath[UUID]
    ) -> None:
        await use_cases.delete_pet.execute(owner=actor, pet_id=PetId(pet_id))
