"""The gazetteer: places of Belgium and the Netherlands under all their names."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table

from domain.shared.languages import Country
from infrastructure.persistence.tables import metadata, one_of

places = Table(
    "places",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the GeoNames id
    Column("name", String(120), nullable=False),
    Column("country", String(2), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    Column("population", Integer, nullable=False),
    one_of("country", Country),
)

place_names = Table(
    "place_names",
    metadata,
    Column("place_id", ForeignKey("places.id", ondelete="CASCADE"), nullable=False),
    Column("folded", String(120), nullable=False),
    Column("canonical", Boolean, nullable=False),
    PrimaryKeyConstraint("place_id", "folded"),
)
Index("ix_place_names_folded", place_names.c.folded, postgresql_ops={"folded": "text_pattern_ops"})
