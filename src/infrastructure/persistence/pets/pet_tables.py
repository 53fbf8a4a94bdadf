"""Pets."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text, Uuid

from domain.pets.pet import Animal, AnimalSize, PetSex
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

pets = Table(
    "pets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", ForeignKey("accounts.id"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("animal", String(24), nullable=False),
    Column("animal_name", String(80)),
    Column("size", String(2), nullable=False),
    Column("breed", String(80)),
    Column("birth_date", Date),
    Column("weight_grams", Integer),
    Column("sex", String(8)),
    Column("neutered", Boolean),
    Column("medical", Text),
    Column("behaviour", Text),
    Column("chip_number", String(32)),
    Column("vet", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    one_of("animal", Animal),
    one_of("size", AnimalSize),
    one_of("sex", PetSex),
    CheckConstraint("weight_grams > 0", name="weight"),
    CheckConstraint("animal <> 'other' OR animal_name IS NOT NULL", name="other_is_named"),
)
Index("ix_pets_owner_id_id", pets.c.owner_id, pets.c.id)
