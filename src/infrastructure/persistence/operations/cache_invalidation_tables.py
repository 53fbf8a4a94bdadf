"""What changes have made untrue in the cache: written with them, removed soon after Redis has taken it."""

from sqlalchemy import JSON, Column, Table, Uuid

from infrastructure.persistence.tables import UtcDateTime, metadata

# PostgreSQL announces there at the commit what was written.
CHANNEL = "tailtribe_cache"

# `tags` NULL: everything.
cache_invalidations = Table(
    "cache_invalidations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tags", JSON(none_as_null=True)),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)
