"""Statements as CSV, and as PDF by ReportLab."""

import asyncio
import csv
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO, StringIO
from threading import Lock
from typing import Any

from application.ports.earnings_queries import EarningsMovement
from application.ports.report_store import ReportFormat
from application.ports.statement_writer import Statement, StatementWriter
from domain.shared.money import Money
from infrastructure.statements.statement_words import (
    CLOSING,
    HEADINGS,
    MADE,
    OPENING,
    TITLES,
    kind_in_words,
    service_in_words,
)

_FONT, _SIZE = "Vera", 8
_WIDTHS = (60, 190, 85, 60, 65, 60)
_PADDING = 12  # ReportLab's own, of both sides of a cell
# ReportLab has its fonts once per process, and they remember where in their file they read last.
_drawing = Lock()


class ReportlabStatementWriter(StatementWriter):
    async def write(self, statement: Statement) -> Mapping[ReportFormat, bytes]:
        return await asyncio.to_thread(_files, statement)


def _files(statement: Statement) -> Mapping[ReportFormat, bytes]:
    rows = [_row(movement, statement) for movement in statement.movements]
    with _drawing:
        return {ReportFormat.CSV: _csv(statement, rows), ReportFormat.PDF: _pdf(statement, rows)}


def _row(movement: EarningsMovement, statement: Statement) -> tuple[str, ...]:
    words = kind_in_words(movement.kind, statement.language)
    if movement.service is not None:
        words = f"{words}: {service_in_words(movement.service, statement.language)}"
    booking = "" if movement.booking_id is None else str(movement.booking_id)
    sums = (movement.gross, movement.commission, movement.earned)
    return (f"{movement.at:%Y-%m-%d}", words, booking, *map(_amount, sums))


def _amount(money: Money) -> str:
    """`-16.00`: with a point, as programs read it."""
    cents = money.amount_cents
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _csv(statement: Statement, rows: Sequence[tuple[str, ...]]) -> bytes:
    """UTF-8 with a mark, so that spreadsheets see it."""
    text = StringIO()
    sheet = csv.writer(text)
    sheet.writerow(HEADINGS[statement.language])
    sheet.writerow(["", OPENING[statement.language], "", "", "", _amount(statement.opening)])
    sheet.writerows(rows)
    sheet.writerow(["", CLOSING[statement.language], "", "", "", _amount(statement.closing)])
    return text.getvalue().encode("utf-8-sig")


def _pdf(statement: Statement, rows: Sequence[tuple[str, ...]]) -> bytes:
    # Half a second and 20 MB, which only who makes statements pays.
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    pdfmetrics.registerFont(TTFont(_FONT, f"{_FONT}.ttf"))
    language = statement.language
    heading = ParagraphStyle("heading", fontName=_FONT, fontSize=14, leading=20)
    plain = ParagraphStyle("plain", fontName=_FONT, fontSize=_SIZE, leading=11)

    def said(text: str) -> Any:
        return Paragraph(_escaped(_drawable(text)), plain)

    lines = [
        HEADINGS[language],
        ("", OPENING[language], "", "", "", _amount(statement.opening)),
        *((day, words, booking[-12:], *sums) for day, words, booking, *sums in rows),
        ("", CLOSING[language], "", "", "", _amount(statement.closing)),
    ]
    # Cells of text alone: paragraphs are ten times as dear, and few lines are too long for their column.
    table = Table(
        [[_folded(cell, width) for cell, width in zip(line, _WIDTHS, strict=True)] for line in lines],
        colWidths=_WIDTHS,
        repeatRows=1,
        style=[
            ("FONT", (0, 0), (-1, -1), _FONT, _SIZE, 11),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, "black"),
            ("LINEABOVE", (0, -1), (-1, -1), 0.5, "black"),
        ],
    )
    made = BytesIO()
    title = f"TailTribe · {TITLES[language]} {statement.month:%Y-%m}"
    document = SimpleDocTemplate(made, pagesize=A4, title=title, author="TailTribe", invariant=1)
    document.build(
        [
            Paragraph(_escaped(title), heading),
            said(statement.caregiver_name),
            said(f"{MADE[language]} {statement.made_at:%Y-%m-%d} · EUR"),
            Spacer(1, 12),
            table,
        ]
    )
    return made.getvalue()


@lru_cache(maxsize=4_096)
def _folded(text: str, width: int) -> str:
    """Over as many lines as its column needs."""
    from reportlab.lib.utils import simpleSplit

    return "\n".join(simpleSplit(_drawable(text), _FONT, _SIZE, width - _PADDING))


def _drawable(text: str) -> str:
    """The font knows Latin letters; others lose their marks, or become a question mark."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter < "\u0180" or letter in "·€–":
        return letter
    bare = unicodedata.normalize("NFKD", letter)[0]
    return bare if bare < "\u0180" else "?"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
