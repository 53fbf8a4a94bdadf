"""A row a minute."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select

from application.ports.figure_history import FigureHistory, MinuteFigures
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.operations.watch_tables import minute_figures


class SqlFigureHistory(FigureHistory):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, figures: MinuteFigures) -> None:
        async with self._database.begin() as connection:
            added = insert_or_ignore(connection, minute_figures, ["minute"])
            await connection.execute(added.values(minute=figures.minute, figures=msgspec.to_builtins(figures)))

    async def since(self, instant: datetime) -> Sequence[MinuteFigures]:
        young = select(minute_figures.c.figures).where(minute_figures.c.minute >= instant)
        async with self._database.read() as connection:
            rows = (await connection.execute(young.order_by(minute_figures.c.minute))).all()
        return [msgspec.convert(row.figures, MinuteFigures) for row in rows]
