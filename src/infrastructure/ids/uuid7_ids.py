"""Identifiers that sort by the time of their making."""

from uuid import UUID

from uuid_utils.compat import uuid7

from application.ports.ids import Ids


class Uuid7Ids(Ids):
    """UUIDv7 from uuid-utils, which counts up within a millisecond and while the machine's clock is set back."""

    def new(self) -> UUID:
        return uuid7()
